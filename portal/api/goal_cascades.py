"""REST for changed targets that flow down: who would be touched, the change, each owner's word, undoing; and what the
past of a KPI suggests.

On the blueprint of goals.py; the same services as the pages. A goal's version and a proposal's version are `If-Match`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, request

from metadata.errors import NotAllowed
from portal import catalogs, units
from portal.access import current_actor, language
from portal.api.answers import answer, body_object, if_match
from portal.api.goals import NUMBER, TEXT, WHOLE, blueprint, goal_json, plain, typed
from portal.api.openapi import describe, query
from portal.extensions import db
from portal.views import forms
from portal.views.goals import visible
from workflows.goals import cascades, check_ins, history, proposed, reading, sharing, suggesting
from workflows.goals.proposed import Cascade, Proposal

MOST = 200
TARGET = {
    "type": "object",
    "properties": {
        "target": {"type": "number"},
        "method": {"enum": list(sharing.METHODS), "default": sharing.SHARE},
        "reason": TEXT,
    },
    "required": ["target", "reason"],
}
DECISION = {
    "type": "object",
    "properties": {
        "decision": {"enum": list(cascades.DECISIONS)},
        "target": {"type": ["number", "null"], "description": "where it is adapted"},
        "reason": {"type": ["string", "null"], "description": "where it is adapted or disputed"},
    },
    "required": ["decision"],
}
PROPOSAL = {
    "type": "object",
    "properties": {
        "id": WHOLE,
        "cascade": WHOLE,
        "goal": {"type": ["object", "null"], "description": "null where the caller may not see it"},
        "key_result": {"type": ["integer", "null"]},
        "before": NUMBER,
        "proposed": NUMBER,
        "state": {"enum": [proposed.OPEN, *cascades.DECISIONS, proposed.UNDONE]},
        "final": NUMBER,
        "reason": TEXT,
        "by": TEXT,
        "at": {"type": ["string", "null"], "format": "date-time"},
        "_version": WHOLE,
    },
}
CASCADE = {
    "type": "object",
    "properties": {
        "id": WHOLE,
        "goal": {"type": "object"},
        "key_result": WHOLE,
        "before": NUMBER,
        "after": NUMBER,
        "reason": TEXT,
        "by": TEXT,
        "at": {"type": "string", "format": "date-time"},
        "undone_by": {"type": ["string", "null"]},
        "undone_at": {"type": ["string", "null"], "format": "date-time"},
        "proposals": {"type": "array", "items": PROPOSAL},
    },
}
TOUCHED = {
    "type": "object",
    "properties": {"goal": {"type": "object"}, "key_result": WHOLE, "before": NUMBER, "proposed": NUMBER},
}
BEGUN = {
    "type": "object",
    "properties": {"id": {"type": ["integer", "null"]}, "result": CASCADE | {"type": ["object", "null"]}},
}
ONE = {"type": "object", "properties": {"id": WHOLE, "result": CASCADE}}
ONE_PROPOSAL = {"type": "object", "properties": {"id": WHOLE, "result": PROPOSAL}}
PREVIEW = {"type": "object", "properties": {"count": WHOLE, "result": {"type": "array", "items": TOUCHED}}}
PAGE = {"type": "object", "properties": {"result": {"type": "array", "items": CASCADE}, "more": {"type": "boolean"}}}
WAITING = {"type": "object", "properties": {"count": WHOLE, "result": {"type": "array", "items": PROPOSAL}}}
SUGGESTION = {
    "type": "object",
    "properties": {
        "id": WHOLE,
        "result": {
            "type": "object",
            "properties": {
                "months": {"type": "array", "items": {"type": "object"}},
                "of_unit": {"type": "boolean"},
                "units_of_same_size": WHOLE,
                "least_months": WHOLE,
                "suggestion": {"type": ["object", "null"]},
            },
        },
    },
}
PAGING = (query("page", WHOLE), query("page_size", {**WHOLE, "maximum": MOST}))
OF_RESULT = "/<definition>/<int:number>/key_results/<int:result>"


@blueprint.post(f"{OF_RESULT}/target/preview")
@describe(body=TARGET, result=PREVIEW, visible=visible)
def preview_target(definition: str, number: int, result: int) -> Response:
    """Who would be touched by a new target, and what would be proposed to each; nothing is saved."""
    session, catalog, actor, key = db.session(), catalogs.current(), current_actor(), (definition, number)
    given = _given(body_object())
    goal = reading.one(session, catalog, actor, key, language())
    if not check_ins.may_check_in(session, catalog, actor, key):
        raise NotAllowed(cascades.RESERVED)
    check_ins.require_running(goal)
    asked = reading.result_of(goal, result)
    after = cascades.asked(**given)
    found = cascades.touched(session, catalog, actor, goal, asked, after, given["method"])
    lines = [
        {
            "goal": goal_json(one.goal),
            "key_result": one.result.id,
            "before": plain(one.result.target),
            "proposed": plain(one.proposed),
        }
        for one in found
    ]
    return answer({"count": len(lines), "result": lines})


@blueprint.post(f"{OF_RESULT}/target")
@describe(body=TARGET, result=BEGUN, status=201, visible=visible)
def change_target(definition: str, number: int, result: int) -> Response:
    """A new target, with proposals to the goals below; `id` and `result` are null where none is touched."""
    actor, now, key, version = current_actor(), units.utcnow(), (definition, number), if_match()
    given = _given(body_object())
    begun = units.write(lambda s, c: cascades.begin(s, c, actor, key, result, version=version, now=now, **given))
    if begun is None:
        return answer({"id": None, "result": None}, 201)
    told = _one(begun, 201)
    told.headers["Location"] = f"/api/v1/goals/cascades/{begun}"
    return told


@blueprint.get(f"{OF_RESULT}/suggestion")
@describe(result=SUGGESTION, visible=visible)
def suggestion(definition: str, number: int, result: int) -> Response:
    """What the past of a key result's KPI suggests as its target, and what that rests on."""
    session, catalog, actor = db.session(), catalogs.current(), current_actor()
    goal = reading.one(session, catalog, actor, (definition, number), language())
    asked = reading.result_of(goal, result)
    past = history.past(session, catalog, actor, goal, asked, units.utcnow().astimezone(forms.zone()).date())
    told = {
        "months": [vars(month) for month in past.months],
        "of_unit": past.by_unit,
        "units_of_same_size": past.peers,
        "least_months": suggesting.LEAST,
        "suggestion": None if past.suggestion is None else vars(past.suggestion),
    }
    return answer({"id": result, "result": told})


