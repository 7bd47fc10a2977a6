"""The pages of roles for HR and IT: list, the matrix of one role, add, rename, delete (/roles/…)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from metadata import access
from metadata.catalog import Entity
from metadata.errors import Conflict, Invalid
from metadata.model import ACTIONS
from portal import catalogs, menu, units
from portal.access import current_actor
from portal.accounts import roles, rules
from portal.errors import worded, wording
from portal.extensions import db

TITLE = _l("Roles")
ACTION_NAMES = {
    "list": _l("List"),
    "show": _l("Show"),
    "add": _l("Add"),
    "edit": _l("Edit"),
    "remove": _l("Remove"),
    "export": _l("Export"),
    "import": _l("Import"),
}
SCOPE_NAMES = {
    "own": _l("Own"),
    "assigned": _l("Assigned"),
    "reports": _l("Direct reports"),
    "unit": _l("Own department"),
    "department": _l("Department"),
    "condition": _l("By condition"),
    "all": _l("All"),
}
blueprint = Blueprint("roles", __name__, url_prefix="/roles")


@blueprint.before_request
def _managers_only() -> Any:
    if not current_user.is_authenticated:
        return redirect(url_for("AuthDBView.login", next=request.full_path))
    if not rules.may_manage(current_actor()):
        abort(404)
    return None


@blueprint.get("/")
def start() -> Any:
    """The list has the address that Flask-AppBuilder gave it."""
    return redirect(url_for("roles.list_page"))


@blueprint.get("/list/")
def list_page() -> str:
    """All roles; with `search` those whose name holds it."""
    words = request.args.get("search", "").strip()
    found = [r for r in roles.all_roles(db.session(), catalogs.current()) if words.casefold() in r.name.casefold()]
    return render_template("roles/list.html", roles=found, search=words)


@blueprint.get("/show/<int:role_id>")
def show(role_id: int) -> str:
    """What the role may do, definition by definition, as the definitions in force say."""
    role = roles.find(db.session(), current_actor(), role_id)
    words = request.args.get("search", "").strip().casefold()
    only = request.args.get("only", "")
    grants = [g for g in roles.matrix(catalogs.current(), role.name) if _asked(g, words, only)]
    by_group: dict[str, list[roles.Grant]] = {}
    for grant in grants:
        by_group.setdefault(grant.entity.definition.group or "data", []).append(grant)
    ordered = [name for name in menu.GROUPS if name in by_group] + [n for n in by_group if n not in menu.GROUPS]
    return render_template(
        "roles/show.html",
        role=role,
        groups=[(str(menu.GROUPS.get(name, name)), by_group[name]) for name in ordered],
        actions=[(name, ACTION_NAMES[name]) for name in ACTIONS],
        scopes=SCOPE_NAMES,
        built_in=role.name in rules.BUILT_IN,
        address=_address,
    )


@blueprint.route("/add", methods=["GET", "POST"])
def add() -> Any:
    """A new role."""
    name, actor = _name(), current_actor()
    if request.method == "GET":
        return _form(None, "")
    try:
        made = units.write(lambda s, c: roles.create(s, c, actor, name, now=units.utcnow()).id)
    except Invalid as error:
        return _form(None, name, error), 422
    flash(_("The role was added. It may do nothing until definitions name it."), "success")
    return redirect(url_for("roles.show", role_id=made), 303)


@blueprint.route("/edit/<int:role_id>", methods=["GET", "POST"])
def edit(role_id: int) -> Any:
    """Another name."""
    name, actor = _name(), current_actor()
    role = roles.find(db.session(), actor, role_id)
    if request.method == "GET":
        return _form(role, role.name)
    try:
        units.write(lambda s, c: roles.rename(s, c, actor, role_id, name, now=units.utcnow()))
    except (Invalid, Conflict) as error:
        status = 409 if isinstance(error, Conflict) else 422
        return _form(roles.find(db.session(), actor, role_id), name, error), status
    flash(_("The change was saved."), "success")
    return redirect(url_for("roles.show", role_id=role_id), 303)


@blueprint.post("/delete/<int:role_id>")
def delete(role_id: int) -> Any:
    """Delete a role that is in no use."""
    actor = current_actor()
    try:
        units.write(lambda s, c: roles.remove(s, c, actor, role_id, now=units.utcnow()))
    except Conflict as error:
        flash(wording(error.message, error.params), "danger")
        return redirect(url_for("roles.show", role_id=role_id), 303)
    flash(_("The role was deleted."), "success")
    return redirect(url_for("roles.list_page"), 303)


def _form(role: Any, name: str, error: Any = None) -> str:
    problems = [worded(p) for p in error.problems] or [wording(error.message, error.params)] if error else []
    return render_template("roles/form.html", role=role, name=name, problems=problems)


def _name() -> str:
    return " ".join(request.form.get("name", "").split())


def _asked(grant: roles.Grant, words: str, only: str) -> bool:
    definition = grant.entity.definition
    names = (definition.name, definition.title(), definition.title("zh"), definition.plural())
    return (not words or any(words in n.casefold() for n in names)) and (only != "granted" or any(grant.cells))


def _address(entity: Entity) -> str:
    """The definition's own page, where its access is edited; its list as long as there is none for this person."""
    path = f"/designer/{entity.name}"
    if current_app.url_map.bind("").test(path, "GET"):
        return path
    listed = entity.definition.stores_records and access.may(current_actor(), entity, "list")
    return url_for("records.list_page", definition=entity.name) if listed else ""
