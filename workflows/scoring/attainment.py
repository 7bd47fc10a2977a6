"""Attainment of one KPI: how much of the way from the baseline to the target was gone.

Called by `score` for each line of a scorecard and by dashboards for a single figure. Pure and exact.
Promises: missing data is None, never 0; a target equal to its baseline is refused at save
(`check_rule`) and counts as no data when only the observed plan makes it so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from metadata.errors import Invalid, Problem
from metadata.model import Measure
from workflows.scoring.rounding import exact

ZERO, ONE = Fraction(0), Fraction(1)
DEFAULT_CAP = Fraction(6, 5)


@dataclass(frozen=True, slots=True)
class Rule:
    """How attainment is reckoned: which way is better, from where, and between which bounds.

    `baseline` None means "none given": 0, and for `lower` twice the target, so that half the target
    is 150 % and not 50 %. `high` is the upper edge of a `range`, whose lower edge is the target.
    """

    direction: str = "higher"
    baseline: Fraction | None = None
    floor: Fraction = ZERO
    cap: Fraction = DEFAULT_CAP
    high: Fraction | None = None


def rule_of(measure: Measure) -> Rule:
    """The rule that a KPI's definition states."""
    given = measure.extra.get("baseline_given", measure.baseline not in ("", "0"))
    high = measure.extra.get("high")
    return Rule(
        direction=measure.direction,
        baseline=exact(measure.baseline) if given else None,
        floor=exact(measure.floor),
        cap=exact(measure.cap),
        high=None if high is None else exact(high),
    )


def attainment(actual: Fraction | None, target: Fraction | None, rule: Rule) -> Fraction | None:
    """The bounded attainment (1 = the target is met), or None without data or without a way to go."""
    if actual is None or target is None:
        return None
    reached = _DIRECTIONS[rule.direction](actual, target, rule)
    return None if reached is None else min(max(reached, rule.floor), rule.cap)


def check_rule(target: Fraction | None, rule: Rule) -> None:
    """Raise `Invalid` with every problem of a rule, and of a fixed target where there is one."""
    problems = []
    if rule.direction not in _DIRECTIONS:
        problems.append(
            Problem("/direction", "%(direction)s is not a direction of a KPI.", {"direction": rule.direction})
        )
    if rule.floor >= rule.cap:
        problems.append(Problem("/cap", "The cap must be above the floor."))
    if target is not None and rule.direction != "binary" and _start(target, rule) == target:
        problems.append(Problem("/target", "The target equals its baseline, so there is no way to go."))
    if target is not None and rule.high is not None and rule.high < target:
        problems.append(Problem("/high", "The upper edge of the range is below its lower edge."))
    if problems:
        raise Invalid("The KPI can't be measured like this.", problems=problems)


def _start(target: Fraction, rule: Rule) -> Fraction:
    if rule.baseline is not None:
        return rule.baseline
    return 2 * target if rule.direction == "lower" else ZERO


def _towards(actual: Fraction, target: Fraction, rule: Rule) -> Fraction | None:
    start = _start(target, rule)
    return None if start == target else (actual - start) / (target - start)


def _within(actual: Fraction, target: Fraction, rule: Rule) -> Fraction | None:
    """Inside the range all is met; outside, both sides lose by the same slope."""
    high = target if rule.high is None else rule.high
    if target <= actual <= high:
        return ONE
    if actual < target:
        return _towards(actual, target, rule)
    return _towards(target - (actual - high), target, rule)


def _milestones(actual: Fraction, target: Fraction, rule: Rule) -> Fraction | None:
    """The share of the milestones due that are reached; reaching later ones early earns nothing more."""
    share = _towards(actual, target, rule)
    return None if share is None else min(share, ONE)


def _all_or_nothing(actual: Fraction, target: Fraction, _rule: Rule) -> Fraction:
    return ONE if actual >= target else ZERO


_DIRECTIONS: Mapping[str, Callable[[Fraction, Fraction, Rule], Fraction | None]] = MappingProxyType(
    {
        "higher": _towards,
        "lower": _towards,
        "range": _within,
        "milestone": _milestones,
        "binary": _all_or_nothing,
    }
)
DIRECTIONS = tuple(_DIRECTIONS)
