"""Answering a survey: once for each person, inside its days, and anonymously where that was promised.

Called by pages. Who answered is one row for each survey with all people in it, sorted: nothing in the database puts
a person beside an answer, neither a key nor a time nor an order (decision 0089). The row is locked first, so nobody
answers twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from metadata import access, records
from metadata.access import NOBODY, Actor
from metadata.catalog import Catalog, Entity
from metadata.errors import Conflict, NotFound
from metadata.kinds import Survey
from metadata.model import Field
from metadata.store import survey_answered
from metadata.validation import Form
from workflows.store import insert_new
from workflows.surveys.audience import asks

NO_SURVEY = "There is no such survey, or it does not ask you at present."
TWICE = "You have answered this survey already; thank you."


@dataclass(frozen=True)
class Open:
    """A survey that asks a person at present."""

    entity: Entity
    survey: Survey
    answered: bool


def open_surveys(session: Session, catalog: Catalog, actor: Actor, today: date) -> list[Open]:
    """The surveys that ask the person today, with whether they have answered."""
    running = [e for e in catalog.surveys if e.definition.survey and e.definition.survey.open_on(today)]
    if not running or actor.person_id is None:
        return []
    t = survey_answered.c
    rows = session.execute(select(t.survey, t.people).where(t.survey.in_([e.name for e in running])))
    done = {name for name, people in rows if actor.person_id in people}
    return [
        Open(entity, survey, entity.name in done)
        for entity in running
        if (survey := entity.definition.survey) is not None and asks(session, catalog, actor, survey)
    ]


def survey_for(session: Session, catalog: Catalog, actor: Actor, name: str, today: date) -> Open:
    """The survey, if it asks this person today; raises NotFound, whatever the reason."""
    found = next((one for one in open_surveys(session, catalog, actor, today) if one.entity.name == name), None)
    if found is None:
        raise NotFound(NO_SURVEY)
    return found


def questions(entity: Entity) -> list[Field]:
    """The fields that a person answers: all that is kept, but for what is filled in for them."""
    definition = entity.definition
    filled = {definition.survey.split if definition.survey else "", _author(entity)}
    return [field for name, field in definition.held.items() if name not in filled]


def answer(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    name: str,
    values: Mapping[str, Any],
    *,
    now: datetime,
    today: date,
    zone: ZoneInfo,
    form: Form = "text",
) -> None:
    """Keep the answers of a person; raises NotFound, Conflict for a second time, Invalid with every problem."""
    found = survey_for(session, catalog, actor, name, today)
    entity, survey, person = found.entity, found.survey, actor.person_id
    people = _locked(session, name, survey)
    if person is None or person in people:
        raise Conflict(TWICE)
    asked = {field.name for field in questions(entity)}
    given = {key: value for key, value in values.items() if key in asked}
    if survey.split and actor.unit_id is not None:
        given[survey.split] = str(actor.unit_id) if form == "text" else actor.unit_id
    author = _author(entity)
    if author:
        given[author] = str(person) if form == "text" else person
    whole = access.system(NOBODY.username if survey.anonymous else actor.username)
    records.create(session, catalog, name, whole, given, now=now, form=form, zone=zone)
    t = survey_answered
    kept = {"people": sorted([*people, person]), "anonymous": survey.anonymous}
    session.execute(update(t).where(t.c.survey == name).values(**kept, minimum=survey.minimum))


def _author(entity: Entity) -> str:
    """The field that says who answered, in a survey with names."""
    definition = entity.definition
    return "" if definition.nameless else definition.owner.person or ""


def _locked(session: Session, name: str, survey: Survey) -> list[int]:
    """Who has answered; nobody else answers this survey until the transaction ends."""
    t = survey_answered
    empty = {"survey": name, "people": [], "anonymous": survey.anonymous, "minimum": survey.minimum}
    insert_new(session, t, [empty], t.c.survey)
    return list(session.execute(select(t.c.people).where(t.c.survey == name).with_for_update()).scalar_one())
