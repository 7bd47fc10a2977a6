"""What waits for a person among goals: proposals from above, goals that came to their end, check-ins that are late, and
check-ins of people whom they lead that nobody answered.

Called by the start page and REST. Promises: three statements where nothing waits, a handful where something does,
however many goals there are; nothing that the person may not see; at most `MOST` of each kind, the longest waiting
first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, cast, func, literal, null, or_, select, union_all
from sqlalchemy.orm import Session

from metadata import access
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.engine import UTCDateTime
from metadata.store import Id
from workflows.goals import closing, proposed, reading
from workflows.goals.check_ins import CONFIDENCES
from workflows.goals.levels import DRAFT, END, OVER, RESULTS, START, STATUS, Key, Level, listed
from workflows.goals.results import CHECK_IN
from workflows.goals.tables import check_ins

PROPOSAL, CLOSE, LATE, ANSWER = "proposal", "close", "check_in", "answer"
KINDS = (PROPOSAL, CLOSE, LATE, ANSWER)
MOST = 20
RHYTHM = timedelta(days=30)  # a key result that nobody spoke of for so long is late
RECENT = timedelta(days=60)  # an older check-in needs no answer any more


@dataclass(frozen=True)
class Waiting:
    """One thing that waits: what kind, at which goal, since or until which day; `by` is who checked in."""

    kind: str
    key: Key
    title: str
    on: date
    by: str = ""


@dataclass(frozen=True)
class Mine:
    """A goal of the person; `spoken` is the day since which one of its key results got no check-in, if any asks."""

    key: Key
    end: date
    spoken: date | None

    @property
    def asked(self) -> date:
        """The day on which a check-in was due."""
        return (self.spoken or self.end) + RHYTHM


def waiting(session: Session, catalog: Catalog, actor: Actor, today: date, language: str = "en") -> list[Waiting]:
    """Everything that waits for this person, kind by kind; nothing for an account without a person."""
    if actor.person_id is None:
        return []
    mine = _mine(session, catalog, actor, today)
    scored = {level.name for level in listed(catalog, actor) if closing.score_field(level)}
    ended = [one for one in mine if one.end <= today and one.key[0] in scored]
    late = [one for one in mine if one.end > today and one.spoken is not None and one.spoken + RHYTHM < today]
    answers = _answers(session, catalog, actor, today)
    keys = [*(one.key for one in (*ended, *late)), *(key for key, _author, _at in answers)]
    goals = reading.many(session, catalog, actor, keys, language)
    return [
        *_proposals(session, catalog, actor, language),
        *(Waiting(CLOSE, one.key, goals[one.key].title, one.end) for one in ended[:MOST] if one.key in goals),
        *(Waiting(LATE, one.key, goals[one.key].title, one.asked) for one in late[:MOST] if one.key in goals),
        *(Waiting(ANSWER, key, goals[key].title, at.date(), author) for key, author, at in answers if key in goals),
    ]


def _proposals(session: Session, catalog: Catalog, actor: Actor, language: str) -> list[Waiting]:
    found = proposed.waiting(session, catalog, actor, language, mine=True, limit=MOST)
    return [Waiting(PROPOSAL, one.key, one.goal.title, one.since.date()) for one in found if one.goal is not None]


def _mine(session: Session, catalog: Catalog, actor: Actor, today: date) -> list[Mine]:
    """The goals of the person that they may change, begun and not over, by their last day; one statement for all."""
    parts = [_of_level(catalog, actor, level, today) for level in listed(catalog, actor)]
    asked = [part for part in parts if part is not None]
    found: dict[Key, Mine] = {}
    for name, number, start, end, result, said in session.execute(union_all(*asked)) if asked else ():
        held = found.get((name, number), Mine((name, number), end, None))
        if result is not None:
            day = said.date() if said is not None else start
            held = replace(held, spoken=min(day, held.spoken or day))
        found[name, number] = held
    return sorted(found.values(), key=lambda one: (one.end, one.key))


def _of_level(catalog: Catalog, actor: Actor, level: Level, today: date) -> Select[Any] | None:
    """A row for each goal and key result that is fed by check-ins, with the moment of its last one."""
    runs, t, c = _running(level), level.entity.table, check_ins.c
    if not level.person or not runs or not level.has(START) or not level.has(END):
        return None
    if not access.may(actor, level.entity, "edit"):
        return None
    side = level.entity.sides[RESULTS] if RESULTS in level.entity.definition.lists else None
    if side is not None and "fed_by" not in side.c:
        side = None
    result: ColumnElement[Any] = cast(null(), Id) if side is None else side.c.id
    spoken = select(func.max(c.at)).where(c.definition == level.name, c.record_id == t.c.id, c.result_id == result)
    said: ColumnElement[Any] = cast(null(), UTCDateTime) if side is None else spoken.scalar_subquery()
    columns: list[ColumnElement[Any]] = [cast(literal(level.name), String), t.c.id, t.c[START], t.c[END], result, said]
    statement: Select[Any] = select(*columns).where(
        t.c._removed_at.is_(None),
        t.c[level.person] == actor.person_id,
        t.c[STATUS].in_(runs),
        t.c[START] <= today,
        t.c[END].is_not(None),
        access.rows(actor, catalog, level.entity, "list"),
        access.rows(actor, catalog, level.entity, "edit"),
    )
    if side is None:
        return statement
    return statement.outerjoin_from(t, side, and_(side.c._record == t.c.id, side.c.fed_by == CHECK_IN))


def _running(level: Level) -> list[str]:
    field = level.entity.definition.fields.get(STATUS)
    return [str(one.value) for one in field.enum if one.value not in (*OVER, DRAFT)] if field else []


def _answers(session: Session, catalog: Catalog, actor: Actor, today: date) -> list[tuple[Key, str, datetime]]:
    """Check-ins with a note or a doubt that people whom this person manages wrote at their own goals."""
    person = catalog.person
    directory = person.definition.directory if person is not None else None
    if person is None or directory is None or not directory.manager:
        return []
    led = select(person.table.c.id).where(person.table.c[directory.manager] == actor.person_id)
    c = check_ins.c
    places = []
    for level in listed(catalog, actor):
        if level.person:
            t = level.entity.table.c
            seen = t._removed_at.is_(None), access.rows(actor, catalog, level.entity, "list")
            places.append(
                and_(c.definition == level.name, c.record_id.in_(select(t.id).where(t[level.person].in_(led), *seen)))
            )
    if not places:
        return []
    statement = (
        select(c.definition, c.record_id, c.author, c.at)
        .where(or_(*places), c.answer.is_(None), c.author != actor.username)
        .where(or_(c.note != "", c.confidence.in_(CONFIDENCES[1:])), c.at >= _moment(today - RECENT))
        .order_by(c.id)
        .limit(MOST)
    )
    return [((name, number), author, at) for name, number, author, at in session.execute(statement)]


def _moment(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
