"""The two tables of steps: what holds of every path through them, for everybody."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.cycles import states
from workflows.cycles.states import CYCLE, ENDED, REVIEW, Standing
from workflows.errors import TransitionRefused

CYCLE_STEPS, CYCLE_ACTIONS = get_args(states.CycleStep), get_args(states.CycleAction)
REVIEW_STEPS, REVIEW_ACTIONS = get_args(states.ReviewStep), get_args(states.ReviewAction)
PEOPLE = st.builds(Standing, st.booleans(), st.booleans(), st.booleans())


@given(st.lists(st.sampled_from(CYCLE_ACTIONS), max_size=30))
def test_a_cycle_only_moves_forward_and_every_step_is_known(actions):
    step = "draft"
    for action in actions:
        following = states.after_cycle(step, action)
        if following is None:
            with pytest.raises(TransitionRefused) as refused:
                states.move_cycle(step, action)
            assert set(refused.value.allowed) == {a for s, a in CYCLE if s == step}
            continue
        assert CYCLE_STEPS.index(following) >= CYCLE_STEPS.index(step)
        step = following


@given(st.lists(st.sampled_from(REVIEW_ACTIONS), max_size=30))
def test_nothing_leads_out_of_an_ended_review(actions):
    step, ended = "pending", False
    for action in actions:
        following = states.after_review(step, action)
        if following is None:
            with pytest.raises(TransitionRefused):
                states.move_review(step, action)
            continue
        assert not ended
        step, ended = following, following in ENDED


def test_every_action_and_every_step_can_be_reached():
    assert {a for _s, a in CYCLE} == set(CYCLE_ACTIONS) == set(states.CYCLE_WHO)
    assert {a for _s, a in REVIEW} == set(REVIEW_ACTIONS) == set(states.REVIEW_WHO)
    assert set(CYCLE.values()) | {"draft"} == set(CYCLE_STEPS)
    assert set(REVIEW.values()) | {"pending"} == set(REVIEW_STEPS)


@given(PEOPLE, st.sampled_from(REVIEW_ACTIONS))
def test_nobody_does_anything_on_their_own_review_but_write_the_self_review(who, action):
    if who.reviewee:
        assert states.may_review(who, action) == (action in {"save_self", "hand_in"})


@given(PEOPLE)
def test_only_reviewer_and_runner_rate_and_only_the_runner_closes(who):
    assert states.may_review(who, "propose") == (not who.reviewee and (who.reviewer or who.runner))
    assert states.may_review(who, "close") == (not who.reviewee and who.runner)
    assert not states.may_review(who, "invite")


@given(PEOPLE)
def test_the_self_review_is_nobody_elses(who):
    assert states.may_review(who, "hand_in") == who.reviewee


def test_a_cycle_is_run_only_by_whom_the_table_names():
    assert states.cycle_actions("draft") == {"launch"}
    assert "begin" not in states.cycle_actions("launching")
    assert states.cycle_actions("closed") == {"share"}
