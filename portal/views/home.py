"""The start page, the language and theme switches, and what every page knows of its reader."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from flask import Blueprint, Response, g, redirect, render_template, request, session, url_for
from flask_appbuilder import IndexView, expose
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from portal import catalogs, menu, units
from portal.access import current_actor, language
from portal.extensions import db
from portal.home import Reader, shown
from portal.views import forms, panels, tours
from workflows import accounts, inbox

DASHBOARDS = _l("Dashboards")
YEAR = 365 * 24 * 3600
blueprint = Blueprint("home", __name__)


class HomeView(IndexView):
    """The start page."""

    @expose("/")
    def index(self) -> Any:
        """What waits for the person and what they work with; the login page for those who have not logged in."""
        if not g.user or not g.user.is_authenticated:
            return redirect(self.appbuilder.get_url_for_login)
        now = units.utcnow()
        today = now.astimezone(forms.zone()).date()
        reader = Reader(db.session(), catalogs.current(), current_actor(), language(), today, now)
        own = panels.shown(reader)
        return render_template("home.html", own=own, cards=shown(reader), offer=tours.offer(), today=today)


class PageContext:
    """What the base template asks of a page; everything is found on first use, nothing twice."""

    def __init__(self, user: Any) -> None:
        self.user = user

    @property
    def known(self) -> bool:
        """Whether somebody is logged in."""
        return bool(self.user and self.user.is_authenticated)

    @cached_property
    def menu(self) -> list[tuple[str, list[menu.Entry]]]:
        """The groups of the menu."""
        return menu.groups(current_actor(), catalogs.current(), language())

    @cached_property
    def unread(self) -> int:
        """How many messages wait in the inbox."""
        return 0 if self.seeing else inbox.unread_count(db.session(), self.user.username)

    @property
    def seeing(self) -> Any:
        """As whom the reader looks, where it is not with their own eyes."""
        return g.get("seeing")

    @property
    def person_id(self) -> int | None:
        """The employee record that carries the account."""
        return current_actor().person_id

    @property
    def tour(self) -> str | None:
        """The address of the guided tour that runs in this browser."""
        return tours.running() if self.known else None

    @property
    def theme(self) -> str:
        """The name of the theme, light or dark."""
        chosen = request.cookies.get("theme") or getattr(self.user, "theme", None)
        return "dark" if chosen == "dark" else "light"


@blueprint.post("/language/<code>")
def switch_language(code: str) -> Response:
    """Take the language, remember it for the person's next login and mails, and go back."""
    if code in ("en", "zh"):
        session["locale"] = code
        _remember(language=code)
    return _back()


@blueprint.post("/theme/<name>")
def switch_theme(name: str) -> Response:
    """Remember light or dark and go back."""
    answer = _back()
    if name in ("light", "dark"):
        answer.set_cookie("theme", name, max_age=YEAR, samesite="Lax", httponly=True)
        _remember(theme=name)
    return answer


def _remember(**values: str) -> None:
    if current_user.is_authenticated and not g.get("read_only"):
        username = current_user.username
        units.write(lambda s, _catalog: accounts.remember(s, username, **values))


def _back() -> Response:
    target = request.form.get("next", "")
    safe = target.startswith("/") and not target.startswith(("//", "/\\"))
    return redirect(target if safe else url_for("HomeView.index"))  # type: ignore[return-value]
