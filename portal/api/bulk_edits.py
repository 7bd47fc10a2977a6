"""One field of many records changed by a program: tried out, done at once or as a job, looked at, and undone.

On the blueprint of records.py, with the services of the list page's “Change many” (workflows/bulk_edits.py), so both
see and do the same. Which records: those named in `ids`, or with `all` those that answer the question in the address.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Response, abort, request, url_for

from metadata import access
from metadata.catalog import Entity
from metadata.errors import Invalid, Problem
from metadata.records import FieldEdit, Query
from portal import units
from portal.access import current_actor, language
from portal.api.answers import answer, body_object
from portal.api.records import blueprint, entity_called
from portal.errors import worded
from portal.extensions import db
from portal.views import question
from workflows import bulk_edits
from workflows.bulk_edits import CHANGED, KEPT, REFUSED, SAME, UNDONE, WAITING, BulkEdit, Preview, Selection

MOST_NAMED = 1000
LISTED = 1000
WORDS = ("field", "operation", "value", "ids", "all", "dry_run")
WHICH = "Name the records in “ids”, or say “all” for those that answer the question in the address."


@blueprint.get("/<definition>/_edits")
def edits(definition: str) -> Response:
    """Your last changes of many records of this list."""
    entity = _entity(definition)
    found = bulk_edits.latest(db.session(), current_actor(), definition)
    shown = [_told(entity, edit) for edit in found if _may_see(entity, edit)]
    return answer({"count": len(shown), "result": shown})


@blueprint.post("/<definition>/_edits")
def make_edit(definition: str) -> Response:
    """Change one field of many records; with `dry_run` only say what that would do."""
    entity, body, actor, now = _entity(definition), body_object(), current_actor(), units.utcnow()
    unknown = [Problem(f"/{n}", "There is no field called “%(name)s”.", {"name": n}) for n in body if n not in WORDS]
    if unknown:
        raise Invalid("The change can't be read.", problems=unknown)
    chosen, edit = _selection(entity, body), _edit(entity, body)
    if _flag(body, "dry_run"):
        seen = units.write(lambda s, c: bulk_edits.preview(s, c, actor, definition, chosen, edit, now))
        return answer({"dry_run": True, **_previewed(seen)})
    made = units.write(lambda s, c: bulk_edits.start(s, c, actor, definition, chosen, edit, now))
    return _one(entity, made, 201)


@blueprint.get("/<definition>/_edits/<int:edit_id>")
def show_edit(definition: str, edit_id: int) -> Response:
    """What became of a change: counts, the job where one does it, and records with their values before and after."""
    return _one(_entity(definition), edit_id)


@blueprint.post("/<definition>/_edits/<int:edit_id>/undo")
def undo_edit(definition: str, edit_id: int) -> Response:
    """Give the records their former values back; those that somebody changed since keep what they have."""
    entity, actor = _entity(definition), current_actor()
    _found(entity, edit_id)
    units.write(lambda s, c: bulk_edits.undo(s, c, actor, edit_id, units.utcnow()))
    return _one(entity, edit_id)


def _entity(definition: str) -> Entity:
    """The definition, for those who may edit its records; for others there is nothing here."""
    entity = entity_called(definition, "edit")
    if not access.may(current_actor(), entity, "edit"):
        abort(404)
    return entity


def _selection(entity: Entity, body: Mapping[str, Any]) -> Selection:
    asked = question.read(entity, request.args, language()).query
    named, every = body.get("ids"), _flag(body, "all")
    if every == (named is not None):
        raise Invalid(WHICH, field="ids")
    if every:
        return Selection(asked)
    if not isinstance(named, list) or not all(type(one) is int for one in named):
        raise Invalid("A list of the ids of records is expected here.", field="ids")
    if len(named) > MOST_NAMED:
        raise Invalid("At most %(limit)s entries are possible here.", params={"limit": MOST_NAMED}, field="ids")
    return Selection(Query(), tuple(named))


def _edit(entity: Entity, body: Mapping[str, Any]) -> FieldEdit:
    name, operation = body.get("field"), body.get("operation", "set")
    wrong = [key for key, given in (("field", name), ("operation", operation)) if not isinstance(given, str)]
    if wrong:
        raise Invalid("Text is expected here.", field=wrong[0])
    return bulk_edits.read_edit(entity, current_actor(), str(name), str(operation), body.get("value"))


def _flag(body: Mapping[str, Any], name: str) -> bool:
    given = body.get(name, False)
    if not isinstance(given, bool):
        raise Invalid("True or false is expected here.", field=name)
    return given


def _found(entity: Entity, edit_id: int) -> BulkEdit:
    edit = bulk_edits.find(db.session(), current_actor(), edit_id)
    if edit.definition != entity.name or not _may_see(entity, edit):
        abort(404)
    return edit


def _may_see(entity: Entity, edit: BulkEdit) -> bool:
    return edit.field(entity) in access.readable_somewhere(current_actor(), entity, "edit")


def _one(entity: Entity, edit_id: int, status: int = 200) -> Response:
    """The change with what became of its records; 202 while a job is at it."""
    edit = _found(entity, edit_id)
    items = bulk_edits.items(db.session(), edit_id, (CHANGED, UNDONE, REFUSED, KEPT), LISTED)
    records = [
        {"id": i.record_id, "state": i.state, "before": i.before, "after": i.after, "problems": _worded(i.problems)}
        for i in items
    ]
    made = answer(
        {"id": edit.id, "result": {**_told(entity, edit), "records": records}}, 202 if edit.waiting else status
    )
    made.headers["Location"] = url_for("api_records.show_edit", definition=entity.name, edit_id=edit_id)
    return made


def _told(entity: Entity, edit: BulkEdit) -> dict[str, Any]:
    field = edit.field(entity)
    return {
        "id": edit.id,
        "field": field.name if field else None,
        "operation": edit.operation,
        "value": edit.value,
        "made_by": edit.account,
        "made_at": edit.at,
        "undone_at": edit.undone_at,
        "job": edit.job_id,
        "may_be_undone": edit.may_be_undone and edit.account == current_actor().username,
        "counts": {state: edit.counts.get(state, 0) for state in (WAITING, CHANGED, SAME, REFUSED, UNDONE, KEPT)},
    }


def _previewed(seen: Preview) -> dict[str, Any]:
    edited = seen.edited
    return {
        "total": seen.total,
        "looked_at": seen.looked_at,
        "counts": {CHANGED: len(edited.changed), SAME: len(edited.unchanged), REFUSED: len(edited.refused)},
        "changed": [{"id": c.id, "before": c.before, "after": c.after} for c in edited.changed],
        "refused": [{"id": i, "problems": _worded(found)} for i, found in edited.refused.items()],
    }


def _worded(problems: Iterable[Problem]) -> list[dict[str, str]]:
    return [{"pointer": p.pointer, "message": worded(p)} for p in problems]
