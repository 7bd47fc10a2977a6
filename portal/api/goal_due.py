"""REST for what waits for the caller among goals: the lines of the start page. On the blueprint of goals.py."""

from __future__ import annotations

from flask import Response

from portal import catalogs, units
from portal.access import current_actor, language
from portal.api.answers import answer
from portal.api.goals import TEXT, WHOLE, blueprint
from portal.api.openapi import describe
from portal.extensions import db
from portal.views import forms
from portal.views.goals import visible
from workflows.goals import due

WAITING = {
    "type": "object",
    "properties": {
        "kind": {"enum": list(due.KINDS)},
        "definition": TEXT,
        "id": WHOLE,
        "title": TEXT,
        "on": {"type": "string", "format": "date"},
        "by": {**TEXT, "description": "who checked in, where an answer is owed"},
    },
}
LISTED = {"type": "object", "properties": {"count": WHOLE, "result": {"type": "array", "items": WAITING}}}


@blueprint.get("/due")
@describe(result=LISTED, visible=visible)
def what_waits() -> Response:
    """What waits for the caller: proposals, goals to close, late check-ins, check-ins to answer."""
    today = units.utcnow().astimezone(forms.zone()).date()
    found = due.waiting(db.session(), catalogs.current(), current_actor(), today, language())
    lines = [
        {"kind": one.kind, "definition": one.key[0], "id": one.key[1], "title": one.title, "on": one.on, "by": one.by}
        for one in found
    ]
    return answer({"count": len(lines), "result": lines})
