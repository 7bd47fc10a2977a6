"""The pages of the designer (/designer/…): definitions, their fields, texts and columns, preview, publish, history.

Every edit makes or changes the shared draft; nothing is in force before somebody publishes it. Rules stand in
`portal.designer` and `metadata`; here forms are read and answers drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from metadata import access, dialect, drafts, editing, publish, versions
from metadata.errors import Conflict, Problem, ProductError
from portal import catalogs, menu, units
from portal.access import current_actor, language
from portal.designer import desk as desks
from portal.designer import fieldform
from portal.designer.desk import Desk
from portal.designer.fieldform import FieldForm
from portal.errors import status_of, worded, wording
from portal.extensions import db

TITLE = _l("Designer")
KINDS = {
    "entity": _l("Entity"),
    "kpi": _l("KPI"),
    "okr_level": _l("OKR level"),
    "catalog": _l("Catalog"),
    "review_form": _l("Review form"),
    "survey": _l("Survey"),
    "walkthrough": _l("Guided tour"),
}
EFFECTS = {
    "safe": _l("Safe"),
    "narrows": _l("Narrows"),
    "converts": _l("Converts"),
    "hides": _l("Hides"),
}
TONES = {"safe": "state-good", "narrows": "state-warn", "converts": "state-warn", "hides": "state-warn"}
TEXT_INPUTS = ("title", "x-plural", "description")
blueprint = Blueprint("designer", __name__, url_prefix="/designer")


@blueprint.before_request
def _designers_only() -> Any:
    if not current_user.is_authenticated:
        return redirect(url_for("AuthDBView.login", next=request.full_path))
    if not access.may_design(current_actor()):
        abort(404)
    return None


def _desk(name: str) -> Desk:
    return desks.of(db.session(), catalogs.current(), name)


def _revision() -> int:
    return request.form.get("revision", 0, type=int)


@blueprint.get("/")
def index() -> str:
    """Every definition by group; with `search` those whose name or title holds it."""
    words = request.args.get("search", "").strip()
    drafted = {draft.name: draft for draft in drafts.listing(db.session())}
    found: dict[str, list[Any]] = {name: [] for name in menu.GROUPS}
    for definition in catalogs.current().definitions:
        names = (definition.name, definition.title(), definition.title("zh"), definition.plural())
        if any(words.casefold() in one.casefold() for one in names):
            found.setdefault(definition.group or "data", []).append(definition)
    groups = [(str(menu.GROUPS.get(name, name)), listed) for name, listed in found.items() if listed]
    return render_template("designer/index.html", groups=groups, drafted=drafted, search=words, kinds=KINDS)


@blueprint.get("/<name>")
def show(name: str) -> str:
    """The fields of one definition, as the draft has them."""
    desk = _desk(name)
    return _page("show", desk, columns=_columns(desk), types=fieldform.TYPES)


def _columns(desk: Desk) -> list[tuple[Any, bool]]:
    """All fields: those of the list first, in its order."""
    fields, listed = desk.definition.fields, [n for n in desk.definition.screen.list if n in desk.definition.fields]
    return [(fields[n], True) for n in listed] + [(f, False) for n, f in fields.items() if n not in listed]


def _page(template: str, desk: Desk, **more: Any) -> str:
    return render_template(f"designer/{template}.html", desk=desk, definition=desk.definition, kinds=KINDS, **more)


@blueprint.route("/<name>/field", methods=["GET", "POST"], defaults={"field": ""})
@blueprint.route("/<name>/field/<field>", methods=["GET", "POST"])
def field(name: str, field: str) -> Any:
    """A new field, or one that is there."""
    desk = _desk(name)
    if not desk.definition.stores_records or (field and field not in desk.document["properties"]):
        abort(404)
    if request.method == "GET":
        empty = FieldForm({**dict.fromkeys(fieldform.TEXTS, ""), "type": "text"})
        return _field_page(desk, field, fieldform.filled(desk.document, field) if field else empty)
    form = fieldform.typed(request.form)
    if field:
        form = FieldForm({**form.texts, "name": field}, form.required, form.listed, form.choices, form.target)
    if "more" in request.form:
        return _field_page(desk, field, form, more=3)
    before = desk.document["properties"].get(field) if field else None
    made = fieldform.read(form, before, desk.document.get("properties", {}))
    named = form.texts["name"]
    if made.problems:
        return _field_page(desk, field, form, made.problems), 422
    document = editing.put_field(desk.document, named, made.schema, made.words, required=form.required)
    columns = [n for n in desk.definition.screen.list if n != named or form.listed]
    if form.listed and named not in columns:
        columns.append(named)
    if columns != list(desk.definition.screen.list):
        document = editing.show_in_list(document, columns)
    wrong = _new_problems(desk, document)
    if wrong:
        return _field_page(desk, field, form, [(fieldform.input_of(p.pointer, named), p) for p in wrong]), 422
    try:
        desks.keep(desk, document, _revision(), current_actor())
    except Conflict as error:
        return _field_page(_desk(name), field, form, conflict=error), 409
    flash(_("The draft was saved. It is in force when it is published."), "success")
    return redirect(url_for("designer.show", name=name, _anchor=f"field-{named}"), 303)


def _new_problems(desk: Desk, document: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with `document` and was not wrong before."""
    catalog = catalogs.current()
    known = {(p.pointer, p.message) for p in dialect.check([desk.document], catalog)}
    return [p for p in dialect.check([document], catalog) if (p.pointer, p.message) not in known]


