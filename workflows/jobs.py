"""Jobs: long actions with progress, cancel and a result that stays, worked off in chunks.

Services call `start` in the transaction of their cause; tasks.py calls `run` for the job's message and
tick.py for every job that waits. A kind is registered with `@job_kind(name)` over a handler
`(session, job, catalog, actor, now) -> Step`, which does one chunk. Promises: a chunk's effects and the job's
progress commit together, and the closing UPDATE checks that the lease is still ours, so each unit of work
is done once however often workers die or messages repeat. A job that breaks is tried again with
pauses; a job that keeps killing its worker is failed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.orm import Session

from metadata.errors import NotAllowed, NotFound, fill
from workflows import queue
from workflows.errors import TransitionRefused
from workflows.store import jobs

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
OPEN = (QUEUED, RUNNING)
SEES_ALL = frozenset({"Admin", "HR admin", "Auditor"})


@dataclass(frozen=True)
class Job:
    """A job as it stands in its row; `cursor` is what the last chunk left for the next."""

    id: int
    kind: str
    title: str
    title_params: Mapping[str, Any]
    state: str
    done: int
    total: int
    payload: Mapping[str, Any]
    cursor: Any
    result: Any
    error: str | None
    error_params: Mapping[str, Any]
    created_by: str
    created_at: datetime
    started_at: datetime | None
    changed_at: datetime
    finished_at: datetime | None
    catalog_version: int
    lease_owner: str | None
    lease_until: datetime | None
    attempts: int
    next_at: datetime

    @property
    def percent(self) -> int:
        """For the progress bar."""
        if self.state == DONE:
            return 100
        return min(99, 100 * self.done // self.total) if self.total else 0

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


@dataclass(frozen=True)
class Step:
    """What one chunk achieved: progress so far (absolute), what the next one needs, the result at the end."""

    done: int
    total: int
    finished: bool = False
    cursor: Any = None
    result: Mapping[str, Any] | None = None


Handler = Callable[[Session, Job, Any, Any, datetime], Step]


@dataclass(frozen=True)
class Kind:
    """A kind of job: its handler, its title with `%(name)s` places, in English and in Chinese for messages.

    `publishes`: its chunks change tables.
    """

    name: str
    title: str
    handle: Handler
    title_zh: str = ""
    publishes: bool = False


_kinds: dict[str, Kind] = {}
_columns = [jobs.c[name] for name in Job.__dataclass_fields__]


def job_kind(name: str, title: str, *, zh: str = "", publishes: bool = False) -> Callable[[Handler], Handler]:
    """Register a handler; the name stands in rows, so it stays for ever."""

    def register(handle: Handler) -> Handler:
        _kinds[name] = Kind(name, title, handle, zh, publishes)
        return handle

    return register


def titles_of(job: Job) -> dict[str, str]:
    """The job's title in each language that messages have."""
    kind = kind_of(job)
    written = {"en": job.title, "zh": (kind.title_zh if kind else "") or job.title}
    return {language: fill(title, _in(language, job.title_params)) for language, title in written.items()}


def _in(language: str, params: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v.get(language, v.get("en", "")) if isinstance(v, Mapping) else v for k, v in params.items()}


def kind_of(job: Job) -> Kind | None:
    """What the job's kind registered; None if this version of the product knows it no more."""
    return _kinds.get(job.kind)


def start(
    session: Session,
    kind: str,
    payload: Mapping[str, Any],
    actor: Any,
    now: datetime,
    *,
    title_params: Mapping[str, Any] | None = None,
    total: int = 0,
    catalog_version: int = 0,
) -> int:
    """Put a job into the caller's transaction and wake a worker after its commit; the job's id."""
    row = {
        "kind": kind,
        "title": _kinds[kind].title,
        "title_params": dict(title_params or {}),
        "payload": dict(payload),
        "total": total,
        "created_by": actor.username,
        "created_at": now,
        "changed_at": now,
        "next_at": now,
        "catalog_version": catalog_version,
    }
    job_id = int(session.execute(insert(jobs).values(row).returning(jobs.c.id)).scalar_one())
    queue.nudge(session, queue.RUN_JOB, job_id)
    return job_id


def load(session: Session, job_id: int) -> Job:
    """The job, whoever asks: for the engine itself."""
    row = session.execute(select(*_columns).where(jobs.c.id == job_id)).one_or_none()
    if row is None:
        raise NotFound("There is no such job.")
    return _job(row)


def find(session: Session, job_id: int, actor: Any) -> Job:
    """The job, if this actor may see it."""
    job = load(session, job_id)
    if not _may_see(job, actor):
        raise NotFound("There is no such job.")
    return job


def visible(session: Session, actor: Any, *, limit: int = 50, offset: int = 0) -> Sequence[Job]:
    """The jobs this actor may see, newest first: their own, or all for HR, auditors and IT."""
    statement = select(*_columns).order_by(jobs.c.id.desc()).limit(limit).offset(offset)
    if not _sees_all(actor):
        statement = statement.where(jobs.c.created_by == actor.username)
    return [_job(row) for row in session.execute(statement)]


def count_visible(session: Session, actor: Any) -> int:
    """How many `visible` has in all."""
    statement = select(func.count()).select_from(jobs)
    if not _sees_all(actor):
        statement = statement.where(jobs.c.created_by == actor.username)
    return int(session.scalar(statement) or 0)


def cancel(session: Session, job_id: int, actor: Any, now: datetime) -> None:
    """Stop between two chunks; what was done stays. The chunk at work finds out when it wants to commit."""
    job = find(session, job_id, actor)
    if job.created_by != actor.username and not {"Admin", "HR admin"} & actor.roles:
        raise NotAllowed("Only HR or the person who started this job may cancel it.")
    values = {"state": CANCELLED, "finished_at": now, "changed_at": now, "lease_owner": None, "lease_until": None}
    statement = update(jobs).where(jobs.c.id == job_id, jobs.c.state.in_(OPEN)).values(values)
    if session.execute(statement).rowcount != 1:  # type: ignore[attr-defined]
        raise TransitionRefused("This job has ended already.", state=job.state, action="cancel")


def retry(session: Session, job_id: int, actor: Any, now: datetime) -> None:
    """Go on with a failed job where it stopped."""
    job = find(session, job_id, actor)
    values = {"state": QUEUED, "attempts": 0, "error": None, "finished_at": None, "next_at": now, "changed_at": now}
    statement = update(jobs).where(jobs.c.id == job_id, jobs.c.state == FAILED).values(values)
    if session.execute(statement).rowcount != 1:  # type: ignore[attr-defined]
        raise TransitionRefused("Only a failed job can be tried again.", state=job.state, action="retry", allowed=())
    queue.nudge(session, queue.RUN_JOB, job_id)


def _may_see(job: Job, actor: Any) -> bool:
    return _sees_all(actor) or job.created_by == actor.username


def _sees_all(actor: Any) -> bool:
    return bool(getattr(actor, "system", False) or SEES_ALL & actor.roles)


def _job(row: Row[Any]) -> Job:
    return Job(**row._mapping)
