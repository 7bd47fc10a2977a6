"""Whether values fit a definition: one rule for form, REST, import and workflows.

`read` turns typed text or JSON into Python values, field by field; `Rules.check` holds a whole record
against the definition's own JSON Schema, so that conditions (`if/then`, `dependentRequired`) and bounds
mean the same everywhere. Both return every problem at once; neither touches a database.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any, Literal
from zoneinfo import ZoneInfo

from jsonschema import Draft202012Validator, ValidationError

from metadata import fieldtypes
from metadata.errors import Problem
from metadata.model import Definition, Field

Form = Literal["text", "json", "python"]
LONGEST_MATCHED = 500
LONGEST_EMAIL = 320
UTC_ZONE = ZoneInfo("UTC")
REQUIRED = "This field is required."
FORBIDDEN = "This field must be empty with these values."
BOUNDS = {
    "minimum": "Must be at least %(limit)s.",
    "maximum": "Must be at most %(limit)s.",
    "exclusiveMinimum": "Must be more than %(limit)s.",
    "exclusiveMaximum": "Must be less than %(limit)s.",
    "minLength": "Must have at least %(limit)s characters.",
    "maxLength": "Must have at most %(limit)s characters.",
    "pattern": "Does not have the expected form (%(limit)s).",
    "multipleOf": "Must be a multiple of %(limit)s.",
    "const": "Must be “%(limit)s” here.",
    "enum": "Must be one of: %(limit)s.",
}
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
SAFE_SCHEMES = ("http", "https", "mailto", "ftp", "tel", "urn")


def read(
    definition: Definition, raw: Mapping[str, Any], form: Form, zone: ZoneInfo = UTC_ZONE
) -> tuple[dict[str, Any], list[Problem]]:
    """Python values of the fields named in `raw`, and a problem for each that can't be read.

    Empty text and JSON null both mean "no value" (None). `form` says what `raw` holds.
    """
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, given in raw.items():
        field = definition.fields.get(name)
        if field is None:
            problems.append(Problem(f"/{name}", "There is no field called “%(name)s”.", {"name": name}))
            continue
        try:
            values[name] = _value(field, given, form, zone)
        except fieldtypes.BadValue as bad:
            problems.append(Problem(f"/{name}", bad.message, bad.params))
    return values, problems


def _value(field: Field, given: Any, form: Form, zone: ZoneInfo) -> Any:
    if given is None or (isinstance(given, str) and not given.strip()):
        return None
    kind = fieldtypes.of(field)
    value = kind.from_text(field, str(given), zone) if form == "text" else kind.from_json(field, given)
    if field.type == "email" and (len(value) > LONGEST_EMAIL or not EMAIL.fullmatch(value)):
        raise fieldtypes.BadValue("An e-mail address such as name@example.com is expected here.")
    if field.type == "uri" and not (URI.fullmatch(value) and value.split(":", 1)[0].lower() in SAFE_SCHEMES):
        raise fieldtypes.BadValue("A web address such as https://example.com is expected here.")
    return value


def value_of(field: Field, given: Any, form: Form) -> Any:
    """The Python value that text or JSON means for one field, None for "no value"; raises BadValue."""
    return _value(field, given, form, UTC_ZONE)


class Single:
    """The bounds of one field, for values that come one by one."""

    def __init__(self, field: Field) -> None:
        self._field = field
        bounds = _bounds_of(field)
        self._validator = Draft202012Validator(bounds) if bounds else None

    def problem(self, value: Any) -> Problem | None:
        """What is wrong with a Python value: too large, too long, not of the form."""
        plain = fieldtypes.of(self._field).to_json(value)
        error = next(self._validator.iter_errors(plain), None) if self._validator else None
        if error is not None:
            return _problem(error)
        return _off_step(self._field) if _is_off_step(self._field, plain) else None


def defaults(definition: Definition) -> dict[str, Any]:
    """The values a new record starts with."""
    filled = {f.name: f.default for f in definition.fields.values() if f.has_default}
    return read(definition, filled, "json")[0]


class Rules:
    """The compiled validator of one definition's whole records."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition

    @cached_property
    def _bounds(self) -> Draft202012Validator:
        return Draft202012Validator({"properties": {f.name: _bounds_of(f) for f in self.definition.fields.values()}})

    @cached_property
    def _logic(self) -> Draft202012Validator | None:
        return Draft202012Validator(_thawed(self.definition.logic)) if self.definition.logic else None

    def check(self, values: Mapping[str, Any]) -> list[Problem]:
        """Every problem of a whole record of Python values, at most one for each field and rule."""
        plain = as_json(self.definition, values)
        problems = [
            Problem(f"/{f.name}", REQUIRED)
            for f in self.definition.fields.values()
            if f.required and f.name not in plain
        ]
        problems += self.bounds(values)
        if self._logic is not None:
            missing = {p.pointer for p in problems}
            problems += [p for p in _logic_problems(self._logic, plain) if p.pointer not in missing]
        return problems

    def bounds(self, values: Mapping[str, Any]) -> list[Problem]:
        """The problems of single values: too large, too long, not of the form."""
        plain = as_json(self.definition, values)
        problems = [_problem(error) for error in self._bounds.iter_errors(plain)]
        return problems + [_off_step(f) for f in self.definition.fields.values() if _is_off_step(f, plain.get(f.name))]


