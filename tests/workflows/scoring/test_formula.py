"""Formulas of scorecards: every mistake is told with its character and what to do; values reckoned by hand."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from metadata.formula import FormulaError
from workflows.scoring import Band, Line, Rule, score
from workflows.scoring.formula import Nameable, bound, named_lines
from workflows.scoring.formula_value import NO_DATA, NO_DIVISOR

LINES = (
    Nameable("revenue", "CNY", "Results"),
    Nameable("pass_rate", "%", "Results"),
    Nameable("hours", "h"),
    Nameable("团队", "", "态度"),
)
BANDS = [Band("Low", Decimal(0), Decimal(60)), Band("Mid", Decimal(60), Decimal(90)), Band("High", Decimal(90))]


def refused(text: str) -> str:
    with pytest.raises(FormulaError) as caught:
        bound(text, LINES)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "At character 1: the formula ends or goes on where it can't."),
        ("total +", "At character 8: the formula ends or goes on where it can't."),
        ("min(total, 70", "At character 4: the formula ends or goes on where it can't."),
        ("totl", "At character 1: “totl” means nothing here; write total, or a line's name in quotes: "),
        ("total + pass_rate", "At character 9: “pass_rate” means nothing here"),
        ('reached("pas_rate") + 1', "At character 9: the scorecard has no line “pas_rate”; there are revenue, pass_rate,"),
        ("reached(pass_rate)", "At character 9: write the name in quotes, as in reached('pass_rate')."),
        ('section("Sales")', "At character 9: the scorecard has no section “Sales”; there are Results, 态度."),
        ('section("")', "At character 9: the scorecard has no section “”"),
        ('total + "ten"', "At character 9: a text can't be reckoned with"),
        ('reached("团队") + "ten"', "At character 17: a text can't be reckoned with"),
        ("days(total, 3)", "At character 1: there is no function “days”; there are reached, actual, target, section, if,"),
        ("min(total)", "At character 1: “min” takes 2–10 values."),
        ("1 + abs(total, 3)", "At character 5: “abs” takes 1 values."),
        ("if(total, 1, 2)", "At character 4: “if” begins with a condition."),
        ("total + (total > 3)", "At character 10: “+” goes with another type: number."),
        ("total and true", "At character 1: “and” goes with another type: boolean."),
        ("if(total > 3, total, false)", "At character 22: these values are of different types: number, boolean."),
        ("round(total, total)", "At character 14: round takes a number of places from 0 to 9."),
        ("round(total, 1.5)", "At character 14: round takes a number of places from 0 to 9."),
        ("total > 60", "At character 1: the result is yes or no, and a score is a number"),
        ('actual("revenue")', "At character 1: the result is in CNY, and a score is in points"),
        ('actual("revenue") / actual("hours")', "At character 1: the result is in CNY/h,"),
        ('total + actual("revenue")', "At character 9: these values are of different units: points, CNY."),
        ('min(total, 5, actual("pass_rate"))', "At character 15: these values are of different units: points, %."),
        ('if(actual("revenue") > target("pass_rate"), 1, 2)', "At character 24: these values are of different units: CNY, %"),
        ('if(true, total, actual("hours"))', "At character 17: these values are of different units: points, h."),
        ('actual("hours") * actual("hours") + actual("hours")', "At character 37: these values are of different units: h^2, h."),
        ("1 + " + "total * " * 5 + "total", "At character 5: at most 5 figures can be multiplied or divided"),
        ("total ** 2", "At character 1: this has no meaning in a formula."),
        ("total @ 2", "At character 7: @ has no meaning here."),
        ("total.real", "At character 1: “total.real” means nothing here"),
        ("1 < total < 2", "At character 1: compare two values at a time, with and between."),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_character_and_what_to_do(text, sentence):
    assert refused(text).startswith(sentence)


@pytest.mark.parametrize(
    "text",
    [
        "total",
        "70",
        "round(total * total * total / 10000) * total * total * total * total",
        'if(reached("pass_rate") < 60, min(total, 70), total)',
        'if(actual("pass_rate") >= 95 and actual("pass_rate") < target("pass_rate"), total + 5, total)',
        '100 * actual("revenue") / target("revenue")',
        'total * reached("pass_rate") / 100',
        'total * (reached("revenue") / reached("pass_rate"))',
        'reached("revenue") * actual("hours") / target("hours")',
        'coalesce(section("态度"), total)',
        'actual("团队") + total',
    ],
)
def test_units_that_go_together_are_taken(text):
    assert bound(text, LINES).text == text


def test_a_line_is_named_only_as_a_line():
    text = 'if(reached("pass_rate") < 60, section("Results"), total)'
    assert named_lines(text) == {"pass_rate"}
    assert named_lines("") == named_lines("reached(") == named_lines("reached(total)") == frozenset()


def made(text, *measured, policy="redistribute", rule=Rule()):  # noqa: B008 - frozen
    keys = ("revenue", "pass_rate", "hours", "团队")
    lines = [
        Line(key, Fraction(25), rule, None if actual is None else Fraction(actual), Fraction(100))
        for key, actual in zip(keys, measured, strict=True)
    ]
    return score(lines, BANDS, policy=policy, formula=bound(text, LINES))


CAPPED = 'if(reached("pass_rate") < 60, min(total, 70), total)'


@pytest.mark.parametrize(
    ("text", "measured", "value", "rating"),
    [
        (CAPPED, (100, 59, 100, 100), "70.0", "Mid"),  # the sum is 89.75
        (CAPPED, (100, 60, 100, 100), "90.0", "High"),
        ("total + 5", (100, 100, 100, 100), "105.0", "High"),
        ("total * 1000", (100, 100, 100, 100), "120.0", "High"),  # not above what a sum can be
        ("total - 1000", (100, 100, 100, 100), "0.0", "Low"),
        ("round(total, 0) / 3", (100, 0, 0, 0), "8.3", "Low"),
        ("round(total / 2)", (100, 0, 0, 0), "13.0", "Low"),  # 12.5, half up
        ("round(0 - total / 2) + 30", (100, 0, 0, 0), "17.0", "Low"),  # -12.5, half away from zero
        ("abs(0 - total)", (100, 0, 0, 0), "25.0", "Low"),
        ('max(section("Results"), section("态度"))', (80, 60, 0, 65), "70.0", "Mid"),
        ('100 * actual("revenue") / target("revenue")', (50, 0, 0, 0), "50.0", "Low"),
        ('if(actual("revenue") == 50 or false, 1, 2)', (50, 0, 0, 0), "1.0", "Low"),
        ('if(not (actual("revenue") != 50), 1, 2)', (51, 0, 0, 0), "2.0", "Low"),
    ],
)
def test_values_by_hand(text, measured, value, rating):
    found = made(text, *measured)
    assert (str(found.value), found.rating) == (value, rating)


class TestMissing:
    def test_a_formula_over_a_line_without_data_gives_no_score_and_says_why(self):
        found = made(CAPPED, 100, None, 100, 100)
        assert (found.value, found.rating, found.reason, found.points) == (None, "", NO_DATA, None)

    def test_coalesce_puts_something_in_its_place(self):
        text = 'if(coalesce(reached("pass_rate"), 100) < 60, 1, total)'
        assert made(text, 80, None, 80, 80).value == Decimal("80.0")

    def test_what_is_not_needed_is_not_missed(self):
        assert made('if(total > 50, total, reached("pass_rate"))', 80, None, 80, 80).value == Decimal("80.0")
        assert made('if(total > 50 or reached("pass_rate") > 1, 7, 8)', 80, None, 80, 80).value == Decimal("7.0")
        assert made('if(total < 50 and reached("pass_rate") > 1, 7, 8)', 80, None, 80, 80).value == Decimal("8.0")

    def test_a_missing_condition_chooses_nothing(self):
        assert made('if(not (reached("pass_rate") < 60), total, 50)', 80, None, 80, 80).reason == NO_DATA

    def test_no_data_is_never_zero_even_where_its_weight_counts_as_zero(self):
        assert made('reached("pass_rate")', 80, None, 80, 80, policy="zero").reason == NO_DATA
        assert made("total", 80, None, 80, 80, policy="zero").value == Decimal("60.0")
        assert made('section("Results")', 80, None, 80, 80, policy="zero").value == Decimal("40.0")
        assert made('section("Results")', 80, None, 80, 80).value == Decimal("80.0")

    def test_a_blocked_score_stays_blocked_whatever_the_formula(self):
        assert made("coalesce(total, 50)", 80, None, 80, 80, policy="block").value is None
        assert made("50", None, None, None, None).value is None

    def test_a_division_by_zero_is_told(self):
        assert made('total / actual("团队")', 1, 1, 1, 0).reason == NO_DIVISOR
        assert made('coalesce(total / actual("团队"), 3)', 1, 1, 1, 0).value == Decimal("3.0")


def test_the_scale_follows_the_floors_and_caps_of_the_lines():
    rule = Rule(floor=Fraction(-1, 2), cap=Fraction(3))
    assert made("total * 1000", 100, 100, 100, 100, rule=rule).value == Decimal("300.0")
    assert made("0 - total * 1000", 100, 100, 100, 100, rule=rule).value == Decimal("-50.0")
