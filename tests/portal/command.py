"""`plumbline` inside the test's own process, on a database of the test's own: what it says and how it ends.

A process of its own for each command costs seconds; tests/processes.py has that for the few that need it.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from portal.cli import main

SECRET_KEY = "for-tests-only-0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Ended:
    """One command that came to its end."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Command:
    """Runs `plumbline` with the settings of one installation."""

    def __init__(self, **settings: str) -> None:
        self.settings = {"PLUMBLINE_SECRET_KEY": SECRET_KEY} | {f"PLUMBLINE_{k}": v for k, v in settings.items()}

    def __call__(self, *arguments: object) -> Ended:
        out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="", write_through=True)
        err = io.StringIO()
        stopping = pytest.raises(SystemExit)
        with _environment(self.settings), redirect_stdout(out), redirect_stderr(err), stopping as stop:
            main([str(argument) for argument in arguments])
        written = out.buffer.getvalue().decode() if isinstance(out.buffer, io.BytesIO) else ""
        return Ended(int(stop.value.code or 0), written, err.getvalue())

    def ok(self, *arguments: object) -> Ended:
        """Run what must succeed."""
        ended = self(*arguments)
        assert ended.code == 0, f"{arguments}: {ended.err or ended.out}"
        return ended


@contextmanager
def _environment(settings: dict[str, str]) -> Iterator[None]:
    kept = dict(os.environ)
    os.environ.update(settings)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)


def installation(url: str, folder: Path, **more: str) -> Command:
    """The command on the database at `url`, its data in `folder`."""
    return Command(DATABASE_URL=url, DATA_DIR=str(folder), **more)
