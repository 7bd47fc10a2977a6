"""REST for scorecards and what-if: the content in force, drafts, versions, a trial on the real population, scenarios.

The same services as the pages, the same words in problems.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from flask import Blueprint, Response, abort

from metadata.errors import Invalid, StaleVersion
from portal import catalogs, units
from portal.access import current_actor, language
from portal.api.answers import answer, body_object, if_match_tag
from portal.api.openapi import describe
from portal.errors import problem_json, wording
from portal.extensions import db
from portal.views import cardformula
from portal.views.scorecards import visible
from workflows.scorecards import applying, versions
from workflows.scorecards import content as contents
from workflows.scorecards.versions import Draft
from workflows.whatif import scenarios, trial
from workflows.whatif.answer import Answer, GroupLine, Listing, Moved
from workflows.whatif.lights import LineLights
from workflows.whatif.scenarios import Scenario
from workflows.whatif.trial import Settings, Trial, may_try

blueprint = Blueprint("api_scorecards", __name__, url_prefix="/api/v1/scorecards")
OBJECT = {"type": "object"}
RESULT = {"type": "object", "properties": {"id": {"type": "integer"}, "result": OBJECT}}
TEXT = {"type": "string"}
CONTENT = {
    "type": "object",
    "description": "numbers as text or numbers; bands end where the next begins",
    "properties": {
        "no_data": TEXT,
        "decimals": TEXT,
        "minimum_service_days": TEXT,
        "formula": {**TEXT, "maxLength": 500, "description": "what the score is made of; left out: the weighted sum"},
        "lines": {"type": "array", "items": OBJECT},
        "bands": {"type": "array", "items": OBJECT},
    },
}
PUBLISHED = {
    "type": "object",
    "properties": {"content": CONTENT, "based_on": TEXT, "comment": TEXT},
    "required": ["content", "based_on"],
}
ASKED = {"content": CONTENT, "settings": OBJECT}
TRIED = {"type": "object", "properties": ASKED, "required": ["content"]}
KEPT = {"type": "object", "properties": {**ASKED, "name": TEXT}, "required": ["content", "name"]}
NO_CONTENT = "The content of a scorecard is expected here: an object with lines and bands."
NO_OBJECT = "An object is expected here."


@blueprint.before_request
def _known_only() -> Any:
    if not visible(current_actor(), catalogs.current()):
        abort(404)
    return None


@blueprint.get("/mine")
@describe(result=RESULT, visible=visible)
def mine() -> Response:
    """The number of the scorecard that counts for the caller today; null where none does."""
    actor, today = current_actor(), units.utcnow().date()
    found = applying.for_person(db.session(), catalogs.current(), actor.person_id, today) if actor.person_id else None
    return answer({"id": found, "result": {"scorecard": found}})


@blueprint.get("/<int:card_id>")
@describe(result=RESULT, visible=visible)
def show(card_id: int) -> Response:
    """The scorecard in force as one document, its digest (`based_on` of a publish), and its versions."""
    session, catalog = db.session(), catalogs.current()
    versions.visible(session, catalog, current_actor(), card_id)
    live = contents.live(session, catalog, card_id)
    history = [
        {"number": v.number, "at": v.at.isoformat(), "by": v.by, "comment": v.comment}
        for v in versions.history(session, card_id)
    ]
    result = {"content": live, "based_on": contents.digest(live), "versions": history}
    return answer({"id": card_id, "result": result})


@blueprint.get("/<int:card_id>/draft")
@describe(result=RESULT, visible=visible)
def draft(card_id: int) -> Response:
    """The shared draft, or what is in force where there is none; its version as ETag."""
    session, catalog, actor = db.session(), catalogs.current(), current_actor()
    versions.require_editor(session, catalog, actor, card_id)
    found = versions.draft(session, catalog, card_id)
    return _draft(card_id, found)


@blueprint.put("/<int:card_id>/draft")
@describe(body=CONTENT, result=RESULT, visible=visible)
def save_draft(card_id: int) -> Response:
    """Keep the draft; with `If-Match` only where nobody saved or published it meanwhile: else 412 with theirs."""
    actor, now, content, tag = current_actor(), units.utcnow(), contents.tidy(_content(body_object())), if_match_tag()
    session, catalog = db.session(), catalogs.current()
    versions.require_editor(session, catalog, actor, card_id)
    known = versions.draft(session, catalog, card_id)
    version = known.version if tag in (None, known.tag) else -1
    try:
        units.write(
            lambda s, c: versions.save_draft(
                s, c, actor, card_id, content, version=version, now=now, based_on=known.based_on
            )
        )
    except StaleVersion as error:
        found = versions.draft(db.session(), catalogs.current(), card_id)
        message = wording(error.message, error.params)
        told = problem_json(412, message, error.problems, theirs=_draft_json(found), yours={"content": content})
        told.headers["ETag"] = f'"{found.tag}"'
        return told
    return _draft(card_id, versions.draft(db.session(), catalogs.current(), card_id))


def _draft(card_id: int, found: Draft) -> Response:
    told = answer({"id": card_id, "result": _draft_json(found)})
    told.headers["ETag"] = f'"{found.tag}"'
    return told


def _draft_json(found: Draft) -> dict[str, Any]:
    return {"content": found.content, "based_on": found.based_on, "by": found.by, "_version": found.version}


@blueprint.post("/<int:card_id>/publish")
@describe(body=PUBLISHED, result=RESULT, visible=visible)
def publish(card_id: int) -> Response:
    """Make a content the scorecard: whole, or every problem at its field. `based_on` is what it began from."""
    actor, now, body = current_actor(), units.utcnow(), body_object()
    content = contents.tidy(_content(body.get("content")))
    based_on, comment = str(body.get("based_on", "")), str(body.get("comment", ""))
    number = units.write(
        lambda s, c: versions.publish(s, c, actor, card_id, content, now=now, based_on=based_on, comment=comment)
    )
    return answer({"id": card_id, "result": {"version": number}})


@blueprint.post("/<int:card_id>/formula")
@describe(body=CONTENT, result=RESULT, visible=visible)
def formula(card_id: int) -> Response:
    """Whether the content's formula can be used, the character (from 1) of what is wrong, and what it may name."""
    catalog, content = catalogs.current(), contents.tidy(_content(body_object()))
    versions.visible(db.session(), catalog, current_actor(), card_id)
    found = cardformula.checked(catalog, content)
    names = [{"text": one.text, "title": one.title, "unit": one.unit} for one in cardformula.choices(catalog, content)]
    result = {"usable": not found.wrong, "position": found.position, "problems": [*found.words, *found.at_lines]}
    return answer({"id": card_id, "result": {**result, "names": names}})


