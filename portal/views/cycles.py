"""The pages of review cycles: my reviews and my cycles, a new one, one with its progress and what comes next.

Thin: each POST is one service call in one unit of work, then a redirect; what is wrong comes back on the same page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_login import current_user
from sqlalchemy.orm import Session

from metadata import access, records
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.errors import NotAllowed, NotFound, ProductError, StaleVersion
from metadata.records import Filter, Query
from portal import catalogs, units
from portal.access import current_actor, language
from portal.errors import status_of, worded, wording
from portal.extensions import db
from portal.home.card import address
from portal.views import forms
from workflows import jobs
from workflows.cycles import cards, closing, desk, launching, opening, rating, reading, scoring, states, stints, terms
from workflows.cycles import coverage as covering
from workflows.cycles.coverage import CardUse, Coverage
from workflows.cycles.desk import CYCLE, REVIEW

blueprint = Blueprint("cycles", __name__, url_prefix="/cycles")
TITLE = _l("Reviews")
SELF_DAYS, MANAGER_DAYS = 7, 14
CHOICES = 1000
CHOSEN = ("scorecard", "department")
ASKED_FOR = frozenset(opening.FIELDS) - {"name_zh", "timezone", "scorecard", "form"}


def visible(actor: Actor, catalog: Catalog) -> bool:
    """Whether the room concerns the actor: everybody who is an employee, and whoever may list cycles."""
    if CYCLE not in catalog or REVIEW not in catalog:
        return False
    return actor.person_id is not None or access.may(actor, catalog[CYCLE], "list")


def known_only() -> Any:
    """Log in first; to whomever the room does not concern it does not exist."""
    if not current_user.is_authenticated:
        return redirect(url_for("AuthDBView.login", next=request.full_path))
    if not visible(current_actor(), catalogs.current()):
        raise NotFound("There is nothing here, or nothing that you may see.")
    return None


blueprint.before_request(known_only)


def fields_of(name: str, field: str) -> Any:
    """A field of the catalog in force, for the words of its choices."""
    return catalogs.current()[name].definition.fields[field]


def problems_of(error: ProductError | None) -> dict[str, list[str]]:
    """What is wrong, by field."""
    found: dict[str, list[str]] = {}
    for problem in error.problems if error else ():
        found.setdefault(problem.field_name, []).append(worded(problem))
    return found


@blueprint.get("/")
def index() -> str:
    """My reviews, those that wait for me, and the cycles that I may see."""
    actor, catalog, session, tongue = current_actor(), catalogs.current(), db.session(), language()
    page = max(0, request.args.get("page", 0, type=int))
    lines, more = reading.cycles(session, catalog, actor, language=tongue, page=page)
    own = reading.mine(session, catalog, actor, "own", language=tongue)
    waiting = reading.mine(session, catalog, actor, "to_write", language=tongue)
    full = len(waiting) >= reading.PAGE_SIZE
    known = terms.pins_of(session, {line.cycle for line in own})
    return render_template(
        "cycles/index.html",
        lines=lines,
        more=more,
        page_number=page,
        own=own,
        waiting=waiting,
        waiting_count=reading.waiting_for(session, catalog, actor) if full else len(waiting),
        rating_of=lambda line, label: known[line.cycle].rating(label, tongue) if line.cycle in known else label,
        cycle_field=fields_of(CYCLE, "step"),
        review_field=fields_of(REVIEW, "step"),
        may_list=access.may(actor, catalog[CYCLE], "list"),
        sees_all=access.may(actor, catalog[REVIEW], "list") and access.widest(actor, catalog[REVIEW], "list") != "own",
        may_open=access.may(actor, catalog[CYCLE], "add"),
    )


@blueprint.route("/new", methods=["GET", "POST"])
def new() -> Any:
    """The form of a new cycle, and the cycle."""
    actor, now = current_actor(), units.utcnow()
    access.require(actor, catalogs.current()[CYCLE], "add")
    if request.method == "GET":
        today = now.astimezone(forms.zone()).date()
        begin = {
            "self_due": (today + timedelta(days=SELF_DAYS)).isoformat(),
            "manager_due": (today + timedelta(days=MANAGER_DAYS)).isoformat(),
            "timezone": str(forms.zone()),
            cards.CHOICE: cards.ONE,
        }
        return _plan(begin)
    typed = _typed()
    try:
        made = units.write(lambda s, c: opening.open_cycle(s, c, actor, typed, now=now, form="text"))
    except (NotFound, NotAllowed):
        raise
    except ProductError as error:
        return _plan(typed, error), status_of(error)
    flash(_("The cycle is a draft: look at it, then launch it."), "success")
    return redirect(url_for("cycles.show", cycle_id=made.id), 303)


@blueprint.route("/<int:cycle_id>/plan", methods=["GET", "POST"])
def plan(cycle_id: int) -> Any:
    """The form of a cycle's plan, and its change."""
    actor, now = current_actor(), units.utcnow()
    row = desk.run_by(db.session(), catalogs.current(), actor, cycle_id, lock=False)
    if request.method == "GET":
        return _plan(_texts(row), row=row)
    typed, version = _typed(), request.form.get("_version", type=int)
    try:
        units.write(lambda s, c: opening.change(s, c, actor, cycle_id, typed, now=now, version=version, form="text"))
    except (NotFound, NotAllowed):
        raise
    except ProductError as error:
        row = desk.run_by(db.session(), catalogs.current(), actor, cycle_id, lock=False)
        return _plan({**_texts(row), **typed}, error, row), status_of(error)
    flash(_("The plan was saved."), "success")
    return redirect(url_for("cycles.show", cycle_id=cycle_id), 303)


