"""Who may do what with which rows and fields: the only place where access is decided.

Three questions, one function each: `explain` (may I, and why), `rows` (a WHERE clause), `readable` and
`writable` (fields). The record door asks them for pages, REST, exports, dashboards, search, pick-lists
and history alike. Order of evaluation: the system and `Admin` may everything; else the roles' rules are
united, and what no rule grants is denied. Where roles differ, a field is granted only by a role with the
widest rows for that action, so that a narrow rule never opens a field on a wide set of rows. A rule for others only
keeps whoever has it from the record about themselves, whatever their other roles grant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import FromClause, and_, false, not_, or_, select, true
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from metadata.catalog import Catalog, Entity
from metadata.errors import NotAllowed
from metadata.model import SCOPES, Field, RoleAccess, RowScope

ADMIN = "Admin"
DESIGNER = "HR admin"
AUDITOR = "Auditor"


@dataclass(frozen=True)
class Actor:
    """Somebody who acts: account name, roles, and the place in the organisation (ids of records).

    `unit_ids` are the units the person heads, with everything below them. `system` acts for the
    workflows, after a state table allowed the step; `username` then says on whose behalf.
    """

    username: str
    roles: frozenset[str] = frozenset()
    person_id: int | None = None
    unit_id: int | None = None
    unit_ids: tuple[int, ...] = ()
    system: bool = False

    @property
    def unlimited(self) -> bool:
        """Whether no rule limits this actor."""
        return self.system or ADMIN in self.roles


@dataclass(frozen=True)
class Verdict:
    """The answer to "may I": with the deciding rule as a sentence (a translation key with places)."""

    allowed: bool
    reason: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.allowed


NOBODY = Actor("anonymous")


def system(on_behalf_of: str = "system") -> Actor:
    """An actor without limits, for workflows that have decided by their own state table."""
    return Actor(on_behalf_of, system=True)


def may_design(actor: Actor, _catalog: Catalog | None = None) -> bool:
    """Whether `actor` may draft and publish definitions."""
    return bool(actor.unlimited or DESIGNER in actor.roles)


def may_read_definitions(actor: Actor, catalog: Catalog | None = None) -> bool:
    """Whether `actor` may see definitions as documents, and their history."""
    return may_design(actor, catalog) or AUDITOR in actor.roles


def explain(actor: Actor, entity: Entity, action: str) -> Verdict:
    """Whether `actor` may do `action` with any record of `entity`, and by which rule."""
    names = {"action": action, "definition": entity.name}
    if actor.system:
        return Verdict(True, "The system acts for a workflow.")
    if ADMIN in actor.roles:
        return Verdict(True, "The role Admin may do everything.")
    granting = _granting(actor, entity, action)
    if granting:
        role = max(granting, key=lambda pair: SCOPES.index(pair[1].rows))
        return Verdict(True, "Role “%(role)s” may %(action)s these records.", {**names, "role": role[0]})
    if not actor.roles:
        return Verdict(False, "Nobody is logged in, or the account has no role.", names)
    roles = ", ".join(sorted(actor.roles))
    return Verdict(False, "None of the roles %(roles)s may %(action)s these records.", {**names, "roles": roles})


def may(actor: Actor, entity: Entity, action: str) -> bool:
    """`explain` without the reason."""
    return actor.unlimited or bool(_granting(actor, entity, action))


def require(actor: Actor, entity: Entity, action: str) -> None:
    """Raise NotAllowed with the reason unless `actor` may do `action`."""
    verdict = explain(actor, entity, action)
    if not verdict:
        raise NotAllowed(verdict.reason, params=verdict.params)


def rows(
    actor: Actor, catalog: Catalog, entity: Entity, action: str, table: FromClause | None = None
) -> ColumnElement[bool]:
    """The WHERE clause that leaves the rows of `entity` with which `actor` may do `action`.

    `table` is the entity's table or an alias of it. The recycle bin is not considered here.
    """
    source = entity.table if table is None else table
    if actor.unlimited:
        return true()
    granting = [rule for _role, rule in _granting(actor, entity, action)]
    apart = any(rule.others_only for rule in granting)
    clause = _within(actor, catalog, entity, source, {rule.rows for rule in granting})
    return and_(clause, not_(_own(actor, entity, source))) if apart else clause


def _within(
    actor: Actor, catalog: Catalog, entity: Entity, source: FromClause, scopes: set[RowScope]
) -> ColumnElement[bool]:
    if "all" in scopes:
        return true()
    clauses = []
    if "department" in scopes:
        clauses.append(_in_units(actor, catalog, entity, source))
    if "own" in scopes:
        clauses.append(_own(actor, entity, source))
    return or_(*clauses) if clauses else false()


def readable(actor: Actor, entity: Entity, action: str = "show") -> tuple[Field, ...]:
    """The fields that `actor` may see, in the definition's order."""
    hidden = _withheld(actor, entity, action, "hides")
    return tuple(f for f in entity.definition.fields.values() if f.name not in hidden)


