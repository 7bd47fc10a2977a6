"""Before anything else: is it JSON, and of a size that can be judged?

The first gate of `check`, for documents from anywhere: an upload, REST, a test that means harm. The
walk is iterative and stops at the first limit, so no input costs more than the limits allow.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from metadata.errors import Problem

MOST_VALUES = 20_000
MOST_ENTRIES = 1_000
MOST_CHARACTERS = 1_000_000
LONGEST_TEXT = 5_000
LONGEST_KEY = 300
DEEPEST = 24
LARGEST = 2**63 - 1
MOST_FIELDS, MOST_LISTS = 400, 40
SMALLER = "Split it into several definitions."
HIDDEN = "The text holds a sign that cannot be seen and changes how it reads; type the text anew."

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# Control characters, signs without a width that make two names look alike, and those that turn what follows round.
_HIDDEN = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069]")
_Step = tuple[Any, str, int]


def step(pointer: str, key: object) -> str:
    """The pointer one step further down."""
    return f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"


def problems(document: Any) -> list[Problem]:
    """What keeps `document` from being looked at any closer; the first few problems are enough."""
    if not isinstance(document, Mapping):
        return [Problem("", "A definition is one JSON object, written in { }.")]
    return list(_walk(document)) or list(_fields(document))


def _fields(document: Mapping[str, Any]) -> Iterator[Problem]:
    """Whether it has more fields than a table, a form and a statement can bear, those in objects and rows included."""
    waiting: list[Any] = [document.get("properties")]
    fields = lists = 0
    while waiting:
        here = waiting.pop()
        for item in here.values() if isinstance(here, Mapping) else ():
            fields += 1
            if isinstance(item, Mapping):
                items = item.get("items")
                lists += item.get("type") == "array"
                waiting += [item.get("properties"), items.get("properties") if isinstance(items, Mapping) else None]
    if fields > MOST_FIELDS:
        message = "A definition has at most %(limit)s fields, those within objects and rows included."
        yield Problem("/properties", message, {"limit": MOST_FIELDS}, SMALLER)
    elif lists > MOST_LISTS:
        yield Problem("/properties", "A definition has at most %(limit)s lists.", {"limit": MOST_LISTS}, SMALLER)


def _walk(document: Mapping[Any, Any]) -> Iterator[Problem]:
    waiting: list[_Step] = [(document, "", 1)]
    values = characters = 0
    while waiting:
        value, pointer, depth = waiting.pop()
        values += 1
        if isinstance(value, str):
            characters += len(value)
        if values > MOST_VALUES or characters > MOST_CHARACTERS:
            yield Problem("", "The definition is too large to be read.", hint=SMALLER)
            return
        if depth > DEEPEST:
            yield Problem(pointer, "This is nested deeper than %(limit)s levels.", {"limit": DEEPEST})
            return
        if isinstance(value, Mapping | list | tuple):
            if len(value) > MOST_ENTRIES:
                yield Problem(pointer, "At most %(limit)s entries are possible here.", {"limit": MOST_ENTRIES}, SMALLER)
                return
            for key, item in value.items() if isinstance(value, Mapping) else enumerate(value):
                if isinstance(value, Mapping) and not _is_key(key):
                    yield Problem(pointer, "A name here is no text that can be stored.")
                    continue
                if isinstance(key, str) and _HIDDEN.search(key):
                    yield Problem(pointer, HIDDEN)
                    continue
                waiting.append((item, step(pointer, key), depth + 1))
                characters += len(key) if isinstance(key, str) else 0
        else:
            wrong = _scalar(value)
            if wrong:
                yield Problem(pointer, wrong)


def _is_key(key: Any) -> bool:
    return isinstance(key, str) and len(key) <= LONGEST_KEY and not _UNSTORABLE.search(key)


def _scalar(value: Any) -> str:
    """What is wrong with a value that holds no others; empty when nothing is."""
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT:
            return "This text is too long."
        if _UNSTORABLE.search(value):
            return "The text holds a character that cannot be stored."
        return HIDDEN if _HIDDEN.search(value) else ""
    if isinstance(value, int):
        return "" if abs(value) <= LARGEST else "This number is too large."
    if isinstance(value, float):
        return "" if math.isfinite(value) else "This is not a number that can be stored."
    return "This is no JSON value."