def _typed() -> dict[str, str]:
    return {name: request.form[name] for name in opening.FIELDS if name in request.form}


def _texts(row: Mapping[str, Any]) -> dict[str, str]:
    return forms.texts(catalogs.current()[CYCLE], {name: row[name] for name in opening.FIELDS if name in row})


def _plan(typed: Mapping[str, str], error: ProductError | None = None, row: Mapping[str, Any] | None = None) -> str:
    actor, catalog, session, tongue = current_actor(), catalogs.current(), db.session(), language()
    active = Query((Filter("status", "eq", "active"),), page_size=CHOICES, language=tongue)
    active_cards = records.select(session, catalog, terms.SCORECARD, actor, active)
    homes = records.select(session, catalog, "department", actor, Query(page_size=CHOICES, language=tongue))
    choices: dict[str, list[tuple[Any, str]]] = {
        "scorecard": [(r.id, forms.label(catalog[terms.SCORECARD], r)) for r in active_cards.rows],
        "department": [
            (r.id, forms.label(catalog["department"], r)) for r in homes.rows if desk.runs(catalog, actor, r.id)
        ],
    }
    plan_fields = catalog[CYCLE].definition.fields
    if cards.CHOICE in plan_fields:
        choices[cards.CHOICE] = [(item.value, item.label(tongue)) for item in plan_fields[cards.CHOICE].enum]
    named = [e.definition for e in catalog.entities.values() if e.definition.form is not None]
    choices["form"] = [(definition.name, definition.title(tongue)) for definition in named]
    if row is not None and row["step"] != "draft":
        fixed = frozenset(opening.FIELDS) - opening.WHILE_RUNNING
    else:
        fixed = frozenset()
    return render_template(
        "cycles/plan.html",
        cycle_id=row["id"] if row else None,
        version=row["_version"] if row else None,
        fields=[plan_fields[name] for name in opening.FIELDS if name in plan_fields],
        choices=choices,
        typed=typed,
        theirs=_texts(row) if row else {},
        fixed=fixed,
        required=ASKED_FOR,
        problems=problems_of(error),
        message=wording(error.message, error.params) if error else "",
        stale=isinstance(error, StaleVersion),
    )


@blueprint.get("/<int:cycle_id>/")
def show(cycle_id: int) -> Any:
    """One cycle: progress, who is missing, what comes next."""
    return _page(cycle_id)


def _page(cycle_id: int, error: ProductError | None = None, form: str = "") -> str:
    actor, catalog, session, tongue = current_actor(), catalogs.current(), db.session(), language()
    line = reading.cycle(session, catalog, actor, cycle_id, tongue)
    asked = {
        "step": request.args.get("step", ""),
        "words": request.args.get("search", ""),
        "page": max(0, request.args.get("page", 0, type=int)),
    }
    people, more = reading.people(session, catalog, actor, cycle_id, **asked, language=tongue)
    pin = terms.pin_if_any(session, cycle_id)
    job = _job(pin)
    runs = desk.runs(catalog, actor, line.department_id)
    actions = states.cycle_actions(line.step) if runs and not (job and job.is_open) else frozenset()
    if line.shared_at is not None:
        actions -= {"share"}
    rest = rating.preview(session, catalog, actor, cycle_id) if "accept_rest" in actions else None
    problems = problems_of(error)
    return render_template(
        "cycles/show.html",
        line=line,
        asked=asked,
        people=people,
        more=more,
        terms=pin.terms if pin else None,
        uses=_uses(cycle_id, pin),
        coverage=_coverage(cycle_id) if runs and line.step == "draft" else None,
        named=lambda ids: covering.named(session, catalog, ids, tongue),
        measured_at=pin.measured_at if pin else None,
        job=job,
        job_url=_job_url(job),
        worded_job=wording(job.error, job.error_params) if job and job.error else "",
        cycle_id=cycle_id,
        launching=line.step == "launching",
        runs=runs,
        actions=actions,
        rest=rest,
        message=wording(error.message, error.params) if error else "",
        problems=problems,
        all_problems=[text for found in problems.values() for text in found] if form == "launch" else [],
        form=form,
        typed=request.form,
        cycle_field=fields_of(CYCLE, "step"),
        review_field=fields_of(REVIEW, "step"),
    )


