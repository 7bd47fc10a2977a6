"""The stints of a cycle's reviews: where each person worked on which days of the period, and by which scorecard.

Written once by the launch, with the reviews; read by everything that scores or explains one. A person who stayed in
the review's own department, in a cycle with one scorecard, needs no row: their review is one stint. One statement for
any number of people. See docs/decisions/0121.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import distinct, func, insert, select
from sqlalchemy.orm import Session

from metadata.many_rows import one_of
from workflows.score_store import review_stints
from workflows.scorecards.applying import Stint


def keep(session: Session, cycle_id: int, found: Mapping[int, Sequence[Stint]]) -> None:
    """Store the stints of people who have none yet."""
    rows = [
        {
            "cycle_id": cycle_id,
            "employee_id": person,
            "number": number,
            "first_day": stint.start,
            "last_day": stint.end,
            "department": stint.department,
            "position": stint.position,
            "scorecard": stint.card,
        }
        for person, mine in found.items()
        for number, stint in enumerate(mine)
    ]
    if rows:
        session.execute(insert(review_stints), rows)


def kept(session: Session, cycle_id: int, people: Sequence[int]) -> dict[int, list[Stint]]:
    """The stints of these people in their order; whoever has none is left out."""
    t = review_stints.c
    columns = (t.employee_id, t.first_day, t.last_day, t.department, t.position, t.scorecard)
    mine = (t.cycle_id == cycle_id, one_of(session.connection(), t.employee_id, people))
    found: dict[int, list[Stint]] = {}
    for row in session.execute(select(*columns).where(*mine).order_by(t.employee_id, t.number)):
        found.setdefault(row[0], []).append(Stint(*row[1:]))
    return found


def departments(session: Session, cycle_id: int) -> frozenset[int]:
    """Every department that somebody of the cycle worked in."""
    t = review_stints.c
    mine = (t.cycle_id == cycle_id, t.department.is_not(None))
    return frozenset(session.execute(select(t.department).where(*mine).distinct()).scalars())


def cards_used(session: Session, cycle_id: int) -> dict[int, int]:
    """How many people each scorecard counts for on any day."""
    t = review_stints.c
    mine = (t.cycle_id == cycle_id, t.scorecard.is_not(None))
    statement = select(t.scorecard, func.count(distinct(t.employee_id))).where(*mine).group_by(t.scorecard)
    return {row[0]: row[1] for row in session.execute(statement)}
