"""JSON text to JSON values, refusing what JSON leaves open: doubled names, NaN, numbers without end.

Called with files, uploads and what an admin typed, so it is the first line against hostile input:
size and depth are judged before anything is built, and no input ends in a RecursionError.
Promises: a dict of plain JSON values, or DefinitionError with every problem's line or pointer.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NoReturn

from metadata.errors import DefinitionError, Problem

MAX_BYTES = 1_000_000
MAX_DEPTH = 32
MAX_DIGITS = 30

# A string ends at its quote or, when the text is broken, where the text ends; never backtracks.
_STRUCTURE = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\Z)|[\[{]|[\]}]', re.DOTALL)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def load_text(data: str | bytes) -> dict[str, Any]:
    """The JSON object that `data` holds."""
    text = _decoded(data)
    _refuse_depth(text)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_Unusable,
            parse_float=_float,
            parse_int=_integer,
        )
    except json.JSONDecodeError as error:
        _refuse_syntax(error)
    problems = list(_unusable(value))
    if problems or not isinstance(value, dict):
        _refuse(problems or [Problem("", "A definition is one JSON object, written in { }.")])
    return value


class _Unusable(str):
    """Stands where the text has a number that no database can hold."""

    __slots__ = ()


class _Doubled(dict[str, Any]):
    """An object that gives some names twice."""

    names: tuple[str, ...] = ()


def _refuse(problems: list[Problem]) -> NoReturn:
    raise DefinitionError("The text is not a definition that can be read.", problems=problems)


def refuse_size(found: int) -> NoReturn:
    """Say that a text of so many bytes is too long."""
    size = {"size": f"{found / 1e6:.1f}", "limit": f"{MAX_BYTES / 1e6:.0f}"}
    _refuse([Problem("", "The text is %(size)s MB long; at most %(limit)s MB can be read.", size)])


def _decoded(data: str | bytes) -> str:
    if len(data) > MAX_BYTES:
        refuse_size(len(data))
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problem = Problem("", "Line %(line)s is not UTF-8 text.", {"line": line}, "Save the file as UTF-8.")
        _refuse([problem])


def _refuse_depth(text: str) -> None:
    depth = 0
    for token in _STRUCTURE.finditer(text):
        sign = token.group()
        depth += 1 if sign in "[{" else -1 if sign in "]}" else 0
        if depth > MAX_DEPTH:
            params = {"line": text.count("\n", 0, token.start()) + 1, "limit": MAX_DEPTH}
            _refuse([Problem("", "Line %(line)s nests deeper than %(limit)s levels.", params)])


def _refuse_syntax(error: json.JSONDecodeError) -> NoReturn:
    params = {"line": error.lineno, "column": error.colno, "reason": error.msg}
    _refuse([Problem("", "Line %(line)s, character %(column)s cannot be read as JSON: %(reason)s.", params)])


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) == len(pairs):
        return result
    doubled = _Doubled(result)
    doubled.names = tuple(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
    return doubled


def _float(written: str) -> float | str:
    number = float(written)
    return number if math.isfinite(number) else _Unusable(written[:MAX_DIGITS])


def _integer(written: str) -> int | str:
    return int(written) if len(written) <= MAX_DIGITS else _Unusable(written[:MAX_DIGITS])


def _unusable(value: Any, pointer: str = "") -> Iterator[Problem]:
    """What the hooks marked, with pointers; recursion is bounded by MAX_DEPTH."""
    if isinstance(value, _Unusable):
        yield Problem(pointer, "%(number)s is not a number that can be stored.", {"number": str(value)})
    elif isinstance(value, str):
        if _UNSTORABLE.search(value):
            yield Problem(pointer, "The text holds a character that cannot be stored.")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unusable(item, f"{pointer}/{index}")
    elif isinstance(value, dict):
        for name in value.names if isinstance(value, _Doubled) else ():
            yield Problem(f"{pointer}/{_step(name)}", "The name %(name)s stands here twice.", {"name": name})
        for name, item in value.items():
            if _UNSTORABLE.search(name):
                yield Problem(pointer, "A name holds a character that cannot be stored.")
            yield from _unusable(item, f"{pointer}/{_step(name)}")


def _step(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
