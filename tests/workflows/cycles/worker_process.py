"""A worker or scheduler of its own for the demo company: `python -m … worker DATABASE BROKER LEASE GATE`.

While the file GATE exists and names the running phase of a cycle's job, a chunk stops after its work and before its
commit, so that a test can kill the process right there.
"""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from metadata.engine import make_engine
from tests.waiting import eventually
from tests.workflows.cycles.conftest import bind
from workflows import jobs, queue
from workflows.cycles import launching, scoring
from workflows.jobs import Job, Step

SMALL = 20


def stopping(kind: jobs.Kind, gate: Path) -> jobs.Kind:
    """The same kind, whose chunk of the named phase waits at the gate."""
    chunks = threading.local()

    def handle(session: Session, job: Job, catalog: Any, actor: Any, now: datetime) -> Step:
        step = kind.handle(session, job, catalog, actor, now)
        phase = job.cursor[0] if isinstance(job.cursor, list) else "people" if job.cursor is None else "score"
        chunks.seen = getattr(chunks, "seen", 0) + (phase == wanted(gate))
        if phase == wanted(gate) and chunks.seen > 1:
            Path(f"{gate}.reached").write_text(str(os.getpid()))
            eventually(lambda: not gate.exists(), "the gate to open", timeout=120)
        return step

    return replace(kind, handle=handle)


def wanted(gate: Path) -> str:
    return gate.read_text() if gate.exists() else ""


def main(part: str, database_url: str, broker_url: str, lease: str, gate_file: str) -> None:
    gate = Path(gate_file)
    launching.CHUNK = scoring.CHUNK = SMALL
    for name in (launching.KIND, scoring.KIND):
        jobs._kinds[name] = stopping(jobs._kinds[name], gate)
    queue.make_celery(broker_url)
    bind(make_engine(database_url), lambda: datetime.now(UTC), lease_seconds=float(lease))
    if part == "worker":
        queue.run_worker(concurrency=2, name=f"{os.getpid()}@%h")
    else:
        queue.run_scheduler()


if __name__ == "__main__":
    main(*sys.argv[1:])
