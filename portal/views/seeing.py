"""The pages of looking as another (/seeing/): choose a role or a person, begin, leave."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, g, redirect, render_template, request, session, url_for
from flask_appbuilder.security.sqla.models import User
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from sqlalchemy import select

from metadata.catalog import Entity
from metadata.errors import NotFound
from metadata.records import Record
from portal import seeing, units
from portal.access import current_actor, real_actor
from portal.accounts import listing, rules
from portal.errors import wording
from portal.extensions import db

TITLE = _l("See as")
LINK = _l("See as this person")
MOST = 200
blueprint = Blueprint("seeing", __name__, url_prefix="/seeing")


@blueprint.before_request
def _managers_only() -> Any:
    if not current_user.is_authenticated:
        return redirect(url_for("AuthDBView.login", next=request.full_path))
    if not rules.may_manage(real_actor()):
        abort(404)
    return None


@blueprint.get("/")
def choose() -> str:
    """As whom: a role, or an account by its name."""
    return _page(request.args.get("role", ""), request.args.get("account", ""))


def _page(role: str, account: str, message: str = "") -> str:
    roles = rules.grantable(real_actor(), listing.role_names(db.session()))
    names = select(User.username).where(User.active.is_(True)).order_by(User.username).limit(MOST)
    accounts = db.session().scalars(names).all()
    return render_template("seeing.html", roles=roles, accounts=accounts, role=role, account=account, message=message)


@blueprint.post("/begin")
def begin() -> Any:
    """From here on the pages are as that role or person has them."""
    kind = "person" if request.form.get("kind") == "person" else "role"
    name, mine = request.form.get("account" if kind == "person" else "role", "").strip(), real_actor()
    try:
        seen = units.write(lambda s, c: seeing.begin(s, c, mine, kind, name, units.utcnow()))
    except NotFound as error:
        typed = {"role": "", "account": "", "account" if kind == "person" else "role": name}
        return _page(**typed, message=wording(error.message, error.params)), 422
    seeing.keep(seen, mine)
    return redirect(url_for("HomeView.index"), 303)


@blueprint.post("/leave")
def leave() -> Any:
    """Back to the own eyes."""
    seen, mine = g.get("seeing"), real_actor()
    if seen is not None:
        units.write(lambda s, c: seeing.end(s, c, mine, seen, units.utcnow()))
    session.pop(seeing.KEY, None)
    if seen is not None and seen.kind == "person":
        return redirect(url_for("accounts.show", user_id=seen.number), 303)
    return redirect(url_for("roles.list_page"), 303)


def action_for(entity: Entity, record: Record) -> tuple[str, str] | None:
    """The link on the record of a person who has an account, for those who may look as them."""
    directory = entity.definition.directory
    if directory is None or directory.kind != "person" or not rules.may_manage(current_actor()):
        return None
    account = record.get(directory.account)
    return (str(LINK), url_for("seeing.choose", account=account)) if account else None
