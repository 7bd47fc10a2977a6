"""REST for the audit trail: the same question and the same values as the page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, request

from metadata import trail
from portal import catalogs
from portal.access import current_actor
from portal.api.answers import answer
from portal.api.openapi import describe
from portal.extensions import db
from portal.views import audit

blueprint = Blueprint("api_audit", __name__, url_prefix="/api/v1/audit")
CHANGES = {
    "type": "object",
    "properties": {
        "count": {"type": "integer", "description": "of this page"},
        "ids": {"type": "array", "items": {"type": "integer"}},
        "result": {"type": "array", "items": {"type": "object"}},
        "more": {"type": "boolean", "description": "ask on with ?before=<last id>"},
    },
}


@blueprint.before_request
def _readers_only() -> Any:
    if not audit.visible(current_actor(), catalogs.current()):
        abort(404)
    return None


@blueprint.get("/")
@describe(result=CHANGES, visible=audit.visible)
def changes() -> Response:
    """Changes, newest first; `?person=`, `?definition=`, `?record=`, `?action=`, `?since=`, `?until=`, `?before=`."""
    found, more = trail.page(db.session(), catalogs.current(), current_actor(), audit.read(request.args))
    result = [
        {
            "id": change.id,
            "at": change.at.isoformat(),
            "actor": change.actor,
            "action": change.action,
            "definition": change.definition,
            "record": change.record_id,
            "values": {name: {"before": before, "after": after} for name, before, after in change.values},
            "note": change.note,
        }
        for change in found
    ]
    return answer({"count": len(result), "ids": [c.id for c in found], "result": result, "more": more})
