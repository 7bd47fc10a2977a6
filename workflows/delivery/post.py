"""Sending what notices.py recorded: claim, send, mark; with pauses where the mail server is away.

Called by tick.py. The claim commits before anything is sent; a claim whose worker died is taken again, so a
letter may in the worst case leave twice, under the same Message-ID, by which mail programs recognise it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from workflows.claims import claim
from workflows.delivery import texts
from workflows.delivery.notices import EMAIL
from workflows.errors import DeliveryFailed
from workflows.installation import Installation, Letter, Person, reading, unit_of_work
from workflows.store import deliveries, notifications

log = logging.getLogger(__name__)

QUEUED, SENT, FAILED, SKIPPED = "queued", "sent", "failed", "skipped"
BATCH = 50
CLAIM_SECONDS = 600
MAX_ATTEMPTS = 10
PAUSES_MINUTES = (1, 5, 15, 60, 180, 360, 720)


@dataclass(frozen=True)
class _Mail:
    """One delivery with what it needs; `letter` is None when there is nobody to send it to."""

    id: int
    attempts: int
    letter: Letter | None


def deliver(installation: Installation, owner: str) -> int:
    """Send one batch; how many were taken."""
    now = installation.clock()
    if not _anything_waits(now):
        return 0
    with unit_of_work() as session:
        ids = claim(session, deliveries, _open(now), owner=owner, now=now, seconds=CLAIM_SECONDS, limit=BATCH)
        mails = _read(installation, session, ids)
        _skip(session, [mail.id for mail in mails if mail.letter is None], now)
    _send_all(installation, [mail for mail in mails if mail.letter is not None], owner)
    return len(ids)


def _open(now: datetime) -> tuple[Any, ...]:
    return deliveries.c.state == QUEUED, deliveries.c.channel == EMAIL, deliveries.c.next_at <= now


def _anything_waits(now: datetime) -> bool:
    with reading() as session:
        return bool(session.scalar(select(exists().where(*_open(now)))))


def _read(installation: Installation, session: Session, ids: list[int]) -> list[_Mail]:
    columns = (deliveries.c.id, deliveries.c.attempts, notifications.c.id.label("notification_id"))
    news = (notifications.c.recipient, notifications.c.kind, notifications.c.params, notifications.c.link)
    joined = select(*columns, *news).join(notifications, notifications.c.id == deliveries.c.notification_id)
    catalog = installation.catalog(session) if installation.sender else None
    mails = []
    for row in session.execute(joined.where(deliveries.c.id.in_(ids)).order_by(deliveries.c.id)):
        person = installation.person(session, catalog, row.recipient) if installation.sender else None
        letter = _letter(installation, row, person) if person and person.email else None
        mails.append(_Mail(row.id, row.attempts, letter))
    return mails


def _letter(installation: Installation, row: Any, person: Person) -> Letter:
    link = f"{installation.base_url}{row.link}" if row.link.startswith("/") else row.link
    text = texts.render(row.kind, person.language, {**row.params, "name": person.name, "link": link})
    return Letter(person, text.subject, text.body, f"notice-{row.notification_id}.plumbline")


def _skip(session: Session, ids: list[int], now: datetime) -> None:
    """Without a mail server or an address there is only the inbox; news that waits for one would be stale."""
    if ids:
        values = {"state": SKIPPED, "finished_at": now, "claimed_at": None}
        session.execute(update(deliveries).where(deliveries.c.id.in_(ids)).values(values))


def _send_all(installation: Installation, mails: list[_Mail], owner: str) -> None:
    if not mails or installation.sender is None:
        return
    with ExitStack() as stack:
        try:
            send = stack.enter_context(installation.sender.open())
        except DeliveryFailed as failure:
            log.warning("mail waits: %s", failure)
            for mail in mails:
                _mark(installation, mail, owner, failure)
            return
        for mail in mails:
            _mark(installation, mail, owner, _attempt(send, mail))


def _attempt(send: Callable[[Letter], None], mail: _Mail) -> DeliveryFailed | None:
    assert mail.letter is not None
    try:
        send(mail.letter)
    except DeliveryFailed as failure:
        return failure
    return None


def _mark(installation: Installation, mail: _Mail, owner: str, failure: DeliveryFailed | None) -> None:
    now = installation.clock()
    values: dict[str, Any] = {"attempts": mail.attempts + 1, "claimed_at": None}
    if failure is None:
        values |= {"state": SENT, "finished_at": now, "error": None}
    elif failure.permanent or mail.attempts + 1 >= MAX_ATTEMPTS:
        values |= {"state": FAILED, "finished_at": now, "error": str(failure)}
    else:
        pause = PAUSES_MINUTES[min(mail.attempts, len(PAUSES_MINUTES) - 1)]
        values |= {"next_at": now + timedelta(minutes=pause), "error": str(failure)}
    with unit_of_work() as session:
        mine = (deliveries.c.id == mail.id, deliveries.c.claimed_by == owner)
        session.execute(update(deliveries).where(*mine).values(values))
