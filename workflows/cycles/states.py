"""What can become of a cycle and of a review: two tables, and who may, no database.

Called by every service of this folder before it writes, and by pages and REST to know what to offer. Promises: a step
changes only along these tables; nobody acts on their own review except to write the self review; nothing leads out of
a closed review.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from workflows.errors import TransitionRefused

CycleStep = Literal["draft", "launching", "self_review", "manager_review", "closed"]
CycleAction = Literal["launch", "begin", "recompute", "advance", "accept_rest", "close", "share"]
ReviewStep = Literal["pending", "self_review", "manager_review", "rated", "closed", "not_rated"]
ReviewAction = Literal["invite", "save_self", "hand_in", "skip_self", "propose", "leave_out", "close"]
Role = Literal["runner", "reviewee", "reviewer", "stand_in", "workflow"]

# "launch" from "launching" takes up a launch whose job was cancelled or failed; "share" from "closed" tells the people.
CYCLE: Mapping[tuple[CycleStep, CycleAction], CycleStep] = {
    ("draft", "launch"): "launching",
    ("launching", "launch"): "launching",
    ("launching", "begin"): "self_review",
    ("self_review", "recompute"): "self_review",
    ("self_review", "advance"): "manager_review",
    ("manager_review", "recompute"): "manager_review",
    ("manager_review", "accept_rest"): "manager_review",
    ("manager_review", "close"): "closed",
    ("closed", "share"): "closed",
}
CYCLE_WHO: Mapping[CycleAction, frozenset[Role]] = {
    "launch": frozenset({"runner"}),
    "begin": frozenset({"workflow"}),
    "recompute": frozenset({"runner"}),
    "advance": frozenset({"runner"}),
    "accept_rest": frozenset({"runner"}),
    "close": frozenset({"runner"}),
    "share": frozenset({"runner"}),
}
REVIEW: Mapping[tuple[ReviewStep, ReviewAction], ReviewStep] = {
    ("pending", "invite"): "self_review",
    ("self_review", "save_self"): "self_review",
    ("self_review", "hand_in"): "manager_review",
    ("self_review", "skip_self"): "manager_review",
    ("manager_review", "propose"): "rated",
    ("rated", "propose"): "rated",
    ("manager_review", "leave_out"): "not_rated",
    ("rated", "close"): "closed",
}
REVIEW_WHO: Mapping[ReviewAction, frozenset[Role]] = {
    "invite": frozenset({"workflow"}),
    "save_self": frozenset({"reviewee"}),
    "hand_in": frozenset({"reviewee"}),
    "skip_self": frozenset({"runner"}),
    "propose": frozenset({"reviewer", "stand_in"}),
    "leave_out": frozenset({"runner"}),
    "close": frozenset({"runner"}),
}
ENDED: frozenset[ReviewStep] = frozenset({"closed", "not_rated"})

CYCLE_REFUSED = "This can't be done now: the cycle is in another step."
REVIEW_REFUSED = "This can't be done now: the review is in another step."


@dataclass(frozen=True, slots=True)
class Standing:
    """What somebody is to one review. `head` and `hr` run the cycle that it belongs to."""

    reviewee: bool = False
    reviewer: bool = False
    runner: bool = False

    @property
    def roles(self) -> frozenset[Role]:
        """The roles in which they may act; a reviewee is nothing else towards the own review."""
        if self.reviewee:
            return frozenset({"reviewee"})
        found: set[Role] = set()
        if self.reviewer:
            found.add("reviewer")
        if self.runner:
            found |= {"runner", "stand_in"}
        return frozenset(found)


def after_cycle(step: CycleStep, action: CycleAction) -> CycleStep | None:
    """The step that `action` leads to; None where it can't be done."""
    return CYCLE.get((step, action))


def after_review(step: ReviewStep, action: ReviewAction) -> ReviewStep | None:
    """The step that `action` leads to; None where it can't be done."""
    return REVIEW.get((step, action))


def cycle_actions(step: CycleStep) -> frozenset[CycleAction]:
    """What whoever runs a cycle in this step can do."""
    return frozenset(action for s, action in CYCLE if s == step and "runner" in CYCLE_WHO[action])


def may_review(standing: Standing, action: ReviewAction) -> bool:
    """Whether somebody of this standing may do it at all."""
    return bool(standing.roles & REVIEW_WHO[action])


def move_cycle(step: CycleStep, action: CycleAction) -> CycleStep:
    """The next step, or `TransitionRefused` saying what can be done instead."""
    found = after_cycle(step, action)
    if found is None:
        allowed = sorted(a for s, a in CYCLE if s == step)
        raise TransitionRefused(CYCLE_REFUSED, state=step, action=action, allowed=allowed)
    return found


def move_review(step: ReviewStep, action: ReviewAction) -> ReviewStep:
    """The next step, or `TransitionRefused` saying what can be done instead."""
    found = after_review(step, action)
    if found is None:
        allowed = sorted(a for s, a in REVIEW if s == step)
        raise TransitionRefused(REVIEW_REFUSED, state=step, action=action, allowed=allowed)
    return found
