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

    def test_shares_out_the_weight_of_a_line_without_data_when_nothing_else_is_said(self):
        assert score([self.MET, self.MISSING], BANDS) == score([self.MET, self.MISSING], BANDS, policy="redistribute")

    def test_is_rounded_once_at_the_end_and_not_line_by_line(self):
        """0.25 and 0.25 make 0.5 points: at no place that is 1; each rounded by itself would make 0."""
        quarters = [Line(name, Fraction(50), Rule(), exact("0.5"), exact("100")) for name in ("one", "two")]
        assert score(quarters, BANDS, places=0).value == 1
        assert [share.contribution for share in score(quarters, BANDS, places=0).shares] == [Fraction(1, 4)] * 2

    def test_is_shown_with_one_place_when_nothing_else_is_said(self):
        third = Line("third", Fraction(100), Rule(), exact("1"), exact("3"))
        assert str(score([third], BANDS).value) == "33.3"
        assert [str(score([third], BANDS, places=n).value) for n in (0, 2, 4)] == ["33", "33.33", "33.3333"]

    def test_is_the_same_again_from_the_same_inputs(self):
        lines = [self.MET, self.MISSING, Line("half", Fraction(10), Rule(), exact("1"), exact("3"))]
        assert score(lines, BANDS) == score(lines, BANDS)


class TestDefaults:
    def test_attainment_goes_from_nothing_to_120_per_cent(self):
        assert (Rule().floor, Rule().cap, Rule().direction) == (0, Fraction(6, 5), "higher")
        assert [reached(value, "100") for value in ("-1", "119", "121")] == [0, Fraction(119, 100), Fraction(6, 5)]

    def test_bands_begin_at_the_bottom_of_the_scale(self):
        late = [Band("A", Decimal(10))]
        assert messages(check_bands, late) == ["There is a gap below the band A: from 0 to 10."]
        assert messages(check_bands, []) == ["A scorecard needs at least one band."]

    def test_two_bands_of_one_name_and_one_that_ends_before_it_begins_are_refused(self):
        twice = [Band("A", Decimal(0), Decimal(50)), Band("A", Decimal(50))]
        assert messages(check_bands, twice) == ["Two bands are called A."]
        assert "The band B ends before it begins." in messages(check_bands, [Band("B", Decimal(9), Decimal(3))])

    def test_a_weight_of_nothing_and_a_scorecard_without_lines_are_refused(self):
        assert messages(check_weights, [Decimal(0), Decimal(100)]) == ["A weight must be above 0."]
        assert messages(check_weights, []) == ["A scorecard needs at least one line."]

    def test_lower_is_better_may_not_aim_at_0_without_a_baseline(self):
        """It would begin at twice 0; with a baseline, no accident at all is a target like any other."""
        (found,) = messages(check_rule, exact("0"), Rule(direction="lower"))
        assert found == "The target equals its baseline, so there is no way to go."
        check_rule(exact("0"), Rule(direction="lower", baseline=exact("4")))
        assert reached("1", "0", direction="lower", baseline=exact("4")) == Fraction(3, 4)

    def test_all_or_nothing_needs_no_way_to_go(self):
        check_rule(exact("0"), Rule(direction="binary"))
        assert reached("0", "0", direction="binary") == ONE

    def test_a_range_upside_down_is_refused(self):
        (found,) = messages(check_rule, exact("40"), Rule(direction="range", high=exact("20")))
        assert found == "The upper edge of the range is below its lower edge."
