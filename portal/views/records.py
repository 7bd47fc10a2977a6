"""One blueprint for the pages of every definition: list, show, add, edit, remove, recycle bin, export.

Each request takes the catalog in force, so a definition published a moment ago is served by its next
click. Order in every view: definition → record door → answer; there is no rule in here.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    jsonify,
    redirect,
    render_template,
    request,
    send_file,
    stream_with_context,
    url_for,
)
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session

from metadata import access, records, validation
from metadata.catalog import Entity
from metadata.errors import Conflict, Invalid, StaleVersion
from metadata.model import Field
from metadata.records import Outlook, Query, Record
from portal import catalogs, units
from portal.access import current_actor, language
from portal.errors import worded, wording
from portal.extensions import db
from portal.views import filters, forms, question, story
from portal.views.base import view_of
from workflows import exporting

blueprint = Blueprint("records", __name__, url_prefix="/records")
# What rooms add to a record's page: (words, address) for an entity and a record, or nothing. Filled by portal.app.
LINKS: list[Callable[[Entity, Record], tuple[str, str] | None]] = []


@blueprint.before_request
def _known_only() -> Any:
    if not current_user.is_authenticated:
        return redirect(url_for("AuthDBView.login", next=request.full_path))
    return None


def _entity(definition: str, action: str) -> Entity:
    catalog = catalogs.current()
    if definition not in catalog or not catalog[definition].definition.stores_records:
        abort(404)
    entity = catalog[definition]
    if not access.may(current_actor(), entity, action):
        abort(404)
    view_of(entity)
    return entity


@blueprint.get("/<definition>/list/")
def list_page(definition: str) -> str | tuple[str, int]:
    """The list; a question that can't be answered says why and shows the list without it."""
    entity = _entity(definition, "list")
    asked = question.read(entity, request.args, language())
    actor, catalog, status, problems = current_actor(), catalogs.current(), 200, ()
    try:
        page = records.select(db.session(), catalog, definition, actor, asked.query)
    except Invalid as error:
        status, problems = 422, error.problems
        page = records.select(db.session(), catalog, definition, actor, Query(columns=entity.definition.screen.list))
    visible = access.readable_somewhere(actor, entity, "list")
    html = render_template(
        "records/list.html",
        entity=entity,
        page_of=page,
        asked=asked,
        visible=visible,
        filters=filters.filters(visible, entity.definition.screen.list, asked.arguments, actor),
        problems=[worded(problem) for problem in problems],
        **_may(entity),
    )
    return html if status == 200 else (html, status)


@blueprint.get("/<definition>/show/<int:record_id>")
def show(definition: str, record_id: int) -> str:
    """One record with its history."""
    entity = _entity(definition, "show")
    actor, catalog, session = current_actor(), catalogs.current(), db.session()
    record = records.find(
        session, catalog, definition, actor, record_id, language=language(), removed=access.may(actor, entity, "remove")
    )
    entries = records.history(session, catalog, definition, actor, record_id, limit=50)
    visible = [f for f in entity.definition.fields.values() if f.name in record.values]
    return render_template(
        "records/show.html",
        entity=entity,
        record=record,
        story=story.told(entity, entries, actor),
        opens=[n for n in catalog if access.may(actor, catalog[n], "show")],
        visible=visible,
        title=forms.label(entity, record),
        links=[found for link in LINKS if (found := link(entity, record)) is not None],
        **_may(entity),
    )


@blueprint.route("/<definition>/add", methods=["GET", "POST"])
def add(definition: str) -> Any:
    """The empty form, or the new record."""
    entity = _entity(definition, "add")
    actor = current_actor()
    fields = access.writable_somewhere(actor, entity, "add")
    if request.method == "GET":
        start = forms.texts(entity, validation.defaults(entity.definition))
        return _form(entity, None, fields, {**start, **request.args.to_dict()})
    typed = forms.typed(fields, request.form)
    zone = forms.zone()
    try:
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
    entity = _entity(definition, "edit")
    actor = current_actor()
    fields = records.settable(db.session(), catalogs.current(), definition, actor, record_id)
    if request.method == "GET":
        record = _editable(definition, record_id)
        return _form(entity, record, fields, forms.texts(entity, record.values))
    typed = forms.typed(fields, request.form)
    version, zone = request.form.get("_version", type=int), forms.zone()
    try:
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
    entity, actor = _entity(definition, action), current_actor()
    record = _editable(definition, record_id) if record_id else None
    fields = access.writable(actor, entity, action)
    return jsonify(forms.state(fields, _outlook(entity, record, fields, forms.typed(fields, request.form))))


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
    view = forms.view(entity, record, fields, typed, error, _outlook(entity, record, fields, typed))
    message = wording(error.message, error.params) if error else ""
    return render_template("records/form.html", entity=entity, record=record, form=view, message=message, stale=stale)


@blueprint.post("/<definition>/delete/<int:record_id>")
def delete(definition: str, record_id: int) -> Any:
    """Into the recycle bin."""
    _entity(definition, "remove")
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
    _entity(definition, "remove")
    actor = current_actor()
    try:
        units.write(lambda s, c: records.restore(s, c, definition, actor, record_id, now=units.utcnow()))
    except Invalid as error:
        flash(" ".join(p.text for p in error.problems), "danger")
        return redirect(url_for("records.list_page", definition=definition, removed=1))
    flash(_("The record is back."), "success")
    return redirect(url_for("records.show", definition=definition, record_id=record_id))


@blueprint.get("/<definition>/pick")
def pick(definition: str) -> Response:
    """Choices for a reference, as JSON for the searchable select."""
    entity = _entity(definition, "list")
    found = records.pick(
        db.session(),
        catalogs.current(),
        entity.name,
        current_actor(),
        words=request.args.get("q", ""),
        language=language(),
    )
    return jsonify([{"value": str(record_id), "text": label} for record_id, label in found])


@blueprint.get("/<definition>/export.<any(csv, xlsx):form>")
def export(definition: str, form: str) -> Response:
    """What the list shows, all pages of it, as a file that spreadsheets open."""
    entity = _entity(definition, "export")
    asked = question.read(entity, request.args, language())
    session = Session(db.engine)  # its own: the request's session ends before the last row is sent
    rows = records.stream(session, catalogs.current(), definition, current_actor(), asked.query)
    seen = {f.name for f in access.readable_somewhere(current_actor(), entity, "export")}
    fields = [entity.definition.fields[n] for n in asked.query.columns if n in seen]
    titles = [f.title(language()) for f in fields]
    if form == "xlsx":
        file = tempfile.TemporaryFile()  # noqa: SIM115 (closed when the answer was sent)
        with session:
            exporting.write_xlsx(file, definition, fields, rows, titles, labels=True, zone=forms.zone())
        file.seek(0)
        return send_file(file, exporting.MIME[form], as_attachment=True, download_name=f"{definition}.xlsx")
    body = stream_with_context(_closing(session, exporting.csv_lines(fields, rows, titles, labels=True)))
    headers = {"Content-Disposition": f'attachment; filename="{definition}.csv"'}
    return Response(body, content_type=exporting.MIME[form], headers=headers)


def _closing(session: Session, lines: Iterator[str]) -> Iterator[str]:
    yield "\ufeff"  # by which spreadsheets know UTF-8
    with session:
        yield from lines


def _may(entity: Entity) -> dict[str, bool]:
    actor = current_actor()
    allowed = {f"may_{action}": access.may(actor, entity, action) for action in ("add", "edit", "remove", "export")}
    return {**allowed, "may_design": access.may_design(actor)}
