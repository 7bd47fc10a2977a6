"""A field under another name, followed into everything that still speaks of the old one.

Called by `publish` with documents from anywhere, before they are judged. A document need only give the property
another name and leave it its `x-id`: lists, conditions, rules, formulas, access and translations come along.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from metadata.catalog import Catalog
from metadata.dialect import plain, shape
from metadata.model import Definition
from metadata.parser import thawed
from metadata.renaming import Names, rename_fields, rename_in_formula

Document = dict[str, Any]


def renames(document: Mapping[str, Any], current: Definition) -> dict[str, str]:
    """The fields that the document calls otherwise than today, by their columns; old name to new one."""
    today = {column: f.name for f in current.fields.values() for column in (*f.was, f.column)}
    properties = document.get("properties")
    if not isinstance(properties, Mapping):
        return {}
    found = {}
    for name, item in properties.items():
        old = today.get(str(item.get("x-id"))) if isinstance(item, Mapping) else None
        if old is not None and old not in properties and name not in current.fields:
            found[old] = name
    return found


def follow(documents: Sequence[Mapping[str, Any]], known: Catalog) -> list[Mapping[str, Any]]:
    """The documents, rewritten where they or others speak of a field by its name of before.

    A document of another definition whose formulas go through a reference to a renamed field is taken along, so that
    one publish changes both.
    """
    made = dict(enumerate(documents))
    given = {str(d["$id"]): position for position, d in made.items() if _sound(d)}
    for name, position in list(given.items()):
        names = renames(made[position], known[name].definition) if name in known else {}
        if names:
            made[position] = rename_fields(made[position], names)
            for other in known.definitions:
                at = given.get(other.name, len(made))
                told = _through(made.get(at, thawed(other.document)), name, names)
                if told is not None:
                    made[at] = told
                    given[other.name] = at
    return list(made.values())


def _sound(document: Any) -> bool:
    """Whether it has the shape of a definition, so that one may look into it; what else is wrong is told later."""
    if plain.problems(document) or "x-withdrawn" in document:
        return False
    return not shape.problems(thawed(document))


def _through(document: Mapping[str, Any], target: str, names: Names) -> Document | None:
    """The document with formulas that reach into `target` brought up to date; None where none does."""
    properties = document.get("properties", {})
    if not isinstance(properties, Mapping):
        return None
    references = [n for n, item in properties.items() if isinstance(item, Mapping) and item.get("$ref") == target]
    made: Document = {**document}
    for reference in references:
        made = _reaching(made, reference, names)
    return made if made != dict(document) else None


def _reaching(document: Document, reference: str, names: Names) -> Document:
    def told(item: Any, word: str) -> Any:
        if not isinstance(item, Mapping) or not isinstance(item.get(word), str):
            return item
        return {**item, word: rename_in_formula(item[word], names, reference)}

    made = {**document, "properties": {n: told(item, "x-formula") for n, item in document["properties"].items()}}
    if isinstance(document.get("x-rules"), list):
        made["x-rules"] = [told(rule, "formula") for rule in document["x-rules"]]
    return made
