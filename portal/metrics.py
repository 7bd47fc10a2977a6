"""/metrics in Prometheus' text format: requests, their durations, jobs by state, waiting events, catalog version.

Each web process counts in memory and keeps its counters in a file of its own in the data directory, at most once a
second; a scrape adds the files up, whichever process it meets. Open to this machine (no proxy in between),
and elsewhere to accounts with the role Admin, Auditor or Integration, by token, key or session.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from flask import Blueprint, Flask, Response, abort, current_app, g, request
from flask_login import current_user
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from metadata import versions
from metadata.store import outbox
from portal.api import entry
from portal.extensions import db
from workflows.jobs import QUEUED, RUNNING
from workflows.store import jobs

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SEES = frozenset({"Admin", "Auditor", "Integration"})
PAUSE_SECONDS = 1.0
KEPT_SECONDS = 7 * 24 * 3600.0
STATES = (QUEUED, RUNNING, "done", "failed", "cancelled")
blueprint = Blueprint("metrics", __name__)


class Counters:
    """What one process has served since its start."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.numbers: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._process = 0
        self._path = folder
        self._written = 0.0

    def count(self, endpoint: str, method: str, status: int, seconds: float) -> None:
        """Take one answer into account."""
        with self._lock:
            if self._process != os.getpid():  # a process that was forked counts for itself
                self._process = os.getpid()
                self._path = self.folder / f"{self._process}-{time.time_ns()}.json"
                self.numbers.clear()
            labels = f'endpoint="{endpoint}",method="{method}"'
            self.numbers[f'plumbline_requests_total{{{labels},status="{status}"}}'] += 1
            for limit in BUCKETS:
                if seconds <= limit:
                    self.numbers[f'plumbline_request_seconds_bucket{{{labels},le="{limit}"}}'] += 1
            self.numbers[f'plumbline_request_seconds_bucket{{{labels},le="+Inf"}}'] += 1
            self.numbers[f"plumbline_request_seconds_sum{{{labels}}}"] += seconds  # type: ignore[assignment]
            self.numbers[f"plumbline_request_seconds_count{{{labels}}}"] += 1
            if time.monotonic() - self._written >= PAUSE_SECONDS:
                self._write()

    def all(self) -> Counter[str]:
        """Everything that the processes of this installation served."""
        with self._lock:
            if self._process == os.getpid():
                self._write()
        found: Counter[str] = Counter()
        for path in self.folder.glob("*.json"):
            try:
                found.update(json.loads(path.read_text(encoding="utf-8")))
                if time.time() - path.stat().st_mtime > KEPT_SECONDS:
                    path.unlink(missing_ok=True)
            except (OSError, ValueError):
                continue  # another process cleaned up at the same moment
        return found

    def _write(self) -> None:
        self._written = time.monotonic()
        self.folder.mkdir(parents=True, exist_ok=True)
        part = self._path.with_suffix(".part")
        part.write_text(json.dumps(self.numbers), encoding="utf-8")
        part.replace(self._path)


def register(app: Flask) -> None:
    """Count every answer; registered first, so that it sees the whole request."""
    counters = Counters(Path(app.config["PLUMBLINE"].data_dir) / "metrics")
    app.extensions["plumbline_metrics"] = counters
    app.before_request(_begin)
    app.after_request(_end)
    app.register_blueprint(blueprint)


def _begin() -> None:
    g.began = time.perf_counter()


def _end(response: Response) -> Response:
    counters: Counters = current_app.extensions["plumbline_metrics"]
    began = g.get("began")
    if began is not None:
        counters.count(request.endpoint or "", request.method, response.status_code, time.perf_counter() - began)
    return response


@blueprint.get("/metrics")
def metrics() -> Response:
    """The figures, for Prometheus."""
    if not _may_see():
        abort(404)
    counters: Counters = current_app.extensions["plumbline_metrics"]
    lines = [*_counted(counters.all()), *_stored()]
    return Response("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4; charset=utf-8")


def _may_see() -> bool:
    user = entry.presented_user() if entry.presented() else current_user
    if user is not None and user.is_authenticated:
        return bool(SEES & {role.name for role in user.roles})
    forwarded = any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP"))
    return not entry.presented() and not forwarded and request.remote_addr in {"127.0.0.1", "::1"}


def _counted(numbers: Counter[str]) -> Iterator[str]:
    yield "# TYPE plumbline_requests_total counter"
    yield from (f"{key} {numbers[key]}" for key in sorted(numbers) if key.startswith("plumbline_requests_total"))
    yield "# TYPE plumbline_request_seconds histogram"
    yield from (f"{key} {numbers[key]}" for key in sorted(numbers) if key.startswith("plumbline_request_seconds"))


def _stored() -> Iterator[str]:
    """What the database knows; nothing while it can't be reached, so that the alarm is the missing figure."""
    session = db.session()
    try:
        counting = select(jobs.c.state, func.count()).group_by(jobs.c.state)
        states = {row[0]: row[1] for row in session.execute(counting)}
        waiting = session.scalar(select(func.count()).select_from(outbox).where(outbox.c.done_at.is_(None)))
        catalog = versions.read(session).catalog
    except SQLAlchemyError:
        session.rollback()
        return
    yield "# TYPE plumbline_jobs gauge"
    yield from (f'plumbline_jobs{{state="{state}"}} {states.get(state, 0)}' for state in STATES)
    yield "# TYPE plumbline_outbox_waiting gauge"
    yield f"plumbline_outbox_waiting {waiting}"
    yield "# TYPE plumbline_catalog_version gauge"
    yield f"plumbline_catalog_version {catalog}"
