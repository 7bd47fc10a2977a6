"""Many records changed at once, on pages: choose what happens → see what it would do → do it → undo it.

On the blueprint of records.py. Which records are meant stands in the address: the chosen ones, or the list's question.
Everything is done by workflows/bulk_edits.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict

from metadata import access, records
from metadata.catalog import Entity
from metadata.errors import Conflict, Invalid, NotAllowed, ProductError
from metadata.model import Field
from metadata.records import Entry, FieldEdit
from portal import catalogs, units
from portal.access import current_actor, language
from portal.errors import worded, wording
from portal.extensions import db
from portal.views import forms, question, story
from portal.views.cells import editable
from portal.views.records import blueprint, entity_for
from workflows import bulk_edits
from workflows import jobs as all_jobs
from workflows.bulk_edits import CHANGED, EXAMPLES, KEPT, REFUSED, UNDONE, BulkEdit, Preview, Selection

LISTED = 50
MOST_CHOSEN = 1000


@blueprint.get("/<definition>/bulk")
def bulk(definition: str) -> Any:
    """What shall happen to the records that were chosen, or to all that answer the question."""
    entity = entity_for(definition, "edit")
    return _page(entity, request.args)


@blueprint.post("/<definition>/bulk")
def bulk_change(definition: str) -> Any:
    """Show what the change would do; with `do` do it."""
    entity, actor, given = entity_for(definition, "edit"), current_actor(), request.form
    chosen, now = _selection(entity, given), units.utcnow()
    try:
        edit = _edit(entity, given)
        if given.get("do"):
            made = units.write(lambda s, c: bulk_edits.start(s, c, actor, definition, chosen, edit, now))
            return redirect(url_for("records.bulk_result", definition=definition, edit_id=made), 303)
        seen = units.write(lambda s, c: bulk_edits.preview(s, c, actor, definition, chosen, edit, now))
    except Invalid as error:
        return _page(entity, given, error=error), 422
    return _page(entity, given, preview=seen, edit=edit)


@blueprint.get("/<definition>/bulk/<int:edit_id>")
def bulk_result(definition: str, edit_id: int) -> str:
    """What became of it; while it is being done, how far it is."""
    entity, actor, session = entity_for(definition, "edit"), current_actor(), db.session()
    edit = bulk_edits.find(session, actor, edit_id)
    field = edit.field(entity)
    if edit.definition != definition or field is None or field not in access.readable_somewhere(actor, entity, "edit"):
        abort(404)
    job = all_jobs.load(session, edit.job_id) if edit.job_id and edit.waiting else None
    problems = bulk_edits.items(session, edit_id, (REFUSED, KEPT), LISTED)
    examples = bulk_edits.items(session, edit_id, (CHANGED, UNDONE), EXAMPLES)
    names = _names(entity, [item.record_id for item in (*problems, *examples)])
    template = "records/_bulk_result.html" if request.headers.get("HX-Request") else "records/bulk_result.html"
    return render_template(
        template,
        entity=entity,
        edit=edit,
        field=field,
        job=job,
        mine=edit.account == actor.username,
        examples=_examples(entity, field, [(i.record_id, i.before, i.after) for i in examples], names),
        problems=[(i.record_id, names.get(i.record_id, ""), [worded(p) for p in i.problems]) for i in problems],
    )


@blueprint.post("/<definition>/bulk/<int:edit_id>/undo")
def bulk_undo(definition: str, edit_id: int) -> Any:
    """Give the records their former values back."""
    entity_for(definition, "edit")
    actor = current_actor()
    try:
        units.write(lambda s, c: bulk_edits.undo(s, c, actor, edit_id, units.utcnow()))
    except (Conflict, NotAllowed) as error:
        flash(wording(error.message, error.params), "warning")
    return redirect(url_for("records.bulk_result", definition=definition, edit_id=edit_id), 303)


def _selection(entity: Entity, given: MultiDict[str, str]) -> Selection:
    asked = question.read(entity, MultiDict(parse_qsl(given.get("question", ""))), language()).query
    if given.get("all"):
        return Selection(asked)
    chosen = [int(text) for text in given.getlist("ids") if text.isdecimal() and len(text) < 16]
    return Selection(asked, tuple(chosen[:MOST_CHOSEN]))


def _edit(entity: Entity, given: MultiDict[str, str]) -> FieldEdit:
    name, operation = given.get("field", ""), given.get("operation", "set")
    item = entity.definition.fields.get(name)
    if item is None or name not in editable(entity):
        raise Invalid(bulk_edits.LOCKED, field="field")
    raw = given.get("amount", "") if operation == "add" and not item.many else forms.typed([item], given).get(name, "")
    return bulk_edits.read_edit(entity, current_actor(), name, operation, raw, "text", forms.zone())


def _page(
    entity: Entity,
    given: MultiDict[str, str],
    *,
    preview: Preview | None = None,
    edit: FieldEdit | None = None,
    error: ProductError | None = None,
) -> str:
    actor, catalog, session = current_actor(), catalogs.current(), db.session()
    chosen = _selection(entity, given)
    item = entity.definition.fields.get(given.get("field", ""))
    item = item if item and item.name in editable(entity) else None
    problems = [worded(p) for p in error.problems if p.field_name != (item.name if item else "")] if error else []
    return render_template(
        "records/bulk.html",
        entity=entity,
        given=given,
        ids=chosen.ids,
        total=preview.total if preview else records.count(session, catalog, entity.name, actor, chosen.asked),
        fields=[f for f in entity.definition.fields.values() if f.name in editable(entity)],
        field=item,
        addable=item is not None and records.addable(item),
        input=_input(item, given, error) if item else None,
        problems=problems,
        preview=preview,
        edit=edit,
        told=_told(entity, item, preview) if preview and item else None,
        earlier=bulk_edits.latest(session, actor, entity.name),
        field_of=lambda done: _title(entity, done),
    )


def _title(entity: Entity, done: BulkEdit) -> str:
    field = done.field(entity)
    return field.title(language()) if field and field.name in editable(entity) else ""


def _input(item: Field, given: MultiDict[str, str], error: ProductError | None) -> Any:
    """The value's input, as the form has it."""
    typed = forms.typed([item], given) if given.get("operation") else {}
    return forms.lone(item, typed, error)


