"""Publishing definitions: check, preview, publish, roll back; one transaction, nothing destroyed.

Callers (designer, REST, command line, packs) open the transaction inside `engine.publishing()` and
commit it; everything between is this module's. DDL, values, permission hooks, definition rows, the
version row, audit and event commit together, so a crash leaves the catalog before or after, whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from metadata import audit, dialect, fieldtypes, installed, migrate, parser, store, tables, versions, weighing
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.changes import Change, compare, returned
from metadata.errors import Busy, Conflict, DefinitionError, Problem
from metadata.model import Definition
from metadata.parser import thawed

Document = Mapping[str, Any]
Hook = Callable[[Session, Catalog, Catalog, frozenset[str]], None]
STANDING: list[Hook] = []  # what the floors above do in each publish of this process
BUSY = "Others are working with these records; please publish again in a moment."
LOCK_TIMEOUT = "2s"


@dataclass(frozen=True)
class Preview:
    """What publishing would do, and what stands in its way."""

    changes: tuple[Change, ...]
    problems: tuple[Problem, ...] = ()
    dependents: tuple[str, ...] = ()

    @property
    def publishable(self) -> bool:
        """Whether nothing stands in the way."""
        return not self.problems


@dataclass
class _Plan:
    old: Catalog
    new: Catalog
    documents: dict[str, Any]
    changes: dict[str, list[Change]] = field(default_factory=dict)


def preview(session: Session, catalog: Catalog, documents: Iterable[Document], confirm: Sequence[str] = ()) -> Preview:
    """All changes with counts and examples, all problems, and which other definitions depend on them."""
    given = list(documents)
    refused = dialect.check(given, catalog)
    if refused:
        return Preview((), tuple(refused))
    plan = _plan(session, catalog, given)
    weighed, problems = weighing.weigh(session, plan.old, plan.new, plan.changes, confirm)
    touched = {name for name, changes in weighed.items() if changes}
    dependents = sorted({other for name in touched for other, _field in catalog.referrers.get(name, ())} - touched)
    return Preview(tuple(c for changes in weighed.values() for c in changes), tuple(problems), tuple(dependents))


def publish(
    session: Session,
    catalog: Catalog,
    documents: Iterable[Document],
    *,
    actor: Actor,
    comment: str,
    now: datetime,
    bases: Mapping[str, int] | None = None,
    confirm: Sequence[str] = (),
    origins: Mapping[str, str] | None = None,
    hooks: Sequence[Hook] = (),
    step: Callable[[str], None] = lambda _name: None,
    rolled_back_to: int | None = None,
) -> Catalog:
    """Make the next catalog and return it; the same catalog when nothing changes.

    `bases` says on which catalog version each edited document was based: when somebody published that
    definition since, Conflict names them. `origins` says which pack a definition
    comes from. Raises DefinitionError with every problem, Busy when the
    database could not be locked in two seconds. Must run inside `engine.publishing()`.
    """
    _lock(session)
    catalog = versions.load_catalog(session, catalog)
    step("locked")
    given = list(documents)
    dialect.require(given, catalog, restoring=rolled_back_to is not None)
    plan = _plan(session, catalog, given)
    _refuse_overtaken(session, plan, bases or {})
    weighed, problems = weighing.weigh(session, plan.old, plan.new, plan.changes, confirm)
    if problems:
        raise DefinitionError("The definitions can't be published yet.", problems=problems)
    if not plan.documents:
        return catalog
    try:
        _change_tables(session, plan, weighed, step)
    except DBAPIError as error:
        if "lock timeout" in str(error) or "locked" in str(error):
            raise Busy(BUSY) from error
        raise
    _record(session, plan, weighed, actor, comment, now, origins or {}, rolled_back_to)
    step("recorded")
    for hook in (*STANDING, *hooks):
        hook(session, catalog, plan.new, frozenset(plan.documents))
    step("hooked")
    return plan.new


def rollback(
    session: Session, catalog: Catalog, version: int, *, actor: Actor, comment: str, now: datetime, **more: Any
) -> Catalog:
    """Publish the definitions as they were in `version` again; fields that return bring their values."""
    if not 0 < version <= catalog.version:
        raise DefinitionError("There is no catalog version %(version)s.", params={"version": version})
    earlier = versions.documents(session, version)
    later = [name for name in catalog if earlier.get(name) is None]
    documents = [d for d in earlier.values() if d is not None]
    withdrawn = [{"$id": name, "x-withdrawn": True} for name in later]
    after = publish(
        session,
        catalog,
        [*documents, *withdrawn],
        actor=actor,
        comment=comment,
        now=now,
        confirm=[*catalog],
        rolled_back_to=version,
        **more,
    )
    installed.carry_back(session, version, after.version)
    return after


def history(session: Session, name: str | None = None, limit: int = 200) -> list[dict[str, Any]]:
    """Catalog versions, newest first: version, at, author, comment, changes; of one definition if named."""
    table = store.catalog_version
    statement = select(table).order_by(table.c.version.desc()).limit(limit)
    if name is not None:
        mine = select(store.definition.c.catalog_version).where(store.definition.c.name == name)
        statement = statement.where(table.c.version.in_(mine))
    return [dict(row) for row in session.execute(statement).mappings()]


def with_ids(document: Document, current: Definition | None, taken: frozenset[str] = frozenset()) -> dict[str, Any]:
    """A plain copy in which every property has its `x-id`: the column it keeps for life.

    A property without one is that of the same name today; else it is new and gets a column name
    that nobody used before (`taken` are the columns that the table already has).
    """
    plain: dict[str, Any] = json.loads(json.dumps(thawed(document)))
    today = {f.name: f.column for f in current.fields.values()} if current else {}
    properties = plain.get("properties", {})
    used = {p["x-id"] for p in properties.values() if "x-id" in p} | taken
    for name, item in properties.items():
        if "x-id" in item:
            continue
        column = today.get(name) if today.get(name) not in {p.get("x-id") for p in properties.values()} else None
        if column is None:
            column = name
            number = 2
            while column in used:
                column, number = f"{name}_{number}", number + 1
        item["x-id"] = column
        used.add(column)
    return plain


def checksum(document: Document) -> str:
    """A fingerprint that does not depend on the order of keys other than the properties'."""
    plain = thawed(document)
    order = list(plain.get("properties", {}))
    return hashlib.sha256(json.dumps([plain, order], sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _lock(session: Session) -> None:
    if session.get_bind().dialect.name != "postgresql":
        return
    session.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
    try:
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": versions.LOCK_KEY})
    except DBAPIError as error:
        raise Busy(BUSY) from error


def _plan(session: Session, catalog: Catalog, documents: Sequence[Document]) -> _Plan:
    wanted: dict[str, Any] = {}
    returning = versions.last_documents(session, [n for d in documents if (n := str(d["$id"])) not in catalog])
    old = versions.apply(catalog, catalog.version, returning) if returning else catalog
    for document in documents:
        name = str(document["$id"])
        if document.get("x-withdrawn"):
            wanted[name] = None
            continue
        current = old[name].definition if name in old else None
        taken = weighing.hidden_columns(session, current) if current and _has_new(document, current) else frozenset()
        plain = with_ids(document, current, taken)
        if name not in catalog or current is None or checksum(plain) != checksum(current.document):
            wanted[name] = plain
    new = versions.apply(catalog, catalog.version + 1, wanted)
    plan = _Plan(old, new, wanted)
    for name in wanted:
        before, after = (c[name].definition if name in c else None for c in (old, new))
        plan.changes[name] = [] if name in catalog or before is None else [returned(before)]
        plan.changes[name] += compare(before, after)
    return plan


def _has_new(document: Document, current: Definition) -> bool:
    return any(name not in current.fields for name in document.get("properties", {}))


def _refuse_overtaken(session: Session, plan: _Plan, bases: Mapping[str, int]) -> None:
    for name in plan.documents:
        if name not in bases:
            continue
        table, author = store.definition, store.catalog_version
        newest = session.execute(
            select(author.c.author, author.c.version)
            .join(table, table.c.catalog_version == author.c.version)
            .where(table.c.name == name, table.c.catalog_version > bases[name])
            .order_by(author.c.version.desc())
        ).first()
        if newest is not None:
            message = "%(who)s published “%(name)s” (version %(version)s) since you began; look at that first."
            raise Conflict(message, params={"who": newest[0], "name": name, "version": newest[1]})


def _change_tables(
    session: Session, plan: _Plan, weighed: Mapping[str, list[Change]], step: Callable[[str], None]
) -> None:
    connection = session.connection()
    fresh = [plan.new[n].definition for n in plan.documents if n in plan.new and n not in plan.old]
    migrate.create_tables(connection, fresh)
    step("created")
    for name in plan.documents:
        if name in plan.old and name in plan.new and plan.new[name].definition.stores_records:
            _change_table(session, plan.old[name].definition, plan.new[name].definition, weighed[name])
    step("altered")
    if migrate.unchecked_links(connection):
        raise DefinitionError("Some references would be left without their record.")


def _change_table(session: Session, old: Definition, new: Definition, changes: Sequence[Change]) -> None:
    connection = session.connection()
    if not old.stores_records:
        migrate.create_tables(connection, [new])
        return
    migrate.alter_table(connection, old, new, changes)
    filled = []
    table = tables.runtime_table(new)
    for change in changes:
        if change.kind not in ("field added", "required") or not new.fields[change.field].required:
            continue
        item = new.fields[change.field]
        if item.has_default and change.count:
            value = fieldtypes.of(item).from_json(item, item.default)
            connection.execute(update(table).where(table.c[item.name].is_(None)).values({item.name: value}))
        filled.append(item.column)
    migrate.hold_to_required(connection, new, filled)


def _record(
    session: Session,
    plan: _Plan,
    weighed: Mapping[str, list[Change]],
    actor: Actor,
    comment: str,
    now: datetime,
    origins: Mapping[str, str],
    rolled_back_to: int | None,
) -> None:
    connection, version = session.connection(), plan.new.version
    rows = [
        {"name": name, "catalog_version": version, "document": document, "pack": origins.get(name, "")}
        for name, document in plan.documents.items()
    ]
    connection.execute(insert(store.definition), rows)
    told = [
        {"definition": c.definition, "field": c.field, "kind": c.kind, "message": c.message, "params": dict(c.params)}
        for changes in weighed.values()
        for c in changes
    ]
    entry = {"version": version, "at": now, "author": actor.username, "comment": comment, "changes": told}
    connection.execute(insert(store.catalog_version), [{**entry, "rolled_back_to": rolled_back_to}])
    state = store.state.c
    connection.execute(update(store.state).where(state.name == store.CATALOG).values(version=version))
    names = sorted(plan.documents)
    happened = {"action": "publish", "definition": names[0] if len(names) == 1 else "", "catalog_version": version}
    after = {"version": version, "definitions": names}
    connection.execute(
        insert(store.audit), [{**happened, "at": now, "actor": actor.username, "after": after, "note": comment}]
    )
    payload = {"version": version, "definitions": names}
    audit.announce(session, "catalog.published", payload, catalog_version=version, actor=actor, now=now)


def parse_all(documents: Iterable[Document]) -> list[Definition]:
    """The definitions of checked documents."""
    return [parser.parse(document) for document in documents]
