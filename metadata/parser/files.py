"""Files with JSON in them, read as what others may have written: a folder from a mail, a clone, an archive.

Called by the reader of packs and by the command line, before any of it is text. Promises: a file that is no regular
file, that leads out of the folder it was found in, or that is larger than a definition can be, is refused before it is
read; what is wrong names the file.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from metadata.errors import DefinitionError, Problem
from metadata.parser.text import MAX_BYTES, load_text, refuse_size

CANNOT = "The file cannot be read."
NO_FILE = "This is no file; only files are read."
LEADS_OUT = "This link leads out of its folder; put the file itself there."


def read_file(path: Path, folder: Path | None = None) -> bytes:
    """The bytes of a file in `folder` (none: wherever it is); DefinitionError names it."""
    try:
        if folder is not None and not path.resolve().is_relative_to(folder.resolve()):
            raise _refusal(path, LEADS_OUT)
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise _refusal(path, NO_FILE)
        if found.st_size > MAX_BYTES:
            refuse_size(found.st_size)
        return path.read_bytes()
    except DefinitionError as error:
        raise named(error, path) from None
    except (OSError, RuntimeError, ValueError):  # a loop of links, a name that no file can have
        raise _refusal(path, CANNOT) from None


def load_file(path: Path, folder: Path | None = None) -> dict[str, Any]:
    """The JSON object in a file; DefinitionError with every problem, each naming the file."""
    try:
        return load_text(read_file(path, folder))
    except DefinitionError as error:
        raise named(error, path) from None


def load_files(paths: Iterable[tuple[Path, Path | None]]) -> list[dict[str, Any]]:
    """The objects in all of these files, each with the folder it is in; one DefinitionError for what can't be read."""
    found: list[dict[str, Any]] = []
    problems: list[Problem] = []
    for path, folder in paths:
        try:
            found.append(load_file(path, folder))
        except DefinitionError as error:
            problems += error.problems
    if problems:
        raise DefinitionError("Some files cannot be read as definitions.", problems=problems)
    return found


def named(error: DefinitionError, path: Path) -> DefinitionError:
    """The error with its problems naming the file."""
    problems = [replace(problem, source=path.name) for problem in error.problems]
    return DefinitionError(error.message, params=error.params, problems=problems)


def _refusal(path: Path, message: str) -> DefinitionError:
    return DefinitionError(CANNOT, problems=[Problem("", message, source=path.name)])
