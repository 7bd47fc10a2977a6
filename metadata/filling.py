"""What fills a field that has no value when it changes: the formula under `x-moves`, over the fields of before.

Called by `moving`, record by record within a chunk, and by the dialect, which refuses what can't be read. Python's own
`ast` reads the text and a whitelist decides; nothing is ever evaluated as Python. A missing value makes the result
missing, as does a division by zero; what is no value of the field fills nothing.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from metadata import validation
from metadata.errors import Problem
from metadata.fieldtypes import BadValue
from metadata.model import Definition, Field

Values = Mapping[str, Any]
MOST_DEPTH = 20
UNREADABLE = (
    "This formula can't be read: names of fields, numbers, texts in quotes, + - * /, comparisons, and, or, not."
)
UNKNOWN = "There is no field called “%(name)s” in the version before."
_WORDS = re.compile(r"""("[^"]*"|'[^']*')|\b(if|true|false)\b""")
_NAMES = {"if": "if_", "true": "True", "false": "False"}
_ARITHMETIC: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARES: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "concat": lambda *given: "".join(str(value) for value in given),
    "lower": lambda value: str(value).lower(),
    "upper": lambda value: str(value).upper(),
    "round": lambda value, places=0: round(value, int(places)),
}


def problem(text: str) -> Problem | None:
    """Why the text is no formula; None when it is one."""
    tree = _read(text)
    return None if tree is not None and _allowed(tree) else Problem("", UNREADABLE)


def unknown(definition: Definition, item: Field) -> Iterator[str]:
    """The names in the formula of `item` that are no field of the definition as it was."""
    tree = _read(item.moves.get("fill", ""))
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Name) and not _is_function(node.id) and node.id not in definition.fields:
            yield node.id


def of(definition: Definition, item: Field) -> Callable[[Values], Any] | None:
    """A function from the values of a record to the one that the field gets; None where nothing fills it."""
    tree = _read(item.moves.get("fill", ""))
    if tree is None or not _allowed(tree) or any(unknown(definition, item)):
        return None

    def fill(values: Values) -> Any:
        made = _value(tree, values)
        try:
            return validation.value_of(item, made, "text" if isinstance(made, str) else "json")
        except BadValue:
            return None

    return fill


def _read(text: str) -> ast.expr | None:
    written = _WORDS.sub(lambda found: found[1] or _NAMES[found[2]], text)
    try:
        return ast.parse(written.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _is_function(name: str) -> bool:
    return name in _FUNCTIONS or name in ("if_", "coalesce")


def _allowed(node: ast.AST, depth: int = 0) -> bool:
    if depth > MOST_DEPTH:
        return False
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int | float | str)
    if isinstance(node, ast.Name):
        return True
    if isinstance(node, ast.Call):
        named = isinstance(node.func, ast.Name) and _is_function(node.func.id) and not node.keywords and node.args
        return bool(named) and all(_allowed(argument, depth + 1) for argument in node.args)
    if isinstance(node, ast.Compare):
        plain = len(node.ops) == 1 and type(node.ops[0]) in _COMPARES
        return plain and _allowed(node.left, depth + 1) and _allowed(node.comparators[0], depth + 1)
    if isinstance(node, ast.BoolOp):
        return all(_allowed(value, depth + 1) for value in node.values)
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.USub | ast.Not) and _allowed(node.operand, depth + 1)
    if isinstance(node, ast.BinOp):
        known = type(node.op) in _ARITHMETIC
        return known and _allowed(node.left, depth + 1) and _allowed(node.right, depth + 1)
    return False


def _value(node: ast.AST, values: Values) -> Any:
    """The value of an allowed node; None where something is missing or does not go together."""
    try:
        return _plain(node, values)
    except (TypeError, ValueError, ArithmeticError):
        return None


def _plain(node: Any, values: Values) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return values.get(node.id)
    if isinstance(node, ast.BoolOp):
        told = [bool(_value(value, values)) for value in node.values]
        return all(told) if isinstance(node.op, ast.And) else any(told)
    if isinstance(node, ast.UnaryOp):
        inner = _value(node.operand, values)
        return not inner if isinstance(node.op, ast.Not) else -inner
    if isinstance(node, ast.Compare):
        return _COMPARES[type(node.ops[0])](_value(node.left, values), _value(node.comparators[0], values))
    if isinstance(node, ast.BinOp):
        return _ARITHMETIC[type(node.op)](_number(_value(node.left, values)), _number(_value(node.right, values)))
    return _called(node.func.id, node.args, values)


def _number(value: Any) -> Any:
    """Decimals and floats do not mix in Python; columns have both."""
    return value if isinstance(value, int | str) or value is None else float(value)


def _called(name: str, arguments: list[ast.expr], values: Values) -> Any:
    if name == "if_":
        condition, then, otherwise = arguments
        return _value(then if _value(condition, values) else otherwise, values)
    given = [_value(argument, values) for argument in arguments]
    if name == "coalesce":
        return next((value for value in given if value is not None), None)
    return None if any(value is None for value in given) else _FUNCTIONS[name](*given)
