"""REST for definitions: list, show, draft, check, preview, publish, history, rollback.

The same services and the same rules as the designer: `metadata.drafts` and `metadata.publish`. Whoever may
neither design nor audit is told 404 for all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from flask import Blueprint, Response, abort, request

from metadata import access, dialect, drafts, publish, versions
from metadata.changes import Change, Conversion
from metadata.dependents import Dependent
from metadata.drafts import Draft
from metadata.errors import Conflict, Invalid, NotFound, Problem
from metadata.leftovers import leftovers
from metadata.parser import thawed
from portal import catalogs, units
from portal.access import current_actor, language
from portal.api.answers import answer, body_object, if_match
from portal.api.openapi import describe, query
from portal.designer import plans
from portal.errors import problem_json, worded, wording
from portal.extensions import db

MOST_LEFT = 1000
blueprint = Blueprint("api_definitions", __name__, url_prefix="/api/v1/definitions")
SEES, DESIGNS = access.may_read_definitions, access.may_design
ANY = {"type": "object"}
DOCUMENTS = {"type": "array", "items": ANY, "description": "Definitions as JSON Schema documents."}
REVISIONS = {
    "type": "object",
    "additionalProperties": {"type": "integer"},
    "description": "Drafts by name, each with the revision that was looked at.",
}
WHAT = {"documents": DOCUMENTS, "drafts": REVISIONS, "confirm": {"type": "array", "items": {"type": "string"}}}
COMMENT = {"type": "string", "minLength": 1}
PUBLISH = {
    "type": "object",
    "properties": {**WHAT, "bases": REVISIONS, "comment": COMMENT},
    "required": ["comment"],
}
ONLY = {"type": "array", "items": {"type": "string"}, "description": "These definitions; all without it."}
ROLLBACK = {
    "type": "object",
    "properties": {"version": {"type": "integer"}, "definitions": ONLY, "comment": COMMENT},
    "required": ["version", "comment"],
}
ROLLBACK_PREVIEW = {
    "type": "object",
    "properties": {"version": {"type": "integer"}, "definitions": ONLY},
    "required": ["version"],
}
LIST = {
    "type": "object",
    "properties": {"count": {"type": "integer"}, "ids": {"type": "array"}, "result": {"type": "array", "items": ANY}},
}


@blueprint.before_request
def _readers_only() -> None:
    reading = request.method in {"GET", "HEAD"} and not request.path.endswith("/draft")
    if not (SEES if reading else DESIGNS)(current_actor()):
        abort(404)


@blueprint.get("/")
@describe(result=LIST, visible=SEES)
def list_definitions() -> Response:
    """Every definition in force, and whether there is a draft of it."""
    drafted = {draft.name for draft in drafts.listing(db.session())}
    found = [
        {
            "name": d.name,
            "kind": d.kind,
            "title": d.title(language()),
            "group": d.group,
            "fields": len(d.fields),
            "draft": d.name in drafted,
        }
        for d in catalogs.current().definitions
    ]
    version = catalogs.now_in_force().catalog
    return answer({"count": len(found), "ids": [f["name"] for f in found], "result": found, "version": version})


@blueprint.get("/history")
@describe(result=LIST, visible=SEES)
def history() -> Response:
    """Catalog versions, newest first."""
    return _history(None)


@blueprint.get("/<name>")
@describe(result=ANY, visible=SEES, parameters=(query("version", {"type": "integer"}),))
def show(name: str) -> Response:
    """The document as it is in force, or as it was in `?version=`."""
    asked = request.args.get("version", type=int)
    if asked is None:
        catalog = catalogs.current()
        document = thawed(catalog[name].definition.document) if name in catalog else None
    else:
        document = versions.documents(db.session(), asked).get(name)
    if document is None:
        raise _unknown(name)
    return answer({"id": name, "version": asked or catalogs.now_in_force().catalog, "result": document})


@blueprint.get("/<name>/history")
@describe(result=LIST, visible=SEES)
def history_of(name: str) -> Response:
    """The versions in which this definition was published, newest first."""
    return _history(name)


@blueprint.get("/<name>/leftovers/<field>")
@describe(result=LIST, visible=SEES)
def left_behind(name: str, field: str) -> Response:
    """Values that a conversion of the field left in its old column, with the reason; at most a thousand."""
    catalog, actor = catalogs.current(), current_actor()
    if name not in catalog or not plans.may_read(catalog, actor, name, field):
        raise _unknown(name)
    found = list(islice(leftovers(db.session(), catalog, name, field), MOST_LEFT))
    result = list(plans.said(found, readable=True))
    return answer({"count": len(found), "ids": [one.record_id for one in found], "result": result})


@blueprint.get("/<name>/draft")
@describe(result=ANY, visible=DESIGNS)
def show_draft(name: str) -> Response:
    """The draft, with its revision as ETag."""
    draft = drafts.load(db.session(), name)
    if draft is None:
        raise NotFound("There is no draft of “%(name)s”.", params={"name": name})
    return _draft(draft)


@blueprint.put("/<name>/draft")
@describe(body=ANY, result=ANY, visible=DESIGNS)
def save_draft(name: str) -> Response:
    """Keep the document in the body as draft; `If-Match` names the revision it was made from.

    A draft that somebody else saved since answers 412 with theirs; without If-Match there must be none yet.
    """
    document, actor, revision = body_object(), current_actor(), if_match()
    held = drafts.load(db.session(), name)
    base = held.base_version if held else catalogs.now_in_force().catalog
    try:
        saved = units.write(
            lambda session, _catalog: drafts.save(
                session,
                name=name,
                document=document,
                base_version=base,
                actor=actor,
                now=units.utcnow(),
                revision=revision,
            )
        )
    except Conflict as error:
        theirs = drafts.load(db.session(), name)
        shown = {"revision": theirs.revision, "author": theirs.author, "document": theirs.document} if theirs else None
        return problem_json(412, wording(error.message, error.params), error.problems, theirs=shown)
    return _draft(saved)


@blueprint.delete("/<name>/draft")
@describe(result=ANY, visible=DESIGNS)
def discard_draft(name: str) -> Response:
    """Forget the draft."""
    revision = if_match()
    units.write(lambda session, _catalog: drafts.discard(session, name, revision))
    return answer({"message": "OK"})


@blueprint.post("/check")
@describe(body={"type": "object", "properties": {"documents": DOCUMENTS}}, result=ANY, visible=DESIGNS)
def check() -> Response:
    """Whether documents are definitions: every problem with its pointer; nothing is changed."""
    found = dialect.check(_documents(body_object()), catalogs.current())
    return answer({"result": not found, "problems": [_problem(p) for p in found]})


@blueprint.post("/preview")
@describe(body={"type": "object", "properties": WHAT}, result=ANY, visible=DESIGNS)
def preview() -> Response:
    """What publishing would do: changes with counts and examples, problems, dependents; nothing is changed."""
    body = body_object()
    given = [*_documents(body), *(d.document for d in _drafts(body))]
    seen = publish.preview(db.session(), catalogs.current(), given, _names(body, "confirm"))
    return answer(_seen(seen))


@blueprint.post("/publish")
@describe(body=PUBLISH, result=ANY, visible=DESIGNS)
def publish_now() -> Response:
    """Publish documents or drafts, all or nothing."""
    body, actor = body_object(), current_actor()
    documents, comment, confirm = _documents(body), _comment(body), _names(body, "confirm")
    asked, bases = _numbers(body, "drafts"), _numbers(body, "bases")
    if bool(documents) == bool(asked):
        raise Invalid("Name either documents or drafts to publish.", field="documents")
    if asked:
        after = units.publish(
            lambda s, c: drafts.publish_drafts(
                s, c, asked, actor=actor, comment=comment, now=units.utcnow(), confirm=confirm
            )
        )
    else:
        after = units.publish(
            lambda s, c: publish.publish(
                s, c, documents, actor=actor, comment=comment, now=units.utcnow(), bases=bases, confirm=confirm
            )
        )
    return answer({"version": after.version})


@blueprint.post("/rollback")
@describe(body=ROLLBACK, result=ANY, visible=DESIGNS)
def roll_back() -> Response:
    """Publish all definitions, or those named, as they were in an earlier version."""
    body, actor = body_object(), current_actor()
    version, only, comment = _version(body), _names(body, "definitions"), _comment(body)
    after = units.publish(
        lambda s, c: publish.rollback(s, c, version, actor=actor, comment=comment, now=units.utcnow(), only=only)
    )
    return answer({"version": after.version})


@blueprint.post("/rollback/preview")
@describe(body=ROLLBACK_PREVIEW, result=ANY, visible=DESIGNS)
def roll_back_preview() -> Response:
    """What a rollback would do: changes with counts and examples, problems, dependents; nothing is changed."""
    body, session, catalog = body_object(), db.session(), catalogs.current()
    documents = versions.earlier(session, catalog, _version(body), _names(body, "definitions"))
    return answer(_seen(publish.preview(session, catalog, documents, [*catalog], restoring=True)))


def _version(body: Mapping[str, Any]) -> int:
    version = body.get("version")
    if not isinstance(version, int) or isinstance(version, bool):
        raise Invalid("A whole number is expected here.", field="version")
    return version


def _seen(seen: publish.Preview) -> dict[str, Any]:
    return {
        "publishable": seen.publishable,
        "changes": [_change(c) for c in seen.changes],
        "problems": [_problem(p) for p in seen.problems],
        "dependents": list(seen.dependents),
        "relies": [_relies(one) for one in seen.relies],
    }


def _relies(one: Dependent) -> dict[str, Any]:
    said = {"message": wording(one.message, one.params), "names": list(one.names)}
    return {"kind": one.kind, "definition": one.definition, "count": one.count, **said}


def _unknown(name: str) -> NotFound:
    return NotFound("There is no definition called “%(name)s”.", params={"name": name})


def _history(name: str | None) -> Response:
    rows = publish.history(db.session(), name)
    if name is not None and not rows:
        raise _unknown(name)
    found = [
        {
            **{key: row[key] for key in ("version", "author", "comment", "rolled_back_to")},
            "at": row["at"].isoformat(),
            "changes": [
                {**{k: c[k] for k in ("definition", "field", "kind")}, "message": wording(c["message"], c["params"])}
                for c in row["changes"]
            ],
        }
        for row in rows
    ]
    return answer({"count": len(found), "ids": [f["version"] for f in found], "result": found})


def _draft(draft: Draft) -> Response:
    about = {"revision": draft.revision, "base_version": draft.base_version, "author": draft.author}
    made = answer({"id": draft.name, **about, "at": draft.at.isoformat(), "result": dict(draft.document)})
    made.set_etag(str(draft.revision))
    return made


def _drafts(body: Mapping[str, Any]) -> list[Draft]:
    found = []
    for name in _numbers(body, "drafts"):
        draft = drafts.load(db.session(), name)
        if draft is None:
            raise NotFound("There is no draft of “%(name)s”.", params={"name": name})
        found.append(draft)
    return found


def _documents(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    given = body.get("documents", [])
    if not isinstance(given, list) or not all(isinstance(d, dict) for d in given):
        raise Invalid("A list of definitions is expected here.", field="documents")
    return given


def _numbers(body: Mapping[str, Any], key: str) -> dict[str, int]:
    given = body.get(key, {})
    if not isinstance(given, dict) or not all(type(v) is int for v in given.values()):
        raise Invalid("An object of names and whole numbers is expected here.", field=key)
    return given


def _names(body: Mapping[str, Any], key: str) -> list[str]:
    given = body.get(key, [])
    if not isinstance(given, list) or not all(isinstance(v, str) for v in given):
        raise Invalid("A list of names is expected here.", field=key)
    return given


def _comment(body: Mapping[str, Any]) -> str:
    given = body.get("comment")
    if not isinstance(given, str) or not given.strip():
        raise Invalid("Say why, in a sentence; it is kept in the history.", field="comment")
    return given.strip()


def _change(change: Change) -> dict[str, Any]:
    return {
        **{key: getattr(change, key) for key in ("definition", "field", "kind", "change_class", "effect", "count")},
        "examples": list(change.examples),
        "message": wording(change.message, change.params),
        "plan": None if change.plan is None else _conversion(change, change.plan),
    }


def _conversion(change: Change, plan: Conversion) -> dict[str, Any]:
    readable = plans.may_read(catalogs.current(), current_actor(), change.definition, change.field)
    counts = ("records", *plans.COUNTS)
    return {
        **{key: getattr(plan, key) for key in counts},
        "samples": list(plans.said(plan.samples, readable=readable)),
        "failing": list(plans.said(plan.failing, readable=readable)),
    }


def _problem(problem: Problem) -> dict[str, str]:
    return {"definition": problem.source, "pointer": problem.pointer, "message": worded(problem)}
