"""What giving a template would do: for whom, how many goals, who has them already, and who can't get them and why.

Called by the page, REST and `giving`. A preview gives the goals within a savepoint and takes that back, so that it
can't promise anything else than what happens; of more goals than `TRIED` one for each person is tried. Functions here
never commit and never read the clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from metadata import access, records
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.errors import Invalid, NotAllowed, NotFound, Problem
from metadata.records import Query, Record
from metadata.records.objectives import LONGEST_DAYS, TOO_LONG
from workflows.goals import aligned, reading
from workflows.goals.levels import OVER, Alignment, Key, Level, alignments, level_of, levels
from workflows.goals.reading import Goal
from workflows.goals.templates import content, recipients
from workflows.goals.templates.content import Template, Terms
from workflows.goals.templates.recipients import Asked, Candidate

TEMPLATE, CYCLE = "goal_template", "cycle"
START, END = "period_start", "period_end"
PARENT = "parent"
FARTHEST = date.max - timedelta(days=2 * LONGEST_DAYS)  # an objective may begin and last so long after it
MOST_GOALS = 20_000
TRIED = 600
MOST_ABOVE = 200
LARGEST = 2**63 - 1  # what a database takes for the number of a record
WAITING, GETS, HAS, REFUSED = "waiting", "gets", "has", "refused"
NONE_SUCH = "There is no such template, or you may not see it."
RESERVED = "Templates are given by those who may add goals of this level."
NO_LEVEL = "The template names a level of goals that there is not: %(level)s."
NO_OWNERS = "Goals of the level “%(level)s” belong to no person, so they can't be given to people."
NO_DAY = "A date is expected here."
NO_PERIOD = "Say from when to when, or choose a cycle."
BACKWARDS = "The last day is before the first."
TOO_FAR = "This day is too far ahead; choose an earlier one."
NO_CYCLE = "There is no such cycle, or you may not see it."
NO_WAY = "Goals of this level can't contribute to that goal; choose another one, or none."
TOO_MANY = "At most %(count)s goals are given at once; choose fewer people."
NOT_READ = "This can't be given yet: please correct the marked values (%(count)s)."


@dataclass(frozen=True)
class Wanted:
    """What somebody asks for: a template, people, a period, and the goal above; `parent` None is the template's own."""

    template: int
    people: Asked
    start: date
    end: date
    parent: Key | None = None


@dataclass(frozen=True)
class Plan:
    """Everything that giving needs."""

    record: Record
    template: Template
    level: Level
    terms: Terms
    people: tuple[Candidate, ...]
    above: Goal | None


@dataclass(frozen=True)
class Verdict:
    """What would happen to one person: gets goals, has them already, or is refused for these reasons."""

    candidate: Candidate
    state: str
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Preview:
    """What giving would do; `whole`: every goal was tried, and not only one for each person."""

    plan: Plan
    verdicts: tuple[Verdict, ...]
    whole: bool

    def of(self, state: str) -> list[Verdict]:
        """Those to whom this would happen."""
        return [one for one in self.verdicts if one.state == state]

    @property
    def goals(self) -> int:
        """How many goals there would be."""
        return len(self.of(GETS)) * len(self.plan.template.objectives)


class _TriedOut(Exception):
    """Carries what was refused out of the savepoint that undoes the rest."""

    def __init__(self, refused: Mapping[int, tuple[Problem, ...]]) -> None:
        super().__init__()
        self.refused = refused


def may_give(actor: Actor, catalog: Catalog) -> bool:
    """Whether somebody finds templates, and may add goals of a level that belongs to people."""
    if TEMPLATE not in catalog or not access.may(actor, catalog[TEMPLATE], "list"):
        return False
    return any(
        _of_people(level) and access.may(actor, level.entity, "add") and _beyond_own(actor, level)
        for level in levels(catalog)
    )


def gives_to_all(actor: Actor, catalog: Catalog) -> bool:
    """Whether the actor may add goals for anybody, and not only in departments of their own."""
    return any(_of_people(one) and access.widest(actor, one.entity, "add") == "all" for one in levels(catalog))


def _of_people(level: Level) -> bool:
    """Whether goals of the level belong to a person, and not to a unit that has somebody in charge."""
    return bool(level.person) and level.entity.definition.document.get("x-okr", {}).get("owner") == "person"


def _beyond_own(actor: Actor, level: Level) -> bool:
    """Whether the actor adds goals of others, too: who may do so for themselves alone gives to nobody."""
    return access.widest(actor, level.entity, "add") not in ("none", "own")