def _told(entity: Entity, item: Field, preview: Preview) -> dict[str, Any]:
    """The preview in words."""
    refused = dict(list(preview.edited.refused.items())[:LISTED])
    some = preview.edited.changed[:EXAMPLES]
    names = _names(entity, [*refused, *(c.id for c in some)])
    return {
        "examples": _examples(entity, item, [(c.id, c.before, c.after) for c in some], names),
        "refused": [(i, names.get(i, ""), [worded(p) for p in found]) for i, found in refused.items()],
    }


def _names(entity: Entity, ids: Sequence[int]) -> dict[int, str]:
    """What the reader calls these records; those that are not theirs to list stay numbers."""
    if not ids:
        return {}
    session, catalog, actor = db.session(), catalogs.current(), current_actor()
    return dict(records.pick(session, catalog, entity.name, actor, ids=ids, limit=len(ids), language=language()))


def _examples(
    entity: Entity, field: Field, changes: Sequence[tuple[int, Any, Any]], names: dict[int, str]
) -> list[Any]:
    """(id, name, before, after), in words as the history has them."""
    now = units.utcnow()
    entries = [
        Entry(now, "", "change", 0, 0, {field.name: before}, {field.name: after}) for _i, before, after in changes
    ]
    told = story.told(entity, entries, current_actor())
    return [
        (record_id, names.get(record_id, f"#{record_id}"), lines[0][1], lines[0][2])
        for (record_id, _b, _a), (_entry, lines) in zip(changes, told, strict=True)
    ]
