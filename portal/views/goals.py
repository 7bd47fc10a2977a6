"""The pages of goals: the tree that one can walk, the lists of its levels, and one goal with its key results.

Thin: what is read and what is written is in workflows/goals. A branch of the tree is fetched when it is opened; without
a script every goal leads to its own page, which names what is above and below. Check-ins are written here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sized
from datetime import date
from functools import partial
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from sqlalchemy.orm import Session

from metadata import access, records
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.errors import Conflict, Invalid, NotFound, ProductError
from metadata.records import Query
from portal import catalogs, grades, units
from portal.access import current_actor, language
from portal.errors import status_of, worded, wording
from portal.extensions import db
from portal.views import forms, goal_nodes, goal_ways
from portal.views.goal_nodes import MOST_SHOWN
from workflows.goals import aligned, check_ins, closing, levels, pacing, proposed, reading
from workflows.goals.levels import END, RESULTS, START, Key
from workflows.goals.templates import asking

blueprint = Blueprint("goals", __name__, url_prefix="/goals")
TITLE = _l("Goal tree")
PAGE = 50
PACE = {"pace_words": goal_ways.WORDS, "pace_colours": goal_ways.COLOURS}
CONFIDENCE = {"on_track": _l("On track"), "at_risk": _l("At risk"), "off_track": _l("Off track")}
COLOURS = {"on_track": "good", "at_risk": "warn", "off_track": "bad"}


def visible(actor: Actor, catalog: Catalog) -> bool:
    """Whether the actor may list objectives of any level."""
    return bool(levels.listed(catalog, actor))


@blueprint.before_request
def known_only() -> Any:
    """Log in first; to whom no level is open the room does not exist."""
    if not current_user.is_authenticated:
        return redirect(url_for("AuthDBView.login", next=request.full_path))
    if not visible(current_actor(), catalogs.current()):
        raise NotFound(levels.NO_GOAL)
    return None


@blueprint.get("/")
def index() -> str:
    """The tree: what stands at the top, with the first branches open."""
    actor, catalog, session = current_actor(), catalogs.current(), db.session()
    over = request.args.get("over") == "1"
    web = aligned.web(session, catalog, actor, over=over)
    shown, drawn = goal_nodes.first(web)
    goals = reading.many(session, catalog, actor, drawn, language(), whole=True)
    drawing = goal_nodes.Drawing(web, goals, _today(), pacing.seasons(catalog))
    return render_template(
        "goals/index.html",
        nodes=drawing.top(shown),
        over=over,
        hidden=len(web.roots()) - len(shown),
        **PACE,
        total=len(web.goals),
        known=levels.listed(catalog, actor),
        may_give=asking.may_give(actor, catalog),
        addable=[one for one in levels.listed(catalog, actor) if access.may(actor, one.entity, "add")],
    )


@blueprint.get("/<definition>/<int:number>/branch")
def branch(definition: str, number: int) -> str:
    """What lies below one goal, as the items of its branch."""
    actor, catalog, session = current_actor(), catalogs.current(), db.session()
    key = (levels.level_of(catalog, definition).name, number)
    web = aligned.web(session, catalog, actor, over=request.args.get("over") == "1")
    reading.one(session, catalog, actor, key)
    edges = web.below.get(key, ())
    goals = reading.many(session, catalog, actor, (edge.child for edge in edges[:MOST_SHOWN]), language(), whole=True)
    nodes = goal_nodes.Drawing(web, goals, _today(), pacing.seasons(catalog)).branch(key)
    return render_template("goals/_branch.html", nodes=nodes, key=key, more=_more(edges), **PACE)


def _more(edges: Sized) -> int:
    """How many goals are not drawn."""
    return max(0, len(edges) - MOST_SHOWN)


@blueprint.get("/<definition>/")
def level(definition: str) -> str:
    """One level as a list that is searched and turned page by page."""
    actor, catalog, session = current_actor(), catalogs.current(), db.session()
    asked = levels.level_of(catalog, definition)
    page, words = min(max(0, request.args.get("page", 0, type=int)), 10**6), request.args.get("q", "").strip()
    query = Query(
        order=tuple((name, True) for name in asked.columns(START)),
        search=words,
        page=page,
        page_size=PAGE,
        language=language(),
        columns=tuple(n for n in asked.entity.definition.fields if n != RESULTS),
    )
    found = records.select(session, catalog, asked.name, actor, query)
    return render_template(
        "goals/level.html",
        level=asked,
        known=levels.listed(catalog, actor),
        goals=[reading.goal_of(asked, record, language()) for record in found.rows],
        count=found.count,
        page_number=page,
        more=(page + 1) * PAGE < found.count,
        words=words,
    )


@blueprint.get("/<definition>/<int:number>")
def show(definition: str, number: int) -> str:
    """One goal: key results, check-ins, what is above and below."""
    return page_of((definition, number))


def page_of(key: Key, error: ProductError | None = None) -> str:
    """The page of a goal; with what was typed and what is wrong, where something is."""
    actor, catalog, session = current_actor(), catalogs.current(), db.session()
    asked = levels.level_of(catalog, key[0])
    goal = reading.one(session, catalog, actor, key, language())
    web = aligned.web(session, catalog, actor, over=True)
    above, beneath = web.above.get(key, ()), web.below.get(key, ())
    below = beneath[:MOST_SHOWN]
    around = reading.many(session, catalog, actor, [*(e.parent for e in above), *(e.child for e in below)], language())
    waiting, begun = proposed.of_goal(session, catalog, actor, goal, language())
    said = check_ins.of_goal(session, catalog, actor, key)
    today, seasons = _today(), pacing.seasons(catalog)
    stands = pacing.of_goal(goal, today, seasons)
    return render_template(
        "goals/show.html",
        stands=stands,
        offer=closing.offer(session, catalog, goal, today),
        closed=closing.shown(session, catalog, goal),
        graded=partial(grades.graded, asked.okr, commitment=goal.commitment),
        ways={
            one.id: goal_ways.way(goal, one, stands.results[one.id], seasons, said, today)
            for one in goal.results
            if one.id in stands.results
        },
        percent=goal_ways.percent,
        **PACE,
        goal=goal,
        level=asked,
        fields=asked.entity.definition.fields,
        kpis={r.kpi: catalog[r.kpi].definition.title(language()) for r in goal.results if r.kpi in catalog},
        above=[(e.share, around[e.parent]) for e in above if e.parent in around],
        below=[(e.share, around[e.child]) for e in below if e.child in around],
        more=_more(beneath),
        said=said,
        waiting=waiting,
        begun=begun,
        names={result.id: result.title for result in goal.results},
        latest=_latest(said),
        may_edit=check_ins.may_check_in(session, catalog, actor, key),
        may_answer=check_ins.may_answer(session, catalog, actor, goal),
        me=actor.username,
        confidence=CONFIDENCE,
        colours=COLOURS,
        typed=request.form if error else {},
        message=wording(error.message, error.params) if error else "",
        wrong=problems_of(error),
        windowed=asked.columns(START, END),
    )


def _today() -> date:
    return units.utcnow().astimezone(forms.zone()).date()


def _latest(said: Iterable[check_ins.CheckIn]) -> dict[int, check_ins.CheckIn]:
    found: dict[int, check_ins.CheckIn] = {}
    for one in said:
        found.setdefault(one.result_id, one)
    return found


def problems_of(error: ProductError | None) -> dict[str, list[str]]:
    """What is wrong, by field."""
    found: dict[str, list[str]] = {}
    for problem in error.problems if error else ():
        found.setdefault(problem.field_name, []).append(worded(problem))
    return found


@blueprint.post("/<definition>/<int:number>/check-in")
def check_in(definition: str, number: int) -> Any:
    """Where a key result stands, how sure one is, and why."""
    actor, now, key = current_actor(), units.utcnow(), (definition, number)
    given = {name: request.form.get(name, "") for name in ("value", "confidence", "note", "evidence")}
    result = request.form.get("result", 0, type=int)

    def work(session: Session, catalog: Catalog) -> Any:
        return check_ins.check_in(session, catalog, actor, key, result, now=now, **given)

    return done(key, work, _("Your check-in was saved."))


@blueprint.post("/check-ins/<int:check_in_id>/answer")
def answer(check_in_id: int) -> Any:
    """The manager's answer."""
    actor, now, text = current_actor(), units.utcnow(), request.form.get("answer", "")
    goal = (request.form.get("definition", ""), request.form.get("number", 0, type=int))

    def work(session: Session, catalog: Catalog) -> Any:
        return check_ins.answer(session, catalog, actor, check_in_id, text, now=now)

    return done(goal, work, _("Your answer was saved."))


def done(key: Key, work: Callable[[Session, Catalog], Any], told: str) -> Any:
    """Do it; back to the goal, or the goal with what is wrong."""
    try:
        units.write(work)
    except (Invalid, Conflict) as error:  # a version that is no longer so is a conflict, too
        return page_of(key, error), status_of(error)
    flash(told, "success")
    return redirect(url_for("goals.show", definition=key[0], number=key[1]), 303)
