"""Which scorecard counts for whom on a day: the nearest one that is active and in force.

Called by the pages and REST of scorecards. Nearest means: one for the person, else one for the position, else one for
the department or the closest above it, else one for everybody; between two alike the newer. A department's scorecard
for a position is nearer than either alone. Pure but for the reading; a fixed number of statements.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import null, or_, select
from sqlalchemy.orm import Session

from metadata.catalog import Catalog
from workflows.cycles import people, terms
from workflows.cycles.people import EMPLOYEE, Tree

EVERYBODY = 10_000  # farther than any department above


@dataclass(frozen=True)
class Scope:
    """For whom a scorecard is; None: for everybody."""

    id: int
    person: int | None
    position: int | None
    department: int | None


def in_force(session: Session, catalog: Catalog, day: date) -> list[Scope]:
    """The active scorecards that are in force on the day."""
    t = catalog[terms.SCORECARD].table.c
    wanted = [t._removed_at.is_(None), t.status == "active"]
    if "effective_from" in t:  # a pack from before has neither days nor persons
        wanted.append(or_(t.effective_from.is_(None), t.effective_from <= day))
        wanted.append(or_(t.effective_to.is_(None), t.effective_to >= day))
    person = t.person if "person" in t else null()
    rows = session.execute(select(t.id, person, t.position, t.department).where(*wanted).order_by(t.id))
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