@blueprint.get("/<int:card_id>/versions/<int:number>")
@describe(result=RESULT, visible=visible)
def version(card_id: int, number: int) -> Response:
    """One version, and how it differs from what is in force."""
    session, catalog = db.session(), catalogs.current()
    versions.visible(session, catalog, current_actor(), card_id)
    found = versions.one(session, card_id, number)
    live = contents.live(session, catalog, card_id)
    differences = [_fields_of(item) for item in versions.differences(live, found.content)]
    result = {"number": number, "at": found.at.isoformat(), "by": found.by, "comment": found.comment}
    return answer({"id": card_id, "result": {**result, "content": found.content, "differences": differences}})


@blueprint.post("/<int:card_id>/versions/<int:number>/rollback")
@describe(result=RESULT, visible=visible)
def roll_back(card_id: int, number: int) -> Response:
    """Publish an earlier version again."""
    actor, now = current_actor(), units.utcnow()
    made = units.write(lambda s, c: versions.roll_back(s, c, actor, card_id, number, now=now))
    return answer({"id": card_id, "result": {"version": made}})


@blueprint.post("/<int:card_id>/what_if")
@describe(body=TRIED, result=RESULT, visible=may_try)
def what_if(card_id: int) -> Response:
    """What a changed scorecard would do to the people whom the caller may list; nothing is saved."""
    body = body_object()
    content = contents.tidy(_content(body.get("content")))
    asked = _settings(card_id, body.get("settings") or {})
    found = trial.try_out(
        db.session(),
        catalogs.current(),
        current_actor(),
        card_id,
        content,
        asked,
        now=units.utcnow(),
        language=language(),
    )
    return answer({"id": card_id, "result": _trial(found)})


@blueprint.get("/scenarios/")
@describe(result={"type": "object", "properties": {"result": {"type": "array", "items": OBJECT}}}, visible=may_try)
def kept() -> Response:
    """The caller's scenarios and the shared ones."""
    found = scenarios.listed(db.session(), catalogs.current(), current_actor())
    return answer({"result": [_scenario(one) for one in found]})


@blueprint.post("/<int:card_id>/scenarios/")
@describe(body=KEPT, result=RESULT, status=201, visible=may_try)
def keep(card_id: int) -> Response:
    """Keep a scenario."""
    actor, now, body = current_actor(), units.utcnow(), body_object()
    trial.require(catalogs.current(), actor)
    content = contents.tidy(_content(body.get("content")))
    asked, name = _settings(card_id, body.get("settings") or {}), str(body.get("name", ""))
    made = units.write(lambda s, c: scenarios.save(s, c, actor, card_id, name, content, asked, now=now))
    return _one_scenario(made, 201)


@blueprint.get("/scenarios/<int:scenario_id>")
@describe(result=RESULT, visible=may_try)
def scenario(scenario_id: int) -> Response:
    """One scenario with its content and what was said about it."""
    return _one_scenario(scenario_id)


@blueprint.delete("/scenarios/<int:scenario_id>")
@describe(result=RESULT, visible=may_try)
def forget(scenario_id: int) -> Response:
    """Delete an own scenario."""
    return _act(scenario_id, scenarios.remove, gone=True)


@blueprint.post("/scenarios/<int:scenario_id>/share")
@describe(result=RESULT, visible=may_try)
def share(scenario_id: int) -> Response:
    """Show an own scenario to all who may try scorecards."""
    return _act(scenario_id, scenarios.share)


