"""Before a launch in which each person's own scorecard counts: which scorecards count for how many, who has none.

Called by opening, by the launch, by the cycle's page and REST. Promises: the same rule and the same people as the
launch; a fixed number of statements; a scorecard that counts for somebody and can't be used is said with its reasons.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from metadata.catalog import Catalog
from metadata.errors import Invalid, Problem
from metadata.records.read import label_expression
from workflows.cycles import cards, people, places
from workflows.cycles.cards import AT, Card
from workflows.cycles.desk import Row
from workflows.cycles.people import DEPARTMENT, EMPLOYEE
from workflows.cycles.terms import COMPETENCY, MANUAL, MARK, NOT_READY, TermLine, Terms
from workflows.scorecards.applying import Calendar

LISTED = 50
CLASH = "“%(kpi)s” is measured in two ways, by “%(card)s” and by “%(other)s”; give one of the lines another short name."
NOBODY = "No scorecard is in force for anybody in this department in the period; activate one first."
CARD_NOT_READY = "“%(card)s” counts for %(count)s people and can't be used yet:"


@dataclass(frozen=True)
class CardUse:
    """A scorecard and for how many people it is the nearest on any day."""

    id: int
    card: Card
    people: int


@dataclass(frozen=True)
class Coverage:
    """Whose scorecard counts; `without` are the ids of those for whom none is on any day."""

    uses: tuple[CardUse, ...]
    without: tuple[int, ...]
    problems: tuple[Problem, ...]
    cards: Mapping[int, Card]


@dataclass(frozen=True)
class Missing:
    """Somebody for whom no scorecard is, as people read it."""

    id: int
    name: str
    department: str


def find(session: Session, catalog: Catalog, cycle: Row) -> Coverage:
    """Everybody of the cycle against every scorecard in force in the period."""
    known, wrong = cards.gather(session, catalog, cycle)
    units = people.tree(session, catalog)
    scopes = [card.scope for card in known.values()]
    calendar = Calendar(scopes, units, cycle["period_start"], cycle["period_end"])
    staff = people.everybody(session, catalog, units.below(cycle["department"]))
    where = places.history(session, {one.id: one.place for one in staff}, cycle["timezone"] or "UTC")
    counted: Counter[int] = Counter()
    without = []
    for one in staff:
        stints = calendar.stints(one.id, where[one.id], one.hired_on)
        mine = {stint.card for stint in stints if stint.card is not None}
        counted.update(mine)
        if stints and not mine:
            without.append(one.id)
    problems: list[Problem] = []
    for key, reasons in wrong.items():
        if counted[key]:
            problems += [Problem(AT, CARD_NOT_READY, {"card": known[key].name, "count": counted[key]}), *reasons]
    if not counted:
        problems.append(Problem(AT, NOBODY))
    problems += _clashes({key: card for key, card in known.items() if counted[key]})
    uses = tuple(CardUse(key, card, counted[key]) for key, card in known.items() if counted[key])
    spare = not _clashes(known)  # those that count for nobody are kept too, for whoever moves until the launch is done
    usable = {key: card for key, card in known.items() if key not in wrong and (counted[key] or spare)}
    return Coverage(uses, tuple(without), tuple(problems), usable)


def _clashes(known: Mapping[int, Card]) -> list[Problem]:
    """What is measured is kept under the name of its line: one name can't stand for a KPI here and for marks there."""
    found: list[Problem] = []
    first: dict[str, tuple[str, Card]] = {}
    for card in known.values():
        for line in card.terms.lines:
            way, other = first.setdefault(line.kpi, (_way(line), card))
            if way != _way(line):
                found.append(Problem(AT, CLASH, {"kpi": line.kpi, "card": card.name, "other": other.name}))
    return found


def _way(line: TermLine) -> str:
    return MARK if line.kind in (MANUAL, COMPETENCY) else line.kind


def gather(session: Session, catalog: Catalog, cycle: Row) -> tuple[Terms, Mapping[int, Card]]:
    """The plan as a frame and the scorecards to pin; raises Invalid with every reason why it can't be launched."""
    found = find(session, catalog, cycle)
    problems = list(found.problems)
    frame = cards.frame(catalog, cycle, found.cards, problems)
    if problems:
        raise Invalid(NOT_READY, problems=problems)
    return frame, found.cards


def named(session: Session, catalog: Catalog, ids: tuple[int, ...], language: str) -> list[Missing]:
    """The first of these people by name, with their department."""
    staff, units = catalog[EMPLOYEE], catalog[DEPARTMENT]
    name, home = (
        label_expression(catalog, entity, entity.table, set(entity.definition.fields), language, depth=0)
        for entity in (staff, units)
    )
    t, u = staff.table, units.table
    joined = t.outerjoin(u, u.c.id == t.c.department)
    statement = select(t.c.id, name.label("name"), home.label("department")).select_from(joined)
    statement = statement.where(t.c.id.in_(ids[:5000])).order_by(name, t.c.id).limit(LISTED)
    return [Missing(row[0], str(row[1] or ""), str(row[2] or "")) for row in session.execute(statement)]
