"""The matrix of access (/roles/matrix/): definition × action × role, edited one by one or many at once, as drafts.

Everything here ends as the `x-access` of definitions; a preview says who gains and who loses before all of it is
published as one version. HR and IT only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_login import current_user

from metadata import access, access_editing, dialect, drafts
from metadata.access import Actor
from metadata.access_effects import CAP
from metadata.catalog import Catalog, Entity
from metadata.errors import Conflict, ProductError
from metadata.model import ACTIONS, SCOPES, Definition
from metadata.parser import thawed
from portal import catalogs, menu, units
from portal.access import current_actor, language
from portal.accounts import listing, rules
from portal.accounts.roles import Grant, grant_of
from portal.designer import accessdrafts, ruleform
from portal.designer.ruleform import RuleForm
from portal.errors import status_of, worded, wording
from portal.extensions import db
from portal.formats import shown_value
from portal.views.roles import ACTION_NAMES, SCOPE_NAMES

TITLE = _l("Matrix of access")
NONE = _l("No rows")
ROWS_NAMES = {"none": NONE, **{name: SCOPE_NAMES[name] for name in SCOPES if name != "none"}}
COMPARISON_NAMES = {
    "is": _l("is"),
    "not": _l("is not"),
    "least": _l("is at least"),
    "most": _l("is at most"),
    "filled": _l("has a value"),
}
FIELD_NAMES = {"write": _l("Read and write"), "read": _l("Read only"), "none": _l("Hidden")}
FIRST = "Employee"
blueprint = Blueprint("matrix", __name__, url_prefix="/roles/matrix")


@blueprint.before_request
def _designers_only() -> Any:
    if not current_user.is_authenticated:
        return redirect(url_for("AuthDBView.login", next=request.full_path))
    if not visible(current_actor()):
        abort(404)
    return None


def visible(actor: Actor, _catalog: Catalog | None = None) -> bool:
    """Who changes rules: those who manage roles and design definitions."""
    return rules.may_manage(actor) and access.may_design(actor)


def _roles() -> list[str]:
    """The roles that rules are made for: those of the portal, and those that only definitions know."""
    named = {role for definition in catalogs.current().definitions for role in definition.access}
    return sorted({*listing.role_names(db.session()), *named} - {access.ADMIN, rules.PUBLIC})


@blueprint.get("/")
def page() -> str:
    """One role over all definitions, or one definition over all roles; drafts are shown as they will be."""
    catalog, roles = catalogs.current(), _roles()
    definition = request.args.get("definition", "")
    role = request.args.get("role", "") or (FIRST if FIRST in roles else roles[0])
    drafted = {one.name: read for one in drafts.listing(db.session()) if (read := accessdrafts.readable(one))}
    named = definition in catalog and catalog[definition].definition.stores_records
    lines = _of_definition(catalog[definition], roles, drafted) if named else _of_role(role, drafted)
    return render_template(
        "roles/matrix.html",
        lines=lines,
        roles=roles,
        role="" if named else role,
        definition=catalog[definition].definition if named else None,
        definitions=sorted((d for d in catalog.definitions if d.stores_records), key=_plural),
        groups=menu.GROUPS,
        actions=[(name, ACTION_NAMES[name]) for name in ACTIONS],
        scopes=SCOPE_NAMES,
        rows=ROWS_NAMES,
        pending=len(accessdrafts.pending(db.session(), catalog, counted=False)),
    )


def _plural(definition: Definition) -> str:
    return definition.plural(language()).casefold()


def _of_role(role: str, drafted: Mapping[str, Definition]) -> list[tuple[str, Grant, bool]]:
    words, group = request.args.get("search", "").strip().casefold(), request.args.get("group", "")
    found = []
    for entity in sorted(catalogs.current().entities.values(), key=lambda e: _plural(e.definition)):
        own = entity.definition
        names = (own.name, own.title(), own.title("zh"), own.plural())
        if not own.stores_records or (group and own.group != group) or not any(words in n.casefold() for n in names):
            continue
        grant, changed = _line(entity, role, drafted)
        if request.args.get("only") != "granted" or any(grant.cells):
            found.append((role, grant, changed))
    return found


def _of_definition(
    entity: Entity, roles: list[str], drafted: Mapping[str, Definition]
) -> list[tuple[str, Grant, bool]]:
    return [(role, *_line(entity, role, drafted)) for role in roles]


def _line(entity: Entity, role: str, drafted: Mapping[str, Definition]) -> tuple[Grant, bool]:
    """What the role will have, and whether that is not in force yet."""
    now = drafted.get(entity.name, entity.definition)
    return grant_of(Entity(now), role), now.access.get(role, ()) != entity.definition.access.get(role, ())


@blueprint.route("/<definition>/<path:role>", methods=["GET", "POST"])
def edit(definition: str, role: str) -> Any:
    """The rules of one role for one definition."""
    catalog = catalogs.current()
    if definition not in catalog or not catalog[definition].definition.stores_records or role not in _roles():
        abort(404)
    draft = drafts.load(db.session(), definition)
    own = accessdrafts.readable(draft) or catalog[definition].definition
    if request.method == "GET":
        found = access_editing.rules(own.document, role) or [{"rows": "none", "can": []}]
        return _form(own, role, [ruleform.filled(own, rule) for rule in found], draft.revision if draft else 0)
    revision = request.form.get("revision", 0, type=int)
    count = min(request.form.get("rules", 1, type=int), ruleform.MOST_RULES)
    forms = [ruleform.typed(own, request.form, i) for i in range(count) if not request.form.get(f"r{i}_drop")]
    if "more" in request.form and len(forms) < ruleform.MOST_RULES:
        return _form(own, role, [*forms, RuleForm(fields=dict.fromkeys(own.fields, ruleform.READ))], revision)
    given = [ruleform.read(own, form) for form in forms]
    given = [rule for rule in given if rule["rows"] != "none" or rule["can"]]
    problems = [p for form in forms for p in form.problems] or _problems(own, role, given)
    if problems:
        return _form(own, role, forms, revision, [_(p) for p in problems]), 422
    try:
        accessdrafts.change(
            [definition], lambda document: access_editing.put_rules(document, role, given), current_actor(), revision
        )
    except Conflict as error:
        return _form(own, role, forms, revision, [wording(error.message, error.params)]), 409
    flash(_("The draft was saved. It is in force when it is published."), "success")
    return redirect(url_for("matrix.preview"), 303)


def _problems(own: Definition, role: str, given: list[dict[str, Any]]) -> list[str]:
    """What is wrong with the document by these rules and was not before."""
    catalog = catalogs.current()
    after = access_editing.put_rules(own.document, role, given)
    known = {(p.pointer, p.message) for p in dialect.check([thawed(own.document)], catalog)}
    return [worded(p) for p in dialect.check([after], catalog) if (p.pointer, p.message) not in known]


def _form(own: Definition, role: str, forms: list[RuleForm], revision: int, problems: list[str] | None = None) -> str:
    person = catalogs.current().person
    people = [f for f in own.fields.values() if person is not None and f.ref == person.name]
    return render_template(
        "roles/rules.html",
        definition=own,
        role=role,
        forms=forms,
        revision=revision,
        problems=problems or [],
        people=people,
        rows=ROWS_NAMES,
        actions=[(name, ACTION_NAMES[name]) for name in ACTIONS],
        comparisons=COMPARISON_NAMES,
        states=FIELD_NAMES,
        most=ruleform.MOST_RULES,
    )


@blueprint.post("/many")
def many() -> Any:
    """The same rows and actions for one role in many definitions, or another role's rules: drafts, not yet in force."""
    catalog, role = catalogs.current(), request.form.get("role", "")
    chosen = [n for n in request.form.getlist("definitions") if n in catalog and catalog[n].definition.stores_records]
    if role not in _roles() or not chosen:
        flash(_("Choose one definition or more."), "danger")
        return redirect(url_for("matrix.page", role=role), 303)
    try:
        touched = accessdrafts.change(chosen, _bulk_edit(role), current_actor())
    except Conflict as error:
        flash(wording(error.message, error.params), "danger")
        return redirect(url_for("matrix.page", role=role), 303)
    text = ngettext(
        "%(num)s definition has a draft with these rules.",
        "%(num)s definitions have a draft with these rules.",
        len(touched),
    )
    flash(text, "success" if touched else "info")
    return redirect(url_for("matrix.preview") if touched else url_for("matrix.page", role=role), 303)


