"""The second pass over single fields: values that fit, bounds in order, patterns that end, choices that differ.

Called by `meaning` with the fields that the first pass let through, as JSON and as the parser reads them.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from metadata import fieldtypes, filling, validation
from metadata.dialect import names, patterns, places
from metadata.dialect.plain import step
from metadata.errors import Problem
from metadata.model import Definition, Field

RESERVED = "“%(name)s” already means something to %(owner)s."
RENAME = "Choose another name; the title may stay as it is."
UNDECLARED = "There is no field called “%(name)s”."
TWICE = "“%(name)s” stands here twice."
ORDERED = (
    ("minimum", "maximum"),
    ("minimum", "exclusiveMaximum"),
    ("exclusiveMinimum", "maximum"),
    ("exclusiveMinimum", "exclusiveMaximum"),
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
)


def problems(definition: Definition) -> Iterator[Problem]:
    """What is wrong with the fields of a definition, one by one."""
    for name, group in places.groups(definition.document).items():
        yield from _name(places.pointer(name), name.rpartition(".")[2])
        yield from _group(definition, name, group)
    yield from _lineages(definition)
    columns: Counter[str] = Counter()
    for name, field in definition.fields.items():
        schema, pointer = places.schema(definition.document, name), places.pointer(name)
        yield from _field(definition, pointer, field, schema, columns)
        if field.rows:
            yield from _rows(definition, f"{pointer}/items/properties", field, schema["items"]["properties"])
        if field.tree and field.ref != definition.name:
            message = "A tree is made of references to the same definition; “%(name)s” is another."
            yield Problem(f"{pointer}/$ref", message, {"name": field.ref}, "Leave out x-tree.")


def _rows(
    definition: Definition, pointer: str, field: Field, schemas: Mapping[str, Mapping[str, Any]]
) -> Iterator[Problem]:
    """The fields of a child table, as if they were those of a definition."""
    inner = dataclasses.replace(definition, fields=field.rows)
    columns: Counter[str] = Counter()
    for name, item in field.rows.items():
        yield from _field(inner, step(pointer, name), item, schemas[name], columns)
    needed = places.schema(definition.document, field.name)["items"].get("required", ())
    for position, name in enumerate(needed):
        if name not in schemas:
            where = pointer.removesuffix("/properties")
            yield Problem(f"{where}/required/{position}", UNDECLARED, {"name": name})


def _field(
    definition: Definition, pointer: str, field: Field, schema: Mapping[str, Any], columns: Counter[str]
) -> Iterator[Problem]:
    yield from _name(pointer, field.name.rpartition(".")[2])
    if "x-id" in schema:
        columns[schema["x-id"]] += 1
        if columns[schema["x-id"]] == 2 or schema["x-id"] == "id":
            message = "Two fields can't keep their values in the same column “%(name)s”."
            yield Problem(f"{pointer}/x-id", message, {"name": schema["x-id"]}, "Leave x-id out for a new field.")
    yield from _limits(pointer, field, schema)
    yield from _choices(pointer, field, schema)
    yield from _moves(f"{pointer}/x-moves", field)
    if field.has_default and (not field.enum or not _unknown(field)):
        yield from _default(pointer, definition, field)


def _name(pointer: str, name: str) -> Iterator[Problem]:
    owner = names.taken_by(name, field=True)
    if owner:
        yield Problem(pointer, RESERVED, {"name": name, "owner": owner}, RENAME)


def _group(definition: Definition, name: str, group: Mapping[str, Any]) -> Iterator[Problem]:
    """An object's required fields are those of a record that must have it: a table knows no optional objects."""
    pointer, needed = places.pointer(name), group.get("required", ())
    for position, key in enumerate(needed):
        if key not in group["properties"]:
            yield Problem(f"{pointer}/required/{position}", UNDECLARED, {"name": key})
    above, _dot, own = name.rpartition(".")
    outer = places.schema(definition.document, above) if above else definition.document
    if needed and own not in outer.get("required", ()):
        message = "Fields of “%(name)s” can only be required when the object itself is."
        yield Problem(f"{pointer}/required", message, {"name": name}, "List the object under required, too.")


def _unknown(field: Field) -> bool:
    """Whether the default names something that is no choice."""
    given = field.default if field.many else [field.default]
    return any(field.choice(value) is None for value in given)


def _lineages(definition: Definition) -> Iterator[Problem]:
    """A column is where the values of one field live, or lived."""
    owners: dict[str, str] = {}
    for name in definition.fields:
        schema = places.schema(definition.document, name)
        if "x-id" in schema:
            owners[schema["x-id"]] = name
    for name, field in definition.fields.items():
        for column in field.was:
            if owners.setdefault(column, name) != name or column == field.column:
                message = "The values of “%(name)s” come from the column “%(column)s”, which another field has."
                params = {"name": name, "column": column}
                yield Problem(f"{places.pointer(name)}/x-was", message, params, "Leave x-was out.")
                break


