"""The history of one record, within what the actor may see of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from metadata import access, store
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.records.read import find


@dataclass(frozen=True)
class Entry:
    """One change: when, who, what; `before` and `after` hold JSON values of visible fields."""

    at: datetime
    actor: str
    action: str
    version: int
    catalog_version: int
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    note: str | None = None


def history(
    session: Session, catalog: Catalog, name: str, actor: Actor, record_id: int, *, limit: int = 100
) -> list[Entry]:
    """The newest changes of a record first; raises NotFound for one that the actor may not see."""
    seen = find(
        session, catalog, name, actor, record_id, removed=access.may(actor, catalog[name], "remove")
    ).values.keys()
    rows = store.audit.c
    statement = (
        select(store.audit)
        .where(rows.definition == name, rows.record_id == record_id)
        .order_by(rows.id.desc())
        .limit(limit)
    )
    return [
        Entry(
            row["at"],
            row["actor"],
            row["action"],
            row["record_version"],
            row["catalog_version"],
            {k: v for k, v in (row["before"] or {}).items() if k in seen},
            {k: v for k, v in (row["after"] or {}).items() if k in seen},
            row["note"],
        )
        for row in session.connection().execute(statement).mappings()
    ]
