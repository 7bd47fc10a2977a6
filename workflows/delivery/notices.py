"""Telling a person something: `notify` records it in the transaction of its cause.

Called by cycles, training and other services. The row is at once a message in the person's inbox, and, unless they
don't want it, a delivery that post.py sends by mail. The key makes it unique: the same news is never told twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from workflows.delivery import texts
from workflows.store import deliveries, insert_new, notifications, preferences

EMAIL = "email"
ALL_KINDS = "*"


@dataclass(frozen=True)
class Notice:
    """News for one account: a kind that has texts, what fills them, where to click, and its unique key."""

    recipient: str
    kind: str
    key: str
    params: Mapping[str, Any] = field(default_factory=dict)
    link: str = ""


def notify(
    session: Session, recipient: str, kind: str, params: Mapping[str, Any], link: str, now: datetime, key: str
) -> bool:
    """Tell one person; False if they were told already."""
    return notify_all(session, [Notice(recipient, kind, key, params, link)], now) == 1


def notify_all(session: Session, notices: Sequence[Notice], now: datetime) -> int:
    """Tell many at once; how many of them are news. People without an account hear nothing."""
    known = set(texts.kinds())
    unknown = {notice.kind for notice in notices} - known
    if unknown:
        msg = f"no text for the message kinds {sorted(unknown)}"
        raise LookupError(msg)
    rows = [
        {"key": n.key, "recipient": n.recipient, "kind": n.kind, "params": dict(n.params), "link": n.link, "at": now}
        for n in notices
        if n.recipient
    ]
    columns = (notifications.c.id, notifications.c.recipient, notifications.c.kind)
    fresh = insert_new(session, notifications, rows, *columns)
    unwanted = _unwanted(session, {row.recipient for row in fresh})
    mails = [
        {"notification_id": row.id, "channel": EMAIL, "next_at": now}
        for row in fresh
        if not unwanted.get((row.recipient, row.kind), unwanted.get((row.recipient, ALL_KINDS), False))
    ]
    if mails:
        session.execute(insert(deliveries), mails)
    return len(fresh)


def _unwanted(session: Session, accounts: set[str]) -> dict[tuple[str, str], bool]:
    statement = select(preferences.c.account, preferences.c.kind, preferences.c.wanted)
    chosen = statement.where(preferences.c.channel == EMAIL, preferences.c.account.in_(accounts))
    return {(account, kind): not wanted for account, kind, wanted in session.execute(chosen)}


def wants_mail(session: Session, account: str, kind: str = ALL_KINDS) -> bool:
    """Whether the person gets mail of this kind."""
    unwanted = _unwanted(session, {account})
    return not unwanted.get((account, kind), unwanted.get((account, ALL_KINDS), False))


def set_wants_mail(session: Session, account: str, *, wanted: bool, kind: str = ALL_KINDS) -> None:
    """What the person chose on their account page."""
    row = {"account": account, "kind": kind, "channel": EMAIL, "wanted": wanted}
    if not insert_new(session, preferences, [row], preferences.c.account):
        mine = (preferences.c.account == account, preferences.c.kind == kind, preferences.c.channel == EMAIL)
        session.execute(preferences.update().where(*mine).values(wanted=wanted))