@blueprint.post("/scenarios/<int:scenario_id>/publish")
@describe(result=RESULT, visible=may_try)
def publish_scenario(scenario_id: int) -> Response:
    """Make it the scorecard, as it is."""
    return _act(scenario_id, scenarios.publish)


@blueprint.post("/scenarios/<int:scenario_id>/comments")
@describe(body={"type": "object", "properties": {"text": TEXT}, "required": ["text"]}, result=RESULT, visible=may_try)
def say(scenario_id: int) -> Response:
    """Comment on a scenario."""
    actor, now, text = current_actor(), units.utcnow(), str(body_object().get("text", ""))
    units.write(lambda s, c: scenarios.say(s, c, actor, scenario_id, text, now=now))
    return _one_scenario(scenario_id)


def _act(scenario_id: int, act: Callable[..., Any], *, gone: bool = False) -> Response:
    actor, now = current_actor(), units.utcnow()
    units.write(lambda s, c: act(s, c, actor, scenario_id, now=now))
    return answer({"id": scenario_id, "result": {}}) if gone else _one_scenario(scenario_id)


def _content(raw: Any) -> dict[str, Any]:
    """A content that can at least be looked through."""
    parts = [raw.get("lines"), raw.get("bands")] if isinstance(raw, dict) else [None]
    if not all(isinstance(part, list) and all(isinstance(item, dict) for item in part) for part in parts):
        raise Invalid(NO_CONTENT, field="content")
    return dict(raw)


def _settings(card_id: int, raw: Any) -> Settings:
    if not isinstance(raw, dict):
        raise Invalid(NO_OBJECT, field="settings")
    return trial.settings(raw, trial.usual(db.session(), catalogs.current(), card_id, units.utcnow()))


def _fields_of(item: Any) -> dict[str, Any]:
    return {name: _plain(getattr(item, name)) for name in item.__dataclass_fields__}


def _plain(value: Any) -> Any:
    if isinstance(value, Fraction):
        return float(value)
    return str(value) if isinstance(value, Decimal) else value


def _trial(found: Trial) -> dict[str, Any]:
    result: Answer = found.answer
    return {
        "people": result.people,
        "not_rated": result.too_new,
        "without_score": {"before": result.unscored[0], "after": result.unscored[1]},
        "taken_at": found.taken_at.isoformat(),
        "bands": [{"rating": label, "before": one, "after": other} for label, one, other in result.bands],
        "histogram": [{"from": low, "before": one, "after": other} for low, one, other in result.histogram],
        "rising": result.rising,
        "falling": result.falling,
        "moved": [_moved(found, one) for one in result.moved],
        "pay": _listing(found, result.pay),
        "training": _listing(found, result.training),
        "bonus": None if result.bonus is None else {"before": str(result.bonus[0]), "after": str(result.bonus[1])},
        "groups": {name: [_group(found, name, line) for line in lines] for name, lines in result.groups.items()},
        "lines": [_lights(one) for one in result.lights],
    }


def _lights(one: LineLights) -> dict[str, Any]:
    numbers = {name: getattr(one, name) for name in ("green", "amber", "red")} if one.lit else None
    return {"kpi": one.line.kpi, "attainment": one.mean, "lights": numbers, "no_data": one.no_data}


def _moved(found: Trial, one: Moved) -> dict[str, Any]:
    return {
        "employee": one.person if one.person in found.people else None,
        "name": found.people.get(one.person),
        "before": _plain(one.before),
        "after": _plain(one.after),
        "rating_before": one.band_before,
        "rating_after": one.band_after,
        "line": one.line.kpi if one.line else None,
        "by_formula": one.by_formula,
        "points": float(one.points),
    }


def _listing(found: Trial, listing: Listing) -> dict[str, Any]:
    people = [{**_moved(found, one), "enters": enters} for one, enters in listing.people]
    numbers = {name: getattr(listing, name) for name in ("before", "after", "entering", "leaving")}
    return {**numbers, "people": people}


def _group(found: Trial, name: str, line: GroupLine) -> dict[str, Any]:
    told = _fields_of(line) | {"adverse": line.adverse}
    return told | {"name": found.units.get(line.label)} if name == "department" else told


def _scenario(one: Scenario) -> dict[str, Any]:
    names = ("id", "name", "scorecard_id", "owner", "shared", "version")
    times = {"at": one.at.isoformat(), "published_at": one.published_at and one.published_at.isoformat()}
    return {name: getattr(one, name) for name in names} | times


def _one_scenario(scenario_id: int, status: int = 200) -> Response:
    found = scenarios.one(db.session(), catalogs.current(), current_actor(), scenario_id)
    said = [
        {"author": c.author, "at": c.at.isoformat(), "text": c.text} for c in scenarios.comments(db.session(), found.id)
    ]
    result = {**_scenario(found), "content": found.content, "settings": dict(found.settings), "comments": said}
    return answer({"id": scenario_id, "result": result}, status)
