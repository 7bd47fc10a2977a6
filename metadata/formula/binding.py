"""A formula's tree bound to definitions: which field each name is, of which type each part, how large it can get.

Called by the dialect, which refuses what can't be bound, and by `sql` and `value` with what passed. A formula that
names another computed field has that one's tree inside, so a circle and a bomb are found here. Numbers are doubles; the
largest and smallest that a product could reach are added up from the fields, so that no database meets an overflow.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from metadata.formula.reading import Call, Constant, FormulaError, Name, Node, read
from metadata.model import Definition, Field

Kind = Literal["number", "text", "boolean", "date"]
KINDS: Mapping[str, Kind] = {
    **dict.fromkeys(("integer", "decimal", "number", "choice_integer"), "number"),
    **dict.fromkeys(("text", "long_text", "email", "uri", "choice"), "text"),
    "boolean": "boolean",
    "date": "date",
}
MOST_STEPS, MOST_PARTS, MOST_FIELDS = 2, 1000, 50
MOST_PLACES = 9
ELSEWHERE = 10  # the weight of a step into other records
FURTHEST = 300.0  # decimal places before and after the point that a double can have, with some to spare
FLOAT_REACH = 100.0  # of a field without fixed places; a value beyond counts as missing
UNKNOWN = "there is no field called “%(name)s”."
NUMBERS = frozenset({"+", "-", "*", "/", "neg", "round", "abs"})
ORDERS = frozenset({"<", "<=", ">", ">="})
AGGREGATES = frozenset({"sum", "avg", "min", "max", "count"})


@dataclass(frozen=True)
class Fixed:
    """A constant."""

    value: float | str | bool
    kind: Kind
    high: float = 16.0
    low: float = -16.0


@dataclass(frozen=True)
class Own:
    """The value of a field in the row at hand; a float is missing where it is beyond reach."""

    field: Field
    kind: Kind
    high: float = 0.0
    low: float = 0.0


@dataclass(frozen=True)
class Through:
    """A part computed in the record of `target` that the field `link` points at."""

    link: Field
    target: str
    inner: Bound

    @property
    def kind(self) -> Kind:
        """The type of the part."""
        return self.inner.kind

    @property
    def high(self) -> float:
        """How large it can get."""
        return self.inner.high

    @property
    def low(self) -> float:
        """How small it can get."""
        return self.inner.low


@dataclass(frozen=True)
class Over:
    """An aggregate of a list: of a part computed in each entry, or the number of entries."""

    function: str
    entries: Field
    inner: Bound | None
    kind: Kind
    high: float = 4.0
    low: float = 0.0


@dataclass(frozen=True)
class Apply:
    """A function or sign over parts."""

    function: str
    arguments: tuple[Bound, ...]
    kind: Kind
    high: float = 4.0
    low: float = 0.0


Bound = Fixed | Own | Through | Over | Apply
World = Mapping[str, Definition]


@lru_cache(maxsize=2048)
def _tree(text: str) -> Node:
    """A formula that others name is bound within each of them, and is read once."""
    return read(text)


def bind(definition: Definition, text: str, world: World, *, here: str = "") -> Bound:
    """The formula over `definition`'s fields, of the field `here`; `world` has what references lead to."""
    path = ((definition.name, here),) if here else ()
    return _Binder(world, _Budget(), path).bind(definition, text)


def size(bound: Bound) -> int:
    """How much a statement has to say for it; what looks into other records weighs more."""
    if isinstance(bound, Apply):
        return 1 + sum(size(part) for part in bound.arguments)
    if isinstance(bound, Through):
        return ELSEWHERE + size(bound.inner)
    if isinstance(bound, Over):
        return ELSEWHERE + (size(bound.inner) if bound.inner is not None else 0)
    return 1


def fields_read(bound: Bound) -> Iterator[Field]:
    """The fields of the row at hand that it looks at."""
    if isinstance(bound, Own):
        yield bound.field
    elif isinstance(bound, Through):
        yield bound.link
    elif isinstance(bound, Over):
        yield bound.entries
    elif isinstance(bound, Apply):
        for part in bound.arguments:
            yield from fields_read(part)


def free_of_references(bound: Bound) -> bool:
    """Whether the record's own values are enough to compute it."""
    if isinstance(bound, Apply):
        return all(free_of_references(part) for part in bound.arguments)
    if isinstance(bound, Over):
        return bound.inner is None or bool(bound.entries.rows)
    return not isinstance(bound, Through)


