"""What the demo's generators promise without a database: same seed, same company; exact figures; whole stories."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.demo.cast import CAST, DEMO_LOGINS
from workflows.demo.courses import training
from workflows.demo.history import observations, settle
from workflows.demo.people import SMALLEST, company
from workflows.demo.periods import half_years
from workflows.demo.story import BANDS, SCORECARDS, objectives, scorecards

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
TODAY = NOW.date()
BRANCHES = {"PRD", "SAL", "RND", "QUA", "HR", "FIN"}


def whole_story(seed: int) -> list[object]:
    people = company(TODAY, 60, seed)
    halves = half_years(NOW)
    return [*people.batches, *observations(people, halves, seed), *training(people, NOW, seed)]


class TestHalfYears:
    @pytest.mark.parametrize(
        ("now", "before", "after"),
        [
            ((2026, 11, 24), ((2025, 11, 1), (2026, 4, 30)), ((2026, 5, 1), (2026, 10, 31))),
            ((2026, 3, 1), ((2025, 3, 1), (2025, 8, 31)), ((2025, 9, 1), (2026, 2, 28))),
            ((2027, 1, 31), ((2026, 1, 1), (2026, 6, 30)), ((2026, 7, 1), (2026, 12, 31))),
        ],
    )
    def test_are_whole_months_that_end_with_the_last_one_over(self, now, before, after):
        halves = half_years(datetime(*now, tzinfo=UTC))
        assert [(p.start, p.end) for p in halves] == [tuple(date(*d) for d in before), tuple(date(*d) for d in after)]


class TestSettle:
    @given(st.lists(st.integers(0, 10_000), min_size=1, max_size=50).filter(any), st.integers(0, 10**9))
    def test_adds_up_exactly_and_leaves_nothing_nothing(self, parts, total):
        settled = settle(parts, total)
        assert sum(settled) == total
        assert all(value == 0 for part, value in zip(parts, settled, strict=True) if part == 0)

    @given(st.lists(st.floats(0.1, 1000), min_size=1, max_size=50), st.integers(0, 10**6))
    def test_keeps_each_part_within_one_of_its_share(self, parts, total):
        for part, value in zip(parts, settle(parts, total), strict=True):
            assert abs(value - part * total / sum(parts)) < 1.001


class TestCompany:
    def test_is_the_same_for_the_same_seed_and_another_for_another(self):
        assert whole_story(7) == whole_story(7)
        assert whole_story(7) != whole_story(8)

    @pytest.mark.parametrize("size", [SMALLEST, 60, 240, 1000])
    def test_has_as_many_people_as_asked_for_each_with_a_number_of_their_own(self, size):
        rows = list(company(TODAY, size, 1).employees)
        assert len({row.values["number"] for row in rows}) == len(rows) == size

    def test_refuses_to_be_smaller_than_its_cast_needs(self):
        with pytest.raises(ValueError, match="at least 24"):
            company(TODAY, SMALLEST - 1, 1)

    def test_names_everybody_in_both_scripts(self):
        rows = list(company(TODAY, 240, 1).employees)
        assert all(row.values["name"].isascii() for row in rows)
        assert all(row.values["name_zh"] and not row.values["name_zh"].isascii() for row in rows)

    def test_staffs_every_branch_and_gives_each_a_head(self):
        people = company(TODAY, 240, 1)
        assert set(people.heads) >= BRANCHES
        assert {department.split("-")[0] for department in people.staff} >= BRANCHES

    def test_gives_everybody_but_the_general_manager_a_manager_who_was_written_earlier(self):
        seen: set[str] = set()
        for batch in company(TODAY, 240, 1).batches:
            if batch.definition == "employee":
                managers = {row.values["manager"] for row in batch.rows} - {None}
                assert managers <= seen
                seen |= {row.key for row in batch.rows}
        assert [role.key for role in CAST if not role.manager] == ["grace"]

    def test_has_newcomers_and_leavers(self):
        rows = list(company(TODAY, 240, 1).employees)
        assert sum((TODAY - date.fromisoformat(row.values["hired_on"])).days < 90 for row in rows) >= 3
        assert all(row.values["left_on"] < TODAY.isoformat() for row in rows if row.values["status"] == "left")


class TestCast:
    def test_has_an_employee_for_every_login(self):
        assert {role.account for role in CAST if role.account} == {login.username for login in DEMO_LOGINS}

    def test_gives_a_login_to_each_role_that_people_have(self):
        roles = {login.role for login in DEMO_LOGINS}
        assert roles == {"HR admin", "Department head", "Trainer", "Employee", "Auditor"}


class TestObservations:
    @pytest.mark.parametrize("seed", [1, 2015])
    def test_never_pass_or_sell_to_more_than_there_are(self, seed):
        batches = {b.definition: b.rows for b in observations(company(TODAY, 60, seed), half_years(NOW), seed)}
        assert all(0 <= row.values["passed"] <= row.values["inspected"] for row in batches["pass_rate"])
        assert all(0 <= row.values["repurchased"] <= row.values["customers"] for row in batches["repurchase_rate"])
        assert all(row.values["revenue"] >= 0 for row in batches["sales_revenue"])

    def test_say_why_when_nothing_was_produced(self):
        batches = {b.definition: b.rows for b in observations(company(TODAY, 60, 1), half_years(NOW), 1)}
        idle = [row for row in batches["production_output"] if row.values["produced"] == 0]
        assert idle
        assert all(row.values.get("note") for row in idle)

    def test_are_between_six_and_ten_thousand(self):
        batches = observations(company(TODAY, 240, 1), half_years(NOW), 1)
        assert 6_000 <= sum(len(batch.rows) for batch in batches) <= 10_000


class TestScorecards:
    def test_weigh_exactly_100(self):
        _cards, lines, _bands = scorecards()
        for key, *_rest in SCORECARDS:
            weights = [Decimal(str(row.values["weight"])) for row in lines.rows if row.values["scorecard"] == key]
            assert sum(weights) == 100

    def test_have_bands_that_touch_and_leave_the_top_open(self):
        assert BANDS[0][2] == 0
        assert [high for *_labels, _low, high in BANDS] == [*(low for *_labels, low, _high in BANDS[1:]), None]

    def test_count_pass_rate_and_repurchases_only_since_the_upgrade(self):
        kpis = {key: {item[0][0] for item in items} for key, *_rest, items in SCORECARDS}
        assert kpis["prd"] - kpis["prd-old"] == {"pass_rate"}
        assert kpis["sal"] - kpis["sal-old"] == {"repurchase_rate"}


class TestObjectives:
    def test_hang_together_from_person_to_company(self):
        levels = {b.definition: b.rows for b in objectives(*half_years(NOW), TODAY)}
        for level, above in (
            ("objective_department", "objective_company"),
            ("objective_individual", "objective_department"),
        ):
            assert {row.values["parent"] for row in levels[level]} <= {row.key for row in levels[above]}

    def test_are_scored_only_when_they_are_over(self):
        for batch in objectives(*half_years(NOW), TODAY):
            for row in batch.rows:
                assert (row.values["score"] is None) == (row.values["period_end"] >= TODAY.isoformat())


class TestTraining:
    def test_gives_nobody_two_places_in_one_session_and_no_session_too_many(self):
        batches = {b.definition: b.rows for b in training(company(TODAY, 240, 1), NOW, 1)}
        taken = [(row.values["session"], row.values["employee"]) for row in batches["enrolment"]]
        assert len(set(taken)) == len(taken)
        for session in batches["training_session"]:
            assert sum(key == session.key for key, _who in taken) <= (session.values["capacity"] or 10**6)

    def test_records_attendance_only_of_what_is_over(self):
        batches = {b.definition: b.rows for b in training(company(TODAY, 240, 1), NOW, 1)}
        starts = {row.key: datetime.fromisoformat(row.values["starts_at"]) for row in batches["training_session"]}
        attended = [row.values["session"] for row in batches["enrolment"] if "attended_at" in row.values]
        assert attended
        assert all(starts[session] < NOW for session in attended)
