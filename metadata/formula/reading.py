"""The text of a formula as a small frozen tree. Python's own `ast` reads it, a whitelist decides what may stand there.

Called by `binding`, and by the scorecards' formulas with functions of their own. Promises: a tree of numbers, texts,
true and false, names and calls, at most twenty deep, each with the characters that it was written with; or FormulaError
with the place of the first mistake, counted from 1.
"""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass

from metadata.errors import Invalid

MAX_LENGTH = 500
MAX_DEPTH = 20
LARGEST = 1e15
FUNCTIONS = {  # how many arguments each takes
    "if": (3, 3),
    "round": (1, 2),
    "abs": (1, 1),
    "coalesce": (2, 10),
    "concat": (1, 10),
    "upper": (1, 1),
    "lower": (1, 1),
    "len": (1, 1),
    "days": (2, 2),
    "year": (1, 1),
    "month": (1, 1),
    "sum": (1, 1),
    "avg": (1, 1),
    "count": (1, 1),
    "min": (1, 10),
    "max": (1, 10),
}
_SIGNS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.And: "and",
    ast.Or: "or",
    ast.Not: "not",
}
_QUOTED = re.compile(r""""[^"\\]*"|'[^'\\]*'""")
_FOREIGN = re.compile(r"[^\w .,+\-*/()<>=!]", re.ASCII)  # Python would read full-width letters as others


class FormulaError(Invalid):
    """The formula can't be used; `position` counts characters from 1."""

    def __init__(self, message: str, position: int, **params: str) -> None:
        super().__init__(f"At character %(position)s: {message}", params={"position": position, **params})
        self.position = position


@dataclass(frozen=True)
class Constant:
    """A number, a text, true or false."""

    value: float | str | bool
    at: int = dataclasses.field(compare=False)
    end: int = dataclasses.field(compare=False)


@dataclass(frozen=True)
class Name:
    """A field, perhaps through others: `boss.salary` has two parts."""

    parts: tuple[str, ...]
    at: int = dataclasses.field(compare=False)
    end: int = dataclasses.field(compare=False)

    @property
    def text(self) -> str:
        """The name as it was written."""
        return ".".join(self.parts)


@dataclass(frozen=True)
class Call:
    """A function or a sign with its arguments; a minus with one argument is `neg`."""

    function: str
    arguments: tuple[Node, ...]
    at: int = dataclasses.field(compare=False)
    end: int = dataclasses.field(compare=False)


Node = Constant | Name | Call


def read(text: str, functions: Mapping[str, tuple[int, int]] = FUNCTIONS) -> Node:
    """The tree of a formula that may call `functions` (fewest and most arguments of each); raises FormulaError."""
    if len(text) > MAX_LENGTH:
        raise FormulaError("the formula is too long.", MAX_LENGTH + 1)
    text = text.rstrip()
    if text != text.lstrip():
        raise FormulaError("a formula begins without a blank.", 1)
    bare = _QUOTED.sub(lambda found: "_" * len(found[0]), text)
    if foreign := _FOREIGN.search(bare):
        raise FormulaError("%(sign)s has no meaning here.", foreign.start() + 1, sign=foreign.group())
    return _Reader(text.encode(), functions).node(_parsed(text, bare), 1)


def _parsed(text: str, bare: str) -> ast.expr:
    """`if` is a word of Python, so it is read as `If`, which no field is called; nothing moves by that."""
    spelled = list(text)
    for found in re.finditer(r"\bif\b(?=\s*\()", bare):
        spelled[found.start()] = "I"
    try:
        return ast.parse("".join(spelled), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        place = getattr(error, "offset", 1) or len(text) + 1  # none is told where something is missing at the end
        raise FormulaError("the formula ends or goes on where it can't.", place) from None


@dataclass(frozen=True)
class _Reader:
    """Python counts places in bytes; people count characters, and names within quotes may be Chinese."""

    text: bytes
    functions: Mapping[str, tuple[int, int]]

    def node(self, node: ast.expr, depth: int) -> Node:
        at, end = self._place(node.col_offset) + 1, self._place(node.end_col_offset)
        if depth > MAX_DEPTH:
            raise FormulaError("this is nested too deep.", at)

        def inner(*found: ast.expr) -> tuple[Node, ...]:
            return tuple(self.node(one, depth + 1) for one in found)

        if isinstance(node, ast.Constant):
            return _constant(node, at, end)
        if isinstance(node, ast.Name | ast.Attribute):
            return _name(node, at, end)
        if isinstance(node, ast.BinOp) and type(node.op) in _SIGNS:
            return Call(_SIGNS[type(node.op)], inner(node.left, node.right), at, end)
        if isinstance(node, ast.BoolOp):
            return Call(_SIGNS[type(node.op)], inner(*node.values), at, end)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
            return Call("not" if isinstance(node.op, ast.Not) else "neg", inner(node.operand), at, end)
        if isinstance(node, ast.Compare) and all(type(op) in _SIGNS for op in node.ops):
            if len(node.ops) > 1:
                raise FormulaError("compare two values at a time, with and between.", at)
            return Call(_SIGNS[type(node.ops[0])], inner(node.left, node.comparators[0]), at, end)
        if isinstance(node, ast.Call):
            return Call(self._function(node, at), inner(*node.args), at, end)
        raise FormulaError("this has no meaning in a formula.", at)

    def _place(self, offset: int | None) -> int:
        return len(self.text[: offset or 0].decode(errors="ignore"))

    def _function(self, node: ast.Call, at: int) -> str:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        function = "if" if name == "If" else name
        if function not in self.functions:
            known = ", ".join(self.functions)
            raise FormulaError("there is no function “%(name)s”; there are %(known)s.", at, name=function, known=known)
        fewest, most = self.functions[function]
        if node.keywords or not fewest <= len(node.args) <= most:
            count = str(fewest) if fewest == most else f"{fewest}–{most}"
            raise FormulaError("“%(name)s” takes %(count)s values.", at, name=function, count=count)
        return function


def _constant(node: ast.Constant, at: int, end: int) -> Constant:
    if isinstance(node.value, str):
        return Constant(node.value, at, end)
    if isinstance(node.value, int | float) and not isinstance(node.value, bool) and abs(node.value) < LARGEST:
        return Constant(float(node.value), at, end)
    raise FormulaError("this has no meaning in a formula.", at)


def _name(node: ast.Name | ast.Attribute, at: int, end: int) -> Constant | Name:
    parts: list[str] = []
    found: ast.AST = node
    while isinstance(found, ast.Attribute):
        parts.insert(0, found.attr)
        found = found.value
    if not isinstance(found, ast.Name):
        raise FormulaError("this has no meaning in a formula.", at)
    parts.insert(0, found.id)
    if parts in (["true"], ["false"]):
        return Constant(parts == ["true"], at, end)
    return Name(tuple(parts), at, end)
