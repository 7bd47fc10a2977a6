"""Which groups of answers may be shown: none that is too small, and none by which a small one could be told.

Called by `results` for each question apart, since not everybody answers each, and by `workflows.cycles.composites` for
groups of people with scores. Pure. Promise: whatever sum of what is
shown is taken from another, what is left counts no group below the minimum, and nobody.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)


def shown(counts: Mapping[Key, int], minimum: int) -> set[Key] | None:
    """The groups to show beside the whole; None where not even the whole may be shown.

    What is left out holds as many answers as the minimum together, or none at all: the smallest of the others are
    left out until it does.
    """
    if sum(counts.values()) < minimum:
        return None
    large = sorted((key for key, count in counts.items() if count >= minimum), key=lambda key: (counts[key], str(key)))
    rest = sum(count for count in counts.values() if count < minimum)
    while 0 < rest < minimum and large:
        rest += counts[large.pop(0)]
    return set(large)