def _field_page(
    desk: Desk,
    field: str,
    form: FieldForm,
    problems: list[tuple[str, Problem]] | None = None,
    *,
    conflict: Conflict | None = None,
    more: int = 0,
) -> str:
    wrong: dict[str, list[str]] = {}
    for at, problem in problems or []:
        wrong.setdefault(at, []).append(worded(problem))
    theirs = None
    if conflict and field in desk.document.get("properties", {}):
        theirs = fieldform.filled(desk.document, field)
    targets = [d for d in catalogs.current().definitions if d.stores_records]
    return _page(
        "field",
        desk,
        field=field,
        form=form,
        wrong=wrong,
        theirs=theirs,
        message=wording(conflict.message, conflict.params) if conflict else "",
        more=more,
        types=fieldform.TYPES,
        targets=targets,
    )


def _edited(name: str, edit: Callable[[Desk], Mapping[str, Any]], anchor: str, told: str = "") -> Any:
    """Keep what `edit` makes of the document; what stands in the way is said on the definition's page."""
    desk = _desk(name)
    try:
        desks.keep(desk, edit(desk), _revision(), current_actor())
    except Conflict as error:
        flash(wording(error.message, error.params), "danger")
    else:
        if told:
            flash(told, "success")
    return redirect(url_for("designer.show", name=name, _anchor=anchor), 303)


@blueprint.post("/<name>/move/<field>")
def move(name: str, field: str) -> Any:
    """One place up or down."""
    if field not in _desk(name).document["properties"]:
        abort(404)
    by = -1 if request.form.get("to") == "up" else 1
    return _edited(name, lambda desk: editing.move_field(desk.document, field, by), f"field-{field}")


@blueprint.post("/<name>/remove/<field>")
def remove(name: str, field: str) -> Any:
    """Take the field out of the draft; its values are kept."""
    found = _desk(name).definition.fields.get(field)
    if found is None:
        abort(404)
    if found.core:
        flash(_("“%(title)s” is needed by the product and stays.", title=found.title(language())), "danger")
        return redirect(url_for("designer.show", name=name), 303)
    told = _("“%(title)s” is taken out of the draft; stored values are kept.", title=found.title(language()))
    return _edited(name, lambda desk: editing.drop_field(desk.document, field), "fields", told)


@blueprint.post("/<name>/columns")
def columns(name: str) -> Any:
    """Which columns the list has, in the order of the numbers beside them."""
    known = list(_desk(name).definition.fields)
    chosen = [n for n in request.form.getlist("columns") if n in known]
    if not chosen:
        flash(_("A list needs one column or more."), "danger")
        return redirect(url_for("designer.show", name=name, _anchor="list"), 303)
    places = {n: request.form.get(f"place_{n}", len(known), type=int) for n in chosen}
    ordered = sorted(chosen, key=lambda n: places[n])
    told = _("The draft was saved. It is in force when it is published.")
    return _edited(name, lambda desk: editing.show_in_list(desk.document, ordered), "list", told)


