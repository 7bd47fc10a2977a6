"""The page of a key result's pace: the way as chart and table, and points of its own for those who may change the goal.

On the blueprint of goals.py; what is written is in workflows/goals/curves.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from metadata.catalog import Catalog
from metadata.errors import Conflict, Invalid, ProductError, StaleVersion
from portal import catalogs, units
from portal.access import current_actor, language
from portal.errors import status_of, worded, wording
from portal.extensions import db
from portal.views import forms, goal_ways
from portal.views.goals import blueprint
from workflows.goals import check_ins, curves, pacing, reading
from workflows.goals.levels import OVER

EMPTY_ROWS = 3


@blueprint.route("/<definition>/<int:number>/pace/<int:result>", methods=["GET", "POST"])
def pace(definition: str, number: int, result: int) -> Any:
    """The way of a key result; on POST its own points."""
    actor, now, key = current_actor(), units.utcnow(), (definition, number)
    if request.method == "GET":
        return _page(key, result)
    rows = list(zip(request.form.getlist("day"), request.form.getlist("share"), strict=False))
    version = request.form.get("version", type=int)

    def work(session: Session, catalog: Catalog) -> None:
        curves.set_points(session, catalog, actor, key, result, rows, version=version, now=now)

    try:
        units.write(work)
    except (Invalid, Conflict, StaleVersion) as error:
        return _page(key, result, rows, error), status_of(error)
    flash(_("The pace was saved."), "success")
    return redirect(url_for("goals.show", definition=definition, number=number, _anchor=f"result-{result}"), 303)


def _page(
    key: tuple[str, int], number: int, typed: Sequence[tuple[str, str]] | None = None, error: ProductError | None = None
) -> str:
    actor, catalog, session = current_actor(), catalogs.current(), db.session()
    goal = reading.one(session, catalog, actor, key, language())
    result = reading.result_of(goal, number)
    today = units.utcnow().astimezone(forms.zone()).date()
    seasons = pacing.seasons(catalog)
    stands = pacing.of_goal(goal, today, seasons).results.get(number)
    said = check_ins.of_goal(session, catalog, actor, key)
    settable = goal.status not in OVER and curves.settable(catalog, key)
    held = [(day.isoformat(), f"{share.normalize():f}") for day, share in result.points]
    return render_template(
        "goals/pace.html",
        goal=goal,
        result=result,
        way=goal_ways.way(goal, result, stands, seasons, said, today) if stands else None,
        rows=[*(held if typed is None else typed), *[("", "")] * EMPTY_ROWS],
        may_set=settable and check_ins.may_check_in(session, catalog, actor, key),
        message=wording(error.message, error.params) if error else "",
        wrong={problem.pointer: worded(problem) for problem in error.problems} if error else {},
        words=goal_ways.WORDS,
        colours=goal_ways.COLOURS,
        sources=goal_ways.SOURCES,
        percent=goal_ways.percent,
    )
