"""How REST reads a body and writes an answer: JSON by orjson, records as the caller may see them.

Called by every room under `portal/api`. Bodies are refused with a sentence, never with a traceback.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import orjson
from flask import Response, request

from metadata import fieldtypes
from metadata.catalog import Entity
from metadata.errors import Invalid
from metadata.model import Field
from metadata.records import Record

AS_IT_IS = frozenset(
    {
        "text",
        "long_text",
        "email",
        "uri",
        "date",
        "integer",
        "number",
        "boolean",
        "choice",
        "choice_integer",
        "reference",
        "person",
    }
)


def answer(body: Any, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(orjson.dumps(body), status=status, mimetype="application/json")


def body_object() -> dict[str, Any]:
    """The request's body, which must be a JSON object."""
    try:
        body = orjson.loads(request.get_data())
    except orjson.JSONDecodeError:
        raise Invalid("The body is no readable JSON.") from None
    if not isinstance(body, dict):
        raise Invalid("A JSON object is expected.")
    return body


def if_match() -> int | None:
    """The version in `If-Match`; None where nothing was said, -1 where it is no version of ours."""
    tag = if_match_tag()
    if tag is None:
        return None
    return int(tag) if tag.isdecimal() else -1


def if_match_tag() -> str | None:
    """What `If-Match` names, as it was given out as `ETag`; None where nothing was said."""
    tag = request.headers.get("If-Match", "").removeprefix("W/").strip('"')
    return None if tag in ("", "*") else tag


def record_json(entity: Entity, record: Record) -> dict[str, Any]:
    """A record as REST shows it: id, version, its values, and the labels of its references."""
    return next(iter(records_json(entity, (record,))))


def records_json(entity: Entity, found: Iterable[Record]) -> list[dict[str, Any]]:
    """Records of one definition as REST shows them."""
    writers = {name: _writer(item) for name, item in entity.definition.fields.items()}
    lists = entity.definition.lists
    result = []
    for record in found:
        plain: dict[str, Any] = {"id": record.id, "_version": record.version}
        for name, value in record.values.items():
            if name in writers:  # a catalog that moved on during the request may know more
                write = writers[name]
                plain[name] = write(value) if write is not None and value is not None else value
        for name in lists:
            if name in plain and plain[name] is None:
                plain[name] = []
        if record.labels:
            plain["_labels"] = dict(record.labels)
        result.append(plain)
    return result


def _writer(item: Field) -> Callable[[Any], Any] | None:
    """How a value of this field becomes JSON; None where orjson writes the same by itself."""
    return None if item.type in AS_IT_IS else fieldtypes.of(item).to_json
