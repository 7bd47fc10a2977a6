"""What was deleted for good: which columns and tables, when and by whom.

Written by `purging`; asked by publishing, which then knows that what returns comes back empty, and by `stored`, which
says what the database must hold. A column that is used again after the purge is a fresh one of the same name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from metadata import store
from metadata.catalog import Catalog
from metadata.changes import Change

EMPTY_FIELD = "Field “%(field)s” returns empty: %(who)s deleted its values for good on %(day)s."
EMPTY_DEFINITION = "“%(title)s” returns without records: %(who)s deleted them for good on %(day)s."


@dataclass(frozen=True)
class Purged:
    """One deletion; `column` is empty where the whole table went. `version` is the catalog's at that time."""

    definition: str
    column: str
    version: int
    at: datetime
    actor: str


def every(session: Session) -> dict[tuple[str, str], Purged]:
    """The last deletion of each column and each table."""
    rows = session.execute(select(store.purged).order_by(store.purged.c.id)).mappings()
    found = [Purged(r["definition"], r["column"], r["catalog_version"], r["at"], r["actor"]) for r in rows]
    return {(one.definition, one.column): one for one in found}


def record(session: Session, found: Iterable[Purged]) -> None:
    """Keep what was deleted."""
    rows = [
        {
            "definition": one.definition,
            "column": one.column,
            "catalog_version": one.version,
            "at": one.at,
            "actor": one.actor,
        }
        for one in found
    ]
    if rows:
        session.execute(insert(store.purged), rows)


def gone(session: Session, names: Iterable[str]) -> set[str]:
    """Those of the withdrawn definitions `names` whose tables are no longer there."""
    wanted, t = set(names), store.definition.c
    tables = {one.definition: one.version for one in every(session).values() if not one.column} if wanted else {}
    last = select(t.name, func.max(t.catalog_version)).where(t.name.in_(wanted), t.document.is_not(None))
    used = {row[0]: int(row[1]) for row in session.execute(last.group_by(t.name))} if tables else {}
    return {name for name in wanted & tables.keys() if tables[name] >= used.get(name, 0)}


def explained(session: Session, new: Catalog, changes: Mapping[str, list[Change]]) -> dict[str, list[Change]]:
    """The changes, of which those say so that bring back what was deleted for good."""
    known = every(session) if any(_may_return(c) for listed in changes.values() for c in listed) else {}
    return {
        name: [_said(new, known, change) if known else change for change in found] for name, found in changes.items()
    }


def _may_return(change: Change) -> bool:
    return change.kind in ("field added", "definition added")


def _said(new: Catalog, known: Mapping[tuple[str, str], Purged], change: Change) -> Change:
    if not _may_return(change):
        return change
    column = new[change.definition].definition.fields[change.field].column if change.field else ""
    found = known.get((change.definition, column))
    if found is None:
        return change
    more = {"who": found.actor, "day": found.at.date().isoformat()}
    message = EMPTY_FIELD if change.field else EMPTY_DEFINITION
    return replace(change, message=message, params={**change.params, **more})
