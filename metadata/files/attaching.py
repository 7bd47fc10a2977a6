"""Files on their way into records: what keeps one from being taken over, and the note that a record has it.

Called by the record door for every write, of one record or of many, and by publishing for what stands there already. A
file is taken over only by who uploaded it or may read it, and only where the field takes its kind and size.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, insert, select
from sqlalchemy.orm import Session

from metadata import store
from metadata.access import Actor
from metadata.catalog import Catalog, Entity
from metadata.errors import Problem
from metadata.files.kinds import unfit
from metadata.files.rights import readable
from metadata.files.store import CHUNK, about
from metadata.model import Definition, Field

NOT_YOURS = "There is no such file, or it is not yours to attach; upload it once more."
Given = tuple[int, Mapping[str, Any], Iterable[str]]  # a key, the values of a record, the fields newly set


def problems(
    session: Session, catalog: Catalog, entity: Entity, actor: Actor, given: Iterable[Given]
) -> dict[int, list[Problem]]:
    """By key a problem for each newly set file that can't be taken; nothing is asked where there is none."""
    fields = _fields(entity.definition)
    if not fields:
        return {}
    asked = [
        (key, fields[name], values[name])
        for key, values, names in given
        for name in names
        if name in fields and values.get(name) is not None
    ]
    if not asked:
        return {}
    there = about(session, {file_id for _key, _item, file_id in asked}, lock=True)
    mine = readable(session, catalog, actor, there.values())
    found: dict[int, list[Problem]] = {}
    for key, item, file_id in asked:
        one = there.get(file_id)
        if one is None or file_id not in mine:
            found.setdefault(key, []).append(Problem(f"/{item.name}", NOT_YOURS))
        elif (wrong := unfit(item, one.name, one.media_type, one.size)) is not None:
            found.setdefault(key, []).append(wrong)
    return found


def unfitting(session: Session, table: FromClause, held: ColumnElement[Any], item: Field) -> Iterator[int]:
    """The records of `table` whose file, by its id in the column `held`, the field `item` would not take."""
    t = store.file.c
    statement = select(table.c.id, t.name, t.media_type, t.size).select_from(table.join(store.file, t.id == held))
    for record_id, name, media_type, size in session.execute(statement.execution_options(yield_per=1000)):
        if unfit(item, name, media_type, size) is not None:
            yield record_id


def attach(session: Session, entity: Entity, written: Sequence[tuple[int, Mapping[str, Any]]]) -> None:
    """Note the files of records that were just written: for each its id and the values that were set."""
    fields = _fields(entity.definition)
    if not fields:
        return
    uses = {
        (values[name], record_id, item.column)
        for record_id, values in written
        for name, item in fields.items()
        if isinstance(values.get(name), uuid.UUID)
    }
    new = sorted(uses - _known(session, entity.name, uses), key=str)
    rows = [
        {"file": file_id, "definition": entity.name, "record_id": record_id, "column": column}
        for file_id, record_id, column in new
    ]
    if rows:
        session.connection().execute(insert(store.file_use), rows)


Use = tuple[uuid.UUID, int, str]


def _known(session: Session, definition: str, uses: Iterable[Use]) -> set[Use]:
    """Those that are noted already: a record that gets a file back."""
    t, files = store.file_use.c, sorted({file_id for file_id, _record, _column in uses}, key=str)
    found: set[Use] = set()
    for start in range(0, len(files), CHUNK):
        here = t.file.in_(files[start : start + CHUNK])
        rows = session.execute(select(t.file, t.record_id, t.column).where(t.definition == definition, here))
        found.update((row[0], row[1], row[2]) for row in rows)
    return found


def _fields(definition: Definition) -> dict[str, Field]:
    return {name: item for name, item in definition.columns.items() if item.type == "attachment"}