@blueprint.route("/<name>/texts", methods=["GET", "POST"])
def texts(name: str) -> Any:
    """Title, plural and description in both languages."""
    desk = _desk(name)
    spoken = desk.document.get("x-i18n", {}).get("zh", {})
    if request.method == "GET":
        values = {key: desk.document.get(key, "") for key in TEXT_INPUTS}
        return _page("texts", desk, values={**values, **{f"{k}-zh": spoken.get(k, "") for k in TEXT_INPUTS}}, wrong={})
    values = {key: request.form.get(key, "").strip() for key in (*TEXT_INPUTS, *(f"{k}-zh" for k in TEXT_INPUTS))}
    wrong: dict[str, list[str]] = {} if values["title"] else {"title": [_("A definition needs a title.")]}
    own = {key: values[key] for key in TEXT_INPUTS}
    document = editing.retitle(desk.document, own, {"zh": {key: values[f"{key}-zh"] for key in TEXT_INPUTS}})
    if not wrong:
        for problem in _new_problems(desk, document):
            key = problem.pointer.rsplit("/", 1)[-1]
            wrong.setdefault(f"{key}-zh" if "/x-i18n" in problem.pointer else key, []).append(worded(problem))
    if wrong:
        return _page("texts", desk, values=values, wrong=wrong), 422
    try:
        desks.keep(desk, document, _revision(), current_actor())
    except Conflict as error:
        again = _desk(name)
        return _page("texts", again, values=values, wrong={}, message=wording(error.message, error.params)), 409
    flash(_("The draft was saved. It is in force when it is published."), "success")
    return redirect(url_for("designer.show", name=name), 303)


@blueprint.get("/<name>/preview")
def preview(name: str) -> str:
    """What publishing would do, and the form as it would look."""
    return _preview(name)


def _preview(name: str, error: ProductError | None = None, typed: Mapping[str, str] | None = None) -> str:
    desk = _desk(name)
    seen = publish.preview(
        db.session(), catalogs.current(), [desk.draft.document] if desk.draft else [], confirm=[name]
    )
    problems = error.problems if error and error.problems else seen.problems
    catalog = catalogs.current()
    return _page(
        "preview",
        desk,
        changes=[(c, wording(c.message, c.params)) for c in seen.changes],
        problems=[(p.pointer, worded(p)) for p in problems],
        dependents=[catalog[n].definition for n in seen.dependents if n in catalog],
        hides=any(c.effect == "hides" for c in seen.changes),
        publishable=bool(desk.draft and seen.publishable and seen.changes and not desk.overtaken),
        message=wording(error.message, error.params) if error else "",
        typed=typed or {},
        effects=EFFECTS,
        tones=TONES,
    )


@blueprint.post("/<name>/publish")
def publish_draft(name: str) -> Any:
    """Put the draft in force."""
    comment, confirm = request.form.get("comment", "").strip(), request.form.get("confirm", "").strip()
    actor, revision = current_actor(), _revision()
    typed = {"comment": comment, "confirm": confirm}
    if not comment:
        return _preview(name, typed={**typed, "wrong": "comment"}), 422
    try:
        after = units.publish(
            lambda session, catalog: drafts.publish_drafts(
                session,
                catalog,
                {name: revision},
                actor=actor,
                comment=comment,
                now=units.utcnow(),
                confirm=[confirm] if confirm else [],
            )
        )
    except ProductError as error:
        return _preview(name, error, typed), status_of(error)
    flash(_("Published as version %(version)s; everybody sees it at the next click.", version=after.version), "success")
    return redirect(url_for("designer.show", name=name), 303)


@blueprint.post("/<name>/discard")
def discard(name: str) -> Any:
    """Forget the draft."""
    revision = _revision()
    try:
        units.write(lambda session, _catalog: drafts.discard(session, name, revision))
    except Conflict as error:
        flash(wording(error.message, error.params), "danger")
    else:
        flash(_("The draft was discarded."), "success")
    return redirect(url_for("designer.show", name=name), 303)


@blueprint.post("/<name>/go-on")
def go_on(name: str) -> Any:
    """Keep an overtaken draft: from here on it is compared with what is in force."""
    try:
        desks.go_on(_desk(name), _revision(), current_actor())
    except Conflict as error:
        flash(wording(error.message, error.params), "danger")
    return redirect(url_for("designer.preview", name=name), 303)


@blueprint.get("/<name>/history")
def history(name: str) -> Any:
    """The history has pages of its own."""
    return redirect(url_for("history.of", name=name))


@blueprint.post("/<name>/return/<int:version>")
def bring_back(name: str, version: int) -> Any:
    """The definition as it was in `version` becomes the draft; publishing puts it in force."""
    if version not in {row["version"] for row in publish.history(db.session(), name)}:
        abort(404)
    document = versions.documents(db.session(), version)[name]
    try:
        desks.keep(_desk(name), document, _revision(), current_actor())
    except Conflict as error:
        flash(wording(error.message, error.params), "danger")
        return redirect(url_for("history.of", name=name), 303)
    return redirect(url_for("designer.preview", name=name), 303)
