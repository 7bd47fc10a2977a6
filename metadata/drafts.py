"""Drafts: changed definitions that are not in force yet; one shared by all who design, and one of each person's own.

Called by the designer and by REST. A draft remembers the catalog version it was begun on, and a revision
that rises with each save, so that nobody overwrites what somebody else just saved. It may have problems:
publishing asks, saving does not. `owner` is empty for the shared draft, else the account whose own it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, func, insert, literal, select, union_all, update
from sqlalchemy.orm import Session

from metadata import draft_steps, publish, store
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.dialect import plain
from metadata.draft_steps import Step
from metadata.errors import Conflict, DefinitionError, NotFound, Problem
from metadata.staging import Large

SAVED_SINCE = "%(who)s saved this draft in the meantime; look at it before you save yours."
GONE = "The draft was published or discarded in the meantime."
OTHER_NAME = "A draft of “%(name)s” keeps this name."
SHARED_ALREADY = "%(who)s has a shared draft of this definition; sharing yours would replace it."
COLUMNS = ("name", "document", "base_version", "author", "at", "revision")


@dataclass(frozen=True)
class Draft:
    """A document on its way: who saved it last and when, the catalog version it was begun on, and whose it is."""

    name: str
    document: Mapping[str, Any]
    base_version: int
    author: str
    at: datetime
    revision: int
    owner: str = ""


def load(session: Session, name: str, owner: str = "") -> Draft | None:
    """The shared draft of `name`, or that of `owner`; None when there is none."""
    table = _table(owner)
    row = session.execute(select(*_columns(table)).where(_which(name, owner))).mappings().first()
    return Draft(**row, owner=owner) if row else None


def both(session: Session, name: str, account: str) -> tuple[Draft | None, Draft | None]:
    """The shared draft of `name` and the account's own, in one statement."""
    sides = [
        select(literal(owner).label("owner"), *_columns(_table(owner))).where(_which(name, owner))
        for owner in ("", account)
    ]
    found = {row["owner"]: Draft(**row) for row in session.execute(union_all(*sides)).mappings()}
    return found.get(""), found.get(account)


def listing(session: Session, account: str = "") -> list[Draft]:
    """All shared drafts by name; with `account` also those of its own, in one statement."""
    sides = [select(literal("").label("owner"), *_columns(store.draft))]
    if account:
        own = store.own_draft
        sides.append(select(own.c.owner, *_columns(own)).where(own.c.owner == account))
    rows = session.execute(union_all(*sides)).mappings()
    return sorted((Draft(**row) for row in rows), key=lambda draft: (draft.name, draft.owner))


def save(
    session: Session,
    *,
    name: str,
    document: Mapping[str, Any],
    base_version: int,
    actor: Actor,
    now: datetime,
    revision: int | None,
    owner: str = "",
    before: Mapping[str, Any] | None = None,
    message: str = "",
    params: Mapping[str, Any] | None = None,
) -> Draft:
    """Keep `document`; `revision` is that of the draft it was made from, None when there was none.

    `message` with `params` says what was done, for whoever undoes it; `before` is what the first step began with.
    Raises DefinitionError when it is no readable JSON object called `name`, Conflict when somebody else
    saved, published or discarded the draft since.
    """
    problems = plain.problems(document)
    if not problems and document.get("$id") != name:
        problems = [Problem("/$id", OTHER_NAME, {"name": name})]
    if problems:
        raise DefinitionError("The draft can't be kept.", problems=problems)
    held = load(session, name, owner)
    if (held.revision if held else None) != revision:
        raise Conflict(SAVED_SINCE, params={"who": held.author}) if held else Conflict(GONE)
    kept = _put(session, held, name, owner, document, base_version, actor, now)
    step = Step(0, kept.document, message, params or {}, actor.username, now)
    draft_steps.note(session, name, owner, held.document if held else before, step)
    return kept


def _put(
    session: Session,
    held: Draft | None,
    name: str,
    owner: str,
    document: Mapping[str, Any],
    base_version: int,
    actor: Actor,
    now: datetime,
) -> Draft:
    table = _table(owner)
    row: dict[str, Any] = {
        "document": json.loads(json.dumps(document)),
        "base_version": base_version,
        "author": actor.username,
        "at": now,
        "revision": (held.revision if held else 0) + 1,
    }
    if held is None:
        session.execute(insert(table).values(name=name, **({"owner": owner} if owner else {}), **row))
    else:
        mine = _which(name, owner) & (table.c.revision == held.revision)
        if session.connection().execute(update(table).where(mine).values(**row)).rowcount != 1:
            raise Conflict(GONE)
    return Draft(name=name, owner=owner, **row)


