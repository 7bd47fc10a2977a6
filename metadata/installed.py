"""Which packs are installed, in which version, and their definitions as shipped: the record that upgrades need.

Written by `packs.installing` in the transaction of the publish, and by `publish.rollback`, so that the record
always tells of the catalog in force. Each row belongs to a catalog version; the newest row of a pack counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from metadata.store import pack


@dataclass(frozen=True)
class Installed:
    """One pack as it was installed; `documents` by name, each property with the `x-id` that it got.

    An uninstalled pack has no version and keeps its documents, for the day it comes back.
    """

    name: str
    version: str
    title: str
    requires: tuple[str, ...]
    documents: Mapping[str, Mapping[str, Any]]


def every(session: Session, at: int | None = None) -> dict[str, Installed]:
    """All packs ever installed by name, the uninstalled ones too; `at`: as of that catalog version."""
    newest = select(pack.c.name, func.max(pack.c.catalog_version).label("version")).group_by(pack.c.name)
    if at is not None:
        newest = newest.where(pack.c.catalog_version <= at)
    latest = newest.subquery()
    joined = pack.join(latest, (latest.c.name == pack.c.name) & (latest.c.version == pack.c.catalog_version))
    columns = (pack.c.name, pack.c.version, pack.c.title, pack.c.requires, pack.c.documents)
    rows = session.execute(select(*columns).select_from(joined).order_by(pack.c.name))
    return {row[0]: Installed(row[0], row[1], row[2], tuple(row[3]), row[4]) for row in rows}


def present(session: Session) -> dict[str, Installed]:
    """The packs that are installed now."""
    return {name: found for name, found in every(session).items() if found.version}


def record(session: Session, catalog_version: int, one: Installed) -> None:
    """Say how the pack stands from this catalog version on."""
    connection = session.connection()
    connection.execute(delete(pack).where(pack.c.name == one.name, pack.c.catalog_version == catalog_version))
    row = {"name": one.name, "catalog_version": catalog_version, "version": one.version, "title": one.title}
    documents = {name: dict(document) for name, document in one.documents.items()}
    connection.execute(insert(pack), [{**row, "requires": list(one.requires), "documents": documents}])


def carry_back(session: Session, version: int, now_version: int) -> None:
    """After a rollback to `version`: the packs are those of that time again."""
    earlier, today = every(session, version), every(session)
    for name, found in today.items():
        before = earlier.get(name)
        if before != found:
            gone = Installed(name, "", found.title, found.requires, found.documents)
            record(session, now_version, before or gone)
