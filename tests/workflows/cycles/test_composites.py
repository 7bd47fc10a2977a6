"""The spread of composite scores: counted as the reviews say, open to whom the reviews are open, small groups hidden."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from itertools import pairwise
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from workflows.cycles import composites
from workflows.cycles.composites import Scored

SCORES = st.integers(0, 1400).map(lambda tenths: Decimal(tenths) / 10)
CROWDS = st.lists(
    st.builds(Scored, st.integers(1, 6), SCORES, st.sampled_from("ABC"), st.integers(1, 9)), min_size=1, max_size=20
)


@settings(deadline=None)
@given(CROWDS)
def test_a_group_counts_everybody_once(crowd):
    found = composites.group(crowd)
    everybody = [one.score for one in crowd for _person in range(one.people)]
    assert found.people == sum(found.ratings.values()) == sum(found.steps) == len(everybody)
    assert found.median == median(everybody)
    for at, count in enumerate(found.steps):
        top = at == len(found.steps) - 1
        assert count == sum(score >= 5 * at and (top or score < 5 * (at + 1)) for score in everybody)
    assert composites.group([]) is None


@settings(deadline=None)
@given(CROWDS)
def test_no_group_that_is_shown_is_small_and_none_that_is_hidden_can_be_told(crowd):
    level = {department: department for department in range(1, 6)}  # the sixth is no department of the reader's
    counts = Counter()
    for one in crowd:
        counts[one.department] += one.people
    shown, hidden = composites.shown(crowd, level)
    assert shown | hidden == counts.keys() & level.keys()
    assert all(counts[unit] >= composites.MINIMUM for unit in shown)
    rest = sum(counts[unit] for unit in hidden)
    assert not hidden or rest >= composites.MINIMUM or not shown


def read(company, account):
    (period,) = company.read(composites.periods, account)
    return period, company.read(composites.spread, account, period)


def test_it_counts_the_reviews_that_the_reader_may_read(running):
    stored = [
        row
        for row in running.rows("review", cycle=running.production)
        if row["computed_score"] and row["step"] != "not_rated"
    ]
    derek = running.row("employee", account="derek")["id"]
    for account, left_out in (("hana", set()), ("derek", {derek})):
        period, found = read(running, account)
        mine = [row for row in stored if row["employee"] not in left_out]
        assert period.scored == sum(one.people for one in found.scored) == len(mine)
        wanted = Counter((row["department"], row["computed_score"], row["computed_rating"]) for row in mine)
        assert {(one.department, one.score, one.rating): one.people for one in found.scored} == wanted
        lows = [one.low for one in found.ratings]
        assert all(low < high for low, high in pairwise(lows))
    with pytest.raises(ValueError, match="not enough values"):
        read(running, "emma")


def test_a_final_score_takes_the_place_of_the_computed_one(running):
    table = running.catalog["review"].table
    _period, before = read(running, "hana")
    with running.engine.begin() as connection:
        connection.execute(table.update().values(final_score=Decimal("55.5"), final_rating="Unsatisfactory"))
    period, after = read(running, "hana")
    assert {(one.score, one.rating) for one in after.scored} == {(Decimal("55.5"), "Unsatisfactory")}
    assert sum(one.people for one in after.scored) >= sum(one.people for one in before.scored)
    assert not period.closed


def test_lines_have_the_mean_and_the_lights_of_their_people(running):
    _period, found = read(running, "hana")
    lines = composites.lines_of(line for lines in found.lines.values() for line in lines)
    assert [line.key for line in lines] == ["production_output", "pass_rate"]
    people = sum(one.people for one in found.scored)
    assert all(sum(line.lights.values()) == people and not line.no_data for line in lines)
    own = [
        ({"kpi": "a", "label": "A", "label_zh": "", "attainment": value, "light": light}, count)
        for value, light, count in (("1", "green", 3), ("0.5", "red", 1), (None, "", 2))
    ]
    (line,) = composites.lines_of(own)
    assert (line.mean, line.lights, line.no_data, line.title("zh")) == (0.875, {"green": 3, "red": 1}, 2, "A")


def test_it_takes_the_same_few_statements_for_any_number_of_people(running):
    sent = []
    event.listen(running.engine, "before_cursor_execute", lambda *call: sent.append(call[2]))
    period, _found = read(running, "hana")
    running.read(composites.people, "hana", period, [1, 2, 3], "en")
    assert len([one for one in sent if "rec_review" in one]) <= 5


def test_a_person_reviewed_twice_counts_by_the_later_review(running):
    _period, before = read(running, "hana")
    first, cycle = running.rows("review", cycle=running.production)[0], running.row("cycle", id=running.production)
    with running.engine.begin() as connection:
        number = copied(connection, running.catalog["cycle"].table, cycle)
        low = {"cycle": number, "computed_score": Decimal("12.3"), "computed_rating": "Unsatisfactory"}
        copied(connection, running.catalog["review"].table, {**first, **low})
    _period, after = read(running, "hana")
    assert sum(one.people for one in after.scored) == sum(one.people for one in before.scored)
    assert Decimal("12.3") in {one.score for one in after.scored}


def copied(connection, table, row):
    values = {key: value for key, value in row.items() if key in table.c and key != "id"}
    return connection.execute(table.insert().values(values).returning(table.c.id)).scalar_one()
