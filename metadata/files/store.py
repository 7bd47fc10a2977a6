"""Keeping uploads: taking one in piece by piece, saying what it is, giving its content back piece by piece.

Called by pages and REST (`receive`, `parts`), by the record door and by whoever names files (`about`). No more than one
piece is in memory, however large the file. Never commits and never reads the clock; who may read is asked of `rights`.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from metadata import store
from metadata.access import Actor
from metadata.errors import Invalid, TooLarge
from metadata.files import kinds
from metadata.files.kinds import HEAD, NOT_WHAT_IT_SAYS, sniff, worded
from metadata.files.naming import ending, tidy

PIECE = 256 * 1024
CHUNK = 500
EXCERPT = 2000
EMPTY = "“%(name)s” is empty."
TOO_LARGE = "“%(name)s” is larger than %(limit)s, the most that is taken."
TOO_MANY = "%(limit)s files that you uploaded belong to no record yet; attach them, or wait a day until they are gone."
MOST_WAITING = 200
ENCODINGS = ("utf-8", "gb18030")


@dataclass(frozen=True)
class File:
    """What is known of a file besides its content."""

    id: uuid.UUID
    name: str
    size: int
    sha256: str
    media_type: str
    uploaded_by: str
    at: datetime

    @property
    def shown_as(self) -> str:
        """How a browser may show it: "image", "pdf", "text", or not at all."""
        return kinds.inline(self.media_type)

    @property
    def size_worded(self) -> str:
        """The size for people."""
        return worded(self.size)


def receive(session: Session, actor: Actor, name: str, content: IO[bytes], *, limit: int, now: datetime) -> File:
    """Keep an upload; raises TooLarge beyond `limit` bytes, Invalid where it is empty or not what its name says."""
    called, file_id = tidy(name), uuid.uuid4()
    _refuse_hoard(session, actor)
    connection, digest, size, number = session.connection(), hashlib.sha256(), 0, 0
    kind = None
    while piece := content.read(PIECE):
        size += len(piece)
        if size > limit:
            raise TooLarge(TOO_LARGE, params={"name": called, "limit": worded(limit)}, field="file")
        if kind is None:
            kind = sniff(piece[:HEAD], called)
            if not kind.agrees:
                params = {"name": called, "ending": ending(called), "type": kind.media_type}
                raise Invalid(NOT_WHAT_IT_SAYS, params=params, field="file")
        digest.update(piece)
        connection.execute(insert(store.file_part), [{"file": file_id, "number": number, "content": piece}])
        number += 1
    if kind is None:
        raise Invalid(EMPTY, params={"name": called}, field="file")
    made = File(file_id, called, size, digest.hexdigest(), kind.media_type, actor.username, now)
    connection.execute(insert(store.file), [vars(made)])
    return made


def _refuse_hoard(session: Session, actor: Actor) -> None:
    """Nobody fills the database with files that belong to no record."""
    t, used = store.file.c, store.file_use.c
    mine = select(t.id).where(t.uploaded_by == actor.username, ~select(used.file).where(used.file == t.id).exists())
    waiting = select(func.count()).select_from(mine.limit(MOST_WAITING).subquery())
    if session.execute(waiting).scalar_one() == MOST_WAITING:
        raise Invalid(TOO_MANY, params={"limit": MOST_WAITING}, field="file")


def about(session: Session, ids: Iterable[uuid.UUID], *, lock: bool = False) -> dict[uuid.UUID, File]:
    """What is known of these files, for places that already decided who may see them; `lock` keeps them from going."""
    wanted, t = sorted(set(ids), key=str), store.file.c
    found: dict[uuid.UUID, File] = {}
    for start in range(0, len(wanted), CHUNK):
        statement = select(store.file).where(t.id.in_(wanted[start : start + CHUNK])).order_by(t.id)
        rows = session.execute(statement.with_for_update() if lock else statement).mappings()
        found.update((row["id"], File(**row)) for row in rows)
    return found


def parts(session: Session, file_id: uuid.UUID) -> Iterator[bytes]:
    """The content, one piece at a time."""
    number = 0
    while (piece := part(session, file_id, number)) is not None:
        yield piece
        number += 1


def part(session: Session, file_id: uuid.UUID, number: int) -> bytes | None:
    """One piece of the content; None behind the last one."""
    t = store.file_part.c
    piece = session.execute(select(t.content).where(t.file == file_id, t.number == number)).scalar()
    return None if piece is None else bytes(piece)


def text_of(session: Session, file_id: uuid.UUID) -> str:
    """How a text begins, as far as a page shows it."""
    head = next(parts(session, file_id), b"")[: 4 * EXCERPT]
    return head.decode(charset_of(head), errors="replace")[:EXCERPT]


def charset_of(head: bytes) -> str:
    """The encoding of a text that begins like this: one that fits, else UTF-8."""
    if head.startswith(kinds.UTF_16):
        return "utf-16"
    for encoding in ENCODINGS:
        for cut in range(4):  # the piece may end within a character
            try:
                head[: len(head) - cut].decode(encoding)
            except UnicodeDecodeError:
                continue
            return encoding
    return ENCODINGS[0]


def broken(session: Session) -> list[str]:
    """The names of files whose content is not what was stored."""
    t, p = store.file.c, store.file_part.c
    there = select(p.file, func.sum(func.length(p.content)).label("size")).group_by(p.file).subquery()
    lost = select(t.name).outerjoin(there, there.c.file == t.id).where(func.coalesce(there.c.size, 0) != t.size)
    return list(session.execute(lost.order_by(t.name)).scalars())
