"""Waiting for another process or thread, in one place.

Used by tests that look at what a real worker, server or browser does. Tests themselves never
sleep (tests/test_architecture.py checks it): they name what they wait for, and the wait ends as
soon as it is true or fails with that name.
"""

import time
from collections.abc import Callable
from typing import TypeVar

PAUSE_SECONDS = 0.05
Seen = TypeVar("Seen")


def eventually(look: Callable[[], Seen], what: str, timeout: float = 20.0) -> Seen:
    """Call `look` until it answers something true and return that; fail with `what` when time is up."""
    deadline = time.monotonic() + timeout
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"Waited {timeout:g} s in vain for {what}; last seen: {seen!r}.")
        time.sleep(PAUSE_SECONDS)
