"""What can become of a place in a session: one table, no database.

Called by enrolments.py and attendance.py before they write, and by pages to know what to offer. Promise: an enrolment
moves only along this table, so "completed" always means that somebody recorded the attendance before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

State = Literal["", "enrolled", "attended", "absent", "completed", "cancelled"]
Action = Literal["enrol", "withdraw", "attend", "miss", "complete", "reopen"]

# "" is somebody who never had a place. A seat that was not used stays taken: it can't be given away afterwards.
TABLE: Mapping[tuple[State, Action], State] = {
    ("", "enrol"): "enrolled",
    ("cancelled", "enrol"): "enrolled",
    ("enrolled", "withdraw"): "cancelled",
    ("enrolled", "attend"): "attended",
    ("enrolled", "miss"): "absent",
    ("absent", "attend"): "attended",
    ("absent", "miss"): "absent",
    ("attended", "attend"): "attended",
    ("attended", "miss"): "absent",
    ("attended", "complete"): "completed",
    ("completed", "reopen"): "attended",
}
FREE_SEAT: frozenset[State] = frozenset({"", "cancelled"})


def after(state: State, action: Action) -> State | None:
    """The state that `action` leads to; None where it can't be done."""
    return TABLE.get((state, action))


def takes_a_seat(state: State) -> bool:
    """Whether somebody in this state counts towards the session's places."""
    return state not in FREE_SEAT
