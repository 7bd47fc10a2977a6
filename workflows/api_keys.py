"""API keys: secrets by which a program acts as an account, shown once and stored as a hash.

Called by the portal's key page and by REST before every request. A key is random enough that a plain
SHA-256 of it can't be turned round; `hint` is the part that a person recognises it by. Never commits.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert, or_, select, update
from sqlalchemy.orm import Session

from metadata.errors import Invalid, NotFound
from workflows.store import api_keys

PREFIX = "plk_"
LONGEST_DAYS = 730
MOST_KEYS = 20
LONGEST_NAME = 100


@dataclass(frozen=True)
class ApiKey:
    """A key as its owner sees it later."""

    id: int
    account: str
    name: str
    hint: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


_columns = [api_keys.c[name] for name in ApiKey.__dataclass_fields__]


def issue(session: Session, account: str, name: str, days: int, now: datetime) -> str:
    """A new key of this account, good for `days`; the only time that it can be read."""
    name = name.strip()
    if not name or len(name) > LONGEST_NAME:
        raise Invalid("Give the key a name of at most 100 characters, so that you know it again.", field="name")
    if not 1 <= days <= LONGEST_DAYS:
        raise Invalid("A key can be valid for 1 to %(most)s days.", params={"most": LONGEST_DAYS}, field="days")
    if len(owned(session, account, now)) >= MOST_KEYS:
        raise Invalid("There are %(most)s keys already; revoke one first.", params={"most": MOST_KEYS}, field="name")
    key = PREFIX + secrets.token_urlsafe(32)
    row = {
        "account": account,
        "name": name,
        "hint": key[: len(PREFIX) + 6],
        "hash": _hash(key),
        "created_at": now,
        "expires_at": now + timedelta(days=days),
    }
    session.execute(insert(api_keys).values(row))
    return key


def owned(session: Session, account: str, now: datetime) -> Sequence[ApiKey]:
    """The account's keys that were not revoked, newest first; those that ended a month ago are left out."""
    recent = or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > now - timedelta(days=30))
    statement = select(*_columns).where(api_keys.c.account == account, api_keys.c.revoked_at.is_(None), recent)
    return [ApiKey(**row._mapping) for row in session.execute(statement.order_by(api_keys.c.id.desc()))]


def revoke(session: Session, account: str, key_id: int, now: datetime) -> None:
    """Make a key useless at once; raises NotFound for one of somebody else."""
    mine = (api_keys.c.id == key_id, api_keys.c.account == account, api_keys.c.revoked_at.is_(None))
    done = session.execute(update(api_keys).where(*mine).values(revoked_at=now))
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise NotFound("There is no such key.")


def valid(session: Session, key: str, now: datetime) -> ApiKey | None:
    """The key that this is, if it still is good."""
    alive = or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > now)
    statement = select(*_columns).where(api_keys.c.hash == _hash(key), api_keys.c.revoked_at.is_(None), alive)
    row = session.execute(statement).one_or_none()
    return None if row is None else ApiKey(**row._mapping)


def used(session: Session, key_id: int, now: datetime) -> None:
    """Note when a key was last used."""
    session.execute(update(api_keys).where(api_keys.c.id == key_id).values(last_used_at=now))


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
