"""REST for training and onboarding: the same services as the pages, the same words in problems."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, request

from metadata.errors import Invalid, Problem
from portal import catalogs, units
from portal.access import current_actor, language
from portal.api.answers import answer, body_object
from portal.api.openapi import describe
from portal.extensions import db
from portal.views import forms, onboarding, training
from workflows.onboarding import tasks
from workflows.training import attendance, enrolments, reading
from workflows.training.attendance import Mark

blueprint = Blueprint("api_training", __name__, url_prefix="/api/v1/training")
NUMBERS = "A list of employee numbers (the records' ids) is expected here."
PEOPLE = 'An object is expected here: {"<employee id>": {"present": true, "result": "…"}}.'
YES_OR_NO = "true or false is expected here."
TEXT = "A text is expected here."


RESULT = {"type": "object", "properties": {"id": {"type": "integer"}, "result": {"type": "object"}}}
LISTED = {
    "type": "object",
    "properties": {"count": {"type": "integer"}, "result": {"type": "array", "items": {"type": "object"}}},
}
EMPLOYEES = {
    "type": "object",
    "properties": {"employees": {"type": "array", "items": {"type": "integer"}, "description": "ids of employees"}},
}
PRESENT = {
    "type": "object",
    "properties": {"present": {"type": "boolean"}, "result": {"type": ["string", "null"]}},
    "required": ["present"],
}
ATTENDANCE = {
    "type": "object",
    "properties": {
        "people": {"type": "object", "additionalProperties": PRESENT},
        "complete": {"type": "boolean", "default": False},
    },
}
DONE = {"type": "object", "properties": {"done": {"type": "boolean"}}, "required": ["done"]}


@blueprint.before_request
def _known_only() -> Any:
    if not training.visible(current_actor(), catalogs.current()):
        abort(404)
    return None


@blueprint.get("/sessions/")
@describe(result=LISTED, visible=training.visible)
def sessions() -> Response:
    """Sessions; `?when=past`, `?course=`, `?trainer=`, `?page=`."""
    lines, more = reading.sessions(
        db.session(),
        catalogs.current(),
        current_actor(),
        when="past" if request.args.get("when") == "past" else "coming",
        trainer=request.args.get("trainer", type=int),
        course=request.args.get("course", type=int),
        page=request.args.get("page", 0, type=int),
        language=language(),
    )
    return answer({"result": [vars(line) for line in lines], "more": more})


@blueprint.get("/sessions/<int:session_id>")
@describe(result=RESULT, visible=training.visible)
def session(session_id: int) -> Response:
    """One session with the people whom the caller may see."""
    return answer({"id": session_id, "result": _whole(session_id)})


@blueprint.post("/sessions/<int:session_id>/enrol")
@describe(body=EMPLOYEES, result=RESULT, visible=training.visible)
def enrol(session_id: int) -> Response:
    """`{"employees": [1, 2]}`; without `employees`: a place for the caller."""
    actor, now, zone, body = current_actor(), units.utcnow(), forms.zone(), body_object()
    if "employees" in body:
        ids, waived = _employees(body), str(body.get("waived") or "")
        units.write(lambda s, c: enrolments.enrol(s, c, actor, session_id, ids, now=now, zone=zone, waived=waived))
    else:
        units.write(lambda s, c: enrolments.join(s, c, actor, session_id, now=now, zone=zone))
    return answer({"id": session_id, "result": _whole(session_id)})


@blueprint.post("/sessions/<int:session_id>/withdraw")
@describe(body=EMPLOYEES, result=RESULT, visible=training.visible)
def withdraw(session_id: int) -> Response:
    """`{"employees": [1, 2]}`; without `employees`: the caller's own place."""
    actor, now, body = current_actor(), units.utcnow(), body_object()
    if "employees" in body:
        ids = _employees(body)
        units.write(lambda s, c: enrolments.withdraw(s, c, actor, session_id, ids, now=now))
    else:
        units.write(lambda s, c: enrolments.leave(s, c, actor, session_id, now=now))
    return answer({"id": session_id, "result": _whole(session_id)})


@blueprint.post("/sessions/<int:session_id>/attendance")
@describe(body=ATTENDANCE, result=RESULT, visible=training.visible)
def record_attendance(session_id: int) -> Response:
    """`{"people": {"12": {"present": true, "result": "passed"}}, "complete": false}`."""
    return _recorded(session_id, complete=None)


