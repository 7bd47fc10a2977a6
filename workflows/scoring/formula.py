"""The formula of a scorecard: what it may name, of which unit each part is, and where it is wrong.

Called when a scorecard is checked, pinned or tried; `formula_value` computes what passed, `formula_columns` does it for
populations. The grammar is that of computed fields (`metadata.formula.reading`); the names are the weighted sum
(`total`) and a line's or section's figures by its name in quotes: `reached("pass_rate") < 60`. Promises: what is bound
gives points; a FormulaError names the character and what to do. Units are compared, never converted
(docs/decisions/0125). Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Literal, TypeAlias

from metadata.formula.binding import MOST_PLACES, Kind, kind_of
from metadata.formula.reading import Call, Constant, FormulaError, Name, Node, read
from workflows.scoring.rounding import exact

TOTAL, REACHED, ACTUAL, TARGET, SECTION = "total", "reached", "actual", "target", "section"
FIGURES = (REACHED, ACTUAL, TARGET, SECTION)
FUNCTIONS = {  # how many arguments each takes
    **dict.fromkeys(FIGURES, (1, 1)),
    "if": (3, 3),
    "min": (2, 10),
    "max": (2, 10),
    "round": (1, 2),
    "abs": (1, 1),
    "coalesce": (2, 10),
}
POINTS = "points"
MOST_FACTORS = 5  # exact fractions grow with each factor, and sheets keep them digit by digit
UNKNOWN_NAME = "“%(name)s” means nothing here; write total, or a line's name in quotes: reached('pass_rate')."
UNQUOTED = "write the name in quotes, as in reached('pass_rate')."
NO_LINE = "the scorecard has no line “%(name)s”; there are %(known)s."
NO_SECTION = "the scorecard has no section “%(name)s”; there are %(known)s."
NO_TEXT = "a text can't be reckoned with; only the names of lines and sections stand in quotes."
UNITS = "these values are of different units: %(units)s. Divide each by a value of its own unit first."
NO_POINTS = "the result is in %(units)s, and a score is in points; divide by a value of the same unit."
FACTORS = "at most %(most)s figures can be multiplied or divided with each other; round in between."
NO_NUMBER = "the result is yes or no, and a score is a number; choose one with if(…, …, …)."

Unit: TypeAlias = tuple[tuple[str, int], ...] | None  # None: a plain number, which goes with every unit
Figure: TypeAlias = Literal["total", "reached", "actual", "target", "section"]
OF_POINTS: Unit = ((POINTS, 1),)


@dataclass(frozen=True)
class Nameable:
    """A line as a formula may name it."""

    key: str
    unit: str = ""
    section: str = ""


@dataclass(frozen=True)
class Fixed:
    """A constant."""

    value: Fraction | bool
    text: str


@dataclass(frozen=True)
class Given:
    """A figure of the scorecard: of the whole, of a line, or of a section's lines; `lines` are their places."""

    figure: Figure
    name: str
    lines: tuple[int, ...]
    unit: str
    text: str


@dataclass(frozen=True)
class Apply:
    """A function or sign over parts."""

    function: str
    arguments: tuple[Part, ...]
    text: str


Part: TypeAlias = Fixed | Given | Apply


@dataclass(frozen=True)
class Formula:
    """A formula that passed, and all figures that it reads."""

    text: str
    root: Part
    figures: tuple[Given, ...]


@lru_cache(maxsize=256)
def bound(text: str, lines: tuple[Nameable, ...]) -> Formula:
    """The formula over these lines; raises FormulaError."""
    binder = _Binder(text, lines)
    root = binder.part(read(text, FUNCTIONS))
    if root.kind != "number":
        raise FormulaError(NO_NUMBER, root.at)
    if root.unit not in (None, OF_POINTS):
        raise FormulaError(NO_POINTS, root.at, units=spelled(root.unit))
    return Formula(text, root.part, tuple(dict.fromkeys(_figures(root.part))))


def named_lines(text: str) -> frozenset[str]:
    """The lines that the formula names, as far as it can be read."""
    try:
        return _quoted(read(text, FUNCTIONS)) if text else frozenset()
    except FormulaError:
        return frozenset()


def _quoted(node: Node) -> frozenset[str]:
    if not isinstance(node, Call) or node.function == SECTION:
        return frozenset()
    if node.function in FIGURES:
        texts = (one.value for one in node.arguments if isinstance(one, Constant))
        return frozenset(text for text in texts if isinstance(text, str))
    return frozenset().union(*map(_quoted, node.arguments))


def _figures(part: Part) -> list[Given]:
    if isinstance(part, Given):
        return [part]
    return [one for inner in part.arguments for one in _figures(inner)] if isinstance(part, Apply) else []


