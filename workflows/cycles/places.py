"""Where people worked, and from which day on: told by the trail of their records.

Called by the launch, by the list of who has a scorecard, and by what-if; one statement for any number of people. A
change of department or position counts from the day of `in_place_since` where that was given with it, else from the
day on which it was entered. A later correction of that day moves the beginning of the last place, and what began
after it is forgotten: so a place that was entered late or wrongly is put right. See docs/decisions/0121.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Text, cast, or_, select
from sqlalchemy.orm import Session

from metadata.store import audit
from workflows.cycles.people import EMPLOYEE
from workflows.scorecards.applying import Place

SINCE = "in_place_since"
FIELDS = ("department", "position", SINCE)


@dataclass(frozen=True)
class Entered:
    """A change of the record: when, and what the fields that it touched held before."""

    at: datetime
    before: Mapping[str, Any]


def history(
    session: Session, now: Mapping[int, Mapping[str, Any]], timezone: str, chosen: Sequence[int] | None = None
) -> dict[int, list[Place]]:
    """The places of the people whose records hold `now`; `chosen` are their ids where they are few."""
    trail, zone = changes(session, chosen), ZoneInfo(timezone)
    return {person: places(held, trail.get(person, ()), zone) for person, held in now.items()}


def changes(session: Session, chosen: Sequence[int] | None = None) -> dict[int, list[Entered]]:
    """What was entered about places, by person, in its order; nothing about those who never moved."""
    c = audit.c
    names = [cast(c.after, Text).contains(f'"{name}"') for name in FIELDS]
    statement = select(c.record_id, c.at, c.before).where(c.definition == EMPLOYEE, c.action == "change", or_(*names))
    if chosen is not None:
        statement = statement.where(c.record_id.in_(chosen))
    trail: dict[int, list[Entered]] = {}
    for person, at, before in session.execute(statement.order_by(c.record_id, c.id)):
        trail.setdefault(person, []).append(Entered(at, before or {}))
    return trail


def places(now: Mapping[str, Any], trail: Sequence[Entered], zone: ZoneInfo) -> list[Place]:
    """The places that a record went through, the first first; `now` is what it holds, `trail` its changes in order."""
    held = {name: now.get(name) for name in FIELDS}
    states = [held]
    for entered in reversed(trail):
        held = {name: entered.before.get(name, value) for name, value in held.items()}
        states.append(held)
    states.reverse()
    found = [Place(_day(states[0][SINCE]), states[0]["department"], states[0]["position"])]
    gone: list[Place] = []  # what the last place took the room of, from the newest: back when its day was a mistake
    entered_on: date | None = None  # the day on which the last place was entered
    begin: date | None
    for entered, before, after in zip(trail, states[:-1], states[1:], strict=True):
        since = _day(after[SINCE]) if after[SINCE] != before[SINCE] else None
        if any(after[name] != before[name] for name in ("department", "position")):
            entered_on = entered.at.astimezone(zone).date()
            begin, gone = since or entered_on, []
        elif after[SINCE] != before[SINCE]:
            begin = since or entered_on
            found[-1:] = reversed(gone)
            gone = []
        else:
            continue
        while begin is not None and found and found[-1].since is not None and found[-1].since >= begin:
            gone.append(found.pop())
        found.append(Place(begin, after["department"], after["position"]))
    return found


def _day(value: Any) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value
