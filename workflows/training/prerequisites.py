"""What must be completed before a course, and who lacks it.

Called by enrolments.py before places are given. A completion counts while it is valid on the day the session begins.
Promises: two statements for any number of people, none for a course that builds on no other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from metadata.catalog import Catalog
from workflows.training.meetings import COURSE, ENROLMENT, SESSION
from workflows.training.reading import months_later


def lacking(
    session: Session, catalog: Catalog, course_id: int, people: Sequence[int], at: datetime
) -> Mapping[int, list[str]]:
    """By person the titles of the courses that they have not completed, or whose completion no longer counts `at`."""
    parts = catalog[COURSE].definition.courses
    if parts is None or not parts.prerequisites or not people:
        return {}
    course, link = catalog[COURSE].table.c, catalog[COURSE].sides[parts.prerequisites].c
    months = course[parts.validity] if parts.validity else func.nullif(0, 0)
    needed = session.execute(
        select(course.id, course.title, months)
        .join_from(catalog[COURSE].sides[parts.prerequisites], catalog[COURSE].table, course.id == link["value"])
        .where(link["_record"] == course_id, course._removed_at.is_(None))
        .order_by(link["_position"])
    ).all()
    if not needed:
        return {}
    done = _completed(session, catalog, [row[0] for row in needed], people)
    found: dict[int, list[str]] = {}
    for person in people:
        for needed_id, title, valid in needed:
            on = done.get((person, needed_id))
            if on is None or (valid and months_later(on.date(), valid) < at.date()):
                found.setdefault(person, []).append(title)
    return found


def _completed(
    session: Session, catalog: Catalog, courses: Sequence[int], people: Sequence[int]
) -> dict[tuple[int, int], datetime]:
    """When each of these people last completed each of these courses."""
    place, held = catalog[ENROLMENT].table.c, catalog[SESSION].table.c
    statement = (
        select(place.employee, held.course, func.max(place.completed_at))
        .join_from(catalog[ENROLMENT].table, catalog[SESSION].table, held.id == place.session)
        .where(place.employee.in_(sorted(people)), held.course.in_(courses), place.status == "completed")
        .where(place._removed_at.is_(None), place.completed_at.is_not(None))
        .group_by(place.employee, held.course)
    )
    return {(person, course): at for person, course, at in session.execute(statement)}
