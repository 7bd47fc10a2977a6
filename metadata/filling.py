"""What fills a field that has no value when it changes: the formula under `x-moves`, over the fields of before.

Called by `moving`, record by record within a chunk, by `weighing`, which says what can't be read from the version
before, and by the dialect. The language is that of computed fields; what lies behind a reference or in a list is not
at hand here and counts as missing. What is no value of the field fills nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from metadata import validation
from metadata.errors import Problem
from metadata.fieldtypes import BadValue
from metadata.formula import Bound, FormulaError, bind, evaluate
from metadata.formula.reading import read
from metadata.model import Definition, Field

Values = Mapping[str, Any]


def problem(text: str) -> Problem | None:
    """Why the text is no formula; None when it is one."""
    try:
        read(text)
    except FormulaError as error:
        return Problem("", error.message, error.params)
    return None


def wrong(definition: Definition, item: Field) -> Problem | None:
    """What the formula of `item` asks of the definition as it was and can't have; None when there is nothing."""
    try:
        _bound(definition, item)
    except FormulaError as error:
        return Problem("", error.message, error.params)
    return None


def of(definition: Definition, item: Field) -> Callable[[Values], Any] | None:
    """A function from the values of a record to the one that the field gets; None where nothing fills it."""
    try:
        bound = _bound(definition, item)
    except FormulaError:
        return None
    if bound is None:
        return None

    def fill(values: Values) -> Any:
        made = evaluate(bound, values)
        try:
            return validation.value_of(item, made, "text" if isinstance(made, str) else "json")
        except BadValue:
            return None

    return fill


def _bound(definition: Definition, item: Field) -> Bound | None:
    text = item.moves.get("fill")
    return bind(definition, text, {definition.name: definition}) if text else None
