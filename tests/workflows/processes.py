"""Workers and schedulers as real processes, started by tests and killed or stopped at their end."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.processes import product_environment

STOP_SECONDS = 20


@dataclass
class Site:
    """Where the processes of one test meet."""

    database_url: str
    broker_url: str
    folder: Path
    lease_seconds: float = 60
    program: str = "tests.workflows.worker_process"

    @property
    def gate(self) -> Path:
        return self.folder / "gate"

    @property
    def reached(self) -> Path:
        return self.folder / "gate.reached"

    @contextmanager
    def running(self, part: str) -> Iterator[subprocess.Popen[bytes]]:
        """A "worker" or "scheduler"; its output is in the folder."""
        arguments = [self.database_url, self.broker_url, str(self.lease_seconds), str(self.gate)]
        command = [sys.executable, "-m", self.program, part, *arguments]
        log = (self.folder / f"{part}-{os.urandom(3).hex()}.log").open("wb")
        environment = product_environment(self.folder)
        with log:
            process = subprocess.Popen(
                command, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to the process and its children: nothing gets to clean up."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(STOP_SECONDS)
