"""Surveys: those that ask me, the page to answer one, and the results for whoever may know them.

Thin: whom a survey asks, what is kept of an answer and what may be shown is decided in `workflows.surveys`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from metadata import access, records, validation
from metadata.access import Actor
from metadata.catalog import Catalog, Entity
from metadata.errors import Conflict, Invalid
from metadata.records import Outlook
from portal import catalogs, units
from portal.access import current_actor, language
from portal.errors import wording
from portal.extensions import db
from portal.views import forms
from portal.views.panels import Asked, Due
from workflows.surveys import answering, results
from workflows.surveys.answering import Open

TITLE = _l("Surveys")
blueprint = Blueprint("surveys", __name__, url_prefix="/surveys")


def visible(actor: Actor, catalog: Catalog) -> bool:
    """Whether the menu offers surveys: there is one, and the person works here or oversees it."""
    return bool(catalog.surveys) and (actor.person_id is not None or bool(results.overseen(catalog, actor)))


def due(asked: Asked) -> list[Due]:
    """The surveys that wait for my answer, for the start page."""
    found = answering.open_surveys(asked.session, asked.catalog, asked.actor, asked.today)
    return [
        Due(one.survey.last, one.entity.definition.title(asked.language), _address(one.entity.name), "survey")
        for one in found
        if not one.answered and one.survey.last is not None
    ]


def _address(name: str) -> str:
    return url_for("surveys.answer", name=name)


@blueprint.before_request
def _known_only() -> Any:
    if not current_user.is_authenticated:
        return redirect(url_for("AuthDBView.login", next=request.full_path))
    return None


def _today() -> date:
    return units.utcnow().astimezone(forms.zone()).date()


@blueprint.get("/")
def index() -> str:
    """What asks me, and what I oversee."""
    actor, catalog = current_actor(), catalogs.current()
    return render_template(
        "surveys/index.html",
        open=answering.open_surveys(db.session(), catalog, actor, _today()),
        overseen=results.overseen(catalog, actor),
        today=_today(),
    )


@blueprint.route("/<name>/", methods=["GET", "POST"])
def answer(name: str) -> Any:
    """The questions, or the answers."""
    actor, now, today, zone = current_actor(), units.utcnow(), _today(), forms.zone()
    found = answering.survey_for(db.session(), catalogs.current(), actor, name, today)
    if request.method == "GET":
        return _page(found, forms.texts(found.entity, validation.defaults(found.entity.definition)))
    typed = forms.typed(answering.questions(found.entity), request.form)
    try:
        units.write(
            lambda session, catalog: answering.answer(
                session, catalog, actor, name, typed, now=now, today=today, zone=zone
            )
        )
    except Invalid as error:
        return _page(found, typed, error), 422
    except Conflict as error:
        flash(wording(error.message, error.params), "warning")
        return redirect(url_for("surveys.index"), 303)
    flash(_("Thank you: your answers were taken."), "success")
    return redirect(url_for("surveys.index"), 303)


@blueprint.post("/<name>/state")
def state(name: str) -> Any:
    """What the form asks for with the answers as they stand; nothing is saved."""
    found = answering.survey_for(db.session(), catalogs.current(), current_actor(), name, _today())
    asked = answering.questions(found.entity)
    return jsonify(forms.state(found.entity, asked, _outlook(found.entity, forms.typed(asked, request.form))))


@blueprint.get("/<name>/results")
def show(name: str) -> str:
    """Counts, means and words, as far as nobody can be told by them."""
    found = results.results(db.session(), catalogs.current(), current_actor(), name, _today(), language())
    return render_template("surveys/results.html", found=found, definition=found.entity.definition)


def _page(found: Open, texts: Mapping[str, str], error: Invalid | None = None) -> str:
    asked = answering.questions(found.entity)
    return render_template(
        "surveys/answer.html",
        found=found,
        definition=found.entity.definition,
        form=forms.view(found.entity, None, asked, texts, error, _outlook(found.entity, texts)),
        message=wording(error.message, error.params) if error else "",
    )


def _outlook(entity: Entity, texts: Mapping[str, str]) -> Outlook:
    system = access.system(current_actor().username)
    return records.rehearse(
        db.session(), catalogs.current(), entity.name, system, texts, form="text", zone=forms.zone()
    )
