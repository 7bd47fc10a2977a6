"""Formulas of fields and rules: that they can be read, name fields that there are, give what their field holds, end.

Called by `together`, because a formula may go through references; one that stood before is looked at again when a
definition that it goes through changes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

from metadata.dialect import places
from metadata.errors import Problem
from metadata.formula import FormulaError, bind, free_of_references
from metadata.formula.binding import KINDS, size
from metadata.model import Definition, Field

World = Mapping[str, Definition]
MOST_TOGETHER = 3000  # parts that every statement about the records has to carry
MOST_WRONG = 20
TOO_MANY = "The formulas of this definition are too much to be computed together."
NAMED = {"number": "number", "text": "string", "boolean": "boolean", "date": "string, format date"}


def problems(definition: Definition, world: World) -> Iterator[Problem]:
    """What is wrong with the formulas of one definition, each and together."""
    total = wrong = 0
    for name, field in definition.formulas.items():
        pointer = f"{places.pointer(name)}/x-formula"
        weight, problem = _judged(definition, field, world)
        if problem is not None:
            yield dataclasses.replace(problem, pointer=pointer)
        if field.required:
            yield Problem(pointer, "A computed field can't be required.", hint="Take it out of required.")
        total += weight
        wrong += problem is not None
        if total > MOST_TOGETHER:
            yield Problem("/properties", TOO_MANY, hint="Compute less here, or split the definition.")
        if total > MOST_TOGETHER or wrong >= MOST_WRONG:
            break  # the others would cost more than they tell
    for position, rule in enumerate(definition.rules):
        if rule.formula is not None:
            yield from _rule(f"/x-rules/{position}/formula", definition, rule.formula, world)


def broken(name: str, world: World) -> Iterator[Problem]:
    """Formulas of a definition that stays as it is, and can't be computed among the others any more."""
    definition = world[name]
    for field in definition.formulas.values():
        if "." in str(field.formula):
            _weight, problem = _judged(definition, field, world)
            if problem is not None:
                message = "The formula “%(field)s” of “%(name)s” could not be computed any more: %(what)s"
                yield Problem("", message, {"field": field.name, "name": name, "what": problem.text})


def _judged(definition: Definition, field: Field, world: World) -> tuple[int, Problem | None]:
    """How much the formula weighs in a statement, and what is wrong with it."""
    try:
        bound = bind(definition, str(field.formula), world, here=field.name)
    except FormulaError as error:
        return 0, Problem("", error.message, error.params)
    if bound.kind != KINDS[field.type]:
        message = "The formula gives another type than the field has; write “type” as: %(type)s."
        return 0, Problem("", message, {"type": NAMED[bound.kind]})
    return size(bound), None


def _rule(pointer: str, definition: Definition, text: str, world: World) -> Iterator[Problem]:
    try:
        bound = bind(definition, text, world)
    except FormulaError as error:
        yield Problem(pointer, error.message, error.params)
        return
    if bound.kind != "boolean":
        yield Problem(pointer, "A rule is a comparison, for example start <= end.")
    elif not free_of_references(bound):
        hint = "Compute it in a field with x-formula, and show that field."
        yield Problem(pointer, "A rule looks at the record itself, not through references.", hint=hint)
