"""One training session as a value, and who may do what with it.

Read by every service of this folder and by the pages. Roles are not named here: whoever may edit enrolments
themselves (HR) holds every session; whoever may edit sessions (trainers) holds those that they or their course
are assigned to, and those assigned to nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from metadata import access, records
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.errors import NotAllowed

SESSION, COURSE, ENROLMENT = "training_session", "course", "enrolment"
NOT_YOURS = "Only the trainer of this session, or HR, can do this."


class Assigned(Protocol):
    """Whatever knows who is assigned: a Meeting, or a Line of reading.py."""

    @property
    def trainer_id(self) -> int | None: ...
    @property
    def course_trainer_id(self) -> int | None: ...


@dataclass(frozen=True)
class Meeting:
    """A course held at a time and place. `course_titles` has the course's name by language."""

    id: int
    title: str
    course_id: int
    course_titles: dict[str, str]
    trainer_id: int | None
    course_trainer_id: int | None
    starts_at: datetime
    ends_at: datetime
    place: str
    capacity: int | None
    status: str

    def begun(self, now: datetime) -> bool:
        """Whether attendance can be known."""
        return self.starts_at <= now


def meeting(session: Session, catalog: Catalog, actor: Actor, session_id: int, *, lock: bool = False) -> Meeting:
    """The session, if `actor` may see it; `lock` makes whoever changes its people wait for their turn."""
    found = records.find(session, catalog, SESSION, actor, session_id)
    whole = access.system(actor.username)
    record = records.find(session, catalog, SESSION, whole, session_id, lock=lock) if lock else found
    course = catalog[COURSE].table.c
    row = session.execute(
        select(course.title, course.title_zh, course.trainer).where(course.id == record["course"])
    ).one()
    return Meeting(
        id=record.id,
        title=record["title"],
        course_id=record["course"],
        course_titles={"en": row.title, "zh": row.title_zh or row.title},
        trainer_id=record.get("trainer"),
        course_trainer_id=row.trainer,
        starts_at=record["starts_at"],
        ends_at=record["ends_at"],
        place=record.get("place", ""),
        capacity=record.get("capacity"),
        status=record["status"],
    )


def is_office(catalog: Catalog, actor: Actor) -> bool:
    """Whether the actor runs training as a whole, as HR does."""
    return access.widest(actor, catalog[ENROLMENT], "edit") == "all"


def may_hold(catalog: Catalog, actor: Actor, found: Assigned) -> bool:
    """Whether the actor may enrol people into this session and record who came."""
    if is_office(catalog, actor):
        return True
    if not access.may(actor, catalog[SESSION], "edit"):
        return False
    assigned = {found.trainer_id, found.course_trainer_id} - {None}
    return not assigned or actor.person_id in assigned


def require_hold(catalog: Catalog, actor: Actor, found: Meeting) -> None:
    """Raise NotAllowed unless `may_hold`."""
    if not may_hold(catalog, actor, found):
        raise NotAllowed(NOT_YOURS)
