"""Publishing definitions: check, preview, publish, roll back; one transaction, nothing destroyed.

Callers (designer, REST, command line, packs) open the transaction inside `engine.publishing()` and
commit it; everything between is this module's. DDL, values, permission hooks, definition rows, the
version row, audit and event commit together, so a crash leaves the catalog before or after, whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from metadata import (
    altering,
    audit,
    dialect,
    following,
    installed,
    parser,
    planning,
    purged,
    staging,
    store,
    versions,
    weighing,
)
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.changes import Change
from metadata.dependents import Dependent
from metadata.dependents import find as find_dependents
from metadata.errors import Conflict, DefinitionError, Problem
from metadata.model import Definition
from metadata.planning import Plan

Document = Mapping[str, Any]
Hook = Callable[[Session, Catalog, Catalog, frozenset[str]], None]
STANDING: list[Hook] = []  # what the floors above do in each publish of this process


@dataclass(frozen=True)
class Preview:
    """What publishing would do, what stands in its way, and what relies on what changes.

    `dependents` are the definitions whose fields refer to those that change.
    """

    changes: tuple[Change, ...]
    problems: tuple[Problem, ...] = ()
    dependents: tuple[str, ...] = ()
    relies: tuple[Dependent, ...] = ()

    @property
    def publishable(self) -> bool:
        """Whether nothing stands in the way."""
        return not self.problems


def preview(
    session: Session,
    catalog: Catalog,
    documents: Iterable[Document],
    confirm: Sequence[str] = (),
    *,
    restoring: bool = False,
) -> Preview:
    """All changes with counts and examples, all problems, and which other definitions depend on them.

    `restoring`: the documents are those of an earlier version, see `rollback`.
    """
    given = list(documents) if restoring else following.follow(list(documents), catalog)
    refused = dialect.check(given, catalog, restoring=restoring)
    if refused:
        return Preview((), tuple(refused))
    plan = planning.plan(session, catalog, given, restoring=restoring)
    weight = weighing.weigh(plan.scales(session, confirm), keep=False)
    weight.problems += staging.too_many_entries(session, plan)
    weight.changes = purged.explained(session, plan.new, weight.changes)
    touched = {name for name, changes in weight.changes.items() if changes}
    dependents = sorted({other for name in touched for other, _field in catalog.referrers.get(name, ())} - touched)
    changes = tuple(c for listed in weight.changes.values() for c in listed)
    relies = tuple(find_dependents(session, catalog, changes))
    return Preview(changes, tuple(weight.problems), tuple(dependents), relies)


def require_possible(problems: Sequence[Problem]) -> None:
    """Raise DefinitionError with everything that stands in the way."""
    if problems:
        raise DefinitionError("The definitions can't be published yet.", problems=problems)


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
    comes from. Raises DefinitionError with every problem, Large when a job must do it, Busy when the
    database could not be locked in two seconds. Must run inside `engine.publishing()`.
    """
    altering.lock(session)
    catalog = versions.load_catalog(session, catalog)
    step("locked")
    given = list(documents) if rolled_back_to is not None else following.follow(list(documents), catalog)
    dialect.require(given, catalog, restoring=rolled_back_to is not None)
    plan = planning.plan(session, catalog, given, restoring=rolled_back_to is not None)
    refuse_overtaken(session, plan, bases or {})
    order = {"documents": given, "actor": actor, "comment": comment, "bases": bases, "confirm": confirm}
    staging.refuse_large(session, plan, {**order, "rolled_back_to": rolled_back_to})
    require_possible(staging.too_many_entries(session, plan))
    weight = weighing.weigh(plan.scales(session, confirm), keep=True)
    if weight.problems:
        require_possible([*weight.problems, *_users(session, catalog, weight, confirm)])
    if not plan.documents:
        return catalog
    altering.change_tables(session, plan, weight, step)
    told = purged.explained(session, plan.new, weight.changes)
    _record(session, plan, told, actor, comment, now, origins or {}, rolled_back_to)
    step("recorded")
    for hook in (*STANDING, *hooks):
        hook(session, catalog, plan.new, frozenset(plan.documents))
    step("hooked")
    return plan.new


def _users(session: Session, catalog: Catalog, weight: weighing.Weight, confirm: Sequence[str]) -> Iterator[Problem]:
    """Who uses the definitions that would go, for somebody who has not confirmed it yet."""
    going = [
        change
        for name, changes in weight.changes.items()
        for change in changes
        if change.kind == "definition removed" and name not in confirm
    ]
    for one in find_dependents(session, catalog, going):
        yield Problem("", one.message, one.params, source=one.definition)


def rollback(
    session: Session,
    catalog: Catalog,
    version: int,
    *,
    actor: Actor,
    comment: str,
    now: datetime,
    only: Sequence[str] = (),
    **more: Any,
) -> Catalog:
    """Publish the definitions as they were in `version` again, all or `only` these; fields return with their values.

    Raises DefinitionError for a version, NotFound for a definition that never was, and what `publish` raises.
    """
    documents = versions.earlier(session, catalog, version, only)
    try:
        after = publish(
            session,
            catalog,
            documents,
            actor=actor,
            comment=comment,
            now=now,
            confirm=[str(document["$id"]) for document in documents],
            rolled_back_to=version,
            **more,
        )
    except staging.Large as large:
        large.order = {**large.order, "only": tuple(only)}
        raise
    if not only:
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


def refuse_overtaken(session: Session, plan: Plan, bases: Mapping[str, int]) -> None:
    """Raise Conflict where somebody published one of these definitions since the version it was edited on."""
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


def _record(
    session: Session,
    plan: Plan,
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
        | ({"count": c.count} if c.count else {})
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
