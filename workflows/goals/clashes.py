"""Clashes between goals, found by rules. Pure: goals, alignments, resources and rewards in, findings out.

Called by finding.py, which reads the database. Each finding names both sides and the figures that make it one; the
words, and what to do, belong to the pages. Promises: the same input gives the same findings in the same order, whatever
the order of the goals; a finding's fingerprint changes with its figures; no rule compares every goal with every other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from itertools import product
from typing import Any

from workflows.goals.aligned import Edge
from workflows.goals.levels import Key
from workflows.goals.reading import Goal
from workflows.goals.results import RATE, Result, alike

OPPOSITE, RESOURCE, SHORT, ORPHAN, TWICE, REWARDED = "opposite", "resource", "short", "orphan", "twice", "rewarded"
RULES = (OPPOSITE, RESOURCE, SHORT, TWICE, REWARDED, ORPHAN)
MOST_PAIRS = 25
WORDS = frozenset({"resource", "result", "card"})  # names, which are worded for the reader; their numbers stand beside
WHOLE = Decimal(100)
AGAINST = {"higher": "lower", "lower": "higher"}
Quantity = tuple[str, str, str]  # KPI, aggregation and filter: what is measured


@dataclass(frozen=True)
class Resource:
    """What there is only so much of."""

    id: int
    name: str
    capacity: Decimal
    unit: str = ""


@dataclass(frozen=True)
class Reward:
    """A line of a scorecard: the KPI that it rewards, which way, with which weight, in which unit (None: all)."""

    card: str
    card_id: int
    kpi: str
    direction: str
    weight: Decimal
    unit_id: int | None


@dataclass(frozen=True)
class Finding:
    """One clash: the rule that found it, the goals on its sides, its figures."""

    rule: str
    sides: tuple[Key, ...]
    figures: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def fingerprint(self) -> str:
        """Of everything that makes it this clash, whoever reads it in whatever language."""
        told = {name: str(value) for name, value in self.figures.items() if name not in WORDS}
        whole = [self.rule, sorted(map(list, self.sides)), told]
        return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Field:
    """All that the rules look at; `aligned` are the goals with one above that anybody sees: a hidden one counts.

    `done` are goals that are reached, which bring what they promised, with their edges in `brought`; `veiled` are those
    with goals below that the reader may not see: what these bring nobody can tell.
    """

    goals: Mapping[Key, Goal]
    edges: Sequence[Edge]
    resources: Mapping[int, Resource] = field(default_factory=dict)
    rewards: Sequence[Reward] = ()
    aligned: frozenset[Key] = frozenset()
    tops: frozenset[str] = frozenset()
    done: Mapping[Key, Goal] = field(default_factory=dict)
    brought: Sequence[Edge] = ()
    veiled: frozenset[Key] = frozenset()


def find(given: Field) -> list[Finding]:
    """Every clash, rule by rule."""
    rules = (opposite, scarce, short, twice, rewarded, orphans)
    return [finding for rule in rules for finding in sorted(rule(given), key=lambda f: (f.sides, str(f.figures)))]


def opposite(given: Field) -> Iterator[Finding]:
    """The same KPI is to rise for one goal and to fall for another, at the same time."""
    pulls: dict[Quantity, dict[str, list[tuple[Goal, Result]]]] = {}
    for goal in given.goals.values():
        for result in goal.results:
            if result.kpi and result.direction in AGAINST:
                pulls.setdefault(_quantity(result), {}).setdefault(result.direction, []).append((goal, result))
    for (kpi, _measure, _filter), ways in pulls.items():
        pairs = 0
        for (up, rising), (down, falling) in product(_ordered(ways.get("higher")), _ordered(ways.get("lower"))):
            if up.key != down.key and _meet(up, down) and pairs < MOST_PAIRS:
                pairs += 1
                figures = {"kpi": kpi, "up": rising.target, "down": falling.target, "unit": rising.unit or falling.unit}
                yield Finding(OPPOSITE, (up.key, down.key), figures)


def scarce(given: Field) -> Iterator[Finding]:
    """Goals that run at the same time need more of a resource than there is."""
    wanted: dict[int, list[tuple[Goal, Decimal]]] = {}
    for goal in given.goals.values():
        for number, amount in goal.demands:
            wanted.setdefault(number, []).append((goal, amount))
    for number, demands in wanted.items():
        resource = given.resources.get(number)
        if resource is None:
            continue
        total, sides = _peak(demands)
        if total > resource.capacity and len(sides) > 1:
            figures = {
                "resource": resource.name,
                "resource_id": resource.id,
                "needed": total,
                "capacity": resource.capacity,
                "missing": total - resource.capacity,
                "unit": resource.unit,
            }
            yield Finding(RESOURCE, tuple(sorted(sides)), figures)


def _peak(demands: Sequence[tuple[Goal, Decimal]]) -> tuple[Decimal, set[Key]]:
    """The most that is needed on any day, and by whom; the need rises only on a day on which a goal begins."""
    best, sides = Decimal(0), set[Key]()
    for day in sorted({goal.start or date.min for goal, _amount in demands}):
        running = [(goal, amount) for goal, amount in demands if _runs(goal, day)]
        total = sum((amount for _goal, amount in running), Decimal(0))
        if total > best:
            best, sides = total, {goal.key for goal, _amount in running}
    return best, sides


def short(given: Field) -> Iterator[Finding]:
    """The goals below can't add up: their shares stay below the whole, or their targets below the one above."""
    held = {**given.goals, **given.done}
    for key, edges in _below((*given.edges, *given.brought)).items():
        parent = given.goals.get(key)
        if parent is None or key in given.veiled:
            continue
        sides = (key, *sorted({edge.child for edge in edges}))
        shares = [edge.share for edge in edges]
        if shares and None not in shares:
            total = sum((share for share in shares if share is not None), Decimal(0))
            if total < WHOLE:
                yield Finding(SHORT, sides, {"shares": total, "missing": WHOLE - total})
                continue
        for result in parent.results:
            found = _falls_short(result, [held[e.child] for e in edges if e.child in held])
            if found is not None:
                yield Finding(SHORT, (key, *found[0]), found[1])


