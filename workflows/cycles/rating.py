"""The manager review: a rating proposed beside the computed one, one by one or for all who remain.

Called by pages and REST. Promises: the reviewer proposes; whoever runs the cycle may stand in, with a reason that is
kept; nobody proposes for themselves; a rating other than the computed one has its reason; a computed value is never
overwritten.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.errors import Invalid, Problem
from metadata.records import Record
from metadata.records.write import NOT_SAVED
from metadata.validation import REQUIRED
from workflows.cycles import cards, desk, forms, states, terms
from workflows.cycles.desk import Row
from workflows.cycles.forms import Answers
from workflows.cycles.handing_in import LONGEST, NO_BAND, TOO_LONG
from workflows.scoring import band_of, round_half_up

LONGEST_REASON = 500
OTHER_RATING = "The rating differs from the computed one; say why."
STANDING_IN = "Somebody else writes this review; say why you do it in their place."
OTHER_BAND = "This score belongs to the rating “%(rating)s”."
NO_NUMBER = "A number such as 87.5 is expected here."
NEGATIVE = "A score is not below 0."
NOBODY_LEFT = "There is no review left that could be accepted as computed."
SOMEBODY_BEGAN = "The number of reviews has changed from %(seen)s to %(now)s since you looked; look again."


@dataclass(frozen=True)
class Proposal:
    """What the manager says; `score` only where it is to differ from the computed one."""

    rating: str
    comment: str = ""
    reason: str = ""
    score: str = ""


@dataclass(frozen=True)
class Rest:
    """What accepting the rest would do: how many reviews, by rating, and who stays out."""

    count: int
    ratings: dict[str, int]
    without_score: int
    own: int


def propose(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    review_id: int,
    proposal: Proposal,
    *,
    now: datetime,
    version: int | None = None,
    answers: Answers | None = None,
) -> Record:
    """Keep the proposed rating and the answers to the cycle's form; both may change until the cycle is closed."""
    _cycle, review, mine = desk.review_for(session, catalog, actor, review_id, "propose")
    step = states.move_review(review["step"], "propose")
    comment, reason = proposal.comment.strip(), proposal.reason.strip()
    known = cards.for_review(session, review)
    problems = []
    rating = proposal.rating.strip()
    if rating not in {item.band.label for item in known.bands}:
        problems.append(Problem("/proposed_rating", NO_BAND if rating else REQUIRED))
    if not comment:
        problems.append(Problem("/manager_comment", REQUIRED))
    if len(comment) > LONGEST:
        problems.append(Problem("/manager_comment", TOO_LONG, {"limit": LONGEST}))
    if len(reason) > LONGEST_REASON:
        problems.append(Problem("/proposed_reason", TOO_LONG, {"limit": LONGEST_REASON}))
    if not reason and rating != review["computed_rating"]:
        problems.append(Problem("/proposed_reason", OTHER_RATING))
    elif not reason and not mine.reviewer:
        problems.append(Problem("/proposed_reason", STANDING_IN))
    score = _score(proposal.score, review, rating, known, problems)
    problems += forms.problems(session, catalog, known, review_id, "manager", answers, whole=True)
    if problems:
        raise Invalid(NOT_SAVED, params={"count": len(problems)}, problems=problems)
    values = {
        "step": step,
        "proposed_score": score,
        "proposed_rating": rating,
        "proposed_reason": reason or None,
        "proposed_by": actor.username,
        "proposed_at": now,
        "manager_comment": comment,
    }
    note = None if mine.reviewer else reason
    forms.save(session, catalog, actor, known, review_id, "manager", answers, now)
    return desk.put_review(session, catalog, actor, review_id, values, now, version, note)


def _score(text: str, review: Row, rating: str, known: terms.Terms, problems: list[Problem]) -> Decimal | None:
    """The given score, else the computed one where it has this rating."""
    if not text.strip():
        return review["computed_score"] if rating == review["computed_rating"] else None
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number) > 10**6:
        problems.append(Problem("/proposed_score", NO_NUMBER))
        return None
    if number < 0:
        problems.append(Problem("/proposed_score", NEGATIVE))
        return None
    score = round_half_up(number, known.places)
    belongs = band_of(score, known.plain_bands)
    if belongs != rating:
        problems.append(Problem("/proposed_score", OTHER_BAND, {"rating": belongs}))
    return score


def rest(reviews: Sequence[Row], actor: Actor) -> Rest:
    """What accepting the rest would do with these reviews."""
    mine = [r for r in reviews if states.after_review(r["step"], "propose") and r["step"] != "rated"]
    own = [r for r in mine if r["employee"] == actor.person_id and actor.person_id is not None]
    others = [r for r in mine if r not in own]
    scored = [r for r in others if r["computed_rating"]]
    ratings: dict[str, int] = {}
    for review in scored:
        ratings[review["computed_rating"]] = ratings.get(review["computed_rating"], 0) + 1
    return Rest(len(scored), ratings, len(others) - len(scored), len(own))


def preview(session: Session, catalog: Catalog, actor: Actor, cycle_id: int) -> Rest:
    """What accepting the rest would do now; one statement."""
    t = catalog[desk.REVIEW].table.c
    mine = (t.cycle == cycle_id, t.step == "manager_review", t._removed_at.is_(None))
    statement = select(t.employee, t.step, t.computed_rating).where(*mine)
    return rest([dict(row) for row in session.execute(statement).mappings()], actor)


def accept_rest(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    cycle_id: int,
    reason: str,
    *,
    now: datetime,
    seen: int | None = None,
    version: int | None = None,
) -> int:
    """Propose the computed rating for everybody who has none yet; how many. `seen` is the number that was confirmed."""
    cycle = desk.run_by(session, catalog, actor, cycle_id, version)
    states.move_cycle(cycle["step"], "accept_rest")
    reviews = desk.held_reviews(session, catalog, cycle_id, "manager_review")
    found = rest(reviews, actor)
    reason = reason.strip()
    problems = []
    if not reason:
        problems.append(Problem("/reason", REQUIRED))
    if len(reason) > LONGEST_REASON:
        problems.append(Problem("/reason", TOO_LONG, {"limit": LONGEST_REASON}))
    if not found.count:
        problems.append(Problem("/reason", NOBODY_LEFT))
    elif seen is not None and seen != found.count:
        problems.append(Problem("/seen", SOMEBODY_BEGAN, {"seen": seen, "now": found.count}))
    if problems:
        raise Invalid(NOT_SAVED, params={"count": len(problems)}, problems=problems)
    rows = [(r, _accepted(r, actor, reason, now)) for r in reviews if r["computed_rating"] and not _own(r, actor)]
    return desk.put_reviews(session, catalog, actor, rows, now)


def _own(review: Row, actor: Actor) -> bool:
    return actor.person_id is not None and review["employee"] == actor.person_id


def _accepted(review: Row, actor: Actor, reason: str, now: datetime) -> dict[str, Any]:
    return {
        "step": states.move_review(review["step"], "propose"),
        "proposed_score": review["computed_score"],
        "proposed_rating": review["computed_rating"],
        "proposed_reason": reason,
        "proposed_by": actor.username,
        "proposed_at": now,
    }
