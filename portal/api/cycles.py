"""REST for review cycles and reviews: the same services as the pages, the same words in problems.

Single cycles and reviews send their version as ETag; a change with a stale `If-Match` answers 412.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
from flask import Blueprint, Response, abort, request

from metadata import fieldtypes
from metadata.catalog import Entity
from metadata.errors import Invalid, Problem
from portal import catalogs, units
from portal.access import current_actor, language
from portal.api.answers import answer, body_object, if_match
from portal.api.openapi import describe, query
from portal.errors import worded
from portal.extensions import db
from portal.views.cycles import visible
from workflows.cycles import (
    cards,
    closing,
    coverage,
    desk,
    handing_in,
    launching,
    opening,
    rating,
    reading,
    scoring,
    states,
    stints,
    terms,
)
from workflows.cycles.desk import CYCLE, REVIEW
from workflows.cycles.forms import Answers
from workflows.cycles.rating import Proposal
from workflows.cycles.reading import CycleLine, ReviewLine

blueprint = Blueprint("api_cycles", __name__, url_prefix="/api/v1/cycles")
ANSWERS = "An object of answers by question is expected here."
TEXT = "A text is expected here."
YES_OR_NO = "true or false is expected here."
WHOLE = "A whole number is expected here."
MOST = 1000

OBJECT = {"type": "object"}
RESULT = {"type": "object", "properties": {"id": {"type": "integer"}, "result": OBJECT}}
LISTED = {
    "type": "object",
    "properties": {"result": {"type": "array", "items": OBJECT}, "more": {"type": "boolean"}},
}
STARTED = {"type": "object", "properties": {"id": {"type": "integer"}, "job": {"type": "integer"}, "result": OBJECT}}
PAGES = (query("page", {"type": "integer"}), query("page_size", {"type": "integer", "maximum": MOST}))
PLAN = {
    "type": "object",
    "properties": {
        **{name: {"type": "string"} for name in ("name", "name_zh", "timezone")},
        "scorecard_choice": {"enum": ["one", "own"], "default": "one", "description": "own: each person's nearest"},
        **{name: {"type": "integer"} for name in ("scorecard", "department")},
        **{
            name: {"type": "string", "format": "date"}
            for name in ("period_start", "period_end", "self_due", "manager_due")
        },
    },
}
REASON = {"type": "object", "properties": {"reason": {"type": "string"}}}
SELF = {
    "type": "object",
    "properties": {
        "self_comment": {"type": "string"},
        "answers": {"type": "object"},
        "self_rating": {"type": ["string", "null"], "description": "the label of one of the ratings"},
        "hand_in": {"type": "boolean", "default": False},
    },
}
PROPOSAL = {
    "type": "object",
    "properties": {
        "proposed_rating": {"type": "string"},
        "answers": {"type": "object"},
        "manager_comment": {"type": "string"},
        "proposed_reason": {"type": "string"},
        "proposed_score": {"type": ["string", "null"], "description": "where it differs from the computed one"},
    },
    "required": ["proposed_rating", "manager_comment"],
}


@blueprint.before_request
def _known_only() -> Any:
    if not visible(current_actor(), catalogs.current()):
        abort(404)
    return None


@blueprint.get("/")
@describe(result=LISTED, visible=visible, parameters=PAGES)
def cycles() -> Response:
    """The cycles that the caller may see, the newest first, with their progress."""
    page, size = _page()
    lines, more = reading.cycles(
        db.session(), catalogs.current(), current_actor(), language=language(), page=page, page_size=size
    )
    return answer({"result": [_cycle_json(line) for line in lines], "more": more})


@blueprint.post("/")
@describe(body=PLAN, result=RESULT, status=201, visible=visible)
def open_cycle() -> Response:
    """A new cycle in draft, from a scorecard."""
    actor, now, values = current_actor(), units.utcnow(), body_object()
    made = units.write(lambda s, c: opening.open_cycle(s, c, actor, values, now=now))
    result = _one(made.id, status=201)
    result.headers["Location"] = f"{request.path}{made.id}"
    return result


@blueprint.get("/<int:cycle_id>")
@describe(result=RESULT, visible=visible)
def cycle(cycle_id: int) -> Response:
    """One cycle: progress, what can be done next, and what it scores with."""
    return _one(cycle_id)


@blueprint.route("/<int:cycle_id>", methods=["PUT", "PATCH"])
@describe(body=PLAN, result=RESULT, visible=visible)
def change(cycle_id: int) -> Response:
    """Change the plan; after the launch names and deadlines only."""
    actor, now, values, version = current_actor(), units.utcnow(), body_object(), if_match()
    units.write(lambda s, c: opening.change(s, c, actor, cycle_id, values, now=now, version=version))
    return _one(cycle_id)


@blueprint.post("/<int:cycle_id>/launch")
@describe(result=STARTED, status=202, visible=visible)
def launch(cycle_id: int) -> Response:
    """Begin; the answer names the job that prepares the reviews."""
    actor, now, version = current_actor(), units.utcnow(), if_match()
    job = units.write(lambda s, c: launching.launch(s, c, actor, cycle_id, now=now, version=version))
    return _one(cycle_id, status=202, job=job)


@blueprint.get("/<int:cycle_id>/coverage")
@describe(result=RESULT, visible=visible)
def covered(cycle_id: int) -> Response:
    """Before a launch in which each person's own scorecard counts: for how many each would, and who has none."""
    session, catalog = db.session(), catalogs.current()
    row = desk.run_by(session, catalog, current_actor(), cycle_id, lock=False)
    found = coverage.find(session, catalog, row)
    uses = [{"id": use.id, "name": use.card.title(language()), "people": use.people} for use in found.uses]
    problems = [worded(problem) for problem in found.problems]
    return answer(
        {"id": cycle_id, "result": {"scorecards": uses, "without": list(found.without), "problems": problems}}
    )


