"""What is remembered of an account beside its name and roles: language, theme, zone, and its logins.

Called by the portal's login, account page and account administration. A login is a row; the browser's cookie carries
its key, of which only the hash is stored, so that ending a login here ends it at the next request.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from workflows.store import accounts, idempotency_keys, insert_new, logins, notifications, preferences, tour_progress

LASTS = timedelta(days=14)


@dataclass(frozen=True)
class Login:
    """A browser that is logged in."""

    id: int
    at: datetime
    browser: str
    address: str


def remember(session: Session, account: str, **values: Any) -> None:
    """Keep some of language, theme, timezone, must_change for an account."""
    if not insert_new(session, accounts, [{"account": account, **values}], accounts.c.account):
        session.execute(update(accounts).where(accounts.c.account == account).values(**values))


def remembered(session: Session, account: str) -> Mapping[str, Any]:
    """What is kept for an account; empty where nothing is."""
    row = session.execute(select(accounts).where(accounts.c.account == account)).mappings().first()
    return dict(row) if row is not None else {}


def hash_of(key: str) -> str:
    """What is stored of a login's key."""
    return hashlib.sha256(key.encode()).hexdigest()


def begin(session: Session, account: str, now: datetime, *, browser: str = "", address: str = "") -> str:
    """A new login; gives the key for the cookie, which is not stored. Those that ended by themselves go."""
    session.execute(delete(logins).where(logins.c.account == account, logins.c.until <= now))
    key = secrets.token_urlsafe(32)
    row = {"key": hash_of(key), "account": account, "at": now, "until": now + LASTS}
    session.execute(insert(logins), [{**row, "browser": browser[:200], "address": address[:60]}])
    return key


def end(session: Session, account: str, ids: Sequence[int]) -> None:
    """End these logins of the account."""
    session.execute(delete(logins).where(logins.c.account == account, logins.c.id.in_(list(ids))))


def end_all(session: Session, account: str, *, but: int | None = None) -> None:
    """End every login of the account, or all but one."""
    statement = delete(logins).where(logins.c.account == account)
    session.execute(statement if but is None else statement.where(logins.c.id != but))


def logins_of(session: Session, account: str, now: datetime) -> list[Login]:
    """Where the account is logged in, newest first."""
    mine = select(logins).where(logins.c.account == account, logins.c.until > now).order_by(logins.c.id.desc())
    return [Login(row.id, row.at, row.browser, row.address) for row in session.execute(mine)]


def forget(session: Session, account: str) -> None:
    """Delete all that belongs to an account that is removed, so that its name starts afresh."""
    for table in (logins, accounts, preferences, tour_progress, idempotency_keys):
        session.execute(delete(table).where(table.c.account == account))
    session.execute(delete(notifications).where(notifications.c.recipient == account))
