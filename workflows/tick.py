"""One turn of the engine: tell subscribers, deliver messages, pick up jobs, call what is due.

Called by tasks.py every few seconds and after a nudge, and by `settle` in the command line and in tests.
Whoever has work by the clock registers `@every(seconds, name)` over `(session, catalog, now) -> int`. Promises: any
number of ticks may run at once; one part that breaks stops no other; a due call runs once
per period in the whole installation, because its lease is as long as the period.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from metadata import files
from metadata.errors import CatalogMoved
from workflows import job_runner, leases, outbox
from workflows.delivery import post
from workflows.installation import Installation, reading, unit_of_work
from workflows.store import idempotency_keys

log = logging.getLogger(__name__)

ROUNDS = 20
HOUSEKEEPING_SECONDS = 3600.0
Due = Callable[[Session, Any, datetime], int]


@dataclass(frozen=True)
class Periodic:
    name: str
    seconds: float
    call: Due


_periodic: dict[str, Periodic] = {}


def every(seconds: float, name: str) -> Callable[[Due], Due]:
    """Register `call(session, catalog, now)`: one transaction, at most once in `seconds`; it finds out what is due."""

    def register(call: Due) -> Due:
        _periodic[name] = Periodic(name, seconds, call)
        return call

    return register


def owner() -> str:
    """Who claims: this process on this machine."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}"


def run(installation: Installation) -> int:
    """One turn; how many things were moved."""
    parts: list[Callable[[Installation], int]] = [_tell, _call_due, _deliver]
    return sum(_guarded(part, installation) for part in parts)


def jobs_waiting(installation: Installation) -> list[int]:
    """Jobs that a worker should take up: tasks.py sends each its own message."""
    return job_runner.waiting(installation.clock())


def settle(installation: Installation) -> int:
    """Work everything off here and now, without a worker: for the command line, the demo and tests."""
    moved = 0
    for _round in range(ROUNDS):
        now_moved = run(installation)
        for job_id in jobs_waiting(installation):
            now_moved += 1
            while job_runner.run(installation, job_id, owner()):
                pass
        moved += now_moved
        if not now_moved:
            break
    return moved


def _guarded(part: Callable[[Installation], int], installation: Installation) -> int:
    try:
        return part(installation)
    except Exception:  # one part that fails must not keep the others waiting
        log.exception("%s failed; the next tick tries again", part.__name__)
        return 0


def _tell(installation: Installation) -> int:
    return sum(iter(lambda: outbox.drain(installation, owner()), 0))


def _deliver(installation: Installation) -> int:
    return sum(iter(lambda: post.deliver(installation, owner()), 0))


def _call_due(installation: Installation) -> int:
    return sum(_guarded(_caller(periodic), installation) for periodic in _due(installation))


def _due(installation: Installation) -> list[Periodic]:
    """Those without a running lease, found by one read, so that an idle tick takes no write lock."""
    with reading() as session:
        held = leases.held(session, installation.clock())
    return [periodic for periodic in _periodic.values() if f"every:{periodic.name}" not in held]


def _caller(periodic: Periodic) -> Callable[[Installation], int]:
    def call(installation: Installation) -> int:
        now = installation.clock()
        who = f"{owner()}@{now.timestamp()}"  # the lease is a date in the diary: not even we prolong it
        try:
            with unit_of_work() as session:
                if not leases.acquire(session, f"every:{periodic.name}", who, now, periodic.seconds):
                    return 0
                return periodic.call(session, installation.catalog(session), now)
        except CatalogMoved:
            return 0

    call.__name__ = periodic.name
    return call


@every(HOUSEKEEPING_SECONDS, "housekeeping")
def _keep_house(session: Session, _catalog: Any, now: datetime) -> int:
    """What is kept only for a while."""
    day_ago = idempotency_keys.c.at < now.replace(microsecond=0) - leases.DAY
    outbox.forget_old(session, now)
    session.execute(delete(idempotency_keys).where(day_ago))
    files.sweep(session, now)
    return 0
