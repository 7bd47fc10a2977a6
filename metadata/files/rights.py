"""Who may read a file: the one who uploaded it while no record has it, then whoever may read that field of that record.

Asked for every download and whenever a record takes a file over. The record door's own rules decide (`access`): the
row, the field in that row, the recycle bin. A file that a record held once is read like the history of that field.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from metadata import access, store
from metadata.access import Actor
from metadata.catalog import Catalog, Entity
from metadata.errors import NotFound
from metadata.files.store import CHUNK, File, about

NO_SUCH_FILE = "There is no such file, or you may not see it."
READING = ("show", "list")
Uses = Mapping[tuple[str, str], list[tuple[int, uuid.UUID]]]


def find(session: Session, catalog: Catalog, actor: Actor, file_id: uuid.UUID) -> File:
    """The file, if this actor may read it; raises NotFound alike for a missing and for a forbidden one."""
    found = about(session, [file_id])
    if not readable(session, catalog, actor, found.values()):
        raise NotFound(NO_SUCH_FILE)
    return found[file_id]


def known(session: Session, catalog: Catalog, actor: Actor, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, File]:
    """Those of these files that the actor may read."""
    there = about(session, ids)
    mine = readable(session, catalog, actor, there.values()) if there else set()
    return {file_id: one for file_id, one in there.items() if file_id in mine}


def readable(session: Session, catalog: Catalog, actor: Actor, files: Iterable[File]) -> set[uuid.UUID]:
    """Those of these files that the actor may read."""
    asked = {one.id: one for one in files}
    uses, used = _uses(session, asked)
    mine = {one.id for one in asked.values() if one.id not in used and _owns(actor, one)}
    for (name, column), places in uses.items():
        left = [(record_id, file_id) for record_id, file_id in places if file_id not in mine]
        if left and name in catalog:
            mine |= set(_seen(session, catalog, catalog[name], actor, column, left))
    return mine


def _owns(actor: Actor, one: File) -> bool:
    """Whether it is the actor's own upload; who looks as somebody else owns none of theirs."""
    return actor.system or (actor.within is None and one.uploaded_by == actor.username)


def _uses(session: Session, ids: Iterable[uuid.UUID]) -> tuple[Uses, set[uuid.UUID]]:
    """Where these files are or were: records by definition and column; and the files that are anywhere."""
    wanted, t = sorted(ids, key=str), store.file_use.c
    found: dict[tuple[str, str], list[tuple[int, uuid.UUID]]] = {}
    used: set[uuid.UUID] = set()
    for start in range(0, len(wanted), CHUNK):
        for row in session.execute(select(store.file_use).where(t.file.in_(wanted[start : start + CHUNK]))).mappings():
            found.setdefault((row["definition"], row["column"]), []).append((row["record_id"], row["file"]))
            used.add(row["file"])
    return found, used


def _seen(
    session: Session,
    catalog: Catalog,
    entity: Entity,
    actor: Actor,
    column: str,
    places: list[tuple[int, uuid.UUID]],
) -> Iterator[uuid.UUID]:
    """Those of the files that stand, or stood, in a field and a row open to the actor."""
    item = next((f for f in entity.definition.columns.values() if f.column == column), None)
    if item is None or item.type != "attachment":
        return
    table = entity.table
    alive = [] if access.may(actor, entity, "remove") else [table.c._removed_at.is_(None)]
    for action in READING:
        seen = access.sight(actor, catalog, entity, action)
        if not access.may(actor, entity, action) or item.name not in seen.names:
            continue
        granted = [seen.apart[item.name]] if item.name in seen.apart else []
        conditions = [access.rows(actor, catalog, entity, action), *granted, *alive]
        ids = sorted({record_id for record_id, _file in places})
        for start in range(0, len(ids), CHUNK):
            here = table.c.id.in_(ids[start : start + CHUNK])
            open_ = set(session.execute(select(table.c.id).where(here, *conditions)).scalars())
            yield from (file_id for record_id, file_id in places if record_id in open_)
