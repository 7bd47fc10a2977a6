"""What a backup file is: a ZIP with a manifest, rows as JSON lines, uploads; values that no database colours.

Called by `writing` and `restoring`. A row is a JSON array in the order of the manifest's columns. Numbers with
places, moments, days and identifiers are text, bytes are base64; a value of a JSON column is wrapped in an array, so
that JSON's own null differs from no value.
"""

from __future__ import annotations

import base64
import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, Column, LargeBinary, Table, TypeDecorator
from sqlalchemy.types import TypeEngine

FORMAT = 1
ROWS, PIECES = 2000, 8
MANIFEST = "manifest.json"
TABLES, UPLOADS = "tables/", "uploads/"


@dataclass(frozen=True)
class Member:
    """One table or upload in the file: where, how long, its SHA-256; rows and columns of a table."""

    path: str
    bytes: int
    sha256: str
    rows: int = 0
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself; written last, so a file without it was never finished."""

    format: int
    product: str
    made_at: str
    database: str
    catalog_version: int
    tables: Mapping[str, Member]
    uploads: Mapping[str, Member]

    @property
    def rows(self) -> int:
        """The rows of all tables."""
        return sum(member.rows for member in self.tables.values())

    def as_json(self) -> dict[str, Any]:
        """For the file."""
        plain = {n: getattr(self, n) for n in ("format", "product", "made_at", "database", "catalog_version")}
        return {
            **plain,
            "tables": {name: vars(member) for name, member in self.tables.items()},
            "uploads": {name: vars(member) for name, member in self.uploads.items()},
        }


def manifest_from(plain: Mapping[str, Any]) -> Manifest:
    """The way back; raises KeyError or TypeError for what is no manifest."""
    rest = {n: plain[n] for n in ("format", "product", "made_at", "database", "catalog_version")}
    return Manifest(**rest, tables=_members(plain["tables"]), uploads=_members(plain["uploads"]))


def _members(plain: Mapping[str, Any]) -> dict[str, Member]:
    return {name: Member(**{**member, "columns": tuple(member["columns"])}) for name, member in plain.items()}


def rows_at_once(table: Table) -> int:
    """How many rows of a table are in memory together: few of those that hold pieces of files."""
    return PIECES if any(isinstance(column.type, LargeBinary) for column in table.columns) else ROWS


def is_json(column: Column[Any]) -> bool:
    """Whether the column holds JSON."""
    return isinstance(column.type, JSON)


def encode(value: Any) -> Any:
    """A plain value for JSON; whole numbers, floats, text, truth and None are themselves."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Decimal | uuid.UUID):
        return str(value)
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    return base64.b64encode(value).decode()


def decoder(kind: TypeEngine[Any]) -> Callable[[Any], Any] | None:
    """How a value of a column of this type is read back; None where it is itself."""
    if isinstance(kind, JSON):
        return lambda value: JSON.NULL if value[0] is None else value[0]
    readers: Mapping[type, Callable[[Any], Any]] = {
        dt.datetime: dt.datetime.fromisoformat,
        dt.date: dt.date.fromisoformat,
        dt.time: dt.time.fromisoformat,
        Decimal: Decimal,
        uuid.UUID: uuid.UUID,
        bytes: base64.b64decode,
        float: float,
    }
    try:
        return readers.get((kind.impl_instance if isinstance(kind, TypeDecorator) else kind).python_type)
    except NotImplementedError:  # SQLAlchemy's word for a type that names no Python type: what JSON gives is its value
        return None
