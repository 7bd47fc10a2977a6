"""Opening a cycle from a scorecard, and changing its plan: names at any time, dates while it runs, the rest as a draft.

Called by pages and REST. Promises: HR opens cycles anywhere, a head in the departments headed; a cycle begins with a
scorecard that could be launched today and with dates that follow one another; every problem is said at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from metadata import records, validation
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.errors import Conflict, Invalid, Problem
from metadata.records import Record
from metadata.records.write import NOT_SAVED
from metadata.validation import REQUIRED, UTC_ZONE, Form
from workflows.cycles import cards, coverage, desk, terms
from workflows.cycles.cards import Card
from workflows.cycles.desk import CYCLE, Row
from workflows.cycles.terms import Terms

FIELDS = (
    *("name", "name_zh", "scorecard_choice", "scorecard", "form", "department", "period_start", "period_end"),
    *("self_due", "manager_due", "timezone"),
)
WHILE_RUNNING = frozenset({"name", "name_zh", "self_due", "manager_due"})
BACKWARDS = "The period ends before it begins."
TOO_LATE = "This day is over already; choose a later one."
OUT_OF_ORDER = "The manager review is due after the self review."
NO_ZONE = "“%(zone)s” is no time zone such as Asia/Shanghai."
PINNED = "This was pinned at the launch and can't be changed any more."
CLOSED = "The cycle is closed; nothing in it changes any more."
NOT_YOUR_DEPARTMENT = "Choose a department that you head, or one below it."
FAR_DAY = "Choose a day between 1900 and 2999."
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2999, 12, 31)
DAYS = ("period_start", "period_end", "self_due", "manager_due")
UTC_NAME = "UTC"


def open_cycle(
    session: Session, catalog: Catalog, actor: Actor, values: Mapping[str, Any], *, now: datetime, form: Form = "json"
) -> Record:
    """A new cycle in draft."""
    given = _given(values, form)
    typed = _read(catalog, given, form)
    problems = _unknown(values) + _problems(typed, now)
    try:
        made = records.create(session, catalog, CYCLE, actor, given, now=now, form=form)
    except Invalid as error:
        raise _together(problems, error) from None
    if not desk.runs(catalog, actor, made["department"]):
        problems.append(Problem("/department", NOT_YOUR_DEPARTMENT))
    try:
        gather(session, catalog, made.values)
    except Invalid as error:
        raise _together(problems, error) from None
    if problems:
        raise _together(problems)
    return made


def change(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    cycle_id: int,
    values: Mapping[str, Any],
    *,
    now: datetime,
    version: int | None = None,
    form: Form = "json",
) -> Record:
    """Change the plan; what the launch pinned stays."""
    cycle = desk.run_by(session, catalog, actor, cycle_id, version)
    if cycle["step"] == "closed":
        raise Conflict(CLOSED)
    given = _given(values, form)
    typed = _read(catalog, given, form)
    whole = {**{name: cycle.get(name) for name in FIELDS}, **typed}
    fresh = {name for name in typed if typed[name] != cycle.get(name)}
    problems = _unknown(values) + _problems(whole, now, fresh)
    if cycle["step"] != "draft":
        problems += [Problem(f"/{name}", PINNED) for name in sorted(fresh - WHILE_RUNNING)]
    elif fresh & {"department"} and not desk.runs(catalog, actor, whole["department"]):
        problems.append(Problem("/department", NOT_YOUR_DEPARTMENT))
    try:
        changed = records.change(session, catalog, CYCLE, actor, cycle_id, given, now=now, form=form)
        if cycle["step"] == "draft":
            gather(session, catalog, changed.values)
    except Invalid as error:
        raise _together(problems, error) from None
    if problems:
        raise _together(problems)
    return changed


def gather(session: Session, catalog: Catalog, cycle: Row) -> tuple[Terms, Mapping[int, Card]]:
    """What the plan would be scored with: its scorecard's terms, or a frame and everybody's own; Invalid with reasons.

    A zone or a period that can't be is told with the plan itself.
    """
    if not cards.own(cycle):
        return terms.gather(session, catalog, cycle), {}
    if cycle["period_end"] < cycle["period_start"]:
        return terms.frame(catalog, cycle, []), {}
    zone = cycle["timezone"] if zone_of(cycle["timezone"]) else UTC_NAME
    return coverage.gather(session, catalog, {**cycle, "timezone": zone})


def refuse_dates(cycle: Row, now: datetime) -> None:
    """Raise Invalid where a draft has waited until its dates no longer fit."""
    problems = _problems(cycle, now)
    if problems:
        raise _together(problems)


def ends(day: date, zone: str) -> datetime:
    """The moment at which a day is over."""
    return datetime.combine(day + timedelta(days=1), time.min, zone_of(zone) or UTC_ZONE)


def zone_of(name: str | None) -> ZoneInfo | None:
    """The time zone of this name; None where there is none."""
    try:
        return ZoneInfo(name or UTC_NAME)
    except (KeyError, ValueError, OSError):
        return None


def _given(values: Mapping[str, Any], form: Form) -> dict[str, Any]:
    """The fields of a plan; a scorecard for everybody is left where each person's own is chosen."""
    given = {name: value for name, value in values.items() if name in FIELDS}
    if cards.own(given):
        given["scorecard"] = "" if form == "text" else None
    return given


def _read(catalog: Catalog, given: Mapping[str, Any], form: Form) -> dict[str, Any]:
    """What can be read of it; what can't is told by the record door."""
    return validation.read(catalog[CYCLE].definition, given, form)[0]


def _unknown(values: Mapping[str, Any]) -> list[Problem]:
    unknown = [name for name in values if name not in FIELDS]
    return [Problem(f"/{name}", "There is no field called “%(name)s”.", {"name": name}) for name in unknown]


def _problems(values: Mapping[str, Any], now: datetime, fresh: set[str] | None = None) -> list[Problem]:
    """What is wrong with the plan as a whole; a day in the past only where it is (newly) set."""
    problems = []
    start, end = values.get("period_start"), values.get("period_end")
    if start and end and end < start:
        problems.append(Problem("/period_end", BACKWARDS))
    far = [name for name in DAYS if values.get(name) and not FIRST_DAY <= values[name] <= LAST_DAY]
    if far:
        return [*problems, *(Problem(f"/{name}", FAR_DAY) for name in far)]
    zone = values.get("timezone") or UTC_NAME
    if zone_of(zone) is None:
        return [*problems, Problem("/timezone", NO_ZONE, {"zone": zone})]
    for name in ("self_due", "manager_due"):
        day = values.get(name)
        if day is None:
            problems.append(Problem(f"/{name}", REQUIRED))
        elif (fresh is None or name in fresh) and ends(day, zone) <= now:
            problems.append(Problem(f"/{name}", TOO_LATE))
    first, second = values.get("self_due"), values.get("manager_due")
    if first and second and second <= first:
        problems.append(Problem("/manager_due", OUT_OF_ORDER))
    return problems


def _together(problems: list[Problem], error: Invalid | None = None) -> Invalid:
    """All of them, one for each field; the door's own word comes first."""
    found = list(error.problems) if error else []
    told = {problem.pointer for problem in found}
    found += [problem for problem in problems if problem.pointer not in told]
    return Invalid(NOT_SAVED, params={"count": len(found)}, problems=found)
