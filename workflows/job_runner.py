"""Working off jobs: claim, one chunk after another, until done or until the slice of time is over.

Called by tasks.py and tick.py; jobs.py keeps the rows and the registry. Steps of one chunk, in this order:
1. claim: a conditional UPDATE takes the job if it is free or its lease has ended, and commits;
2. the handler works in a new transaction;
3. the closing UPDATE of that transaction moves progress, on condition that the job still is ours.
Whoever lost the job in between finds no row in step 3 and undoes everything.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from metadata.errors import Busy, CatalogMoved, ProductError
from workflows.delivery.notices import notify
from workflows.errors import LeaseLost
from workflows.installation import Installation, reading, unit_of_work
from workflows.jobs import DONE, FAILED, QUEUED, RUNNING, Job, Step, kind_of, load, titles_of
from workflows.store import jobs

log = logging.getLogger(__name__)

SLICE_SECONDS = 10.0
MAX_ATTEMPTS = 5
PAUSES = (0, 5, 30, 120)
LONG = timedelta(seconds=30)


def waiting(now: datetime, limit: int = 20) -> list[int]:
    """Jobs that nobody works at, oldest first: new ones, and those whose worker is gone."""
    with reading() as session:
        return list(session.scalars(select(jobs.c.id).where(_free(now)).order_by(jobs.c.id).limit(limit)))


def run(installation: Installation, job_id: int, owner: str, *, seconds: float = SLICE_SECONDS) -> bool:
    """Work at the job for a slice of time; True if there is more to do now, so that others get their turn."""
    ends = installation.clock() + timedelta(seconds=seconds)
    if not _claim(installation, job_id, owner):
        return False
    while _chunk(installation, job_id, owner):
        if installation.clock() >= ends:
            return _give_back(installation, job_id, owner)
    return False


def _free(now: datetime) -> Any:
    fresh = and_(jobs.c.state == QUEUED, jobs.c.next_at <= now)
    return or_(fresh, and_(jobs.c.state == RUNNING, jobs.c.lease_until <= now))


def _claim(installation: Installation, job_id: int, owner: str) -> bool:
    """Take the job. One that was running has lost its worker: that counts as an attempt."""
    now = installation.clock()
    with unit_of_work() as session:
        seen = session.execute(select(jobs).where(jobs.c.id == job_id, _free(now))).one_or_none()
        if seen is None:
            return False
        attempts = seen.attempts + (1 if seen.state == RUNNING else 0)
        values = {
            "state": RUNNING,
            "lease_owner": owner,
            "lease_until": now + timedelta(seconds=installation.lease_seconds),
            "attempts": attempts,
            "started_at": seen.started_at or now,
            "changed_at": now,
        }
        taken = update(jobs).where(jobs.c.id == job_id, _free(now)).values(values)
        if session.execute(taken).rowcount != 1:  # type: ignore[attr-defined]
            return False
    if attempts >= MAX_ATTEMPTS:
        _fail(installation, job_id, owner, "The job was interrupted too often and was given up.", {})
        return False
    return True


def _chunk(installation: Installation, job_id: int, owner: str) -> bool:
    """One chunk in one transaction; True if another one follows now."""
    try:
        with unit_of_work(publishes=_publishes(job_id)) as session:
            now = installation.clock()
            job = load(session, job_id)
            if job.state != RUNNING or job.lease_owner != owner:
                return False
            step = _handle(installation, session, job, now)
            _advance(session, job_id, owner, step, now=installation.clock(), lease_seconds=installation.lease_seconds)
    except LeaseLost:
        return False
    except CatalogMoved:
        return _prolong(installation, job_id, owner)
    except Busy:  # others hold the tables: that passes
        _postpone(installation, job_id, owner)
        return False
    except ProductError as error:
        _fail(installation, job_id, owner, error.message, error.params)
        return False
    except Exception:  # whatever a kind of job raises: the worker lives on and the chunk is tried again
        log.exception("a chunk of job %s failed", job_id)
        _postpone(installation, job_id, owner)
        return False
    return not step.finished


def _publishes(job_id: int) -> bool:
    """Whether its chunks need a transaction in which tables may be changed; that must be known before it begins."""
    with reading() as session:
        kind = kind_of(load(session, job_id))
    return kind is not None and kind.publishes


def _handle(installation: Installation, session: Session, job: Job, now: datetime) -> Step:
    kind = kind_of(job)
    if kind is None:
        raise ProductError("This version of the product does not know this kind of job.")
    catalog = installation.catalog(session)
    return kind.handle(session, job, catalog, installation.actor(session, catalog, job.created_by), now)


def _advance(session: Session, job_id: int, owner: str, step: Step, *, now: datetime, lease_seconds: float) -> None:
    values: dict[str, Any] = {
        "done": step.done,
        "total": step.total,
        "cursor": step.cursor,
        "attempts": 0,
        "changed_at": now,
        "lease_until": now + timedelta(seconds=lease_seconds),
    }
    if step.result is not None:
        values["result"] = dict(step.result)
    if step.finished:
        values |= {"state": DONE, "finished_at": now, "lease_owner": None, "lease_until": None}
    if not _update_mine(session, job_id, owner, values):
        raise LeaseLost
    if step.finished:
        _tell_creator(session, load(session, job_id), now)


def _update_mine(session: Session, job_id: int, owner: str, values: dict[str, Any]) -> bool:
    mine = (jobs.c.id == job_id, jobs.c.state == RUNNING, jobs.c.lease_owner == owner)
    return bool(session.execute(update(jobs).where(*mine).values(values)).rowcount)  # type: ignore[attr-defined]


def _prolong(installation: Installation, job_id: int, owner: str) -> bool:
    """The catalog moved under the chunk: it is done over at once with the new one."""
    now = installation.clock()
    until = now + timedelta(seconds=installation.lease_seconds)
    with unit_of_work() as session:
        return _update_mine(session, job_id, owner, {"lease_until": until, "changed_at": now})


def _give_back(installation: Installation, job_id: int, owner: str) -> bool:
    now = installation.clock()
    with unit_of_work() as session:
        values = {"state": QUEUED, "lease_owner": None, "lease_until": None, "next_at": now}
        return _update_mine(session, job_id, owner, values)


def _postpone(installation: Installation, job_id: int, owner: str) -> None:
    """Something that is not the person's fault broke: try again later, a few times."""
    now = installation.clock()
    with unit_of_work() as session:
        job = load(session, job_id)
        attempts = job.attempts + 1
        if attempts < MAX_ATTEMPTS:
            pause = timedelta(seconds=PAUSES[min(attempts - 1, len(PAUSES) - 1)])
            values = {"state": QUEUED, "attempts": attempts, "next_at": now + pause, "changed_at": now}
            _update_mine(session, job_id, owner, values | {"lease_owner": None, "lease_until": None})
            return
    _fail(installation, job_id, owner, "The job failed for a technical reason; IT finds it in the log.", {})


def _fail(installation: Installation, job_id: int, owner: str, error: str, params: Any) -> None:
    now = installation.clock()
    values = {"state": FAILED, "error": error, "error_params": dict(params), "finished_at": now, "changed_at": now}
    with unit_of_work() as session:
        if _update_mine(session, job_id, owner, values | {"lease_owner": None, "lease_until": None}):
            _tell_creator(session, load(session, job_id), now)


def _tell_creator(session: Session, job: Job, now: datetime) -> None:
    """A job that took long has been left alone, and one that failed must not go unseen."""
    if job.state == FAILED or now - job.created_at >= LONG:
        kind = "job_failed" if job.state == FAILED else "job_done"
        key = f"job:{job.id}:{job.state}:{now.isoformat()}"
        notify(session, job.created_by, kind, {"title": titles_of(job)}, f"/jobs/{job.id}", now, key)