def writable(actor: Actor, entity: Entity, action: str) -> tuple[Field, ...]:
    """The fields that `actor` may set when doing `action` ("add" or "edit")."""
    withheld = _withheld(actor, entity, action, "hides") | _withheld(actor, entity, action, "locks")
    return tuple(f for f in entity.definition.fields.values() if f.name not in withheld)


def load_actor(session: Session, catalog: Catalog, username: str, roles: Iterable[str]) -> Actor:
    """The actor behind an account: one statement for the person, one for the units headed."""
    person, unit = catalog.person, catalog.unit
    names = frozenset(roles)
    if person is None or person.definition.directory is None:
        return Actor(username, names)
    directory = person.definition.directory
    columns = person.table.c
    home = columns[directory.unit] if directory.unit else columns.id
    found = session.execute(
        select(columns.id, home).where(columns[directory.account] == username, columns._removed_at.is_(None))
    ).first()
    if found is None:
        return Actor(username, names)
    headed = units_below(session, unit, found[0]) if unit is not None else ()
    return Actor(username, names, found[0], found[1] if directory.unit else None, headed)


def units_below(session: Session, unit: Entity, person_id: int) -> tuple[int, ...]:
    """The ids of the units that the person heads and of all below them, in one recursive statement."""
    directory = unit.definition.directory
    if directory is None or not directory.head:
        return ()
    table = unit.table
    alive = table.c._removed_at.is_(None)
    tree = select(table.c.id).where(table.c[directory.head] == person_id, alive).cte("units", recursive=True)
    if directory.parent:
        below = table.alias("below")
        tree = tree.union(
            select(below.c.id).where(below.c[directory.parent] == tree.c.id, below.c._removed_at.is_(None))
        )
    return tuple(session.execute(select(tree.c.id).order_by(tree.c.id)).scalars())


def _granting(actor: Actor, entity: Entity, action: str) -> list[tuple[str, RoleAccess]]:
    rules = entity.definition.access
    return [
        (role, rule)
        for role in sorted(actor.roles)
        if (rule := rules.get(role)) is not None and action in rule.can and rule.rows != "none"
    ]


def _withheld(actor: Actor, entity: Entity, action: str, what: str) -> frozenset[str]:
    if actor.unlimited:
        return frozenset()
    granting = [rule for _role, rule in _granting(actor, entity, action)]
    if not granting:
        return frozenset(entity.definition.fields)
    widest = max(SCOPES.index(rule.rows) for rule in granting)
    sets: list[frozenset[str]] = [getattr(r, what) for r in granting if SCOPES.index(r.rows) == widest]
    return frozenset.intersection(*sets)


def _in_units(actor: Actor, catalog: Catalog, entity: Entity, source: FromClause) -> ColumnElement[bool]:
    owner = entity.definition.owner
    if not actor.unit_ids:
        return false()
    if owner.unit is not None:
        column = source.c[owner.unit] if owner.unit else source.c.id
        return column.in_(actor.unit_ids)
    person = catalog.person
    if owner.person is None or person is None or not person.definition.owner.unit:
        return false()
    staff = person.table.alias("staff")
    members = select(staff.c.id).where(staff.c[person.definition.owner.unit].in_(actor.unit_ids))
    return (source.c[owner.person] if owner.person else source.c.id).in_(members)


def _own(actor: Actor, entity: Entity, source: FromClause) -> ColumnElement[bool]:
    owner = entity.definition.owner
    if owner.person is None:
        return source.c._created_by == actor.username
    if actor.person_id is None:
        return false()
    column = source.c[owner.person] if owner.person else source.c.id
    return and_(column.is_not(None), column == actor.person_id)


def widest(actor: Actor, entity: Entity, action: str) -> RowScope:
    """The widest row scope that any of the actor's roles has for `action`; "all" really means every row."""
    if actor.unlimited:
        return "all"
    rules = [rule for _role, rule in _granting(actor, entity, action)]
    scope = SCOPES[max((SCOPES.index(rule.rows) for rule in rules), default=0)]
    return "department" if scope == "all" and any(rule.others_only for rule in rules) else scope
