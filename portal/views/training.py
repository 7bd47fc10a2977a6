"""Training: sessions and courses, one session with its people, my courses, proof of a completed course.

Thin: who may do what is asked of `workflows.training`, which also answers what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_login import current_user
from sqlalchemy.orm import Session

from metadata import access, records
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.errors import Conflict, Invalid, ProductError
from metadata.records import Query
from portal import catalogs, units
from portal.access import current_actor, language
from portal.errors import worded, wording
from portal.extensions import db
from portal.views import forms
from portal.views.panels import FEW, Asked
from workflows.training import attendance, enrolments, meetings, quiz, reading, states
from workflows.training.attendance import Mark
from workflows.training.meetings import COURSE, ENROLMENT, SESSION

blueprint = Blueprint("training", __name__, url_prefix="/training")
TITLE, MINE = _l("Training"), _l("My courses")
COURSES = 100
STATUS_COLOURS = {"enrolled": "info", "attended": "info", "absent": "warn", "completed": "good", "cancelled": "quiet"}


def visible(actor: Actor, catalog: Catalog) -> bool:
    """Whether the menu offers training: the pack is installed, and the person may see sessions."""
    return {SESSION, COURSE, ENROLMENT} <= set(catalog) and access.may(actor, catalog[SESSION], "list")


def panel(asked: Asked) -> dict[str, Any] | None:
    """My places, for the start page."""
    if not visible(asked.actor, asked.catalog) or asked.actor.person_id is None:
        return None
    places = reading.places_of(
        asked.session, asked.catalog, asked.actor, asked.actor.person_id, language=asked.language, limit=FEW
    )
    return {"places": places, "entity": asked.catalog[ENROLMENT]}


@blueprint.before_request
def _known_only() -> Any:
    if not current_user.is_authenticated:
        return redirect(url_for("AuthDBView.login", next=request.full_path))
    return None


@blueprint.get("/")
def index() -> str:
    """Trainers: sessions to hold, courses. Everybody: my courses, and what is open for enrolment."""
    actor, catalog, session = current_actor(), catalogs.current(), db.session()
    holds = access.may(actor, catalog[SESSION], "edit")
    asked = _asked(actor, holds=holds)
    lines, more = reading.sessions(
        session,
        catalog,
        actor,
        when=asked["when"],
        trainer=actor.person_id if asked["whose"] == "mine" else None,
        course=asked["course"],
        only_open=not holds and asked["when"] == "coming",
        page=asked["page"],
        language=language(),
    )
    query = Query(page_size=COURSES, language=language())
    courses = (
        records.select(session, catalog, COURSE, actor, query).rows
        if access.may(actor, catalog[COURSE], "list")
        else ()
    )
    mine = reading.places_of(session, catalog, actor, actor.person_id, language=language()) if actor.person_id else []
    return render_template(
        "training/index.html",
        holds=holds,
        asked=asked,
        lines=lines,
        more=more,
        courses=courses,
        mine=mine,
        course_entity=catalog[COURSE],
        session_entity=catalog[SESSION],
        enrolment_entity=catalog[ENROLMENT],
        colours=STATUS_COLOURS,
        now=units.utcnow(),
        today=_today(),
        may_add_course=access.may(actor, catalog[COURSE], "add"),
        may_add_session=access.may(actor, catalog[SESSION], "add"),
    )


def _asked(actor: Actor, *, holds: bool) -> dict[str, Any]:
    whose = request.args.get("whose") or ("mine" if holds and not _office() else "all")
    return {
        "when": "past" if request.args.get("when") == "past" else "coming",
        "whose": "mine" if whose == "mine" and holds and actor.person_id else "all",
        "course": request.args.get("course", type=int),
        "page": max(0, request.args.get("page", 0, type=int)),
    }


def _office() -> bool:
    return meetings.is_office(catalogs.current(), current_actor())


@blueprint.get("/sessions/<int:session_id>")
def session_page(session_id: int) -> str:
    """One session: the people, and for whoever holds it the forms."""
    return _session_page(session_id)


def _session_page(session_id: int, error: ProductError | None = None) -> str:
    actor, catalog, session = current_actor(), catalogs.current(), db.session()
    line = reading.one(session, catalog, actor, session_id, language())
    holds = meetings.may_hold(catalog, actor, line)
    chosen = [int(text) for text in request.form.getlist("employees") if text.isdecimal()] if error else []
    wrong: dict[str, list[str]] = {}
    for problem in error.problems if error else ():
        wrong.setdefault(problem.pointer.strip("/").replace("/result", ""), []).append(worded(problem))
    return render_template(
        "training/session.html",
        line=line,
        holds=holds,
        people=reading.people(session, catalog, actor, session_id, language()),
        begun=line.begun(units.utcnow()),
        message=wording(error.message, error.params) if error else "",
        wrong_choice=[text for name, found in wrong.items() if name.startswith("employees") for text in found],
        wrong=wrong,
        typed=request.form if error else {},
        chosen=records.pick(session, catalog, "employee", actor, ids=chosen, limit=100, language=language())
        if chosen
        else [],
        session_entity=catalog[SESSION],
        enrolment_entity=catalog[ENROLMENT],
        colours=STATUS_COLOURS,
        seated=states.takes_a_seat,
        may_edit=access.may(actor, catalog[SESSION], "edit"),
        office=meetings.is_office(catalog, actor),
        today=_today(),
    )


@blueprint.post("/sessions/<int:session_id>/enrol")
def enrol(session_id: int) -> Any:
    """Places for the chosen people."""
    actor, now, zone = current_actor(), units.utcnow(), forms.zone()
    chosen = [int(text) for text in request.form.getlist("employees") if text.isdecimal()]

    waived = request.form.get("waived", "")

    def work(session: Session, catalog: Catalog) -> int:
        return enrolments.enrol(session, catalog, actor, session_id, chosen, now=now, zone=zone, waived=waived)

    return _done(
        session_id, work, lambda n: ngettext("%(num)s person was enrolled.", "%(num)s people were enrolled.", n)
    )


@blueprint.post("/sessions/<int:session_id>/withdraw")
def withdraw(session_id: int) -> Any:
    """Take one person's place back."""
    actor, now = current_actor(), units.utcnow()
    chosen = [int(text) for text in request.form.getlist("withdraw") if text.isdecimal()]

    def work(session: Session, catalog: Catalog) -> int:
        return enrolments.withdraw(session, catalog, actor, session_id, chosen, now=now)

    return _done(session_id, work, lambda _n: _("The place was taken back."))


