"""A block of the dialect over the fields of one record: as SQL for a table, and in Python for values.

Called by `scopes` for the condition of an access rule. Both readings are those of JSON Schema, as in `if` and `then`:
a field without a value satisfies every condition on it, and `required` asks for a value. `clause` is never NULL, so
it may stand under NOT. A property test holds one reading against the other.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, false, func, literal, not_, or_, true
from sqlalchemy.types import Float

from metadata import fieldtypes
from metadata.model import Definition, Field

Block = Mapping[str, Any]
LIMITS: Mapping[str, Callable[[Any, Any], Any]] = {
    "minimum": operator.ge,
    "maximum": operator.le,
    "exclusiveMinimum": operator.gt,
    "exclusiveMaximum": operator.lt,
}
LENGTHS: Mapping[str, Callable[[Any, Any], Any]] = {"minLength": operator.ge, "maxLength": operator.le}


def names(block: Block) -> frozenset[str]:
    """The fields that a block speaks of."""
    found = {*block.get("properties", {}), *block.get("required", ())}
    for name, others in block.get("dependentRequired", {}).items():
        found |= {name, *others}
    for word in ("not", "if", "then", "else"):
        found |= names(block[word]) if word in block else set()
    for word in ("allOf", "anyOf"):
        for inner in block.get(word, ()):
            found |= names(inner)
    return frozenset(found)


def clause(definition: Definition, source: FromClause, block: Block) -> ColumnElement[bool]:
    """The rows of `source` (the definition's table or an alias) for which `block` holds."""
    parts: list[ColumnElement[bool]] = []
    for name, condition in block.get("properties", {}).items():
        column = source.c[name]
        met = _met(definition.fields[name], column, condition)
        parts.append(or_(column.is_(None), and_(column.is_not(None), met)))
    parts += [source.c[name].is_not(None) for name in block.get("required", ())]
    for name, others in block.get("dependentRequired", {}).items():
        there = and_(true(), *(source.c[other].is_not(None) for other in others))
        parts.append(or_(source.c[name].is_(None), there))
    inner = {word: clause(definition, source, block[word]) for word in ("not", "if", "then", "else") if word in block}
    if "not" in inner:
        parts.append(not_(inner["not"]))
    if "if" in inner:
        parts.append(or_(not_(inner["if"]), inner.get("then", true())))
        parts.append(or_(inner["if"], inner.get("else", true())))
    parts += [clause(definition, source, one) for one in block.get("allOf", ())]
    if "anyOf" in block:
        parts.append(or_(false(), *(clause(definition, source, one) for one in block["anyOf"])))
    return and_(true(), *parts)


def _met(field: Field, column: ColumnElement[Any], condition: Mapping[str, Any]) -> ColumnElement[bool]:
    """Whether a column that is not empty is as `condition` says."""
    parts: list[ColumnElement[bool]] = []
    wanted = ([[condition["const"]]] if "const" in condition else []) + (
        [condition["enum"]] if "enum" in condition else []
    )
    for values in wanted:
        known = [value for value in (_read(field, one) for one in values) if value is not None]
        parts.append(column.in_(known) if known else false())
    for word, compare in LIMITS.items():
        if word in condition:
            parts.append(compare(column, _limit(field, condition[word])))
    for word, compare in LENGTHS.items():
        if word in condition:
            parts.append(compare(func.length(column), condition[word]))
    if "not" in condition:
        parts.append(not_(_met(field, column, condition["not"])))
    return and_(true(), *parts)


def _read(field: Field, value: Any) -> Any:
    """The value as the column holds it; None where it can't be one, so that nothing equals it."""
    try:
        return fieldtypes.of(field).from_json(field, value)
    except fieldtypes.BadValue:
        return None


def _limit(field: Field, limit: Any) -> Any:
    if field.type == "decimal":
        return literal(Decimal(str(limit)), fieldtypes.ExactDecimal(field.scale or 0))
    return literal(float(limit), Float(53)) if isinstance(limit, float) else limit


def holds(definition: Definition, block: Block, values: Mapping[str, Any]) -> bool:
    """Whether `block` holds for a record of Python values."""
    there = {name: value for name, value in values.items() if value is not None}
    fields = definition.fields
    parts = [
        name not in there or _fits(fields[name], there[name], condition)
        for name, condition in block.get("properties", {}).items()
    ]
    parts += [name in there for name in block.get("required", ())]
    parts += [
        name not in there or all(other in there for other in others)
        for name, others in block.get("dependentRequired", {}).items()
    ]
    if "not" in block:
        parts.append(not holds(definition, block["not"], values))
    if "if" in block:
        branch = block.get("then" if holds(definition, block["if"], values) else "else")
        parts.append(branch is None or holds(definition, branch, values))
    parts += [holds(definition, one, values) for one in block.get("allOf", ())]
    if "anyOf" in block:
        parts.append(any(holds(definition, one, values) for one in block["anyOf"]))
    return all(parts)


def _fits(field: Field, value: Any, condition: Mapping[str, Any]) -> bool:
    parts = []
    if "const" in condition:
        parts.append(_read(field, condition["const"]) == value)
    if "enum" in condition:
        parts.append(value in [_read(field, one) for one in condition["enum"]])
    for word, compare in LIMITS.items():
        if word in condition:
            limit = Decimal(str(condition[word])) if field.type == "decimal" else condition[word]
            parts.append(bool(compare(value, limit)))
    for word, compare in LENGTHS.items():
        if word in condition:
            parts.append(bool(compare(len(value), condition[word])))
    if "not" in condition:
        parts.append(not _fits(field, value, condition["not"]))
    return all(parts)
