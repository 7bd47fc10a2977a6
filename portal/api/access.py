"""REST for questions about access (/api/v1/access/): why somebody may or may not do something, for HR."""

from __future__ import annotations

from flask import Blueprint, Response, abort, request

from portal import asking, catalogs
from portal.access import current_actor
from portal.accounts import rules
from portal.api.answers import answer
from portal.api.openapi import describe, query
from portal.extensions import db
from portal.views.why import said

blueprint = Blueprint("api_access", __name__, url_prefix="/api/v1/access")


TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
ASKED = (
    query("account", TEXT, required=True),
    query("definition", TEXT, required=True),
    query("record", NUMBER),
    query("field", TEXT),
)


@blueprint.get("/why")
@describe(parameters=ASKED, visible=rules.may_manage)
def why() -> Response:
    """Per action the verdict and the deciding rules, for `account` and `definition`, also `record` and `field`."""
    if not rules.may_manage(current_actor()):
        abort(404)
    session, catalog = db.session(), catalogs.current()
    asked = asking.read(session, catalog, current_actor(), request.args)
    found = asking.answer(session, catalog, asked)
    return answer(
        {
            "account": asked.account.username,
            "active": bool(asked.account.active),
            "roles": sorted(r.name for r in asked.account.roles),
            "definition": asked.entity.name,
            "record": asked.record.id if asked.record else None,
            "field": asked.item.name if asked.item else None,
            "notes": [said(note) for note in found.notes],
            "actions": [
                {
                    "action": one.action,
                    "allowed": one.allowed,
                    "reasons": [said(s, asked.entity) for s in one.reasons if s.grants or not one.allowed],
                    "would_be_granted_by": [{"role": s.role, "reason": said(s, asked.entity)} for s in one.would],
                }
                for one in found.answers
            ],
        }
    )
