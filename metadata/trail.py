"""Reading the audit rows: who changed what and when, filtered, newest first, within what the reader may see.

Called by the audit page and its REST. Whether somebody may read the trail at all is the caller's question; which values
they see of it is decided here, by the same access rules as the records themselves: where a reader has not all rows of
a definition, or a field is hidden from them, the values stay out and only the fact remains.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, func, select
from sqlalchemy.orm import Session

from metadata import access, store
from metadata.access import Actor
from metadata.catalog import Catalog

ACTIONS = ("create", "change", "remove", "restore", "purge", "publish", "password", "see_as", "see_end")
AREAS = ("@account", "@role")
MOST = 500


@dataclass(frozen=True)
class Asked:
    """A question to the trail; `before` is the id of the last row of the page before."""

    person: str = ""
    definition: str = ""
    record_id: int | None = None
    action: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None
    page_size: int = 50


@dataclass(frozen=True)
class Change:
    """One row: `values` are (field, before, after) of what the reader may see."""

    id: int
    at: datetime
    actor: str
    action: str
    definition: str
    record_id: int | None
    values: tuple[tuple[str, Any, Any], ...]
    note: str | None


def page(session: Session, catalog: Catalog, actor: Actor, asked: Asked) -> tuple[list[Change], bool]:
    """One page, and whether there is more; one statement."""
    size = max(1, min(asked.page_size, MOST))
    rows = session.execute(_statement(asked).limit(size + 1)).mappings().all()
    return [_change(catalog, actor, row) for row in rows[:size]], len(rows) > size


def stream(session: Session, catalog: Catalog, actor: Actor, asked: Asked) -> Iterator[Change]:
    """All rows that answer, a thousand in memory at a time."""
    rows = session.execute(_statement(asked).execution_options(yield_per=1000)).mappings()
    return (_change(catalog, actor, row) for row in rows)


def _statement(asked: Asked) -> Select[Any]:
    c = store.audit.c
    clauses: list[ColumnElement[bool]] = []
    if asked.person:
        clauses.append(func.lower(c.actor) == asked.person.lower())
    for column, value in ((c.definition, asked.definition), (c.action, asked.action)):
        if value:
            clauses.append(column == value)
    if asked.record_id is not None:
        clauses.append(c.record_id == asked.record_id)
    if asked.since is not None:
        clauses.append(c.at >= asked.since)
    if asked.until is not None:
        clauses.append(c.at < asked.until)
    if asked.before is not None:
        clauses.append(c.id < asked.before)
    return select(store.audit).where(*clauses).order_by(c.id.desc())


def _change(catalog: Catalog, actor: Actor, row: RowMapping) -> Change:
    seen = _seen(catalog, actor, row["definition"])
    before, after = row["before"] or {}, row["after"] or {}
    names = [n for n in dict.fromkeys((*before, *after)) if seen is None or n in seen]
    values = tuple((n, before.get(n), after.get(n)) for n in names if before.get(n) != after.get(n))
    facts = (row["id"], row["at"], row["actor"], row["action"], row["definition"], row["record_id"])
    return Change(*facts, values, row["note"])


def _seen(catalog: Catalog, actor: Actor, name: str) -> frozenset[str] | None:
    """The fields whose values this reader may see; None for all (publishing, accounts and roles)."""
    if not name or name.startswith("@") or actor.unlimited:
        return None
    if name not in catalog or access.widest(actor, catalog[name], "show") != "all":
        return frozenset()
    return frozenset(f.name for f in access.readable(actor, catalog[name], "show"))
