"""The recycle bin: remove and restore are reversible, purge is not and says so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from metadata import access, audit, files
from metadata.access import Actor
from metadata.audit import Happening
from metadata.catalog import Catalog, Entity
from metadata.errors import Conflict, Invalid, NotFound, StaleVersion
from metadata.records import lists, pointing
from metadata.records.checks import collisions
from metadata.records.columns import pointing_at
from metadata.records.pointing import Pointer
from metadata.records.read import HIDDEN_RECORD, Record, find
from metadata.records.write import STALE, find_for_edit
from metadata.validation import as_json

IN_USE_APART = "Values out of sight still point at this record: %(uses)s. Delete those for good first."
IN_USE = "This record is still used: %(uses)s. Point those to another record first."


def remove(
    session: Session,
    catalog: Catalog,
    name: str,
    actor: Actor,
    record_id: int,
    *,
    now: datetime,
    version: int | None = None,
) -> None:
    """Put a record into the recycle bin; raises NotFound, NotAllowed, StaleVersion, or Conflict while others use it."""
    entity = catalog[name]
    find_for_edit(session, catalog, entity, actor, record_id, "remove")
    current = _row(session, entity, record_id, removed=False)
    if version is not None and version != current["_version"]:
        theirs = find(session, catalog, name, actor, record_id)
        raise StaleVersion(STALE, params={"who": theirs.changed_by}, theirs=theirs)
    uses = _uses(session, catalog, name, record_id)
    if uses:
        raise Conflict(IN_USE, params={"uses": uses})
    values = {"_removed_at": now, "_removed_by": actor.username}
    _mark(session, catalog, entity, actor, current, "remove", values, now)


def restore(session: Session, catalog: Catalog, name: str, actor: Actor, record_id: int, *, now: datetime) -> Record:
    """Take a record out of the recycle bin; raises Invalid when another holds its unique values by now."""
    entity = catalog[name]
    find_for_removed(session, catalog, entity, actor, record_id)
    current = _row(session, entity, record_id, removed=True)
    problems = collisions(session, catalog, entity, current, language="en")
    if problems:
        raise Invalid("The record can't be restored: another one took its place.", problems=problems)
    _mark(session, catalog, entity, actor, current, "restore", {"_removed_at": None, "_removed_by": None}, now)
    return find(session, catalog, name, actor, record_id)


def purge(
    session: Session,
    catalog: Catalog,
    name: str,
    actor: Actor,
    record_id: int,
    *,
    now: datetime,
    apart: Sequence[Pointer] | None = None,
) -> None:
    """Delete a removed record for good, with its files; its history keeps that it was there, and by whom it went.

    Raises Conflict while anything points at it, also from out of sight: `apart` are the columns there, where the
    caller knows them already.
    """
    entity = catalog[name]
    find_for_removed(session, catalog, entity, actor, record_id)
    current = _row(session, entity, record_id, removed=True)
    uses = _uses(session, catalog, name, record_id, also_removed=True)
    if uses:
        raise Conflict(IN_USE, params={"uses": uses})
    known = pointing.out_of_sight(session, catalog, name) if apart is None else apart
    hidden = pointing.uses(session, known, record_id)
    if hidden:
        words = ", ".join(f"{title} ({number})" for title, number in hidden.items())
        raise Conflict(IN_USE_APART, params={"uses": words})
    table = entity.table
    session.connection().execute(table.delete().where(table.c.id == record_id))
    files.forget_records(session, name, [record_id])
    happening = Happening("purge", record_id, current["_version"])
    audit.write(session, name, catalog, actor, now, [happening])


def find_for_removed(session: Session, catalog: Catalog, entity: Entity, actor: Actor, record_id: int) -> None:
    """Raise NotFound unless the actor may remove this record and it is in the bin."""
    mine = access.rows(actor, catalog, entity, "remove")
    table = entity.table
    statement = select(table.c.id).where(table.c.id == record_id, table.c._removed_at.is_not(None), mine)
    if not access.may(actor, entity, "remove") or session.connection().execute(statement).first() is None:
        raise NotFound(HIDDEN_RECORD)


def _row(session: Session, entity: Entity, record_id: int, *, removed: bool) -> dict[str, Any]:
    table = entity.table
    columns = [column.label(key) for key, column in table.c.items()]
    place = table.c._removed_at.is_not(None) if removed else table.c._removed_at.is_(None)
    statement = select(*columns).where(table.c.id == record_id, place).with_for_update()
    row = session.connection().execute(statement).mappings().first()
    if row is None:
        raise NotFound(HIDDEN_RECORD)
    return lists.completed(session, entity, [dict(row)])[0]


def _mark(
    session: Session,
    catalog: Catalog,
    entity: Entity,
    actor: Actor,
    current: dict[str, Any],
    action: str,
    values: dict[str, Any],
    now: datetime,
) -> None:
    table = entity.table
    version = current["_version"] + 1
    touch = {**values, "_version": version, "_changed_at": now, "_changed_by": actor.username}
    session.connection().execute(table.update().where(table.c.id == current["id"]).values(touch))
    whole = as_json(entity.definition, current)
    before, after = (whole, None) if action == "remove" else (None, whole)
    happening = Happening(action, current["id"], version, before, after)
    audit.write(session, entity.name, catalog, actor, now, [happening])


def _uses(session: Session, catalog: Catalog, name: str, record_id: int, *, also_removed: bool = False) -> str:
    """In words, which records point at this one; empty when none does."""
    found = []
    for other, field in catalog.referrers.get(name, ()):
        entity = catalog[other]
        table, item = entity.table, entity.definition.fields[field]
        statement = select(func.count()).select_from(table).where(pointing_at(entity, item, name, record_id))
        if not also_removed:
            statement = statement.where(table.c._removed_at.is_(None))
        if other == name:
            statement = statement.where(table.c.id != record_id)
        number = session.connection().execute(statement).scalar_one()
        if number:
            found.append(f"{catalog[other].definition.plural()} ({number})")
    return ", ".join(dict.fromkeys(found))