@blueprint.get("/cascades/")
@describe(
    result=PAGE,
    parameters=(query("page", {"type": "integer"}), query("page_size", {"type": "integer"})),
    visible=visible,
)
def cascades_page() -> Response:
    """Changed targets of goals that the caller may see, the newest first, with what became of them below."""
    size = max(1, min(request.args.get("page_size", 50, type=int), MOST))
    number = min(max(0, request.args.get("page", 0, type=int)), 10**6)
    found, more = proposed.page(db.session(), catalogs.current(), current_actor(), language(), number=number, size=size)
    return answer({"result": [_cascade(one) for one in found], "more": more})


@blueprint.get("/cascades/<int:cascade_id>")
@describe(result=ONE, visible=visible)
def cascade(cascade_id: int) -> Response:
    """One changed target with its proposals."""
    return _one(cascade_id)


@blueprint.post("/cascades/<int:cascade_id>/undo")
@describe(result=ONE, visible=visible)
def undo(cascade_id: int) -> Response:
    """Take a change back: targets that still are what it made of them become what they were."""
    actor, now = current_actor(), units.utcnow()
    units.write(lambda s, c: cascades.undo(s, c, actor, cascade_id, now=now))
    return _one(cascade_id)


@blueprint.get("/proposals/")
@describe(result=WAITING, visible=visible)
def waiting() -> Response:
    """Proposed targets that wait for a word, of goals that the caller may change."""
    found = proposed.waiting(db.session(), catalogs.current(), current_actor(), language(), limit=MOST)
    return answer({"count": len(found), "result": [_proposal(one) for one in found]})


@blueprint.get("/proposals/<int:proposal_id>")
@describe(result=ONE_PROPOSAL, visible=visible)
def proposal(proposal_id: int) -> Response:
    """One proposed target, its version as ETag."""
    return _one_proposal(proposal_id)


@blueprint.post("/proposals/<int:proposal_id>")
@describe(body=DECISION, result=ONE_PROPOSAL, visible=visible)
def decide(proposal_id: int) -> Response:
    """The owner's word: accept it, adapt it with a reason, or dispute it with one."""
    actor, now, version, body = current_actor(), units.utcnow(), if_match(), body_object()
    given = {name: typed(body, name) for name in ("decision", "target", "reason")}
    units.write(lambda s, c: cascades.decide(s, c, actor, proposal_id, version=version, now=now, **given))
    return _one_proposal(proposal_id)


def _given(body: Mapping[str, Any]) -> dict[str, str]:
    return {
        "target": typed(body, "target"),
        "method": typed(body, "method") or sharing.SHARE,
        "reason": typed(body, "reason"),
    }


def _one(cascade_id: int, status: int = 200) -> Response:
    found = proposed.cascade(db.session(), catalogs.current(), current_actor(), cascade_id, language())
    return answer({"id": cascade_id, "result": _cascade(found)}, status)


def _one_proposal(proposal_id: int) -> Response:
    found = proposed.proposal(db.session(), catalogs.current(), current_actor(), proposal_id, language())
    told = answer({"id": proposal_id, "result": _proposal(found)})
    told.headers["ETag"] = f'"{found.version}"'
    return told


def _cascade(one: Cascade) -> dict[str, Any]:
    return {
        "id": one.id,
        "goal": goal_json(one.goal),
        "key_result": one.result_id,
        "before": plain(one.before),
        "after": plain(one.after),
        "reason": one.reason,
        "by": one.by,
        "at": one.at,
        "undone_by": one.undone_by or None,
        "undone_at": one.undone_at,
        "proposals": [_proposal(item) for item in one.proposals],
    }


def _proposal(one: Proposal) -> dict[str, Any]:
    """Of a goal that the caller may not see there is only how it stands."""
    told: dict[str, Any] = {"id": one.id, "cascade": one.cascade_id, "state": one.state, "_version": one.version}
    if one.goal is None:
        return told | {"goal": None, "key_result": None}
    return told | {
        "goal": goal_json(one.goal),
        "key_result": one.result_id,
        "before": plain(one.before),
        "proposed": plain(one.proposed),
        "final": plain(one.final),
        "reason": one.reason,
        "by": one.by,
        "at": one.at,
    }
