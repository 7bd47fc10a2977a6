"""Where a field stands in its document: its pointer and its schema, also inside an object or a child table's rows.

Called by the second pass, which knows fields by their names and tells problems by their pointers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from metadata.dialect.plain import step

DEEPEST = 3  # objects within objects, the field itself included


def pointer(name: str) -> str:
    """The pointer of a field; `a.b` is field b of the object a."""
    found = ""
    for part in name.split("."):
        found = step(f"{found}/properties", part)
    return found


def row_pointer(name: str) -> str:
    """The pointer of a field of rows; `a.b` is field b of the rows of the list a."""
    above, _dot, inner = name.rpartition(".")
    return step(f"{pointer(above)}/items/properties", inner)


def schema(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The schema of a field."""
    found = document
    for part in name.split("."):
        found = found["properties"][part]
    return found


def declared(document: Mapping[str, Any]) -> frozenset[str]:
    """The names of all fields that the document means to have, however wrong they are."""
    return frozenset(_names(document, "", 1))


def groups(document: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The objects within the record by name, each as its schema."""
    return dict(_groups(document, "", 1))


def of_rows(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields of the rows of a list, as far as it has any."""
    items = schema.get("items")
    return dict(_properties(items)) if isinstance(items, Mapping) else {}


def _properties(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    given = schema.get("properties")
    yield from given.items() if isinstance(given, Mapping) else ()


def _is_group(schema: Any) -> bool:
    return (
        isinstance(schema, Mapping) and schema.get("type") == "object" and isinstance(schema.get("properties"), Mapping)
    )


def _names(schema: Mapping[str, Any], prefix: str, depth: int) -> Iterator[str]:
    for key, inner in _properties(schema):
        if _is_group(inner) and depth < DEEPEST:
            yield from _names(inner, f"{prefix}{key}.", depth + 1)
        else:
            yield f"{prefix}{key}"


def _groups(schema: Mapping[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for key, inner in _properties(schema):
        if _is_group(inner) and depth < DEEPEST:
            yield f"{prefix}{key}", inner
            yield from _groups(inner, f"{prefix}{key}.", depth + 1)
