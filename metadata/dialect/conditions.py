"""Conditions between fields: every name is declared, every constant could be a value, `then` has its `if`.

Called by `meaning` for the logical keywords at the root of a document and for its rules, and by `granting` for the
conditions of access.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from metadata.dialect import fields
from metadata.dialect.plain import step
from metadata.errors import Problem
from metadata.model import Definition, Field

UNDECLARED = "There is no field called “%(name)s”."
NUMBERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
LENGTHS = ("minLength", "maxLength")
TEXTS = ("text", "long_text", "email", "uri")
NUMERIC = ("integer", "number", "decimal", "choice_integer")


def problems(definition: Definition, declared: frozenset[str]) -> Iterator[Problem]:
    """What is wrong with the conditions of a definition."""
    yield from block_problems("", definition.logic, definition, declared)
    for position, rule in enumerate(definition.document.get("x-rules", ())):
        where = f"/x-rules/{position}"
        if rule.get("at", "") not in declared | {""}:
            yield Problem(f"{where}/at", UNDECLARED, {"name": rule["at"]})
        if ("if" in rule) == ("formula" in rule):
            yield Problem(where, "A rule has either “if” or “formula”.")
        if "if" in rule:
            yield from block_problems(f"{where}/if", rule["if"], definition, declared)


def block_problems(
    pointer: str, block: Mapping[str, Any], definition: Definition, declared: frozenset[str]
) -> Iterator[Problem]:
    """What is wrong with one block, which stands at `pointer`."""
    for word in ("then", "else"):
        if word in block and "if" not in block:
            message = "“%(name)s” needs an “if” beside it."
            yield Problem(f"{pointer}/{word}", message, {"name": word})
    for name, condition in block.get("properties", {}).items():
        where = step(f"{pointer}/properties", name)
        if name not in declared:
            yield Problem(where, UNDECLARED, {"name": name})
        elif name in definition.formulas:
            hint = "Write a rule with a formula under x-rules."
            yield Problem(where, "“%(name)s” is computed; conditions look at what is kept.", {"name": name}, hint)
        elif name in definition.fields:
            yield from _condition(where, condition, definition.fields[name])
    for position, name in enumerate(block.get("required", ())):
        if name not in declared:
            yield Problem(f"{pointer}/required/{position}", UNDECLARED, {"name": name})
    for name, needed in block.get("dependentRequired", {}).items():
        where = step(f"{pointer}/dependentRequired", name)
        for other in [name, *needed]:
            if other not in declared:
                yield Problem(where, UNDECLARED, {"name": other})
    for word in ("if", "then", "else", "not"):
        if word in block:
            yield from block_problems(f"{pointer}/{word}", block[word], definition, declared)
    for word in ("allOf", "anyOf"):
        for position, inner in enumerate(block.get(word, ())):
            yield from block_problems(f"{pointer}/{word}/{position}", inner, definition, declared)


def _condition(pointer: str, condition: Mapping[str, Any], field: Field) -> Iterator[Problem]:
    values = [(f"{pointer}/const", condition["const"])] if "const" in condition else []
    values += [(f"{pointer}/enum/{i}", value) for i, value in enumerate(condition.get("enum", ()))]
    for where, value in values:
        sentence = fields.fits(field, value)
        if sentence:
            yield Problem(where, sentence, {"value": value, "field": field.name} if "%(" in sentence else {})
    for words, types in ((NUMBERS, NUMERIC), (LENGTHS, TEXTS)):
        for word in words:
            if word in condition and field.type not in types:
                message = "“%(name)s” does not go with this type of field."
                yield Problem(f"{pointer}/{word}", message, {"name": word})
    if "not" in condition:
        yield from _condition(f"{pointer}/not", condition["not"], field)
