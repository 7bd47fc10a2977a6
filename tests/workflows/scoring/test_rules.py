"""The rules of the field, one by one, each by an example that can be checked by hand."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metadata.errors import Invalid
from workflows.scoring import (
    Band,
    Limits,
    Line,
    Rule,
    attainment,
    band_of,
    check_bands,
    check_rule,
    check_weights,
    equalise,
    exact,
    normalise,
    round_half_up,
    score,
)

ONE = Fraction(1)
BANDS = (Band("Low", Decimal(0), Decimal(60)), Band("Mid", Decimal(60), Decimal(90)), Band("High", Decimal(90)))


def reached(actual, target, **rule):
    return attainment(exact(actual), exact(target), Rule(**rule))


def messages(call, *arguments):
    with pytest.raises(Invalid) as refused:
        call(*arguments)
    return [problem.text for problem in refused.value.problems]


class TestAttainment:
    def test_is_the_share_of_the_way_from_the_baseline_to_the_target(self):
        assert reached("85", "90", baseline=exact("70")) == Fraction(3, 4)

    def test_begins_at_0_where_no_baseline_is_given(self):
        assert reached("45", "60") == Fraction(3, 4)

    def test_of_lower_is_better_counts_the_way_down(self):
        assert reached("9", "3", direction="lower", baseline=exact("15")) == Fraction(1, 2)

    def test_of_lower_without_a_baseline_is_full_at_the_target_and_nothing_at_twice_of_it(self):
        assert reached("3", "3", direction="lower") == ONE
        assert reached("6", "3", direction="lower") == 0

    def test_of_a_range_is_full_inside_and_falls_alike_on_both_sides(self):
        edges = {"direction": "range", "high": exact("40")}
        assert [reached(v, "20", **edges) for v in ("20", "30", "40")] == [ONE, ONE, ONE]
        assert reached("10", "20", **edges) == reached("50", "20", **edges) == Fraction(1, 2)

    def test_of_milestones_earns_nothing_for_being_early(self):
        assert reached("5", "4", direction="milestone") == ONE
        assert reached("3", "4", direction="milestone") == Fraction(3, 4)

    def test_of_binary_is_all_or_nothing(self):
        assert [reached(v, "1", direction="binary") for v in ("0.99", "1", "7")] == [0, ONE, ONE]

    def test_stays_between_floor_and_cap(self):
        assert reached("500", "100") == Fraction(6, 5)
        assert reached("-50", "100") == 0
        assert reached("500", "100", cap=Fraction(3)) == 3

    def test_of_missing_data_is_no_data_and_never_0(self):
        assert attainment(None, ONE, Rule()) is None
        assert attainment(ONE, None, Rule()) is None

    def test_of_a_plan_that_equals_the_baseline_is_no_data(self):
        assert reached("5", "0") is None

    def test_of_a_decimal_is_that_of_what_people_wrote(self):
        assert reached("0.3", "0.1", cap=Fraction(9)) == 3


class TestCheckRule:
    def test_refuses_a_target_that_equals_its_baseline(self):
        assert messages(check_rule, exact("70"), Rule(baseline=exact("70"))) == [
            "The target equals its baseline, so there is no way to go."
        ]

    def test_refuses_a_cap_that_is_not_above_the_floor_and_an_unknown_direction_at_once(self):
        found = messages(check_rule, None, Rule(direction="sideways", cap=Fraction(0)))
        assert found == ["sideways is not a direction of a KPI.", "The cap must be above the floor."]


class TestWeights:
    def test_add_up_to_exactly_100(self):
        check_weights([Decimal("33.33"), Decimal("33.33"), Decimal("33.34")])

    def test_of_99_99_are_refused_with_their_sum(self):
        found = messages(check_weights, [Decimal("33.33")] * 3)
        assert found == ["The weights add up to 99.99, not to 100."]

    def test_respect_floor_and_ceiling(self):
        limits = [Limits(floor=Decimal(20)), Limits(ceiling=Decimal(50))]
        assert messages(check_weights, [Decimal(10), Decimal(90)], limits) == [
            "This line weighs at least 20.",
            "This line weighs at most 50.",
        ]

    @given(st.integers(1, 60))
    def test_equalised_add_up_to_100_with_the_rest_on_the_last(self, count):
        made = equalise(count)
        assert sum(made) == 100
        assert len(set(made[:-1])) <= 1
        assert made[-1] >= max(made[:-1], default=Decimal(0))

    @given(st.lists(st.decimals("0.01", "500", places=2), min_size=1, max_size=12))
    def test_normalised_add_up_to_100_and_keep_their_proportions(self, given_weights):
        made = normalise(given_weights)
        assert sum(made) == 100
        total = sum(given_weights)
        for before, after in list(zip(given_weights, made, strict=True))[:-1]:
            assert abs(after - before * 100 / total) <= Decimal("0.01")


class TestRoundHalfUp:
    @pytest.mark.parametrize(
        ("value", "places", "shown"),
        [("89.95", 1, "90.0"), ("89.949", 1, "89.9"), ("2.5", 0, "3"), ("-2.5", 0, "-3"), ("0.00005", 4, "0.0001")],
    )
    def test_takes_ties_away_from_zero(self, value, places, shown):
        assert str(round_half_up(Decimal(value), places)) == shown

    @given(st.decimals("-1000000", "1000000", places=6), st.integers(0, 4))
    def test_agrees_with_decimals_own_rule(self, value, places):
        assert round_half_up(value, places) == value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


class TestBands:
    def test_are_half_open(self):
        assert [band_of(Decimal(v), BANDS) for v in ("59.9", "60.0", "89.9", "90.0", "120")] == [
            "Low",
            "Mid",
            "Mid",
            "High",
            "High",
        ]

    def test_with_a_gap_or_an_overlap_are_refused(self):
        gap = [Band("A", Decimal(0), Decimal(50)), Band("B", Decimal(60))]
        overlap = [Band("A", Decimal(0), Decimal(70)), Band("B", Decimal(60))]
        assert messages(check_bands, gap) == ["There is a gap below the band B: from 50 to 60."]
        assert messages(check_bands, overlap) == ["The band B overlaps the one below it."]

    def test_without_an_open_end_are_refused(self):
        closed = [Band("A", Decimal(0), Decimal(100))]
        assert len(messages(check_bands, closed)) == 1

    def test_are_tested_against_the_displayed_value(self):
        line = Line("kpi", Fraction(100), Rule(), exact("89.95"), exact("100"))
        result = score([line], BANDS)
        assert (str(result.value), result.rating) == ("90.0", "High")


class TestScore:
    MET = Line("met", Fraction(60), Rule(), exact("100"), exact("100"))
    MISSING = Line("missing", Fraction(40), Rule(), None, exact("100"))

    def test_redistributes_the_weight_of_a_line_without_data(self):
        result = score([self.MET, self.MISSING], BANDS, policy="redistribute")
        assert (result.value, [s.effective for s in result.shares]) == (Decimal("100.0"), [100, 0])

    def test_counts_a_line_without_data_as_zero_where_the_scorecard_says_so(self):
        assert score([self.MET, self.MISSING], BANDS, policy="zero").value == Decimal("60.0")

    def test_blocks_where_the_scorecard_says_so(self):
        result = score([self.MET, self.MISSING], BANDS, policy="block")
        assert (result.value, result.rating) == (None, "")
        assert result.reason

    def test_without_any_data_is_no_score(self):
        assert score([self.MISSING], BANDS).value is None

    def test_is_the_sum_of_what_the_lines_brought(self):
        half = Line("half", Fraction(40), Rule(), exact("50"), exact("100"))
        result = score([self.MET, half], BANDS)
        assert [s.contribution for s in result.shares] == [60, 20]
        assert result.value == Decimal("80.0")
