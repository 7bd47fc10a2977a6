"""The table of enrolment states: whatever is tried in whatever order, a completion stands on recorded attendance."""

from __future__ import annotations

from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from workflows.training import states

ACTIONS = get_args(states.Action)
STATES = get_args(states.State)


@given(st.lists(st.sampled_from(ACTIONS), max_size=30))
def test_every_way_through_the_table_keeps_its_promises(actions):
    state, came, seat = "", False, False
    for action in actions:
        following = states.after(state, action)
        if following is None:
            continue
        came = came or action == "attend"
        seat = {"enrol": True, "withdraw": False}.get(action, seat)
        state = following
        assert state in STATES
        assert states.takes_a_seat(state) == seat
        assert came or state not in {"attended", "completed"}


def test_a_completion_is_only_taken_back_and_a_used_seat_never_given_away():
    assert {action for action in ACTIONS if states.after("completed", action)} == {"reopen"}
    assert {state for state in STATES if states.after(state, "withdraw")} == {"enrolled"}
    assert {state for state in STATES if states.after(state, "enrol")} == {"", "cancelled"}
    assert {state for state in STATES if states.after(state, "complete")} == {"attended"}