def read_period(session: Session, catalog: Catalog, actor: Actor, given: Mapping[str, Any]) -> tuple[date, date]:
    """From when to when: the days that were given, else those of the cycle; Invalid at the field that is wrong."""
    if given.get(START) or given.get(END):
        found, wrong = {}, []
        for name in (START, END):
            try:
                found[name] = date.fromisoformat(str(given.get(name) or ""))
            except ValueError:
                wrong.append(Problem(f"/{name}", NO_DAY))
        if wrong:
            raise Invalid(NOT_READ, params={"count": len(wrong)}, problems=wrong)
    elif given.get(CYCLE):
        found = _of_cycle(session, catalog, actor, given[CYCLE])
    else:
        raise Invalid(NO_PERIOD, field=START)
    if found[END] < found[START]:
        raise Invalid(BACKWARDS, field=END)
    if found[END] > FARTHEST:
        raise Invalid(TOO_FAR, field=END)
    if (found[END] - found[START]).days >= LONGEST_DAYS:
        raise Invalid(TOO_LONG, params={"count": LONGEST_DAYS}, field=END)
    return found[START], found[END]


def _of_cycle(session: Session, catalog: Catalog, actor: Actor, number: Any) -> dict[str, date]:
    whole = _numbered(number)
    try:
        record = records.find(session, catalog, CYCLE, actor, whole) if CYCLE in catalog and whole else None
    except (NotFound, NotAllowed):
        record = None
    if record is None or record.get(START) is None or record.get(END) is None:
        raise Invalid(NO_CYCLE, field=CYCLE)
    return {START: record[START], END: record[END]}


def _numbered(given: Any) -> int | None:
    """The number of a record, as a form or JSON gives it; None where it can't be one."""
    if isinstance(given, bool) or not isinstance(given, int | str):
        return None
    try:
        number = int(given)
    except ValueError:
        return None
    return number if 0 < number <= LARGEST else None


def templates(session: Session, catalog: Catalog, actor: Actor, language: str = "en") -> list[Record]:
    """The templates that the actor may give."""
    if not may_give(actor, catalog):
        return []
    query = Query(page_size=records.query.MAX_PAGE_SIZE, language=language)
    return list(records.select(session, catalog, TEMPLATE, actor, query, counted=False).rows)


def find(session: Session, catalog: Catalog, actor: Actor, number: int, language: str = "en") -> Record:
    """One template, for whoever may give it; NotFound where there is none."""
    if not may_give(actor, catalog):
        raise NotFound(NONE_SUCH)
    return records.find(session, catalog, TEMPLATE, actor, number, language=language)


def level_for(catalog: Catalog, actor: Actor, template: Template) -> Level:
    """The level of the template's goals; Invalid where it can't be given to people, NotAllowed where not by them."""
    try:
        level = level_of(catalog, template.level)
    except NotFound:
        raise Invalid(NO_LEVEL, params={"level": template.level}, field="template") from None
    if not _of_people(level):
        raise Invalid(NO_OWNERS, params={"level": level.entity.definition.title()}, field="template")
    access.require(actor, level.entity, "add")
    if not _beyond_own(actor, level):
        raise NotAllowed(RESERVED)
    return level


def ways(catalog: Catalog, level: Level) -> list[Alignment]:
    """How goals of the level align, the plain reference before rows; one for each level above."""
    found: dict[str, Alignment] = {}
    for way in sorted(alignments(catalog, level), key=lambda one: bool(one.inner)):
        found.setdefault(way.target, way)
    return list(found.values())


def above(session: Session, catalog: Catalog, actor: Actor, level: Level, language: str = "en") -> list[Goal]:
    """The running goals to which goals of this level can contribute, as far as the actor sees them; newest first."""
    targets = [way.target for way in ways(catalog, level)]
    running = aligned.web(session, catalog, actor).goals
    keys = [key for target in targets for key in sorted(running, reverse=True) if key[0] == target][:MOST_ABOVE]
    goals = reading.many(session, catalog, actor, keys, language)
    return [goals[key] for key in keys if key in goals]


