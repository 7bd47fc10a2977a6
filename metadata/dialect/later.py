"""Forms of a field that the dialect knows and the tables can't hold yet, each with the nearest form that they can.

Asked by `shape` before it holds a property against the meta-schema, whose answer would only be "unknown".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from metadata.errors import Problem


def problem(pointer: str, schema: Mapping[str, Any]) -> Problem | None:
    """The answer to a form of a field that can't be stored; None when it is none of them."""
    for matches, sentence, hint in FORMS:
        if matches(schema):
            return Problem(pointer, sentence, hint=hint)
    return None


def _items(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    items = schema.get("items")
    return items if isinstance(items, Mapping) else {}


FORMS: tuple[tuple[Callable[[Mapping[str, Any]], bool], str, str], ...] = (
    (
        lambda s: s.get("type") == "array" and "$ref" in _items(s),
        "Lists of references are not supported yet.",
        "Make a definition for the links, with one reference to each side.",
    ),
    (
        lambda s: s.get("type") == "array" and "enum" in _items(s),
        "Lists of choices are not supported yet.",
        "Use one yes-or-no field for each choice, or a definition whose records refer to this one.",
    ),
    (
        lambda s: s.get("type") == "array",
        "Lists are not supported yet.",
        "Make a definition for the entries, with a reference to this one.",
    ),
    (
        lambda s: s.get("type") == "object" or "properties" in s,
        "Nested objects are not supported yet.",
        "Write the inner fields as fields of this definition, for example address_city.",
    ),
    (
        lambda s: s.get("x-format") == "attachment",
        "Attachments are not supported yet.",
        "Keep the address of the file in a field with format uri.",
    ),
    (
        lambda s: s.get("x-format") == "person",
        "Fields of format person are not supported yet.",
        'Refer to the people: {"$ref": "employee"}.',
    ),
    (
        lambda s: "x-formula" in s,
        "Formulas are not supported yet.",
        "For a KPI, write the expression into x-measure; else keep the value in a plain field.",
    ),
    (
        lambda s: "x-tree" in s,
        "Trees are not supported yet.",
        "Leave out x-tree: a reference to the definition itself works without it.",
    ),
)