@blueprint.post("/<int:cycle_id>/recompute")
@describe(result=STARTED, status=202, visible=visible)
def recompute(cycle_id: int) -> Response:
    """Measure and score again, as a job."""
    actor, now, version = current_actor(), units.utcnow(), if_match()
    job = units.write(lambda s, c: scoring.recompute(s, c, actor, cycle_id, now=now, version=version))
    return _one(cycle_id, status=202, job=job)


@blueprint.post("/<int:cycle_id>/advance")
@describe(
    body={"type": "object", "properties": {"without_missing": {"type": "boolean"}}}, result=RESULT, visible=visible
)
def advance(cycle_id: int) -> Response:
    """On to the manager reviews; `without_missing` where self reviews are still open."""
    actor, now, version = current_actor(), units.utcnow(), if_match()
    sure = _flag(_body(), "without_missing")
    missing = units.write(
        lambda s, c: closing.advance(s, c, actor, cycle_id, now=now, without_missing=sure, version=version)
    )
    return _one(cycle_id, missing=missing)


@blueprint.post("/<int:cycle_id>/accept_rest")
@describe(body=REASON, result=RESULT, visible=visible)
def accept_rest(cycle_id: int) -> Response:
    """The computed rating for all who have none yet; `seen` is the number that was agreed to."""
    actor, now, version, body = current_actor(), units.utcnow(), if_match(), _body()
    reason, seen = _text(body, "reason"), body.get("seen")
    if seen is not None and type(seen) is not int:
        raise Invalid(WHOLE, field="seen")
    accepted = units.write(
        lambda s, c: rating.accept_rest(s, c, actor, cycle_id, reason, now=now, seen=seen, version=version)
    )
    return _one(cycle_id, accepted=accepted)


@blueprint.post("/<int:cycle_id>/close")
@describe(body=REASON, result=RESULT, visible=visible)
def close(cycle_id: int) -> Response:
    """Final is what was proposed; `reason` for those without a rating, `share` to let people read it at once."""
    actor, now, version, body = current_actor(), units.utcnow(), if_match(), _body()
    reason, share_now = _text(body, "reason"), _flag(body, "share")
    closed = units.write(
        lambda s, c: closing.close(s, c, actor, cycle_id, now=now, reason=reason, share_now=share_now, version=version)
    )
    return _one(cycle_id, closed=closed)


@blueprint.post("/<int:cycle_id>/share")
@describe(result=RESULT, visible=visible)
def share(cycle_id: int) -> Response:
    """Let the people read their results."""
    actor, now, version = current_actor(), units.utcnow(), if_match()
    told = units.write(lambda s, c: closing.share(s, c, actor, cycle_id, now=now, version=version))
    return _one(cycle_id, shared=told)


@blueprint.get("/<int:cycle_id>/reviews/")
@describe(result=LISTED, visible=visible, parameters=(*PAGES, query("step", {"type": "string"})))
def people(cycle_id: int) -> Response:
    """The reviews of a cycle that the caller may see; `?step=`, `?search=`."""
    session, catalog, actor, (page, size) = db.session(), catalogs.current(), current_actor(), _page()
    reading.cycle(session, catalog, actor, cycle_id)
    asked = {"step": request.args.get("step", ""), "words": request.args.get("search", "")}
    found, more = reading.people(
        session, catalog, actor, cycle_id, **asked, language=language(), page=page, page_size=size
    )
    return answer({"result": [_line_json(line) for line in found], "more": more})


@blueprint.get("/reviews/")
@describe(result=LISTED, visible=visible)
def mine() -> Response:
    """The caller's own reviews; `?part=to_write` those that wait for the caller as reviewer."""
    part: reading.Part = "to_write" if request.args.get("part") == "to_write" else "own"
    found = reading.mine(db.session(), catalogs.current(), current_actor(), part, language=language(), limit=MOST)
    return answer({"result": [_line_json(line) for line in found], "more": False})


@blueprint.get("/reviews/<int:review_id>")
@describe(result=RESULT, visible=visible)
def review(review_id: int) -> Response:
    """One review as the caller may see it, with the explanation of its score."""
    return _review(review_id)


