"""A worker that dies in the middle of a chunk of a large publish: `python -m tests.faults.staged_publisher URL JOB`."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from sqlalchemy.orm import sessionmaker

from metadata import staging
from metadata.engine import make_engine
from metadata.versions import load_catalog
from tests.workflows.installed import HANA
from workflows import job_runner, queue, staged_publish


def main(url: str, job_id: int) -> None:
    """Work at the job; the second chunk is written and never committed."""
    staging.LARGE, staged_publish.CHUNK = 6, 3
    fill, made = staging.fill, []

    def deadly(*given: Any) -> Any:
        done = fill(*given)
        made.append(done)
        if len(made) == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    staging.fill = deadly
    installation = queue.Installation(
        sessions=sessionmaker(make_engine(url)),
        catalog=load_catalog,
        actor=lambda _session, _catalog, _account: HANA,
        person=lambda *_all: None,
        lease_seconds=0.0,
    )
    queue.bind(installation)
    job_runner.run(installation, job_id, "doomed")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