def _uses(cycle_id: int, pin: terms.Pin | None) -> list[CardUse]:
    """The pinned scorecards of a cycle in which each person's own counts, with how many people each scores."""
    if pin is None or not pin.terms.own_cards:
        return []
    counts, known = stints.cards_used(db.session(), cycle_id), cards.pinned(db.session(), cycle_id)
    return [CardUse(key, card, counts[key]) for key, card in known.items() if counts.get(key)]


def _coverage(cycle_id: int) -> Coverage | None:
    """Before the launch: whose scorecard would count, and who has none; None where one is for everybody."""
    row = desk.cycle_row(db.session(), catalogs.current(), cycle_id)
    return covering.find(db.session(), catalogs.current(), row) if cards.own(row) else None


def _job(pin: terms.Pin | None) -> jobs.Job | None:
    return jobs.load(db.session(), pin.job_id) if pin and pin.job_id else None


def _job_url(job: jobs.Job | None) -> str:
    """The job's own page, for those who may open it."""
    actor = current_actor()
    mine = job is not None and (job.created_by == actor.username or bool(jobs.SEES_ALL & actor.roles))
    return address("", f"/jobs/{job.id}") if job is not None and mine else ""


@blueprint.get("/<int:cycle_id>/progress")
def progress(cycle_id: int) -> Any:
    """The job's bar, asked for every second; when the job has ended, the page is loaded anew."""
    actor, catalog, session = current_actor(), catalogs.current(), db.session()
    line = reading.cycle(session, catalog, actor, cycle_id, language())
    pin = terms.pin_if_any(session, cycle_id)
    job = _job(pin)
    if job is None or not job.is_open:
        answer = make_response("", 200)
        answer.headers["HX-Refresh"] = "true"
        return answer
    return render_template(
        "cycles/_job.html", job=job, job_url=_job_url(job), cycle_id=cycle_id, launching=line.step == "launching"
    )


Service = Callable[[Session, Catalog], Any]


def _done(cycle_id: int, form: str, service: Service, told: Callable[[Any], str]) -> Any:
    """Run the service; its result in a message, or its problems on the page."""
    try:
        result = units.write(service)
    except (NotFound, NotAllowed):
        raise
    except ProductError as error:
        return _page(cycle_id, error, form), status_of(error)
    if words := told(result):
        flash(words, "success")
    return redirect(url_for("cycles.show", cycle_id=cycle_id), 303)


@blueprint.post("/<int:cycle_id>/launch")
def launch(cycle_id: int) -> Any:
    """Begin."""
    actor, now = current_actor(), units.utcnow()
    return _done(cycle_id, "launch", lambda s, c: launching.launch(s, c, actor, cycle_id, now=now), lambda _job: "")


@blueprint.post("/<int:cycle_id>/recompute")
def recompute(cycle_id: int) -> Any:
    """Measure and score again."""
    actor, now = current_actor(), units.utcnow()
    return _done(cycle_id, "recompute", lambda s, c: scoring.recompute(s, c, actor, cycle_id, now=now), lambda _job: "")


@blueprint.post("/<int:cycle_id>/advance")
def advance(cycle_id: int) -> Any:
    """On to the manager reviews."""
    actor, now, sure = current_actor(), units.utcnow(), bool(request.form.get("without_missing"))
    return _done(
        cycle_id,
        "advance",
        lambda s, c: closing.advance(s, c, actor, cycle_id, now=now, without_missing=sure),
        lambda _missing: _("The manager reviews have begun."),
    )


@blueprint.post("/<int:cycle_id>/accept")
def accept_rest(cycle_id: int) -> Any:
    """The computed rating for all who remain."""
    actor, now = current_actor(), units.utcnow()
    reason, seen = request.form.get("reason", ""), request.form.get("seen", type=int)
    return _done(
        cycle_id,
        "accept",
        lambda s, c: rating.accept_rest(s, c, actor, cycle_id, reason, now=now, seen=seen),
        lambda n: ngettext("%(num)s rating was accepted as computed.", "%(num)s ratings were accepted as computed.", n),
    )


@blueprint.post("/<int:cycle_id>/close")
def close(cycle_id: int) -> Any:
    """Make the ratings final."""
    actor, now = current_actor(), units.utcnow()
    reason, share_now = request.form.get("reason", ""), bool(request.form.get("share"))
    return _done(
        cycle_id,
        "close",
        lambda s, c: closing.close(s, c, actor, cycle_id, now=now, reason=reason, share_now=share_now),
        lambda n: ngettext(
            "The cycle is closed: %(num)s review has its final rating.",
            "The cycle is closed: %(num)s reviews have their final ratings.",
            n,
        ),
    )


@blueprint.post("/<int:cycle_id>/share")
def share(cycle_id: int) -> Any:
    """Let the people read their results."""
    actor, now = current_actor(), units.utcnow()
    return _done(
        cycle_id,
        "share",
        lambda s, c: closing.share(s, c, actor, cycle_id, now=now),
        lambda n: ngettext(
            "%(num)s person can read their result now.", "%(num)s people can read their results now.", n
        ),
    )