@dataclass
class _Budget:
    parts: int = 0
    fields: set[str] = dataclasses.field(default_factory=set)

    def spend(self, at: int) -> None:
        self.parts += 1
        if self.parts > MOST_PARTS or len(self.fields) > MOST_FIELDS:
            raise FormulaError("with the formulas that it uses this one is too long.", at)


@dataclass(frozen=True)
class _Binder:
    world: World
    budget: _Budget
    path: tuple[tuple[str, str], ...]  # the computed fields on the way here

    def bind(self, definition: Definition, text: str) -> Bound:
        return self._node(definition, _tree(text))

    def _node(self, definition: Definition, node: Node) -> Bound:
        self.budget.spend(node.at)
        if isinstance(node, Constant):
            return Fixed(node.value, _kind_of_constant(node.value), *_reach(node.value))
        if isinstance(node, Name):
            return self._name(definition, node, node.parts, MOST_STEPS)
        if node.function in AGGREGATES and len(node.arguments) == 1:
            return self._over(definition, node)
        return _applied(node, tuple(self._node(definition, one) for one in node.arguments))

    def _name(self, definition: Definition, node: Name, parts: tuple[str, ...], steps: int) -> Bound:
        field, rest = _longest(definition, node, parts)
        self.budget.spend(node.at)
        self.budget.fields.add(f"{definition.name}.{field.name}")
        if not rest:
            return self._field(definition, node, field)
        if field.many or field.ref is None:
            what = "“%(name)s” is a list; take sum, avg, min, max or count of it."
            raise FormulaError(what if field.many else UNKNOWN, node.at, name=node.text)
        if steps == 0:
            raise FormulaError("“%(name)s” goes through too many records.", node.at, name=node.text)
        target = self._target(node, field.ref)
        return Through(field, field.ref, self._name(target, node, rest, steps - 1))

    def _target(self, node: Name, name: str) -> Definition:
        if name not in self.world:
            raise FormulaError("“%(name)s” leads to a definition that is not there.", node.at, name=node.text)
        return self.world[name]

    def _field(self, definition: Definition, node: Name, field: Field) -> Bound:
        if field.formula is not None:
            here = (definition.name, field.name)
            if here in self.path:
                circle = " → ".join(name for _definition, name in (*self.path[self.path.index(here) :], here))
                raise FormulaError("this goes round in a circle: %(circle)s.", node.at, circle=circle)
            inner = _Binder(self.world, self.budget, (*self.path, here)).bind(definition, field.formula)
            return as_field(inner, field)
        kind = KINDS.get(field.type)
        if field.many:
            message = "“%(name)s” is a list; take sum, avg, min, max or count of it."
            raise FormulaError(message, node.at, name=node.text)
        if kind is None:
            raise FormulaError("“%(name)s” is of a type that formulas can't use.", node.at, name=node.text)
        return Own(field, kind, *_reach_of(field))

    def _over(self, definition: Definition, node: Call) -> Bound:
        name = node.arguments[0]
        if not isinstance(name, Name):
            message = "“%(name)s” is taken of a list's field, such as lines.weight."
            raise FormulaError(message, node.at, name=node.function)
        field, rest = _longest(definition, name, name.parts)
        self.budget.spend(node.at)
        if not field.many:
            raise FormulaError("“%(name)s” is no list.", name.at, name=field.name)
        if node.function == "count" and not rest:
            return Over("count", field, None, "number")
        if not rest:
            raise FormulaError("name the field of the list, such as lines.weight.", name.at)
        inner = self._entry(field, name, rest)
        if inner.kind != "number" and not (inner.kind == "date" and node.function in ("min", "max", "count")):
            raise FormulaError("“%(name)s” is no number.", name.at, name=name.text)
        kind: Kind = "number" if node.function == "count" else inner.kind
        return Over(node.function, field, inner, kind, inner.high + 4, inner.low - 4)

    def _entry(self, field: Field, name: Name, rest: tuple[str, ...]) -> Bound:
        if field.ref is not None:
            return self._name(self._target(name, field.ref), name, rest, MOST_STEPS - 1)
        item = field.rows.get(rest[0])
        kind = KINDS.get(item.type) if item is not None else None
        if item is None or len(rest) > 1 or kind is None:
            raise FormulaError(UNKNOWN, name.at, name=name.text)
        return Own(item, kind, *_reach_of(item))


