"""The page of one review: the self review for its owner, figures and proposal for whoever writes it, the result."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import orjson
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import format_decimal, format_percent
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from metadata import access
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.errors import NotAllowed, NotFound, ProductError, StaleVersion
from portal import catalogs, units
from portal.access import current_actor, language
from portal.errors import status_of, wording
from portal.extensions import db
from portal.views import review_forms
from portal.views.cycles import fields_of, known_only, problems_of
from workflows.cycles import cards, desk, handing_in, ledger, rating, reading
from workflows.cycles.cards import Rules
from workflows.cycles.desk import CYCLE, REVIEW, Row
from workflows.cycles.forms import Answers, Group, groups_shown
from workflows.cycles.rating import Proposal

blueprint = Blueprint("reviews", __name__, url_prefix="/cycles/reviews")
blueprint.before_request(known_only)
WRITES: dict[Group, str] = {"self": "save_self", "manager": "propose"}
SELF = ("self_comment", "self_rating")
PROPOSAL = ("proposed_rating", "manager_comment", "proposed_reason", "proposed_score")


@blueprint.get("/<int:review_id>")
def show(review_id: int) -> str:
    """One review, as its reader may see it."""
    return _page(review_id)


@blueprint.post("/<int:review_id>/self")
def save_self(review_id: int) -> Any:
    """The own words: a draft, or handed in."""
    actor, now, version = current_actor(), units.utcnow(), request.form.get("_version", type=int)
    comment, own = request.form.get("self_comment", ""), request.form.get("self_rating")
    hand_in = request.form.get("then") == "hand_in"

    def work(session: Session, catalog: Catalog) -> Any:
        answers = _answers(session, catalog, actor, review_id, "self")
        return handing_in.save(
            session,
            catalog,
            actor,
            review_id,
            comment,
            own,
            now=now,
            version=version,
            hand_in=hand_in,
            answers=answers,
        )

    try:
        units.write(work)
    except (NotFound, NotAllowed):
        raise
    except ProductError as error:
        return _page(review_id, error, SELF), status_of(error)
    flash(_("Your self review is handed in. Thank you.") if hand_in else _("The draft was saved."), "success")
    return redirect(url_for("reviews.show", review_id=review_id), 303)


@blueprint.post("/<int:review_id>/rate")
def rate(review_id: int) -> Any:
    """The proposed rating."""
    actor, now, version = current_actor(), units.utcnow(), request.form.get("_version", type=int)
    given = {name: request.form.get(name, "") for name in PROPOSAL}
    proposal = Proposal(
        given["proposed_rating"], given["manager_comment"], given["proposed_reason"], given["proposed_score"]
    )

    def work(session: Session, catalog: Catalog) -> Any:
        answers = _answers(session, catalog, actor, review_id, "manager")
        return rating.propose(session, catalog, actor, review_id, proposal, now=now, version=version, answers=answers)

    try:
        units.write(work)
    except (NotFound, NotAllowed):
        raise
    except ProductError as error:
        return _page(review_id, error, PROPOSAL), status_of(error)
    flash(_("The rating was saved. It can be changed until the cycle is closed."), "success")
    return redirect(url_for("reviews.show", review_id=review_id), 303)


def _answers(session: Session, catalog: Catalog, actor: Actor, review_id: int, group: Group) -> Answers:
    """What was typed into the form that the review's cycle pinned; NotFound where the review is not for them."""
    _cycle, review, _standing = desk.review_for(session, catalog, actor, review_id)
    return review_forms.typed(catalog, cards.for_review(session, review), group)


