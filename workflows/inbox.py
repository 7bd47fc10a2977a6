"""A person's messages in the portal.

Called by the portal's header (the count), inbox page and REST. Rows are written by delivery/notices.py; the words
come from the same files as the mails, in the reader's language.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from workflows.delivery import texts
from workflows.store import notifications


@dataclass(frozen=True)
class Message:
    """One line of the inbox."""

    id: int
    kind: str
    subject: str
    body: str
    link: str
    at: datetime
    read_at: datetime | None

    @property
    def is_new(self) -> bool:
        return self.read_at is None


def unread_count(session: Session, account: str) -> int:
    """For the header's bell."""
    mine = (notifications.c.recipient == account, notifications.c.read_at.is_(None))
    return int(session.scalar(select(func.count()).select_from(notifications).where(*mine)) or 0)


def messages(
    session: Session,
    account: str,
    language: str = "en",
    *,
    limit: int = 25,
    before: int | None = None,
    unread_only: bool = False,
) -> list[Message]:
    """Newest first; `before` is the id of the last one on the page before."""
    statement = select(notifications).where(notifications.c.recipient == account)
    if before is not None:
        statement = statement.where(notifications.c.id < before)
    if unread_only:
        statement = statement.where(notifications.c.read_at.is_(None))
    rows = session.execute(statement.order_by(notifications.c.id.desc()).limit(limit))
    return [_message(row, language) for row in rows]


def mark_read(session: Session, account: str, now: datetime, ids: Sequence[int] | None = None) -> int:
    """Mark these, or all, as read; how many were new. Other people's messages are out of reach."""
    statement = update(notifications).where(notifications.c.recipient == account, notifications.c.read_at.is_(None))
    if ids is not None:
        statement = statement.where(notifications.c.id.in_(list(ids)))
    return int(session.execute(statement.values(read_at=now)).rowcount)  # type: ignore[attr-defined]


def _message(row: object, language: str) -> Message:
    text = texts.render(row.kind, language, {**row.params, "name": "", "link": row.link})  # type: ignore[attr-defined]
    values = {name: getattr(row, name) for name in ("id", "kind", "link", "at", "read_at")}
    return Message(subject=text.subject, body=text.body, **values)
