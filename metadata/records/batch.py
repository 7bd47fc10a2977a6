"""Writing a batch that has been checked: rows by `executemany`, audit and events once for all.

Called by bulk.py and bulk_change.py, which decide what may be written; here is only what the database
alone can say: whether the actor can still reach what was written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from itertools import chain
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from metadata import access, audit, files
from metadata.access import Actor
from metadata.audit import Happening
from metadata.catalog import Catalog, Entity
from metadata.errors import Invalid, Problem
from metadata.many_rows import update_rows
from metadata.records import lists
from metadata.records.fieldrights import out_of_hand, refusals
from metadata.records.write import NOT_SAVED, OUT_OF_REACH, stamps
from metadata.validation import as_json

CHUNK = 500


@dataclass
class Outcome:
    """What became of a batch: ids of new and changed records, unchanged count, problems by row position.

    `stored` has (id, version) by position, of all rows that have a record now.
    """

    created: list[int] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    unchanged: int = 0
    problems: dict[int, list[Problem]] = field(default_factory=dict)
    stored: dict[int, tuple[int, int]] = field(default_factory=dict)


@dataclass
class BatchRow:
    """One row on its way: its place in the batch, its values, the stored record that it changes, the fields given."""

    position: int
    values: dict[str, Any]
    before: dict[str, Any] | None = None
    given: frozenset[str] = frozenset()

    @cached_property
    def moved(self) -> tuple[str, ...]:
        """The fields whose value is not that of the record; asked for when the values are whole."""
        before = self.before
        return tuple(n for n, value in self.values.items() if before is None or value != before.get(n))


def settle(outcome: Outcome, *, partial: bool) -> None:
    """Raise Invalid with every problem of the batch, unless its good rows are wanted alone."""
    if outcome.problems and not partial:
        problems = [
            replace(p, pointer=f"/{position}{p.pointer}")
            for position, found in sorted(outcome.problems.items())
            for p in found
        ]
        raise Invalid(NOT_SAVED, params={"count": len(problems)}, problems=problems)


def insert(
    session: Session,
    catalog: Catalog,
    entity: Entity,
    actor: Actor,
    rows: Sequence[BatchRow],
    now: datetime,
    outcome: Outcome,
    action: str,
    *,
    partial: bool,
) -> None:
    definition, stamp = entity.definition, stamps(actor, now)
    statement = entity.table.insert().returning(entity.table.c.id, sort_by_parameter_order=True)

    def write(some: Sequence[BatchRow]) -> list[int]:
        values = [{**{f: row.values.get(f) for f in definition.columns}, **stamp} for row in some]
        ids = list(session.connection().execute(statement, values).scalars())
        lists.write(session, entity, [(i, {}, row.values) for i, row in zip(ids, some, strict=True)])
        files.attach(session, entity, [(i, row.values) for i, row in zip(ids, some, strict=True)])
        return ids

    kept = _within_reach(session, catalog, entity, actor, rows, outcome, action, write, partial=partial)
    outcome.created = [record_id for record_id, _row in kept]
    outcome.stored.update({row.position: (record_id, 1) for record_id, row in kept})
    happenings = [Happening("create", record_id, 1, None, as_json(definition, row.values)) for record_id, row in kept]
    audit.write(session, entity.name, catalog, actor, now, happenings)


def update(
    session: Session,
    catalog: Catalog,
    entity: Entity,
    actor: Actor,
    rows: Sequence[BatchRow],
    now: datetime,
    outcome: Outcome,
    action: str,
    *,
    partial: bool,
) -> None:
    stamp = {"_changed_at": now, "_changed_by": actor.username}

    def write(some: Sequence[BatchRow]) -> list[int]:
        moved = set(chain.from_iterable(row.moved for row in some))
        names = [f for f in entity.definition.columns if f in moved]
        values = [{**_key(row), **{f: row.values.get(f) for f in names}} for row in some]
        update_rows(session.connection(), entity.table, values, stamp)
        lists.write(session, entity, [(row.before["id"], row.before, row.values) for row in some if row.before])
        files.attach(session, entity, [(row.before["id"], row.values) for row in some if row.before])
        return [(row.before or {})["id"] for row in some]

    kept = _within_reach(session, catalog, entity, actor, rows, outcome, action, write, partial=partial)
    outcome.changed = [record_id for record_id, _row in kept]
    happenings = [_changed(entity, row) for _id, row in kept]
    outcome.stored.update(
        {row.position: (h.record_id, h.record_version) for h, (_id, row) in zip(happenings, kept, strict=True)}
    )
    audit.write(session, entity.name, catalog, actor, now, happenings)


def _key(row: BatchRow) -> dict[str, Any]:
    before = row.before or {}
    return {"id": before["id"], "_version": before["_version"] + 1}


def _changed(entity: Entity, row: BatchRow) -> Happening:
    definition, before = entity.definition, row.before or {}
    names = [f for f in row.moved if f in definition.held]
    old = as_json(definition, {f: before[f] for f in names})
    new = as_json(definition, {f: row.values.get(f) for f in names})
    was, now = {f: old.get(f) for f in names}, {f: new.get(f) for f in names}
    return Happening("change", before["id"], before["_version"] + 1, was, now)


def _within_reach(
    session: Session,
    catalog: Catalog,
    entity: Entity,
    actor: Actor,
    rows: Sequence[BatchRow],
    outcome: Outcome,
    action: str,
    write: Callable[[Sequence[BatchRow]], list[int]],
    *,
    partial: bool,
) -> list[tuple[int, BatchRow]]:
    """Write the rows and return them with their ids; those that nobody could reach afterwards are not written.

    Nobody may make a record that the same rule would then keep from them, nor set a field in a new one that no rule
    for it grants; the database alone can say so.
    """
    if not rows:
        return []
    hands = access.sight(actor, catalog, entity, action, setting=True)
    if access.widest(actor, entity, action) == "all" and not hands.apart:
        return list(zip(write(rows), rows, strict=True))
    with session.begin_nested() as savepoint:
        ids = write(rows)
        mine = within(session, catalog, entity, actor, action, ids)
        fresh = [record_id for record_id, row in zip(ids, rows, strict=True) if row.before is None]
        away = out_of_hand(session, entity, hands, fresh)
        lost = {
            row.position: _lost(entity, row, away.get(record_id, frozenset()), reached=record_id in mine)
            for record_id, row in zip(ids, rows, strict=True)
        }
        lost = {position: problems for position, problems in lost.items() if problems}
        if not lost:
            return list(zip(ids, rows, strict=True))
        savepoint.rollback()
    outcome.problems.update(lost)
    settle(outcome, partial=partial)
    good = [row for row in rows if row.position not in lost]
    return list(zip(write(good), good, strict=True)) if good else []


def _lost(entity: Entity, row: BatchRow, away: frozenset[str], *, reached: bool) -> list[Problem]:
    owner = entity.definition.owner
    pointer = f"/{owner.unit or owner.person}" if owner.unit or owner.person else ""
    return refusals(row.given, away) if reached else [Problem(pointer, OUT_OF_REACH)]


def within(
    session: Session, catalog: Catalog, entity: Entity, actor: Actor, action: str, ids: Sequence[int]
) -> set[int]:
    found: set[int] = set()
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        mine = access.rows(actor, catalog, entity, action)
        found.update(
            session.connection().execute(select(entity.table.c.id).where(entity.table.c.id.in_(part), mine)).scalars()
        )
    return found


def held(session: Session, entity: Entity, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The records with these ids as they are now, held until the transaction ends; the bin's are left out."""
    table = entity.table
    columns = [column.label(key) for key, column in table.c.items()]
    found: dict[int, dict[str, Any]] = {}
    wanted = sorted(set(ids))  # always in this order, so that two batches do not wait for each other
    for start in range(0, len(wanted), CHUNK):
        here = table.c.id.in_(wanted[start : start + CHUNK])
        statement = select(*columns).where(here, table.c._removed_at.is_(None)).order_by(table.c.id).with_for_update()
        rows = [dict(row) for row in session.connection().execute(statement).mappings()]
        found.update((row["id"], row) for row in lists.completed(session, entity, rows))
    return found
