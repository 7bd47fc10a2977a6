"""REST for the spread of composite scores: the same numbers as the page, the same groups hidden."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, abort, request

from portal import catalogs
from portal.access import current_actor
from portal.api.answers import answer
from portal.api.openapi import describe, query
from portal.dashboards.composites import board
from workflows.cycles import composites
from workflows.cycles.composites import Group, Period

blueprint = Blueprint("api_composites", __name__, url_prefix="/api/v1/scores")
RESULT = {"type": "object", "properties": {"result": {"type": "object"}}}
ASKED = (
    query("period", {"type": "string"}, "first and last day, such as 2026-05-01_2026-10-31; default: the last"),
    query("department", {"type": "integer"}, "a department with those below it; default: all that you see"),
)


@blueprint.before_request
def _known_only() -> Any:
    if not composites.may_see(current_actor(), catalogs.current()):
        abort(404)
    return None


@blueprint.get("/")
@describe(result=RESULT, visible=composites.may_see, parameters=ASKED)
def show() -> Response:
    """How scores are spread: by rating, in steps of points, by department, each line's lights. null: too few people."""
    found = board(request.args)
    result = {
        "period": _period(found.period),
        "periods": [_period(one) for one in found.periods],
        "department": found.unit and found.unit.id,
        "minimum": composites.MINIMUM,
        "ratings": [{"rating": one.label, "from": _plain(one.low)} for one in found.ratings],
        "whole": _group(found.whole),
        "departments": [{"department": one.unit, "own": one.own, "group": _group(one.group)} for one in found.parts],
        "lines": [
            {"kpi": one.key, "attainment": one.mean, "lights": dict(one.lights), "no_data": one.no_data}
            for one in found.lines
        ],
        "people": [
            {"review": one.review, "name": one.name, "score": _plain(one.score), "rating": one.rating}
            for one in found.people
        ],
    }
    return answer({"result": result})


def _period(one: Period | None) -> dict[str, Any] | None:
    return one and {"period": one.key, "scored": one.scored, "closed": one.closed}


def _group(one: Group | None) -> dict[str, Any] | None:
    if one is None:
        return None
    steps = [{"from": at * composites.STEP, "people": count} for at, count in enumerate(one.steps)]
    return {"people": one.people, "median": _plain(one.median), "ratings": dict(one.ratings), "steps": steps}


def _plain(value: Decimal) -> str:
    """Without the noughts that its column adds."""
    return f"{value.normalize():f}"
