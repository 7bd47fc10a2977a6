"""The tree of goals as nodes to draw: which are shown, their share in the goal above, and how each stands today.

Called by goals.py for the page of the tree and for a branch that is opened. Pure: what was read goes in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from workflows.goals import pacing
from workflows.goals.aligned import Edge, Web
from workflows.goals.levels import Key
from workflows.goals.pacing import Seasons
from workflows.goals.reading import Goal

MOST_TOP, MOST_SHOWN, MOST_BRANCH = 60, 200, 20  # at the top, in a branch, and in one that is open at first


@dataclass(frozen=True)
class Node:
    """One goal: its share in the goal above, how many are below, those that are drawn already, and its pace."""

    goal: Goal
    share: Any
    count: int
    below: tuple[Node, ...] | None
    status: str


@dataclass(frozen=True)
class Drawing:
    """What a tree is drawn from."""

    web: Web
    goals: Mapping[Key, Goal]
    today: date
    curves: Seasons

    def top(self, keys: list[Key]) -> list[Node]:
        """Goals with what is below them, as far as that is few."""
        return [self._node(key, None, self._opened(key)) for key in keys if key in self.goals]

    def branch(self, key: Key) -> tuple[Node, ...]:
        """What is below a goal, folded."""
        edges = self.web.below.get(key, ())[:MOST_SHOWN]
        return tuple(self._node(edge.child, edge.share, None) for edge in edges if edge.child in self.goals)

    def _opened(self, key: Key) -> tuple[Node, ...] | None:
        return self.branch(key) if len(self.web.below.get(key, ())) <= MOST_BRANCH else None

    def _node(self, key: Key, share: Any, below: tuple[Node, ...] | None) -> Node:
        goal = self.goals[key]
        stands = pacing.of_goal(goal, self.today, self.curves).goal
        return Node(goal, share, len(self.web.below.get(key, ())), below, stands.status if stands else "")


def first(web: Web) -> tuple[list[Key], list[Key]]:
    """The goals at the top that are shown, and all that are drawn with them."""
    shown = web.roots()[:MOST_TOP]
    opened: dict[Key, tuple[Edge, ...]] = {key: web.below.get(key, ()) for key in shown}
    below = [edge.child for edges in opened.values() if len(edges) <= MOST_BRANCH for edge in edges]
    return shown, [*shown, *below]
