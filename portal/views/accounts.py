"""The pages of accounts for HR and IT: list, show, add, edit, one-time password, state, delete.

They stand where Flask-AppBuilder's user pages stood (/users/…). What may be done is decided by
portal/accounts; a page for somebody else answers 404.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from sqlalchemy import select

from metadata import access, records
from metadata.errors import Conflict, Invalid, NotFound, StaleVersion
from portal import catalogs, units
from portal.access import current_actor, language
from portal.accounts import listing, rules, service
from portal.accounts.listing import Asked
from portal.accounts.service import Wanted
from portal.errors import worded, wording
from portal.extensions import db
from portal.views import forms
from workflows.accounts import remembered

TITLE = _l("Accounts")
PAGE_SIZES = (10, 25, 50, 100)
blueprint = Blueprint("accounts", __name__, url_prefix="/users")


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
    return redirect(url_for("accounts.list_page"))


@blueprint.get("/list/")
def list_page() -> str:
    """Accounts with search, filters, order and pages, all in the address."""
    given = request.args
    size = given.get("page_size", 25, type=int)
    asked = Asked(
        given.get("search", "").strip(),
        given.get("role", ""),
        given.get("state", ""),
        given.get("order", "username"),
        min(max(0, given.get("page", 0, type=int)), 1_000_000),
        size if size in PAGE_SIZES else 25,
    )
    found = listing.accounts(db.session(), catalogs.current(), current_actor(), asked, language())
    names = rules.grantable(current_actor(), listing.role_names(db.session()))
    return render_template("accounts/list.html", asked=asked, found=found, roles=names, label=_label, sizes=PAGE_SIZES)


@blueprint.get("/show/<int:user_id>")
def show(user_id: int) -> str:
    """One account."""
    return _shown(user_id)


@blueprint.route("/add", methods=["GET", "POST"])
def add() -> Any:
    """The form, filled from a person's record where one is named; after it the one-time password, once."""
    employee = _employee(request.values.get("employee", type=int))
    if request.method == "GET":
        return _form(None, _suggested(employee), employee)
    wanted, actor, password = _wanted(), current_actor(), service.one_time_password()
    try:
        made = units.write(
            lambda s, c: service.create(
                s, c, actor, wanted, password, now=units.utcnow(), employee_id=employee.id if employee else None
            )
        )
    except Invalid as error:
        return _form(None, wanted, employee, error), 422
    return _shown(made.id, password), 201


@blueprint.route("/edit/<int:user_id>", methods=["GET", "POST"])
def edit(user_id: int) -> Any:
    """The filled form, or the change."""
    actor = current_actor()
    if request.method == "GET":
        user = service.find(db.session(), actor, user_id)
        kept = remembered(db.session(), user.username)
        now = Wanted(
            user.username, user.first_name, user.last_name, user.email, tuple(sorted(service.role_names(user))),
            bool(user.active), kept.get("language"),
        )  # fmt: skip
        return _form(user, now)
    wanted, version = _wanted(), request.form.get("_version", "")
    try:
        units.write(lambda s, c: service.change(s, c, actor, user_id, wanted, now=units.utcnow(), version=version))
    except (Invalid, StaleVersion) as error:
        status = 412 if isinstance(error, StaleVersion) else 422
        return _form(service.find(db.session(), actor, user_id), wanted, None, error), status
    flash(_("The change was saved."), "success")
    return redirect(url_for("accounts.show", user_id=user_id), 303)


@blueprint.post("/password/<int:user_id>")
def password(user_id: int) -> Any:
    """A new one-time password, shown once."""
    actor, fresh = current_actor(), service.one_time_password()
    if service.find(db.session(), actor, user_id).username == actor.username:
        return redirect(url_for("account.password"), 303)
    units.write(lambda s, c: service.set_password(s, c, actor, user_id, fresh, now=units.utcnow()))
    return _shown(user_id, fresh)


@blueprint.post("/state/<int:user_id>")
def state(user_id: int) -> Any:
    """Deactivate, which ends all logins, or activate again."""
    actor, active = current_actor(), request.form.get("active") == "1"
    user = service.find(db.session(), actor, user_id)
    wanted = Wanted(
        user.username, user.first_name, user.last_name, user.email, tuple(service.role_names(user)), active,
        remembered(db.session(), user.username).get("language"),
    )  # fmt: skip
    try:
        units.write(lambda s, c: service.change(s, c, actor, user_id, wanted, now=units.utcnow()))
    except Invalid as error:
        flash(" ".join(worded(p) for p in error.problems), "danger")
    else:
        flash(_("The account is active.") if active else _("The account can't sign in any more."), "success")
    return redirect(url_for("accounts.show", user_id=user_id), 303)


