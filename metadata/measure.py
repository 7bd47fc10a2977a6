"""Measures: the aggregate expressions of a KPI, such as ``sum(passed) / sum(inspected)``.

Called by the parser of definitions (is the expression well formed, which fields does it
read), by dashboards and by scoring (what is it worth). Python's own ``ast`` reads the text
and a whitelist decides; nothing is ever evaluated as Python.

Promises: an expression is a small frozen tree of numbers, aggregates and ``+ - * /``. The
same tree gives SQL over groups (``sql``) and over a single row (``row_sql``); parts that can
be taken together later (``parts_sql``, ``combined``: one statement by month and unit also
answers for each year and for the whole); and a slow, obvious answer in plain Python
(``value``), which the tests hold against both databases. All arithmetic is in double
precision. Missing data is None and never 0: no rows, no value in any row, or a division by
zero; and None stays None through every operation.
"""

import ast
import dataclasses
import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Double, Integer, cast, func, literal

from metadata.errors import Invalid

MAX_LENGTH = 500
MAX_DEPTH = 20
AGGREGATES = ("sum", "avg", "min", "max", "count")

_FOREIGN = re.compile(r"[^A-Za-z0-9_.,+\-*/() ]")
_NUMBER = re.compile(r"\d{1,15}(\.\d{1,15})?")
_OPERATORS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_APPLY: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
# What must be kept of a group for each aggregate, and how it is taken together over groups.
_PARTS = {"sum": ("sum",), "avg": ("sum", "filled"), "min": ("min",), "max": ("max",), "count": ("count",)}
_MERGE: dict[str, Callable[[list[float]], float]] = {
    "sum": math.fsum,
    "filled": math.fsum,
    "count": math.fsum,
    "min": min,
    "max": max,
}

Columns = Mapping[str, ColumnElement[Any]]
Rows = list[Mapping[str, Any]]


class MeasureError(Invalid):
    """The expression cannot be used; ``position`` counts characters from 1."""

    def __init__(self, message: str, position: int, **params: str) -> None:
        super().__init__(f"At character %(position)s: {message}", params={"position": position, **params})
        self.position = position


@dataclass(frozen=True)
class Number:
    value: float


@dataclass(frozen=True)
class Aggregate:
    """``function`` over a field, or ``count`` over rows (field None). ``at`` is where the field stands."""

    function: str
    field: str | None
    at: int = dataclasses.field(compare=False)


@dataclass(frozen=True)
class Operation:
    symbol: str
    left: "Node"
    right: "Node"


Node = Number | Aggregate | Operation


@dataclass(frozen=True)
class Measure:
    """A checked expression."""

    text: str
    fields: frozenset[str]
    root: Node

    @property
    def adds_up(self) -> bool:
        """Whether the values of the parts of a year add up to that of the year."""
        return _adds_up(self.root)

    def sql(self, columns: Columns) -> ColumnElement[float]:
        """The value of a group of rows, for a SELECT with or without GROUP BY."""
        value = _sql(self.root, lambda node: _group_sql(node, columns))
        if not any(True for _ in _aggregates(self.root)):  # a bare number is told once, too, and of no row at all
            return func.coalesce(func.max(value), value)
        return value

    def row_sql(self, columns: Columns) -> ColumnElement[float]:
        """The value that a single row would have if it were the whole group, without GROUP BY."""
        return _sql(self.root, lambda node: _single_sql(node, columns))

    def parts_sql(self, columns: Columns) -> dict[str, ColumnElement[float]]:
        """What to select per group so that `combined` can give the value of any union of groups."""
        found: dict[str, ColumnElement[float]] = {}
        for node in _aggregates(self.root):
            for function in _PARTS[node.function]:
                key = _key(function, node)
                found[key] = _part_sql(function, node, columns) if key not in found else found[key]
        return found

    def combined(self, groups: Iterable[Mapping[str, float | None]]) -> float | None:
        """The value of several groups taken together, each given by its parts."""
        listed = list(groups)
        return _value(self.root, lambda node: _combined(node, listed))

    def value(self, rows: Iterable[Mapping[str, Any]]) -> float | None:
        """The value in plain Python: slow, obvious, the reference of the tests."""
        listed = list(rows)
        return _value(self.root, lambda node: _aggregate_value(node, listed))

    def position(self, name: str) -> int:
        """Where the expression first names the field, counted from 1."""
        return min(node.at for node in _aggregates(self.root) if node.field == name)


