"""Leases: one owner at a time for a named thing, on any database.

Called by tick.py and by whoever must not run twice at once. A lease ends by itself, so an owner that
died only delays. `acquire` is one conditional UPDATE whose row count decides, or the first INSERT.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from workflows.store import insert_new, leases

DAY = timedelta(days=1)


def acquire(session: Session, name: str, owner: str, now: datetime, seconds: float) -> bool:
    """Take or prolong the lease; False while somebody else holds it."""
    until = now + timedelta(seconds=seconds)
    free = or_(leases.c.owner == owner, leases.c.until <= now)
    statement = update(leases).where(leases.c.name == name, free).values(owner=owner, until=until)
    if session.execute(statement).rowcount == 1:  # type: ignore[attr-defined]
        return True
    row = {"name": name, "owner": owner, "until": until}
    return bool(insert_new(session, leases, [row], leases.c.name))


def release(session: Session, name: str, owner: str) -> None:
    """Give it up early; nothing happens if it is no longer ours."""
    session.execute(delete(leases).where(leases.c.name == name, leases.c.owner == owner))


def held(session: Session, now: datetime) -> set[str]:
    """The names that somebody holds at this moment."""
    return set(session.scalars(select(leases.c.name).where(leases.c.until > now)))
