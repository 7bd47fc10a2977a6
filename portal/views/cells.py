"""One cell of a list changed where it stands: the cell asks for the value, the row comes back as it is then.

On the blueprint of records.py; used by the list when it is being edited, through HTMX. What is wrong is said at the
cell, with what was typed; who was slower than somebody else sees both values. Who may change which cell is decided by
the door.
"""

from __future__ import annotations

from typing import Any

from flask import Response, abort, make_response, render_template, request

from metadata import access, records
from metadata.catalog import Entity
from metadata.errors import Invalid, NotAllowed, ProductError, StaleVersion
from metadata.model import Field
from metadata.records import Record
from portal import catalogs, units
from portal.access import current_actor, language
from portal.errors import wording
from portal.extensions import db
from portal.views import forms
from portal.views.records import blueprint, entity_for


@blueprint.get("/<definition>/cell/<int:record_id>/<field>")
def cell(definition: str, record_id: int, field: str) -> str:
    """The cell with its input; with `shown` as it stands in the list."""
    entity, item = _field(definition, record_id, field)
    record = _found(entity, record_id)
    if request.args.get("shown"):
        return render_template("records/_cell.html", entity=entity, field=item, record=record, first=False)
    return _asked(entity, item, record, forms.texts(entity, record.values))


@blueprint.post("/<definition>/cell/<int:record_id>/<field>")
def change_cell(definition: str, record_id: int, field: str) -> Response:
    """Change the value; the whole row comes back, because other cells may follow from it."""
    entity, item = _field(definition, record_id, field)
    actor, zone, typed = current_actor(), forms.zone(), forms.typed([item], request.form)
    version, now = request.form.get("_version", type=int), units.utcnow()
    try:
        units.write(
            lambda session, catalog: records.change(
                session, catalog, definition, actor, record_id, typed, now=now, version=version, form="text", zone=zone
            )
        )
    except (Invalid, StaleVersion, NotAllowed) as error:
        html = _asked(entity, item, _found(entity, record_id), typed, error)
        return make_response(html, 412 if isinstance(error, StaleVersion) else 422)
    response = make_response(_row(entity, record_id))
    response.headers["HX-Retarget"], response.headers["HX-Reswap"] = f"#row-{record_id}", "outerHTML"
    return response


def editable(entity: Entity) -> frozenset[str]:
    """The fields that this person may change in a list: those of the form that are theirs to set."""
    free = {f.name for f in access.writable_somewhere(current_actor(), entity, "edit")}
    on_form = [name for section in entity.definition.screen.sections for name in section.fields]
    fields = entity.definition.fields
    return frozenset(n for n in on_form if n in free and not fields[n].rows and fields[n].type != "attachment")


def _field(definition: str, record_id: int, name: str) -> tuple[Entity, Field]:
    entity = entity_for(definition, "edit")
    free = records.settable(db.session(), catalogs.current(), definition, current_actor(), record_id)
    if name not in editable(entity) or name not in {f.name for f in free}:
        abort(404)
    return entity, entity.definition.fields[name]


def _found(entity: Entity, record_id: int) -> Record:
    actor, catalog = current_actor(), catalogs.current()
    return records.find(db.session(), catalog, entity.name, actor, record_id, action="edit", language=language())


def _asked(entity: Entity, item: Field, record: Record, typed: Any, error: ProductError | None = None) -> str:
    outlook = records.rehearse(
        db.session(),
        catalogs.current(),
        entity.name,
        current_actor(),
        typed,
        record=record,
        form="text",
        zone=forms.zone(),
    )
    view = forms.view(entity, record, [item], typed, error, outlook)
    asked = next(found for section in view.sections for found in section.inputs)
    others = view.problems if error else ()
    stale = isinstance(error, StaleVersion)
    message = wording(error.message, error.params) if error and (stale or not error.problems) else ""
    return render_template(
        "records/_cell_input.html",
        entity=entity,
        record=record,
        input=asked,
        field=item,
        stale=stale,
        message=" ".join([message, *others]).strip(),
    )


def _row(entity: Entity, record_id: int) -> str:
    """The record's row with the columns that the page shows, as its reader sees it in the list."""
    actor, catalog = current_actor(), catalogs.current()
    query = records.Query(
        filters=(records.Filter("id", "eq", record_id),),
        columns=tuple(c for c in request.form.get("columns", "").split(",") if c) or entity.definition.screen.list,
        language=language(),
    )
    page = records.select(db.session(), catalog, entity.name, actor, query, counted=False)
    if not page.rows:  # it may be changed and not listed, or not any more
        return ""
    return render_template(
        "records/_edit_row.html",
        entity=entity,
        record=page.rows[0],
        page_of=page,
        free=editable(entity),
        hands=records.in_hand(db.session(), catalog, entity.name, actor, [record_id]),
    )
