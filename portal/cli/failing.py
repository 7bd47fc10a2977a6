"""What went wrong, in one sentence with what to do: every way in which a command can fail, and its exit code.

Called by `portal.cli.main` around every command. 1 is a problem that a person can mend, 2 wrong usage. With
`--json` the sentence comes as JSON on stdout, with the problems one by one.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import orjson
from sqlalchemy.exc import DBAPIError, OperationalError

from metadata.errors import Busy, CatalogMoved, ProductError

MISSING_TABLES = ("no such table", "no such column", "undefinedtable", "undefinedcolumn", "does not exist")
LOCKED = ("database is locked", "lock timeout", "deadlock")


def guarded(run: Callable[[], Any], arguments: Sequence[str]) -> int:
    """Run a command to its end and return the exit code; nothing is raised."""
    as_json = "--json" in arguments
    try:
        run()
        sys.stdout.flush()
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    except click.UsageError as wrong:
        wrong.show()
        return 2
    except click.Abort:
        click.echo("Stopped.", err=True)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read has seen enough
        return 1
    except Exception as error:  # noqa: BLE001 (a person reads a sentence, not a traceback)
        _say(error, as_json)
        return 1
    return 0


def sentence(error: Exception) -> str:
    """The error in words, with what to do."""
    if isinstance(error, Busy) and isinstance(error.__cause__, DBAPIError):
        return _of_database(error.__cause__)
    if isinstance(error, ProductError):
        return " ".join(filter(None, (str(error).splitlines()[0], error.hint)))
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, CatalogMoved):
        return "Somebody published definitions at this moment; nothing was changed, please try again."
    if isinstance(error, DBAPIError):
        return _of_database(error)
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}. Name another place, or change who may use this one."
    if isinstance(error, UnicodeDecodeError):
        return "The file is no UTF-8 text; save it as UTF-8 and try again."
    frame = traceback.extract_tb(error.__traceback__)[-1]
    words = str(error).splitlines()[0] if str(error) else ""
    place = f"{type(error).__name__} in {Path(frame.filename).name}, line {frame.lineno}"
    return f"Plumbline itself failed ({place}: {words}); nothing was changed. Please report this line."


def _of_database(error: DBAPIError) -> str:
    cause = str(error.orig)
    told = f"{type(error.orig).__name__} {cause}".casefold()
    if any(words in told for words in MISSING_TABLES) and "database" not in told:
        return "The database is not set up for this version of the program; run: plumbline migrate"
    if any(words in told for words in LOCKED):
        return "Others are writing to the database at this moment; nothing was changed, please try again."
    first = cause.splitlines()[0] if cause else type(error.orig).__name__
    if isinstance(error, OperationalError):
        return f"The database can't be reached: {first.rstrip('.')}. Check PLUMBLINE_DATABASE_URL."
    return f"The database refused this: {first.rstrip('.')}. Nothing was changed."


def _say(error: Exception, as_json: bool) -> None:
    problems = error.problems if isinstance(error, ProductError) else ()
    told = sentence(error)
    if as_json:
        listed = [{"definition": p.source, "pointer": p.pointer, "message": p.text, "hint": p.hint} for p in problems]
        click.echo(orjson.dumps({"error": told, "problems": listed}, option=orjson.OPT_INDENT_2).decode())
        return
    click.echo(told, err=True)
    for problem in problems:
        if problem.text != told:
            place = f"{problem.source}{problem.pointer}"
            click.echo("  " + " ".join(filter(None, (place and f"{place}:", problem.text, problem.hint))), err=True)
