"""Giving a template to people: one job, a chunk of people at a time, each person told once.

Called by the page and REST; jobs.py calls `run` chunk by chunk. The template is kept as it was when it was given.
Goals, their claim and the message commit together, so a worker that dies leaves whole people and goes on with the next;
giving the same again finds the claims and changes nothing. All writing of goals goes through the record door.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.orm import Session

from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.errors import Invalid, NotFound, Problem
from workflows import jobs
from workflows.delivery.notices import Notice, notify_all
from workflows.goals import reading
from workflows.goals.levels import Key, Level
from workflows.goals.reading import Goal
from workflows.goals.templates import asking, content, recipients
from workflows.goals.templates.asking import HAS, REFUSED, WAITING, Wanted
from workflows.goals.templates.content import Person, Template, Terms
from workflows.goals.templates.tables import given_goals, given_people, givings
from workflows.jobs import Job, Step, job_kind

KIND = "goal_giving"
CHUNK_GOALS = 500
GIVEN, UNDONE, KEPT = "given", "undone", "kept"
NOBODY = "Nobody would get goals: everybody has them already, or can't get them."
NONE_SUCH = "There is no such giving, or you may not see it."


@dataclass(frozen=True)
class Giving:
    """One giving as it stands; `people` and `goals` say how many are in which state."""

    id: int
    template_id: int
    template: Template
    department_id: int
    parent: Key | None
    start: date
    end: date
    by: str
    at: datetime
    job_id: int | None
    undone_by: str
    undone_at: datetime | None
    people: Mapping[str, int]
    goals: Mapping[str, int]

    @property
    def waiting(self) -> int:
        """How much is still to be done: people, or goals that are to be taken back."""
        return (self.goals if self.undone_at else self.people).get(WAITING, 0)


@dataclass(frozen=True)
class GivenGoal:
    """What became of one goal."""

    key: Key
    person_id: int
    state: str
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class GivenPerson:
    """What became of one person."""

    id: int
    state: str
    problems: tuple[Problem, ...]


def start(session: Session, catalog: Catalog, actor: Actor, wanted: Wanted, now: datetime) -> int:
    """Write down who gets what and begin the job; the number of the giving."""
    giving = begin(session, catalog, actor, wanted, now)
    what = {"what": dict(giving.template.name)}
    job_id = jobs.start(session, KIND, {"giving": giving.id}, actor, now, title_params=what, total=giving.waiting)
    session.execute(update(givings).where(givings.c.id == giving.id).values(job_id=job_id))
    return giving.id


def begin(session: Session, catalog: Catalog, actor: Actor, wanted: Wanted, now: datetime) -> Giving:
    """Write down who gets what, for whoever then calls `give` until nobody waits."""
    made = asking.plan(session, catalog, actor, wanted)
    able = [one.person.id for one in made.people if not one.reason]
    has = asking.holders(session, made.level, wanted, able)
    if not set(able) - has:
        raise Invalid(NOBODY, field="department")
    values = {
        "template_id": wanted.template,
        "plan": content.plan_of(made.record.values),
        "department_id": wanted.people.department,
        "parent_definition": made.above.key[0] if made.above is not None else None,
        "parent_id": made.above.key[1] if made.above is not None else None,
        "period_start": wanted.start,
        "period_end": wanted.end,
        "by": actor.username,
        "at": now,
    }
    giving_id = int(session.execute(insert(givings).values(values).returning(givings.c.id)).scalar_one())
    rows = []
    for one in made.people:
        state = REFUSED if one.reason else HAS if one.person.id in has else WAITING
        problems = told([Problem("", one.reason)]) if one.reason else None
        rows.append({"giving_id": giving_id, "person_id": one.person.id, "state": state, "problems": problems})
    session.execute(insert(given_people), rows)
    return load(session, giving_id)


@job_kind(KIND, "Give goals: %(what)s", zh="下发目标：%(what)s")
def run(session: Session, job: Job, catalog: Catalog, actor: Actor, now: datetime) -> Step:
    """The next people; none where it was taken back since the job failed."""
    giving = load(session, int(job.payload["giving"]))
    if giving.undone_at is None:
        give(session, catalog, actor, giving, now)
    left = load(session, giving.id)
    result = {"people": left.people.get(GIVEN, 0), "created": left.goals.get(GIVEN, 0)}
    result["refused"] = left.people.get(REFUSED, 0)
    waiting = 0 if left.undone_at else left.waiting
    return Step(job.total - waiting, job.total, finished=not waiting, result=result)


def give(session: Session, catalog: Catalog, actor: Actor, giving: Giving, now: datetime, *, tell: bool = True) -> None:
    """Give the next people their goals."""
    level = asking.level_for(catalog, actor, giving.template)
    c = given_people.c
    size = max(1, CHUNK_GOALS // len(giving.template.objectives))
    waiting = select(c.person_id).where(c.giving_id == giving.id, c.state == WAITING).order_by(c.person_id)
    ids = list(session.execute(waiting.limit(size)).scalars())
    taken = _claim(session, level, giving, ids)
    _mark(session, giving.id, [one for one in ids if one not in taken], HAS)
    people = recipients.people(session, catalog, taken)
    gone = [one for one in taken if one not in people]
    refused: dict[int, tuple[Problem, ...]] = {one: (Problem("", recipients.GONE),) for one in gone}
    terms = _terms(session, catalog, actor, giving, level)
    refused |= _write(session, catalog, actor, giving, level, terms, list(people.values()), now)
    for one, problems in refused.items():
        _mark(session, giving.id, [one], REFUSED, problems=told(problems), claim=None)
    fresh = [person for number, person in people.items() if number not in refused]
    _mark(session, giving.id, [person.id for person in fresh], GIVEN)
    if tell:
        _tell(session, giving, fresh, now)


def _claim(session: Session, level: Level, giving: Giving, ids: Sequence[int]) -> list[int]:
    """Those of the people who hold no goals of this template and period, who do so from now on."""
    c = given_people.c
    claims = {recipients.claim_of(giving.template_id, giving.start, giving.end, one): one for one in ids}
    held = set(session.execute(select(c.claim).where(c.claim.in_(list(claims)))).scalars())
    stale = held - recipients.holding(session, level, held)
    if stale:
        session.execute(update(given_people).where(c.claim.in_(stale)).values(claim=None))
    free = [(claim, one) for claim, one in claims.items() if claim not in held or claim in stale]
    for claim, one in free:
        session.execute(update(given_people).where(c.giving_id == giving.id, c.person_id == one).values(claim=claim))
    return [one for _claim, one in free]


def _terms(session: Session, catalog: Catalog, actor: Actor, giving: Giving, level: Level) -> Terms:
    if giving.parent is None:
        return Terms(giving.start, giving.end)
    goal: Goal = reading.one(session, catalog, actor, giving.parent)
    way = next((one for one in asking.ways(catalog, level) if one.target == goal.key[0]), None)
    return Terms(giving.start, giving.end, way, goal.key[1], goal.results)


def _write(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    giving: Giving,
    level: Level,
    terms: Terms,
    people: Sequence[Person],
    now: datetime,
) -> dict[int, tuple[Problem, ...]]:
    """Write the goals of these people, all of a person's or none; the problems of those who get none."""
    rows: list[Mapping[str, Any]] = []
    owners: list[int] = []
    places: list[int] = []
    for person in people:
        goals = content.goals_for(giving.template, level, person, terms)
        rows += goals
        owners += [person.id] * len(goals)
        places += range(len(goals))
    if not rows:
        return {}
    with session.begin_nested() as savepoint:
        stored, refused = asking.written(session, catalog, actor, level, rows, owners, now)
        if refused:
            savepoint.rollback()
    if refused:
        able = [person for person in people if person.id not in refused]
        return refused | _write(session, catalog, actor, giving, level, terms, able, now)
    made = [
        {
            "giving_id": giving.id,
            "definition": level.name,
            "record_id": stored[at][0],
            "person_id": owners[at],
            "place": places[at],
            "state": GIVEN,
        }
        for at in range(len(rows))
    ]
    session.execute(insert(given_goals), made)
    return {}


