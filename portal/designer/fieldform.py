"""A field's form: texts as typed on one side, a property of the definition's document on the other.

Called by the designer's pages; pure. What the form does not know of (bounds set over REST, patterns,
formats of display) stays with the field as long as its type does.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict

from metadata.errors import Problem
from metadata.parser.fields import decimal_places, type_of

TYPES = {
    "text": _l("Text"),
    "long_text": _l("Long text"),
    "choice": _l("Choice"),
    "integer": _l("Whole number"),
    "decimal": _l("Decimal number"),
    "number": _l("Number"),
    "boolean": _l("Yes or no"),
    "date": _l("Date"),
    "date_time": _l("Date and time"),
    "time": _l("Time"),
    "email": _l("E-mail address"),
    "uri": _l("Web address"),
    "uuid": _l("Identifier (UUID)"),
    "reference": _l("Reference"),
}
FORMATS = {"date": "date", "date_time": "date-time", "time": "time", "email": "email", "uri": "uri", "uuid": "uuid"}
NUMBERS = {"integer", "decimal", "number"}
OWN = {
    "type",
    "format",
    "enum",
    "x-enum-labels",
    "$ref",
    "maxLength",
    "minimum",
    "maximum",
    "multipleOf",
    "title",
    "description",
    "default",
}
LASTING = {"x-id", "x-core"}
TEXTS = (
    "name",
    "title",
    "title_zh",
    "help",
    "help_zh",
    "type",
    "default",
    "length",
    "places",
    "minimum",
    "maximum",
)
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
LONGEST_NAME, USUAL_LENGTH, USUAL_PLACES, BLANK_ROWS = 40, 200, 2, 3
INPUTS = {
    "enum": "choices",
    "x-enum-labels": "choices",
    "$ref": "target",
    "maxLength": "length",
    "minimum": "minimum",
    "maximum": "maximum",
    "multipleOf": "places",
    "description": "help",
    "format": "type",
    "type": "type",
    "title": "title",
    "default": "default",
}
WHOLE, NUMERIC = "A whole number is expected here.", "A number is expected here."


@dataclass(frozen=True)
class FieldForm:
    """What stands in the inputs: texts by input, and the choices as (value, English label, Chinese label)."""

    texts: Mapping[str, str]
    required: bool = False
    listed: bool = False
    choices: tuple[tuple[str, str, str], ...] = ()
    target: str = ""

    def rows(self, more: int = 0) -> tuple[tuple[str, str, str], ...]:
        """The choices, and lines to write further ones."""
        return (*self.choices, *((("", "", ""),) * (BLANK_ROWS + more)))


@dataclass
class Made:
    """The property that a form asks for, its texts by language, and what is wrong, each at its input."""

    schema: dict[str, Any] = field(default_factory=dict)
    words: dict[str, Any] = field(default_factory=dict)
    problems: list[tuple[str, Problem]] = field(default_factory=list)

    def refuse(self, at: str, message: str, **params: Any) -> None:
        """Note a problem at the input `at`."""
        self.problems.append((at, Problem("", message, params)))


def typed(form: MultiDict[str, str], called: str = "") -> FieldForm:
    """The form as it was sent; a name that was left empty is that of the field, `called`, or follows the title."""
    columns = [form.getlist(f"choice_{part}") for part in ("value", "en", "zh")]
    length = max(map(len, columns))
    lines = zip(*([text.strip() for text in column] + [""] * (length - len(column)) for column in columns), strict=True)
    texts = {name: form.get(name, "").strip() for name in TEXTS}
    return FieldForm(
        {**texts, "name": texts["name"] or called or named_after(texts["title"])},
        bool(form.get("required")),
        bool(form.get("listed")),
        tuple((a, b, c) for a, b, c in lines if a or b or c),
        form.get("target", ""),
    )


def named_after(title: str) -> str:
    """A name made of the title's Latin letters and digits; "" where it has none."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", title.lower()) if not unicodedata.combining(c))
    return re.sub("^[_0-9]+|_+$", "", re.sub("[^a-z0-9]+", "_", plain))[:LONGEST_NAME].rstrip("_")


def filled(document: Mapping[str, Any], name: str) -> FieldForm:
    """The form of a field that the document has."""
    schema = document["properties"][name]
    spoken = document.get("x-i18n", {}).get("zh", {}).get("properties", {}).get(name, {})
    kind = type_of(schema)
    places = decimal_places(schema["multipleOf"]) if kind == "decimal" else None
    texts = {
        "name": name,
        "title": schema.get("title", ""),
        "title_zh": spoken.get("title", ""),
        "help": schema.get("description", ""),
        "help_zh": spoken.get("description", ""),
        "type": "choice" if kind == "choice_integer" else kind,
        "default": _text(schema.get("default")),
        "length": _text(schema.get("maxLength")),
        "places": _text(places),
        "minimum": _text(schema.get("minimum")),
        "maximum": _text(schema.get("maximum")),
    }
    labels, labels_zh = schema.get("x-enum-labels", {}), spoken.get("x-enum-labels", {})
    choices = tuple((str(v), labels.get(str(v), ""), labels_zh.get(str(v), "")) for v in schema.get("enum", ()))
    listed = name in document.get("x-screen", {}).get("list", ())
    return FieldForm(texts, name in document.get("required", ()), listed, choices, schema.get("$ref", ""))


