"""The examples of docs/scoring.md, in both languages: every figure there is what the engine gives."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from metadata.packs import reading as packs
from metadata.parser import parse
from workflows.cycles.ledger import _changes
from workflows.cycles.sheets import LedgerLine
from workflows.goals.results import Result, read, rolled_up
from workflows.scoring import Band, Line, Rule, band_of, equalise, normalise, score
from workflows.scoring.columns import compiled, population, scores
from workflows.scoring.formula import Nameable, bound
from workflows.scoring.stints import Stints, columns_over_stints, over_stints
from workflows.whatif.answer import _fairness
from workflows.whatif.crowd import Groups

DOCS = Path(__file__).parents[3] / "docs"
BANDS = [
    Band(label, Decimal(low), None if high is None else Decimal(high))
    for label, low, high in (
        ("Unsatisfactory", 0, 60),
        ("Needs improvement", 60, 75),
        ("Good", 75, 90),
        ("Excellent", 90, 105),
        ("Outstanding", 105, None),
    )
]
# key, direction, weight, target, actual, upper edge; attainment and points as the page says
EVERY_DIRECTION = (
    ("revenue", "higher", 30, 500, 450, None, "9/10", "27"),
    ("scrap", "lower", 20, 4, 3, None, "6/5", "24"),
    ("stock", "range", 20, 20, 34, 30, "4/5", "16"),
    ("milestones", "milestone", 15, 8, 6, None, "3/4", "11.25"),
    ("audit", "binary", 10, 1, 1, None, "1", "10"),
    ("satisfaction", "higher", 5, 90, None, None, None, "0"),
)


@pytest.fixture(params=("scoring.md", "scoring.zh.md"))
def page(request) -> str:
    return (DOCS / request.param).read_text(encoding="utf-8")


def lines() -> list[Line]:
    return [
        Line(
            key,
            Fraction(weight),
            Rule(direction, high=None if high is None else Fraction(high)),
            None if actual is None else Fraction(actual),
            Fraction(target),
        )
        for key, direction, weight, target, actual, high, *_rest in EVERY_DIRECTION
    ]


def test_a_scorecard_with_every_direction(page):
    zero = score(lines(), BANDS, policy="zero")
    for share, (*_given, attainment, points) in zip(zero.shares, EVERY_DIRECTION, strict=True):
        assert share.attainment == (None if attainment is None else Fraction(attainment))
        assert share.contribution == Fraction(points)
        assert f"| {points} |" in page or points == "0"
    assert zero.points == Fraction("88.25")
    assert (zero.value, zero.rating) == (Decimal("88.3"), "Good")
    shared = score(lines(), BANDS)
    assert shared.points == Fraction("88.25") * 100 / 95
    assert (shared.value, shared.rating) == (Decimal("92.9"), "Excellent")
    assert score(lines(), BANDS, policy="block").value is None
    for figure in ("88.25", "92.894…", "| 92.9 |", "| 88.3 |", "125 %", "120 %"):
        assert figure in page


FORMULAS = (
    ('if(reached("milestones") < 80, min(total, 90), total)', "90.0"),
    ('total + 10 * max(0, actual("revenue") - 400) / target("revenue")', "93.9"),
    ("total * 2", "120.0"),
    ('(reached("revenue") + 2 * reached("scrap")) / 3', "110.0"),
    ('if(reached("satisfaction") < 60, min(total, 70), total)', None),
    ('if(coalesce(reached("satisfaction"), 60) < 60, min(total, 70), total)', "92.9"),
)


@pytest.mark.parametrize(("text", "shown"), FORMULAS)
def test_a_formula_where_the_sum_is_not_enough(page, text, shown):
    found = lines()
    formula = bound(text, tuple(Nameable(line.key, "CNY" if line.key == "revenue" else "") for line in found))
    (row,) = [row for row in page.splitlines() if row.startswith(f"| `{text}` |")]
    value = score(found, BANDS, formula=formula).value
    assert value == (None if shown is None else Decimal(shown))
    assert row.endswith(f"| {shown or ('none' if 'no data' in row else '无')} |")
    card = compiled([(line.weight, line.rule) for line in found], BANDS, formula=formula)
    actual, target = ([[None if value is None else float(value) for value in side]] for side in measured(found))
    people = population(card.rules, np.array(actual, float), np.array(target, float))
    assert scores(card, people).value(0) == value


def measured(found: list[Line]) -> tuple[list[Fraction | None], list[Fraction | None]]:
    return [line.actual for line in found], [line.target for line in found]


def test_what_is_shown_decides_the_band(page):
    tie = [Line("all", Fraction(100), Rule(), Fraction("89.95"), Fraction(100))]
    assert (score(tie, BANDS).value, band_of(Decimal("90.0"), BANDS)) == (Decimal("90.0"), "Excellent")
    assert "89.95" in page
    assert "90.0" in page


def test_a_transfer_within_the_period(page):
    stays = [score([Line("all", Fraction(100), Rule(), Fraction(p), Fraction(100))], BANDS) for p in (80, 100)]
    assert over_stints([(100, stays[0]), (80, stays[1])], 1) == Decimal("88.9")
    card = compiled([(Fraction(100), Rule())], BANDS)
    measured = population(card.rules, np.array([[80.0], [100.0]]), np.array([[100.0], [100.0]]))
    part = Stints(card, measured, np.array([0, 0]), np.array([100, 80]))
    assert columns_over_stints([part], 1, BANDS, 1).value(0) == Decimal("88.9")
    assert "(100 × 80 + 80 × 100) / 180 = 88.888…" in page
    assert "88.9" in page


def test_weights(page):
    assert [str(weight) for weight in equalise(3)] == ["33.33", "33.33", "33.34"]
    assert normalise([Decimal(1), Decimal(1), Decimal(2)]) == [25, 25, 50]
    assert "33.34" in page


def test_why_a_score_changed(page):
    def line(key, attainment, weight):
        reached = Fraction(attainment)
        return LedgerLine(key, None, None, None, None, reached, Fraction(weight), reached * weight)

    before, after = (
        [line("output", "0.9", 60), line("pass", "0.8", 40)],
        [line("output", 1, 40), line("pass", "0.8", 60)],
    )
    output, passed = _changes(before, after)
    assert (output.by_result, output.by_weight, output.total) == (6, -20, -14)
    assert (passed.by_result, passed.by_weight, passed.total) == (0, 16, 16)
    assert [sum(one.contribution for one in side) for side in (before, after)] == [86, 88]
    for figure in ("= +6", "= −20", "−14", "+16", "86.0", "88.0", "+2"):
        assert figure in page


def test_fairness(page):
    codes, pay = np.array([0] * 10 + [1] * 10), np.array([True] * 8 + [False] * 2 + [True] * 6 + [False] * 4)
    women, men = _fairness(Groups(codes, ("female", "male")), [pay, pay], 5)
    assert (women.after, men.after, men.ratio_after) == (Fraction(4, 5), Fraction(3, 5), Fraction(3, 4))
    assert "60 / 80 = 0.75" in page


KEY_RESULTS = (
    {"title": "orders", "weight": 2, "start": 80, "target": 95, "current": 92},
    {"title": "hours", "direction": "lower", "start": 12, "target": 4, "current": 9},
    {"title": "steps", "direction": "milestone", "start": 0, "target": 5, "current": 3},
    {"title": "contract", "direction": "binary", "target": 1, "current": 1},
)
TOGETHER = (("mean", "0.72", "green", "0.64"), ("worst", "0.38", "red", "0.38"), ("sum", "0.72", "green", "0.52"))
COLOURS = {"green": ("green", "绿"), "amber": ("amber", "黄"), "red": ("red", "红")}


def key_results(**last: object) -> tuple[Result, ...]:
    return read([*KEY_RESULTS[:-1], KEY_RESULTS[-1] | last])


def test_the_score_of_an_objective(page):
    okr = next(parse(d).okr for p in packs.available() for d in p.documents if d["$id"] == "objective_department")
    each = [result.progress() for result in key_results()]
    assert each == [Fraction(4, 5), Fraction(3, 8), Fraction(3, 5), Fraction(1)]
    whole = [one for one in page.splitlines() if (one.startswith("|") and "0.715" in one) or "| 0.375 |" in one]
    assert len(whole) == len(TOGETHER)
    for row, (rule, score_of_all, colour, without) in zip(sorted(whole, key=order), TOGETHER, strict=True):
        assert rolled_up(rule, key_results()) == Decimal(score_of_all)
        assert okr.grades.colour(Decimal(score_of_all)) == colour
        assert rolled_up(rule, key_results(current=None)) == Decimal(without)
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert (cells[2], cells[3] in COLOURS[colour]) == (score_of_all, True)
        assert cells[4].endswith(without)
    known = {word for words in COLOURS.values() for word in words}
    parts = [row for row in page.splitlines() if row.count("|") == 7 and row.split("|")[-2].strip() in known]
    shown = (("0.80", "green"), ("0.375", "red"), ("0.60", "amber"), ("1.00", "green"))
    for row, (figure, colour) in zip(parts, shown, strict=True):
        assert okr.grades.colour(Decimal(figure)) == colour
        assert (figure in row, row.split("|")[-2].strip() in COLOURS[colour]) == (True, True)


def order(row: str) -> int:
    """Rows of the page by their rule, as in `TOGETHER`."""
    return next(
        place
        for place, words in enumerate((("mean", "平均"), ("worst", "最差"), ("sum", "求和")))
        if any(word in row for word in words)
    )


def test_what_is_expected_of_an_objective(page):
    okr = next(parse(d).okr for p in packs.available() for d in p.documents if d["$id"] == "objective_department")
    asked = read([{"title": "carmakers", "target": 10, "current": 7}])
    assert rolled_up("mean", asked) == Decimal("0.70") == okr.expects["aspirational"]
    fewer = rolled_up("mean", read([{"title": "carmakers", "target": 10, "current": 6}]))
    assert fewer is not None
    assert (fewer, okr.grades.colour(fewer), fewer < okr.expects["aspirational"]) == (Decimal("0.60"), "amber", True)
    assert okr.expects["committed"] == 1
    for figure in ("7 / 10 = 0.70", "0.60", "0.72", "1.0"):
        assert figure in page
