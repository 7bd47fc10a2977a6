"""Reminders of a step's deadline: seven, three and one day before its end, and one day after it.

Called by the tick. A deadline is the end of its day in the cycle's time zone. Promises: each reminder is sent at most
once to each person, however often the tick runs and however the date is moved, because its key holds no date; after a
pause only the newest one that is due is sent; nobody is reminded of what they were asked for only since.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from metadata.catalog import Catalog
from workflows.cycles import desk, launching, opening
from workflows.cycles.desk import Row
from workflows.delivery.notices import Notice, notify_all
from workflows.tick import every

MARKS = (-7, -3, -1, 1)
EVERY_SECONDS = 600.0


@every(EVERY_SECONDS, "cycles.remind")
def remind(session: Session, catalog: Catalog, now: datetime) -> int:
    """Send what is due; how many were news."""
    if desk.CYCLE not in catalog or desk.REVIEW not in catalog:
        return 0
    table = catalog[desk.CYCLE].table
    running = desk.load(catalog[desk.CYCLE]).where(table.c.step.in_(("self_review", "manager_review")))
    news: list[Notice] = []
    for cycle in session.execute(running.order_by(table.c.id)).mappings().all():
        news += _of_cycle(session, catalog, dict(cycle), now)
    return notify_all(session, news, now) if news else 0


def mark_at(due: datetime, asked_at: datetime, now: datetime) -> int | None:
    """The newest mark that has passed, in days from the deadline; None before the first, or if it was asked later."""
    passed = [mark for mark in MARKS if asked_at < due + timedelta(days=mark) <= now]
    return max(passed, default=None)


def _of_cycle(session: Session, catalog: Catalog, cycle: Row, now: datetime) -> Iterator[Notice]:
    """Self reviews while they can be written; manager reviews from the first that was handed in."""
    parts = (("self", "self_review", "self_due", "employee"), ("manager", "manager_review", "manager_due", "reviewer"))
    for part, step, field, person in parts:
        if cycle[field] is None:
            continue
        due = opening.ends(cycle[field], cycle["timezone"])
        mark = mark_at(due, cycle["launched_at"] or cycle["_created_at"], now)
        if mark is not None:
            yield from _notices(session, catalog, cycle, part, step, person, mark, cycle[field].isoformat())


def _notices(
    session: Session, catalog: Catalog, cycle: Row, part: str, step: str, person: str, mark: int, due: str
) -> list[Notice]:
    t = catalog[desk.REVIEW].table.c
    who: Any = t[person]
    waiting = select(who, t.id).where(t.cycle == cycle["id"], t.step == step, t._removed_at.is_(None), who.is_not(None))
    first: dict[int, int] = {}
    for employee, review_id in session.execute(waiting.order_by(t.id)):
        first.setdefault(employee, review_id)
    accounts = launching.accounts_of(session, catalog, set(first))
    params = {"cycle": desk.names_of(cycle), "due": due}
    kind = "review_overdue" if mark > 0 else "review_reminder"
    return [
        Notice(
            accounts[employee],
            kind,
            f"review_due:{cycle['id']}:{part}:{employee}:{mark}",
            params,
            launching.LINK % review_id if part == "self" else "/cycles/",
        )
        for employee, review_id in first.items()
        if employee in accounts
    ]
