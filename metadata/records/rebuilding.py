"""Records rebuilt from the audit trail: the values that their columns held at a moment.

Called by `then`, which decides who may see them. Values are kept by column, because a name may mean another column in
another version. A trail that begins with the record is gone through forwards, publishes included, and is exact; one
that begins later tells by what its next row found. One statement for any number of records.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, func, select
from sqlalchemy.orm import Session

from metadata import store
from metadata.model import Field
from metadata.records.republishing import Versions, apply, in_columns, kept_apart

WHOLE = {"create": "after", "restore": "after", "remove": "before"}  # where a row has all values
LIFE = ("create", "restore", "remove", "purge")


@dataclass
class State:
    """One record at a moment: JSON values by column, whether it was there, who had touched it last.

    `complete`: its trail begins with it, so that a column without a value held none. `traced`: some row is older than
    the moment. `begins` is when the trail begins.
    """

    record_id: int
    values: dict[str, Any] = field(default_factory=dict)
    alive: bool = True
    existed: bool = True
    complete: bool = False
    traced: bool = False
    version: int = 0
    changed_at: datetime | None = None
    changed_by: str = ""
    begins: datetime | None = None


def version_at(session: Session, on: datetime) -> int:
    """The catalog version in force at the moment; 0 before the first."""
    t = store.catalog_version.c
    return int(session.execute(select(func.max(t.version)).where(t.at <= on)).scalar() or 0)


def rebuild(
    session: Session, name: str, known: Versions, ids: Sequence[int], on: datetime, version: int
) -> dict[int, State]:
    """The records with these ids as they stood at the moment, in the catalog of `version`."""
    states = {i: State(i) for i in ids}
    if not ids:
        return states
    c = store.audit.c
    columns = (c.at, c.actor, c.action, c.record_id, c.record_version, c.catalog_version, c.before, c.after)
    statement = select(*columns).where(c.definition == name, c.record_id.in_(list(ids))).order_by(c.record_id, c.id)
    rows: dict[int, list[RowMapping]] = {}
    for row in session.execute(statement).mappings():
        rows.setdefault(row["record_id"], []).append(row)
    for record_id, state in states.items():
        trail = rows.get(record_id, [])
        past = [row for row in trail if row["at"] <= on]
        _life(state, trail, past)
        _forwards(state, past, known, version)
        if not state.complete:
            _found_later(state, trail[len(past) :], known)
    return states


def _life(state: State, trail: Sequence[RowMapping], past: Sequence[RowMapping]) -> None:
    """Whether it was there, by the rows about that; a trail that begins later tells by its first row."""
    state.begins = trail[0]["at"] if trail else None
    state.traced = bool(past)
    state.complete = bool(past) and past[0]["action"] == "create"
    if past:
        state.version, state.changed_at, state.changed_by = (past[-1][k] for k in ("record_version", "at", "actor"))
        lives = [row["action"] for row in past if row["action"] in LIFE]
        state.alive = not lives or lives[-1] in ("create", "restore")
    elif trail and trail[0]["action"] == "create":
        state.alive = state.existed = False
    else:
        later = [row["action"] for row in trail if row["action"] in LIFE]
        state.alive = not later or later[0] != "restore"


def _forwards(state: State, past: Sequence[RowMapping], known: Versions, version: int) -> None:
    """Row by row up to the moment, with every publish where it happened."""
    reached = past[0]["catalog_version"] if past else 0
    for row in past:
        _publishes(state, known, reached, row["catalog_version"])
        reached = max(reached, row["catalog_version"])
        told = _told(row, "after", known)
        state.values.update({column: kept_apart(state.values.get(column), value) for column, value in told.items()})
    if past:
        _publishes(state, known, reached, version)


def _publishes(state: State, known: Versions, after: int, until: int) -> None:
    for published in known.publishes(after, until) if until > after else ():
        apply(published, state.values, complete=state.complete)


def _found_later(state: State, rows: Sequence[RowMapping], known: Versions) -> None:
    """What the rows after the moment found there; the first that speaks of a column counts."""
    for row in rows:
        if row["action"] != "create":
            state.values = _told(row, "before", known) | state.values


def _told(row: RowMapping, side: str, known: Versions) -> dict[str, Any]:
    """The values of one row by column; a row about all of the record says of the others that they held nothing."""
    names = known.fields(row["catalog_version"])
    whole = WHOLE.get(row["action"])
    if whole is not None and row[whole] is not None:
        return dict.fromkeys(f.column for f in names.values()) | _by_column(row[whole], names)
    return _by_column(row[side], names)


def _by_column(values: Mapping[str, Any] | None, fields: Mapping[str, Field]) -> dict[str, Any]:
    return {fields[n].column: in_columns(fields[n], value) for n, value in (values or {}).items() if n in fields}