def read(form: FieldForm, before: Mapping[str, Any] | None, taken: Collection[str]) -> Made:
    """The property that the form asks for; `before` is the one it changes, `taken` are names of other fields."""
    made, texts = Made(), form.texts
    _name(made, texts["name"], taken)
    if not texts["title"]:
        made.refuse("title", "A field needs a title.")
    kind = texts["type"]
    if kind not in TYPES:
        made.refuse("type", "Choose one of the types.")
        return made
    was = type_of(before) if before else ""
    same = kind == ("choice" if was == "choice_integer" else was)
    made.schema = {k: v for k, v in (before or {}).items() if k not in OWN and (same or k in LASTING)}
    made.schema |= _of_type(made, form, kind, whole=was == "choice_integer" and same)
    made.schema["title"] = texts["title"]
    if texts["help"]:
        made.schema["description"] = texts["help"]
    if texts["default"]:
        _start(made, texts["default"], kind)
    if "x-retired" in made.schema:
        made.schema["x-retired"] = [v for v in made.schema["x-retired"] if v in made.schema.get("enum", ())]
    spoken = {"title": texts["title_zh"], "description": texts["help_zh"]}
    if kind == "choice":
        spoken["x-enum-labels"] = {value: zh for value, _en, zh in form.choices if zh}  # type: ignore[assignment]
    made.words = {"zh": spoken}
    return made


def input_of(pointer: str, name: str) -> str:
    """The input that a problem of the dialect at `pointer` belongs to; "" when it is none of field `name`."""
    parts = pointer.strip("/").split("/")
    if parts[:2] == ["properties", name]:
        return INPUTS.get(parts[2], "name") if len(parts) > 2 else "name"
    if parts[:1] == ["x-i18n"] and parts[2:4] == ["properties", name]:
        return "choices" if "x-enum-labels" in parts else "help_zh" if "description" in parts else "title_zh"
    return "name" if name in parts else ""


def _name(made: Made, name: str, taken: Collection[str]) -> None:
    if not name:
        made.refuse("name", "A field needs a name.")
    elif not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        made.refuse("name", "Small letters, digits and single underscores, a letter first, at most 40.")
    elif name in taken:
        made.refuse("name", "There is already a field called “%(name)s”.", name=name)


def _of_type(made: Made, form: FieldForm, kind: str, *, whole: bool) -> dict[str, Any]:
    texts = form.texts
    if kind == "reference":
        if not form.target:
            made.refuse("target", "Choose what the field points at.")
        return {"$ref": form.target}
    if kind == "choice":
        return _choices(made, form, whole=whole)
    if kind == "text":
        length = _whole(made, "length", texts["length"])
        return {"type": "string", "maxLength": USUAL_LENGTH if length is None else length}
    if kind in FORMATS:
        return {"type": "string", "format": FORMATS[kind]}
    if kind in NUMBERS:
        return _number(made, texts, kind)
    return {"type": "boolean" if kind == "boolean" else "string"}


def _choices(made: Made, form: FieldForm, *, whole: bool) -> dict[str, Any]:
    values: list[Any] = [value for value, _en, _zh in form.choices]
    if not values:
        made.refuse("choices", "A choice needs one value or more.")
    elif not all(values):
        made.refuse("choices", "Each choice needs a value, the short word that is stored.")
    elif len(set(values)) < len(values):
        made.refuse("choices", "Each value can stand only once.")
    elif whole:
        values = [_whole(made, "choices", value) for value in values]
    labels = {value: en for value, en, _zh in form.choices if en}
    shape: dict[str, Any] = {"type": "integer" if whole else "string", "enum": values}
    return {**shape, "x-enum-labels": labels} if labels else shape


def _number(made: Made, texts: Mapping[str, str], kind: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "integer" if kind == "integer" else "number"}
    for bound in ("minimum", "maximum"):
        value = (_whole if kind == "integer" else _decimal)(made, bound, texts[bound])
        if value is not None:
            schema[bound] = value
    if kind == "decimal":
        places = _whole(made, "places", texts["places"])
        places = USUAL_PLACES if places is None else places
        if 0 <= places <= 9:
            schema["multipleOf"] = 1 if places == 0 else float(Decimal(1).scaleb(-places))
        else:
            made.refuse("places", "Between 0 and 9 decimal places can be kept.")
    return schema


def _start(made: Made, text: str, kind: str) -> None:
    """The start value as JSON; a choice's and a text's are taken as typed and judged with the whole document."""
    value: Any = text
    if kind == "boolean":
        value = {"true": True, "false": False}.get(text.casefold())
        if value is None:
            made.refuse("default", "Choose yes, no, or nothing.")
    elif kind == "integer" or (kind == "choice" and made.schema["type"] == "integer"):
        value = _whole(made, "default", text)
    elif kind in ("decimal", "number"):
        value = _decimal(made, "default", text)
    elif kind == "reference":
        made.refuse("default", "A reference has no start value.")
        value = None
    if value is not None:
        made.schema["default"] = value


def _whole(made: Made, at: str, text: str) -> int | None:
    if not text:
        return None
    if not re.fullmatch(r"-?\d{1,15}", text):
        made.refuse(at, WHOLE)
        return None
    return int(text)


def _decimal(made: Made, at: str, text: str) -> int | float | None:
    if not text:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("nan")
    if not value.is_finite() or abs(value) > Decimal("1e15"):
        made.refuse(at, NUMERIC)
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def _text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)
