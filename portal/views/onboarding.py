"""Onboarding: my checklist, and for those responsible the board and each person's list."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from metadata import access, records
from metadata.access import Actor
from metadata.catalog import Catalog
from portal import catalogs, units
from portal.access import current_actor, language
from portal.extensions import db
from portal.views import forms
from portal.views.panels import Asked, Due
from workflows.onboarding import tasks

blueprint = Blueprint("onboarding", __name__, url_prefix="/onboarding")
TITLE = _l("Onboarding")


def visible(actor: Actor, catalog: Catalog) -> bool:
    """Whether the menu offers onboarding."""
    return tasks.TASK in catalog and access.may(actor, catalog[tasks.TASK], "list")


def due(asked: Asked) -> list[Due]:
    """My open steps, for the start page."""
    if not visible(asked.actor, asked.catalog) or asked.actor.person_id is None:
        return []
    items = tasks.checklist(asked.session, asked.catalog, asked.actor, asked.actor.person_id, asked.language)
    return [Due(item.due_on, item.title, url_for("onboarding.index"), TITLE) for item in items if not item.done]


@blueprint.before_request
def _known_only() -> Any:
    if not current_user.is_authenticated:
        return redirect(url_for("AuthDBView.login", next=request.full_path))
    return None


@blueprint.get("/")
def index() -> str:
    """My checklist, and the board of the others whom I may see."""
    actor, catalog, session = current_actor(), catalogs.current(), db.session()
    if not visible(actor, catalog):
        abort(404)
    today = units.utcnow().astimezone(forms.zone()).date()
    mine = tasks.checklist(session, catalog, actor, actor.person_id, language()) if actor.person_id else []
    wide = access.widest(actor, catalog[tasks.TASK], "list") not in {"none", "own"}
    board = tasks.board(session, catalog, actor, today, language()) if wide else []
    return render_template(
        "onboarding/index.html",
        items=mine,
        board=board,
        wide=wide,
        today=today,
        plans=access.may(actor, catalog["onboarding_plan"], "edit"),
    )


@blueprint.get("/<int:employee>")
def person(employee: int) -> str:
    """One person's checklist."""
    actor, catalog, session = current_actor(), catalogs.current(), db.session()
    items = tasks.checklist(session, catalog, actor, employee, language())
    name = records.labels(session, catalog, tasks.PERSON, [employee], language()).get(employee, "")
    today = units.utcnow().astimezone(forms.zone()).date()
    return render_template("onboarding/person.html", items=items, name=name, employee=employee, today=today)


@blueprint.post("/tasks/<int:task_id>")
def tick(task_id: int) -> Any:
    """Tick a step off, or take that back."""
    actor, now, done = current_actor(), units.utcnow(), request.form.get("done") == "1"
    employee = units.write(lambda s, c: tasks.tick(s, c, actor, task_id, done=done, now=now))
    flash(_("The step is done.") if done else _("The step is open again."), "success")
    if employee == actor.person_id:
        return redirect(url_for("onboarding.index"), 303)
    return redirect(url_for("onboarding.person", employee=employee), 303)
