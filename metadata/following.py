"""A field under another name, followed into everything that still speaks of the old one.

Called by `publish` with documents from anywhere, before they are judged. A document need only give the property
another name and leave it its `x-id`: lists, conditions, rules, formulas, access and translations come along.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from metadata.catalog import Catalog
from metadata.dialect import places, plain, shape
from metadata.model import Definition, Field
from metadata.parser import thawed
from metadata.renaming import Names, Told, rename_fields, rename_in_formula, renamed

Document = dict[str, Any]
Renames = Mapping[str, Names]


def renames(document: Mapping[str, Any], current: Definition) -> dict[str, str]:
    """The fields that the document calls otherwise than today, by their columns; old path to new one.

    Fields of objects and of rows are among them, and objects that were renamed as a whole.
    """
    today = {column: f for f in current.fields.values() for column in (*f.was, f.column)}
    fields = {name: places.schema(document, name) for name in sorted(places.declared(document))}
    found: dict[str, str] = {}
    for name, item in fields.items():
        known = today.get(str(item.get("x-id")))
        if known is not None and known.name not in fields and name not in current.fields:
            found[known.name] = name
        field = known or current.fields.get(name)
        if field is not None and field.rows:
            found |= _in_rows(item, field, name)
    return {**_whole_objects(found, document, current), **found}


def _in_rows(item: Mapping[str, Any], field: Field, name: str) -> dict[str, str]:
    """The renamed fields of rows: below the list's name of before, and below that of now."""
    rows: Mapping[str, Any] = places.of_rows(item)
    today = {column: f.name for f in field.rows.values() for column in (*f.was, f.column)}
    found: dict[str, str] = {}
    for inner, schema in rows.items():
        old = today.get(str(schema.get("x-id"))) if isinstance(schema, Mapping) else None
        if old is not None and old not in rows and inner not in field.rows:
            found |= {f"{above}.{old}": f"{name}.{inner}" for above in (field.name, name)}
    return found


def _whole_objects(found: Names, document: Mapping[str, Any], current: Definition) -> dict[str, str]:
    there, before = places.groups(document), places.groups(current.document)
    whole = {}
    for old, new in found.items():
        while "." in old and "." in new and old.rpartition(".")[2] == new.rpartition(".")[2]:
            old, new = old.rpartition(".")[0], new.rpartition(".")[0]
            if old != new and old in before and old not in there and new in there:
                whole[old] = new
    return whole


def follow(documents: Sequence[Mapping[str, Any]], known: Catalog) -> list[Mapping[str, Any]]:
    """The documents, rewritten where they or others speak of a field by its name of before.

    A document of another definition whose formulas go through a reference to a renamed field is taken along, so that
    one publish changes both.
    """
    made = dict(enumerate(documents))
    given = {str(d["$id"]): position for position, d in made.items() if _sound(d)}
    every = {n: renames(made[at], known[n].definition) for n, at in given.items() if n in known}
    every = {name: names for name, names in every.items() if names}
    if not every:
        return list(made.values())
    named = {str(document.get("$id")) for document in documents if not plain.problems(document)}
    for definition in known.definitions:
        name = definition.name
        if name not in given and (name in named or not _computes(definition)):
            continue
        at = given.get(name, len(made))
        before: Mapping[str, Any] = made[at] if at in made else thawed(definition.document)
        after = rename_fields(before, every.get(name, {}), _teller(definition, known, every))
        if after != dict(before):
            made[at] = after
    return list(made.values())


def reads(definition: Definition, formula: str, known: Catalog, target: str, fields: Iterable[str]) -> bool:
    """Whether a formula of the definition would have to be told if these fields of `target` were called otherwise."""
    told = _teller(definition, known, {target: {name: f"{name}?" for name in fields}})
    return rename_in_formula(formula, told) != formula


def _sound(document: Any) -> bool:
    """Whether it has the shape of a definition, so that one may look into it; what else is wrong is told later."""
    if plain.problems(document) or "x-withdrawn" in document:
        return False
    return not shape.problems(thawed(document))


def _computes(definition: Definition) -> bool:
    return bool(definition.formulas) or any(rule.formula is not None for rule in definition.rules)


def _teller(definition: Definition, known: Catalog, every: Renames) -> Told:
    """How the formulas of a definition call what they name from now on, through references too."""
    names = every.get(definition.name, {})
    before = {new: old for old, new in names.items()}

    def told(path: str) -> str:
        parts = path.split(".")
        for count in range(len(parts), 0, -1):
            head, rest = ".".join(parts[:count]), ".".join(parts[count:])
            field = definition.fields.get(head) or definition.fields.get(before.get(head, ""))
            if field is None:
                continue
            if not rest or field.rows or not field.ref or field.ref not in known:
                return renamed(path, names)
            return f"{renamed(head, names)}.{_teller(known[field.ref].definition, known, every)(rest)}"
        return renamed(path, names)

    return told
