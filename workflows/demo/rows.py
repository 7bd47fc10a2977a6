"""Rows that name other rows by keys of their own, because ids exist only once a database gave them.

Made by `people`, `history` and `story`; `loading` turns the keys in reference fields into ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """The JSON values of one record; fields that refer to another hold its key. "" where nothing refers to it."""

    key: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Batch:
    """Rows of one definition that may be written together: none refers to another of them."""

    definition: str
    rows: tuple[Row, ...]
