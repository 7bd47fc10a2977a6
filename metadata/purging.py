"""Deleting for good what is stored out of sight: columns of fields that are gone, withdrawn definitions, the bin.

Called by the page, REST and the command line inside `engine.publishing()`; the caller commits. One transaction, all or
nothing, and nothing without its key typed again. The values go from the trail and from events too; that they were
there, and who deleted them, stays. There is no way back, and every caller says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from metadata import (
    access,
    altering,
    audit,
    fieldtypes,
    files,
    forgetting,
    migrate,
    parser,
    purged,
    side_tables,
    store,
    versions,
)
from metadata.access import Actor
from metadata.audit import Happening
from metadata.catalog import Catalog
from metadata.errors import Conflict, Invalid, NotAllowed, NotFound, Problem
from metadata.model import Definition, Field
from metadata.past import Past
from metadata.purged import Purged
from metadata.records import pointing
from metadata.records.remove import purge as purge_record
from metadata.tables import system_columns

EXAMPLES = 3
SHOWN = 60
NOT_HIDDEN = "“%(key)s” is not stored out of sight; look at the list again."
TYPE_IT = "This can't be undone. Type “%(key)s” to confirm it."
POINTED_AT = "“%(definition)s” still points at these records out of sight (%(field)s); delete that together with them."


@dataclass(frozen=True)
class Hidden:
    """Something out of sight: a field's column, a withdrawn definition, or the removed records of one.

    `key` names it: `definition.column`, `definition`, or `definition:removed`. `since` is the catalog version that
    took it out of sight; `count` says how many values or records there are, `examples` shows some.
    """

    key: str
    kind: str
    definition: str
    title: str
    field: str = ""
    column: str = ""
    since: int = 0
    count: int = 0
    examples: tuple[str, ...] = ()


def hidden(session: Session, catalog: Catalog) -> list[Hidden]:
    """All that is stored out of sight, by definition."""
    found: list[Hidden] = []
    for name in session.execute(
        sa.select(store.definition.c.name).distinct().order_by(store.definition.c.name)
    ).scalars():
        found += _of(session, catalog, name)
    return found


def purge(
    session: Session,
    catalog: Catalog,
    keys: Sequence[str],
    *,
    actor: Actor,
    now: datetime,
    comment: str,
    confirm: Sequence[str],
) -> list[Hidden]:
    """Delete these for good and say what it was; every key must stand in `confirm` again.

    Raises NotAllowed, NotFound for a key that is not (or no longer) out of sight, Invalid where one is not confirmed,
    Conflict where something else out of sight points at what would go.
    """
    if not access.may_design(actor):
        raise NotAllowed("Only those who design definitions may delete for good.")
    altering.lock(session)
    catalog = versions.load_catalog(session, catalog)
    there = {one.key: one for name in {_name(key) for key in keys} for one in _of(session, catalog, name)}
    for key in keys:
        if key not in there:
            raise NotFound(NOT_HIDDEN, params={"key": key})
        if key not in confirm:
            raise Invalid(TYPE_IT, params={"key": key}, field="confirm")
    chosen = [there[key] for key in dict.fromkeys(keys)]
    _refuse_pointed(session, catalog, chosen)
    done = [_delete(session, catalog, one, actor, now, comment) for one in chosen]
    purged.record(
        session,
        [Purged(o.definition, o.column, catalog.version, now, actor.username) for o in done if o.kind != "records"],
    )
    return done


def _name(key: str) -> str:
    return key.partition(":")[0].partition(".")[0]


class _Versions:
    """Every version of one definition, oldest first, each with its definition or None."""

    def __init__(self, session: Session, name: str) -> None:
        t = store.definition.c
        rows = session.execute(
            sa.select(t.catalog_version, t.document).where(t.name == name).order_by(t.catalog_version)
        )
        self.all: list[tuple[int, Definition | None]] = [(v, parser.parse(d) if d else None) for v, d in rows]

    @property
    def last(self) -> Definition | None:
        """The definition as it was in force last."""
        return next((definition for _version, definition in reversed(self.all) if definition), None)

    def since(self, column: str) -> int:
        """The version that took the column out of sight; "" asks for the definition itself."""
        found = 0
        for version, definition in self.all:
            shows = definition is not None and (not column or column in {f.column for f in definition.fields.values()})
            found = 0 if shows else found or version
        return found

    def fields(self) -> dict[str, Field]:
        """For each column the field that used it last."""
        return {f.column: f for _version, d in self.all if d for f in d.fields.values() if not f.formula}


def _of(session: Session, catalog: Catalog, name: str) -> list[Hidden]:
    known = _Versions(session, name)
    last, past = known.last, Past(session, name)
    if last is None or not last.stores_records or not _has_table(session, last):
        return []
    if name not in catalog:
        count = _count(session, last.table_name)
        return [Hidden(name, "definition", name, last.title(), since=known.since(""), count=count)]
    found = []
    today = {f.column for f in last.fields.values()}
    for column, item in known.fields().items():
        if column in past.columns and column not in today:
            count, examples = _values(session, last, item)
            examples = () if last.nameless else examples
            key = f"{name}.{column}"
            found.append(
                Hidden(key, "field", name, last.title(), item.title(), column, known.since(column), count, examples)
            )
    removed = catalog[name].table.c._removed_at.is_not(None)
    number = session.execute(sa.select(sa.func.count()).select_from(catalog[name].table).where(removed)).scalar_one()
    if number:
        ids = session.execute(sa.select(catalog[name].table.c.id).where(removed).limit(EXAMPLES)).scalars()
        examples = tuple(f"#{i}" for i in ids)
        found.append(Hidden(f"{name}:removed", "records", name, last.title(), count=number, examples=examples))
    return found


def _has_table(session: Session, definition: Definition) -> bool:
    return sa.inspect(session.connection()).has_table(definition.table_name)


def _count(session: Session, table: str) -> int:
    return int(session.execute(sa.select(sa.func.count()).select_from(sa.table(table))).scalar_one())


def _values(session: Session, definition: Definition, item: Field) -> tuple[int, tuple[str, ...]]:
    """How many values there are, and some of them as people write them."""
    if item.many:
        return _count(session, side_tables.name_of(definition, item)), ()
    table = sa.Table(
        definition.table_name, sa.MetaData(), *system_columns(), sa.Column(item.column, fieldtypes.of(item).sql(item))
    )
    held = table.c[item.column]
    count = session.execute(sa.select(sa.func.count()).select_from(table).where(held.is_not(None))).scalar_one()
    some = session.execute(sa.select(held).where(held.is_not(None)).order_by(table.c.id).limit(EXAMPLES)).scalars()
    return int(count), tuple(fieldtypes.of(item).to_text(value)[:SHOWN] for value in some)


def _refuse_pointed(session: Session, catalog: Catalog, chosen: Sequence[Hidden]) -> None:
    """Whatever else is out of sight and points at a table that goes must go with it."""
    going = {one.key for one in chosen}
    tables = {one.definition for one in chosen if one.kind == "definition"}
    problems = []
    for other in hidden(session, catalog) if tables else ():
        if other.kind == "records" or other.key in going:
            continue
        fields = _Versions(session, other.definition).fields().values()
        for item in fields:
            mine = other.kind == "definition" or item.column == other.column
            targets = {item.ref, *(inner.ref for inner in item.rows.values())} & tables
            if mine and targets:
                params = {"definition": other.title, "field": item.title()}
                problems.append(Problem(f"/{other.key}", POINTED_AT, params, source=other.definition))
    if problems:
        raise Conflict(problems[0].message, params=problems[0].params, problems=problems)


def _delete(session: Session, catalog: Catalog, one: Hidden, actor: Actor, now: datetime, comment: str) -> Hidden:
    connection, known = session.connection(), _Versions(session, one.definition)
    last = known.last
    if last is None:
        raise NotFound(NOT_HIDDEN, params={"key": one.key})
    if one.kind == "records":
        return _delete_records(session, catalog, one, actor, now, comment)
    if one.kind == "definition":
        lists = [side_tables.name_of(last, f) for f in known.fields().values() if f.many]
        migrate.drop_tables(connection, [*lists, last.table_name])
        forgetting.definition(connection, one.definition)
        files.forget_table(session, one.definition)
    else:
        item = known.fields()[one.column]
        if item.many:
            migrate.drop_tables(connection, [side_tables.name_of(last, item)])
        else:
            migrate.drop_column(connection, last, one.column)
            files.forget_field(session, one.definition, one.column)
        for names, first, until in _called(known, one.column):
            forgetting.field(connection, one.definition, names, first, until)
    _note(session, catalog, one, actor, now, comment)
    return one


def _called(known: _Versions, column: str) -> list[tuple[str, int, int | None]]:
    """What the column was called, from which catalog version on and until which."""
    found: list[tuple[str, int, int | None]] = []
    ends: list[int | None] = [*(version for version, _d in known.all[1:]), None]
    for (version, definition), until in zip(known.all, ends, strict=True):
        found += (
            [(f.name, version, until) for f in definition.fields.values() if f.column == column] if definition else []
        )
    return found


def _delete_records(
    session: Session, catalog: Catalog, one: Hidden, actor: Actor, now: datetime, comment: str
) -> Hidden:
    """Those in the bin that the actor may remove and that nothing points at; the others stay, and are not counted."""
    table = catalog[one.definition].table
    ids = list(session.execute(sa.select(table.c.id).where(table.c._removed_at.is_not(None))).scalars())
    gone: list[int] = []
    apart = pointing.out_of_sight(session, catalog, one.definition)
    for record_id in ids:
        try:
            purge_record(session, catalog, one.definition, actor, record_id, now=now, apart=apart)
        except (Conflict, NotFound):
            continue
        gone.append(record_id)
    forgetting.records(session.connection(), one.definition, gone)
    made = Hidden(one.key, one.kind, one.definition, one.title, count=len(gone))
    _note(session, catalog, made, actor, now, comment)
    return made


def _note(session: Session, catalog: Catalog, one: Hidden, actor: Actor, now: datetime, comment: str) -> None:
    """The audit row of the deletion."""
    said: dict[str, Any] = {"what": one.key, "title": one.field or one.title, "count": one.count}
    row = Happening("purge", 0, 0, None, said, comment)
    audit.note(session, one.definition, row, catalog_version=catalog.version, actor=actor, now=now)
