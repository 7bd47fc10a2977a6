"""The contract that every field type keeps, as a table: one row for each type, read by the tests of both floors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from metadata import fieldtypes


@dataclass(frozen=True)
class Row:
    """A type: how a field of it is written, a smaller and a larger value as JSON, and what it refuses.

    `texts` are the two values as people type or import them, where that differs from an export of them; `wrong` is a JSON
    value with the place inside it and the beginning of the sentence that refuses it. A number `{n}` in a value stands for
    the id of the n-th department.
    """

    type: str
    schema: Mapping[str, Any]
    low: Any
    high: Any
    texts: tuple[str, str]
    wrong: tuple[Any, str, str]
    compared: bool = True  # whether lt and gt make sense
    unit: bool = False  # whether its values are ids of departments


REF = {"$ref": "department"}
ROWS = {
    "type": "array",
    "maxItems": 2,
    "items": {
        "type": "object",
        "properties": {"what": {"type": "string", "maxLength": 9}, "weight": {"type": "number", "multipleOf": 0.1}},
        "required": ["what"],
    },
}
DAYS = {"type": "array", "items": {"type": "string", "enum": ["mon", "tue"]}, "x-enum-labels": {"mon": "Monday"}}
TABLE: tuple[Row, ...] = (
    Row(
        "text", {"type": "string", "maxLength": 5}, "abc", "abd", ("abc", "abd"), ("abcdef", "", "Must have at most 5")
    ),
    Row("long_text", {"type": "string"}, "a\nb", "b", ("a\nb", "b"), (5, "", "Text is expected")),
    Row(
        "date",
        {"type": "string", "format": "date"},
        "2026-01-31",
        "2026-02-01",
        ("2026-01-31", "2026-02-01"),
        ("31.1.26", "", "A date such as"),
    ),
    Row(
        "date_time",
        {"type": "string", "format": "date-time"},
        "2026-01-31T08:00:00Z",
        "2026-01-31T09:00:00Z",
        ("2026-01-31T08:00:00Z", "2026-01-31T09:00:00Z"),
        ("2026-01-31T08:00", "", "The time zone is missing"),
    ),
    Row(
        "time",
        {"type": "string", "format": "time"},
        "08:00:00",
        "09:30:00",
        ("08:00:00", "09:30:00"),
        ("25:00", "", "A time such as"),
    ),
    Row(
        "email",
        {"type": "string", "format": "email"},
        "a@b.example",
        "b@b.example",
        ("a@b.example", "b@b.example"),
        ("a.example", "", "An e-mail address"),
    ),
    Row(
        "uri",
        {"type": "string", "format": "uri"},
        "https://a.example",
        "https://b.example",
        ("https://a.example", "https://b.example"),
        ("javascript:alert(1)", "", "A web address"),
    ),
    Row(
        "uuid",
        {"type": "string", "format": "uuid"},
        "0b0e3c3a-0000-4000-8000-000000000001",
        "0b0e3c3a-0000-4000-8000-000000000002",
        ("0b0e3c3a-0000-4000-8000-000000000001", "0b0e3c3a-0000-4000-8000-000000000002"),
        ("12", "", "An identifier such as"),
    ),
    Row("integer", {"type": "integer", "minimum": 1}, 2, 10, ("2", "10"), (0, "", "Must be at least 1")),
    Row(
        "decimal",
        {"type": "number", "multipleOf": 0.01, "maximum": 99},
        2.5,
        10.25,
        ("2.50", "10.25"),
        (2.555, "", "At most 2 decimal places"),
    ),
    Row(
        "number",
        {"type": "number", "exclusiveMinimum": 0},
        2.5,
        1e10,
        ("2.5", "10000000000.0"),
        (0, "", "Must be more than 0"),
    ),
    Row("boolean", {"type": "boolean"}, False, True, ("false", "true"), ("yes", "", "True or false"), compared=False),
    Row(
        "choice",
        {"type": "string", "enum": ["a", "b"], "x-enum-labels": {"a": "Alpha"}},
        "a",
        "b",
        ("a", "b"),
        ("c", "", "“c” is not one of"),
    ),
    Row("choice_integer", {"type": "integer", "enum": [1, 2]}, 1, 2, ("1", "2"), (3, "", "“3” is not one of")),
    Row("reference", REF, 1, 2, ("1", "2"), (999999, "", "There is no such record"), compared=False, unit=True),
    Row(
        "person",
        {"type": "integer", "x-format": "person"},
        1,
        2,
        ("1", "2"),
        (999999, "", "There is no such record"),
        compared=False,
    ),
    Row(
        "references",
        {"type": "array", "items": REF, "maxItems": 2},
        [2],
        [1, 2],
        ("2", "1; 2"),
        ([1, 999999], "/1", "There is no such record"),
        compared=False,
        unit=True,
    ),
    Row(
        "choices",
        DAYS,
        ["tue"],
        ["mon", "tue"],
        ("tue", "mon; tue"),
        (["sun"], "/0", "“sun” is not one of"),
        compared=False,
    ),
    Row(
        "rows",
        ROWS,
        [{"what": "x", "weight": 0.3}],
        [{"what": "y", "weight": None}, {"what": "z", "weight": 2.0}],
        ('[{"what":"x","weight":0.3}]', '[{"what":"y"},{"what":"z","weight":2}]'),
        ([{"weight": 1}], "/0/what", "This field is required"),
        compared=False,
    ),
)
REFUSED = {"attachment"}  # known to the table of types, and not to be published yet


def names_are_complete() -> bool:
    """Whether every type has its row."""
    return {row.type for row in TABLE} | REFUSED == set(fieldtypes.TYPES)


def definition() -> dict[str, Any]:
    """A definition with a field of each type, called f_<type>, and a formula."""
    fields = {"code": {"type": "string", "maxLength": 20}, **{f"f_{row.type}": dict(row.schema) for row in TABLE}}
    fields["twice"] = {"type": "number", "x-formula": "f_integer * 2"}
    words = {"properties": {f"f_{row.type}": {"title": f"字段{n}"} for n, row in enumerate(TABLE)}}
    return {
        "$id": "contract",
        "title": "Contract",
        "type": "object",
        "properties": fields,
        "required": ["code"],
        "x-unique": [["code"]],
        "x-i18n": {"zh": {"title": "契约", **words}},
        "x-screen": {"list": list(fields)},
    }


def plain(value: Any) -> Any:
    """A JSON value without the ids that rows got."""
    if isinstance(value, list):
        return [{k: v for k, v in entry.items() if k != "id"} if isinstance(entry, dict) else entry for entry in value]
    return value
