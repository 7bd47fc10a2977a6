"""The fields of a child table as lines of a form, and back to the `items` of its property.

Called by `fieldform`; pure. A line has a title in both languages, a name, a type, and one input for what the type
needs: the values of a choice, the definition that a reference points at, the longest text. What a line does not say
(bounds, labels, columns) stays with a field that keeps its type; `was` is the name under which the page showed it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict

from metadata.parser.fields import type_of
from portal.designer.naming import LONGEST_NAME, NAME, named_after

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
    "email": _l("E-mail address"),
    "uri": _l("Web address"),
    "reference": _l("Reference"),
}
SHAPES: Mapping[str, Mapping[str, Any]] = {
    "long_text": {"type": "string"},
    "integer": {"type": "integer"},
    "decimal": {"type": "number", "multipleOf": 0.01},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "date_time": {"type": "string", "format": "date-time"},
    "email": {"type": "string", "format": "email"},
    "uri": {"type": "string", "format": "uri"},
}
PARTS = ("title", "title_zh", "name", "type", "more", "required")
USUAL_LENGTH, BLANK = 200, 3


@dataclass(frozen=True)
class Line:
    """One field of the child table as it stands in the inputs."""

    title: str = ""
    title_zh: str = ""
    name: str = ""
    type: str = "text"
    more: str = ""
    required: str = ""
    was: str = ""


def typed(form: MultiDict[str, str]) -> tuple[Line, ...]:
    """The lines as they were sent, without empty ones; a name that was left empty follows the title."""
    columns = [form.getlist(f"row_{part}") for part in (*PARTS, "was")]
    length = max(map(len, columns))
    lines = zip(*([text.strip() for text in c] + [""] * (length - len(c)) for c in columns), strict=True)
    return tuple(
        Line(title, zh, name or named_after(title), kind or "text", more, required, was)
        for title, zh, name, kind, more, required, was in lines
        if title or name
    )


def blank(lines: Sequence[Line], more: int = 0) -> tuple[Line, ...]:
    """The lines, and empty ones to write further fields into."""
    return (*lines, *((Line(),) * (BLANK + more)))


def filled(schema: Mapping[str, Any], spoken: Mapping[str, Any]) -> tuple[Line, ...]:
    """The lines of a child table that is there; `spoken` are its Chinese texts."""
    items = schema["items"]
    required, words = items.get("required", ()), spoken.get("properties", {})
    return tuple(
        Line(
            one.get("title", name),
            words.get(name, {}).get("title", ""),
            name,
            _kind(one),
            _more(one),
            "1" if name in required else "",
            name,
        )
        for name, one in items["properties"].items()
    )


def read(lines: Sequence[Line], before: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    """The `items`, the Chinese texts by field, and what is wrong as sentences."""
    old = before.get("items", {}).get("properties", {})
    fields, words, wrong = {}, {}, []
    for line in lines:
        if not NAME.fullmatch(line.name) or len(line.name) > LONGEST_NAME:
            wrong.append("Small letters, digits and single underscores, a letter first, at most 40.")
        elif line.name in fields:
            wrong.append("Each field of the table needs a name of its own.")
        elif line.type not in TYPES:
            wrong.append("Choose one of the types.")
        else:
            fields[line.name] = _field(line, old.get(line.was or line.name), wrong)
            words[line.name] = {"title": line.title_zh} if line.title_zh else {}
    if not fields and not wrong:
        wrong.append("A table needs one field or more.")
    items: dict[str, Any] = {"type": "object", "properties": fields}
    needed = [line.name for line in lines if line.required and line.name in fields]
    return ({**items, "required": needed} if needed else items), {n: w for n, w in words.items() if w}, wrong


def _field(line: Line, before: Mapping[str, Any] | None, wrong: list[str]) -> dict[str, Any]:
    if before is not None and _kind(before) == line.type and _more(before) == line.more:
        return {**before, "title": line.title or line.name}
    kept = {"x-id": before["x-id"]} if before and "x-id" in before else {}
    return {**_shape(line, wrong), "title": line.title or line.name, **kept}


def _shape(line: Line, wrong: list[str]) -> dict[str, Any]:
    if line.type == "reference":
        if not line.more:
            wrong.append("Say what the reference points at: the name of a definition.")
        return {"$ref": line.more}
    if line.type == "choice":
        values = [value.strip() for value in line.more.split(";") if value.strip()]
        if not values:
            wrong.append("Say the values of the choice, with a semicolon between them.")
        return {"type": "string", "enum": values}
    if line.type == "text":
        length = int(line.more) if line.more.isdecimal() else USUAL_LENGTH
        return {"type": "string", "maxLength": length}
    return dict(SHAPES[line.type])


def _kind(schema: Mapping[str, Any]) -> str:
    kind = type_of(schema)
    return "choice" if kind == "choice_integer" else kind


def _more(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"])
    if "enum" in schema:
        return "; ".join(str(value) for value in schema["enum"])
    return str(schema.get("maxLength", "")) if _kind(schema) == "text" else ""
