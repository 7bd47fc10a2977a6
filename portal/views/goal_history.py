"""The page of what the past suggests for a target. On the blueprint of goals.py; reading is in workflows/goals."""

from __future__ import annotations

from flask import render_template

from metadata.errors import Invalid
from portal import catalogs, units
from portal.access import current_actor, language
from portal.errors import wording
from portal.extensions import db
from portal.views import forms
from portal.views.goals import blueprint
from workflows.goals import history, reading, suggesting


@blueprint.get("/<definition>/<int:number>/suggest/<int:result>")
def suggest(definition: str, number: int, result: int) -> str:
    """A range, what it rests on, and which share of the past months would have met it."""
    actor, catalog, session = current_actor(), catalogs.current(), db.session()
    goal = reading.one(session, catalog, actor, (definition, number), language())
    asked = reading.result_of(goal, result)
    today = units.utcnow().astimezone(forms.zone()).date()
    past, message, met = None, "", 0.0
    try:
        past = history.past(session, catalog, actor, goal, asked, today)
    except Invalid as error:
        message = wording(error.message, error.params)
    if past is not None and past.months and asked.target is not None:
        lower = asked.direction == "lower"
        met = suggesting.met([one.value for one in past.months], float(asked.target), lower=lower)
    kpi = catalog[asked.kpi].definition.title(language()) if asked.kpi in catalog else asked.kpi
    return render_template(
        "goals/suggest.html",
        goal=goal,
        result=asked,
        past=past,
        message=message,
        met=met,
        kpi=kpi,
        least=suggesting.LEAST,
    )
