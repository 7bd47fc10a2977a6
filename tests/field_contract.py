"""The contract that every field type keeps, as a table: one row for each type, read by the tests of both floors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from metadata import fieldtypes

BY_ITSELF = {"attachment"}  # files are no texts that a table can name: TestContract in tests/portal/test_files.py


@dataclass(frozen=True)
class Row:
    """A type: how a field of it is written, a smaller and a larger value as JSON, and what it refuses.

    `texts` are the two values as people type or import them, where that differs from an export of them; `wrong` is a JSON
    value with the place inside it and the beginning of the sentence that refuses it, `mistyped` the text that people
    would type for it, where it differs. `shown` is what a list says for the larger value in English and in Chinese, where
    that is not its text. Ids are those of departments and people that the test makes sure of.
    """

    type: str
    schema: Mapping[str, Any]
    low: Any
    high: Any
    wrong: tuple[Any, str, str]
    texts: tuple[str, str] = ("", "")
    mistyped: str = ""
    shown: tuple[str, str] = ("", "")
    compared: bool = True  # whether lt and gt make sense
    unit: bool = False  # whether its values are ids of departments
    within: str = ""  # the object that the field stands in

    @property
    def field(self) -> str:
        """The name of the field."""
        return f"{self.within}.f_{self.type}" if self.within else f"f_{self.type}"


def row(type_: str, schema: Mapping[str, Any], low: Any, high: Any, wrong: tuple[Any, str, str], **more: Any) -> Row:
    """A row whose values are typed as JSON writes them, unless it says otherwise."""
    made = Row(type_, schema, low, high, wrong, **more)
    texts = made.texts if any(made.texts) else (str(low), str(high))
    shown = made.shown if any(made.shown) else (texts[1], texts[1])
    return replace(made, texts=texts, shown=shown, mistyped=made.mistyped or str(wrong[0]))


def text(type_: str, low: str, high: str, wrong: str, sentence: str, *, form: str = "", **more: Any) -> Row:
    """A type whose values are texts with a format."""
    return row(type_, {"type": "string", "format": form or type_}, low, high, (wrong, "", sentence), **more)


REF = {"$ref": "department"}
GRID = {
    "type": "array",
    "maxItems": 2,
    "items": {
        "type": "object",
        "properties": {"what": {"type": "string", "maxLength": 9}, "weight": {"type": "number", "multipleOf": 0.1}},
        "required": ["what"],
    },
}
DAYS = {"type": "array", "items": {"type": "string", "enum": ["mon", "tue"]}, "x-enum-labels": {"mon": "Monday"}}
GRADES = {"type": "string", "enum": ["a", "b"], "x-enum-labels": {"a": "Alpha", "b": "Beta"}}
LINE = {"type": "string", "maxLength": 5}
LONG = ("abcdef", "", "Must have at most 5")
MISSING = (999999, "", "There is no such record")
UUID = "0b0e3c3a-0000-4000-8000-00000000000"
TABLE: tuple[Row, ...] = (
    row("text", LINE, "abc", "abd", LONG),
    row("text", LINE, "abc", "abd", LONG, within="box"),
    row("long_text", {"type": "string"}, "a\nb", "b", (5, "", "Text is expected")),
    text("date", "2026-01-31", "2026-02-01", "31.1.26", "A date such as", shown=("Feb 1, 2026", "2026年2月1日")),
    text(
        "date_time",
        "2026-01-31T08:00:00Z",
        "2026-01-31T09:00:00Z",
        "2026-01-31T08:00",
        "The time zone is missing",
        form="date-time",
        mistyped="soon",
        shown=("Jan 31, 2026, 5:00:00 PM", "2026年1月31日 17:00:00"),
    ),
    text("time", "08:00:00", "09:30:00", "25:00", "A time such as", shown=("9:30 AM", "09:30")),
    text("email", "a@b.example", "b@b.example", "a.example", "An e-mail address"),
    text("uri", "https://a.example", "https://b.example", "javascript:alert(1)", "A web address"),
    text("uuid", f"{UUID}1", f"{UUID}2", "12", "An identifier such as"),
    row("integer", {"type": "integer", "minimum": 1}, 2, 12345, (0, "", "Must be at least 1"), shown=("12,345",) * 2),
    row(
        "decimal",
        {"type": "number", "multipleOf": 0.01, "maximum": 99},
        2.5,
        10.25,
        (2.555, "", "At most 2 decimal places"),
        texts=("2.50", "10.25"),
    ),
    row(
        "number",
        {"type": "number", "exclusiveMinimum": 0},
        2.5,
        1e10,
        (0, "", "Must be more than 0"),
        shown=("10,000,000,000",) * 2,
    ),
    row(
        "boolean",
        {"type": "boolean"},
        False,
        True,
        ("yes", "", "True or false"),
        texts=("false", "true"),
        shown=("Yes", "是"),
        compared=False,
    ),
    row("choice", GRADES, "a", "b", ("c", "", "“c” is not one of"), shown=("Beta", "乙")),
    row("choice_integer", {"type": "integer", "enum": [1, 2]}, 1, 2, (3, "", "“3” is not one of")),
    row("reference", REF, 1, 2, MISSING, compared=False, unit=True),
    row("person", {"type": "integer", "x-format": "person"}, 1, 2, MISSING, compared=False),
    row(
        "references",
        {"type": "array", "items": REF, "maxItems": 2},
        [2],
        [1, 2],
        ([1, 999999], "/1", "There is no such record"),
        texts=("2", "1; 2"),
        mistyped="1; 999999",
        compared=False,
        unit=True,
    ),
    row(
        "choices",
        DAYS,
        ["tue"],
        ["mon", "tue"],
        (["sun"], "/0", "“sun” is not one of"),
        texts=("tue", "mon; tue"),
        mistyped="sun",
        shown=("Monday, tue", "星期一, tue"),
        compared=False,
    ),
    row(
        "rows",
        GRID,
        [{"what": "x", "weight": 0.3}],
        [{"what": "y", "weight": None}, {"what": "z", "weight": 2.0}],
        ([{"weight": 1}], "/0/what", "This field is required"),
        texts=('[{"what":"x","weight":0.3}]', '[{"what":"y"},{"what":"z","weight":2}]'),
        mistyped='[{"weight": "1"}]',
        shown=("y; z, 2", "y; z, 2"),
        compared=False,
    ),
)
FORMULAS: Mapping[str, tuple[Mapping[str, Any], Any, Any, str]] = {  # schema, smaller and larger value, its text
    "twice": ({"type": "number", "x-formula": "f_number * 2"}, 5.0, 2e10, "20,000,000,000"),
    "next": ({"type": "integer", "x-formula": "f_integer + 1"}, 3, 12346, "12,346"),
    "half": ({"type": "number", "multipleOf": 0.01, "x-formula": "f_decimal / 2"}, 1.25, 5.13, "5.13"),
    "loud": ({"type": "string", "x-formula": "upper(f_text)"}, "ABC", "ABD", "ABD"),
    "later": (
        {"type": "string", "format": "date", "x-formula": "max(f_date, f_date)"},
        *("2026-01-31", "2026-02-01"),
        "",
    ),
    "above": ({"type": "boolean", "x-formula": "f_integer > 2"}, False, True, ""),
}


def names_are_complete() -> bool:
    """Whether every type has its row."""
    return {one.type for one in TABLE} | BY_ITSELF == set(fieldtypes.TYPES)


def definition() -> dict[str, Any]:
    """A definition with a field of each type, called f_<type>, formulas of each result and a tree."""
    fields: dict[str, Any] = {"code": {"type": "string", "maxLength": 20}}
    words: dict[str, Any] = {}
    for number, one in enumerate(TABLE):
        here = (
            fields.setdefault(one.within, {"type": "object", "properties": {}})["properties"] if one.within else fields
        )
        here[f"f_{one.type}"] = dict(one.schema)
        if not one.within:
            words[f"f_{one.type}"] = {"title": f"字段{number}"}
    words["f_choice"]["x-enum-labels"] = {"a": "甲", "b": "乙"}
    words["f_choices"]["x-enum-labels"] = {"mon": "星期一"}
    fields |= {name: dict(schema) for name, (schema, _low, _high, _shown) in FORMULAS.items()}
    fields["parent"] = {"$ref": "contract", "x-tree": True}
    columns = ["code", *(one.field for one in TABLE), *FORMULAS, "parent"]
    can = ["list", "show", "add", "edit", "remove", "export", "import"]
    return {
        "$id": "contract",
        "title": "Contract",
        "type": "object",
        "properties": fields,
        "required": ["code"],
        "x-unique": [["code"]],
        "x-label": ["code"],
        "x-i18n": {"zh": {"title": "契约", "properties": words}},
        "x-screen": {"list": columns},
        "x-access": {"HR admin": {"rows": "all", "can": can}},
    }


def plain(value: Any) -> Any:
    """A JSON value without the ids that rows got."""
    if isinstance(value, list):
        return [{k: v for k, v in entry.items() if k != "id"} if isinstance(entry, dict) else entry for entry in value]
    return value
