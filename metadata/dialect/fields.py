"""The second pass over single fields: values that fit, bounds in order, patterns that end, choices that differ.

Called by `meaning` with the fields that the first pass let through, as JSON and as the parser reads them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from metadata import fieldtypes, filling, validation
from metadata.dialect import names, patterns
from metadata.dialect.plain import step
from metadata.errors import Problem
from metadata.model import Definition, Field

RESERVED = "“%(name)s” already means something to %(owner)s."
RENAME = "Choose another name; the title may stay as it is."
TWICE = "“%(name)s” stands here twice."
ORDERED = (
    ("minimum", "maximum"),
    ("minimum", "exclusiveMaximum"),
    ("exclusiveMinimum", "maximum"),
    ("exclusiveMinimum", "exclusiveMaximum"),
    ("minLength", "maxLength"),
)


def problems(definition: Definition) -> Iterator[Problem]:
    """What is wrong with the fields of a definition, one by one."""
    yield from _lineages(definition)
    columns: Counter[str] = Counter()
    for name, field in definition.fields.items():
        schema, pointer = definition.document["properties"][name], step("/properties", name)
        owner = names.taken_by(name, field=True)
        if owner:
            yield Problem(pointer, RESERVED, {"name": name, "owner": owner}, RENAME)
        if "x-id" in schema:
            columns[schema["x-id"]] += 1
            if columns[schema["x-id"]] == 2 or schema["x-id"] == "id":
                message = "Two fields can't keep their values in the same column “%(name)s”."
                yield Problem(f"{pointer}/x-id", message, {"name": schema["x-id"]}, "Leave x-id out for a new field.")
        yield from _limits(pointer, field, schema)
        yield from _choices(pointer, field, schema)
        yield from _moves(f"{pointer}/x-moves", field)
        if field.has_default and (not field.enum or field.choice(field.default) is not None):
            yield from _default(pointer, definition, field)


def _lineages(definition: Definition) -> Iterator[Problem]:
    """A column is where the values of one field live, or lived."""
    owners: dict[str, str] = {}
    for name, schema in definition.document["properties"].items():
        if name in definition.fields and "x-id" in schema:
            owners[schema["x-id"]] = name
    for name, field in definition.fields.items():
        for column in field.was:
            if owners.setdefault(column, name) != name or column == field.column:
                message = "The values of “%(name)s” come from the column “%(column)s”, which another field has."
                params = {"name": name, "column": column}
                yield Problem(f"{step('/properties', name)}/x-was", message, params, "Leave x-was out.")
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
    if "enum" not in schema:
        return
    seen: set[Any] = set()
    for position, value in enumerate(schema["enum"]):
        where = f"{pointer}/enum/{position}"
        wanted = str if schema["type"] == "string" else int
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
    if "default" in schema:
        if field.choice(field.default) is None:
            yield Problem(f"{pointer}/default", "There is no choice “%(name)s”.", {"name": schema["default"]})
        elif schema["default"] in schema.get("x-retired", ()):
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
        yield Problem(f"{pointer}/fill", unreadable.message)


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
