"""Weighing a publish: how many records each change meets, which ones, and what must not happen to them.

Called by `publish` for previews and before anything is written. Reads only. Every refusal is a Problem of
the definition with a count and examples; a change that loses or bends nothing passes with its count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import column, func, inspect, select
from sqlalchemy.orm import Session

from metadata import fieldtypes, store
from metadata.catalog import Catalog
from metadata.changes import Change
from metadata.errors import Problem
from metadata.model import SYSTEM_COLUMNS, Definition, Field
from metadata.parser import parse
from metadata.tables import runtime_table

EXAMPLES = 5
Weighed = tuple[Change, Problem | None]


def weigh(
    session: Session, old: Catalog, new: Catalog, changes: Mapping[str, Sequence[Change]], confirm: Sequence[str]
) -> tuple[dict[str, list[Change]], list[Problem]]:
    """Each change with the number of records it meets, and a problem for each that must not happen."""
    weighed: dict[str, list[Change]] = {}
    problems: list[Problem] = []
    for name, listed in changes.items():
        weighed[name] = []
        for change in listed:
            counted, problem = _one(session, old, new, change, confirm)
            weighed[name].append(counted)
            if problem is not None:
                problems.append(problem)
    return weighed, problems


def hidden_columns(session: Session, definition: Definition) -> frozenset[str]:
    """Columns of the table that an earlier version used and this one does not."""
    if not definition.stores_records:
        return frozenset()
    inspector = inspect(session.connection())
    if not inspector.has_table(definition.table_name):
        return frozenset()
    present = {found["name"] for found in inspector.get_columns(definition.table_name)}
    return frozenset(present - set(SYSTEM_COLUMNS) - {f.column for f in definition.fields.values()})


def _one(session: Session, old: Catalog, new: Catalog, change: Change, confirm: Sequence[str]) -> Weighed:
    name = change.definition
    pointer = f"/properties/{change.field}" if change.field else ""
    if change.effect == "converts":
        hint = "Add a new field of the other type and keep this one."
        return change, Problem(pointer, "%(what)s That can't be published.", {"what": change.text}, hint, name)
    if change.effect == "hides" and name not in confirm:
        hint = "Confirm it with the name of the definition."
        return change, Problem(pointer, "%(what)s This needs to be confirmed.", {"what": change.text}, hint, name)
    if change.kind in ("field added", "required"):
        return _required(session, old[name].definition, new[name].definition, change, pointer)
    if change.kind == "unique" and change.effect == "narrows":
        return _unique(session, old, new, change)
    if change.effect == "narrows":
        return _narrowing(session, old, new, change, pointer)
    return change, None


def _required(session: Session, before: Definition, after: Definition, change: Change, pointer: str) -> Weighed:
    item = after.fields[change.field]
    if not before.stores_records:
        return change, None
    returning = change.kind == "field added" and item.column in hidden_columns(session, before)
    if returning:
        problem = _returning(session, before, item, pointer)
        if problem is not None:
            return change, problem
    if not item.required:
        return change, None
    table = runtime_table(before)
    known = {f.column for f in before.fields.values()}
    missing = column(item.column).is_(None) if returning or item.column in known else column("id").is_not(None)
    count = session.execute(select(func.count()).select_from(table).where(missing)).scalar_one()
    counted = replace(change, count=count)
    if not count or item.has_default:
        return counted, None
    sentence = "“%(field)s” is required, and %(count)s records have no value for it."
    hint = "Give the field a default: those records get it."
    return counted, Problem(pointer, sentence, {"field": item.title(), "count": count}, hint, after.name)


def _returning(session: Session, before: Definition, item: Field, pointer: str) -> Problem | None:
    """A field that comes back to its column: the column must be of its type, its values must fit."""
    earlier = _earlier(session, before.name, item.column)
    dialect = session.connection().dialect
    kinds = [fieldtypes.of(f).sql(f).compile(dialect) for f in (earlier, item) if f is not None]
    if len(kinds) < 2 or kinds[0] != kinds[1] or (earlier is not None and earlier.ref != item.ref):
        message = "The column “%(column)s” holds values of another type from an earlier version."
        hint = "Leave x-id out: the field gets a column of its own."
        return Problem(pointer, message, {"column": item.column}, hint, before.name)
    held: Any = column(item.column, fieldtypes.of(item).sql(item))
    rows = session.execute(
        select(column("id"), held)
        .select_from(runtime_table(before))
        .where(held.is_not(None))
        .execution_options(yield_per=1000)
    )
    bad = [row[0] for row in rows if _misfit(item, row[1])]
    if not bad:
        return None
    sentence = "“%(field)s” returns with values, and %(count)s records do not fit: %(examples)s."
    params = {"field": item.title(), "count": len(bad), "examples": ", ".join(_examples(bad))}
    return Problem(pointer, sentence, params, "Leave x-id out: the field gets a column of its own.", before.name)


def _earlier(session: Session, name: str, wanted: str) -> Field | None:
    """The field as the last version had it that used the column."""
    table = store.definition
    newest_first = select(table.c.document).where(table.c.name == name).order_by(table.c.catalog_version.desc())
    for document in session.execute(newest_first.execution_options(yield_per=20)).scalars():
        for item in parse(document).fields.values() if document else ():
            if item.column == wanted:
                return item
    return None


def _narrowing(session: Session, old: Catalog, new: Catalog, change: Change, pointer: str) -> Weighed:
    """Hold every stored record against the new rules."""
    name = change.definition
    if not old[name].definition.stores_records:
        return change, None
    bad = list(_offending(session, old, new, change))
    counted = replace(change, count=len(bad), examples=_examples(bad))
    if not bad:
        return counted, None
    sentence = "%(what)s %(count)s records do not fit: %(examples)s."
    params = {"what": change.text, "count": len(bad), "examples": ", ".join(counted.examples)}
    return counted, Problem(pointer, sentence, params, "Mend these records first.", name)


def _offending(session: Session, old: Catalog, new: Catalog, change: Change) -> Iterator[int]:
    before, after = old[change.definition], new[change.definition]
    shared = {
        f.name: g.name
        for f in after.definition.fields.values()
        for g in before.definition.fields.values()
        if f.column == g.column
    }
    columns = [before.table.c.id, *(before.table.c[g].label(f) for f, g in shared.items())]
    for row in session.execute(select(*columns).execution_options(yield_per=1000)).mappings():
        values = {f: row[f] for f in shared}
        wrong = {p.field_name for p in after.rules.check(values)} | {
            f for f in shared if values[f] is not None and _misfit(after.definition.fields[f], values[f])
        }
        if (change.field in wrong) if change.field else bool(wrong & shared.keys()):
            yield row["id"]


def _misfit(item: Field, value: Any) -> bool:
    kind = fieldtypes.of(item)
    try:
        kind.from_json(item, value)
    except fieldtypes.BadValue:
        return True
    return False


def _examples(ids: Sequence[int]) -> tuple[str, ...]:
    return tuple(f"#{i}" for i in ids[:EXAMPLES])


def _unique(session: Session, old: Catalog, new: Catalog, change: Change) -> Weighed:
    name = change.definition
    after, before = new[name].definition, old[name]
    for names in after.unique:
        keys = [f.name for n in names for f in before.definition.fields.values() if f.column == after.fields[n].column]
        if len(keys) != len(names):
            continue
        columns = [before.table.c[k] for k in keys]
        alive = before.table.c._removed_at.is_(None)
        twice = select(func.count()).where(alive).group_by(*columns).having(func.count() > 1)
        if len(keys) == 1:
            twice = twice.where(columns[0].is_not(None))
        count = len(session.execute(twice).all())
        if count:
            sentence = "%(count)s combinations of %(fields)s stand more than once."
            params = {"count": count, "fields": ", ".join(names)}
            problem = Problem("/x-unique", sentence, params, "Mend these records first.", name)
            return replace(change, count=count), problem
    return change, None
