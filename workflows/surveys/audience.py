"""Whom a survey asks: everybody, or whoever has a role, is in a department or below it, and meets a condition.

Called by `answering`. One statement for one survey and person.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from metadata import conditions
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.kinds import Survey


def asks(session: Session, catalog: Catalog, actor: Actor, survey: Survey) -> bool:
    """Whether the person behind the account belongs to those who are asked."""
    if actor.person_id is None or catalog.person is None or (survey.roles and not survey.roles & actor.roles):
        return False
    if survey.units and not _above(session, catalog, actor.unit_id) & set(survey.units):
        return False
    if not survey.where:
        return True
    person = catalog.person
    met = conditions.clause(person.definition, person.table, survey.where)
    statement = select(person.table.c.id).where(person.table.c.id == actor.person_id, met)
    return session.execute(statement).first() is not None


def _above(session: Session, catalog: Catalog, unit_id: int | None) -> set[int]:
    """The unit and all above it."""
    unit = catalog.unit
    if unit is None or unit_id is None or unit.definition.directory is None:
        return set()
    parent = unit.definition.directory.parent
    if not parent:
        return {unit_id}
    table = unit.table
    way = select(table.c.id, table.c[parent].label("above")).where(table.c.id == unit_id).cte("way", recursive=True)
    step = table.alias("step")
    way = way.union(select(step.c.id, step.c[parent]).where(step.c.id == way.c.above))
    return set(session.execute(select(way.c.id)).scalars())