@blueprint.post("/reviews/<int:review_id>/self")
@describe(body=SELF, result=RESULT, visible=visible)
def save_self(review_id: int) -> Response:
    """The own words: a draft, or handed in."""
    actor, now, version, body = current_actor(), units.utcnow(), if_match(), body_object()
    comment, own, hand_in = _text(body, "self_comment"), _text(body, "self_rating"), _flag(body, "hand_in")
    answers = _answers(body)
    units.write(
        lambda s, c: handing_in.save(
            s, c, actor, review_id, comment, own, now=now, version=version, hand_in=hand_in, answers=answers
        )
    )
    return _review(review_id)


@blueprint.post("/reviews/<int:review_id>/rate")
@describe(body=PROPOSAL, result=RESULT, visible=visible)
def rate(review_id: int) -> Response:
    """The proposed rating, by the reviewer or, with a reason, in their place."""
    actor, now, version, body = current_actor(), units.utcnow(), if_match(), body_object()
    names = ("proposed_rating", "manager_comment", "proposed_reason", "proposed_score")
    proposal, answers = Proposal(*(_text(body, name) for name in names)), _answers(body)
    units.write(
        lambda s, c: rating.propose(s, c, actor, review_id, proposal, now=now, version=version, answers=answers)
    )
    return _review(review_id)


def _answers(body: Mapping[str, Any]) -> Answers | None:
    """The answers to the cycle's form, by question; those left out stay as they are."""
    if "answers" not in body:
        return None
    if not isinstance(body["answers"], dict):
        raise Invalid(ANSWERS, field="answers")
    return Answers(body["answers"], "json")


def _body() -> dict[str, Any]:
    """The body of an action that may come without one."""
    return body_object() if request.get_data() else {}


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if isinstance(value, int | float) and not isinstance(value, bool) and name == "proposed_score":
        return str(value)
    if not isinstance(value, str | None):
        raise Invalid(TEXT, problems=[Problem(f"/{name}", TEXT)])
    return value or ""


def _flag(body: Mapping[str, Any], name: str) -> bool:
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise Invalid(YES_OR_NO, problems=[Problem(f"/{name}", YES_OR_NO)])
    return value


def _page() -> tuple[int, int]:
    size = request.args.get("page_size", reading.PAGE_SIZE, type=int)
    return max(0, request.args.get("page", 0, type=int)), max(1, min(size, MOST))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value


def _cycle_json(line: CycleLine) -> dict[str, Any]:
    plain = {name: _plain(value) for name, value in vars(line).items() if name != "version"}
    numbers = {"total": line.total, "taking_part": line.taking_part, "rated": line.rated}
    return {**plain, "counts": dict(line.counts), "_version": line.version, **numbers}


def _line_json(line: ReviewLine) -> dict[str, Any]:
    return {name: _plain(value) for name, value in vars(line).items()}


def _one(cycle_id: int, status: int = 200, **more: Any) -> Response:
    session, catalog, actor = db.session(), catalogs.current(), current_actor()
    line = reading.cycle(session, catalog, actor, cycle_id, language())
    pin = terms.pin_if_any(session, cycle_id)
    runs = desk.runs(catalog, actor, line.department_id)
    result = _cycle_json(line) | {"actions": sorted(states.cycle_actions(line.step)) if runs else []}
    if pin is not None:
        result |= {"scorecards": _scorecards(cycle_id, pin.terms)}
        result |= {"terms": terms.as_json(pin.terms), "measured_at": _plain(pin.measured_at), "job": pin.job_id}
    found = answer({"id": cycle_id, "result": result, **more}, status)
    found.headers["ETag"] = f'"{line.version}"'
    return found


def _scorecards(cycle_id: int, known: terms.Terms) -> list[dict[str, Any]]:
    """The pinned scorecards where each person's own counts, with how many people each scores."""
    if not known.own_cards:
        return []
    used = stints.cards_used(db.session(), cycle_id)
    return [
        {"id": key, "name": card.title(language()), "people": used.get(key, 0), "terms": terms.as_json(card.terms)}
        for key, card in cards.pinned(db.session(), cycle_id).items()
    ]


def _review(review_id: int) -> Response:
    view = reading.review(db.session(), catalogs.current(), current_actor(), review_id, language())
    entity: Entity = catalogs.current()[REVIEW]
    fields = entity.definition.fields
    result = {
        name: None if value is None else fieldtypes.of(fields[name]).to_json(value)
        for name, value in view.review.items()
        if name in fields
    }
    if result.get("computed_detail"):
        result["computed_detail"] = orjson.loads(result["computed_detail"])
    labels = {"employee": view.line.name, "department": view.line.department, "reviewer": view.line.reviewer}
    result |= {"id": review_id, "_version": view.review["_version"], "actions": sorted(view.actions)}
    found = answer({"id": review_id, "result": {**result, "_labels": {**labels, CYCLE: view.line.cycle_name}}})
    found.headers["ETag"] = f'"{view.review["_version"]}"'
    return found
