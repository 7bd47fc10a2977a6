"""Drafts: changed definitions that are not in force yet; one for each definition, shared by all who design.

Called by the designer and by REST. A draft remembers the catalog version it was begun on, and a revision
that rises with each save, so that nobody overwrites what somebody else just saved. It may have problems:
publishing asks, saving does not.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from metadata import publish, store
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.dialect import plain
from metadata.errors import Conflict, DefinitionError, NotFound, Problem

SAVED_SINCE = "%(who)s saved this draft in the meantime; look at it before you save yours."
GONE = "The draft was published or discarded in the meantime."
OTHER_NAME = "A draft of “%(name)s” keeps this name."


@dataclass(frozen=True)
class Draft:
    """A document on its way: who saved it last and when, and the catalog version it was begun on."""

    name: str
    document: Mapping[str, Any]
    base_version: int
    author: str
    at: datetime
    revision: int


def load(session: Session, name: str) -> Draft | None:
    """The draft of `name`, if there is one."""
    row = session.execute(select(store.draft).where(store.draft.c.name == name)).mappings().first()
    return Draft(**row) if row else None


def listing(session: Session) -> list[Draft]:
    """All drafts by name."""
    return [Draft(**row) for row in session.execute(select(store.draft).order_by(store.draft.c.name)).mappings()]


def save(
    session: Session,
    *,
    name: str,
    document: Mapping[str, Any],
    base_version: int,
    actor: Actor,
    now: datetime,
    revision: int | None,
) -> Draft:
    """Keep `document`; `revision` is that of the draft it was made from, None when there was none.

    Raises DefinitionError when it is no readable JSON object called `name`, Conflict when somebody else
    saved, published or discarded the draft since.
    """
    problems = plain.problems(document)
    if not problems and document.get("$id") != name:
        problems = [Problem("/$id", OTHER_NAME, {"name": name})]
    if problems:
        raise DefinitionError("The draft can't be kept.", problems=problems)
    held = load(session, name)
    if (held.revision if held else None) != revision:
        raise Conflict(SAVED_SINCE, params={"who": held.author}) if held else Conflict(GONE)
    row = {
        "document": json.loads(json.dumps(document)),
        "base_version": base_version,
        "author": actor.username,
        "at": now,
        "revision": (revision or 0) + 1,
    }
    if held is None:
        session.execute(insert(store.draft).values(name=name, **row))
    else:
        mine = (store.draft.c.name == name) & (store.draft.c.revision == revision)
        if session.connection().execute(update(store.draft).where(mine).values(**row)).rowcount != 1:
            raise Conflict(GONE)
    return Draft(name=name, **row)


def discard(session: Session, name: str, revision: int | None = None) -> None:
    """Forget the draft; with `revision`, only as the caller has seen it."""
    held = load(session, name)
    if held is None:
        raise NotFound("There is no draft of “%(name)s”.", params={"name": name})
    if revision is not None and held.revision != revision:
        raise Conflict(SAVED_SINCE, params={"who": held.author})
    session.execute(delete(store.draft).where(store.draft.c.name == name))


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
) -> Catalog:
    """Publish these drafts (name → the revision that the person looked at) and forget them, in one transaction.

    Raises what `publish.publish` raises, and Conflict when a draft was saved, published or discarded since.
    Must run inside `engine.publishing()`.
    """
    found: list[Draft] = []
    for name, revision in revisions.items():
        draft = load(session, name)
        if draft is None:
            raise Conflict(GONE)
        if draft.revision != revision:
            raise Conflict(SAVED_SINCE, params={"who": draft.author})
        found.append(draft)
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
    forget(session, revisions)
    return after


def forget(session: Session, names: Iterable[str]) -> None:
    """Drop drafts whose definitions were published."""
    session.execute(delete(store.draft).where(store.draft.c.name.in_(list(names))))
