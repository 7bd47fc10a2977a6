"""REST for giving goals from a template: preview, start, how far it is, taking it back; the same services as the pages.

Templates themselves are records: `/api/v1/goal_template/`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Blueprint, Response, url_for
from sqlalchemy.orm import Session

from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.errors import Invalid, Problem
from portal import catalogs, units
from portal.access import current_actor, language
from portal.api.answers import answer, body_object
from portal.api.openapi import describe
from portal.errors import worded
from portal.extensions import db
from workflows.goals.levels import Key
from workflows.goals.templates import asking, content, giving, undoing
from workflows.goals.templates.asking import GETS, HAS, REFUSED, WAITING, Preview, Wanted
from workflows.goals.templates.giving import GIVEN, KEPT, UNDONE
from workflows.goals.templates.recipients import Asked

blueprint = Blueprint("api_goal_templates", __name__, url_prefix="/api/v1/goals/templates")
visible = asking.may_give
LISTED = 1000
TEXT, WHOLE, FLAG = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
DAY = {"type": "string", "format": "date"}
KEY = {"type": "object", "properties": {"definition": TEXT, "id": WHOLE}, "required": ["definition", "id"]}
BODY = {
    "type": "object",
    "properties": {
        "department": WHOLE,
        "below": {**FLAG, "default": True},
        "positions": {"type": "array", "items": WHOLE},
        "without_account": {**FLAG, "default": False},
        "period_start": DAY,
        "period_end": DAY,
        "cycle": WHOLE,
        "parent": KEY,
    },
    "required": ["department"],
}
PROBLEMS = {"type": "array", "items": {"type": "object", "properties": {"pointer": TEXT, "message": TEXT}}}
PERSON = {"type": "object", "properties": {"id": WHOLE, "name": TEXT, "problems": PROBLEMS}}
PEOPLE = {"type": "array", "items": PERSON}
TEMPLATE = {"type": "object", "properties": {"id": WHOLE, "name": TEXT, "level": TEXT, "goals": WHOLE}}
MANY = {"type": "object", "properties": {"count": WHOLE, "result": {"type": "array", "items": TEMPLATE}}}
PREVIEW = {
    "type": "object",
    "properties": {"goals": WHOLE, "whole": FLAG, "gets": PEOPLE, "has": PEOPLE, "refused": PEOPLE},
}
COUNTS = {"type": "object", "additionalProperties": WHOLE}
GIVING = {
    "type": "object",
    "properties": {
        "id": WHOLE,
        "template": WHOLE,
        "period_start": DAY,
        "period_end": DAY,
        "made_by": TEXT,
        "made_at": {"type": "string", "format": "date-time"},
        "undone_by": {"type": ["string", "null"]},
        "job": WHOLE,
        "may_be_undone": FLAG,
        "people": COUNTS,
        "goals": COUNTS,
        "refused": PEOPLE,
        "kept": {"type": "array", "items": KEY},
    },
}
ONE = {"type": "object", "properties": {"id": WHOLE, "result": GIVING}}


@blueprint.get("/")
@describe(result=MANY, visible=visible)
def list_templates() -> Response:
    """The templates that the caller may give."""
    actor, catalog, session = current_actor(), catalogs.current(), db.session()
    read = [(one.id, content.template_of(one.values)) for one in asking.templates(session, catalog, actor, language())]
    found = [
        {"id": number, "name": one.name[language()], "level": one.level, "goals": len(one.objectives)}
        for number, one in read
    ]
    return answer({"count": len(found), "result": found})


@blueprint.post("/<int:template>/preview")
@describe(body=BODY, result={"type": "object", "properties": {"result": PREVIEW}}, visible=visible)
def preview(template: int) -> Response:
    """Who would get goals, who has them already, and who can't get them and why; nothing is kept."""
    actor, now, body, tongue = current_actor(), units.utcnow(), body_object(), language()

    def show(session: Session, catalog: Catalog) -> Preview:
        return asking.preview(session, catalog, actor, wanted(session, catalog, actor, template, body), now, tongue)

    seen = units.write(show)
    states = {state: [_verdict(one) for one in seen.of(state)] for state in (GETS, HAS, REFUSED)}
    return answer({"result": {"goals": seen.goals, "whole": seen.whole, **states}})