@blueprint.post("/sessions/<int:session_id>/attendance")
def record_attendance(session_id: int) -> Any:
    """Who came, of everybody at once; and, if asked for, the end of the session."""
    actor, now, complete = current_actor(), units.utcnow(), request.form.get("then") == "complete"
    marks = _marks()

    def work(session: Session, catalog: Catalog) -> int:
        return attendance.record(session, catalog, actor, session_id, marks, now=now, complete=complete)

    def told(came: int) -> str:
        if complete:
            return _("The session is completed; the course counts for %(count)s.", count=came)
        return _("Attendance was saved: %(count)s came.", count=came)

    return _done(session_id, work, told)


def _marks() -> list[Mark]:
    found = []
    for name, value in request.form.items():
        if name.startswith("present-") and name[8:].isdecimal() and value in {"yes", "no"}:
            result = request.form.get(f"result-{name[8:]}")
            found.append(Mark(int(name[8:]), value == "yes", result))
    return found


@blueprint.post("/sessions/<int:session_id>/reopen")
def reopen(session_id: int) -> Any:
    """Take a completion back."""
    actor, now, employee = current_actor(), units.utcnow(), request.form.get("reopen", 0, type=int)

    def work(session: Session, catalog: Catalog) -> int:
        attendance.reopen(session, catalog, actor, session_id, employee, now=now)
        return 1

    return _done(session_id, work, lambda _n: _("The completion was taken back."))


@blueprint.post("/sessions/<int:session_id>/join")
def join(session_id: int) -> Any:
    """A place for me."""
    actor, now, zone = current_actor(), units.utcnow(), forms.zone()

    def work(session: Session, catalog: Catalog) -> int:
        enrolments.join(session, catalog, actor, session_id, now=now, zone=zone)
        return 1

    return _done(session_id, work, lambda _n: _("You have a place in this session."))


@blueprint.post("/sessions/<int:session_id>/leave")
def leave(session_id: int) -> Any:
    """My place back."""
    actor, now = current_actor(), units.utcnow()

    def work(session: Session, catalog: Catalog) -> int:
        enrolments.leave(session, catalog, actor, session_id, now=now)
        return 1

    return _done(session_id, work, lambda _n: _("You gave your place back."))


@blueprint.get("/proof/<int:enrolment_id>")
def proof(enrolment_id: int) -> str:
    """What proves that somebody completed a course, fit for printing."""
    actor, catalog, session = current_actor(), catalogs.current(), db.session()
    place = reading.proof(session, catalog, actor, enrolment_id, language())
    entries = records.history(session, catalog, ENROLMENT, actor, enrolment_id, limit=50)
    by = next((e for e in entries if e.after.get("status") == "completed"), None)
    return render_template("training/proof.html", place=place, recorded=by, today=_today())


@blueprint.route("/quiz/<int:course_id>", methods=["GET", "POST"])
def take_quiz(course_id: int) -> Any:
    """The questions of a course for whoever has a place in it, or the answers handed in."""
    actor, now = current_actor(), units.utcnow()
    paper = quiz.paper(db.session(), catalogs.current(), actor, course_id)
    if request.method == "GET":
        return render_template("training/quiz.html", paper=paper, typed={}, wrong={}, message="")
    answers = {place: request.form.get(f"q{place}", 0, type=int) for place in range(len(paper.questions))}
    version = request.form.get("_version", type=int)
    try:
        attempt = units.write(
            lambda session, catalog: attendance.hand_in_quiz(
                session, catalog, actor, course_id, answers, version=version, now=now
            )
        )
    except (Invalid, Conflict) as error:
        wrong = {problem.pointer.rsplit("/", 1)[-1]: worded(problem) for problem in error.problems}
        typed = answers if isinstance(error, Invalid) else {}
        message = wording(error.message, error.params)
        status = 409 if isinstance(error, Conflict) else 422
        return render_template("training/quiz.html", paper=paper, typed=typed, wrong=wrong, message=message), status
    score = {"correct": attempt.correct, "total": attempt.total}
    if attempt.passed:
        flash(_("Passed: %(correct)s of %(total)s answers are right.", **score), "success")
    else:
        flash(_("Not passed yet: %(correct)s of %(total)s answers are right. You can try again.", **score), "warning")
    return redirect(url_for("training.take_quiz", course_id=course_id), 303)


def _today() -> date:
    return units.utcnow().astimezone(forms.zone()).date()


def _done(session_id: int, work: Callable[[Session, Catalog], int], told: Callable[[int], str]) -> Any:
    """Do the step; back to the session, or the session with what is wrong."""
    try:
        result = units.write(work)
    except (Invalid, Conflict) as error:
        return _session_page(session_id, error), 409 if isinstance(error, Conflict) else 422
    flash(told(result), "success")
    answer: Response = redirect(url_for("training.session_page", session_id=session_id), 303)  # type: ignore[assignment]
    return answer
