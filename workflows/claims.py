"""Claiming rows of a table: each goes to one worker, and is free again when that worker is gone.

Used by outbox.py and delivery/. The table has `id`, `claimed_at` and `claimed_by`. The conditional UPDATE
decides, so it is safe with any number of workers on any database; SKIP LOCKED only spares
them waiting for each other on PostgreSQL. Commit the claim before acting on it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, or_, select, update
from sqlalchemy.orm import Session


def claim(
    session: Session, table: Table, where: tuple[Any, ...], *, owner: str, now: datetime, seconds: float, limit: int
) -> list[int]:
    """The ids of up to `limit` rows, oldest first, that are this owner's for `seconds`."""
    free = or_(table.c.claimed_at.is_(None), table.c.claimed_at <= now - timedelta(seconds=seconds))
    waiting = select(table.c.id).where(*where, free).order_by(table.c.id).limit(limit).with_for_update(skip_locked=True)
    ids = list(session.scalars(waiting))
    if not ids:
        return []
    taking = update(table).where(table.c.id.in_(ids), *where, free).values(claimed_at=now, claimed_by=owner)
    return list(session.scalars(taking.returning(table.c.id)))
