"""API keys on a page: make one (it is shown once), see when each was last used, revoke it.

Everybody has keys of their own. Accounts with the role Integration can't open pages, so IT and HR make their
keys for them. A new key is shown in the answer to the form itself: an address or a cookie would keep it.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, request, url_for
from flask_appbuilder.security.sqla.models import Role, User
from flask_babel import gettext as _
from flask_login import current_user, login_required
from sqlalchemy import select

from metadata.errors import Invalid
from portal import units
from portal.access import current_actor
from portal.accounts.rules import INTEGRATION, may_manage
from portal.errors import worded
from portal.extensions import db
from workflows import api_keys

blueprint = Blueprint("account_keys", __name__, url_prefix="/account/keys")
DAYS = (30, 90, 365, 730)


def link() -> str:
    """Where the account page sends people for their keys."""
    return url_for("account_keys.list_page")


@blueprint.get("")
@login_required
def list_page() -> Response:
    """The keys, and the form for a new one."""
    return _page({"account": current_user.username, "days": "90"})


@blueprint.post("")
@login_required
def issue() -> Response:
    """A new key, shown now and never again."""
    given, now = request.form, units.utcnow()
    account, days = given.get("account") or current_user.username, given.get("days", 0, type=int)
    if account not in _accounts():
        abort(404)
    try:
        key = units.write(lambda session, _c: api_keys.issue(session, account, given.get("name", ""), days, now))
    except Invalid as error:
        return _page(given, error=error)
    return _page({"account": account, "days": "90"}, key=key)


@blueprint.post("/<int:key_id>/revoke")
@login_required
def revoke(key_id: int) -> Response:
    """Make a key useless at once."""
    account = request.form.get("account") or current_user.username
    if account not in _accounts():
        abort(404)
    units.write(lambda session, _c: api_keys.revoke(session, account, key_id, units.utcnow()))
    flash(_("The key was revoked; it no longer opens anything."), "success")
    return redirect(link(), 303)  # type: ignore[return-value]


def _accounts() -> list[str]:
    """Whose keys this person may make and revoke: their own, and for IT and HR those of integrations."""
    mine = [str(current_user.username)]
    if not may_manage(current_actor()):
        return mine
    statement = select(User.username).join(User.roles).where(Role.name == INTEGRATION, User.active.is_(True))
    return mine + sorted(set(db.session().scalars(statement)) - set(mine))


def _page(given: Any, *, key: str = "", error: Invalid | None = None) -> Response:
    accounts, now = _accounts(), units.utcnow()
    wrong = {p.field_name: worded(p) for p in error.problems} if error else {}
    keys = [found for account in accounts for found in api_keys.owned(db.session(), account, now)]
    html = render_template(
        "account/keys.html", keys=keys, accounts=accounts, given=given, key=key, wrong=wrong, now=now, days=DAYS
    )
    response = make_response(html, 422 if error else 200)
    response.headers["Cache-Control"] = "no-store"
    return response
