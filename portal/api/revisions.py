"""REST for the history of definitions: any two versions compared, in sentences and as JSON Patch (RFC 6902).

The same rooms as `portal.api.definitions`; whoever may neither design nor audit is told 404.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, request

from metadata import access, revisions, versions
from metadata.errors import Invalid
from metadata.revisions import Difference
from portal.access import current_actor, language
from portal.api.answers import answer
from portal.api.openapi import describe, query
from portal.extensions import db
from portal.history import words

blueprint = Blueprint("api_revisions", __name__, url_prefix="/api/v1/definitions")
SEES = access.may_read_definitions
VERSIONS = (
    query("from", {"type": "integer", "minimum": 0}),
    query("to", {"type": "integer", "minimum": 0}),
)
DIFFERENCES = {
    "type": "object",
    "properties": {
        "from": {"type": "integer"},
        "to": {"type": "integer"},
        "count": {"type": "integer"},
        "result": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "definition": {"type": "string"},
                    "lines": {"type": "array", "items": {"type": "object"}},
                    "patch": {"type": "array", "items": {"type": "object"}, "description": "RFC 6902"},
                },
            },
        },
    },
}


@blueprint.before_request
def _readers_only() -> None:
    if not SEES(current_actor()):
        abort(404)


@blueprint.get("/diff")
@describe(result=DIFFERENCES, visible=SEES, parameters=VERSIONS)
def diff() -> Response:
    """What differs from version `?from=` (default: the one before the last) to `?to=` (default: the last)."""
    return _diff("")


@blueprint.get("/<name>/diff")
@describe(result=DIFFERENCES, visible=SEES, parameters=VERSIONS)
def diff_of(name: str) -> Response:
    """The same of one definition."""
    return _diff(name)


def _diff(name: str) -> Response:
    session = db.session()
    newest = versions.read(session).catalog
    first, last = _version("from", max(newest - 1, 0)), _version("to", newest)
    found = revisions.between(session, first, last, (name,) if name else ())
    result = [difference_json(difference) for difference in found]
    return answer({"from": first, "to": last, "count": len(result), "result": result})


def difference_json(difference: Difference) -> dict[str, Any]:
    """A difference as REST shows it, in the reader's language."""
    lines = [
        {"topic": line.topic, "field": line.field, "message": words.sentence(line)}
        for line in difference.lines(language())
    ]
    return {"definition": difference.name, "lines": lines, "patch": words.patch(difference)}


def _version(key: str, otherwise: int) -> int:
    given = request.args.get(key, "")
    if not given:
        return otherwise
    if not given.isdecimal() or len(given) > 15:
        raise Invalid("A whole number is expected here.", field=key)
    return int(given)
