"""Comments on records: who may see a record may say something about it, and name people who may see it too.

Called by the record's page and REST. Somebody who is named with @account hears of it in the inbox and by mail, if they
may see the record; an @word that names nobody such stays a word. A comment is its author's alone to change or remove;
what it said before is kept. Functions here never commit and never read the clock.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.orm import Session

from metadata import access, records
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.errors import Invalid, NotAllowed, NotFound, StaleVersion
from workflows.delivery.notices import Notice, notify_all
from workflows.delivery.texts import LANGUAGES
from workflows.outbox import Event, subscribes
from workflows.store import comment_versions, comments

LONGEST = 4000
MOST_NAMED = 20
SHORT = 300
KIND = "comment_mention"
NAMED = re.compile(r"(?<![\w@./:-])@([A-Za-z0-9][\w.-]*\w)", re.ASCII)
NO_COMMENT = "There is no such comment, or you may not see it."
ActorOf = Callable[[str], Actor | None]


@dataclass(frozen=True)
class Comment:
    """One comment; `mentions` are the accounts that were told, `earlier` what it said before (when, text)."""

    id: int
    definition: str
    record_id: int
    author: str
    at: datetime
    text: str
    mentions: tuple[str, ...]
    version: int
    edited_at: datetime | None
    removed_at: datetime | None
    earlier: tuple[tuple[datetime, str], ...] = ()


@dataclass(frozen=True)
class Written:
    """A comment that was written or changed: its number, and the names that could not be told."""

    id: int
    untold: tuple[str, ...]


def on_record(
    session: Session, catalog: Catalog, actor: Actor, name: str, record_id: int, *, limit: int = 200
) -> list[Comment]:
    """The comments of a record, the oldest first; raises NotFound for a record that this person may not see."""
    _seen(session, catalog, actor, name, record_id)
    c = comments.c
    here = c.definition == name, c.record_id == record_id
    rows = session.execute(select(comments).where(*here).order_by(c.id.desc()).limit(limit)).all()
    earlier = _earlier(session, [row.id for row in rows if row.edited_at and not row.removed_at])
    return [_comment(row, earlier.get(row.id, ())) for row in reversed(rows)]


def count(session: Session, name: str, record_id: int) -> int:
    """How many comments a record has, for places that already know that the reader may see it."""
    c = comments.c
    here = c.definition == name, c.record_id == record_id, c.removed_at.is_(None)
    return int(session.scalar(select(func.count()).select_from(comments).where(*here)) or 0)


def find(session: Session, catalog: Catalog, actor: Actor, comment_id: int) -> Comment:
    """One comment, for whoever may see its record."""
    row = session.execute(select(comments).where(comments.c.id == comment_id)).one_or_none()
    if row is None or row.definition not in catalog:
        raise NotFound(NO_COMMENT)
    _seen(session, catalog, actor, row.definition, row.record_id)
    return _comment(row, _earlier(session, [comment_id]).get(comment_id, ()))


def write(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    name: str,
    record_id: int,
    text: str,
    *,
    now: datetime,
    actor_of: ActorOf,
) -> Written:
    """Say something about a record, and tell those who are named in it."""
    _seen(session, catalog, actor, name, record_id)
    words = _words(text)
    told, untold = _who_hears(session, catalog, name, record_id, named(words), actor_of)
    row = {
        "definition": name,
        "record_id": record_id,
        "author": actor.username,
        "at": now,
        "text": words,
        "mentions": [reader.username for reader in told],
    }
    comment_id = int(session.execute(insert(comments).values(row).returning(comments.c.id)).scalar_one())
    _tell(session, catalog, actor, name, record_id, comment_id, words, told, now)
    return Written(comment_id, untold)


def change(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    comment_id: int,
    text: str,
    *,
    now: datetime,
    actor_of: ActorOf,
    version: int | None = None,
) -> Written:
    """Say it in other words; what it said is kept, and only who is newly named hears of it."""
    comment = _own(session, catalog, actor, comment_id, version)
    words = _words(text)
    if words == comment.text:
        return Written(comment_id, ())
    name, record_id = comment.definition, comment.record_id
    told, untold = _who_hears(session, catalog, name, record_id, named(words), actor_of)
    _keep(session, comment, now)
    values = {"text": words, "mentions": [r.username for r in told], "edited_at": now, "version": comment.version + 1}
    session.execute(update(comments).where(comments.c.id == comment_id).values(values))
    fresh = [reader for reader in told if reader.username not in comment.mentions]
    _tell(session, catalog, actor, name, record_id, comment_id, words, fresh, now)
    return Written(comment_id, untold)


def remove(session: Session, catalog: Catalog, actor: Actor, comment_id: int, *, now: datetime) -> None:
    """Take a comment back: that there was one stays to be seen, what it said does not."""
    comment = _own(session, catalog, actor, comment_id, None)
    _keep(session, comment, now)
    values = {"text": "", "mentions": [], "removed_at": now, "version": comment.version + 1}
    session.execute(update(comments).where(comments.c.id == comment_id).values(values))


def named(text: str) -> list[str]:
    """The accounts that a text names, each once, in its order."""
    return list(dict.fromkeys(found.casefold() for found in NAMED.findall(text)))


def may_see(session: Session, catalog: Catalog, actor: Actor, name: str, record_id: int) -> bool:
    """Whether somebody may see a record."""
    try:
        _seen(session, catalog, actor, name, record_id)
    except NotFound:
        return False
    return True


@subscribes("record.purged", name="comments.forget")
def forget(session: Session, _catalog: Any, event: Event, _now: datetime) -> None:
    """What was said about a record goes with it, when it is deleted for good."""
    c = comments.c
    gone = c.definition == event.definition, c.record_id.in_(event.payload.get("ids", ()))
    mine = select(c.id).where(*gone)
    session.execute(delete(comment_versions).where(comment_versions.c.comment_id.in_(mine)))
    session.execute(delete(comments).where(*gone))


def _seen(session: Session, catalog: Catalog, actor: Actor, name: str, record_id: int) -> None:
    bin_too = access.may(actor, catalog[name], "remove")
    records.find(session, catalog, name, actor, record_id, removed=bin_too)


def _words(text: str) -> str:
    words = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if not words:
        raise Invalid("Write something first.", field="text")
    if len(words) > LONGEST:
        raise Invalid("A comment has at most %(count)s characters.", params={"count": LONGEST}, field="text")
    return words


def _own(session: Session, catalog: Catalog, actor: Actor, comment_id: int, version: int | None) -> Comment:
    comment = find(session, catalog, actor, comment_id)
    if comment.author != actor.username or comment.removed_at is not None:
        raise NotAllowed("Only who wrote a comment may change or remove it.")
    if version is not None and version != comment.version:
        raise StaleVersion("You changed this comment elsewhere in the meantime; load it again.")
    return comment


def _who_hears(
    session: Session, catalog: Catalog, name: str, record_id: int, accounts: Sequence[str], actor_of: ActorOf
) -> tuple[list[Actor], tuple[str, ...]]:
    """Those who may see the record, and the other names; whether there is such an account is not told."""
    told, untold = list[Actor](), list[str]()
    for account in accounts[:MOST_NAMED]:
        reader = actor_of(account)
        if reader is not None and may_see(session, catalog, reader, name, record_id):
            told.append(reader)
        else:
            untold.append(account)
    return told, (*untold, *accounts[MOST_NAMED:])


def _tell(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    name: str,
    record_id: int,
    comment_id: int,
    text: str,
    readers: Iterable[Actor],
    now: datetime,
) -> None:
    """Each gets the record under the name that they may read of it."""
    definition = catalog[name].definition
    what = {language: definition.title(language) for language in LANGUAGES}
    words = text if len(text) <= SHORT else f"{text[:SHORT]} …"
    link = f"/records/{name}/show/{record_id}?tab=comments#comment-{comment_id}"
    notices = []
    for reader in readers:
        if reader.username != actor.username:
            label = {language: _called(session, catalog, reader, name, record_id, language) for language in LANGUAGES}
            params = {"who": actor.username, "what": what, "record": label, "text": words}
            notices.append(Notice(reader.username, KIND, f"comment:{comment_id}:{reader.username}", params, link))
    notify_all(session, notices, now)


def _called(session: Session, catalog: Catalog, reader: Actor, name: str, record_id: int, language: str) -> str:
    found = records.pick(session, catalog, name, reader, ids=[record_id], language=language)
    return found[0][1] if found else f"#{record_id}"


def _keep(session: Session, comment: Comment, now: datetime) -> None:
    session.execute(insert(comment_versions).values(comment_id=comment.id, at=now, text=comment.text))


def _earlier(session: Session, ids: Sequence[int]) -> Mapping[int, tuple[tuple[datetime, str], ...]]:
    if not ids:
        return {}
    c = comment_versions.c
    found: dict[int, tuple[tuple[datetime, str], ...]] = {}
    for row in session.execute(select(comment_versions).where(c.comment_id.in_(ids)).order_by(c.id)):
        found[row.comment_id] = (*found.get(row.comment_id, ()), (row.at, row.text))
    return found


def _comment(row: Row[Any], earlier: Sequence[tuple[datetime, str]]) -> Comment:
    removed = row.removed_at is not None
    return Comment(
        row.id,
        row.definition,
        row.record_id,
        row.author,
        row.at,
        row.text,
        tuple(row.mentions),
        row.version,
        row.edited_at,
        row.removed_at,
        () if removed else tuple(earlier),
    )