def as_field(bound: Bound, field: Field) -> Bound:
    """The value as the computed field has it: whole numbers and fixed places are rounded."""
    places = 0 if field.type == "integer" else field.scale
    if places is None or bound.kind != "number":
        return bound
    return Apply("round", (bound, Fixed(float(places), "number")), "number", bound.high, bound.low)


def _longest(definition: Definition, node: Name, parts: tuple[str, ...]) -> tuple[Field, tuple[str, ...]]:
    """The field with the longest name that the parts begin with, since an object's fields have points in theirs."""
    for size in range(len(parts), 0, -1):
        field = definition.fields.get(".".join(parts[:size]))
        if field is not None:
            return field, parts[size:]
    raise FormulaError(UNKNOWN, node.at, name=node.text)


def _kind_of_constant(value: float | str | bool) -> Kind:
    if isinstance(value, bool):
        return "boolean"
    return "text" if isinstance(value, str) else "number"


def _reach(value: float | str | bool) -> tuple[float, float]:
    return (15.0, -15.0) if isinstance(value, float) else (0.0, 0.0)


def _reach_of(field: Field) -> tuple[float, float]:
    if field.type == "number":
        return FLOAT_REACH, -FLOAT_REACH
    return (19.0, -float(field.scale or 0)) if KINDS.get(field.type) == "number" else (0.0, 0.0)


def _applied(node: Call, given: tuple[Bound, ...]) -> Bound:
    """The call with its type; raises where the parts do not go with it."""
    kinds, function = [part.kind for part in given], node.function
    kind = kind_of(node, kinds)
    if function == "round" and len(given) == 2:
        places = given[1].value if isinstance(given[1], Fixed) else None
        if not isinstance(places, float) or places not in range(MOST_PLACES + 1):
            raise FormulaError("round takes a number of places from 0 to 9.", node.at)
    high, low = _grown(function, given) if kind == "number" else (0.0, 0.0)
    if high > FURTHEST or low < -FURTHEST:
        raise FormulaError("this can get larger or smaller than numbers can be; round in between.", node.at)
    return Apply(function, given, kind, high, low)


def kind_of(node: Call, kinds: list[Kind]) -> Kind:
    """The type of a call over parts of these types; raises where they do not go with it."""
    function = node.function
    if function in NUMBERS:
        return _all(node, kinds, "number", "number")
    if function in ("and", "or", "not"):
        return _all(node, kinds, "boolean", "boolean")
    if function in ("upper", "lower", "concat", "len"):
        return _all(node, kinds, "text", "number" if function == "len" else "text")
    if function in ("days", "year", "month"):
        return _all(node, kinds, "date", "number")
    if function == "if":
        if kinds[0] != "boolean":
            raise FormulaError("“if” begins with a condition.", node.arguments[0].at)
        return _same(node.arguments[1:], kinds[1:])
    kind = _same(node.arguments, kinds)
    if function in ("min", "max") and kind not in ("number", "date"):
        raise FormulaError("numbers or dates are expected here.", node.at)
    if function in ORDERS and kind == "boolean":
        raise FormulaError("yes and no have no order.", node.at)
    return kind if function in ("min", "max", "coalesce") else "boolean"


def _all(node: Call, kinds: list[Kind], wanted: Kind, result: Kind) -> Kind:
    for argument, kind in zip(node.arguments, kinds, strict=True):
        if kind != wanted:
            message = "“%(name)s” goes with another type: %(type)s."
            raise FormulaError(message, argument.at, name=node.function, type=wanted)
    return result


def _same(arguments: Sequence[Node], kinds: list[Kind]) -> Kind:
    other = next((at for at, kind in enumerate(kinds) if kind != kinds[0]), None)
    if other is not None:
        types = ", ".join(kinds)
        raise FormulaError("these values are of different types: %(types)s.", arguments[other].at, types=types)
    return kinds[0]


def _grown(function: str, given: tuple[Bound, ...]) -> tuple[float, float]:
    """How many decimal places before and after the point the result can have."""
    highs, lows = [part.high for part in given], [part.low for part in given]
    if function == "*":
        return sum(highs), sum(lows)
    if function == "/":
        return highs[0] - lows[1], lows[0] - highs[1]
    if function in ("+", "-"):
        return max(highs) + 1, min(lows) - 17  # what is left when nearly equal numbers are taken from each other
    if function == "round":
        return highs[0] + 1, -float(MOST_PLACES)
    if function in ("len", "days", "year", "month"):
        return 8.0, 0.0
    return max(highs), min(lows)
