"""What-if on the demo's people: the answer is what the slow reference gives person by person, and nothing is written."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from sqlalchemy.orm import Session

from metadata.errors import Invalid, NotFound
from tests.workflows.scorecards.test_versions import card_of, content_of, with_line, with_weights
from workflows.cycles import figures, people
from workflows.cycles.terms import TermLine
from workflows.scorecards import content as contents
from workflows.scoring import Rule, exact
from workflows.scoring.columns import population
from workflows.whatif import trial
from workflows.whatif.answer import Thresholds, _fairness, _hidden
from workflows.whatif.crowd import Groups
from workflows.whatif.lights import lights
from workflows.whatif.trial import Settings

SPAN = Settings(date(2026, 5, 1), date(2026, 10, 31))


def tried(company, content, account="hana", name="Sales", settings=SPAN):
    return company.read(
        trial.try_out, account, card_of(company, name), content, settings, now=company.now, language="en", fresh=True
    )


def happier(company):
    """The sales scorecard with customer satisfaction at 20 %."""
    return with_line(
        with_weights(content_of(company), "50", "30"), kpi="customer_satisfaction", label="Satisfaction", weight="20"
    )


def slowly(company, content):
    """Displayed scores by person, computed one by one with the reference."""
    catalog, card = company.catalog, company.row("scorecard", name="Sales")
    known = contents.terms_of(catalog, content, card["department"], (SPAN.start, SPAN.end), "UTC")
    with Session(company.engine) as session:
        units = people.tree(session, catalog)
        below = units.below(card["department"])
        measured = figures.measured(session, known, units, below)
    found = {}
    for person in company.rows("employee"):
        if person["department"] in below and person["status"] != "left" and person["_removed_at"] is None:
            if (SPAN.end - person["hired_on"]).days >= known.minimum_service_days:
                found[person["id"]] = figures.computed(known, measured[str(person["department"])])
    return found


def test_the_answer_is_what_the_reference_gives_for_each_person(company):
    content = happier(company)
    result = tried(company, content).answer
    before, after = slowly(company, content_of(company)), slowly(company, content)
    assert result.people == len(before) > 20
    counts = [Counter(one.rating for one in side.values()) for side in (before, after)]
    assert {label: (one, other) for label, one, other in result.bands} == {
        label: (counts[0][label], counts[1][label]) for label, *_rest in result.bands
    }
    moved = {person for person in before if before[person].rating != after[person].rating}
    assert result.changing == len(moved) > 0
    assert {one.person for one in result.moved} <= moved
    for one in result.moved:
        assert (one.before, one.after) == (before[one.person].score, after[one.person].score)
        assert one.line is not None
    entering = [p for p in before if before[p].score < 90 <= after[p].score]
    leaving = [p for p in before if after[p].score < 90 <= before[p].score]
    assert (result.pay.entering, result.pay.leaving) == (len(entering), len(leaving))


def test_nothing_changes_where_nothing_was_moved(company):
    result = tried(company, content_of(company)).answer
    assert (result.changing, result.pay.entering, result.training.leaving) == (0, 0, 0)
    assert result.bonus[0] == result.bonus[1] >= 0


def test_thresholds_targets_and_removed_lines_count_too(company):
    content = content_of(company)
    higher = contents.tidy(
        {**content, "bands": [{**b, "low": "95" if b["low"] == "90" else b["low"]} for b in content["bands"]]}
    )
    assert tried(company, higher).answer.bands != tried(company, content).answer.bands
    easy = with_weights(content, "65", "35")
    easy["lines"][1]["target"] = "10"
    assert tried(company, easy).answer.rising > 0
    alone = {**content, "lines": content["lines"][:1]}
    assert tried(company, alone).answer.people == tried(company, content).answer.people


def test_only_who_runs_cycles_tries_and_a_head_only_on_the_people_below(company):
    content = happier(company)
    everybody, below = tried(company, content), tried(company, content, "sofia")
    assert 0 < below.answer.people <= everybody.answer.people
    assert tried(company, content_of(company, "Production"), "sofia", "Production").answer.people == 0
    for account in ("emma", "liwei", "tariq", "audrey"):
        with pytest.raises(NotFound):
            tried(company, content, account)


def test_what_a_head_may_not_read_about_people_is_in_no_answer(company):
    mine = tried(company, happier(company), "sofia").answer
    assert mine.bonus is None
    assert set(mine.groups) == {"department"}
    assert {"gender", "age"} < set(tried(company, happier(company)).answer.groups)


def test_what_can_not_be_read_is_named_at_its_field(company):
    content = with_weights(content_of(company), "x", "-1")
    with pytest.raises(Invalid) as caught:
        tried(company, content)
    assert [p.pointer for p in caught.value.problems] == ["/lines/0/weight"]
    with pytest.raises(Invalid) as caught:
        tried(company, with_weights(content_of(company), "0", "0"))
    assert [p.message for p in caught.value.problems] == [trial.NO_WEIGHT]
    with pytest.raises(Invalid) as caught:
        trial.settings({"start": "soon", "end": "2020-01-01", "bonus": "much"}, SPAN)
    assert [p.pointer for p in caught.value.problems] == ["/start", "/end", "/bonus"]


def test_a_second_move_asks_the_database_for_nothing_that_was_measured(company):
    content = happier(company)
    tried(company, content)
    seen = company.statements()
    moved = with_weights(content, "40", "30", "30")
    company.read(trial.try_out, "hana", card_of(company), moved, SPAN, now=company.now)
    assert not [text for text in seen if "sum(" in text.lower() or "hired_on" in text]


def test_a_line_that_becomes_a_mark_is_measured_as_one_not_as_the_kpi_of_its_name(company):
    content = content_of(company)
    tried(company, content)  # the columns of the KPIs are kept
    (line, *_rest) = content["lines"]
    marked = {**content, "lines": [{**line, "kind": "manual", "weight": "100"}]}
    result = company.read(trial.try_out, "hana", card_of(company), marked, SPAN, now=company.now).answer
    assert result.unscored == (0, result.people)  # nobody has such a mark


def test_who_has_data_only_where_the_weight_is_0_has_no_score(company):
    content = content_of(company)
    first, second = content["lines"]
    empty = {**second, "kind": "manual", "kpi": "nobody_has", "weight": "100"}
    result = tried(company, {**content, "lines": [{**first, "weight": "0"}, empty]}).answer
    assert (result.unscored, result.training.after) == ((0, result.people), 0)


@pytest.mark.parametrize("number", ["1e-10000000", "0e999999999", "1e-31"])
def test_a_number_that_is_endless_to_write_is_no_number(company, number):
    assert contents.tidy(with_weights(content_of(company), number, "35"))["lines"][0]["weight"] == number
    with pytest.raises(Invalid) as caught:
        tried(company, with_weights(content_of(company), number, "35"))
    assert [(p.pointer, p.message) for p in caught.value.problems] == [("/lines/0/weight", contents.NO_NUMBER)]


@pytest.mark.parametrize("days", [("0001-01-01", "0001-01-02"), ("2026-01-01", "9999-12-31")])
def test_a_period_at_the_ends_of_the_calendar_is_refused_at_its_field(days):
    with pytest.raises(Invalid) as caught:
        trial.settings(dict(zip(("start", "end"), days, strict=True)), SPAN)
    assert {p.message for p in caught.value.problems} == {trial.FAR_DAY}


class TestFairness:
    def test_the_ratio_is_to_the_best_group_and_below_four_fifths_it_is_adverse(self):
        codes = np.array([0] * 10 + [1] * 10)
        pay = np.array([True] * 8 + [False] * 2 + [True] * 6 + [False] * 4)
        women, men = _fairness(Groups(codes, ("female", "male")), [pay, pay], 5)
        assert (women.after, men.after, men.ratio_after) == (Fraction(4, 5), Fraction(3, 5), Fraction(3, 4))
        assert (women.adverse, men.adverse) == (False, True)

    def test_a_small_group_is_hidden_and_so_is_the_one_that_would_give_it_away(self):
        assert _hidden([4, 20, 6], 5) == {0, 2}
        assert _hidden([3, 3, 20], 5) == {0, 1}
        assert _hidden([5, 20], 5) == set()
        assert _hidden([0, 4], 5) == {1}

    def test_the_minimum_does_not_fall_below_five(self):
        assert trial.settings({"minimum": "2"}, SPAN).thresholds.minimum == Thresholds().minimum == 5
        assert trial.settings({"minimum": "8", "bonus": "12.5"}, SPAN).thresholds == Thresholds(
            bonus=Decimal("12.5"), minimum=8
        )


def lit(green, amber, attainments):
    """(green, amber, red, no data) of a line with these thresholds over people with these attainments in per cent."""
    line = TermLine("kpi", "", "", Decimal(100), "", "", "", "", Rule(cap=Fraction(9)), green=green, amber=amber)
    actual = np.array([[np.nan if value is None else value] for value in attainments], float)
    (found,) = lights([line], population([line.rule], actual, np.full_like(actual, 100.0)))
    return (found.green, found.amber, found.red, found.no_data), found.mean, line


@pytest.mark.parametrize(
    ("green", "amber", "expected"),
    [(Decimal(100), Decimal(80), (2, 2, 1, 1)), (Decimal(100), None, (2, 3, 0, 1)), (None, Decimal(80), (0, 4, 1, 1))],
)
def test_a_threshold_belongs_to_the_light_above_it_for_a_crowd_as_for_one(green, amber, expected):
    attainments = [100, 130, 99.99, 80, 79.99, None]
    counts, mean, line = lit(green, amber, attainments)
    assert counts == expected
    assert mean == pytest.approx((100 + 130 + 99.99 + 80 + 79.99) / 500)
    single = Counter(line.light(None if a is None else exact(a) / 100) for a in attainments)
    assert tuple(single[word] for word in ("green", "amber", "red", "")) == expected


def test_a_line_without_thresholds_has_no_light_and_one_without_data_no_mean():
    counts, _mean, line = lit(None, None, [50, None])
    assert (counts, line.light(Fraction(1))) == ((0, 0, 0, 1), "")
    assert lit(Decimal(1), None, [None])[1] is None
