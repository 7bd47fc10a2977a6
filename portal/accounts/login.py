"""Logging in on the page: who may, what is remembered, and where it leads.

The password check is Flask-AppBuilder's. A wrong password keeps the user name as typed; accounts of programs are
told that they are for the API. `enter` is for every way in: it makes the login's row and takes up the language that
the person chose on an earlier day.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import current_app, g, redirect, render_template, request, session
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import no_cache
from flask_appbuilder.security.forms import LoginForm_db
from flask_appbuilder.security.sqla.models import User
from flask_appbuilder.security.views import AuthDBView
from flask_appbuilder.utils.base import get_safe_redirect
from flask_babel import gettext as _
from flask_login import current_user, login_user, logout_user

from metadata.engine import writing
from portal import catalogs, seeing
from portal.access import real_actor
from portal.accounts.rules import may_use_pages
from portal.extensions import db
from workflows import accounts

LOGIN_KEY = "login"


def enter(user: User) -> None:
    """Begin a login for an account whose identity is proved."""
    username = user.username
    db.session.rollback()
    with writing():
        key = accounts.begin(
            db.session(),
            username,
            datetime.now(UTC),
            browser=str(request.user_agent),
            address=request.remote_addr or "",
        )
        db.session.commit()
    chosen = session.get("locale") or accounts.remembered(db.session(), username).get("language")
    session.clear()
    login_user(user, remember=False)
    session[LOGIN_KEY] = key
    if chosen:
        session["locale"] = chosen


class LoginView(AuthDBView):
    """The login page; its route and endpoint are the framework's."""

    name = "AuthDBView"

    @expose("/login/", methods=["GET", "POST"])
    @no_cache
    def login(self) -> Any:
        """The form; after it, the page that was asked for."""
        target = request.args.get("next") or self.appbuilder.get_url_for_index
        if current_user.is_authenticated:
            return redirect(get_safe_redirect(target))
        form = LoginForm_db()
        message, status = "", 200
        if request.method == "POST":
            user = self._known(form)
            if user is not None and may_use_pages([role.name for role in user.roles]):
                enter(user)
                return redirect(get_safe_redirect(target))
            status = 422
            message = (
                _("User name or password is wrong, or the account is not active.")
                if user is None
                else _("This account is for programs: it uses the API and can't open pages.")
            )
        return render_template(self.login_template, form=form, message=message), status

    @expose("/logout/")
    def logout(self) -> Any:
        """End this login; nothing of this person stays in the browser."""
        if current_user.is_authenticated and current_user.login_id:
            username, login = current_user.username, current_user.login_id
            mine, seen = real_actor(), g.get("seeing")
            db.session.rollback()
            with writing():
                if seen is not None:
                    seeing.end(db.session(), catalogs.current(), mine, seen, datetime.now(UTC))
                accounts.end(db.session(), username, [login])
                db.session.commit()
        logout_user()
        session.clear()
        return redirect(self.appbuilder.get_url_for_index)

    def _known(self, form: LoginForm_db) -> User | None:
        if not form.validate_on_submit():
            return None
        found = current_app.appbuilder.sm.auth_user_db(form.username.data, form.password.data)  # type: ignore[attr-defined]
        return found or None