def _tell(session: Session, giving: Giving, people: Iterable[Person], now: datetime) -> None:
    """One message for each person, however many goals."""
    params = {"who": giving.by, "template": dict(giving.template.name), "count": len(giving.template.objectives)}
    params |= {"day": giving.start.isoformat(), "due": giving.end.isoformat()}
    news = [
        Notice(person.account, "goals_given", f"goals-given:{giving.id}:{person.id}", params, "/goals/")
        for person in people
        if person.account and person.account != giving.by
    ]
    notify_all(session, news, now)


def _mark(session: Session, giving_id: int, ids: Sequence[int], state: str, **more: Any) -> None:
    if ids:
        c = given_people.c
        mine = c.giving_id == giving_id, c.person_id.in_(list(ids))
        session.execute(update(given_people).where(*mine).values(state=state, **more))


def load(session: Session, giving_id: int) -> Giving:
    """One giving with its counts, whoever asks: for the engine itself."""
    row = session.execute(select(givings).where(givings.c.id == giving_id)).one_or_none()
    if row is None:
        raise NotFound(NONE_SUCH)
    return _giving(row, _counts(session, given_people, [giving_id]), _counts(session, given_goals, [giving_id]))


def find(session: Session, actor: Actor, giving_id: int) -> Giving:
    """One giving, for who gave it and for those who see every job."""
    giving = load(session, giving_id)
    if not (giving.by == actor.username or actor.unlimited or jobs.SEES_ALL & actor.roles):
        raise NotFound(NONE_SUCH)
    return giving


