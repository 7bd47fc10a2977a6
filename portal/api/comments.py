"""REST for comments on records: the same services and words as the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, abort, request, url_for
from sqlalchemy.orm import Session

from metadata import access
from metadata.catalog import Catalog
from metadata.errors import Invalid
from portal import catalogs, units
from portal.access import current_actor
from portal.api.answers import answer, body_object, if_match
from portal.api.openapi import describe, query
from portal.extensions import db
from portal.views.comments import actor_of
from workflows import comments
from workflows.comments import ActorOf, Comment, Written

blueprint = Blueprint("api_comments", __name__, url_prefix="/api/v1/comments")
TEXT = {"type": "string"}
MOMENT = {"type": ["string", "null"], "format": "date-time"}
BODY = {"type": "object", "properties": {"text": {**TEXT, "maxLength": comments.LONGEST}}, "required": ["text"]}
NEW = {
    "type": "object",
    "properties": {"definition": TEXT, "record": {"type": "integer"}, **BODY["properties"]},
    "required": ["definition", "record", "text"],
}
COMMENT = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "_version": {"type": "integer"},
        "definition": TEXT,
        "record": {"type": "integer"},
        "author": TEXT,
        "at": MOMENT,
        "text": TEXT,
        "mentions": {"type": "array", "items": TEXT, "description": "accounts that were told"},
        "edited_at": MOMENT,
        "removed_at": MOMENT,
        "earlier": {"type": "array", "items": {"type": "object", "properties": {"until": MOMENT, "text": TEXT}}},
        "url": TEXT,
    },
}
ONE = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "result": COMMENT,
        "not_told": {"type": "array", "items": TEXT, "description": "names of nobody who may see the record"},
    },
}
MANY = {
    "type": "object",
    "properties": {"count": {"type": "integer"}, "result": {"type": "array", "items": COMMENT}},
}
DONE = {"type": "object", "properties": {"message": TEXT}}


@blueprint.get("/")
@describe(result=MANY, parameters=(query("definition", TEXT), query("record", {"type": "integer"})))
def list_comments() -> Response:
    """The comments of one record, the oldest first: `?definition=employee&record=5`."""
    name, record_id = request.args.get("definition", ""), request.args.get("record", type=int)
    if not name and record_id is None:
        return answer({"count": 0, "ids": [], "result": []})
    found = comments.on_record(db.session(), _catalog(name), current_actor(), name, record_id or 0)
    return answer({"count": len(found), "ids": [c.id for c in found], "result": [_json(c) for c in found]})


@blueprint.post("/")
@describe(body=NEW, result=ONE, status=201)
def write() -> Response:
    """Say something about a record; `@account` tells somebody who may see it too."""
    body, actor, now = body_object(), current_actor(), units.utcnow()
    name, record_id = str(body.get("definition", "")), body.get("record")
    _catalog(name)
    if type(record_id) is not int:
        raise Invalid("A whole number is expected here.", field="record")
    text = _text(body)

    def work(session: Session, catalog: Catalog, who: ActorOf) -> Written:
        return comments.write(session, catalog, actor, name, record_id, text, now=now, actor_of=who)

    return _written(work, 201)


@blueprint.get("/<int:comment_id>")
@describe(result=ONE)
def show(comment_id: int) -> Response:
    """One comment, with what it said before."""
    return _one(comment_id)


@blueprint.route("/<int:comment_id>", methods=["PUT", "PATCH"])
@describe(body=BODY, result=ONE)
def change(comment_id: int) -> Response:
    """Say it in other words; only its author may."""
    text, actor, now, version = _text(body_object()), current_actor(), units.utcnow(), if_match()

    def work(session: Session, catalog: Catalog, who: ActorOf) -> Written:
        return comments.change(session, catalog, actor, comment_id, text, now=now, actor_of=who, version=version)

    return _written(work, 200)


@blueprint.delete("/<int:comment_id>")
@describe(result=DONE)
def remove(comment_id: int) -> Response:
    """Take a comment back; only its author may."""
    actor, now = current_actor(), units.utcnow()
    units.write(lambda session, catalog: comments.remove(session, catalog, actor, comment_id, now=now))
    return answer({"message": "OK"})


def _catalog(name: str) -> Catalog:
    catalog = catalogs.current()
    if name not in catalog or not catalog[name].definition.stores_records:
        abort(404)
    if not access.may(current_actor(), catalog[name], "show"):
        abort(404)
    return catalog


def _text(body: dict[str, Any]) -> str:
    text = body.get("text")
    if not isinstance(text, str):
        raise Invalid("A text is expected here.", field="text")
    return text


def _written(work: Callable[[Session, Catalog, ActorOf], Written], status: int) -> Response:
    done = units.write(lambda session, catalog: work(session, catalog, actor_of(session, catalog)))
    return _one(done.id, status, not_told=list(done.untold))


def _one(comment_id: int, status: int = 200, **more: Any) -> Response:
    comment = comments.find(db.session(), catalogs.current(), current_actor(), comment_id)
    response = answer({"id": comment.id, "result": _json(comment), **more}, status)
    response.headers["ETag"] = f'"{comment.version}"'
    return response


def _json(comment: Comment) -> dict[str, Any]:
    name, record_id = comment.definition, comment.record_id
    return {
        "id": comment.id,
        "_version": comment.version,
        "definition": name,
        "record": record_id,
        "author": comment.author,
        "at": comment.at,
        "text": comment.text,
        "mentions": list(comment.mentions),
        "edited_at": comment.edited_at,
        "removed_at": comment.removed_at,
        "earlier": [{"until": until, "text": text} for until, text in comment.earlier],
        "url": url_for(
            "records.show", definition=name, record_id=record_id, tab="comments", _anchor=f"comment-{comment.id}"
        ),
    }
