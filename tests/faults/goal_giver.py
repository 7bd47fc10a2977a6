"""A worker at a job of goals that kills itself: `python -m tests.faults.goal_giver URL JOB STEP COUNT BROKER`.

STEP is `told` (the messages of a chunk are written, nothing is committed) or `removed` (a goal went to the bin), COUNT
how often that happens before the process dies as by a power cut; 0 lets it live.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from metadata.access import load_actor
from metadata.engine import make_engine
from metadata.versions import load_catalog
from workflows import job_runner, queue
from workflows.demo import DEMO_LOGINS
from workflows.goals.templates import giving, undoing

ROLES = {login.username: [login.role] for login in DEMO_LOGINS}


def bind(engine: Engine, broker: str) -> None:
    """This process as a worker of the demo company, with a lease that ends at once."""
    with Session(engine) as session:
        catalog = load_catalog(session)
    queue.make_celery(broker)
    queue.bind(
        queue.Installation(
            sessions=sessionmaker(engine),
            catalog=lambda _session: catalog,
            actor=lambda session, known, account: load_actor(session, known, account, ROLES[account]),
            person=lambda _session, _catalog, _account: None,
            clock=lambda: datetime.now(UTC),
            lease_seconds=0.1,
        )
    )


def fatal(call: Callable[..., Any], count: int) -> Callable[..., Any]:
    """The call, after which the process dies the `count`th time."""
    left = [count]

    def counted(*given: Any, **more: Any) -> Any:
        found = call(*given, **more)
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    return counted


def main(url: str, job_id: int, step: str, count: int, broker: str) -> None:
    """Work at the job until it is done, or dead."""
    bind(make_engine(url), broker)
    module, name = {"told": (giving, "notify_all"), "removed": (undoing, "_removed")}[step]
    setattr(module, name, fatal(getattr(module, name), count))
    while job_runner.run(queue.bound(), job_id, f"giver-{os.getpid()}"):
        pass


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), sys.argv[5])
