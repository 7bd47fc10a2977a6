"""The product's own processes, started as a person would: `plumbline web`, `worker`, `up`.

Used by tests that need more than one process or kill one. `product_environment` is the whole
environment of such a process, so that no PLUMBLINE_* name of the developer's leaks into a test.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from tests.waiting import eventually

SECRET_KEY = "for-tests-only-0123456789abcdefghijklmnopqrstuvwxyz"
STOP_SECONDS = 15


def product_environment(data_dir: Path, **settings: str) -> dict[str, str]:
    """`product_environment(tmp_path, DATABASE_URL=url, SMTP_URL=…)`: names without the prefix."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PLUMBLINE_")}
    environment |= {"PLUMBLINE_DATA_DIR": str(data_dir), "PLUMBLINE_SECRET_KEY": SECRET_KEY}
    return environment | {f"PLUMBLINE_{name}": value for name, value in settings.items()}


def run_product(*arguments: str, environment: dict[str, str], timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Run one command to its end; the caller looks at returncode, stdout and stderr."""
    return subprocess.run(
        _command(arguments), env=environment, capture_output=True, text=True, timeout=timeout, check=False
    )


class Running:
    """One process of the product, and what it printed so far."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self.log = log

    @property
    def output(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def kill(self) -> None:
        """SIGKILL to the whole process group: nothing gets to clean up."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(STOP_SECONDS)

    def stop(self) -> None:
        """SIGTERM, as an administrator would; SIGKILL to what does not listen."""
        if self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def answers(self, url: str) -> bool:
        """Whether `url` answers without a server error; fails at once when the process has ended."""
        if self.process.poll() is not None:
            raise AssertionError(f"The process ended with {self.process.returncode}:\n{self.output}")
        try:
            with urlopen(url, timeout=5) as response:
                return bool(response.status < 500)
        except HTTPError as error:
            return error.code < 500
        except (URLError, OSError):
            return False


@contextmanager
def running_product(*arguments: str, environment: dict[str, str], ready: str | None = None) -> Iterator[Running]:
    """`plumbline <arguments>` in the background; with `ready`, wait until that URL answers."""
    log = Path(environment["PLUMBLINE_DATA_DIR"]) / f"{'-'.join(arguments[:1])}-{os.urandom(4).hex()}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as sink:
        running = Running(_start(arguments, environment, sink), log)
    try:
        if ready:
            eventually(lambda: running.answers(ready), f"an answer from {ready}", timeout=60)
        yield running
    finally:
        running.stop()


def _start(arguments: tuple[str, ...], environment: dict[str, str], sink: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        _command(arguments), env=environment, stdout=sink, stderr=subprocess.STDOUT, start_new_session=True
    )


def _command(arguments: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-c", "import sys; from portal.cli import main; sys.exit(main())", *arguments]
