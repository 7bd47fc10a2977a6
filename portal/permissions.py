"""Flask-AppBuilder's permission rows for definitions, kept as `x-access` says, set by set.

Our own pages ask the catalog; these rows are for those who read the framework's tables: its API, reports, audits.
`publish` calls `follow` inside its transaction (registered in portal/app.py), with what changed; the number of
statements does not depend on how much that is. Two publishers can't meet here: publishing holds its lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask_appbuilder.security.sqla.models import Permission, PermissionView, Role, ViewMenu, assoc_permissionview_role
from sqlalchemy import Table, delete, insert, inspect, select
from sqlalchemy.orm import Session

from metadata.catalog import Catalog
from metadata.model import ACTIONS

NAMES: Mapping[str, str] = {action: f"can_{action}" for action in ACTIONS}
PERMISSIONS: Table = Permission.__table__
MENUS: Table = ViewMenu.__table__
PAIRS: Table = PermissionView.__table__
ROLES: Table = Role.__table__
LINKS: Table = assoc_permissionview_role


def follow(session: Session, _old: Catalog, new: Catalog, names: frozenset[str]) -> None:
    """The hook of publishing: bring the rows of the changed definitions in line, in the same transaction."""
    if inspect(session.connection()).has_table(PERMISSIONS.name):
        sync(session, new, names)


def catch_up(session: Session, catalog: Catalog) -> int:
    """Rows for definitions that have none yet: one statement where nothing is missing. How many were."""
    known = set(session.connection().execute(select(MENUS.c.name)).scalars())
    missing = frozenset(n for n in catalog if catalog[n].definition.stores_records and n not in known)
    if missing:
        sync(session, catalog, missing)
    return len(missing)


def sync(session: Session, catalog: Catalog, names: Iterable[str]) -> None:
    """Make the rows of these definitions what the catalog says; those of withdrawn ones go."""
    wanted = set(names)
    stored = sorted(n for n in wanted if n in catalog and catalog[n].definition.stores_records)
    gone = sorted(wanted - set(stored))
    permissions = _named(session, PERMISSIONS, NAMES.values())
    menus = _named(session, MENUS, stored)
    pairs = _pairs(session, permissions, menus)
    _links(session, catalog, menus, permissions, pairs)
    _drop(session, gone)


def _named(session: Session, table: Table, names: Iterable[str]) -> dict[str, int]:
    """The ids of rows by name; missing rows are made."""
    wanted, connection = list(names), session.connection()
    rows = select(table.c.name, table.c.id).where(table.c.name.in_(wanted))
    found: dict[str, int] = {row[0]: row[1] for row in connection.execute(rows)}
    missing = [{"name": name} for name in wanted if name not in found]
    if missing:
        connection.execute(insert(table), missing)
        found = {row[0]: row[1] for row in connection.execute(rows)}
    return found


def _pairs(session: Session, permissions: Mapping[str, int], menus: Mapping[str, int]) -> dict[tuple[int, int], int]:
    """The permission-on-menu rows by both ids; missing ones are made, others of these menus removed."""
    connection, c = session.connection(), PAIRS.c
    rows = select(c.permission_id, c.view_menu_id, c.id).where(c.view_menu_id.in_(list(menus.values())))
    found = {(row[0], row[1]): row[2] for row in connection.execute(rows)}
    wanted = {(permission, menu) for permission in permissions.values() for menu in menus.values()}
    stale = [found[pair] for pair in found.keys() - wanted]
    if stale:
        connection.execute(delete(LINKS).where(LINKS.c.permission_view_id.in_(stale)))
        connection.execute(delete(PAIRS).where(c.id.in_(stale)))
    missing = [{"permission_id": p, "view_menu_id": m} for p, m in sorted(wanted - found.keys())]
    if missing:
        connection.execute(insert(PAIRS), missing)
        found = {(row[0], row[1]): row[2] for row in connection.execute(rows)}
    return {pair: number for pair, number in found.items() if pair in wanted}


def _links(
    session: Session,
    catalog: Catalog,
    menus: Mapping[str, int],
    permissions: Mapping[str, int],
    pairs: Mapping[tuple[int, int], int],
) -> None:
    connection = session.connection()
    roles: dict[str, int] = {row[0]: row[1] for row in connection.execute(select(ROLES.c.name, ROLES.c.id))}
    wanted = {
        (pairs[permissions[NAMES[action]], menu], roles[role])
        for name, menu in menus.items()
        for role, rules in catalog[name].definition.access.items()
        if role in roles
        for rule in rules
        if rule.rows != "none"
        for action in rule.can
        if action in NAMES
    }
    c = LINKS.c
    rows = select(c.permission_view_id, c.role_id, c.id).where(c.permission_view_id.in_(list(pairs.values())))
    found: dict[tuple[int, int], Any] = {(row[0], row[1]): row[2] for row in connection.execute(rows)}
    stale = [found[link] for link in found.keys() - wanted]
    if stale:
        connection.execute(delete(LINKS).where(c.id.in_(stale)))
    missing = [{"permission_view_id": pair, "role_id": role} for pair, role in sorted(wanted - found.keys())]
    if missing:
        connection.execute(insert(LINKS), missing)


def _drop(session: Session, names: list[str]) -> None:
    """Remove what belongs to definitions that are no more; publishing on SQLite checks no keys, so all by hand."""
    if not names:
        return
    connection = session.connection()
    menus = select(MENUS.c.id).where(MENUS.c.name.in_(names))
    pairs = select(PAIRS.c.id).where(PAIRS.c.view_menu_id.in_(menus))
    connection.execute(delete(LINKS).where(LINKS.c.permission_view_id.in_(pairs)))
    connection.execute(delete(PAIRS).where(PAIRS.c.view_menu_id.in_(menus)))
    connection.execute(delete(MENUS).where(MENUS.c.name.in_(names)))
