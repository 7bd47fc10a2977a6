"""What a field's form asks for as JSON Schema: the shape of each type, its bounds, its start value.

Called by `fieldform`; pure. Every problem is noted at its input, so that a form shows all of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import lazy_gettext as _l

from metadata.dialect import places
from metadata.errors import Problem
from portal.designer import rowform
from portal.designer.naming import LONGEST_NAME, NAME
from portal.designer.rowform import Line

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
    "references": _l("Several references"),
    "choices": _l("Several choices"),
    "person": _l("Person"),
    "rows": _l("Table with rows of its own"),
    "attachment": _l("File"),
    "formula": _l("Formula"),
}
RESULTS = {kind: TYPES[kind] for kind in ("decimal", "integer", "number", "text", "boolean", "date")}
FORMATS = {"date": "date", "date_time": "date-time", "time": "time", "email": "email", "uri": "uri", "uuid": "uuid"}
WITHOUT_START = {"reference", "references", "person", "rows", "attachment", "formula"}
NUMBERS = {"integer", "decimal", "number"}
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
    "formula",
    "result",
    "least",
    "most",
    "accept",
    "size",
    "tree",
    "fill",
)
USUAL_LENGTH, USUAL_PLACES, BLANK_ROWS = 200, 2, 3
WHOLE, NUMERIC = "A whole number is expected here.", "A number is expected here."


@dataclass(frozen=True)
class FieldForm:
    """What stands in the inputs: texts by input, and the choices as (value, English label, Chinese label)."""

    texts: Mapping[str, str]
    required: bool = False
    listed: bool = False
    choices: tuple[tuple[str, str, str], ...] = ()
    target: str = ""
    retired: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    moves: tuple[tuple[str, str], ...] = ()

    def renamed(self, field: str) -> dict[str, str]:
        """The fields of rows that were given another name, by their paths."""
        moved = [(line.was, line.name) for line in self.lines if line.was and line.was != line.name]
        return {f"{field}.{was}": f"{field}.{now}" for was, now in moved} if field else {}

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


def moves(made: Made, form: FieldForm) -> None:
    """What becomes of stored values: old ones that get another word, and what fills where there is none."""
    moves: dict[str, Any] = {"values": dict(form.moves)} if form.moves else {}
    if form.texts["fill"]:
        moves["fill"] = form.texts["fill"]
    if moves and made.schema.get("x-id"):
        made.schema["x-moves"] = moves


def check_name(made: Made, name: str, taken: Collection[str]) -> None:
    if not name:
        made.refuse("name", "A field needs a name.")
    elif not all(NAME.fullmatch(part) and len(part) <= LONGEST_NAME for part in name.split(".")):
        made.refuse("name", "Small letters, digits and single underscores, a letter first, at most 40.")
    elif name.count(".") >= places.DEEPEST:
        made.refuse("name", "Objects nest at most %(limit)s deep.", limit=places.DEEPEST - 1)
    elif any(name.startswith(f"{other}.") for other in taken):
        made.refuse("name", "What stands before the point is a field with a value; nothing can stand within it.")
    elif name in taken or any(other.startswith(f"{name}.") for other in taken):
        made.refuse("name", "There is already a field called “%(name)s”.", name=name)


def of_type(made: Made, form: FieldForm, kind: str, before: Mapping[str, Any], *, whole: bool) -> dict[str, Any]:
    texts = form.texts
    if kind in ("reference", "references"):
        return _pointing(made, form, kind)
    if kind in ("choice", "choices"):
        return _choices(made, form, whole=whole, several=kind == "choices")
    if kind == "rows":
        items, words, wrong = rowform.read(form.lines, before)
        for sentence in wrong:
            made.refuse("lines", sentence)
        made.words = {"zh": {"properties": words}} if words else {}
        return {"type": "array", "items": items, **_entries(made, texts)}
    if kind == "formula":
        if not texts["formula"]:
            made.refuse("formula", "Write the formula.")
        return {**_result(made, form, texts["result"]), "x-formula": texts["formula"]}
    if kind == "person":
        return {"type": "integer", "x-format": "person"}
    if kind == "attachment":
        return _attachment(made, texts)
    if kind == "text":
        length = _whole(made, "length", texts["length"])
        return {"type": "string", "maxLength": USUAL_LENGTH if length is None else length}
    if kind in FORMATS:
        return {"type": "string", "format": FORMATS[kind]}
    if kind in NUMBERS:
        return _number(made, texts, kind)
    return {"type": "boolean" if kind == "boolean" else "string"}


def _pointing(made: Made, form: FieldForm, kind: str) -> dict[str, Any]:
    if not form.target:
        made.refuse("target", "Choose what the field points at.")
    if kind == "references":
        return {"type": "array", "items": {"$ref": form.target}, **_entries(made, form.texts)}
    return {"$ref": form.target, **({"x-tree": True} if form.texts["tree"] else {})}


def _result(made: Made, form: FieldForm, result: str) -> dict[str, Any]:
    """What a formula gives; bounds and lengths are no matter of it."""
    if result not in RESULTS:
        made.refuse("result", "Choose one of the types.")
        return {}
    if result == "text":
        return {"type": "string"}
    empty = {**form.texts, "minimum": "", "maximum": ""}
    return of_type(made, replace(form, texts=empty), result, {}, whole=False)


def _entries(made: Made, texts: Mapping[str, str]) -> dict[str, Any]:
    """How many entries a list has at least and at most."""
    bounds = {"minItems": _whole(made, "least", texts["least"]), "maxItems": _whole(made, "most", texts["most"])}
    return {keyword: number for keyword, number in bounds.items() if number is not None}


def _attachment(made: Made, texts: Mapping[str, str]) -> dict[str, Any]:
    accept = [part.strip() for part in texts["accept"].split(",") if part.strip()]
    size = _whole(made, "size", texts["size"])
    limits = {"x-accept": accept, "x-max-size": size}
    return {"type": "string", "x-format": "attachment", **{k: v for k, v in limits.items() if v}}


def _choices(made: Made, form: FieldForm, *, whole: bool, several: bool = False) -> dict[str, Any]:
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
    if several:
        shape = {"type": "array", "items": shape, **_entries(made, form.texts)}
    extra = {"x-enum-labels": labels, "x-retired": [v for v in values if str(v) in form.retired]}
    return {**shape, **{k: v for k, v in extra.items() if v}}


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


def start(made: Made, text: str, kind: str) -> None:
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
    elif kind in WITHOUT_START:
        made.refuse("default", "A field of this type has no start value.")
        value = None
    elif kind == "choices":
        value = [part.strip() for part in text.split(";") if part.strip()]
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


def text_of(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)
