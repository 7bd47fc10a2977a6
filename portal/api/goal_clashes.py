"""REST for clashes between goals: what clashes, calling one harmless with a reason, letting it count again.

On the blueprint of goals.py; the same services and rules as the page (portal/views/goal_clashes.py).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import Response, request

from metadata.errors import NotFound
from portal import catalogs, units
from portal.access import current_actor, language
from portal.api.answers import answer, body_object
from portal.api.goals import TEXT, blueprint, goal_json, typed
from portal.api.openapi import describe, query
from portal.extensions import db
from portal.views.goals import visible
from workflows.goals import finding
from workflows.goals.clashes import RULES
from workflows.goals.finding import NONE_SUCH, Found

CLASH = {
    "type": "object",
    "properties": {
        "fingerprint": TEXT,
        "rule": {"enum": list(RULES)},
        "figures": {"type": "object", "additionalProperties": {"type": ["number", "string", "null"]}},
        "goals": {"type": "array", "items": {"type": "object"}},
        "dismissed": {"type": ["object", "null"], "properties": {"reason": TEXT, "by": TEXT, "at": TEXT}},
        "may_dismiss": {"type": "boolean"},
    },
}
LISTED = {"type": "object", "properties": {"count": {"type": "integer"}, "result": {"type": "array", "items": CLASH}}}
ONE = {"type": "object", "properties": {"id": TEXT, "result": CLASH}}
REASON = {"type": "object", "properties": {"reason": TEXT}, "required": ["reason"]}
DISMISSED = query("dismissed", {"type": "boolean"}, "only those that were dismissed, or only those that were not")
RULE = query("rule", {"enum": list(RULES)})


@blueprint.get("/clashes/")
@describe(result=LISTED, parameters=(RULE, DISMISSED), visible=visible)
def clashes() -> Response:
    """Clashes among the goals that run and that the caller may see, rule by rule."""
    rule, dismissed = request.args.get("rule"), request.args.get("dismissed")
    kept = None if dismissed is None else dismissed in ("1", "true")
    found = [
        one
        for one in finding.found(db.session(), catalogs.current(), current_actor(), language())
        if rule in (None, one.finding.rule) and kept in (None, one.dismissed is not None)
    ]
    return answer({"count": len(found), "result": _clashes(found)})


@blueprint.post("/clashes/<fingerprint>/dismiss")
@describe(body=REASON, result=ONE, visible=visible)
def dismiss(fingerprint: str) -> Response:
    """Call a clash harmless, with the reason; for those who may change one of its goals."""
    actor, now, reason = current_actor(), units.utcnow(), typed(body_object(), "reason")
    units.write(lambda s, c: finding.dismiss(s, c, actor, fingerprint, reason, now=now))
    return _one(fingerprint)


@blueprint.post("/clashes/<fingerprint>/count")
@describe(result=ONE, visible=visible)
def count_again(fingerprint: str) -> Response:
    """Let a clash that was dismissed count again."""
    actor, now = current_actor(), units.utcnow()
    units.write(lambda s, c: finding.take_back(s, c, actor, fingerprint, now=now))
    return _one(fingerprint)


def _one(fingerprint: str) -> Response:
    found = finding.found(db.session(), catalogs.current(), current_actor(), language())
    for one in found:
        if one.finding.fingerprint == fingerprint:
            return answer({"id": fingerprint, "result": _clashes([one])[0]})
    raise NotFound(NONE_SUCH)


def _clashes(found: list[Found]) -> list[dict[str, Any]]:
    may = finding.dismissable(db.session(), catalogs.current(), current_actor(), (one.finding for one in found))
    return [
        {
            "fingerprint": one.finding.fingerprint,
            "rule": one.finding.rule,
            "figures": {name: _plain(value) for name, value in one.finding.figures.items()},
            "goals": [goal_json(goal) for goal in one.goals],
            "dismissed": None if one.dismissed is None else vars(one.dismissed),
            "may_dismiss": one.finding.fingerprint in may,
        }
        for one in found
    ]


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value
