"""Which catalog is in force: the version rows, the locks around them, and the catalog of a process.

Every request reads one tiny row set (`read`); when the version moved, `CatalogSource` compiles what
changed and swaps one reference. Writers hold the catalog lock shared, publishing holds it alone, so
nobody writes by rules that are no longer in force.
"""

from __future__ import annotations

import gc
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select, text, update
from sqlalchemy.orm import Session

from metadata import parser, store
from metadata.catalog import EMPTY, Catalog, Entity, compile_catalog
from metadata.errors import CatalogMoved, DefinitionError, NotFound
from metadata.model import Definition

LOCK_KEY = 0x504C554D42  # "PLUMB"
KEPT_VERSIONS = 8
IN_FORCE = select(store.state.c.name, store.state.c.version)
SHARED = text("SELECT pg_advisory_xact_lock_shared(:key)")


@dataclass(frozen=True)
class Versions:
    """The version of the catalog, and of everything that decides who somebody is and may do."""

    catalog: int
    access: int


def read(session: Session | Connection) -> Versions:
    """Both versions in one statement."""
    connection = session.connection() if isinstance(session, Session) else session
    rows = {row[0]: row[1] for row in connection.execute(IN_FORCE)}
    return Versions(int(rows.get(store.CATALOG, 0)), int(rows.get(store.ACCESS, 0)))


def bump_access(session: Session) -> None:
    """Say that accounts, roles or places in the organisation changed: every process forgets what it cached."""
    row = store.state.c
    session.connection().execute(update(store.state).where(row.name == store.ACCESS).values(version=row.version + 1))


def lock_shared(session: Session) -> None:
    """Hold the catalog as it is until the transaction ends; take it before anything else is read."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(SHARED, {"key": LOCK_KEY})


def require_current(session: Session, catalog: Catalog) -> None:
    """Raise CatalogMoved unless `catalog` is in force; called under the shared lock."""
    if read(session).catalog != catalog.version:
        raise CatalogMoved


def documents(session: Session, version: int | None = None, *, since: int = -1) -> dict[str, Any]:
    """The newest document of each definition up to `version`, changed after `since`; withdrawn ones are None."""
    table = store.definition
    newest = select(table.c.name, func.max(table.c.catalog_version).label("version")).where(
        table.c.catalog_version > since
    )
    if version is not None:
        newest = newest.where(table.c.catalog_version <= version)
    latest = newest.group_by(table.c.name).subquery()
    joined = table.join(latest, (latest.c.name == table.c.name) & (latest.c.version == table.c.catalog_version))
    return {row[0]: row[1] for row in session.execute(select(table.c.name, table.c.document).select_from(joined))}


def last_documents(session: Session, names: Iterable[str]) -> dict[str, Any]:
    """The newest document that each of these definitions ever had: of a withdrawn one, that before it went."""
    wanted, table = list(names), store.definition
    statement = select(table.c.name, table.c.document).where(table.c.name.in_(wanted)).order_by(table.c.catalog_version)
    rows = session.execute(statement) if wanted else ()
    return {name: document for name, document in rows if document is not None}


def first_documents(session: Session, names: Iterable[str]) -> dict[str, Any]:
    """The document with which each of these definitions was published first."""
    table = store.definition
    first = select(table.c.name, func.min(table.c.catalog_version).label("version"))
    oldest = first.where(table.c.name.in_(list(names))).group_by(table.c.name).subquery()
    joined = table.join(oldest, (oldest.c.name == table.c.name) & (oldest.c.version == table.c.catalog_version))
    return {row[0]: row[1] for row in session.execute(select(table.c.name, table.c.document).select_from(joined))}


def earlier(session: Session, catalog: Catalog, version: int, only: Iterable[str] = ()) -> list[dict[str, Any]]:
    """What to publish so that all definitions, or `only` these, are as they were in `version`.

    What did not exist then is withdrawn. Raises DefinitionError for a version, NotFound for a name that never was.
    """
    if not 0 < version <= catalog.version:
        raise DefinitionError("There is no catalog version %(version)s.", params={"version": version})
    then = documents(session, version)
    wanted = list(only) or sorted({*then, *catalog})
    made: list[dict[str, Any]] = []
    for name in wanted:
        document = then.get(name)
        if document is None and name not in catalog:
            if name not in then and name in only:
                raise NotFound("There is no definition called “%(name)s”.", params={"name": name})
            continue
        made.append(document if document is not None else {"$id": name, "x-withdrawn": True})
    return made


def load_catalog(session: Session, previous: Catalog | None = None, version: int | None = None) -> Catalog:
    """The catalog of `version` (default: in force); entities that did not change are those of `previous`."""
    wanted = read(session).catalog if version is None else version
    base = previous if previous is not None and previous.version <= wanted else EMPTY
    if base.version == wanted and previous is not None:
        return base
    changed = documents(session, wanted, since=base.version if base is not EMPTY else -1)
    return apply(base, wanted, changed)


def apply(base: Catalog, version: int, changed: Mapping[str, Any]) -> Catalog:
    """The catalog after `changed` documents (None withdraws) are put over `base`."""
    entities: dict[str, Definition | Entity] = dict(base.entities)
    with _uncollected():
        for name, document in changed.items():
            entities.pop(name, None)
            if document is not None:
                entities[name] = parser.parse(document)
    return compile_catalog(version, entities)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Definitions hold no rings: looking for some while a thousand are read takes as long as reading them."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


class CatalogSource:
    """The catalog of one process: safe for threads, current at each request, old versions at hand."""

    def __init__(self) -> None:
        self._current = EMPTY
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, Catalog] = OrderedDict()

    def current(self, session: Session) -> Catalog:
        """The catalog in force for this transaction."""
        return self.of(session, read(session).catalog)

    def of(self, session: Session, version: int) -> Catalog:
        """The catalog of `version`, which the caller has just read as the one in force."""
        held = self._current
        if held.version == version:
            return held
        if version < held.version:  # a transaction that began before another thread's swap
            return self.at(session, version)
        with self._lock:
            if self._current.version < version:
                self._current = load_catalog(session, self._current, version)
            return self._current if self._current.version == version else load_catalog(session, None, version)

    def at(self, session: Session, version: int) -> Catalog:
        """An earlier catalog, for scores pinned to it and for explanations."""
        if version == self._current.version:
            return self._current
        with self._lock:
            found = self._kept.get(version)
            if found is None:
                found = self._kept[version] = load_catalog(session, None, version)
                if len(self._kept) > KEPT_VERSIONS:
                    self._kept.popitem(last=False)
            return found