@blueprint.post("/sessions/<int:session_id>/complete")
@describe(body=ATTENDANCE, result=RESULT, visible=training.visible)
def complete(session_id: int) -> Response:
    """The same with `complete` set: the course counts for those who came, and the session is held."""
    return _recorded(session_id, complete=True)


@blueprint.post("/sessions/<int:session_id>/reopen")
@describe(body=EMPLOYEES, result=RESULT, visible=training.visible)
def reopen(session_id: int) -> Response:
    """`{"employees": [12]}`: take the completion of one person back."""
    actor, now, ids = current_actor(), units.utcnow(), _employees(body_object())
    if len(ids) != 1:
        raise Invalid(NUMBERS, field="employees")
    units.write(lambda s, c: attendance.reopen(s, c, actor, session_id, ids[0], now=now))
    return answer({"id": session_id, "result": _whole(session_id)})


@blueprint.get("/places/")
@describe(result=LISTED, visible=training.visible)
def places() -> Response:
    """The caller's own places, past and coming."""
    actor = current_actor()
    if actor.person_id is None:
        return answer({"count": 0, "result": []})
    found = reading.places_of(db.session(), catalogs.current(), actor, actor.person_id, language=language())
    return answer({"count": len(found), "result": [_place(place) for place in found]})


@blueprint.get("/onboarding/")
@describe(result=LISTED, visible=onboarding.visible)
def board() -> Response:
    """Progress of everybody whom the caller may see."""
    actor, catalog = current_actor(), catalogs.current()
    if not onboarding.visible(actor, catalog):
        abort(404)
    today = units.utcnow().astimezone(forms.zone()).date()
    found = tasks.board(db.session(), catalog, actor, today, language())
    return answer({"count": len(found), "result": [{**vars(line), "percent": line.percent} for line in found]})


@blueprint.get("/onboarding/<int:employee>")
@describe(result=LISTED, visible=onboarding.visible)
def checklist(employee: int) -> Response:
    """One person's checklist."""
    found = tasks.checklist(db.session(), catalogs.current(), current_actor(), employee, language())
    return answer({"count": len(found), "result": [vars(item) for item in found]})


@blueprint.post("/onboarding/tasks/<int:task_id>")
@describe(body=DONE, result=LISTED, visible=onboarding.visible)
def tick(task_id: int) -> Response:
    """`{"done": true}`."""
    actor, now, done = current_actor(), units.utcnow(), body_object().get("done")
    if not isinstance(done, bool):
        raise Invalid(YES_OR_NO, field="done")
    employee = units.write(lambda s, c: tasks.tick(s, c, actor, task_id, done=done, now=now))
    return checklist(employee)


def _recorded(session_id: int, *, complete: bool | None) -> Response:
    actor, now, body = current_actor(), units.utcnow(), body_object()
    marks = _marks(body.get("people", {}))
    whole = bool(body.get("complete")) if complete is None else complete
    units.write(lambda s, c: attendance.record(s, c, actor, session_id, marks, now=now, complete=whole))
    return answer({"id": session_id, "result": _whole(session_id)})


def _marks(people: Any) -> list[Mark]:
    if not isinstance(people, dict) or not all(key.isdecimal() for key in people):
        raise Invalid(PEOPLE, field="people")
    problems, found = [], []
    for key, mark in people.items():
        if not isinstance(mark, dict) or not isinstance(mark.get("present"), bool):
            problems.append(Problem(f"/people/{key}/present", YES_OR_NO))
        elif not isinstance(mark.get("result"), str | None):
            problems.append(Problem(f"/people/{key}/result", TEXT))
        else:
            found.append(Mark(int(key), mark["present"], mark.get("result")))
    if problems:
        raise Invalid(attendance.NOT_SAVED, params={"count": len(problems)}, problems=problems)
    return found


def _employees(body: dict[str, Any]) -> list[int]:
    ids = body.get("employees")
    if not isinstance(ids, list) or not all(type(i) is int for i in ids):
        raise Invalid(NUMBERS, field="employees")
    return ids


def _whole(session_id: int) -> dict[str, Any]:
    actor, catalog = current_actor(), catalogs.current()
    line = reading.one(db.session(), catalog, actor, session_id, language())
    people = reading.people(db.session(), catalog, actor, session_id, language())
    return {**vars(line), "free": line.free, "people": [_place(place) for place in people]}


def _place(place: reading.Place) -> dict[str, Any]:
    found = {name: value for name, value in vars(place).items() if value not in ("", None, 0)}
    return {**found, "hours": None if place.hours is None else float(place.hours)}