def undo(session: Session, name: str, *, owner: str, revision: int, actor: Actor, now: datetime) -> Step:
    """The draft becomes what it was before its last step, which is returned; also a step of somebody else's."""
    held = _seen(session, name, owner, revision)
    gone, again = draft_steps.back(session, name, owner)
    _put(session, held, name, owner, again.document, held.base_version, actor, now)
    return gone


def redo(session: Session, name: str, *, owner: str, revision: int, actor: Actor, now: datetime) -> Step:
    """The step that was undone last is done again, and returned."""
    held = _seen(session, name, owner, revision)
    again = draft_steps.forth(session, name, owner)
    _put(session, held, name, owner, again.document, held.base_version, actor, now)
    return again


def share(session: Session, name: str, *, actor: Actor, now: datetime, revision: int, over: int | None = None) -> Draft:
    """The actor's own draft becomes the shared one; `over` is the revision of the shared one that it replaces.

    Raises Conflict when there is a shared draft that was not named, or one that was saved since.
    """
    own = _seen(session, name, actor.username, revision)
    shared = load(session, name)
    if shared is not None and over is None:
        raise Conflict(SHARED_ALREADY, params={"who": shared.author})
    if (shared.revision if shared else None) != over:
        raise Conflict(SAVED_SINCE, params={"who": shared.author}) if shared else Conflict(GONE)
    made = _put(session, shared, name, "", own.document, own.base_version, actor, now)
    session.execute(delete(store.own_draft).where(_which(name, actor.username)))
    draft_steps.hand_over(session, name, actor.username, "")
    return made


def _seen(session: Session, name: str, owner: str, revision: int) -> Draft:
    """The draft as the caller has seen it; Conflict when it moved on or is gone."""
    held = load(session, name, owner)
    if held is None:
        raise Conflict(GONE)
    if held.revision != revision:
        raise Conflict(SAVED_SINCE, params={"who": held.author})
    return held


def discard(session: Session, name: str, revision: int | None = None, owner: str = "") -> None:
    """Forget the draft; with `revision`, only as the caller has seen it."""
    held = load(session, name, owner)
    if held is None:
        raise NotFound("There is no draft of “%(name)s”.", params={"name": name})
    if revision is not None and held.revision != revision:
        raise Conflict(SAVED_SINCE, params={"who": held.author})
    forget(session, [name], owner)


def overtaken(session: Session, draft: Draft) -> int | None:
    """The version in which the definition was published after the draft was begun; None when it was not."""
    table = store.definition.c
    newest = session.execute(select(func.max(table.catalog_version)).where(table.name == draft.name)).scalar()
    return int(newest) if newest is not None and newest > draft.base_version else None


def publish_drafts(
    session: Session,
    catalog: Catalog,
    revisions: Mapping[str, int],
    *,
    actor: Actor,
    comment: str,
    now: datetime,
    confirm: Sequence[str] = (),
    owner: str = "",
) -> Catalog:
    """Publish these drafts (name → the revision that the person looked at) and forget them, in one transaction.

    Raises what `publish.publish` raises, and Conflict when a draft was saved, published or discarded since.
    Must run inside `engine.publishing()`.
    """
    found = [_seen(session, name, owner, revision) for name, revision in revisions.items()]
    try:
        after = publish.publish(
            session,
            catalog,
            [draft.document for draft in found],
            actor=actor,
            comment=comment,
            now=now,
            bases={draft.name: draft.base_version for draft in found},
            confirm=confirm,
        )
    except Large as large:
        large.order = {**large.order, "revisions": dict(revisions), "owner": owner}
        raise
    forget(session, revisions, owner)
    return after


def forget(session: Session, names: Iterable[str], owner: str = "") -> None:
    """Drop drafts whose definitions were published, and the steps that made them."""
    for name in names:
        session.execute(delete(_table(owner)).where(_which(name, owner)))
        draft_steps.forget(session, name, owner)


def _table(owner: str) -> Table:
    return store.own_draft if owner else store.draft


def _columns(table: Table) -> list[Any]:
    return [table.c[name] for name in COLUMNS]


def _which(name: str, owner: str) -> ColumnElement[bool]:
    table = _table(owner)
    return table.c.name == name if not owner else (table.c.name == name) & (table.c.owner == owner)
