"""Who may get goals from a template: the people of a department, and why some of them can't.

Called by `asking` and `giving`. People are read through the record door, so a head finds those of their own departments
alone. A handful of statements, however many people there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from metadata import access, records
from metadata.access import Actor
from metadata.catalog import Catalog, Entity
from metadata.errors import Invalid, NotFound
from metadata.records import Filter, Query, Record
from workflows.goals.levels import Level
from workflows.goals.templates.content import Person
from workflows.goals.templates.tables import given_goals, given_people

LANGUAGES = ("en", "zh")
POSITION, LEFT_ON, STATE, LEFT = "position", "left_on", "status", "left"
MOST = 5_000
GONE = "Has left, or will have left when the period begins."
NO_ACCOUNT = "Has no account; choose “People without an account, too” if somebody checks in for them."
NO_UNIT = "There is no such department, or you may not see it."
NOBODY = "Nobody whom you may see works there in one of these positions."
TOO_MANY = "At most %(count)s people get goals at once; choose a smaller department."


@dataclass(frozen=True)
class Asked:
    """Which people are meant: of a department, with those below it or not, in some positions or in all."""

    department: int
    below: bool = True
    positions: tuple[int, ...] = ()
    without_account: bool = False


@dataclass(frozen=True)
class Candidate:
    """One of the people who are meant, with the reason where they can't get goals."""

    person: Person
    name: Mapping[str, str]
    reason: str = ""


def candidates(session: Session, catalog: Catalog, actor: Actor, asked: Asked, begins: date) -> list[Candidate]:
    """Everybody who is meant, in the order of their numbers; Invalid where that is nobody, or too many."""
    person = directory_of(catalog)
    units = _units(session, catalog, actor, asked)
    found = _rows(session, catalog, actor, person, units, asked.positions)
    if not found:
        raise Invalid(NOBODY, field="department")
    if len(found) > MOST:
        raise Invalid(TOO_MANY, params={"count": MOST}, field="department")
    words = _words(session, catalog, person, found)
    return [_candidate(person, row, words, asked, begins) for row in found]


def people(session: Session, catalog: Catalog, ids: Sequence[int]) -> dict[int, Person]:
    """Those people as titles name them, by number; who may be given goals was decided before."""
    person = directory_of(catalog)
    found: list[Record] = []
    for begin in range(0, len(ids), records.query.MAX_PAGE_SIZE):
        part = list(ids[begin : begin + records.query.MAX_PAGE_SIZE])
        query = Query((Filter("id", "in", part),), columns=_columns(person), page_size=len(part))
        found += records.select(session, catalog, person.name, access.system("goals"), query, counted=False).rows
    words = _words(session, catalog, person, found)
    return {row.id: _person(person, row, words) for row in found}


def directory_of(catalog: Catalog) -> Entity:
    """The definition of people; NotFound where there is none."""
    if catalog.person is None or catalog.person.definition.directory is None:
        raise NotFound(NO_UNIT)
    return catalog.person


def claim_of(template_id: int, start: date, end: date, person_id: int) -> str:
    """What a person can hold once: the goals of a template for a period."""
    return f"{template_id}:{start:%Y%m%d}:{end:%Y%m%d}:{person_id}"


def holding(session: Session, level: Level, claims: Iterable[str]) -> set[str]:
    """Those claims behind which there is a goal that is not in the recycle bin."""
    table, wanted, found = level.entity.table, sorted(claims), set[str]()
    p, g = given_people.c, given_goals.c
    for begin in range(0, len(wanted), records.query.MAX_PAGE_SIZE):
        part = wanted[begin : begin + records.query.MAX_PAGE_SIZE]
        statement = (
            select(p.claim)
            .join(given_goals, (g.giving_id == p.giving_id) & (g.person_id == p.person_id))
            .join(table, table.c.id == g.record_id)
            .where(p.claim.in_(part), g.definition == level.name, table.c._removed_at.is_(None))
        )
        found.update(session.execute(statement.distinct()).scalars())
    return found


