"""The self review: saved as often as one likes, handed in once.

Called by pages and REST. Promises: only the reviewee writes it; a form that somebody else overtook is refused and loses
nothing; after handing in it stands as it is, and whoever writes the review is told.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from metadata import records
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.errors import Invalid, Problem
from metadata.records import Record
from metadata.records.write import NOT_SAVED
from metadata.validation import REQUIRED
from workflows import queue
from workflows.cycles import cards, desk, forms, launching, people, states, terms
from workflows.cycles.desk import Row
from workflows.cycles.forms import Answers
from workflows.delivery.notices import notify

NO_BAND = "Choose one of the scorecard's ratings."
LONGEST = 10_000
TOO_LONG = "Must have at most %(limit)s characters."


def save(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    review_id: int,
    comment: str,
    rating: str | None,
    *,
    now: datetime,
    version: int | None = None,
    hand_in: bool = False,
    answers: Answers | None = None,
) -> Record:
    """Keep what was written, with the answers to the cycle's form; with `hand_in` the reviewer goes on with it."""
    action: states.ReviewAction = "hand_in" if hand_in else "save_self"
    cycle, review, _mine = desk.review_for(session, catalog, actor, review_id, action)
    step = states.move_review(review["step"], action)
    comment, rating = comment.strip(), (rating or "").strip() or None
    pinned = cards.for_review(session, review)
    problems = _problems(pinned, comment, rating, hand_in=hand_in)
    problems += forms.problems(session, catalog, pinned, review_id, "self", answers, whole=hand_in)
    if problems:
        raise Invalid(NOT_SAVED, params={"count": len(problems)}, problems=problems)
    values: dict[str, Any] = {"self_comment": comment or None, "self_rating": rating, "step": step}
    if hand_in:
        values["self_submitted_at"] = now
    forms.save(session, catalog, actor, pinned, review_id, "self", answers, now)
    changed = desk.put_review(session, catalog, actor, review_id, values, now, version)
    if hand_in:
        _tell_reviewer(session, catalog, cycle, review, now)
    return changed


def _problems(pinned: terms.Terms, comment: str, rating: str | None, *, hand_in: bool) -> list[Problem]:
    problems = []
    if hand_in and not comment:
        problems.append(Problem("/self_comment", REQUIRED))
    if len(comment) > LONGEST:
        problems.append(Problem("/self_comment", TOO_LONG, {"limit": LONGEST}))
    if rating is not None:
        known = {item.band.label for item in pinned.bands}
        if rating not in known:
            problems.append(Problem("/self_rating", NO_BAND))
    return problems


def _tell_reviewer(session: Session, catalog: Catalog, cycle: Row, review: Row, now: datetime) -> None:
    if review["reviewer"] is None:
        return
    account = launching.accounts_of(session, catalog, {review["reviewer"]}).get(review["reviewer"])
    if account is None:
        return
    names = {
        language: records.labels(session, catalog, people.EMPLOYEE, [review["employee"]], language)[review["employee"]]
        for language in ("en", "zh")
    }
    due = cycle["manager_due"].isoformat() if cycle["manager_due"] else ""
    params = {"cycle": desk.names_of(cycle), "reviewee": names, "due": due}
    link = launching.LINK % review["id"]
    notify(session, account, "review_manager_due", params, link, now, f"review_manager_due:{review['id']}")
    queue.nudge(session)
