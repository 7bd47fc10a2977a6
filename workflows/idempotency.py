"""Answers kept for a day, so that a request that is sent twice is done once.

Called by `portal/api/idempotency.py`, inside the transaction of the change: key, change and answer commit together.
A second request with the key waits at `claim` for the first one's end (PostgreSQL at the primary key, SQLite
at its write lock) and then finds the answer. Cleaned by tick.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from metadata.errors import Invalid
from workflows.store import idempotency_keys, insert_new

OTHER_REQUEST = "This Idempotency-Key was used for another request; take a new key for a new request."


@dataclass(frozen=True)
class Kept:
    """An answer as it was given."""

    status: int
    headers: Mapping[str, Any]
    body: str


def answered(session: Session, account: str, key: str, request: str) -> Kept | None:
    """The answer that this request had; raises Invalid when the key belongs to another request."""
    row = idempotency_keys.c
    found = session.execute(
        select(row.request, row.status, row.headers, row.body).where(row.account == account, row.key == key)
    ).one_or_none()
    if found is None:
        return None
    if found.request != request:
        raise Invalid(OTHER_REQUEST)
    return Kept(found.status, found.headers, found.body)


def claim(session: Session, account: str, key: str, request: str, now: datetime) -> bool:
    """Take the key in the caller's transaction; False when somebody has it already."""
    row = {"account": account, "key": key, "request": request, "at": now}
    return bool(insert_new(session, idempotency_keys, [row], idempotency_keys.c.key))


def keep(session: Session, account: str, key: str, answer: Kept) -> None:
    """Store the answer of a claimed key."""
    mine = (idempotency_keys.c.account == account, idempotency_keys.c.key == key)
    values = {"status": answer.status, "headers": dict(answer.headers), "body": answer.body}
    session.execute(update(idempotency_keys).where(*mine).values(values))
