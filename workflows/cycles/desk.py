"""The one way in to cycles and reviews: who may see and run which, rows with locks, steps written through the door.

Called by the services of this folder. Whoever runs a cycle may edit it by its definition's own rule: HR any, a head
those of the departments headed. Everybody else comes in by a review: the own one, or one to write. What somebody may
not see does not exist for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from metadata import access, records
from metadata.access import Actor
from metadata.catalog import Catalog, Entity
from metadata.errors import NotAllowed, NotFound, StaleVersion
from metadata.records.read import HIDDEN_RECORD
from metadata.records.write import STALE
from workflows.cycles import states
from workflows.cycles.states import ReviewAction, Standing

CYCLE, REVIEW = "cycle", "review"
NOT_YOURS = "Only HR and the head of this department run this cycle."
NOT_YOUR_PART = "This part of the review belongs to somebody else."
OWN_REVIEW = "Nobody rates their own review; HR or somebody else does."

Row = Mapping[str, Any]


def load(entity: Entity, *, lock: bool = False, share: bool = False) -> Select[Any]:
    """SELECT of whole rows that are not in the recycle bin, columns named as fields."""
    table = entity.table
    statement = select(*(column.label(key) for key, column in table.c.items())).where(table.c._removed_at.is_(None))
    return statement.with_for_update(read=share) if lock or share else statement


def runs(catalog: Catalog, actor: Actor, department: int | None) -> bool:
    """Whether the actor runs cycles of this department."""
    scope = access.widest(actor, catalog[CYCLE], "edit")
    return scope == "all" or (scope == "department" and department in actor.unit_ids)


def is_office(catalog: Catalog, actor: Actor) -> bool:
    """Whether the actor runs every cycle."""
    return access.widest(actor, catalog[CYCLE], "edit") == "all"


def cycle_row(session: Session, catalog: Catalog, cycle_id: int, *, lock: bool = False, share: bool = False) -> Row:
    """The cycle, whoever asks; raises NotFound."""
    entity = catalog[CYCLE]
    statement = load(entity, lock=lock, share=share).where(entity.table.c.id == cycle_id)
    row = session.execute(statement).mappings().first()
    if row is None:
        raise NotFound(HIDDEN_RECORD)
    return dict(row)


def run_by(
    session: Session, catalog: Catalog, actor: Actor, cycle_id: int, version: int | None = None, *, lock: bool = True
) -> Row:
    """The cycle for somebody who runs it. NotFound where it is hidden, NotAllowed where it may only be seen."""
    entity = catalog[CYCLE]
    row = cycle_row(session, catalog, cycle_id, lock=lock)
    if not runs(catalog, actor, row["department"]):
        records.find(session, catalog, CYCLE, actor, cycle_id)
        raise NotAllowed(NOT_YOURS)
    if version is not None and version != row["_version"]:
        theirs = records.find(session, catalog, entity.name, actor, cycle_id)
        raise StaleVersion(STALE, params={"who": row["_changed_by"]}, theirs=theirs)
    return row


def standing(catalog: Catalog, actor: Actor, cycle: Row, review: Row) -> Standing:
    """What the actor is to this review."""
    me = actor.person_id
    return Standing(
        reviewee=me is not None and review["employee"] == me,
        reviewer=me is not None and review["reviewer"] == me,
        runner=runs(catalog, actor, cycle["department"]),
    )


def may_see(session: Session, catalog: Catalog, actor: Actor, cycle: Row, review: Row) -> bool:
    """Whether the review exists for the actor: by the definition's rule, by the own part in it, or by its cycle.

    Who looks as another sees what both may see, and nothing about themselves.
    """
    real = actor.within
    if real is not None and (
        review["employee"] == real.person_id or not may_see(session, catalog, real, cycle, review)
    ):
        return False
    if standing(catalog, actor, cycle, review) != Standing():
        return True
    entity = catalog[REVIEW]
    if not access.may(actor, entity, "show"):
        return False
    mine = access.rows(actor, catalog, entity, "show")
    return session.execute(select(entity.table.c.id).where(entity.table.c.id == review["id"], mine)).first() is not None


def review_for(
    session: Session, catalog: Catalog, actor: Actor, review_id: int, action: ReviewAction | None = None
) -> tuple[Row, Row, Standing]:
    """Cycle, review and standing; with `action` both are held for it, and the actor's standing allows it."""
    entity = catalog[REVIEW]
    cycle_id = session.execute(select(entity.table.c.cycle).where(entity.table.c.id == review_id)).scalar()
    if cycle_id is None:
        raise NotFound(HIDDEN_RECORD)
    cycle = cycle_row(session, catalog, cycle_id, share=action is not None)
    statement = load(entity, lock=action is not None).where(entity.table.c.id == review_id)
    found = session.execute(statement).mappings().first()
    review = dict(found) if found is not None else {}
    if not review or not may_see(session, catalog, actor, cycle, review):
        raise NotFound(HIDDEN_RECORD)
    mine = standing(catalog, actor, cycle, review)
    if action is not None and not states.may_review(mine, action):
        raise NotAllowed(OWN_REVIEW if mine.reviewee else NOT_YOUR_PART)
    return cycle, review, mine


def held_reviews(session: Session, catalog: Catalog, cycle_id: int, *steps: str) -> list[Row]:
    """The cycle's reviews in these steps (none: all), held until the transaction ends, in the order of their ids."""
    table = catalog[REVIEW].table
    statement = load(catalog[REVIEW], lock=True).where(table.c.cycle == cycle_id)
    if steps:
        statement = statement.where(table.c.step.in_(steps))
    return [dict(row) for row in session.execute(statement.order_by(table.c.id)).mappings()]


def put_cycle(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    cycle_id: int,
    values: Mapping[str, Any],
    now: datetime,
    note: str | None = None,
) -> None:
    """Store what a table of states allowed."""
    by = access.system(actor.username)
    records.change(session, catalog, CYCLE, by, cycle_id, values, now=now, form="python", note=note)


def put_review(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    review_id: int,
    values: Mapping[str, Any],
    now: datetime,
    version: int | None = None,
    note: str | None = None,
) -> records.Record:
    """Store one review; raises StaleVersion when it moved since `version`."""
    by = access.system(actor.username)
    return records.change(
        session, catalog, REVIEW, by, review_id, values, now=now, version=version, form="python", note=note
    )


def put_reviews(
    session: Session, catalog: Catalog, actor: Actor, changes: Sequence[tuple[Row, Mapping[str, Any]]], now: datetime
) -> int:
    """Store new values of many reviews, each as the caller has read and holds it; how many changed."""
    by = access.system(actor.username)
    wanted = [records.Change(review["id"], values) for review, values in changes]
    held = {review["id"]: review for review, _values in changes}
    outcome = records.change_many(session, catalog, REVIEW, by, wanted, now=now, form="python", in_hand=held)
    return len(outcome.changed)


def names_of(cycle: Row) -> dict[str, str]:
    """The cycle's name in both languages, for messages."""
    return {"en": cycle["name"], "zh": cycle["name_zh"] or cycle["name"]}
