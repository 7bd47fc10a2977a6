"""REST for goals: the tree, one goal, check-ins and answers; the same services and words as the pages.

Objectives themselves, with their key results, are records: `/api/v1/<level>/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from metadata.errors import Invalid, Problem
from portal import catalogs, units
from portal.access import current_actor, language
from portal.api.answers import answer, body_object
from portal.api.openapi import describe, query
from portal.extensions import db
from portal.views import forms
from portal.views.goals import visible
from workflows.goals import aligned, check_ins, closing, pacing, reading
from workflows.goals.levels import Key
from workflows.goals.pacing import Pace
from workflows.goals.reading import Goal
from workflows.pace import STATUSES

blueprint = Blueprint("api_goals", __name__, url_prefix="/api/v1/goals")
NO_TEXT = "A text or a number is expected here."
TEXT = {"type": "string"}
WHOLE = {"type": "integer"}
NUMBER = {"type": ["number", "null"]}
GOAL = {
    "type": "object",
    "properties": {
        "definition": TEXT,
        "id": WHOLE,
        "title": TEXT,
        "owner": TEXT,
        "unit": TEXT,
        "progress": NUMBER,
        "score": NUMBER,
        "pace": {
            "type": ["object", "null"],
            "properties": {
                "status": {"enum": [*STATUSES, None]},
                "expected": {"type": "number"},
                "line": {"enum": [pacing.STRAIGHT, pacing.SEASON, pacing.OWN, pacing.MIXED]},
            },
        },
        "contributes_to": {
            "type": "array",
            "items": {"type": "object", "properties": {"definition": TEXT, "id": WHOLE, "share": NUMBER}},
        },
    },
}
MANY = {"type": "object", "properties": {"count": WHOLE, "result": {"type": "array", "items": GOAL}}}
ONE = {"type": "object", "properties": {"id": WHOLE, "result": GOAL}}
CHECK_IN = {
    "type": "object",
    "properties": {
        "key_result": WHOLE,
        "value": {"type": "number"},
        "confidence": {"enum": list(check_ins.CONFIDENCES)},
        "note": TEXT,
        "evidence": {"type": "string", "format": "uri"},
    },
    "required": ["key_result", "value", "confidence"],
}
ANSWER = {"type": "object", "properties": {"answer": TEXT}, "required": ["answer"]}


@blueprint.get("/")
@describe(result=MANY, parameters=(query("over", {"type": "boolean"}),), visible=visible)
def tree() -> Response:
    """Every goal that the caller may see, with what it contributes to; `over=1` with those that are done."""
    actor, catalog, session = current_actor(), catalogs.current(), db.session()
    web = aligned.web(session, catalog, actor, over=request.args.get("over") in ("1", "true"))
    goals = reading.many(session, catalog, actor, web.goals, language())
    found = [
        goal_json(goals[key])
        | {
            "contributes_to": [
                {"definition": e.parent[0], "id": e.parent[1], "share": plain(e.share)} for e in web.above.get(key, ())
            ]
        }
        for key in web.goals
        if key in goals
    ]
    return answer({"count": len(found), "result": found})


@blueprint.get("/<definition>/<int:number>")
@describe(result=ONE, visible=visible)
def show(definition: str, number: int) -> Response:
    """One goal with its key results and check-ins."""
    return one((definition, number), 200)


@blueprint.post("/<definition>/<int:number>/check_ins")
@describe(body=CHECK_IN, result=ONE, status=201, visible=visible)
def check_in(definition: str, number: int) -> Response:
    """Where a key result stands now."""
    body, actor, now, key = body_object(), current_actor(), units.utcnow(), (definition, number)
    result = body.get("key_result")
    if type(result) is not int:
        raise Invalid("A whole number is expected here.", field="key_result")
    given = {name: typed(body, name) for name in ("value", "confidence", "note", "evidence")}
    units.write(lambda s, c: check_ins.check_in(s, c, actor, key, result, now=now, **given))
    return one(key, 201)


@blueprint.post("/check_ins/<int:check_in_id>/answer")
@describe(body=ANSWER, result=ONE, visible=visible)
def reply(check_in_id: int) -> Response:
    """The manager's answer to a check-in."""
    actor, now, text = current_actor(), units.utcnow(), typed(body_object(), "answer")
    return one(units.write(lambda s, c: check_ins.answer(s, c, actor, check_in_id, text, now=now)), 200)


def one(key: Key, status: int) -> Response:
    actor, catalog, session = current_actor(), catalogs.current(), db.session()
    goal = reading.one(session, catalog, actor, key, language())
    said = check_ins.of_goal(session, catalog, actor, key)
    today = units.utcnow().astimezone(forms.zone()).date()
    stands, offer = pacing.of_goal(goal, today, pacing.seasons(catalog)), closing.offer(session, catalog, goal, today)
    closings = [
        {**vars(found), "proposed": plain(found.proposed), "score": plain(found.score)}
        for found in closing.shown(session, catalog, goal)
    ]
    results = [
        {
            "id": r.id,
            "title": r.title,
            "direction": r.direction,
            "start": plain(r.start),
            "target": plain(r.target),
            "current": plain(r.current),
            "unit": r.unit,
            "fed_by": r.fed_by,
            "progress": plain(r.progress()),
            "pace": pace_json(stands.results.get(r.id)),
            "points": [{"day": day, "share": plain(share)} for day, share in r.points],
        }
        for r in goal.results
    ]
    listed = [{**vars(one), "value": plain(one.value)} for one in said]
    whole = {
        **goal_json(goal),
        "_version": goal.version,
        "pace": pace_json(stands.goal),
        "status": goal.status,
        "commitment": goal.commitment,
        "proposed_score": plain(offer.score) if offer else None,
        "expected_score": plain(offer.expected) if offer else None,
        "closings": closings,
        "key_results": results,
        "check_ins": listed,
    }
    told = answer({"id": key[1], "result": whole}, status)
    told.headers["ETag"] = f'"{goal.version}"'
    return told


def goal_json(goal: Goal) -> dict[str, Any]:
    """A goal as every answer of this room names it."""
    return {
        "definition": goal.key[0],
        "id": goal.key[1],
        "title": goal.title,
        "owner": goal.owner,
        "unit": goal.unit,
        "progress": plain(goal.progress),
        "score": plain(goal.score),
    }


def pace_json(found: Pace | None) -> dict[str, Any] | None:
    """How a goal or a key result stands; None where nothing is expected of a day."""
    if found is None:
        return None
    return {"status": found.status or None, "expected": plain(found.expected), "line": found.source}


def plain(value: Any) -> float | None:
    """A figure as JSON has it."""
    return None if value is None else float(value)


def typed(body: Mapping[str, Any], name: str) -> str:
    """A value of a body as somebody would have typed it, for the services read figures from text."""
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int | float | None):
        raise Invalid(NO_TEXT, problems=[Problem(f"/{name}", NO_TEXT)])
    return "" if value is None else str(value)
