"""Who takes part in a cycle, who writes each one's review, and who has been here long enough.

Called by the launch, in chunks; three statements for any number of people. The reviewer is the first of these who is at
work, can sign in and is somebody else: the person's manager, the head of their department, the heads of those above it.
Where there is none, HR writes the review.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, func, insert, null, select
from sqlalchemy.orm import Session

from metadata.catalog import Catalog
from workflows.cycles.terms import Terms
from workflows.score_store import cycle_units

EMPLOYEE, DEPARTMENT = "employee", "department"
NO_CARD = "No scorecard is for this person in the period of the cycle. 考核期内没有适用于此人的记分卡。"
NOT_THERE = "No day of the period is known on which this person worked here. 考核期内没有此人在职的记录。"
TOO_SHORT = (
    "In service for {days} days at the end of the period, fewer than the {least} that a rating needs."
    " 考核期结束时服务 {days} 天，未满评级所需的 {least} 天。"
)


@dataclass(frozen=True)
class Unit:
    """A department's place in the tree."""

    id: int
    parent: int | None
    head: int | None


@dataclass(frozen=True)
class Participant:
    """One employee as on the day of the launch."""

    id: int
    department: int
    position: int | None
    manager: int | None
    hired_on: date
    account: str | None
    since: date | None = None

    @property
    def place(self) -> Mapping[str, Any]:
        """What the record says about where they work, as `places` reads it."""
        return {"department": self.department, "position": self.position, "in_place_since": self.since}


@dataclass(frozen=True)
class Tree:
    """All departments."""

    units: Mapping[int, Unit]

    def below(self, top: int) -> frozenset[int]:
        """The unit and everything under it."""
        children: dict[int | None, list[int]] = {}
        for unit in self.units.values():
            children.setdefault(unit.parent, []).append(unit.id)
        found, open_ones = {top}, [top]
        while open_ones:
            fresh = [child for child in children.get(open_ones.pop(), ()) if child not in found]
            found.update(fresh)
            open_ones += fresh
        return frozenset(found)

    def upwards(self, unit_id: int | None) -> Iterator[Unit]:
        """The unit, the one it is part of, and so on to the top."""
        seen: set[int] = set()
        while unit_id is not None and unit_id in self.units and unit_id not in seen:
            seen.add(unit_id)
            yield self.units[unit_id]
            unit_id = self.units[unit_id].parent


def tree(session: Session, catalog: Catalog) -> Tree:
    """The departments as they stand."""
    t = catalog[DEPARTMENT].table.c
    rows = session.execute(select(t.id, t.parent, t["head"]).where(t._removed_at.is_(None)))
    return Tree({row[0]: Unit(row[0], row[1], row[2]) for row in rows})


def keep_tree(session: Session, cycle_id: int, found: Tree) -> None:
    """Pin the tree for a cycle: what its departments' figures cover."""
    rows = [{"cycle_id": cycle_id, "department": unit.id, "parent": unit.parent} for unit in found.units.values()]
    if rows:
        session.execute(insert(cycle_units), rows)


def kept_tree(session: Session, catalog: Catalog, cycle_id: int) -> Tree:
    """The tree of a cycle's launch, without heads; for a cycle launched before it was kept, today's."""
    t = cycle_units.c
    rows = session.execute(select(t.department, t.parent).where(t.cycle_id == cycle_id)).all()
    return Tree({row[0]: Unit(row[0], row[1], None) for row in rows}) if rows else tree(session, catalog)


def count(session: Session, catalog: Catalog, units: frozenset[int]) -> int:
    """How many people work in these departments."""
    t = catalog[EMPLOYEE].table.c
    statement = select(func.count()).where(t._removed_at.is_(None), t.department.in_(sorted(units)), t.status != "left")
    return int(session.execute(statement).scalar_one())


def chunk(session: Session, catalog: Catalog, units: frozenset[int], after: int, limit: int) -> list[Participant]:
    """The next people of these departments, in the order of their ids; those who left take no part."""
    t = catalog[EMPLOYEE].table.c
    statement = _participants(catalog).where(t.department.in_(sorted(units)), t.id > after)
    return [Participant(*row) for row in session.execute(statement.limit(limit))]


def everybody(session: Session, catalog: Catalog, units: frozenset[int]) -> list[Participant]:
    """All people of these departments, in the order of their ids."""
    statement = _participants(catalog).where(catalog[EMPLOYEE].table.c.department.in_(sorted(units)))
    return [Participant(*row) for row in session.execute(statement)]


def _participants(catalog: Catalog) -> Select[Any]:
    t = catalog[EMPLOYEE].table.c
    since = t.in_place_since if "in_place_since" in t else null()  # a pack from before has no such field
    columns = (t.id, t.department, t.position, t.manager, t.hired_on, t.account, since)
    return select(*columns).where(t._removed_at.is_(None), t.status != "left").order_by(t.id)


def reviewers(session: Session, catalog: Catalog, units: Tree, people: Sequence[Participant]) -> dict[int, int | None]:
    """The reviewer of each person."""
    wanted = {p.manager for p in people if p.manager is not None}
    wanted |= {unit.head for unit in units.units.values() if unit.head is not None}
    able = _able(session, catalog, wanted)
    return {person.id: _reviewer(person, units, able) for person in people}


def _able(session: Session, catalog: Catalog, ids: set[int]) -> frozenset[int]:
    """Those of `ids` who are at work and can sign in."""
    t = catalog[EMPLOYEE].table.c
    mine = (t._removed_at.is_(None), t.id.in_(sorted(ids)), t.status != "left", t.account.is_not(None), t.account != "")
    return frozenset(session.execute(select(t.id).where(*mine)).scalars())


def _reviewer(person: Participant, units: Tree, able: frozenset[int]) -> int | None:
    chain = [person.manager, *(unit.head for unit in units.upwards(person.department))]
    return next((one for one in chain if one is not None and one != person.id and one in able), None)


def not_rated_because(person: Participant, terms: Terms) -> str | None:
    """Why somebody gets no rating, in both languages; None for whoever gets one."""
    days = max(0, (terms.period_end - person.hired_on).days)
    least = terms.minimum_service_days
    return TOO_SHORT.format(days=days, least=least) if days < least else None
