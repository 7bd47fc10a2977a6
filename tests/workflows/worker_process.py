"""A worker or scheduler of its own: `python -m tests.workflows.worker_process worker DATABASE BROKER LEASE GATE`.

Its job kind `test.count` does one unit per chunk, as a row in `work`. While the file GATE exists, a chunk
stops in its middle, after its row and before its commit, so that a test can kill the process right there.
"""

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from metadata.engine import make_engine
from tests.waiting import eventually
from tests.workflows.installed import install, work
from workflows import queue
from workflows.jobs import Job, Step, job_kind

KIND = "test.count"
gate = Path("/nowhere")


@job_kind(KIND, "Count to %(total)s")
def count(session: Session, job: Job, _catalog: Any, _actor: Any, _now: datetime) -> Step:
    unit = job.cursor or 0
    session.execute(insert(work).values(unit=unit, done_by=str(os.getpid())))
    if gate.exists() and unit == job.payload.get("stop_at"):
        Path(f"{gate}.reached").write_text(str(os.getpid()))
        eventually(lambda: not gate.exists(), "the gate to open", timeout=300)
    total = job.payload["total"]
    return Step(unit + 1, total, finished=unit + 1 == total, cursor=unit + 1, result={"counted": unit + 1})


def main(part: str, database_url: str, broker_url: str, lease: str, gate_file: str) -> None:
    global gate  # noqa: PLW0603 (one process, one gate)
    gate = Path(gate_file)
    queue.make_celery(broker_url)
    install(make_engine(database_url), lease_seconds=float(lease))
    if part == "worker":
        queue.run_worker(concurrency=2, name=f"{os.getpid()}@%h")
    else:
        queue.run_scheduler()


if __name__ == "__main__":
    main(*sys.argv[1:])