def spelled(unit: Unit) -> str:
    """A unit as people write it: CNY, CNY/h."""
    over = [name + (f"^{power}" if power > 1 else "") for name, power in unit or () if power > 0]
    under = [name + (f"^{-power}" if power < -1 else "") for name, power in unit or () if power < 0]
    return "·".join(over or ["1"]) + "".join(f"/{name}" for name in under)


@dataclass(frozen=True)
class _Typed:
    """A part with its type, its unit, where it begins, and how many figures it multiplies."""

    part: Part
    kind: Kind
    unit: Unit
    at: int
    factors: int = 0


@dataclass(frozen=True)
class _Binder:
    text: str
    lines: tuple[Nameable, ...]

    def part(self, node: Node) -> _Typed:
        words = self.text[node.at - 1 : node.end]
        if isinstance(node, Constant):
            if isinstance(node.value, str):
                raise FormulaError(NO_TEXT, node.at)
            value = node.value if isinstance(node.value, bool) else exact(node.value)
            return _Typed(Fixed(value, words), "boolean" if isinstance(value, bool) else "number", None, node.at)
        if isinstance(node, Name):
            if node.parts != (TOTAL,):
                raise FormulaError(UNKNOWN_NAME, node.at, name=node.text)
            return _Typed(Given("total", "", (), POINTS, words), "number", OF_POINTS, node.at, 1)
        if node.function in FIGURES:
            return self._figure(node, words)
        return _applied(node, [self.part(one) for one in node.arguments], words)

    def _figure(self, node: Call, words: str) -> _Typed:
        (name,) = node.arguments
        if not isinstance(name, Constant) or not isinstance(name.value, str):
            raise FormulaError(UNQUOTED, name.at)
        if node.function == SECTION:
            places = tuple(at for at, line in enumerate(self.lines) if line.section == name.value)
            known, wrong = [line.section for line in self.lines if line.section], NO_SECTION
        else:
            places = tuple(at for at, line in enumerate(self.lines) if line.key == name.value)
            known, wrong = [line.key for line in self.lines], NO_LINE
        if not places or not name.value:
            raise FormulaError(wrong, name.at, name=name.value, known=", ".join(dict.fromkeys(known)) or "–")
        of_points = node.function in (REACHED, SECTION)
        unit = OF_POINTS if of_points else _unit(self.lines[places[0]].unit)
        figure: Figure = node.function  # type: ignore[assignment]  # one of FIGURES
        part = Given(figure, name.value, places, POINTS if of_points else self.lines[places[0]].unit, words)
        return _Typed(part, "number", unit, node.at, 1)


def _unit(text: str) -> Unit:
    return ((text.strip(), 1),) if text.strip() else None


def _applied(node: Call, given: Sequence[_Typed], words: str) -> _Typed:
    kind = kind_of(node, [one.kind for one in given])
    function = node.function
    if function == "round" and len(given) == 2:
        places = given[1].part
        if (
            not isinstance(places, Fixed)
            or isinstance(places.value, bool)
            or places.value not in range(MOST_PLACES + 1)
        ):
            raise FormulaError("round takes a number of places from 0 to 9.", given[1].at)
    part = Apply(function, tuple(one.part for one in given), words)
    factors = _factors(function, [one.factors for one in given])
    if factors > MOST_FACTORS:
        raise FormulaError(FACTORS, node.at, most=str(MOST_FACTORS))
    return _Typed(part, kind, _unit_of(function, given), node.at, factors)


def _factors(function: str, given: Sequence[int]) -> int:
    if function in ("*", "/"):
        return sum(given)
    return 0 if function == "round" else max(given)


def _unit_of(function: str, given: Sequence[_Typed]) -> Unit:
    if function in ("*", "/"):
        return _product(given[0].unit, given[1].unit, 1 if function == "*" else -1)
    if function in ("and", "or", "not"):
        return None
    alike = given[1:] if function == "if" else given[:1] if function == "round" else given
    found: Unit = None
    for one in alike:
        if found is not None and one.unit is not None and one.unit != found:
            raise FormulaError(UNITS, one.at, units=f"{spelled(found)}, {spelled(one.unit)}")
        found = found or one.unit
    return None if function in ("==", "!=", "<", "<=", ">", ">=") else found


def _product(left: Unit, right: Unit, sign: int) -> Unit:
    """Points are hundredths of a plan: beside another unit they count as a plain number, among themselves as points."""
    powers: dict[str, int] = {}
    for unit, way in ((left, 1), (right, sign)):
        for name, power in unit or ():
            if name != POINTS:
                powers[name] = powers.get(name, 0) + way * power
    found = tuple(sorted((name, power) for name, power in powers.items() if power))
    if found:
        return found
    of_points = left == OF_POINTS, right == OF_POINTS
    return OF_POINTS if of_points == (True, False) or (sign > 0 and any(of_points)) else None
