"""Who acts: an account with its roles and its place in the organisation, read from the directories.

`access` decides what an actor may; `load_actor` and `load_actors` find who stands behind an account. Nothing here
knows a rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from metadata.catalog import Catalog, Entity

ADMIN = "Admin"


@dataclass(frozen=True)
class Actor:
    """Somebody who acts: account name, roles, and the place in the organisation (ids of records).

    `unit_ids` are the units the person heads, with everything below them. `system` acts for the
    workflows, after a state table allowed the step; `username` then says on whose behalf. `within` is who really
    asks, where somebody looks as another: nothing is granted that this one is not granted too.
    """

    username: str
    roles: frozenset[str] = frozenset()
    person_id: int | None = None
    unit_id: int | None = None
    unit_ids: tuple[int, ...] = ()
    system: bool = False
    within: Actor | None = None

    @property
    def unlimited(self) -> bool:
        """Whether no rule limits this actor."""
        mine = self.system or ADMIN in self.roles
        return mine and (self.within is None or self.within.unlimited)


NOBODY = Actor("anonymous")


def system(on_behalf_of: str = "system") -> Actor:
    """An actor without limits, for workflows that have decided by their own state table."""
    return Actor(on_behalf_of, system=True)


def load_actor(session: Session, catalog: Catalog, username: str, roles: Iterable[str]) -> Actor:
    """The actor behind an account: one statement for the person, one for the units headed."""
    return load_actors(session, catalog, {username: roles})[username]


def load_actors(session: Session, catalog: Catalog, accounts: Mapping[str, Iterable[str]]) -> dict[str, Actor]:
    """The actors behind accounts (name → roles), in two statements however many there are."""
    plain = {name: Actor(name, frozenset(roles)) for name, roles in accounts.items()}
    person, unit = catalog.person, catalog.unit
    if person is None or person.definition.directory is None or not plain:
        return plain
    directory, columns = person.definition.directory, person.table.c
    account, home = columns[directory.account], columns[directory.unit] if directory.unit else columns.id
    people = select(account, columns.id, home).where(account.in_(list(plain)), columns._removed_at.is_(None))
    found = {row[0]: (row[1], row[2] if directory.unit else None) for row in session.execute(people)}
    headed = _units_below(session, unit, [place[0] for place in found.values()]) if unit is not None else {}
    return {
        name: Actor(name, actor.roles, *found[name], headed.get(found[name][0], ())) if name in found else actor
        for name, actor in plain.items()
    }


def units_below(session: Session, unit: Entity, person_id: int) -> tuple[int, ...]:
    """The ids of the units that the person heads and of all below them, in one recursive statement."""
    return _units_below(session, unit, [person_id]).get(person_id, ())


def _units_below(session: Session, unit: Entity, people: list[int]) -> dict[int, tuple[int, ...]]:
    directory = unit.definition.directory
    if directory is None or not directory.head or not people:
        return {}
    table = unit.table
    head, alive = table.c[directory.head], table.c._removed_at.is_(None)
    tree = select(table.c.id, head.label("who")).where(head.in_(people), alive).cte("units", recursive=True)
    if directory.parent:
        below = table.alias("below")
        tree = tree.union(
            select(below.c.id, tree.c.who).where(below.c[directory.parent] == tree.c.id, below.c._removed_at.is_(None))
        )
    found: dict[int, list[int]] = {}
    for unit_id, who in session.execute(select(tree.c.id, tree.c.who).order_by(tree.c.id)):
        found.setdefault(who, []).append(unit_id)
    return {who: tuple(units) for who, units in found.items()}