def as_json(definition: Definition, values: Mapping[str, Any]) -> dict[str, Any]:
    """The record as JSON values, fields without a value left out."""
    fields = definition.fields
    return {
        name: fieldtypes.of(fields[name]).to_json(value)
        for name, value in values.items()
        if value is not None and name in fields
    }


def forbidden(block: Any) -> Iterator[str]:
    """The fields that may have no value when `block` must not hold: `required` of one, or any of several such."""
    if isinstance(block, Mapping) and set(block) == {"required"} and len(block["required"]) == 1:
        yield from block["required"]
    elif isinstance(block, Mapping) and set(block) == {"anyOf"}:
        for inner in block["anyOf"]:
            yield from forbidden(inner)


def _bounds_of(field: Field) -> dict[str, Any]:
    limits: dict[str, Any] = {
        "minimum": field.minimum,
        "maximum": field.maximum,
        "exclusiveMinimum": field.exclusive_minimum,
        "exclusiveMaximum": field.exclusive_maximum,
        "minLength": field.min_length,
        "maxLength": field.max_length,
        "multipleOf": field.multiple_of if field.type == "integer" else None,
    }
    if (
        field.pattern is not None
    ):  # judged safe for texts of this length (metadata.dialect.patterns), so never run on longer
        limits |= {"if": {"maxLength": field.max_length or LONGEST_MATCHED}, "then": {"pattern": field.pattern}}
    return {keyword: limit for keyword, limit in limits.items() if limit is not None}


def _is_off_step(field: Field, value: Any) -> bool:
    """Whether a float is no multiple of its step, in the decimals people wrote: 0.15 is three times 0.05."""
    if field.type != "number" or field.multiple_of is None or value is None:
        return False
    try:
        return Decimal(repr(value)) % Decimal(repr(field.multiple_of)) != 0
    except InvalidOperation:  # so many times larger than the step that the remainder has no digits left
        return True


def _off_step(field: Field) -> Problem:
    return Problem(f"/{field.name}", BOUNDS["multipleOf"], {"limit": field.multiple_of})


def _thawed(value: Any) -> Any:
    """A plain copy of frozen JSON: jsonschema asks for real dicts and lists."""
    if isinstance(value, Mapping):
        return {key: _thawed(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_thawed(item) for item in value]
    return value


def _logic_problems(validator: Draft202012Validator, plain: Mapping[str, Any]) -> Iterator[Problem]:
    seen = set()
    for error in validator.iter_errors(plain):
        for leaf in _leaves(error):
            problem = _problem(leaf)
            if problem.pointer not in seen:
                seen.add(problem.pointer)
                yield problem


def _leaves(error: ValidationError) -> Iterator[ValidationError]:
    if error.context:
        for inner in error.context:
            yield from _leaves(inner)
    else:
        yield error


def _problem(error: ValidationError) -> Problem:
    path = "/" + "/".join(str(step) for step in error.absolute_path)
    wanted: Any = error.validator_value
    plain: Any = error.instance
    if error.validator == "required":
        missing = next(name for name in wanted if name not in plain)
        return Problem(f"/{missing}", REQUIRED)
    if error.validator == "dependentRequired":
        missing = next(n for k, names in wanted.items() if k in plain for n in names if n not in plain)
        return Problem(f"/{missing}", REQUIRED)
    if error.validator == "not":
        unwanted = next((name for name in forbidden(wanted) if name in plain), None)
        if unwanted is not None:
            return Problem(f"/{unwanted}", FORBIDDEN)
    sentence = BOUNDS.get(str(error.validator))
    if sentence is None:
        return Problem(path if path != "/" else "", "These values do not go together.")
    limit = wanted
    shown = ", ".join(str(item) for item in limit) if isinstance(limit, list) else limit
    return Problem(path, sentence, {"limit": float(shown) if isinstance(shown, Decimal) else shown})
