"""REST for a key result's own pace: days with the per cent of the way that should be gone by then.

On the blueprint of goals.py; the same service as the page. The goal's version is `If-Match`.
"""

from __future__ import annotations

from typing import Any

from flask import Response

from metadata.errors import Invalid
from portal import units
from portal.access import current_actor
from portal.api.answers import body_object, if_match
from portal.api.goal_cascades import OF_RESULT
from portal.api.goals import ONE, blueprint, one, typed
from portal.api.openapi import describe
from portal.views.goals import visible
from workflows.goals import curves

NO_ROWS = "A list of points is expected here: [{“day”: “2026-10-31”, “share”: 20}, …]."
POINT = {
    "type": "object",
    "properties": {
        "day": {"type": "string", "format": "date"},
        "share": {"type": "number", "minimum": 0, "maximum": 100},
    },
    "required": ["day", "share"],
}
POINTS = {"type": "object", "properties": {"points": {"type": "array", "items": POINT}}, "required": ["points"]}


@blueprint.put(f"{OF_RESULT}/pace")
@describe(body=POINTS, result=ONE, visible=visible)
def set_pace(definition: str, number: int, result: int) -> Response:
    """Give a key result its own way; an empty list takes it back to its KPI's season or the straight line."""
    actor, now, key, version = current_actor(), units.utcnow(), (definition, number), if_match()
    rows = _rows(body_object().get("points"))
    units.write(lambda s, c: curves.set_points(s, c, actor, key, result, rows, version=version, now=now))
    return one(key, 200)


def _rows(given: Any) -> list[tuple[str, str]]:
    if not isinstance(given, list) or not all(isinstance(row, dict) for row in given):
        raise Invalid(NO_ROWS, field="points")
    return [(typed(row, "day"), typed(row, "share")) for row in given]
