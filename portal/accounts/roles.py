"""Roles: which there are, what each may do by the definitions in force, and making, renaming and removing them.

What a role may do is said by the definitions (`x-access`); here it is only shown. A role that definitions name keeps
its name, and one that somebody has stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_appbuilder.security.sqla.models import Role, User, assoc_user_role
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from metadata import audit
from metadata.access import ADMIN, Actor
from metadata.audit import Happening
from metadata.catalog import Catalog, Entity
from metadata.errors import Conflict, Invalid, NotAllowed, NotFound, Problem
from metadata.model import ACTIONS, RoleAccess
from portal import permissions
from portal.accounts import rules

AREA = "@role"
LONGEST = 60
NAMED = "%(count)s definitions name this role; take it out of them first."
NOT_YOURS = "There is no such role."


@dataclass(frozen=True)
class RoleLine:
    """One role of the list."""

    id: int
    name: str
    accounts: int
    definitions: int
    built_in: bool


@dataclass(frozen=True)
class Grant:
    """What a role may do with one definition: for each action the row scopes of its rules, none where it may not.

    `hides` and `locks` are the fields that no rule of the role opens.
    """

    entity: Entity
    cells: tuple[tuple[str, ...], ...]
    hides: tuple[str, ...]
    locks: tuple[str, ...]


def all_roles(session: Session, catalog: Catalog) -> list[RoleLine]:
    """Every role with how many accounts have it and how many definitions let it in; one statement."""
    held = assoc_user_role.c
    members = select(func.count()).where(held.role_id == Role.id).scalar_subquery()
    statement = select(Role.id, Role.name, members).where(Role.name != rules.PUBLIC).order_by(Role.name)
    return [
        RoleLine(row[0], row[1], row[2], _mentions(catalog, row[1], granting=True), row[1] in rules.BUILT_IN)
        for row in session.execute(statement)
    ]


def find(session: Session, actor: Actor, role_id: int, *, lock: bool = False) -> Role:
    """One role; raises NotFound for those who do not manage accounts."""
    statement = select(Role).where(Role.id == role_id)
    role = session.scalars(statement.with_for_update() if lock else statement).one_or_none()
    if role is None or not rules.may_manage(actor):
        raise NotFound(NOT_YOURS)
    return role


def matrix(catalog: Catalog, name: str) -> list[Grant]:
    """What the role may do, definition by definition; `Admin` may everything."""
    return [grant_of(entity, name) for entity in catalog.entities.values()]


def grant_of(entity: Entity, name: str) -> Grant:
    """What the role may do with one definition."""
    if name == ADMIN:
        return Grant(entity, (("all",),) * len(ACTIONS), (), ())
    rules = [rule for rule in entity.definition.access.get(name, ()) if rule.rows != "none"]
    if not rules:
        return Grant(entity, ((),) * len(ACTIONS), (), ())
    cells = tuple(tuple(dict.fromkeys(_cell(rule) for rule in rules if action in rule.can)) for action in ACTIONS)
    hides, locks = (frozenset.intersection(*sets) for sets in zip(*((r.hides, r.locks) for r in rules), strict=True))
    order = list(entity.definition.fields)
    return Grant(entity, cells, tuple(n for n in order if n in hides), tuple(n for n in order if n in locks))


def _cell(rule: RoleAccess) -> str:
    return "condition" if rule.where and rule.rows == "all" else rule.rows


def create(session: Session, catalog: Catalog, actor: Actor, name: str, *, now: datetime) -> Role:
    """A new role; it may nothing until definitions name it."""
    if not rules.may_manage(actor):
        raise NotAllowed("Roles are managed by HR and IT.")
    _refuse(_name_problems(session, name))
    role = Role(name=name)
    session.add(role)
    session.flush()
    named = [e.name for e in catalog.entities.values() if name in e.definition.access]
    if named:  # definitions waited for it
        permissions.sync(session, catalog, named)
    _note(session, catalog, actor, now, Happening("create", role.id, 0, None, {"name": name}))
    return role


def rename(session: Session, catalog: Catalog, actor: Actor, role_id: int, name: str, *, now: datetime) -> Role:
    """Another name; refused for built-in roles and for those that definitions name."""
    role = find(session, actor, role_id, lock=True)
    before = role.name
    if before == name:
        return role
    if before in rules.BUILT_IN:
        raise Conflict("“%(name)s” is part of the product; it keeps its name.", params={"name": before})
    count = _mentions(catalog, before)
    if count:
        raise Conflict(NAMED, params={"count": count})
    _refuse(_name_problems(session, name, but=role))
    role.name = name
    session.flush()
    _note(session, catalog, actor, now, Happening("change", role.id, 0, {"name": before}, {"name": name}))
    return role


def remove(session: Session, catalog: Catalog, actor: Actor, role_id: int, *, now: datetime) -> None:
    """Delete a role that nobody has and no definition names."""
    role = find(session, actor, role_id, lock=True)
    if role.name in rules.BUILT_IN:
        raise Conflict("“%(name)s” is part of the product; it can't be deleted.", params={"name": role.name})
    holders = session.scalar(select(func.count()).select_from(User).where(User.roles.any(Role.id == role.id))) or 0
    if holders:
        raise Conflict("%(count)s accounts have this role; give them another first.", params={"count": holders})
    count = _mentions(catalog, role.name)
    if count:
        raise Conflict(NAMED, params={"count": count})
    _note(session, catalog, actor, now, Happening("remove", role.id, 0, {"name": role.name}))
    session.execute(delete(Role).where(Role.id == role.id))


def _mentions(catalog: Catalog, name: str, *, granting: bool = False) -> int:
    if name == ADMIN and granting:
        return len(catalog.entities)
    rules_of = [e.definition.access[name] for e in catalog.entities.values() if name in e.definition.access]
    return sum(1 for found in rules_of if not granting or any(rule.rows != "none" and rule.can for rule in found))


def _name_problems(session: Session, name: str, but: Role | None = None) -> list[Problem]:
    if not 2 <= len(name) <= LONGEST or not name.isprintable() or name != " ".join(name.split()):
        return [Problem("/name", "The name of a role has 2 to %(count)s characters.", {"count": LONGEST})]
    same = select(Role.name).where(func.lower(Role.name) == name.lower())
    other = session.scalars(same.where(Role.id != but.id) if but is not None else same).first()
    known = next((n for n in rules.BUILT_IN if n.casefold() == name.casefold()), other)
    return [Problem("/name", "There is a role “%(name)s” already.", {"name": known})] if known else []


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        raise Invalid(
            "Nothing was saved yet: please correct the marked values (%(count)s).",
            params={"count": len(problems)},
            problems=problems,
        )


def _note(session: Session, catalog: Catalog, actor: Actor, now: datetime, happening: Happening) -> None:
    audit.note(session, AREA, happening, catalog_version=catalog.version, actor=actor, now=now)