@blueprint.post("/<int:template>/give")
@describe(body=BODY, result=ONE, status=202, visible=visible)
def give(template: int) -> Response:
    """Give the goals, in a job; giving twice changes nothing."""
    actor, now, body = current_actor(), units.utcnow(), body_object()

    def begin(session: Session, catalog: Catalog) -> int:
        return giving.start(session, catalog, actor, wanted(session, catalog, actor, template, body), now)

    return _one(units.write(begin), 202)


@blueprint.get("/givings/<int:giving_id>")
@describe(result=ONE, visible=visible)
def show(giving_id: int) -> Response:
    """What became of a giving: people and goals by state, who was refused, and which goals were kept."""
    return _one(giving_id)


@blueprint.post("/givings/<int:giving_id>/undo")
@describe(result=ONE, status=202, visible=visible)
def undo(giving_id: int) -> Response:
    """Take the goals back, in a job; those on which somebody has worked since are kept."""
    actor, now = current_actor(), units.utcnow()
    units.write(lambda session, catalog: undoing.undo(session, catalog, actor, giving_id, now))
    return _one(giving_id, 202)


def wanted(session: Session, catalog: Catalog, actor: Actor, template: int, body: Mapping[str, Any]) -> Wanted:
    """What a body asks for; Invalid at its fields."""
    unknown = [
        Problem(f"/{n}", "There is no field called “%(name)s”.", {"name": n})
        for n in body
        if n not in BODY["properties"]
    ]
    if unknown:
        raise Invalid(asking.NOT_READ, params={"count": len(unknown)}, problems=unknown)
    asking.find(session, catalog, actor, template)
    start, end = asking.read_period(session, catalog, actor, body)
    positions = body.get("positions", [])
    if not isinstance(positions, list) or not all(type(one) is int for one in positions):
        raise Invalid("A list of the ids of records is expected here.", field="positions")
    below, without = _flag(body, "below", True), _flag(body, "without_account", False)
    people = Asked(_whole(body, "department"), below, tuple(positions), without)
    return Wanted(template, people, start, end, _key(body.get("parent")))


def _whole(body: Mapping[str, Any], name: str) -> int:
    value = body.get(name)
    if type(value) is not int:
        raise Invalid("A whole number is expected here.", field=name)
    return value


def _flag(body: Mapping[str, Any], name: str, default: bool) -> bool:
    value = body.get(name, default)
    if not isinstance(value, bool):
        raise Invalid("True or false is expected here.", field=name)
    return value


def _key(value: Any) -> Key | None:
    if value is None:
        return None
    level, number = (value.get("definition"), value.get("id")) if isinstance(value, Mapping) else (None, None)
    if not isinstance(level, str) or type(number) is not int:
        raise Invalid(asking.NO_WAY, field="parent")
    return level, number


def _verdict(one: asking.Verdict) -> dict[str, Any]:
    return {
        "id": one.candidate.person.id,
        "name": one.candidate.name[language()],
        "problems": _problems(one.problems),
    }


def _problems(problems: Iterable[Problem]) -> list[dict[str, str]]:
    return [{"pointer": p.pointer, "message": worded(p)} for p in problems]


def _one(giving_id: int, status: int = 200) -> Response:
    session, actor = db.session(), current_actor()
    found = giving.find(session, actor, giving_id)
    refused = giving.people_in(session, giving_id, (REFUSED,), LISTED)
    kept = giving.goals_in(session, giving_id, (KEPT,), LISTED)
    told = {
        "id": found.id,
        "template": found.template_id,
        "period_start": found.start.isoformat(),
        "period_end": found.end.isoformat(),
        "made_by": found.by,
        "made_at": found.at,
        "undone_by": found.undone_by or None,
        "job": found.job_id,
        "may_be_undone": undoing.may_undo(session, actor, found),
        "people": {state: found.people.get(state, 0) for state in (WAITING, GIVEN, HAS, REFUSED, UNDONE, KEPT)},
        "goals": {state: found.goals.get(state, 0) for state in (WAITING, GIVEN, UNDONE, KEPT)},
        "refused": [{"id": one.id, "problems": _problems(one.problems)} for one in refused],
        "kept": [{"definition": g.key[0], "id": g.key[1], "problems": _problems(g.problems)} for g in kept],
    }
    made = answer({"id": giving_id, "result": told}, status)
    made.headers["Location"] = url_for("api_goal_templates.show", giving_id=giving_id)
    return made
