"""Weighing a publish: how many records each change meets, which ones, and what must not happen to them.

Called by `publish` for previews and before anything is written. Reads only, but for the temporary tables of
`moving`. Every refusal is a Problem of the definition with a count and examples; a change that loses or bends nothing
passes with its count, a conversion with its plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import column, func, not_, select
from sqlalchemy.orm import Session

from metadata import changes, fieldtypes, files, filling, gathering, moving, promises, side_tables, transfer, uniqueness
from metadata.catalog import Catalog, Entity
from metadata.changes import Change
from metadata.dialect import places
from metadata.errors import Problem
from metadata.model import Definition, Field
from metadata.moving import Move
from metadata.past import Past
from metadata.records.columns import value_of
from metadata.tables import runtime_table
from metadata.transfer import Looked
from metadata.validation import Single

EXAMPLES = 5
MOVED = ("converted", "field added", "row converted", "row field added")
NO_VALUE = "“%(field)s” is required, and %(count)s records have no value for it."
NO_VALUE_HINT = "Give the field a default, or say under x-moves what fills it: those records get it."
OTHER_TYPE = "The column “%(column)s” holds values of another type from an earlier version."
OWN_COLUMN = "Leave x-id out: the field gets a column of its own."
Weighed = tuple[Change, Problem | None]


@dataclass
class Weight:
    """All changes with their counts, what stands in the way, and the moves as they were looked through."""

    changes: dict[str, list[Change]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    looked: dict[str, list[Looked]] = field(default_factory=dict)


@dataclass(frozen=True)
class Scales:
    """What is weighed: two catalogs, the changes between them, the moves, and what the person confirmed."""

    session: Session
    old: Catalog
    new: Catalog
    changes: Mapping[str, Sequence[Change]]
    moves: Mapping[str, Sequence[Move]]
    pasts: Mapping[str, Past]
    confirm: Sequence[str] = ()


def weigh(scales: Scales, *, keep: bool) -> Weight:
    """Each change with the number of records it meets, and a problem for each that must not happen.

    With `keep` the values to be moved stand in temporary tables afterwards, ready to be written.
    """
    weight = Weight()
    weight.problems += promises.broken(scales.session, scales.new, scales.changes)
    for name, listed in scales.changes.items():
        weight.changes[name] = []
        looked = _looked(scales, name, keep)
        weight.looked[name] = list(looked.values())
        for change in listed:
            counted, problem = _one(scales, change, looked)
            weight.changes[name].append(counted)
            if problem is not None:
                weight.problems.append(problem)
        readable = all(p.message != OTHER_TYPE for p in weight.problems if p.source == name)
        if name in scales.old and name in scales.new and readable:
            weight.problems += uniqueness.problems(
                scales.session, scales.old[name].definition, scales.new[name].definition, looked, scales.pasts[name]
            )
        if not keep:
            for one in looked.values():
                transfer.drop(scales.session.connection(), one)
    return weight


def _looked(scales: Scales, name: str, keep: bool) -> dict[str, Looked]:
    """The moves of a definition by the field that they fill."""
    moves = [move for move in scales.moves.get(name, ()) if _possible(move)]
    if not moves or name not in scales.old or not scales.old[name].definition.stores_records:
        return {}
    unique = uniqueness.fields(scales.new[name].definition)
    return {move.name: transfer.look(scales.session, move, keep=keep or move.name in unique) for move in moves}


def _one(scales: Scales, change: Change, looked: Mapping[str, Looked]) -> Weighed:
    name = change.definition
    pointer = _pointer(change)
    if change.effect == "hides":
        counted, hint = replace(change, count=_holding(scales, change)), "Confirm it with the name of the definition."
        unsaid = Problem(pointer, "%(what)s This needs to be confirmed.", {"what": change.text}, hint, name)
        return counted, None if name in scales.confirm else unsaid
    if change.kind in MOVED:
        problem = _unreadable(scales, change, pointer) or _other_type(scales, change, pointer)
        if problem is not None:
            return change, problem
    if change.field in looked and change.kind in MOVED:
        return _moved(change, looked[change.field], pointer)
    if change.kind in ("converted", "row converted") or (
        change.kind in ("required", "row required") and change.field in looked
    ):
        return change, None  # told where it is moved; a definition without records has nothing to move
    if change.kind in ("field added", "required"):
        return _required(scales, change, pointer)
    if change.effect == "narrows" and change.kind != "unique":
        return _narrowing(scales.session, scales.old, scales.new, change, pointer, frozenset(looked))
    return change, None


def _holding(scales: Scales, change: Change) -> int:
    """How many records go out of sight, or hold a value that does; those in the recycle bin are so already."""
    before = scales.old[change.definition]
    item = before.definition.fields.get(change.field)
    if not before.definition.stores_records or (change.field and (item is None or item.formula is not None)):
        return 0
    table = before.table
    held: Any = table.c._removed_at.is_(None)
    if item is not None:
        filled = (
            side_tables.filled(before.definition, item, table.c.id) if item.many else table.c[item.name].is_not(None)
        )
        held = held & filled
    return int(scales.session.execute(select(func.count()).select_from(table).where(held)).scalar_one())


def _pointer(change: Change) -> str:
    """Where the field stands in its document."""
    if not change.kind.startswith("row "):
        return places.pointer(change.field) if change.field else ""
    return places.row_pointer(change.field)


def _named(definition: Definition, change: Change) -> Field:
    if not change.kind.startswith("row "):
        return definition.fields[change.field]
    name, _dot, inner = change.field.rpartition(".")
    return definition.fields[name].rows[inner]


def _unreadable(scales: Scales, change: Change, pointer: str) -> Problem | None:
    """A new formula that names a field which the version before had not; one that returns was right in its time."""
    name, before = change.definition, scales.old[change.definition].definition
    item, lived = _named(scales.new[name].definition, change), scales.pasts[name].fields
    if change.kind.startswith("row "):
        rows = scales.new[name].definition.fields[change.field.rpartition(".")[0]].column
        lived = dict(scales.pasts[name].rows(rows).fields)
        before = replace(before, fields=next(f.rows for f in before.fields.values() if f.column == rows))
    if item.column in lived:
        return None
    wrong = filling.wrong(before, item)
    return wrong and replace(wrong, pointer=f"{pointer}/x-moves/fill", source=name)


def _other_type(scales: Scales, change: Change, pointer: str) -> Problem | None:
    """A field that is to be converted into a column whose own values are of another type."""
    for move in scales.moves.get(change.definition, ()):
        if move.name == change.field and not _possible(move):
            return Problem(pointer, OTHER_TYPE, {"column": move.target.column}, OWN_COLUMN, change.definition)
    return None


def _possible(move: Move) -> bool:
    return move.held is None or changes.share_column(move.held, move.target)


def _moved(change: Change, looked: Looked, pointer: str) -> Weighed:
    item, plan = looked.move.target, looked.plan
    counted = replace(
        change, plan=plan, count=plan.records - plan.empty, examples=_examples([s.record_id for s in plan.failing])
    )
    if plan.misfits:
        params = {"field": item.texts.named(), "count": plan.misfits, "examples": ", ".join(_examples(looked.misfits))}
        sentence = "“%(field)s” returns with values, and %(count)s records do not fit: %(examples)s."
        return counted, Problem(pointer, sentence, params, "Mend these records first.", change.definition)
    if item.required and looked.lacking:
        params = {
            "field": item.texts.named(),
            "count": looked.lacking,
            "examples": ", ".join(_examples(looked.without)),
        }
        sentence = "“%(field)s” is required, and %(count)s records would have no value for it: %(examples)s."
        return counted, Problem(pointer, sentence, params, NO_VALUE_HINT, change.definition)
    return counted, None


def _required(scales: Scales, change: Change, pointer: str) -> Weighed:
    before, after = scales.old[change.definition].definition, scales.new[change.definition].definition
    item = after.fields[change.field]
    if not before.stores_records:
        return change, None
    returning = change.kind == "field added" and item.column in scales.pasts[change.definition].columns
    if returning:
        problem = _returning(scales, before, item, pointer)
        if problem is not None:
            return change, problem
    if not item.required:
        return change, None
    table = runtime_table(before)
    known = {f.column for f in before.fields.values()}
    missing: Any = column(item.column).is_(None) if returning or item.column in known else column("id").is_not(None)
    if item.many and (returning or item.column in known):
        missing = not_(side_tables.filled(before, item, table.c.id))
    count = scales.session.execute(select(func.count()).select_from(table).where(missing)).scalar_one()
    counted = replace(change, count=count)
    if not count or item.has_default:
        return counted, None
    return counted, Problem(pointer, NO_VALUE, {"field": item.texts.named(), "count": count}, NO_VALUE_HINT, after.name)


def _returning(scales: Scales, before: Definition, item: Field, pointer: str) -> Problem | None:
    """A field that comes back to its column: the column must be of its type, its values must fit."""
    earlier = scales.pasts[before.name].fields.get(item.column)
    if earlier is None or not changes.share_column(earlier, item):
        return Problem(pointer, OTHER_TYPE, {"column": item.column}, OWN_COLUMN, before.name)
    table = runtime_table(before)
    held: Any = column(item.column, fieldtypes.of(earlier).sql(earlier))
    if item.many:
        held = gathering.values(earlier, side_tables.runtime_table(before, earlier), table.c.id)
    rows = scales.session.execute(
        select(table.c.id, held).select_from(table).where(held.is_not(None)).execution_options(yield_per=1000)
    )
    single = Single(item)
    bad = [row[0] for row in rows if moving.misfit(item, single, _in_words_of(item, earlier, row[1]))]
    if not bad:
        return None
    sentence = "“%(field)s” returns with values, and %(count)s records do not fit: %(examples)s."
    params = {"field": item.texts.named(), "count": len(bad), "examples": ", ".join(_examples(bad))}
    return Problem(pointer, sentence, params, OWN_COLUMN, before.name)


def _narrowing(
    session: Session, old: Catalog, new: Catalog, change: Change, pointer: str, moved: frozenset[str]
) -> Weighed:
    """Hold every stored record against the new rules."""
    name = change.definition
    if not old[name].definition.stores_records:
        return change, None
    bad = list(_offending(session, old, new, change, moved))
    counted = replace(change, count=len(bad), examples=_examples(bad))
    if not bad:
        return counted, None
    sentence = "%(what)s %(count)s records do not fit: %(examples)s."
    params = {"what": change.text, "count": len(bad), "examples": ", ".join(counted.examples)}
    return counted, Problem(pointer, sentence, params, "Mend these records first.", name)


def _offending(session: Session, old: Catalog, new: Catalog, change: Change, moved: frozenset[str]) -> Iterator[int]:
    before, after = old[change.definition], new[change.definition]
    if not change.field:
        return _against(session, old, before, after)
    name = change.field.rpartition(".")[0] if change.kind.startswith("row ") else change.field
    item = after.definition.fields[name]
    kept = {n: f for n, f in item.rows.items() if f"{name}.{n}" not in moved}  # the others are judged where they move
    return _beyond(session, old, before, replace(item, rows=kept))


def _beyond(session: Session, old: Catalog, before: Entity, item: Field) -> Iterator[int]:
    """The records whose value is none of the field as it will be."""
    earlier = next(f for f in before.definition.fields.values() if f.column == item.column)
    if item.type == "attachment":
        yield from files.unfitting(session, before.table, before.table.c[earlier.name], item)
        return
    held = value_of(old, before, before.table, earlier)
    single = Single(item)
    statement = select(before.table.c.id, held).where(held.is_not(None))
    for record_id, value in session.execute(statement.execution_options(yield_per=1000)):
        if moving.misfit(item, single, _in_words_of(item, earlier, value)):
            yield record_id


def _against(session: Session, old: Catalog, before: Entity, after: Entity) -> Iterator[int]:
    """The records that break a condition; fields that are new or converted have no value yet to speak against it."""
    shared = {
        f.name: g.name
        for f in after.definition.held.values()
        for g in before.definition.held.values()
        if f.column == g.column
    }
    fields = before.definition.fields
    columns = [before.table.c.id, *(value_of(old, before, before.table, fields[g]).label(f) for f, g in shared.items())]
    for row in session.execute(select(*columns).execution_options(yield_per=1000)).mappings():
        values = {f: _in_words_of(after.definition.fields[f], fields[g], row[f]) for f, g in shared.items()}
        wrong = {p.field_name for p in after.rules.check(values)}
        if wrong & shared.keys():
            yield row["id"]


def _in_words_of(item: Field, earlier: Field, value: Any) -> Any:
    """The value; the rows of a child table with its fields called as they are now."""
    if not (item.rows and earlier.rows and value):
        return value
    names = {f.column: f.name for f in earlier.rows.values()}
    return tuple({f.name: row[names[f.column]] for f in item.rows.values() if f.column in names} for row in value)


def _examples(ids: Sequence[int]) -> tuple[str, ...]:
    return tuple(f"#{i}" for i in ids[:EXAMPLES])
