"""The outbox: what happened, committed with the change that caused it, told to subscribers later.

The record door and services write rows (`emit`); tick.py calls `drain`. A subscriber is a plain function
registered with `@subscribes(topic, definition=...)`. Promises: at least once per event, and each subscriber's effects
exactly once, because a mark is written in the same transaction; retried with growing pauses; an
event that keeps failing is parked with its error and can be taken up again. Events may arrive in another order
than they happened and long after, so a subscriber reads the record as it is now.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, exists, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from metadata.access import Actor
from metadata.audit import announce
from metadata.errors import CatalogMoved
from metadata.store import outbox
from workflows.claims import claim
from workflows.installation import Installation, reading, unit_of_work
from workflows.store import handled

log = logging.getLogger(__name__)

BATCH = 100
MAX_ATTEMPTS = 8
CLAIM_SECONDS = 120
KEEP_DAYS = 30
PAUSES = (5, 15, 60, 300, 900, 3600, 4 * 3600)


@dataclass(frozen=True)
class Event:
    """One thing that happened. `id` is stable: whoever passes it on outside sends it along."""

    id: int
    at: datetime
    topic: str
    definition: str
    payload: Mapping[str, Any]
    actor: str
    catalog_version: int


Subscriber = Callable[[Session, Any, Event, datetime], None]


@dataclass(frozen=True)
class Subscription:
    name: str
    topic: str
    definition: str
    handle: Subscriber


_subscriptions: dict[str, Subscription] = {}


def subscribes(topic: str, *, definition: str = "", name: str = "") -> Callable[[Subscriber], Subscriber]:
    """Register `handle(session, catalog, event, now)` for a topic (of one definition); its name stays for ever."""

    def register(handle: Subscriber) -> Subscriber:
        key = name or f"{handle.__module__}.{handle.__name__}"
        _subscriptions[key] = Subscription(key, topic, definition, handle)
        return handle

    return register


def subscribers(topic: str, definition: str) -> list[Subscription]:
    """Who wants to hear of it, in the order of registration."""
    return [s for s in _subscriptions.values() if s.topic == topic and s.definition in {"", definition}]


def emit(
    session: Session,
    topic: str,
    payload: Mapping[str, Any],
    *,
    actor: Actor,
    now: datetime,
    definition: str = "",
    catalog_version: int = 0,
) -> None:
    """Record an event of a workflow; it commits, or is undone, with whatever caused it."""
    announce(session, topic, payload, definition=definition, catalog_version=catalog_version, actor=actor, now=now)


def drain(installation: Installation, owner: str, *, limit: int = BATCH) -> int:
    """Take waiting events and run their subscribers; the number of events taken."""
    now = installation.clock()
    if not _anything_waits(now):
        return 0
    with unit_of_work() as session:
        events = _claim(session, owner, now, limit)
        quiet = [event.id for event in events if not subscribers(event.topic, event.definition)]
        _finish(session, quiet, now)
    for event in events:
        if event.id not in quiet:
            _tell(installation, event, owner)
    return len(events)


def _open(now: datetime) -> tuple[Any, ...]:
    return outbox.c.done_at.is_(None), outbox.c.next_at <= now, outbox.c.attempts < MAX_ATTEMPTS


def _anything_waits(now: datetime) -> bool:
    with reading() as session:
        return bool(session.scalar(select(exists().where(*_open(now)))))


def _claim(session: Session, owner: str, now: datetime, limit: int) -> list[Event]:
    ids = claim(session, outbox, _open(now), owner=owner, now=now, seconds=CLAIM_SECONDS, limit=limit)
    columns = [outbox.c[name] for name in Event.__dataclass_fields__]
    rows = session.execute(select(*columns).where(outbox.c.id.in_(ids)).order_by(outbox.c.id))
    return [Event(**row._mapping) for row in rows]


def _finish(session: Session, ids: Sequence[int], now: datetime) -> None:
    if ids:
        session.execute(update(outbox).where(outbox.c.id.in_(ids)).values(done_at=now, claimed_at=None, error=None))


def _tell(installation: Installation, event: Event, owner: str) -> None:
    problem = ""
    for subscription in subscribers(event.topic, event.definition):
        problem = _run(installation, subscription, event) or problem
    now = installation.clock()
    with unit_of_work() as session:
        if not problem:
            _finish(session, [event.id], now)
        else:
            _postpone(session, event.id, owner, problem, now)


def _run(installation: Installation, subscription: Subscription, event: Event) -> str:
    """One subscriber in one transaction with its mark; the problem, or nothing."""
    try:
        with unit_of_work() as session:
            now = installation.clock()
            if _marked(session, subscription.name, event.id):
                return ""
            mark = {"event_id": event.id, "subscriber": subscription.name, "at": now}
            session.execute(insert(handled).values(mark))
            subscription.handle(session, installation.catalog(session), event, now)
    except CatalogMoved:
        return f"{subscription.name}: the catalog changed meanwhile"
    except Exception as error:
        if isinstance(error, IntegrityError) and _marked_meanwhile(subscription.name, event.id):
            return ""
        log.exception("subscriber %s failed with event %s", subscription.name, event.id)
        return f"{subscription.name}: {error}"
    return ""


def _marked(session: Session, subscriber: str, event_id: int) -> bool:
    mark = exists().where(handled.c.event_id == event_id, handled.c.subscriber == subscriber)
    return bool(session.scalar(select(mark)))


def _marked_meanwhile(subscriber: str, event_id: int) -> bool:
    with reading() as session:
        return _marked(session, subscriber, event_id)


def _postpone(session: Session, event_id: int, owner: str, problem: str, now: datetime) -> None:
    mine = (outbox.c.id == event_id, outbox.c.claimed_by == owner)
    attempts = session.scalar(select(outbox.c.attempts).where(*mine))
    if attempts is None:  # somebody else has it by now
        return
    pause = timedelta(seconds=PAUSES[min(attempts, len(PAUSES) - 1)])
    values = {"attempts": attempts + 1, "next_at": now + pause, "claimed_at": None, "error": problem}
    session.execute(update(outbox).where(*mine).values(values))


def parked(session: Session, limit: int = 100) -> list[Mapping[str, Any]]:
    """Events that were given up, newest first, with their errors."""
    given_up = (outbox.c.done_at.is_(None), outbox.c.attempts >= MAX_ATTEMPTS)
    rows = session.execute(select(outbox).where(*given_up).order_by(outbox.c.id.desc()).limit(limit))
    return [dict(row._mapping) for row in rows]


def retry(session: Session, event_id: int, now: datetime) -> None:
    """Take a parked event up again."""
    session.execute(update(outbox).where(outbox.c.id == event_id).values(attempts=0, next_at=now, claimed_at=None))


def forget_old(session: Session, now: datetime) -> int:
    """Delete events that were handled a month ago, and their marks."""
    old = select(outbox.c.id).where(outbox.c.done_at < now - timedelta(days=KEEP_DAYS))
    session.execute(delete(handled).where(handled.c.event_id.in_(old)))
    statement = delete(outbox).where(outbox.c.done_at < now - timedelta(days=KEEP_DAYS))
    return int(session.execute(statement).rowcount)  # type: ignore[attr-defined]