def _bulk_edit(role: str) -> accessdrafts.Edit:
    source, rows = request.form.get("source", ""), request.form.get("rows", "none")
    can = [action for action in ACTIONS if action in request.form.getlist("can")]
    if request.form.get("how") == "copy":
        return lambda document: access_editing.copy_role(document, source, role)
    given = [{"rows": rows, "can": can}] if rows in SCOPES and rows != "none" and can else []
    return lambda document: access_editing.put_rules(document, role, given)


@blueprint.get("/preview")
def preview() -> str:
    """What all drafts of rules change, who gains and who loses, and the form that publishes them."""
    return _preview()


def _preview(error: ProductError | None = None, comment: str = "", *, wrong: bool = False) -> str:
    catalog = catalogs.current()
    found = accessdrafts.pending(db.session(), catalog)
    problems = dialect.check([one.draft.document for one in found], catalog)
    problems = list(error.problems) if error and error.problems else problems
    return render_template(
        "roles/preview.html",
        pending=found,
        problems=[(p.source, worded(p)) for p in problems],
        message=wording(error.message, error.params) if error else "",
        comment=comment,
        wrong=wrong,
        say=wording,
        number=_number,
        actions=ACTION_NAMES,
        besides=[one.entity.name for one in found if _changes_more(one)],
    )


def _changes_more(one: accessdrafts.Pending) -> bool:
    """Whether the draft changes more than who may do what."""
    before, after = (
        {key: value for key, value in thawed(document).items() if key != "x-access"}
        for document in (one.entity.definition.document, one.draft.document)
    )
    return bool(before != after)


def _number(count: int) -> str:
    return f"{shown_value(None, CAP)}+" if count > CAP else shown_value(None, count)


@blueprint.post("/publish")
def publish() -> Any:
    """Put every draft that was looked at in force, as one version."""
    comment, actor = request.form.get("comment", "").strip(), current_actor()
    pairs = [pair.rpartition(":") for pair in request.form.getlist("drafts")]
    revisions = {name: int(revision) for name, _colon, revision in pairs if revision.isdecimal()}
    if not comment or not revisions:
        return _preview(comment=comment, wrong=not comment), 422
    try:
        after = units.publish(
            lambda session, catalog: drafts.publish_drafts(
                session, catalog, revisions, actor=actor, comment=comment, now=units.utcnow()
            )
        )
    except ProductError as error:
        return _preview(error, comment), status_of(error)
    flash(_("Published as version %(version)s; everybody sees it at the next click.", version=after.version), "success")
    return redirect(url_for("matrix.page"), 303)