def plan(session: Session, catalog: Catalog, actor: Actor, wanted: Wanted, language: str = "en") -> Plan:
    """Read everything; Invalid with all that stands against giving it to anybody."""
    record = find(session, catalog, actor, wanted.template, language)
    template = content.template_of(record.values)
    level = level_for(catalog, actor, template)
    goal, way = _above(session, catalog, actor, record, level, wanted.parent, language)
    results = goal.results if goal is not None else ()
    terms = Terms(wanted.start, wanted.end, way, goal.key[1] if goal is not None else None, results)
    wrong = content.problems(template, terms)
    if wrong:
        raise Invalid(NOT_READ, params={"count": len(wrong)}, problems=wrong)
    found = recipients.candidates(session, catalog, actor, wanted.people, wanted.start)
    if sum(1 for one in found if not one.reason) * len(template.objectives) > MOST_GOALS:
        raise Invalid(TOO_MANY, params={"count": MOST_GOALS}, field="department")
    return Plan(record, template, level, terms, tuple(found), goal)


def _above(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    record: Record,
    level: Level,
    parent: Key | None,
    language: str,
) -> tuple[Goal | None, Alignment | None]:
    """The goal that was chosen, or the template's own as long as it runs, with the way in which goals align to it."""
    key = parent
    field = catalog[TEMPLATE].definition.fields.get(PARENT)
    if key is None and field is not None and field.ref and record.get(PARENT) is not None:
        key = (field.ref, record[PARENT])
    if key is None:
        return None, None
    way = next((one for one in ways(catalog, level) if one.target == key[0]), None)
    if way is None:
        raise Invalid(NO_WAY, field=PARENT)
    try:
        goal = reading.one(session, catalog, actor, key, language)
    except (NotFound, NotAllowed):
        raise Invalid(NO_WAY, field=PARENT) from None
    if goal.status not in OVER:
        return goal, way
    if parent is None:
        return None, None
    raise Invalid(NO_WAY, field=PARENT)


def preview(
    session: Session, catalog: Catalog, actor: Actor, wanted: Wanted, now: datetime, language: str = "en"
) -> Preview:
    """What giving would do, by doing it and taking it back."""
    made = plan(session, catalog, actor, wanted, language)
    able = [one for one in made.people if not one.reason]
    has = holders(session, made.level, wanted, [one.person.id for one in able])
    free = [one for one in able if one.person.id not in has]
    whole = len(free) * len(made.template.objectives) <= TRIED
    refused = _tried(session, catalog, actor, made, free, now, whole=whole)
    verdicts = [_verdict(one, has, refused) for one in made.people]
    return Preview(made, tuple(verdicts), whole)


def holders(session: Session, level: Level, wanted: Wanted, people: Sequence[int]) -> set[int]:
    """Those of the people who have goals of this template and period already."""
    claims = {recipients.claim_of(wanted.template, wanted.start, wanted.end, one): one for one in people}
    return {claims[claim] for claim in recipients.holding(session, level, claims)}


def _verdict(one: Candidate, has: set[int], refused: Mapping[int, tuple[Problem, ...]]) -> Verdict:
    if one.reason:
        return Verdict(one, REFUSED, (Problem("", one.reason),))
    if one.person.id in has:
        return Verdict(one, HAS)
    return Verdict(one, REFUSED if one.person.id in refused else GETS, refused.get(one.person.id, ()))


def _tried(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    made: Plan,
    people: Sequence[Candidate],
    now: datetime,
    *,
    whole: bool,
) -> Mapping[int, tuple[Problem, ...]]:
    rows: list[Mapping[str, Any]] = []
    owners: list[int] = []
    for one in people:
        goals = content.goals_for(made.template, made.level, one.person, made.terms)
        some = goals if whole else [content.longest(goals)]
        rows += some
        owners += [one.person.id] * len(some)
    if not rows:
        return {}
    try:
        with session.begin_nested():
            raise _TriedOut(written(session, catalog, actor, made.level, rows, owners, now)[1])
    except _TriedOut as tried:
        return tried.refused


def written(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    level: Level,
    rows: Sequence[Mapping[str, Any]],
    owners: Sequence[int],
    now: datetime,
) -> tuple[dict[int, tuple[int, int]], dict[int, tuple[Problem, ...]]]:
    """Write goals: (number, version) by place of those that were written, and the problems by person.

    Whoever has a problem with one of their goals gets none of them: the caller asks again without those.
    """
    outcome = records.create_many(session, catalog, level.name, actor, rows, now=now, form="python", partial=True)
    refused: dict[int, tuple[Problem, ...]] = {}
    for place, found in outcome.problems.items():
        refused[owners[place]] = (*refused.get(owners[place], ()), *found)
    return outcome.stored, refused
