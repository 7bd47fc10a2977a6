"""Who has a definition open in the designer: a row for each account, as old as its last sign of life.

Called by the designer's pages, which report every half minute. It tells, it locks nothing: a save that would overwrite
somebody else's is refused by the draft's revision.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from metadata import store

PRESENT = timedelta(minutes=1)
seen = store.draft_seen


def report(session: Session, name: str, account: str, now: datetime) -> None:
    """The account has the definition open now."""
    mine = (seen.c.name == name) & (seen.c.account == account)
    if session.connection().execute(update(seen).where(mine).values(at=now)).rowcount == 0:
        session.execute(insert(seen).values(name=name, account=account, at=now))
    session.execute(delete(seen).where(seen.c.at < now - timedelta(days=1)))


def others(session: Session, name: str, account: str, now: datetime) -> list[str]:
    """The other accounts that had it open in the last minute."""
    recent = (seen.c.name == name) & (seen.c.account != account) & (seen.c.at > now - PRESENT)
    return list(session.execute(select(seen.c.account).where(recent).order_by(seen.c.account)).scalars())
