"""REST for the end of a goal: closing it with its score, and opening it again.

On the blueprint of goals.py; the same services as the page. The goal's version is `If-Match`.
"""

from __future__ import annotations

from flask import Response, request

from portal import units
from portal.access import current_actor
from portal.api.answers import body_object, if_match
from portal.api.goals import ONE, TEXT, blueprint, one, typed
from portal.api.openapi import describe
from portal.views.goals import visible
from workflows.goals import closing

CLOSED = {
    "type": "object",
    "properties": {
        "score": {"type": ["number", "null"], "minimum": 0, "maximum": 1, "description": "empty: the proposed one"},
        "reason": {"type": ["string", "null"], "description": "where the score is not the proposed one"},
        "explanation": {"type": ["string", "null"], "description": "where what was committed was not reached"},
    },
}
REASON = {"type": "object", "properties": {"reason": TEXT}, "required": ["reason"]}


@blueprint.post("/<definition>/<int:number>/close")
@describe(body=CLOSED, result=ONE, visible=visible)
def close(definition: str, number: int) -> Response:
    """End a goal with the proposed score, or with another and the reason."""
    body = body_object() if request.get_data() else {}
    actor, now, key, version = current_actor(), units.utcnow(), (definition, number), if_match()
    given = {name: typed(body, name) for name in ("score", "reason", "explanation")}
    units.write(lambda s, c: closing.close(s, c, actor, key, version=version, now=now, **given))
    return one(key, 200)


@blueprint.post("/<definition>/<int:number>/reopen")
@describe(body=REASON, result=ONE, visible=visible)
def reopen(definition: str, number: int) -> Response:
    """Let a closed goal run again, with the reason; for its head, the owner's manager and HR."""
    actor, now, key, version = current_actor(), units.utcnow(), (definition, number), if_match()
    reason = typed(body_object(), "reason")
    units.write(lambda s, c: closing.reopen(s, c, actor, key, reason=reason, version=version, now=now))
    return one(key, 200)
