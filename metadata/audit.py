"""What happened, kept for good: one audit row and one outbox event for each change, in its transaction.

Called by the record door and by publishing; nobody else writes these tables. Values are stored as JSON,
keyed by field name as it was called then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Insert, Table, bindparam, select
from sqlalchemy.orm import Session

from metadata import store, versions
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.many_rows import insert_rows

EVENT_CHUNK = 1000


@dataclass(frozen=True)
class Happening:
    """One change of one record: the fields that changed, before and after, as JSON values."""

    action: (
        str  # "create" | "change" | "remove" | "restore" | "purge"; accounts also "password", and "see_as", "see_end"
    )
    record_id: int
    record_version: int
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    note: str | None = None


TOPICS = {
    "create": "record.created",
    "change": "record.changed",
    "remove": "record.removed",
    "restore": "record.restored",
    "purge": "record.purged",
}


def write(
    session: Session,
    definition: str,
    catalog: Catalog,
    actor: Actor,
    now: datetime,
    happenings: Sequence[Happening],
) -> None:
    """Write audit rows and outbox events (one event for up to 1 000 records of one kind of change).

    Of an anonymous survey nothing is written: the order of entries would tell who answered what.
    A change of people or units changes who may see what: every process then forgets the actors it remembers.
    """
    entity = catalog.entities.get(definition)
    if not happenings or (entity is not None and entity.definition.nameless):
        return
    rows = [
        {
            "at": now,
            "actor": actor.username,
            "action": h.action,
            "definition": definition,
            "record_id": h.record_id,
            "record_version": h.record_version,
            "catalog_version": catalog.version,
            "before": h.before,
            "after": h.after,
            "note": h.note,
        }
        for h in happenings
    ]
    _insert(session, rows, _events(definition, catalog.version, actor, now, happenings))
    if definition in {entity.name for entity in (catalog.person, catalog.unit) if entity is not None}:
        versions.bump_access(session)


def _insert(session: Session, rows: list[dict[str, Any]], events: list[dict[str, Any]]) -> None:
    """Both tables; a single change costs PostgreSQL one statement."""
    connection = session.connection()
    if len(rows) == len(events) == 1 and connection.dialect.name == "postgresql":
        values = {f"audit_{k}": v for k, v in rows[0].items()} | {f"outbox_{k}": v for k, v in events[0].items()}
        connection.execute(BOTH, values)
        return
    insert_rows(connection, store.audit, rows)
    connection.execute(store.outbox.insert(), events)


def _one(table: Table, prefix: str, names: Sequence[str]) -> Insert:
    return table.insert().values({name: bindparam(f"{prefix}_{name}") for name in names})


AUDITED = ("at", "actor", "action", "definition", "record_id", "record_version", "catalog_version")
TOLD = ("at", "topic", "definition", "payload", "actor", "catalog_version", "next_at", "attempts")
BOTH = _one(store.outbox, "outbox", TOLD).add_cte(
    _one(store.audit, "audit", (*AUDITED, "before", "after", "note")).cte("audited")
)


def _events(
    definition: str, catalog_version: int, actor: Actor, now: datetime, happenings: Sequence[Happening]
) -> list[dict[str, Any]]:
    by_action: dict[str, list[Happening]] = {}
    for happening in happenings:
        by_action.setdefault(happening.action, []).append(happening)
    events = []
    for action, items in by_action.items():
        for start in range(0, len(items), EVENT_CHUNK):
            part = items[start : start + EVENT_CHUNK]
            payload: dict[str, Any] = {"ids": [h.record_id for h in part]}
            if len(items) == 1:
                payload |= {"before": items[0].before, "after": items[0].after, "version": items[0].record_version}
            events.append(_event(TOPICS[action], definition, payload, catalog_version, actor, now))
    return events


def _event(
    topic: str, definition: str, payload: Mapping[str, Any], catalog_version: int, actor: Actor, now: datetime
) -> dict[str, Any]:
    return {
        "at": now,
        "topic": topic,
        "definition": definition,
        "payload": payload,
        "actor": actor.username,
        "catalog_version": catalog_version,
        "next_at": now,
        "attempts": 0,
    }


def note(
    session: Session,
    area: str,
    happening: Happening,
    *,
    catalog_version: int,
    actor: Actor,
    now: datetime,
) -> None:
    """Write the audit row of something that is no record: an account, a role. `area` begins with @."""
    row = {
        "at": now,
        "actor": actor.username,
        "action": happening.action,
        "definition": area,
        "record_id": happening.record_id,
        "record_version": happening.record_version,
        "catalog_version": catalog_version,
        "before": happening.before,
        "after": happening.after,
        "note": happening.note,
    }
    session.connection().execute(store.audit.insert(), [row])


def latest(session: Session, limit: int = 10) -> list[dict[str, Any]]:
    """The newest rows without their values, for those who may see that something happened."""
    c = store.audit.c
    columns = (c.id, c.at, c.actor, c.action, c.definition, c.record_id, c.note)
    found = session.connection().execute(select(*columns).order_by(c.id.desc()).limit(limit))
    return [dict(row) for row in found.mappings()]


def announce(
    session: Session,
    topic: str,
    payload: Mapping[str, Any],
    *,
    definition: str = "",
    catalog_version: int,
    actor: Actor,
    now: datetime,
) -> None:
    """Write one outbox event that belongs to no single record."""
    event = _event(topic, definition, payload, catalog_version, actor, now)
    session.connection().execute(store.outbox.insert(), [event])
