"""JSON values that nobody can change, and the way back.

Definitions travel between threads as part of a catalog; what they carry of the original document is
frozen here. `thawed` gives libraries that insist on `dict` and `list` (jsonschema, orjson) their own copy.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

PLAIN = frozenset({str, int, float, bool, type(None)})


def frozen_deep(value: Any) -> Any:
    """The same JSON value with read-only mappings and tuples all the way down.

    Whole documents pass through here at each start of a process: what needs no freezing costs no call.
    """
    if isinstance(value, dict | MappingProxyType):  # what JSON and we ourselves make; asking for Mapping is slow
        return MappingProxyType({k: v if type(v) in PLAIN else frozen_deep(v) for k, v in value.items()})
    if isinstance(value, list | tuple):
        return tuple([v if type(v) in PLAIN else frozen_deep(v) for v in value])
    return value


def thawed(value: Any) -> Any:
    """The same JSON value as fresh dictionaries and lists."""
    if isinstance(value, Mapping):
        return {key: thawed(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [thawed(item) for item in value]
    return value
