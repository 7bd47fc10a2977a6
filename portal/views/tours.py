"""Help: guided tours with each person's progress, the help menu, and what the tour player asks for.

A tour that runs is remembered in the browser's session, so that the next page goes on with it without a
statement; how far it got is kept in the database by `workflows.tours`.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, jsonify, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from portal import catalogs, units
from portal.access import current_actor, language
from portal.extensions import db
from portal.guides import first, guide, ordered
from workflows import tours

blueprint = Blueprint("tours", __name__)
RUNNING = "tour"


@blueprint.before_request
def _known_only() -> Any:
    if not current_user.is_authenticated:
        return redirect(url_for("AuthDBView.login", next=request.full_path))
    return None


@blueprint.get("/help/")
def help_page() -> str:
    """All tours for me, with how far I am, and the guides, mine first."""
    return render_template("tours/help.html", tours=_mine(), guides=ordered(current_actor().roles, language()))


@blueprint.get("/help/menu")
def menu() -> str:
    """The same as the content of the help menu."""
    own = guide(first(current_actor().roles), language())
    return render_template("tours/_menu.html", tours=_mine(), own=own)


@blueprint.get("/tours/<name>.json")
def steps(name: str) -> Response:
    """The tour in the reader's language, with progress and the words of the player."""
    found = tours.tour(db.session(), catalogs.current(), current_actor(), name, language())
    answer = jsonify(
        name=found.name,
        title=found.title,
        steps=[vars(step) for step in found.steps],
        state=found.state,
        step=found.step,
        progress_url=url_for("tours.progress", name=name),
        words=_words(found.title),
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.post("/tours/<name>/start")
def start(name: str) -> Any:
    """Begin, or go on where I stopped; a finished tour begins anew."""
    actor, now = current_actor(), units.utcnow()
    found = tours.tour(db.session(), catalogs.current(), actor, name)
    step = found.step if found.state == "started" else 0
    units.write(lambda s, c: tours.move(s, c, actor, name, state="started", step=step, now=now))
    session[RUNNING] = name
    return redirect(_page_of(found, step), 303)


@blueprint.post("/tours/<name>/progress")
def progress(name: str) -> Any:
    """How far the player is; done and dismissed end the tour."""
    actor, now = current_actor(), units.utcnow()
    state, step = request.form.get("state", ""), request.form.get("step", -1, type=int)
    units.write(lambda s, c: tours.move(s, c, actor, name, state=state, step=step, now=now))
    if state == "started" and "pause" not in request.form:
        session[RUNNING] = name
    elif session.get(RUNNING) == name:
        session.pop(RUNNING)
    if request.headers.get("X-Requested-With") == "tour":
        return "", 204
    return redirect(url_for("HomeView.index"), 303)


def running() -> str | None:
    """The address of the tour that runs in this browser, for the frame of every page."""
    name = session.get(RUNNING)
    return url_for("tours.steps", name=name) if name else None


def offer() -> tours.Tour | None:
    """What the start page offers: the first tour that was never begun or was left half-way."""
    if RUNNING in session:
        return None
    meant = [tour for tour in _mine() if tour.state in {"", "started"} and tour.steps]
    return next(iter(sorted(meant, key=lambda tour: tour.state != "")), None)


def _mine() -> list[tours.Tour]:
    """Those of the person's role first; a tour that would lead to a page which does not exist is not offered."""
    found = tours.tours(db.session(), catalogs.current(), current_actor(), language())
    return sorted(filter(_leads_somewhere, found), key=lambda tour: tour.role == tours.EVERYBODY)


def _leads_somewhere(tour: tours.Tour) -> bool:
    return all(_is_page(page) for page in {step.page.split("?")[0].replace("*", "1") for step in tour.steps})


def _is_page(path: str) -> bool:
    try:
        current_app.url_map.bind("localhost").match(path, method="GET")
    except RequestRedirect:  # the same page with a slash at its end
        return True
    except HTTPException:
        return False
    return True


def _page_of(found: tours.Tour, step: int) -> str:
    """The step's page; where its address is known only to those who came there, the nearest one before."""
    for place in reversed(found.steps[: step + 1]):
        if "*" not in place.page:
            return place.page
    return url_for("HomeView.index")


def _words(title: str) -> dict[str, str]:
    return {
        "next": _("Next step"),
        "previous": _("Back"),
        "done": _("Finish"),
        "close": _("End the tour"),
        "progress": _("Step {{current}} of {{total}}"),
        "region": _("Tour: %(title)s", title=title),
        "paused": _("This tour goes on elsewhere."),
        "resume": _("Continue"),
        "menu": _("Open the menu first."),
    }
