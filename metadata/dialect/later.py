"""Forms of a field that JSON Schema knows and no table holds, each with the nearest form that one does.

Asked by `shape` before it holds a property against the meta-schema, whose answer would only be "unknown".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from metadata.dialect.places import DEEPEST
from metadata.dialect.plain import step
from metadata.errors import Problem

ROWS = 'Give each entry fields: {"type": "array", "items": {"type": "object", "properties": {…}}}.'


def problems(pointer: str, schema: Mapping[str, Any], depth: int = 1) -> list[Problem]:
    """The answers to forms that can't be stored, in the field and in what it holds; empty when there are none."""
    found = [Problem(pointer, sentence, hint=hint) for matches, sentence, hint in FORMS if matches(schema)][:1]
    if not found and schema.get("type") == "object" and depth >= DEEPEST:
        message, hint = "Objects can't be nested deeper.", "Put the inner fields into the object above."
        return [Problem(pointer, message, hint=hint)]
    if not found and schema.get("type") == "object":
        found = _inner(f"{pointer}/properties", schema, lambda where, one: problems(where, one, depth + 1))
    if not found and schema.get("type") == "array":
        found = _inner(f"{pointer}/items/properties", _items(schema), _in_rows)
    return found


def _inner(
    pointer: str, schema: Mapping[str, Any], judge: Callable[[str, Mapping[str, Any]], list[Problem]]
) -> list[Problem]:
    given = schema.get("properties")
    if not isinstance(given, Mapping):
        return []
    return [p for name, one in given.items() if isinstance(one, Mapping) for p in judge(step(pointer, name), one)]


def _in_rows(pointer: str, schema: Mapping[str, Any]) -> list[Problem]:
    return [Problem(pointer, sentence, hint=hint) for matches, sentence, hint in ROW_FORMS if matches(schema)][:1]


def _items(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    items = schema.get("items")
    return items if isinstance(items, Mapping) else {}


def _is_plain_list(schema: Mapping[str, Any]) -> bool:
    items = _items(schema)
    return schema.get("type") == "array" and not ({"$ref", "enum", "properties"} & items.keys())


Form = tuple[Callable[[Mapping[str, Any]], bool], str, str]
FORMS: tuple[Form, ...] = (
    (lambda s: "prefixItems" in s, "Lists whose entries differ by their place can't be stored.", ROWS),
    (_is_plain_list, "A list needs entries that can be stored: records, choices, or rows with fields.", ROWS),
    (
        lambda s: s.get("type") == "array" and "enum" in _items(s) and _items(s).get("type") == "integer",
        "A list of choices holds texts.",
        "Write the numbers as texts; labels say what people read.",
    ),
    (
        lambda s: s.get("type") != "object" and "properties" in s,
        "Fields within a field need an object.",
        'Say "type": "object"; its fields become fields of the record, called object.field.',
    ),
    (
        lambda s: s.get("type") == "object" and not isinstance(s.get("properties"), Mapping),
        "An object without named fields can't be stored.",
        "Name every field under properties.",
    ),
)
ROW_FORMS: tuple[Form, ...] = (
    (
        lambda s: s.get("type") in ("array", "object") or "properties" in s,
        "A row holds single values.",
        "Make a definition for the inner entries, with a reference to this one.",
    ),
    (
        lambda s: s.get("x-format") == "attachment",
        "A row can't hold a file.",
        "Put the file into a field of the record, or make a definition for the rows.",
    ),
    (
        lambda s: "x-formula" in s,
        "A row can't hold a formula.",
        "Compute it in a field of the record, for example sum(lines.weight).",
    ),
    (lambda s: "x-tree" in s, "A row can't be part of a tree.", "Leave out x-tree."),
)
