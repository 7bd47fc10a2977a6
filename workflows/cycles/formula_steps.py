"""What a formula read and made, step by step, as a stored sheet has it: for people who reckon it again by hand.

Called by the ledger's page and REST. Pure: the figures are those of the sheet, the formula is the pinned one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from workflows.cycles.sheets import LedgerLine
from workflows.cycles.terms import Terms
from workflows.scoring import exact
from workflows.scoring.formula import Given, Part
from workflows.scoring.formula_value import Missing, Reading, Value, evaluate


@dataclass(frozen=True)
class Step:
    """A part of the formula as it was written, and its value; without one, `reason` says why.

    `figure` tells what was read from what was reckoned; `unit` is that of a figure.
    """

    text: str
    value: Fraction | bool | None
    reason: str
    figure: bool
    unit: str


def steps(known: Terms, lines: Sequence[LedgerLine]) -> tuple[Step, ...]:
    """The steps in the order in which they were needed; branches that were not taken have none."""
    formula = known.worked
    if formula is None or not any(line.effective for line in lines):
        return ()
    found: dict[str, Step] = {}

    def note(part: Part, value: Value) -> None:
        there, reason = (None, value.reason) if isinstance(value, Missing) else (value, "")
        unit = part.unit if isinstance(part, Given) else ""
        found[part.text] = Step(part.text, there, reason, isinstance(part, Given), unit)

    evaluate(formula.root, _reading(lines), note)
    return tuple(found.values())


def _reading(lines: Sequence[LedgerLine]) -> Reading:
    return Reading(
        total=sum((line.contribution for line in lines), Fraction(0)),
        reached=tuple(line.attainment for line in lines),
        actual=tuple(None if line.actual is None else exact(line.actual) for line in lines),
        target=tuple(None if line.plan is None else exact(line.plan) for line in lines),
        effective=tuple(line.effective for line in lines),
        contribution=tuple(line.contribution for line in lines),
    )
