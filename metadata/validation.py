"""Whether values fit a definition: one rule for form, REST, import and workflows.

`read` turns typed text or JSON into Python values, field by field; `Rules.check` holds a whole record
against the definition's own JSON Schema, so that conditions (`if/then`, `dependentRequired`) and bounds
mean the same everywhere. Both return every problem at once; neither touches a database.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any, Literal
from zoneinfo import ZoneInfo

from jsonschema import Draft202012Validator, ValidationError

from metadata import fieldtypes
from metadata.errors import Problem
from metadata.formula import Bound, bind, evaluate
from metadata.model import Definition, Field, Rule

Form = Literal["text", "json", "python"]
LONGEST_MATCHED = 500
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
    "minItems": "At least %(limit)s entries are needed here.",
    "maxItems": "At most %(limit)s entries are possible here.",
}


def read(
    definition: Definition, raw: Mapping[str, Any], form: Form, zone: ZoneInfo = UTC_ZONE
) -> tuple[dict[str, Any], list[Problem]]:
    """Python values of the fields named in `raw`, and a problem for each that can't be read.

    Empty text and JSON null both mean "no value" (None). `form` says what `raw` holds.
    """
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, given in _flat(definition, raw).items():
        field = definition.fields.get(name)
        if field is None:
            problems.append(Problem(f"/{name}", "There is no field called “%(name)s”.", {"name": name}))
            continue
        try:
            values[name] = _value(field, given, form, zone)
        except fieldtypes.BadValue as bad:
            problems += [Problem(f"/{name}{path}", one.message, one.params) for path, one in bad.each()]
    return values, problems


def _flat(definition: Definition, raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """Objects within the record taken apart: `{"address": {"city": …}}` says the same as `address.city`."""
    if not any(isinstance(value, Mapping) and name not in definition.fields for name, value in raw.items()):
        return raw
    flat: dict[str, Any] = {}
    for name, value in raw.items():
        inside = isinstance(value, Mapping) and any(field.startswith(f"{name}.") for field in definition.fields)
        flat |= _flat(definition, {f"{name}.{key}": one for key, one in value.items()}) if inside else {name: value}
    return flat


def _value(field: Field, given: Any, form: Form, zone: ZoneInfo) -> Any:
    if given is None or (isinstance(given, str) and not given.strip()):
        return None
    kind = fieldtypes.of(field)
    return kind.from_text(field, str(given), zone) if form == "text" else kind.from_json(field, given)


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
        plain = _bare({"it": fieldtypes.of(self._field).to_json(value)})["it"]
        error = next(self._validator.iter_errors(plain), None) if self._validator else None
        if error is not None:
            return next(_problems(error))
        return next(_off_steps({self._field.name: self._field}, {self._field.name: plain}, ""), None)


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
        bounds = {f.name: _bounds_of(f) for f in self.definition.fields.values()}
        return Draft202012Validator({"properties": {name: limits for name, limits in bounds.items() if limits}})

    @cached_property
    def _bounded(self) -> Mapping[str, Field]:
        return {**self._limited, **self._stepped}

    @cached_property
    def _limited(self) -> Mapping[str, Field]:
        """The fields that the schema of bounds knows."""
        return {f.name: f for f in self.definition.fields.values() if _bounds_of(f)}

    @cached_property
    def _stepped(self) -> Mapping[str, Field]:
        return {f.name: f for f in self.definition.fields.values() if f.rows or f.multiple_of is not None}

    @cached_property
    def _logic(self) -> Draft202012Validator | None:
        return Draft202012Validator(_thawed(self.definition.logic)) if self.definition.logic else None

    def check(self, values: Mapping[str, Any]) -> list[Problem]:
        """Every problem of a whole record of Python values, at most one for each field and rule."""
        problems = [Problem(f"/{name}", REQUIRED) for name in self._required if values.get(name) is None]
        plain = self._plain(values, None if self._rules or self._logic is not None else self._bounded)
        problems += self._out_of_bounds(plain)
        told = {p.pointer for p in problems}
        problems += [p for p in self._broken(plain, values) if p.pointer not in told]
        if self._logic is not None:
            missing = {p.pointer for p in problems}
            problems += [p for p in _logic_problems(self._logic, plain) if p.pointer not in missing]
        return problems

    @cached_property
    def _required(self) -> tuple[str, ...]:
        return tuple(f.name for f in self.definition.fields.values() if f.required)

    def _plain(self, values: Mapping[str, Any], names: Collection[str] | None) -> dict[str, Any]:
        """The record as JSON; of these fields alone, where nothing asks for the others."""
        wanted = values if names is None else {name: values[name] for name in names if name in values}
        return _bare(as_json(self.definition, wanted))

    @cached_property
    def _rules(self) -> tuple[tuple[Rule, Draft202012Validator], ...]:
        return tuple((r, Draft202012Validator(_thawed(r.block))) for r in self.definition.rules if r.block is not None)

    @cached_property
    def _formulas(self) -> tuple[tuple[Rule, Bound], ...]:
        world = {self.definition.name: self.definition}
        given = [(rule, rule.formula) for rule in self.definition.rules if rule.formula is not None]
        return tuple((rule, bind(self.definition, text, world)) for rule, text in given)

    def _broken(self, plain: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[Problem]:
        """The definition's own rules that the record breaks, in the definition's own words."""
        for rule, block in self._rules:
            if block.is_valid(plain):
                yield _refused(rule)
        for rule, bound in self._formulas:
            if evaluate(bound, values) is False:
                yield _refused(rule)

    def bounds(self, values: Mapping[str, Any]) -> list[Problem]:
        """The problems of single values: too large, too long, not of the form."""
        return self._out_of_bounds(self._plain(values, self._bounded))

    def _out_of_bounds(self, plain: Mapping[str, Any]) -> list[Problem]:
        problems: list[Problem] = []
        if not all(name not in plain or _surely_fits(field, plain[name]) for name, field in self._limited.items()):
            problems += _each_once(p for error in self._bounds.iter_errors(plain) for p in _problems(error))
        return problems + list(_off_steps(self._stepped, plain, ""))


def _refused(rule: Rule) -> Problem:
    return Problem(f"/{rule.at}" if rule.at else "", rule.texts.description, said=rule.said)


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


def _bare(plain: dict[str, Any]) -> dict[str, Any]:
    """Cells of child rows without a value left out too, since for JSON Schema a null is there."""
    for name, value in plain.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            plain[name] = [{key: cell for key, cell in row.items() if cell is not None} for row in value]
    return plain


def _bounds_of(field: Field) -> dict[str, Any]:
    limits: dict[str, Any] = {
        "minItems": field.min_items,
        "maxItems": field.max_items,
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
    if field.rows:
        inner = {f.name: _bounds_of(f) for f in field.rows.values()}
        limits["items"] = {"properties": inner, "required": [f.name for f in field.rows.values() if f.required]}
    return {keyword: limit for keyword, limit in limits.items() if limit is not None}


def _surely_fits(field: Field, value: Any) -> bool:
    """Whether a value within its length or range needs no schema asked: nearly all do, and a batch has thousands."""
    if isinstance(value, str):
        return field.min_length is None and field.pattern is None and len(value) <= (field.max_length or 0)
    if type(value) in (int, float):
        low, high = field.minimum, field.maximum
        plain = field.exclusive_minimum is None and field.exclusive_maximum is None
        plain = plain and (field.multiple_of is None or field.type != "integer")
        return plain and (low is None or low <= value) and (high is None or value <= high)
    return False


def _off_steps(fields: Mapping[str, Field], plain: Mapping[str, Any], path: str) -> Iterator[Problem]:
    for item in fields.values():
        if item.rows:
            for place, row in enumerate(plain.get(item.name) or ()):
                yield from _off_steps(item.rows, row, f"{path}/{item.name}/{place}")
        elif _is_off_step(item, plain.get(item.name)):
            yield Problem(f"{path}/{item.name}", BOUNDS["multipleOf"], {"limit": item.multiple_of})


def _is_off_step(field: Field, value: Any) -> bool:
    """Whether a float is no multiple of its step, in the decimals people wrote: 0.15 is three times 0.05."""
    if field.type != "number" or field.multiple_of is None or value is None:
        return False
    try:
        return Decimal(repr(value)) % Decimal(repr(field.multiple_of)) != 0
    except InvalidOperation:  # so many times larger than the step that the remainder has no digits left
        return True


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
            for problem in _problems(leaf):
                if problem.pointer not in seen:
                    seen.add(problem.pointer)
                    yield problem


def _each_once(problems: Iterator[Problem]) -> Iterator[Problem]:
    """The problems without repeats: each missing property makes an error that names all of them."""
    seen = set()
    for problem in problems:
        if (problem.pointer, problem.message) not in seen:
            seen.add((problem.pointer, problem.message))
            yield problem


def _leaves(error: ValidationError) -> Iterator[ValidationError]:
    if error.context:
        for inner in error.context:
            yield from _leaves(inner)
    else:
        yield error


def _problems(error: ValidationError) -> Iterator[Problem]:
    path = "".join(f"/{step}" for step in error.absolute_path)
    wanted: Any = error.validator_value
    plain: Any = error.instance
    if error.validator == "required":
        yield from (Problem(f"{path}/{name}", REQUIRED) for name in wanted if name not in plain)
    elif error.validator == "dependentRequired":
        yield from (
            Problem(f"/{n}", REQUIRED) for k, names in wanted.items() if k in plain for n in names if n not in plain
        )
    elif error.validator == "not" and (unwanted := next((n for n in forbidden(wanted) if n in plain), None)):
        yield Problem(f"/{unwanted}", FORBIDDEN)
    else:
        yield _problem(str(error.validator), path, wanted)


def _problem(keyword: str, path: str, limit: Any) -> Problem:
    sentence = BOUNDS.get(keyword)
    if sentence is None:
        return Problem(path, "These values do not go together.")
    shown = ", ".join(str(item) for item in limit) if isinstance(limit, list) else limit
    return Problem(path, sentence, {"limit": float(shown) if isinstance(shown, Decimal) else shown})