def parse(text: str) -> Measure:
    """Read an expression, or raise MeasureError with the place of the first mistake."""
    if len(text) > MAX_LENGTH:
        raise MeasureError("the expression is too long.", MAX_LENGTH + 1)
    if foreign := _FOREIGN.search(text):
        raise MeasureError("%(sign)s has no meaning here.", foreign.start() + 1, sign=foreign.group())
    indent = len(text) - len(text.lstrip())
    source = text.strip()
    if not source:
        raise MeasureError("the expression is empty; write for example sum(amount).", 1)
    try:
        tree = ast.parse(source, mode="eval").body
    except SyntaxError as error:
        # Python numbers the end of the text 0, or one further than there are characters.
        at = min(error.offset or len(source), len(source)) + indent
        raise MeasureError("the expression cannot be read from here on.", at) from None
    except (RecursionError, MemoryError):
        raise MeasureError("the expression is nested too deeply.", indent + 1) from None
    root = _Reader(source, indent).read(tree, MAX_DEPTH)
    names = frozenset(node.field for node in _aggregates(root) if node.field is not None)
    return Measure(text, names, root)


class _Reader:
    """Turns Python's tree into ours, refusing whatever is not on the whitelist."""

    def __init__(self, source: str, indent: int) -> None:
        self.source = source
        self.indent = indent

    def refuse(self, node: ast.expr, message: str, **params: str) -> MeasureError:
        return MeasureError(message, self.at(node), **params)

    def at(self, node: ast.expr) -> int:
        return node.col_offset + self.indent + 1

    def read(self, node: ast.expr, depth: int) -> Node:
        if depth == 0:
            raise self.refuse(node, "the expression is nested too deeply.")
        if isinstance(node, ast.Constant):
            return self.number(node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return Operation("-", Number(0.0), self.read(node.operand, depth - 1))
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            left = self.read(node.left, depth - 1)
            return Operation(_OPERATORS[type(node.op)], left, self.read(node.right, depth - 1))
        if isinstance(node, ast.Call):
            return self.aggregate(node)
        if isinstance(node, ast.Name):
            message = "say how to take %(field)s together, for example sum(%(field)s)."
            raise self.refuse(node, message, field=node.id)
        raise self.refuse(node, "only numbers, + - * /, parentheses, sum, avg, min, max and count are possible.")

    def number(self, node: ast.Constant) -> Number:
        written = ast.get_source_segment(self.source, node) or ""
        if not _NUMBER.fullmatch(written):
            raise self.refuse(node, "%(written)s is not a number such as 12 or 0.5.", written=written)
        return Number(float(written))

    def aggregate(self, node: ast.Call) -> Aggregate:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in AGGREGATES:
            raise self.refuse(node, "only sum, avg, min, max and count can stand before a parenthesis.")
        if name == "count":
            if node.args or node.keywords:
                raise self.refuse(node, "count() counts the records and takes no field.")
            return Aggregate(name, None, self.at(node))
        if len(node.args) != 1 or node.keywords:
            raise self.refuse(node, "%(function)s takes one field, for example %(function)s(amount).", function=name)
        return Aggregate(name, self.field(node.args[0]), self.at(node.args[0]))

    def field(self, node: ast.expr) -> str:
        plain = node
        while isinstance(plain, ast.Attribute):
            plain = plain.value
        if not isinstance(plain, ast.Name):
            raise self.refuse(node, "the name of a field is expected here.")
        return ast.unparse(node)


def _aggregates(node: Node) -> Iterable[Aggregate]:
    if isinstance(node, Aggregate):
        yield node
    elif isinstance(node, Operation):
        yield from _aggregates(node.left)
        yield from _aggregates(node.right)


def _adds_up(node: Node) -> bool:
    """Sums and counts, added, taken away, or times a number."""
    if isinstance(node, Aggregate):
        return node.function in ("sum", "count")
    if isinstance(node, Number):
        return node.value == 0  # a minus sign is written as 0 - …
    sides = (node.left, node.right)
    if node.symbol in ("+", "-"):
        return all(_adds_up(side) for side in sides)
    fixed = [not list(_aggregates(side)) for side in sides]
    if node.symbol == "*":
        return any(fixed) and any(_adds_up(side) for side, is_fixed in zip(sides, fixed, strict=True) if not is_fixed)
    return fixed[1] and _adds_up(node.left)


def _sql(node: Node, leaf: Callable[[Aggregate], ColumnElement[float]]) -> ColumnElement[float]:
    if isinstance(node, Number):
        return cast(literal(node.value), Double)
    if isinstance(node, Aggregate):
        return leaf(node)
    left, right = _sql(node.left, leaf), _sql(node.right, leaf)
    if node.symbol == "/":
        return left / func.nullif(right, 0, type_=Double)
    combined: ColumnElement[float] = _APPLY[node.symbol](left, right)
    return combined


def _column(node: Aggregate, columns: Columns) -> ColumnElement[Any]:
    """The field's column as a number that neither database divides or adds up as an integer.

    NUMERIC stays: PostgreSQL adds it exactly. Whole numbers become doubles before they are
    added, since SQLite raises an error when a sum leaves 64 bits.
    """
    if node.field is None or node.field not in columns:
        raise MeasureError("there is no field %(field)s.", node.at, field=str(node.field))
    column = columns[node.field]
    if isinstance(column.type, Boolean):
        column = cast(column, Integer)
    return cast(column, Double) if isinstance(column.type, Integer) else column


def _group_sql(node: Aggregate, columns: Columns) -> ColumnElement[float]:
    parts = [_part_sql(function, node, columns) for function in _PARTS[node.function]]
    if len(parts) == 1:
        return parts[0]
    # Not avg(): the databases round it differently for NUMERIC; a quotient of doubles is the same on both.
    return cast(parts[0] / parts[1], Double)


def _part_sql(function: str, node: Aggregate, columns: Columns) -> ColumnElement[float]:
    if function == "count":
        return cast(func.nullif(func.count(), 0), Double)
    column = _column(node, columns)
    if function == "filled":
        return cast(func.nullif(func.count(column), 0), Double)
    return cast(getattr(func, function)(column), Double)


def _single_sql(node: Aggregate, columns: Columns) -> ColumnElement[float]:
    return cast(literal(1.0), Double) if node.function == "count" else cast(_column(node, columns), Double)


def _value(node: Node, leaf: Callable[[Aggregate], float | None]) -> float | None:
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Aggregate):
        return leaf(node)
    left, right = _value(node.left, leaf), _value(node.right, leaf)
    if left is None or right is None or (node.symbol == "/" and right == 0):
        return None
    result: float = _APPLY[node.symbol](left, right)
    return result


def _key(function: str, node: Aggregate) -> str:
    return f"{function}({node.field or ''})"


def _combined(node: Aggregate, groups: list[Mapping[str, float | None]]) -> float | None:
    parts: list[float] = []
    for function in _PARTS[node.function]:
        key = _key(function, node)
        present = [value for group in groups if (value := group[key]) is not None]
        if not present:
            return None
        parts.append(_MERGE[function](present))
    return parts[0] / parts[1] if len(parts) == 2 else parts[0]


def _aggregate_value(node: Aggregate, rows: Rows) -> float | None:
    if node.field is None:
        return float(len(rows)) if rows else None
    present = [float(row[node.field]) for row in rows if row[node.field] is not None]
    if not present:
        return None
    if node.function in ("min", "max"):
        return _MERGE[node.function](present)
    total = math.fsum(present)
    return total / len(present) if node.function == "avg" else total
