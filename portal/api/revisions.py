"""REST for the history of definitions: any two versions compared, in sentences and as JSON Patch (RFC 6902); and
what is stored out of sight, deleted for good where it is asked for by name.

The same rooms as `portal.api.definitions`; whoever may neither design nor audit is told 404.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, request

from metadata import access, purging, revisions, versions
from metadata.errors import Invalid
from metadata.revisions import Difference
from portal import catalogs, units
from portal.access import current_actor, language
from portal.api.answers import answer, body_object
from portal.api.openapi import describe, query
from portal.extensions import db
from portal.history import words

blueprint = Blueprint("api_revisions", __name__, url_prefix="/api/v1/definitions")
SEES = access.may_read_definitions
VERSIONS = (
    query("from", {"type": "integer", "minimum": 0}),
    query("to", {"type": "integer", "minimum": 0}),
)
DESIGNS = access.may_design
KEYS = {"type": "array", "items": {"type": "string"}}
PURGE = {
    "type": "object",
    "properties": {"keys": KEYS, "confirm": KEYS, "comment": {"type": "string", "minLength": 1}},
    "required": ["keys", "confirm", "comment"],
}
HIDDEN = {
    "type": "object",
    "properties": {
        "count": {"type": "integer"},
        "ids": KEYS,
        "result": {"type": "array", "items": {"type": "object"}},
    },
}
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
    designing = request.path.endswith(("/hidden", "/purge"))
    if not (DESIGNS if designing else SEES)(current_actor()):
        abort(404)


@blueprint.get("/hidden")
@describe(result=HIDDEN, visible=DESIGNS)
def hidden() -> Response:
    """What is stored out of sight: fields and definitions that are gone, and the recycle bin."""
    found = [_hidden(one) for one in purging.hidden(db.session(), catalogs.current())]
    return answer({"count": len(found), "ids": [one["key"] for one in found], "result": found})


@blueprint.post("/purge")
@describe(body=PURGE, result=HIDDEN, visible=DESIGNS)
def purge() -> Response:
    """Delete for good what `keys` name, all or nothing; `confirm` names each once more. This can't be undone."""
    body, actor = body_object(), current_actor()
    keys, confirm = (_texts(body, word) for word in ("keys", "confirm"))
    comment = body.get("comment")
    if not isinstance(comment, str) or not comment.strip():
        raise Invalid("Say why, in a sentence; it is kept in the history.", field="comment")
    done = units.publish(
        lambda s, c: purging.purge(
            s, c, keys, actor=actor, now=units.utcnow(), comment=comment.strip(), confirm=confirm
        )
    )
    result = [_hidden(one) for one in done]
    return answer({"count": len(result), "ids": [one["key"] for one in result], "result": result})


def _texts(body: dict[str, Any], key: str) -> list[str]:
    given = body.get(key, [])
    if not isinstance(given, list) or not all(isinstance(v, str) for v in given):
        raise Invalid("A list of names is expected here.", field=key)
    return given


def _hidden(one: purging.Hidden) -> dict[str, Any]:
    told = {word: getattr(one, word) for word in ("key", "kind", "definition", "title", "field", "since", "count")}
    return {**told, "examples": list(one.examples)}


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