def _units(session: Session, catalog: Catalog, actor: Actor, asked: Asked) -> list[int]:
    unit = catalog.unit
    if unit is None or unit.definition.directory is None:
        raise NotFound(NO_UNIT)
    query = Query((Filter("id", "eq", asked.department),), columns=("id",))
    if not records.select(session, catalog, unit.name, actor, query, counted=False).rows:
        raise Invalid(NO_UNIT, field="department")
    parent = unit.definition.directory.parent
    if not asked.below or not parent:
        return [asked.department]
    table = unit.table
    tree = select(table.c.id).where(table.c.id == asked.department).cte("units", recursive=True)
    low = table.alias("low")
    tree = tree.union(select(low.c.id).where(low.c[parent] == tree.c.id, low.c._removed_at.is_(None)))
    return list(session.execute(select(tree.c.id)).scalars())


def _rows(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    person: Entity,
    units: Sequence[int],
    positions: Sequence[int],
) -> list[Record]:
    directory = person.definition.directory
    unit = directory.unit if directory is not None else None
    filters = [Filter(unit, "in", list(units))] if unit else []
    if positions and POSITION in person.definition.fields:
        filters.append(Filter(POSITION, "in", list(positions)))
    found: list[Record] = []
    for page in range(MOST // records.query.MAX_PAGE_SIZE + 1):
        query = Query(
            tuple(filters),
            order=(("id", False),),
            columns=_columns(person),
            page=page,
            page_size=records.query.MAX_PAGE_SIZE,
        )
        rows = records.select(session, catalog, person.name, actor, query, counted=False).rows
        found += rows
        if len(rows) < records.query.MAX_PAGE_SIZE:
            break
    return found


def _columns(person: Entity) -> tuple[str, ...]:
    definition, directory = person.definition, person.definition.directory
    named = (n for language in LANGUAGES for n in definition.label_of(language))
    plain = (directory.account, directory.unit, POSITION, LEFT_ON, STATE) if directory is not None else ()
    return tuple(dict.fromkeys(n for n in (*named, *plain) if n and n in definition.fields))


Words = Mapping[str, Mapping[str, Mapping[int, str]]]


def _words(session: Session, catalog: Catalog, person: Entity, rows: Sequence[Record]) -> Words:
    """By language what people, their departments and positions are called."""
    directory = person.definition.directory
    pointing = {"department": directory.unit if directory is not None else None, "position": POSITION}
    found: dict[str, dict[str, Mapping[int, str]]] = {}
    for language in LANGUAGES:
        named: dict[str, Mapping[int, str]] = {}
        for place, name in pointing.items():
            field = person.definition.fields.get(name or "")
            ids = {row.get(field.name) for row in rows} - {None} if field is not None and field.ref else set()
            target = field.ref if field is not None else None
            named[place] = records.labels(session, catalog, target, ids, language) if target and ids else {}
        found[language] = {**named, "name": records.labels(session, catalog, person.name, _ids(rows), language)}
    return found


def _ids(rows: Sequence[Record]) -> list[int]:
    return [row.id for row in rows]


def _person(person: Entity, row: Record, words: Words) -> Person:
    directory = person.definition.directory
    unit = row.get(directory.unit) if directory is not None and directory.unit else None
    said = {
        language: {
            "name": known["name"].get(row.id, ""),
            "department": known["department"].get(unit or 0, ""),
            "position": known["position"].get(row.get(POSITION) or 0, ""),
        }
        for language, known in words.items()
    }
    account: Any = row.get(directory.account) if directory is not None else None
    return Person(row.id, unit, account or "", said)


def _candidate(person: Entity, row: Record, words: Words, asked: Asked, begins: date) -> Candidate:
    found = _person(person, row, words)
    name = {language: said["name"] for language, said in found.words.items()}
    left: date | None = row.get(LEFT_ON)
    if row.get(STATE) == LEFT or (left is not None and left < begins):
        return Candidate(found, name, GONE)
    if not found.account and not asked.without_account:
        return Candidate(found, name, NO_ACCOUNT)
    return Candidate(found, name)
