"""What can go wrong on this floor and some caller must tell apart.

`DeliveryFailed` and `LeaseLost` are for the machine and are never shown; the rest a person may read.
"""

from __future__ import annotations

from collections.abc import Sequence

from metadata.errors import Conflict


class TransitionRefused(Conflict):
    """The thing is not in a state from which this can be done; `allowed` says what can."""

    def __init__(self, message: str, *, state: str, action: str, allowed: Sequence[str] = ()) -> None:
        super().__init__(message, params={"state": state, "action": action})
        self.state = state
        self.action = action
        self.allowed = tuple(allowed)


class DeliveryFailed(Exception):
    """A message could not be handed over; `permanent` when trying again can't help."""

    def __init__(self, reason: str, *, permanent: bool) -> None:
        super().__init__(reason)
        self.permanent = permanent


class LeaseLost(Exception):
    """Somebody else has taken over what this worker was doing: undo the transaction and let them."""
