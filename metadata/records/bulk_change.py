"""Changing many records by id in one go, with the checks of a single change asked once for all.

Called by the REST bulk call. Rows are held in the order of their ids; a row that is hidden, stale, wrong or
colliding is a problem of its own place in the batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from metadata import access
from metadata.access import Actor
from metadata.catalog import Catalog, Entity
from metadata.errors import Problem
from metadata.records.batch import BatchRow, Outcome, held, settle, update, within
from metadata.records.bulk import distinct, free, linked
from metadata.records.fieldrights import out_of_hand, refusals
from metadata.records.lists import completed, settle_rows
from metadata.records.read import HIDDEN_RECORD
from metadata.records.write import RESERVED, STALE, admitted, rights
from metadata.validation import UTC_ZONE, Form

TWICE = "The record %(id)s stands in this batch twice."


@dataclass(frozen=True)
class Change:
    """What one record shall become: its id, the version it was read with (None: whatever it is), new values."""

    id: int
    values: Mapping[str, Any]
    version: int | None = None


def change_many(
    session: Session,
    catalog: Catalog,
    name: str,
    actor: Actor,
    changes: Sequence[Change],
    *,
    now: datetime,
    form: Form = "json",
    zone: ZoneInfo = UTC_ZONE,
    partial: bool = False,
    in_hand: Mapping[int, Mapping[str, Any]] | None = None,
) -> Outcome:
    """Change the records; with `partial` the good rows only, else Invalid when any has a problem.

    `in_hand` has the records, with all their columns, where the caller has locked and read them in this transaction.
    """
    entity = catalog[name]
    access.require(actor, entity, "edit")
    outcome = Outcome()
    rows = _found(session, catalog, entity, actor, changes, outcome, in_hand)
    hands = access.sight(actor, catalog, entity, "edit", setting=True)
    away = out_of_hand(session, entity, hands, [row.before["id"] for row in rows if row.before])
    rows = _read(entity, actor, rows, form, zone, outcome, away)
    rows = linked(session, catalog, entity, actor, rows, outcome)
    keyed = [names for names in entity.definition.unique if any(_moves(row, names) for row in rows)]
    rows = distinct(entity, rows, outcome, keyed) if keyed else rows
    rows = free(session, entity, rows, outcome) if keyed else rows
    settle(outcome, partial=partial)
    update(session, catalog, entity, actor, rows, now, outcome, "edit", partial=partial)
    return outcome


def _found(
    session: Session,
    catalog: Catalog,
    entity: Entity,
    actor: Actor,
    changes: Sequence[Change],
    outcome: Outcome,
    in_hand: Mapping[int, Mapping[str, Any]] | None,
) -> list[BatchRow]:
    """The rows whose records this actor may change, each with its record."""
    if in_hand is None:
        stored = held(session, entity, [change.id for change in changes])
    else:
        rows_in_hand = [dict(in_hand[change.id]) for change in changes]
        stored = {row["id"]: row for row in completed(session, entity, rows_in_hand)}
    mine, seen = set(stored), set(stored)
    if access.widest(actor, entity, "edit") != "all":
        mine = within(session, catalog, entity, actor, "edit", sorted(stored))
        seen = within(session, catalog, entity, actor, "show", sorted(stored))
    rows: list[BatchRow] = []
    taken: set[int] = set()
    for position, change in enumerate(changes):
        problem = None
        if change.id not in mine:
            problem = Problem("", RESERVED if change.id in seen else HIDDEN_RECORD)
        elif change.id in taken:
            problem = Problem("/id", TWICE, {"id": change.id})
        elif change.version is not None and change.version != stored[change.id]["_version"]:
            problem = Problem("/_version", STALE, {"who": stored[change.id]["_changed_by"]})
        if problem is not None:
            outcome.problems[position] = [problem]
            continue
        taken.add(change.id)
        rows.append(BatchRow(position, dict(change.values), stored[change.id]))
    return rows


def _read(
    entity: Entity,
    actor: Actor,
    rows: Sequence[BatchRow],
    form: Form,
    zone: ZoneInfo,
    outcome: Outcome,
    away: Mapping[int, frozenset[str]],
) -> list[BatchRow]:
    """Rows with whole records of readable values; those that change nothing are counted and left."""
    names, may = list(entity.definition.held), rights(entity, actor, "edit")
    good = []
    for row in rows:
        before = row.before or {}
        given, problems = admitted(entity, may, row.values, form, zone)
        problems += refusals(given, away.get(before["id"], frozenset()))
        problems += settle_rows(entity.definition, before, given)
        whole = {f: before[f] for f in names} | given
        told = {p.pointer for p in problems}
        problems += [p for p in entity.rules.check(whole) if p.pointer not in told]
        if problems:
            outcome.problems[row.position] = problems
            continue
        made = BatchRow(row.position, whole, row.before, frozenset(given))
        if made.moved:
            good.append(made)
        else:
            outcome.unchanged += 1
            outcome.stored[row.position] = (before["id"], before["_version"])
    return good


def _moves(row: BatchRow, names: Sequence[str]) -> bool:
    return any(name in row.moved for name in names)
