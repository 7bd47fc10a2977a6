"""Values that are tuples of entries: records pointed at, choices, the rows of a child table.

Called by `table`. Text is a JSON list (what forms send, and what an export writes where it must) or entries with `;`
between them. No entry at all is no value: readers then give None, as they do for empty text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import BigInteger, String

from metadata.fieldtypes import scalars
from metadata.fieldtypes.kinds import BadEntries, BadValue, FieldType
from metadata.model import Field

MOST_ENTRIES = 1000
A_LIST = "A list, written in [ ], is expected here."
A_ROW = "An object, written in { }, is expected here."
UNKNOWN = "There is no field called “%(name)s”."
MANY: Mapping[str, bool] = {"ordered": False, "many": True}
Kinds = Mapping[str, FieldType]
Row = Mapping[str, Any]


def types(scalar: Kinds) -> tuple[FieldType, ...]:
    """The rows of the table for lists; `scalar` has the types that a child table's own fields can have."""

    def read_rows(field: Field, value: str, zone: ZoneInfo) -> Any:
        return rows_of(scalar, field, listed(value), zone)

    def rows_json(field: Field, value: Any) -> Any:
        return rows_of(scalar, field, value, None)

    return (
        FieldType("references", _number, read_references, references_json, list, joined, "references", "array", **MANY),
        FieldType("choices", _word, read_choices, choices_json, list, joined, "checkboxes", "array", **MANY),
        FieldType("rows", _word, read_rows, rows_json, plain_rows, _rows_text, "grid", "array", **MANY),
    )


def _number(_field: Field) -> BigInteger:
    return BigInteger()


def _word(_field: Field) -> String:
    return String(100)


def references_json(field: Field, value: Any) -> tuple[int, ...] | None:
    """The ids in the order given, each once."""
    return _each(value, lambda entry: scalars.reference_json(field, entry))


def read_references(field: Field, value: str, zone: ZoneInfo) -> tuple[int, ...] | None:
    return _each(listed(value), lambda entry: scalars.read_reference(field, str(entry), zone))


def choices_json(field: Field, value: Any) -> tuple[Any, ...] | None:
    """The values in the order of the enum, each once."""
    return _sorted(field, _each(value, lambda entry: scalars.choice_json(field, entry)))


def read_choices(field: Field, value: str, zone: ZoneInfo) -> tuple[Any, ...] | None:
    return _sorted(field, _each(listed(value), lambda entry: scalars.read_choice(field, str(entry), zone)))


def _sorted(field: Field, found: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
    order = {choice.value: place for place, choice in enumerate(field.enum)}
    return found and tuple(sorted(found, key=order.__getitem__))


def rows_of(scalar: Kinds, field: Field, value: Any, zone: ZoneInfo | None) -> tuple[Row, ...] | None:
    """The rows in the order given; with a zone, a cell that is text is read as typed text, else as JSON."""
    given = _entries(value)
    faults: list[tuple[str, BadValue]] = []
    rows = [_row(scalar, field, entry, zone, f"/{place}", faults) for place, entry in enumerate(given)]
    if faults:
        raise BadEntries(faults)
    return tuple(row for row in rows if row) or None


def _row(
    scalar: Kinds, field: Field, given: Any, zone: ZoneInfo | None, path: str, faults: list[tuple[str, BadValue]]
) -> dict[str, Any]:
    """One row as Python values; empty where nothing was filled in."""
    if not isinstance(given, Mapping):
        faults.append((path, BadValue(A_ROW)))
        return {}
    values: dict[str, Any] = {}
    for name, cell in given.items():
        try:
            values[name] = _cell(scalar, field, name, cell, zone)
        except BadValue as bad:
            faults.append((f"{path}/{name}", bad))
    if values.get("id") is None:
        values.pop("id", None)
        return values if any(value is not None for value in values.values()) else {}
    return values


def _cell(scalar: Kinds, field: Field, name: str, given: Any, zone: ZoneInfo | None) -> Any:
    if given is None or (isinstance(given, str) and not given.strip()):
        return None
    typed = zone is not None and isinstance(given, str)
    if name == "id":
        return scalars.reference_json(field, int(given) if typed and given.strip().isdecimal() else given)
    inner = field.rows.get(name)
    if inner is None:
        raise BadValue(UNKNOWN, name=name)
    kind = scalar[inner.type]
    return kind.from_text(inner, given, zone) if zone and typed else kind.from_json(inner, given)


def _each(value: Any, read: Callable[[Any], Any]) -> tuple[Any, ...] | None:
    found: dict[Any, None] = {}
    faults: list[tuple[str, BadValue]] = []
    for place, entry in enumerate(_entries(value)):
        try:
            found[read(entry)] = None
        except BadValue as bad:
            faults.append((f"/{place}", bad))
    if faults:
        raise BadEntries(faults)
    return tuple(found) or None


def _entries(value: Any) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise BadValue(A_LIST)
    if len(value) > MOST_ENTRIES:
        raise BadValue("At most %(limit)s entries are possible here.", limit=MOST_ENTRIES)
    return value


def listed(text: str) -> Any:
    """What was typed as a list: JSON where it begins like that, else what stands between the semicolons."""
    if not text.lstrip().startswith("["):
        return [word for word in re.split(r"[;；\n]", text) if word.strip()]
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise BadValue(A_LIST) from None


def joined(value: Sequence[Any]) -> str:
    """Entries as one text that `listed` takes apart again."""
    words = [str(entry) for entry in value]
    if any(sign in word for word in words for sign in ";；\n") or words[0].startswith("["):
        return orjson.dumps(words).decode()
    return "; ".join(words)


def plain_rows(value: Sequence[Row]) -> list[dict[str, Any]]:
    """Rows as JSON values."""
    return [{name: _plain(cell) for name, cell in row.items()} for row in value]


def _plain(cell: Any) -> Any:
    if isinstance(cell, Decimal):
        return float(cell)
    if isinstance(cell, datetime):
        return scalars.moment_to_json(cell)
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell) if isinstance(cell, UUID) else cell


def _rows_text(value: Sequence[Row]) -> str:
    return orjson.dumps(plain_rows(value)).decode()
