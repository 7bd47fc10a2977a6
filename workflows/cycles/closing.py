"""Moving a cycle on: to the manager reviews, to its end, and its results to the people.

Called by pages and REST. Promises: whoever moves on without somebody has seen how many and, at the end, said why; final
is what was proposed; a closed review never changes again; people are told of their result once, when it is shared.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.errors import Conflict, Invalid
from workflows import queue
from workflows.cycles import desk, launching, scoring, states, terms
from workflows.cycles.desk import Row
from workflows.cycles.handing_in import TOO_LONG
from workflows.delivery.notices import Notice, notify_all

LONGEST_REASON = 300
STILL_MISSING = "%(count)s people have not handed in their self review; confirm that you go on without them."
NOT_RATED_YET = "%(count)s people have no rating yet; rate them, or say why they stay without one."
OWN_UNRATED = "Your own review has no rating yet; HR or your own manager writes it before you close."
SHARED = "The results are shared already."


def advance(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    cycle_id: int,
    *,
    now: datetime,
    without_missing: bool = False,
    version: int | None = None,
) -> int:
    """From self reviews to manager reviews; how many people had not handed in. Scores are computed afresh."""
    cycle = desk.run_by(session, catalog, actor, cycle_id, version)
    step = states.move_cycle(cycle["step"], "advance")
    scoring.refuse_busy(session, terms.pinned(session, cycle_id), cycle["step"], "advance")
    missing = desk.held_reviews(session, catalog, cycle_id, "self_review")
    if missing and not without_missing:
        raise Invalid(STILL_MISSING, params={"count": len(missing)}, field="without_missing")
    rows = [(r, {"step": states.move_review(r["step"], "skip_self")}) for r in missing]
    desk.put_reviews(session, catalog, actor, rows, now)
    desk.put_cycle(session, catalog, actor, cycle_id, {"step": step}, now)
    scoring.start(session, catalog, actor, cycle, now)
    _tell_reviewers(session, catalog, cycle, now)
    return len(missing)


def close(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    cycle_id: int,
    *,
    now: datetime,
    reason: str = "",
    share_now: bool = False,
    version: int | None = None,
) -> int:
    """Final is what was proposed; whoever has no rating stays without one for `reason`. How many were closed."""
    cycle = desk.run_by(session, catalog, actor, cycle_id, version)
    step = states.move_cycle(cycle["step"], "close")
    scoring.refuse_busy(session, terms.pinned(session, cycle_id), cycle["step"], "close")
    reviews = desk.held_reviews(session, catalog, cycle_id, "manager_review", "rated")
    unrated = [r for r in reviews if r["step"] == "manager_review"]
    reason = reason.strip()
    if any(r["employee"] == actor.person_id for r in unrated if actor.person_id is not None):
        raise Conflict(OWN_UNRATED)
    if unrated and not reason:
        raise Invalid(NOT_RATED_YET, params={"count": len(unrated)}, field="reason")
    if len(reason) > LONGEST_REASON:
        raise Invalid(TOO_LONG, params={"limit": LONGEST_REASON}, field="reason")
    rows = [(r, _final(r, actor, reason, now)) for r in reviews]
    desk.put_reviews(session, catalog, actor, rows, now)
    values: dict[str, Any] = {"step": step, "closed_at": now}
    desk.put_cycle(session, catalog, actor, cycle_id, values, now)
    if share_now:
        share(session, catalog, actor, cycle_id, now=now)
    return len(reviews) - len(unrated)


def _final(review: Row, actor: Actor, reason: str, now: datetime) -> dict[str, Any]:
    who = {"final_by": actor.username, "final_at": now}
    if review["step"] == "manager_review":
        step = states.move_review(review["step"], "leave_out")
        return {"step": step, "not_rated_reason": reason, **who}
    return {
        "step": states.move_review(review["step"], "close"),
        "final_score": review["proposed_score"],
        "final_rating": review["proposed_rating"],
        "final_reason": review["proposed_reason"],
        **who,
    }


def share(
    session: Session, catalog: Catalog, actor: Actor, cycle_id: int, *, now: datetime, version: int | None = None
) -> int:
    """Let everybody read their own result, and tell them; how many."""
    cycle = desk.run_by(session, catalog, actor, cycle_id, version)
    states.move_cycle(cycle["step"], "share")
    if cycle["shared_at"] is not None:
        raise Conflict(SHARED)
    desk.put_cycle(session, catalog, actor, cycle_id, {"shared_at": now}, now)
    t = catalog[desk.REVIEW].table.c
    mine = (t.cycle == cycle_id, t._removed_at.is_(None), t.step.in_(sorted(states.ENDED)))
    rows = session.execute(select(t.id, t.employee).where(*mine).order_by(t.id)).all()
    accounts = launching.accounts_of(session, catalog, {row[1] for row in rows})
    params = {"cycle": desk.names_of(cycle)}
    news = [
        Notice(accounts[employee], "review_closed", f"review_closed:{review_id}", params, launching.LINK % review_id)
        for review_id, employee in rows
        if employee in accounts
    ]
    notify_all(session, news, now)
    queue.nudge(session)
    return len(rows)


def _tell_reviewers(session: Session, catalog: Catalog, cycle: Row, now: datetime) -> None:
    """One message to each reviewer, with the number of reviews that wait."""
    t = catalog[desk.REVIEW].table.c
    waiting = (t.cycle == cycle["id"], t._removed_at.is_(None), t.step == "manager_review", t.reviewer.is_not(None))
    counts = Counter(session.execute(select(t.reviewer).where(*waiting)).scalars())
    accounts = launching.accounts_of(session, catalog, set(counts))
    due = cycle["manager_due"].isoformat() if cycle["manager_due"] else ""
    news = [
        Notice(
            accounts[reviewer],
            "review_manager_open",
            f"review_manager_open:{cycle['id']}:{reviewer}",
            {"cycle": desk.names_of(cycle), "count": count, "due": due},
            "/cycles/",
        )
        for reviewer, count in counts.items()
        if reviewer in accounts
    ]
    notify_all(session, news, now)
    queue.nudge(session)
