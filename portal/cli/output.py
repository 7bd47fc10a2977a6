"""How commands answer: lines for people, JSON for machines."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TypeVar

import click
import orjson

F = TypeVar("F", bound=Callable[..., Any])


def json_option(function: F) -> F:
    """Give a command `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Answer as JSON, for machines.")(function)


def answer(value: Any, lines: list[str], as_json: bool) -> None:
    """Print `value` as JSON, or `lines`."""
    if as_json:
        click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode())
    else:
        for line in lines:
            click.echo(line)


@contextmanager
def whole_file(output: Path | None) -> Iterator[IO[bytes]]:
    """Stdout, or a file that takes its name only when it is whole; nobody but its owner may read it."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    handle, name = tempfile.mkstemp(dir=output.parent, prefix=f".{output.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        Path(name).replace(output)
    finally:
        Path(name).unlink(missing_ok=True)