@blueprint.post("/delete/<int:user_id>")
def delete(user_id: int) -> Any:
    """Delete an account that left no trace."""
    actor = current_actor()
    try:
        units.write(lambda s, c: service.remove(s, c, actor, user_id, now=units.utcnow()))
    except Conflict as error:
        flash(wording(error.message, error.params), "danger")
        return redirect(url_for("accounts.show", user_id=user_id), 303)
    flash(_("The account was deleted."), "success")
    return redirect(url_for("accounts.list_page"), 303)


def _shown(user_id: int, secret: str = "") -> str:
    user = service.find(db.session(), current_actor(), user_id)
    people = listing.people(db.session(), catalogs.current(), current_actor(), [user.username], language())
    kept = remembered(db.session(), user.username)
    return render_template(
        "accounts/show.html",
        user=user,
        secret=secret,
        kept=kept,
        person=people.get(user.username),
        label=_label,
        oneself=user.username == current_user.username,
    )


def _form(user: Any, wanted: Wanted, employee: Any = None, error: Any = None) -> str:
    names = listing.role_names(db.session())
    wrong: dict[str, list[str]] = {}
    for problem in error.problems if error else ():
        wrong.setdefault(problem.field_name, []).append(worded(problem))
    return render_template(
        "accounts/form.html",
        user=user,
        wanted=wanted,
        employee=employee,
        employee_label=_label(employee) if employee else "",
        roles=rules.grantable(current_actor(), names),
        version=service.version_of(user) if user else "",
        wrong=wrong,
        message=wording(error.message, error.params) if error else "",
        stale=isinstance(error, StaleVersion),
    )


def _wanted() -> Wanted:
    form = request.form
    clean = {n: " ".join(form.get(n, "").split()) for n in ("username", "first_name", "last_name", "email", "language")}
    return Wanted(
        clean["username"], clean["first_name"], clean["last_name"], clean["email"],
        tuple(dict.fromkeys(form.getlist("roles"))), form.get("active") == "1", clean["language"] or None,
    )  # fmt: skip


def _employee(record_id: int | None) -> Any:
    """The record of the person for whom the account is; one that may be changed, and has no account yet."""
    catalog = catalogs.current()
    person = catalog.person
    if record_id is None or person is None:
        return None
    return records.find(
        db.session(), catalog, person.name, current_actor(), record_id, action="edit", language=language()
    )


def _suggested(employee: Any) -> Wanted:
    if employee is None:
        return Wanted("", "", "", "", ("Employee",))
    name, email = str(employee.get("name", "")), str(employee.get("email", ""))
    first, _space, last = name.partition(" ")
    directory = catalogs.current().person.definition.directory  # type: ignore[union-attr]
    given = str(employee.get(directory.account if directory else "", ""))
    username = given or _free(email.split("@", maxsplit=1)[0].lower() or name.replace(" ", ".").lower())
    return Wanted(username, first, last, email, ("Employee",), language=employee.get("language"))


def _free(wish: str) -> str:
    """The wish as a user name, with a number where somebody has it."""
    plain = "".join(c for c in wish if c.isascii() and (c.isalnum() or c in "._-"))[:60].strip("._-")
    if not plain:
        return ""
    user = service.User.username
    taken = set(db.session().scalars(select(user).where(user.startswith(plain, autoescape=True))))
    return next(name for name in (plain, *(f"{plain}{n}" for n in range(2, 999))) if name not in taken)


def _label(record: Any) -> str:
    person = catalogs.current().person
    if person is None:
        raise NotFound("No definition holds people.")
    return forms.label(person, record)


def action_for(entity: Any, record: Any) -> tuple[str, str] | None:
    """For a person's record page: (words, address) of its account, for those who manage accounts."""
    actor, directory = current_actor(), entity.definition.directory
    if directory is None or directory.kind != "person" or not rules.may_manage(actor) or record.removed_at:
        return None
    username = record.get(directory.account)
    user = service.User
    known = db.session().execute(select(user.id).where(user.username == username)).first() if username else None
    if known is not None:
        return _("Account “%(name)s”", name=username), url_for("accounts.show", user_id=known[0])
    if not access.may(actor, entity, "edit"):
        return None
    return _("Create an account"), url_for("accounts.add", employee=record.id)
