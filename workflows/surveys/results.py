"""The results of a survey: how many answered, and of each question counts, mean or words, by department where safe.

Called by pages for whoever may list all records of the definition. Results of an anonymous survey come after its last
day: else what an answer says could be told by looking before and after it. Below the minimum nothing of a question is
shown, and no department by which a hidden one could be told (`hiding`). Answers come in an order of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from metadata import access, records
from metadata.access import Actor
from metadata.catalog import Catalog, Entity
from metadata.errors import NotFound
from metadata.kinds import Survey
from metadata.model import Field
from metadata.records import Query
from metadata.store import survey_answered
from workflows.surveys.answering import questions
from workflows.surveys.hiding import shown

NO_RESULTS = "There are no such results, or not for you."
NUMBERS = ("integer", "number", "decimal")
MOST_VALUES = 11  # a whole number with more different values is told by its mean alone


@dataclass(frozen=True)
class Part:
    """The answers of everybody or of one department to a question."""

    label: str
    count: int
    values: Sequence[tuple[Any, int]] = ()
    mean: float | None = None
    texts: Sequence[str] = ()


@dataclass(frozen=True)
class Question:
    """A question with its answers; `whole` is None where there are too few, `hidden` says that departments are."""

    field: Field
    whole: Part | None
    parts: Sequence[Part] = ()
    hidden: bool = False


@dataclass(frozen=True)
class Results:
    """A survey's results; no questions while it runs, or below the minimum."""

    entity: Entity
    survey: Survey
    answered: int
    waiting: bool
    few: bool
    questions: Sequence[Question] = ()


def overseen(catalog: Catalog, actor: Actor) -> list[Entity]:
    """The surveys whose results the actor may see."""
    return [entity for entity in catalog.surveys if access.oversees(actor, entity)]


def results(session: Session, catalog: Catalog, actor: Actor, name: str, today: date, language: str) -> Results:
    """The results of one survey; raises NotFound where there is none for this reader."""
    entity = next((one for one in overseen(catalog, actor) if one.name == name), None)
    survey = entity.definition.survey if entity is not None else None
    if entity is None or survey is None:
        raise NotFound(NO_RESULTS)
    count, minimum = _kept(session, name, survey)
    if survey.anonymous and (survey.last is None or today <= survey.last):
        return Results(entity, survey, count, waiting=True, few=False)
    if count < minimum:
        return Results(entity, survey, count, waiting=False, few=True)
    rows = _answers(session, catalog, name, language)
    told = [_question(field, rows, survey, minimum) for field in questions(entity)]
    return Results(entity, survey, count, waiting=False, few=False, questions=told)


def _kept(session: Session, name: str, survey: Survey) -> tuple[int, int]:
    """How many answered, and the minimum that was promised to them."""
    t = survey_answered.c
    found = session.execute(select(t.people, t.minimum).where(t.survey == name)).first()
    if not survey.anonymous:
        return (len(found.people) if found else 0), 1
    return (len(found.people), max(found.minimum, survey.minimum)) if found else (0, survey.minimum)


def _answers(session: Session, catalog: Catalog, name: str, language: str) -> list[records.Record]:
    """Every answer, in the order of its number: of an anonymous one that is a matter of chance."""
    columns = tuple(catalog[name].definition.held)
    query = Query(order=(("id", False),), columns=columns, language=language)
    return list(records.stream(session, catalog, name, access.system(), query))


def _question(field: Field, rows: Sequence[records.Record], survey: Survey, minimum: int) -> Question:
    given = [row for row in rows if row.get(field.name) not in (None, ())]
    groups: dict[str, list[records.Record]] = {}
    for row in given:
        groups.setdefault(str(row.labels.get(survey.split) or "") if survey.split else "", []).append(row)
    visible = shown({key: len(of) for key, of in groups.items()}, minimum)
    if visible is None:
        return Question(field, None)
    whole = _part(field, "", given)
    if not survey.split:
        return Question(field, whole)
    parts = [_part(field, key, groups[key]) for key in sorted(visible) if key]
    return Question(field, whole, parts, hidden=len(visible) < len(groups))


def _part(field: Field, label: str, rows: Sequence[records.Record]) -> Part:
    held = [row.get(field.name) for row in rows]
    if field.target:
        names = Counter(str(row.labels.get(field.name) or "") for row in rows)
        return Part(label, len(held), sorted(names.items()))
    if field.ref:
        names = Counter(word for row in rows for word in row.labels.get(field.name, ()))
        return Part(label, len(held), sorted(names.items()))
    if field.many and field.enum:
        return Part(label, len(held), _counted(field, [one for entry in held for one in entry]))
    numbers = [float(value) for value in held] if _numeric(field, held) else []
    mean = sum(numbers) / len(numbers) if numbers else None
    if field.enum or field.type == "boolean":
        return Part(label, len(held), _counted(field, held), mean)
    if field.type in NUMBERS:
        few = len(set(held)) <= MOST_VALUES and field.type == "integer"
        return Part(label, len(held), sorted(Counter(held).items()) if few else (), mean)
    return Part(label, len(held), texts=sorted(str(value) for value in held))


def _counted(field: Field, held: Sequence[Any]) -> list[tuple[Any, int]]:
    counts = Counter(held)
    order = [choice.value for choice in field.enum] or [True, False]
    return [(value, counts[value]) for value in order if counts[value] or field.enum]


def _numeric(field: Field, held: Sequence[Any]) -> bool:
    """Whether a mean says something: numbers, and choices whose values are numbers all."""
    if field.enum:
        return all(str(choice.value).lstrip("-").isdecimal() for choice in field.enum)
    return bool(held) and field.type in NUMBERS