def _limits(pointer: str, field: Field, schema: Mapping[str, Any]) -> Iterator[Problem]:
    for low, high in ORDERED:
        if low in schema and high in schema:
            strict = low.startswith("exclusive") or high.startswith("exclusive")
            if schema[low] > schema[high] or (strict and schema[low] == schema[high]):
                message = "No value can be above %(low)s and below %(high)s."
                yield Problem(f"{pointer}/{high}", message, {"low": schema[low], "high": schema[high]})
    if field.type == "integer" and field.multiple_of is not None and field.multiple_of != int(field.multiple_of):
        yield Problem(f"{pointer}/multipleOf", "A whole number is expected here.")
    if "format" in schema and "maxLength" in schema and field.type != "email":
        yield Problem(f"{pointer}/maxLength", "“%(name)s” does not go with this type of field.", {"name": "maxLength"})
    if field.pattern is None:
        return
    if field.type != "text":
        message = "A pattern needs a text of limited length."
        yield Problem(f"{pointer}/pattern", message, hint="Give the field a maxLength of at most 500.")
        return
    wrong = _pattern(field)
    if wrong:
        hint = "Write it without repeats inside repeats, begin it with ^, or give the field a smaller maxLength."
        yield Problem(f"{pointer}/pattern", wrong[0], wrong[1], hint)


def _pattern(field: Field) -> tuple[str, dict[str, Any]] | None:
    if field.pattern is None or field.type != "text":
        return None if field.pattern is None else ("", {})
    return patterns.wrong_with(field.pattern, field.max_length or patterns.LONGEST_TEXT)


def _choices(pointer: str, field: Field, schema: Mapping[str, Any]) -> Iterator[Problem]:
    holder = schema["items"] if field.type == "choices" else schema
    if "enum" not in holder:
        return
    seen: set[Any] = set()
    for position, value in enumerate(holder["enum"]):
        where = f"{pointer}/items/enum/{position}" if field.many else f"{pointer}/enum/{position}"
        wanted = str if holder["type"] == "string" else int
        if isinstance(value, bool) or not isinstance(value, wanted):
            yield Problem(where, "Text is expected here." if wanted is str else "A whole number is expected here.")
            continue
        if isinstance(value, str) and (value != value.strip() or not value):
            yield Problem(where, "A choice can't be empty, nor begin or end with a blank.")
        if value in seen:
            yield Problem(where, TWICE, {"name": value})
        seen.add(value)
    known = {str(value) for value in seen}
    for word in schema.get("x-enum-labels", {}):
        if word not in known:
            yield Problem(step(f"{pointer}/x-enum-labels", word), "There is no choice “%(name)s”.", {"name": word})
    for position, value in enumerate(schema.get("x-retired", ())):
        if value not in seen or isinstance(value, bool):
            where = f"{pointer}/x-retired/{position}"
            yield Problem(
                where, "There is no choice “%(name)s”.", {"name": value}, "A retired choice stays under enum."
            )
    for value in (schema["default"] if field.many else [schema["default"]]) if "default" in schema else ():
        if field.choice(value) is None:
            yield Problem(f"{pointer}/default", "There is no choice “%(name)s”.", {"name": value})
        elif value in schema.get("x-retired", ()):
            yield Problem(f"{pointer}/default", "A retired choice can't be the default.")


def _moves(pointer: str, field: Field) -> Iterator[Problem]:
    """What values come over as must be values of the field; records of another definition go by their labels."""
    for old, new in field.moves.get("values", {}).items():
        where = step(f"{pointer}/values", old)
        if field.ref is not None:
            if not isinstance(new, str):
                yield Problem(where, "Text is expected here.", hint="Records are found by their labels.")
            continue
        try:
            made = validation.value_of(field, new, "text" if isinstance(new, str) else "json")
        except fieldtypes.BadValue as bad:
            yield Problem(where, bad.message, bad.params)
            continue
        wrong = None if made is None or _pattern(field) else validation.Single(field).problem(made)
        if wrong is not None:
            yield Problem(where, wrong.message, wrong.params)
    unreadable = filling.problem(field.moves["fill"]) if "fill" in field.moves else None
    if unreadable is not None:
        yield replace(unreadable, pointer=f"{pointer}/fill")


def _default(pointer: str, definition: Definition, field: Field) -> Iterator[Problem]:
    values, wrong = validation.read(definition, {field.name: field.default}, "json")
    if not wrong and values[field.name] is None:
        wrong = [Problem("", "An empty default is no default.", hint="Leave default out.")]
    if not wrong and _pattern(field) is None:  # a pattern is judged by itself before it is ever run
        wrong = validation.Rules(definition).bounds(values)
    for problem in wrong:
        yield Problem(f"{pointer}/default", problem.message, problem.params, problem.hint)


def fits(field: Field, value: Any) -> str:
    """The sentence that says why `value` can't be a value of `field` in a condition; empty when it can."""
    try:
        fieldtypes.of(field).from_json(field, value)
    except fieldtypes.BadValue as bad:
        return bad.message if not bad.params else "“%(value)s” can't be a value of “%(field)s”."
    return ""
