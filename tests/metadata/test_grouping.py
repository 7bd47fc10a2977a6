"""Groups of a list against sums done by hand, and what they must not tell."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from metadata.access import Actor
from metadata.engine import writing
from metadata.errors import Invalid, NotAllowed
from metadata.records import Filter, Grouping, Query, create_many, group, totals
from metadata.records.grouping import span
from tests.metadata.conftest import HANA, NOW

KPI = "production_output"


@pytest.fixture
def filled(door, production):
    """Two departments with 200 rows of a year, the same ones in each run."""
    other = door.create("department", code="SAL", name="Sales", name_zh="销售").id
    chance = random.Random(7)
    rows = [
        {
            "day": (date(2026, 1, 1) + timedelta(days=number)).isoformat(),
            "department": chance.choice((production, other)),
            "line": chance.choice(("stamping", "casting", None)),
            "planned": chance.randrange(1, 9999) / 100,
            "produced": chance.randrange(1, 9999) / 100,
        }
        for number in range(200)
    ]
    with writing(), Session(door.engine) as session, session.begin():
        create_many(session, door.catalog, KPI, HANA, rows, now=NOW)
    return rows


def grouped(door, by, actor=HANA, query=None, name=KPI, **more):
    with Session(door.engine) as session:
        return group(session, door.catalog, name, actor, query or Query(), by, **more)


class TestGroup:
    def test_counts_and_adds_as_one_would_by_hand(self, door, filled):
        expected: dict = defaultdict(lambda: [0, Decimal(0)])
        for row in filled:
            key = (row["department"], date.fromisoformat(row["day"]).replace(day=1))
            expected[key][0] += 1
            expected[key][1] += Decimal(str(row["planned"]))
        found = grouped(door, [Grouping("department"), Grouping("day", "month")])
        assert {g.keys: [g.figures.count, g.figures.sums["planned"]] for g in found.groups} == expected
        assert found.total.count == 200
        assert found.total.sums["planned"] == sum(Decimal(str(r["planned"])) for r in filled)

    def test_reads_references_by_name_and_stands_in_their_order(self, door, filled):
        labels = [g.labels[0] for g in grouped(door, [Grouping("department")]).groups]
        assert labels == sorted(labels)
        assert len(labels) == 2

    def test_keeps_what_has_no_value_in_a_group_of_its_own_at_the_end(self, door, filled):
        keys = [g.keys[0] for g in grouped(door, [Grouping("line")]).groups]
        assert keys == ["stamping", "casting", None]

    @pytest.mark.parametrize(("by", "start", "end"), [("quarter", (4, 1), (7, 1)), ("month", (5, 1), (6, 1))])
    def test_a_period_has_the_records_between_its_days(self, door, filled, by, start, end):
        item = Grouping("day", by)
        found = {g.keys[0]: g.figures.count for g in grouped(door, [item]).groups}
        first, last = span(item, date(2026, *start))
        assert (first, last) == (date(2026, *start), date(2026, *end))
        between = Query(filters=(Filter("day", "gte", first.isoformat()), Filter("day", "lt", last.isoformat())))
        with Session(door.engine) as session:
            assert totals(session, door.catalog, KPI, HANA, between).total.count == found[first]

    def test_averages_what_is_there(self, door, filled):
        total = grouped(door, []).total
        planned = door.catalog[KPI].definition.fields["planned"]
        mean = sum(Decimal(str(r["planned"])) for r in filled) / 200
        assert abs(total.average(planned) - mean) < Decimal("0.0001")

    def test_shows_the_first_groups_and_the_total_of_all(self, door, filled):
        found = grouped(door, [Grouping("day")], most=10)
        assert (len(found.groups), found.more, found.total.count) == (10, True, 200)

    def test_answers_the_filter_and_the_search_of_the_list(self, door, filled):
        query = Query(filters=(Filter("line", "eq", "casting"),))
        assert grouped(door, [], query=query).total.count == sum(r["line"] == "casting" for r in filled)


class TestAccess:
    def test_a_head_gets_the_sums_of_the_own_department_alone(self, door, filled, production):
        head = Actor("derek", frozenset({"Department head"}), unit_ids=(production,))
        found = grouped(door, [Grouping("department")], head)
        assert [g.keys for g in found.groups] == [(production,)]
        assert found.total.count == sum(r["department"] == production for r in filled)

    def test_a_hidden_field_has_no_sum_and_makes_no_group(self, door, production):
        head = Actor("derek", frozenset({"Department head"}), unit_ids=(production,))
        asked = Query(columns=("name", "salary"))
        assert grouped(door, [Grouping("status")], head, asked, "employee").measured == ()
        assert [f.name for f in grouped(door, [], HANA, asked, "employee").measured] == ["salary"]
        with pytest.raises(Invalid) as caught:
            grouped(door, [Grouping("gender")], head, name="employee")
        assert "gender" in str(caught.value)
        with pytest.raises(Invalid):
            grouped(door, [], head, Query(filters=(Filter("salary", "gt", "1"),)), "employee")

    def test_who_may_not_list_gets_nothing(self, door):
        with pytest.raises(NotAllowed):
            grouped(door, [], Actor("emma", frozenset({"Employee"})))


@pytest.mark.parametrize("by", [[Grouping("planned")], [Grouping("note")], [Grouping("line", "month")]])
def test_what_has_no_groups_is_refused(door, by):
    with pytest.raises(Invalid):
        grouped(door, by)


def test_three_levels_are_refused(door):
    with pytest.raises(Invalid):
        grouped(door, [Grouping("line"), Grouping("shift"), Grouping("department")])