def _page(review_id: int, error: ProductError | None = None, names: tuple[str, ...] = ()) -> str:
    actor, catalog, session = current_actor(), catalogs.current(), db.session()
    view = reading.review(session, catalog, actor, review_id, language())
    problems = problems_of(error)
    shown = set(names) if view.actions & {"save_self", "propose"} else set()
    entity = catalog[CYCLE]
    rules, worked = cards.scored_with(session, {"cycle": view.line.cycle, "employee": view.line.employee})
    pinned, detail = rules.leading(worked), _detail(view.review) if view.shows_scores else {}
    writes: list[Group] = [g for g, action in WRITES.items() if action in view.actions]
    reads = groups_shown(
        own=view.standing.reviewee, handed_in=bool(view.review["self_submitted_at"]), scores=view.shows_scores
    )
    parts = review_forms.parts(session, catalog, pinned, review_id, writes, reads, error)
    shown |= {one.field.name for part in parts for one in part.inputs}
    may_see_cycle = desk.runs(catalog, actor, view.cycle["department"]) or (
        access.may(actor, entity, "show") and access.widest(actor, entity, "show") == "all"
    )
    return render_template(
        "cycles/review.html",
        view=view,
        terms=pinned,
        parts=parts,
        explanation=_explanation(detail),
        formula=_formula(detail),
        stints=_stints(session, catalog, detail, rules),
        card_names=list(dict.fromkeys(filter(None, (rules.title(one.card, language()) for one in worked)))),
        shows_scores=view.shows_scores,
        has_ledger=view.shows_scores and ledger.exists(session, review_id),
        may_see_cycle=may_see_cycle,
        message=wording(error.message, error.params) if error else "",
        stale=isinstance(error, StaleVersion),
        problems=problems,
        other_problems=[text for name, found in problems.items() if name not in shown for text in found],
        typed={name: request.form[name] for name in names if name in request.form},
        score=score_words,
        score_text=_score_text,
        review_field=fields_of(REVIEW, "step"),
    )


def _detail(review: Row) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(review["computed_detail"]) if review["computed_detail"] else {}
    return found


def _stints(session: Session, catalog: Catalog, detail: dict[str, Any], rules: Rules) -> list[dict[str, Any]]:
    """The stints of a score that is a mean by days, each with its place, its scorecard and its lines."""
    parts = detail.get("stints", [])
    units = reading.unit_names(session, catalog, {part["department"] for part in parts}, language())
    return [
        {
            "start": date.fromisoformat(part["from"]),
            "end": date.fromisoformat(part["to"]),
            "days": part["days"],
            "department": units.get(part["department"], ""),
            "card": rules.title(part["card"], language()),
            "counted": bool(part.get("lines")),
            "score": part.get("score"),
            "lines": _explanation(part),
            "formula": _formula(part),
        }
        for part in parts
    ]


def _explanation(detail: dict[str, Any]) -> list[dict[str, str]]:
    """The lines of a computed score as people read them."""
    return [
        {
            "label": (item["label_zh"] if language() == "zh" else "") or item["label"] or item["kpi"],
            "plan": figure(item["plan"], item["unit"]),
            "actual": figure(item["actual"], item["unit"]),
            "attainment": _percent(item["attainment"]),
            "light": item.get("light", ""),  # scores of older installations have it when they are computed again
            "weight": str(format_decimal(item["weight"])),
            "effective": str(format_decimal(item["effective"], "#,##0.##")),
            "contribution": str(format_decimal(item["contribution"], "#,##0.00##")),
        }
        for item in detail.get("lines", ())
    ]


def _formula(detail: dict[str, Any]) -> dict[str, str]:
    """What the formula made of the sum; nothing without one."""
    found = detail.get("formula")
    if not found:
        return {}
    values = {name: found[name] for name in ("total", "points")}
    return {name: str(format_decimal(Decimal(v), "#,##0.00##")) if v else "–" for name, v in values.items()}


def _percent(share: str | None) -> str:
    return "" if share is None else str(format_percent(float(share), "#,##0.0 %"))


def figure(value: float | None, unit: str) -> str:
    return "" if value is None else f"{format_decimal(value, '#,##0.##')} {unit}".strip()


def score_words(value: Any) -> str:
    return "" if value is None else str(format_decimal(value, "#,##0.0###"))


def _score_text(review: Row) -> str:
    """The score that was given; nothing where it is the computed one."""
    if review["proposed_score"] is None or review["proposed_score"] == review["computed_score"]:
        return ""
    return f"{review['proposed_score'].normalize():f}"
