"""Who gains and who loses records by other access rules: counted for people, set by set, before anything is in force.

Called by the matrix page's preview. It asks `access` for the rows by the rules in force and by the draft's, so it
can't say anything else than what will be. Counts end at a cap, since "more than a thousand" says enough.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, false, func, literal, not_, select
from sqlalchemy import and_ as both
from sqlalchemy.orm import Session

from metadata import access, conditions
from metadata.access import Actor
from metadata.catalog import Catalog, Entity
from metadata.model import Definition

CAP = 1000
AT_ONCE = 20


@dataclass(frozen=True)
class Effect:
    """For one person and one action, how many records open and how many close; at most `CAP + 1`, meaning more."""

    account: str
    action: str
    gained: int
    lost: int


def countable(old: Entity, new: Definition) -> Entity | None:
    """The entity as it is, with the new rules; None where those ask about fields that are not stored yet."""
    named = {name for rules in new.access.values() for rule in rules for name in (*rule.assigned, *_asked(rule.where))}
    named |= {name for name in (new.owner.person, new.owner.unit) if name}
    if not named <= old.definition.fields.keys():
        return None
    return Entity(dataclasses.replace(old.definition, access=new.access, owner=new.owner))


def _asked(where: Mapping[str, object]) -> frozenset[str]:
    return conditions.names(where) if where else frozenset()


def effects(
    session: Session,
    catalog: Catalog,
    old: Entity,
    new: Entity,
    actors: Sequence[Actor],
    actions: Sequence[str] = ("show", "edit"),
) -> list[Effect]:
    """The people for whom something changes, by action; one statement for every twenty people."""
    found: list[Effect] = []
    for start in range(0, len(actors), AT_ONCE):
        found += _some(session, catalog, old, new, actors[start : start + AT_ONCE], actions)
    return found


def _some(
    session: Session, catalog: Catalog, old: Entity, new: Entity, actors: Sequence[Actor], actions: Sequence[str]
) -> Iterator[Effect]:
    asked = [(actor, action) for actor in actors for action in actions]
    columns = []
    for actor, action in asked:
        before, after = _rows(actor, catalog, old, old, action), _rows(actor, catalog, old, new, action)
        columns += [_number(old, both(after, not_(before))), _number(old, both(before, not_(after)))]
    if not columns:
        return
    row = session.connection().execute(select(*(column.label(f"n{i}") for i, column in enumerate(columns)))).one()
    for i, (actor, action) in enumerate(asked):
        gained, lost = int(row[2 * i]), int(row[2 * i + 1])
        if gained or lost:
            yield Effect(actor.username, action, gained, lost)


def _rows(actor: Actor, catalog: Catalog, old: Entity, by: Entity, action: str) -> ColumnElement[bool]:
    return access.rows(actor, catalog, by, action, old.table) if access.may(actor, by, action) else false()


def _number(entity: Entity, clause: ColumnElement[bool]) -> ColumnElement[int]:
    table = entity.table
    some = select(literal(1)).select_from(table).where(table.c._removed_at.is_(None), clause).limit(CAP + 1).subquery()
    return select(func.count()).select_from(some).scalar_subquery()
