"""What a changed session means for its people: a new time or place is told, a cancelled session frees them.

A subscriber of the outbox, so it does not matter whether the session was changed on a page, by REST or by an import.
It reads the session as it is now: an event that comes late never undoes what was decided since.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from metadata import access
from metadata.catalog import Catalog
from workflows.delivery.notices import Notice, notify_all
from workflows.installation import bound
from workflows.outbox import Event, subscribes
from workflows.training import enrolments
from workflows.training.meetings import ENROLMENT, SESSION, Meeting, meeting
from workflows.training.people import participants, written

MOVES = frozenset({"starts_at", "place"})


@subscribes("record.changed", definition=SESSION, name="training.session_changed")
def _changed(session: Session, catalog: Catalog, event: Event, now: datetime) -> None:
    after: Mapping[str, Any] = event.payload.get("after") or {}
    moved = bool(MOVES & after.keys())
    for session_id in _with_people(session, catalog, event.payload["ids"]):
        held = meeting(session, catalog, access.system("training"), session_id)
        if held.status == "cancelled":
            _free(session, catalog, held, event, now)
        elif moved and not held.begun(now):
            _tell(session, catalog, held, _enrolled(session, catalog, held), "training_moved", event, now)


def _with_people(session: Session, catalog: Catalog, ids: list[int]) -> list[int]:
    """Those of the sessions in which somebody waits, and which were not removed since."""
    table, place = catalog[SESSION].table.c, catalog[ENROLMENT].table.c
    statement = (
        select(table.id)
        .join(catalog[ENROLMENT].table, place.session == table.id)
        .where(table.id.in_(ids), table._removed_at.is_(None), place._removed_at.is_(None), place.status == "enrolled")
    )
    return list(session.execute(statement.distinct().order_by(table.id)).scalars())


def _enrolled(session: Session, catalog: Catalog, held: Meeting) -> list[int]:
    there = enrolments.places(session, catalog, held.id)
    return [employee for employee, row in there.items() if row["status"] == "enrolled"]


def _free(session: Session, catalog: Catalog, held: Meeting, event: Event, now: datetime) -> None:
    waiting = _enrolled(session, catalog, held)
    actor = access.system(event.actor)
    rows = [{"session": held.id, "employee": i, "status": "cancelled"} for i in waiting]
    enrolments.write(session, catalog, actor, rows, now)
    _tell(session, catalog, held, waiting, "training_cancelled", event, now)


def _tell(
    session: Session, catalog: Catalog, held: Meeting, ids: list[int], kind: str, event: Event, now: datetime
) -> None:
    news = [
        Notice(
            person.account,
            kind,
            f"{kind}:{held.id}:{person.id}:{event.id}",
            {"course": held.course_titles, "place": held.place, **written(held.starts_at, person.zone)},
            enrolments.LINK % held.id if kind == "training_moved" else "/training/",
        )
        for person in participants(session, catalog, access.system("training"), ids, bound().zone).values()
    ]
    notify_all(session, news, now)
