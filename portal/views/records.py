"""One blueprint for the pages of every definition: show, add, edit, remove, recycle bin; lists.py adds the lists.

Each request takes the catalog in force, so a definition published a moment ago is served by its next
click. Order in every view: definition → record door → answer; there is no rule in here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flask import Blueprint, Response, abort, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from metadata import access, records, validation
from metadata.catalog import Entity
from metadata.errors import Conflict, Invalid, StaleVersion
from metadata.model import Field
from metadata.records import Outlook, Record
from portal import catalogs, units
from portal.access import current_actor, language
from portal.accounts import rules
from portal.entry import uploads
from portal.errors import wording
from portal.extensions import db
from portal.views import forms, previews, story, tabs, then
from portal.views.base import view_of

blueprint = Blueprint("records", __name__, url_prefix="/records")
# What rooms add to a record's page: (words, address) for an entity and a record, or nothing. Filled by portal.app.
LINKS: list[Callable[[Entity, Record], tuple[str, str] | None]] = []
# What was said about a record, for its tab. Filled by portal.app, because that room adds its routes to this blueprint.
SAID: list[Callable[[Entity, int], list[Any]]] = []


@blueprint.before_request
def _known_only() -> Any:
    if not current_user.is_authenticated:
        return redirect(url_for("AuthDBView.login", next=request.full_path))
    return None


def entity_for(definition: str, action: str) -> Entity:
    """The definition, if it stores records and this person may do `action` with some; else there is nothing here."""
    catalog = catalogs.current()
    if definition not in catalog or not catalog[definition].definition.stores_records:
        abort(404)
    entity = catalog[definition]
    if not access.may(current_actor(), entity, action):
        abort(404)
    view_of(entity)
    return entity


@blueprint.get("/<definition>/show/<int:record_id>")
def show(definition: str, record_id: int) -> Any:
    """One record with its history; with `on`, as it was on that day."""
    entity = entity_for(definition, "show")
    if request.args.get("on"):
        return then.show(entity, record_id)
    actor, catalog, session = current_actor(), catalogs.current(), db.session()
    record = records.find(
        session, catalog, definition, actor, record_id, language=language(), removed=access.may(actor, entity, "remove")
    )
    tab = request.args.get("tab", tabs.DETAILS)
    known = tab in (tabs.DETAILS, tabs.COMMENTS)
    details = tab == tabs.DETAILS
    entries = records.history(session, catalog, definition, actor, record_id, limit=50) if details else []
    visible = [f for f in entity.definition.fields.values() if f.name in record.values]
    return render_template(
        "records/show.html",
        entity=entity,
        record=record,
        story=story.told(entity, entries, actor),
        opens=[n for n in catalog if access.may(actor, catalog[n], "show")],
        visible=visible,
        previews=previews.of(visible, record),
        title=forms.label(entity, record),
        tab=tab,
        tabs=tabs.tabs(entity, record_id, actor, tab),
        related=None if known else tabs.related(entity, record, actor, tab),
        said=SAID[0](entity, record_id) if tab == tabs.COMMENTS and SAID else [],
        links=[found for link in LINKS if (found := link(entity, record)) is not None],
        **may(entity),
    )


@blueprint.route("/<definition>/add", methods=["GET", "POST"])
def add(definition: str) -> Any:
    """The empty form, or the new record."""
    entity = entity_for(definition, "add")
    actor = current_actor()
    fields = access.writable_somewhere(actor, entity, "add")
    if request.method == "GET":
        start = forms.texts(entity, validation.defaults(entity.definition))
        return _form(entity, None, fields, {**start, **request.args.to_dict()})
    typed, zone = forms.typed(fields, request.form), forms.zone()
    refused = uploads.take(fields, typed)
    try:
        uploads.refuse(refused)
        made = units.write(
            lambda session, catalog: records.create(
                session, catalog, definition, actor, typed, now=units.utcnow(), form="text", zone=zone
            )
        )
    except Invalid as error:
        return _form(entity, None, fields, typed, error), 422
    flash(_("The record was added."), "success")
    return redirect(_next(made.id) or url_for("records.show", definition=definition, record_id=made.id))


def _next(record_id: int) -> str | None:
    """Where the page that led here wants to go on with the new record: a path of ours with `:id` in it."""
    path = request.args.get("_next", "")
    ours = path.startswith("/") and not path.startswith(("//", "/\\"))
    return path.replace(":id", str(record_id)) if ours else None


@blueprint.route("/<definition>/edit/<int:record_id>", methods=["GET", "POST"])
def edit(definition: str, record_id: int) -> Any:
    """The filled form, or the change; a stale change shows both versions."""
    entity = entity_for(definition, "edit")
    actor = current_actor()
    fields = records.settable(db.session(), catalogs.current(), definition, actor, record_id)
    if request.method == "GET":
        record = _editable(definition, record_id)
        return _form(entity, record, fields, forms.texts(entity, record.values))
    typed = forms.typed(fields, request.form)
    refused = uploads.take(fields, typed)
    version, zone = request.form.get("_version", type=int), forms.zone()
    try:
        uploads.refuse(refused)
        units.write(
            lambda session, catalog: records.change(
                session,
                catalog,
                definition,
                actor,
                record_id,
                typed,
                now=units.utcnow(),
                version=version,
                form="text",
                zone=zone,
            )
        )
    except (Invalid, StaleVersion) as error:
        record = _editable(definition, record_id)
        return _form(entity, record, fields, typed, error), 412 if isinstance(error, StaleVersion) else 422
    flash(_("The change was saved."), "success")
    return redirect(url_for("records.show", definition=definition, record_id=record_id))


@blueprint.post("/<definition>/form", defaults={"record_id": None})
@blueprint.post("/<definition>/form/<int:record_id>")
def form_state(definition: str, record_id: int | None) -> Response:
    """What the form asks for with the values as they stand, and what is wrong with them so far; nothing is saved."""
    action = "edit" if record_id else "add"
    entity, actor = entity_for(definition, action), current_actor()
    record = _editable(definition, record_id) if record_id else None
    fields = (
        records.settable(db.session(), catalogs.current(), definition, actor, record_id)
        if record_id
        else access.writable_somewhere(actor, entity, action)
    )
    return jsonify(forms.state(entity, fields, _outlook(entity, record, fields, forms.typed(fields, request.form))))


def _editable(definition: str, record_id: int) -> Record:
    actor = current_actor()
    return records.find(
        db.session(), catalogs.current(), definition, actor, record_id, action="edit", language=language()
    )


def _outlook(entity: Entity, record: Record | None, fields: Iterable[Field], texts: Mapping[str, str]) -> Outlook:
    session, catalog, actor = db.session(), catalogs.current(), current_actor()
    typed = {f.name: texts[f.name] for f in fields if f.name in texts}
    return records.rehearse(session, catalog, entity.name, actor, typed, record=record, form="text", zone=forms.zone())


def _form(entity: Entity, record: Any, fields: Any, typed: Any, error: Any = None) -> str:
    stale = isinstance(error, StaleVersion)
    outlook = _outlook(entity, record, fields, typed)
    shown = [*fields, *(entity.definition.fields[name] for name in outlook.computed)]
    view = forms.view(entity, record, shown, typed, error, outlook)
    message = wording(error.message, error.params) if error else ""
    return render_template("records/form.html", entity=entity, record=record, form=view, message=message, stale=stale)


@blueprint.post("/<definition>/delete/<int:record_id>")
def delete(definition: str, record_id: int) -> Any:
    """Into the recycle bin."""
    entity_for(definition, "remove")
    actor = current_actor()
    try:
        units.write(lambda s, c: records.remove(s, c, definition, actor, record_id, now=units.utcnow()))
    except Conflict as error:
        flash(wording(error.message, error.params), "danger")
        return redirect(url_for("records.show", definition=definition, record_id=record_id))
    flash(_("The record is in the recycle bin."), "success")
    return redirect(url_for("records.list_page", definition=definition))


@blueprint.post("/<definition>/restore/<int:record_id>")
def restore(definition: str, record_id: int) -> Any:
    """Out of the recycle bin."""
    entity_for(definition, "remove")
    actor = current_actor()
    try:
        units.write(lambda s, c: records.restore(s, c, definition, actor, record_id, now=units.utcnow()))
    except Invalid as error:
        flash(" ".join(p.text for p in error.problems), "danger")
        return redirect(url_for("records.list_page", definition=definition, removed=1))
    flash(_("The record is back."), "success")
    return redirect(url_for("records.show", definition=definition, record_id=record_id))


def may(entity: Entity) -> dict[str, bool]:
    """What this person may do, for the template's buttons."""
    actor = current_actor()
    allowed = {f"may_{action}": access.may(actor, entity, action) for action in ("add", "edit", "remove", "export")}
    return {**allowed, "may_design": access.may_design(actor), "may_manage": rules.may_manage(actor)}
