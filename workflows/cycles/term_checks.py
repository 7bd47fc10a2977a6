"""Whether a scorecard's terms can be scored with: scoring's own checks, each problem laid at the scorecard's door.

Called by `terms`, which gathers, and by the contents of scorecards. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

from metadata.errors import Invalid, Problem
from workflows.cycles.desk import Row
from workflows.scoring import Limits, check_bands, check_rule, check_weights, exact

if TYPE_CHECKING:
    from workflows.cycles.terms import TermLine, Terms


def checked(lines: Sequence[Row], terms: Terms) -> list[Problem]:
    """The problems of scoring's own checks, each laid at the scorecard's door."""
    problems: list[Problem] = []
    checks: list[Callable[[], object]] = [
        partial(
            check_weights,
            [row["weight"] for row in lines],
            [Limits(row["weight_floor"], row["weight_ceiling"]) for row in lines],
        ),
        partial(check_bands, terms.plain_bands),
        *(partial(check_rule, fixed_target(line), line.rule) for line in terms.lines),
        lambda: terms.worked,
    ]
    for check in checks:
        try:
            check()
        except Invalid as error:
            found = error.problems or (error,)
            problems += [Problem("/scorecard", one.message, one.params) for one in found]
    return problems


def fixed_target(line: TermLine) -> Fraction | None:
    """The target that stands in the scorecard itself, where there is one."""
    return None if line.target is None else exact(line.target)
