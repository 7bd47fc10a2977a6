"""A person's own account (/account/): address, language, theme, zone, mail, password, and where they are logged in."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from flask import Blueprint, flash, make_response, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user, login_required

from metadata.errors import Invalid
from portal import units
from portal.access import current_actor
from portal.accounts import service
from portal.errors import problem_json, wants_json, worded
from portal.extensions import db
from workflows import accounts
from workflows.delivery import notices

YEAR = 365 * 24 * 3600
BROWSERS = (("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)
OPEN = frozenset({"account.password", "AuthDBView.logout", "home.switch_language", "home.switch_theme"})
blueprint = Blueprint("account", __name__, url_prefix="/account")


def change_given_password() -> Any:
    """Before each request: whoever has a password that somebody else gave changes it first."""
    if request.endpoint in OPEN or request.endpoint is None or request.endpoint.startswith(("health.", "api_tokens.")):
        return None
    if not current_user.is_authenticated or not getattr(current_user, "must_change", False):
        return None
    if wants_json():
        return problem_json(403, _("Change the password that you were given first."))
    return redirect(url_for("account.password"))


@blueprint.get("/")
@login_required
def show() -> str:
    """What the portal keeps of this person, and where they are logged in."""
    return _page({})


@blueprint.post("/")
@login_required
def save() -> Any:
    """Language, theme, time zone and mail."""
    form, username = request.form, current_user.username
    wrong = {}
    if form.get("language") not in ("", "en", "zh"):
        wrong["language"] = [_("Choose one of the languages.")]
    zone = form.get("timezone", "").strip()
    if zone and zone not in available_timezones():
        wrong["timezone"] = [_("There is no time zone of this name; choose one from the list.")]
    if wrong:
        return _page(wrong), 422
    theme = "dark" if form.get("theme") == "dark" else "light"
    values = {"language": form["language"] or None, "timezone": zone or None, "theme": theme}

    def work(unit: Any, _catalog: Any) -> None:
        accounts.remember(unit, username, **values)
        notices.set_wants_mail(unit, username, wanted=form.get("mail") == "1")

    units.write(work)
    session.pop("locale", None)
    if values["language"]:
        session["locale"] = values["language"]
    flash(_("The change was saved."), "success")
    answer = make_response(redirect(url_for("account.show"), 303))
    answer.set_cookie("theme", theme, max_age=YEAR, samesite="Lax", httponly=True)
    return answer


@blueprint.route("/password", methods=["GET", "POST"])
@login_required
def password() -> Any:
    """The person's own new password."""
    given = bool(current_user.must_change)
    if request.method == "GET":
        return render_template("account/password.html", wrong={}, given=given)
    form, actor, login = request.form, current_actor(), current_user.login_id
    typed = (form.get("current", ""), form.get("password", ""), form.get("again", ""))
    try:
        units.write(lambda s, c: service.change_own_password(s, c, actor, *typed, now=units.utcnow(), login=login))
    except Invalid as error:
        wrong: dict[str, list[str]] = {}
        for problem in error.problems:
            wrong.setdefault(problem.field_name, []).append(worded(problem))
        return render_template("account/password.html", wrong=wrong, given=given), 422
    flash(_("Your password was changed. Other browsers were logged out."), "success")
    return redirect(url_for("HomeView.index" if given else "account.show"), 303)


@blueprint.post("/logins/end")
@login_required
def end_logins() -> Any:
    """End one login, or all but this one."""
    username, here = current_user.username, current_user.login_id
    one = request.form.get("login", type=int)
    if one is not None:
        units.write(lambda s, _catalog: accounts.end(s, username, [one]))
    else:
        units.write(lambda s, _catalog: accounts.end_all(s, username, but=here))
    flash(_("Logged out there."), "success")
    return redirect(url_for("account.show"), 303)


def _page(wrong: dict[str, list[str]]) -> str:
    unit, username = db.session(), current_user.username
    kept = accounts.remembered(unit, username)
    return render_template(
        "account/show.html",
        kept={**kept, **request.form.to_dict()},
        wrong=wrong,
        logins=accounts.logins_of(unit, username, units.utcnow()),
        here=current_user.login_id,
        mail=notices.wants_mail(unit, username),
        zones=sorted(available_timezones()),
        browser_name=browser_name,
    )


def browser_name(text: str) -> str:
    """What a browser says of itself, as people call it."""
    browser = next((name for mark, name in BROWSERS if mark in text), "")
    system = next((name for mark, name in SYSTEMS if mark in text), "")
    return " · ".join(part for part in (browser, system) if part) or _("Unknown browser")
