"""Which scorecard counts for whom on a day: the nearest one that is active and in force.

Called by the pages and REST of scorecards, by cycles and by what-if, which all ask `nearest`. Nearest means: one for
the person, else one for the position, else one for the department or the closest above it, else one for everybody;
between two alike the newer. A department's scorecard for a position is nearer than either alone. `Calendar` asks it for
the days of a period: a change of place or of what is in force cuts them into stints. Pure but for the reading; a fixed
number of statements.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import null, or_, select
from sqlalchemy.orm import Session

from metadata.catalog import Catalog
from workflows.cycles import people, terms
from workflows.cycles.people import EMPLOYEE, Tree

EVERYBODY = 10_000  # farther than any department above
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Scope:
    """For whom a scorecard is (None: for everybody), and from which day until which (None: without an end)."""

    id: int
    person: int | None
    position: int | None
    department: int | None
    start: date | None = None
    end: date | None = None

    def covers(self, day: date) -> bool:
        """Whether it is in force on the day."""
        return (self.start is None or self.start <= day) and (self.end is None or day <= self.end)


@dataclass(frozen=True)
class Place:
    """Where somebody works from a day on; None: since ever."""

    since: date | None
    department: int | None
    position: int | None


@dataclass(frozen=True)
class Stint:
    """Days on end, both included, in one place and with one nearest scorecard; `card` None: none is for them."""

    start: date
    end: date
    department: int | None
    position: int | None
    card: int | None

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.end - self.start).days + 1


class Calendar:
    """The nearest scorecard on each day of a span, for any number of people; each kind of place is decided once."""

    def __init__(self, scopes: Sequence[Scope], units: Tree, start: date, end: date) -> None:
        turns = {start}
        turns |= {scope.start for scope in scopes if scope.start is not None}
        turns |= {scope.end + ONE_DAY for scope in scopes if scope.end is not None and scope.end < end}
        self._turns = sorted(turn for turn in turns if start <= turn <= end)
        self._scopes = [[scope for scope in scopes if scope.covers(turn)] for turn in self._turns]
        self._named = {scope.person for scope in scopes}
        self._units, self._start, self._end = units, start, end
        self._known: dict[tuple[int, int, int | None, int | None], int | None] = {}
        self._stayed: dict[tuple[int, int, int | None, int | None], Stint | None] = {}

    def stints(self, person: int, places: Sequence[Place], hired_on: date) -> list[Stint]:
        """The days of the span that somebody was here, in order: each place cut where the nearest scorecard changes.

        Days before the first known place are left out.
        """
        found: list[Stint] = []
        for at, place in enumerate(places):
            begin = max(self._start, hired_on, place.since or self._start)
            following = places[at + 1].since if at + 1 < len(places) else None
            if following is not None and following <= self._start:
                continue  # it was over before the span
            last = self._end if following is None else min(self._end, following - ONE_DAY)
            for start, end, card in self._cards(person, place, begin, last):
                before = found[-1] if found else None
                made = Stint(start, end, place.department, place.position, card)
                if before is not None and replace(before, end=end) == replace(made, start=before.start):
                    found[-1] = replace(before, end=end)
                else:
                    found.append(made)
        return found

    def card_days(self, card: int, person: int, places: Sequence[Place], hired_on: date) -> Stint | None:
        """The last of somebody's stints by this scorecard; None where it is never the nearest."""
        if len(places) > 1 or places[0].since is not None:
            mine = [stint for stint in self.stints(person, places, hired_on) if stint.card == card]
            return mine[-1] if mine else None
        return self.stayed(card, person, places[0].position, places[0].department, hired_on)

    def stayed(
        self, card: int, person: int, position: int | None, department: int | None, hired_on: date
    ) -> Stint | None:
        """`card_days` of somebody who never moved: the answer is shared with everybody in the same kind of place."""
        key = (card, person if person in self._named else 0, position, department)
        if key not in self._stayed:
            place = Place(None, department, position)
            mine = [stint for stint in self.stints(person, [place], self._start) if stint.card == card]
            self._stayed[key] = mine[-1] if mine else None
        found = self._stayed[key]
        return found if found is not None and found.end >= hired_on else None

    def _cards(self, person: int, place: Place, begin: date, last: date) -> Iterator[tuple[date, date, int | None]]:
        for number, turn in enumerate(self._turns):
            until = self._turns[number + 1] - ONE_DAY if number + 1 < len(self._turns) else self._end
            start, end = max(begin, turn), min(last, until)
            if start <= end:
                yield start, end, self._nearest(number, person, place)

    def _nearest(self, number: int, person: int, place: Place) -> int | None:
        key = (number, person if person in self._named else 0, place.position, place.department)
        if key not in self._known:
            self._known[key] = nearest(self._scopes[number], self._units, person, place.position, place.department)
        return self._known[key]


def in_force(session: Session, catalog: Catalog, day: date) -> list[Scope]:
    """The active scorecards that are in force on the day."""
    return within(session, catalog, day, day)


def within(session: Session, catalog: Catalog, start: date, end: date) -> list[Scope]:
    """The active scorecards that are in force on any day of the span."""
    t = catalog[terms.SCORECARD].table.c
    wanted = [t._removed_at.is_(None), t.status == "active"]
    later: list[Any] = [null(), null(), null()]  # a pack from before has neither days nor persons
    if "effective_from" in t:
        wanted.append(or_(t.effective_from.is_(None), t.effective_from <= end))
        wanted.append(or_(t.effective_to.is_(None), t.effective_to >= start))
        later = [t.person, t.effective_from, t.effective_to]
    person, *days = later
    rows = session.execute(select(t.id, person, t.position, t.department, *days).where(*wanted).order_by(t.id))
    return [Scope(*row) for row in rows]


def nearest(
    scopes: Sequence[Scope], units: Tree, person: int, position: int | None, department: int | None
) -> int | None:
    """The scorecard of somebody in this place; None where none is for them."""
    above = {unit.id: distance for distance, unit in enumerate(units.upwards(department))}
    best: tuple[bool, bool, int, int] | None = None
    for scope in scopes:
        elsewhere = scope.department is not None and scope.department not in above
        if scope.person not in (None, person) or scope.position not in (None, position) or elsewhere:
            continue
        distance = EVERYBODY if scope.department is None else above[scope.department]
        rank = (scope.person is not None, scope.position is not None, -distance, scope.id)
        best = rank if best is None else max(best, rank)
    return None if best is None else best[3]


def for_person(session: Session, catalog: Catalog, person: int, day: date) -> int | None:
    """The scorecard that counts for one person."""
    t = catalog[EMPLOYEE].table.c
    place = session.execute(select(t.position, t.department).where(t.id == person, t._removed_at.is_(None))).first()
    if place is None:
        return None
    return nearest(in_force(session, catalog, day), people.tree(session, catalog), person, *place)


def counts(session: Session, catalog: Catalog, day: date) -> Mapping[int, int]:
    """How many people each scorecard counts for: everybody is read once, each kind of place is decided once."""
    t = catalog[EMPLOYEE].table.c
    scopes, units = in_force(session, catalog, day), people.tree(session, catalog)
    named = {scope.person for scope in scopes}
    rows = session.execute(select(t.id, t.position, t.department).where(t._removed_at.is_(None), t.status != "left"))
    known: dict[tuple[int, int | None, int | None], int | None] = {}
    found: dict[int, int] = {}
    for person, position, department in rows:
        key = (person if person in named else 0, position, department)
        if key not in known:
            known[key] = nearest(scopes, units, *key)
        card = known[key]
        if card is not None:
            found[card] = found.get(card, 0) + 1
    return found