def _falls_short(result: Result, children: Sequence[Goal]) -> tuple[tuple[Key, ...], dict[str, Any]] | None:
    """Figures, where the children measure the same and can't reach the target; a rate is no sum, so the best counts."""
    if result.target is None or result.direction != "higher":
        return None
    same = [
        (child, one) for child in children for one in child.results if one.target is not None and alike(result, one)
    ]
    if not same:
        return None
    if result.unit == RATE:
        reached = max(one.target for _child, one in same if one.target is not None)
        needed = result.target
    else:
        reached = sum((_way(one) for _child, one in same), Decimal(0))
        needed = _way(result)
    if reached >= needed:
        return None
    figures = {"result": result.title, "result_id": result.id, "needed": needed, "reached": reached}
    return tuple(sorted({child.key for child, _one in same})), figures | {
        "missing": needed - reached,
        "unit": result.unit,
    }


def twice(given: Field) -> Iterator[Finding]:
    """One result counts more than once: given away for more than the whole, by two ways up, or under two goals."""
    above: dict[Key, list[Edge]] = {}
    for edge in given.edges:
        above.setdefault(edge.child, []).append(edge)
    for key, edges in above.items():
        total = sum((edge.share for edge in edges if edge.share is not None), Decimal(0))
        if len(edges) > 1 and total > WHOLE:
            yield Finding(TWICE, (key, *sorted(edge.parent for edge in edges)), {"shares": total})
        tops: dict[Key, list[Key]] = {}
        for edge in edges:
            for higher in above.get(edge.parent, ()):
                tops.setdefault(higher.parent, []).append(edge.parent)
        for top, ways in tops.items():
            if len(set(ways)) > 1:
                yield Finding(TWICE, (key, *sorted(set(ways)), top), {"ways": len(set(ways))})
    for key, beneath in _below(given.edges).items():
        measured: dict[Quantity, set[Key]] = {}
        for child in {edge.child for edge in beneath} & given.goals.keys():
            for result in given.goals[child].results:
                if result.kpi and result.unit != RATE:
                    measured.setdefault(_quantity(result), set()).add(child)
        for (kpi, _measure, _filter), children in measured.items():
            if len(children) > 1:
                yield Finding(TWICE, (key, *sorted(children)), {"kpi": kpi, "count": len(children)})


def rewarded(given: Field) -> Iterator[Finding]:
    """A scorecard rewards more of what a goal of the same unit wants less of, or the other way round."""
    for reward in given.rewards:
        for goal in given.goals.values():
            if reward.unit_id is not None and goal.unit_id != reward.unit_id:
                continue
            for result in goal.results:
                if result.kpi == reward.kpi and AGAINST.get(result.direction) == reward.direction:
                    figures = {
                        "card": reward.card,
                        "card_id": reward.card_id,
                        "kpi": reward.kpi,
                        "weight": reward.weight,
                        "target": result.target,
                    }
                    yield Finding(REWARDED, (goal.key,), figures)


def orphans(given: Field) -> Iterator[Finding]:
    """Goals below the top that contribute to nothing."""
    for key in given.goals:
        if key[0] not in given.tops and key not in given.aligned:
            yield Finding(ORPHAN, (key,))


def _below(edges: Iterable[Edge]) -> Mapping[Key, Sequence[Edge]]:
    found: dict[Key, list[Edge]] = {}
    for edge in edges:
        found.setdefault(edge.parent, []).append(edge)
    return found


def _quantity(result: Result) -> Quantity:
    return result.kpi, result.measure, result.filter


def _way(result: Result) -> Decimal:
    return (result.target or Decimal(0)) - (result.start or Decimal(0))


def _runs(goal: Goal, day: date) -> bool:
    return (goal.start or date.min) <= day <= (goal.end or date.max)


def _meet(one: Goal, other: Goal) -> bool:
    return (one.start or date.min) <= (other.end or date.max) and (other.start or date.min) <= (one.end or date.max)


def _ordered(found: Iterable[tuple[Goal, Result]] | None) -> list[tuple[Goal, Result]]:
    return sorted(found or (), key=lambda pair: (pair[0].key, pair[1].id))
