"""The form of a review: the questions that its cycle pinned, who answers which, and the answers.

Called by handing_in, rating, pages and REST. The questions are those of the definition as it was when the cycle was
launched; the answers are one record of that definition for each review, kept through the record door, so a question
that was renamed since finds its column, and one that was taken out is asked no more. Promises: each side writes its own
sections only; what a section requires is asked for when the side hands in; the manager's answers are read by whoever
may read the scores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from metadata import access, parser, records, validation
from metadata.access import Actor
from metadata.catalog import Catalog, Entity
from metadata.errors import Invalid, Problem
from metadata.kinds import FormSection
from metadata.model import Definition, Field
from metadata.validation import REQUIRED, UTC_ZONE
from metadata.validation import Form as Written
from workflows.cycles.terms import Terms

Group = Literal["self", "manager"]
PREFIX = "answer_"  # of the places of problems, so that a question never takes the name of the page's own inputs
NO_STEP = "Choose one of the steps of the scale."


@dataclass(frozen=True)
class Answers:
    """What somebody answered, by question; `written` says how, `zone` is where moments were typed."""

    given: Mapping[str, Any]
    written: Written = "text"
    zone: ZoneInfo = UTC_ZONE


@dataclass(frozen=True)
class Question:
    """A question as the cycle pinned it, and the field of today's definition that keeps its answer."""

    field: Field
    kept: str
    required: bool


@dataclass(frozen=True)
class Section:
    """The questions of one section that can be answered."""

    section: FormSection
    questions: tuple[Question, ...]


def sections(catalog: Catalog, terms: Terms, group: Group | None = None) -> list[Section]:
    """The sections that the cycle's form has for one side, or for both; none where it has no form."""
    pinned, entity = _pinned(terms), _entity(catalog, terms)
    if pinned is None or pinned.form is None or entity is None:
        return []
    today = {field.origin: field.name for field in entity.definition.held.values()}
    found = []
    for section in pinned.form.sections:
        if group is not None and section.group != group:
            continue
        asked = [pinned.fields[name] for name in section.fields if name in pinned.fields]
        questions = [
            Question(_scaled(field, section), today[field.origin], field.name in section.required)
            for field in asked
            if field.origin in today
        ]
        found.append(Section(section, tuple(questions)))
    return [one for one in found if one.questions]


def answers(session: Session, catalog: Catalog, terms: Terms, review_id: int) -> dict[str, Any]:
    """What was answered in a review, by question; whoever asks has decided who may read it."""
    stored = _stored(session, catalog, terms, review_id)
    if stored is None:
        return {}
    values = stored.values
    return {q.field.name: values.get(q.kept) for one in sections(catalog, terms) for q in one.questions}


def problems(
    session: Session,
    catalog: Catalog,
    terms: Terms,
    review_id: int,
    group: Group,
    given: Answers | None,
    *,
    whole: bool,
) -> list[Problem]:
    """What is wrong with the answers of one side; with `whole` also what its sections require and nobody answered."""
    entity, asked = _entity(catalog, terms), _questions(catalog, terms, group)
    if entity is None or not asked:
        return []
    read, found = _read(entity, asked, given)
    unread = {problem.field_name for problem in found}
    before = answers(session, catalog, terms, review_id) if whole else {}
    for name, question in asked.items():
        value = read.get(question.kept) if question.kept in read else before.get(name)
        if question.field.enum and value is not None and question.field.choice(value) is None:
            found.append(Problem(f"/{PREFIX}{name}", NO_STEP))
        if whole and question.required and value in (None, "", ()) and f"{PREFIX}{name}" not in unread:
            found.append(Problem(f"/{PREFIX}{name}", REQUIRED))
    return found


def save(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    terms: Terms,
    review_id: int,
    group: Group,
    given: Answers | None,
    now: datetime,
) -> None:
    """Keep the answers of one side, which `problems` found nothing wrong with; the other side's stay as they are."""
    entity, asked = _entity(catalog, terms), _questions(catalog, terms, group)
    if entity is None or entity.definition.form is None or not asked or given is None:
        return
    read, _wrong = _read(entity, asked, given)
    system, stored = access.system(actor.username), _stored(session, catalog, terms, review_id)
    name, link = entity.name, entity.definition.form.review
    try:
        if stored is not None:
            records.change(session, catalog, name, system, stored.id, read, now=now, form="python")
        elif read:
            records.create(session, catalog, name, system, {**read, link: review_id}, now=now, form="python")
    except Invalid as error:
        back = {question.kept: pinned for pinned, question in asked.items()}
        told = [replace(p, pointer=f"/{PREFIX}{back.get(p.field_name, p.field_name)}") for p in error.problems]
        raise Invalid(error.message, params=error.params, problems=told) from None


def _questions(catalog: Catalog, terms: Terms, group: Group) -> dict[str, Question]:
    return {q.field.name: q for one in sections(catalog, terms, group) for q in one.questions}


def _read(entity: Entity, asked: Mapping[str, Question], given: Answers | None) -> tuple[dict[str, Any], list[Problem]]:
    """The answers as values by today's fields, and those that can't be read, by question; others' are left out."""
    if given is None:
        return {}, []
    own = {question.kept: given.given[name] for name, question in asked.items() if name in given.given}
    read, wrong = validation.read(entity.definition, own, given.written, given.zone)
    wrong = [*wrong, *(p for p in entity.rules.check(read) if p.field_name in own)]
    back = {question.kept: name for name, question in asked.items()}
    told = [replace(p, pointer=f"/{PREFIX}{back[p.field_name]}") for p in wrong if p.field_name in back]
    return {name: value for name, value in read.items() if name in back}, told


def _stored(session: Session, catalog: Catalog, terms: Terms, review_id: int) -> records.Record | None:
    entity = _entity(catalog, terms)
    if entity is None or entity.definition.form is None:
        return None
    table = entity.table
    mine = (table.c[entity.definition.form.review] == review_id, table.c._removed_at.is_(None))
    found = session.execute(select(table.c.id).where(*mine)).scalar()
    return None if found is None else records.find(session, catalog, entity.name, access.system(), found)


def _entity(catalog: Catalog, terms: Terms) -> Entity | None:
    """The definition that keeps the answers, as it is today; None where it was taken out of the catalog."""
    return catalog.entities.get(str(terms.form["$id"])) if terms.form else None


def _pinned(terms: Terms) -> Definition | None:
    return _parsed(orjson.dumps(terms.form)) if terms.form else None


@lru_cache(maxsize=64)
def _parsed(document: bytes) -> Definition:
    return parser.parse(orjson.loads(document))


def _scaled(field: Field, section: FormSection) -> Field:
    """A whole number of a section with a scale is chosen from its steps."""
    if not section.scale or field.type != "integer":
        return field
    return replace(field, type="choice_integer", enum=section.scale)


def groups_shown(*, own: bool, handed_in: bool, scores: bool) -> Sequence[Group]:
    """Whose answers a reader of the review sees: the own ones always, others' once they are there to be read."""
    found: list[Group] = ["self"] if own or handed_in else []
    return [*found, "manager"] if scores else found
