"""What was typed into a form, as the text of each field: what a browser sent becomes what the record door reads.

A list is sent by its name in a hidden input, since a list without entries sends nothing else; its entries follow by the
same name, the cells of a child table as `field-line-column` in the order of its rows. Lists go to the door as JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from werkzeug.datastructures import MultiDict

from metadata import fieldtypes
from metadata.catalog import Entity
from metadata.model import Field
from portal.access import chosen_zone

DROPPED = "_remove"
Line = dict[str, str]


def zone() -> ZoneInfo:
    """The time zone in which moments are typed."""
    return ZoneInfo(chosen_zone())


def typed(fields: Iterable[Field], form: MultiDict[str, str]) -> dict[str, str]:
    """What was typed for each field; a switch that is off sends nothing and means no."""
    found = {}
    for field in fields:
        if field.type == "boolean":
            found[field.name] = "true" if form.get(field.name) else "false"
        elif field.name in form:
            found[field.name] = _sent(field, form)
    return found


def _sent(field: Field, form: MultiDict[str, str]) -> str:
    if field.rows:  # a program may send the whole as JSON
        return form[field.name] or _json(list(_lines(field, form)))
    if field.many:
        return _json([text for text in form.getlist(field.name) if text])
    return form[field.name]


def _json(value: Any) -> str:
    return orjson.dumps(value).decode() if value else ""


def _lines(field: Field, form: MultiDict[str, str]) -> Iterator[Line]:
    """The rows of a child table that say something, without those that were ticked to go."""
    key = re.compile(rf"{re.escape(field.name)}-(\w+)-([\w.]+)")
    lines: dict[str, Line] = {}
    for name in form:
        match = key.fullmatch(name)
        if match and match[2] in {*field.rows, "id", DROPPED}:
            lines.setdefault(match[1], {})[match[2]] = form[name]
    blank = blank_line(field)
    for line in lines.values():
        cells = {f.name: _cell(f, line) for f in field.rows.values() if f.name in line or f.type == "boolean"}
        number = line.get("id", "")
        if DROPPED not in line and (
            number or any(text.strip() not in ("", blank[name]) for name, text in cells.items())
        ):
            yield ({"id": number} if number else {}) | cells


def _cell(field: Field, line: Line) -> str:
    if field.type == "boolean":
        return "true" if line.get(field.name) else "false"
    return line[field.name]


def blank_line(field: Field) -> Line:
    """The texts that a new row of a child table starts with."""
    start = {f.name: _text(f, fieldtypes.of(f).from_json(f, f.default)) for f in field.rows.values() if f.has_default}
    return {f.name: start.get(f.name, "false" if f.type == "boolean" else "") for f in field.rows.values()}


def lines(text: str) -> list[Line]:
    """The rows of a child table as texts, read back from the field's text; none where it holds no list of rows."""
    try:
        found = orjson.loads(text or "[]")
    except orjson.JSONDecodeError:
        return []
    rows = found if isinstance(found, list) else []
    return [{name: _words(cell) for name, cell in row.items()} for row in rows if isinstance(row, dict)]


def entries(text: str) -> list[str]:
    """The entries of a list as texts, read back from the field's text."""
    try:
        found = orjson.loads(text or "[]")
    except orjson.JSONDecodeError:
        return []
    return [_words(entry) for entry in found] if isinstance(found, list) else []


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def texts(entity: Entity, values: Mapping[str, Any]) -> dict[str, str]:
    """Stored values as the texts of inputs."""
    fields = entity.definition.fields
    return {n: _text(fields[n], v) for n, v in values.items() if v is not None and n in fields}


def _text(field: Field, value: Any) -> str:
    if field.rows:
        return _json([_line(field, row) for row in value])
    if field.many:
        return _json([str(entry) for entry in value])
    if field.type == "date_time":
        return str(value.astimezone(zone()).strftime("%Y-%m-%dT%H:%M"))
    if field.type == "time" and not value.second and not value.microsecond:
        return str(value.strftime("%H:%M"))
    return fieldtypes.of(field).to_text(value)


def _line(field: Field, row: Mapping[str, Any]) -> Line:
    cells = {n: _text(f, row[n]) for n, f in field.rows.items() if row.get(n) is not None}
    return ({"id": str(row["id"])} if "id" in row else {}) | cells
