"""No difference of what is shown tells a small group."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from workflows.surveys.hiding import shown

GROUPS = st.dictionaries(st.sampled_from("abcdefg"), st.integers(1, 14), max_size=7)


@given(counts=GROUPS, minimum=st.integers(3, 10))
def test_the_whole_minus_any_shown_groups_leaves_nobody_or_enough(counts, minimum):
    visible = shown(counts, minimum)
    total = sum(counts.values())
    if visible is None:
        assert total < minimum
        return
    assert all(counts[key] >= minimum for key in visible)
    for size in range(len(visible) + 1):
        for taken in combinations(sorted(visible), size):
            left = total - sum(counts[key] for key in taken)
            assert left == 0 or left >= minimum


def test_one_small_group_takes_the_smallest_of_the_others_out_of_sight():
    assert shown({"sales": 9, "quality": 6, "finance": 2}, 5) == {"sales"}
    assert shown({"sales": 9, "quality": 6}, 5) == {"sales", "quality"}