def latest(session: Session, actor: Actor, limit: int = 10) -> list[Giving]:
    """The last givings: one's own, or everybody's for those who see every job."""
    statement = select(givings).order_by(givings.c.id.desc()).limit(limit)
    if not (actor.unlimited or jobs.SEES_ALL & actor.roles):
        statement = statement.where(givings.c.by == actor.username)
    rows = session.execute(statement).all()
    ids = [row.id for row in rows]
    people, goals = _counts(session, given_people, ids), _counts(session, given_goals, ids)
    return [_giving(row, people, goals) for row in rows]


def people_in(session: Session, giving_id: int, states: Sequence[str], limit: int) -> list[GivenPerson]:
    """The first people in one of these states."""
    c = given_people.c
    mine = c.giving_id == giving_id, c.state.in_(states)
    rows = session.execute(select(given_people).where(*mine).order_by(c.state, c.person_id).limit(limit))
    return [GivenPerson(row.person_id, row.state, read_problems(row.problems)) for row in rows]


def goals_in(session: Session, giving_id: int, states: Sequence[str], limit: int) -> list[GivenGoal]:
    """The first goals in one of these states."""
    c = given_goals.c
    mine = c.giving_id == giving_id, c.state.in_(states)
    rows = session.execute(select(given_goals).where(*mine).order_by(c.person_id, c.place).limit(limit))
    return [
        GivenGoal((row.definition, row.record_id), row.person_id, row.state, read_problems(row.problems))
        for row in rows
    ]


def told(problems: Iterable[Problem]) -> list[Any]:
    """Problems as they are kept."""
    return [[p.pointer, p.message, {k: str(v) for k, v in p.params.items()}] for p in problems]


def read_problems(kept: Any) -> tuple[Problem, ...]:
    """Problems as `told` wrote them."""
    return tuple(Problem(pointer, message, params) for pointer, message, params in kept or ())


Counts = Mapping[int, Mapping[str, int]]


def _counts(session: Session, table: Any, ids: Sequence[int]) -> Counts:
    c = table.c
    statement = select(c.giving_id, c.state, func.count()).where(c.giving_id.in_(ids)).group_by(c.giving_id, c.state)
    found: dict[int, dict[str, int]] = {}
    for giving_id, state, number in session.execute(statement) if ids else ():
        found.setdefault(giving_id, {})[state] = number
    return found


def _giving(row: Row[Any], people: Counts, goals: Counts) -> Giving:
    return Giving(
        row.id,
        row.template_id,
        content.template_of(row.plan),
        row.department_id,
        (row.parent_definition, row.parent_id) if row.parent_definition else None,
        row.period_start,
        row.period_end,
        row.by,
        row.at,
        row.job_id,
        row.undone_by or "",
        row.undone_at,
        people.get(row.id, {}),
        goals.get(row.id, {}),
    )
