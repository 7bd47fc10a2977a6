"""Reading accounts for the pages: a list with search, filters, order and pages; and whose records name them.

One statement for the accounts with their roles and the number of all that answer, one for the people.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_appbuilder.security.sqla.models import Role, User
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, joinedload

from metadata import access, records
from metadata.access import ADMIN, Actor
from metadata.catalog import Catalog
from metadata.records import Filter, Query, Record
from portal.accounts import rules

ORDERS: Mapping[str, tuple[Any, ...]] = {
    "username": (func.lower(User.username),),
    "name": (func.lower(User.first_name), func.lower(User.last_name)),
    "email": (func.lower(User.email),),
    "last_login": (User.last_login,),
}


@dataclass(frozen=True)
class Asked:
    """A list's question as it stands in the address."""

    search: str = ""
    role: str = ""
    state: str = ""  # "active", "inactive" or both
    order: str = "username"
    page: int = 0
    page_size: int = 25


@dataclass(frozen=True)
class Found:
    """One page of accounts; `people` are the records that name them, by user name."""

    rows: list[User]
    count: int
    people: Mapping[str, Record]


def accounts(session: Session, catalog: Catalog, actor: Actor, asked: Asked, language: str) -> Found:
    """The accounts that answer, those of IT only for IT."""
    conditions = _conditions(actor, asked)
    total = func.count().over().label("total")
    chosen = select(User.id, total).where(*conditions).order_by(*_order(asked.order))
    page = chosen.limit(asked.page_size).offset(asked.page * asked.page_size).subquery()
    statement = (
        select(User, page.c.total)
        .join(page, page.c.id == User.id)
        .options(joinedload(User.roles))
        .order_by(*_order(asked.order))
    )
    rows = session.execute(statement).unique().all()
    count = rows[0][1] if rows else 0
    if not rows and asked.page:
        count = session.scalar(select(func.count()).select_from(User).where(*conditions)) or 0
    users = [row[0] for row in rows]
    return Found(users, int(count), people(session, catalog, actor, [u.username for u in users], language))


def people(
    session: Session, catalog: Catalog, actor: Actor, usernames: Iterable[str], language: str
) -> Mapping[str, Record]:
    """The records of people that name these accounts, as far as the actor may see them."""
    entity, names = catalog.person, list(usernames)
    if entity is None or entity.definition.directory is None or not names or not access.may(actor, entity, "list"):
        return {}
    field = entity.definition.directory.account
    columns = tuple(dict.fromkeys((field, *entity.definition.label_of(language), *entity.definition.label_of("en"))))
    asked = Query(filters=(Filter(field, "in", names),), columns=columns, page_size=len(names), language=language)
    found = records.select(session, catalog, entity.name, actor, asked)
    return {record[field]: record for record in found.rows if record.get(field)}


def role_names(session: Session) -> list[str]:
    """All roles by name."""
    return list(session.scalars(select(Role.name).order_by(Role.name)))


def _conditions(actor: Actor, asked: Asked) -> list[Any]:
    conditions: list[Any] = [] if actor.unlimited else [~User.roles.any(Role.name == ADMIN)]
    if not rules.may_manage(actor):
        conditions.append(User.id < 0)
    for word in asked.search.split()[:8]:
        columns = (User.username, User.first_name, User.last_name, User.email)
        conditions.append(or_(*(func.lower(c).contains(word.lower(), autoescape=True) for c in columns)))
    if asked.role:
        conditions.append(User.roles.any(Role.name == asked.role))
    if asked.state in ("active", "inactive"):
        conditions.append(User.active.is_(asked.state == "active"))
    return conditions


def _order(asked: str) -> list[Any]:
    columns = ORDERS.get(asked.lstrip("-"), ORDERS["username"])
    down = asked.startswith("-")
    return [*(c.desc().nulls_last() if down else c.asc().nulls_last() for c in columns), User.id]
