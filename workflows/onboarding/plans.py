"""Which steps a new colleague gets: pure, from plans and steps as rows.

Called by start.py with what the tables hold. A plan counts for a person when each of its limits (position,
department with all below it, language) is empty or fits; several plans add up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True)
class Plan:
    """For whom a checklist is meant; None where that does not matter."""

    id: int
    position: int | None = None
    department: int | None = None
    language: str | None = None


@dataclass(frozen=True)
class Step:
    """One thing to do within a plan."""

    id: int
    plan: int
    title: str
    title_zh: str | None
    due_days: int


@dataclass(frozen=True)
class Newcomer:
    """What plans look at."""

    id: int
    hired_on: date
    department: int | None
    position: int | None
    language: str | None


def fits(plan: Plan, person: Newcomer, parents: Mapping[int, int | None]) -> bool:
    """Whether the plan is meant for this person; `parents` is the tree of departments."""
    if plan.position is not None and plan.position != person.position:
        return False
    if plan.language and plan.language != person.language:
        return False
    return plan.department is None or plan.department in above(person.department, parents)


def above(department: int | None, parents: Mapping[int, int | None]) -> list[int]:
    """The department and those that it belongs to; a tree that runs in a circle ends where it began."""
    found: list[int] = []
    while department is not None and department not in found:
        found.append(department)
        department = parents.get(department)
    return found


def steps_for(
    person: Newcomer, plans: Sequence[Plan], steps: Sequence[Step], parents: Mapping[int, int | None]
) -> list[tuple[Step, date]]:
    """The person's steps with their dates, counted from the day of hiring."""
    mine = {plan.id for plan in plans if fits(plan, person, parents)}
    return [(step, person.hired_on + timedelta(days=step.due_days)) for step in steps if step.plan in mine]
