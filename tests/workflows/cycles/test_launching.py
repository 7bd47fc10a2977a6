"""The launch: who gets a review and from whom, what is pinned, what happens when it breaks half-way."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from metadata import records
from metadata.access import system
from metadata.engine import writing
from metadata.errors import Invalid, NotAllowed, NotFound, StaleVersion
from tests.workflows.demo_company import NOW
from workflows import jobs, queue
from workflows.cycles import launching, opening, people, terms
from workflows.errors import TransitionRefused

from workflows.store import cycle_pins, jobs as job_table, notifications  # isort: skip


def set_record(company, name, record_id, **values):
    catalog = company.catalog
    with writing(), Session(company.engine) as session, session.begin():
        records.change(session, catalog, name, system("test"), record_id, values, now=company.now)


class TestWhoTakesPart:
    def test_everybody_of_the_department_and_below_has_one_review(self, running):
        cycle = running.production
        units = {d["id"] for d in running.rows("department") if d["code"].startswith("PRD")}
        expected = {e["id"] for e in running.rows("employee") if e["department"] in units and e["status"] != "left"}
        found = [r["employee"] for r in running.rows("review", cycle=cycle)]
        assert len(found) == len(set(found))
        assert set(found) == expected

    def test_department_position_and_reviewer_are_those_of_the_day(self, running):
        emma = running.row("employee", account="emma")
        review = running.review("emma")
        assert (review["department"], review["position"]) == (emma["department"], emma["position"])
        assert review["reviewer"] == running.row("employee", account="derek")["id"]
        other = running.row("department", code="SAL-E")["id"]
        set_record(running, "employee", emma["id"], department=other)
        assert running.review("emma")["department"] == emma["department"]

    def test_nobody_reviews_themselves_and_a_reviewer_can_sign_in(self, running):
        accounts = {e["id"]: e["account"] for e in running.rows("employee")}
        for review in running.rows("review", cycle=running.production):
            assert review["reviewer"] != review["employee"]
            assert review["reviewer"] is None or accounts[review["reviewer"]]
        assert running.review("derek")["reviewer"] is None  # whom Derek reports to can't sign in: HR writes it

    def test_who_is_here_too_short_is_not_rated_and_reads_why(self, running):
        end = running.row("cycle", id=running.production)["period_end"]
        hired = {e["id"]: e["hired_on"] for e in running.rows("employee")}
        reviews = running.rows("review", cycle=running.production)
        short = {r["id"] for r in reviews if (end - hired[r["employee"]]).days < 90}
        assert short == {r["id"] for r in reviews if r["step"] == "not_rated"}
        assert short
        for review in reviews:
            if review["id"] in short:
                assert "90" in review["not_rated_reason"]
                assert review["computed_score"] is None
            else:
                assert review["step"] == "self_review"

    def test_people_are_told_once_with_a_link(self, running):
        with Session(running.engine) as session:
            rows = session.execute(select(notifications).where(notifications.c.kind == "review_self_due")).all()
        assert {row.recipient for row in rows} == {"emma", "derek"}
        assert {row.link for row in rows} >= {f"/cycles/reviews/{running.review('emma')['id']}"}


class TestReviewers:
    def test_the_chain_climbs_to_the_first_who_can(self):
        tree = people.Tree({1: people.Unit(1, None, 10), 2: people.Unit(2, 1, 20), 3: people.Unit(3, 2, 30)})
        person = people.Participant(30, 3, None, 99, NOW.date(), "head")
        assert people._reviewer(person, tree, frozenset({99, 10})) == 99
        assert people._reviewer(person, tree, frozenset({30, 20, 10})) == 20  # not herself, though she heads it
        assert people._reviewer(person, tree, frozenset({10})) == 10
        assert people._reviewer(person, tree, frozenset({30})) is None

    def test_a_circle_in_the_tree_ends(self):
        tree = people.Tree({1: people.Unit(1, 2, None), 2: people.Unit(2, 1, None)})
        assert [unit.id for unit in tree.upwards(1)] == [1, 2]
        assert tree.below(1) == {1, 2}


class TestWhoMay:
    @pytest.mark.parametrize(("account", "error"), [("emma", NotFound), ("sofia", NotFound), ("audrey", NotAllowed)])
    def test_others_do_not_launch(self, company, account, error):
        with pytest.raises(error):
            company.write(launching.launch, account, company.production)

    def test_hr_launches_anywhere(self, company):
        assert company.write(launching.launch, "hana", company.production)

    def test_a_second_launch_is_refused_while_the_first_is_under_way_and_after_it(self, company):
        cycle = company.production
        company.write(launching.launch, "derek", cycle)
        with pytest.raises(TransitionRefused):
            company.write(launching.launch, "hana", cycle)
        company.settle()
        with pytest.raises(TransitionRefused):
            company.write(launching.launch, "derek", cycle)

    def test_a_plan_that_moved_meanwhile_is_not_launched(self, company):
        cycle = company.production
        version = company.row("cycle", id=cycle)["_version"]
        company.write(opening.change, "hana", cycle, {"name": "Other"}, version=version)
        with pytest.raises(StaleVersion):
            company.write(launching.launch, "derek", cycle, version=version)


class TestWhenItBreaks:
    def test_a_cancelled_launch_is_taken_up_and_doubles_nothing(self, company, monkeypatch):
        monkeypatch.setattr(launching, "CHUNK", 40)
        cycle = company.production
        job_id = company.write(launching.launch, "derek", cycle)
        self.one_chunk(company, job_id)
        derek = company.actor("derek")
        with writing(), Session(company.engine) as session, session.begin():
            jobs.cancel(session, job_id, derek, company.now)
        assert len(company.rows("review", cycle=cycle)) == 40
        company.write(launching.launch, "derek", cycle)
        company.settle()
        reviews = company.rows("review", cycle=cycle)
        assert len(reviews) == len({r["employee"] for r in reviews}) > 100
        assert company.row("cycle", id=cycle)["step"] == "self_review"

    def one_chunk(self, company, job_id):
        catalog, derek = company.catalog, company.actor("derek")
        with queue.unit_of_work() as session:
            job = jobs.load(session, job_id)
            step = launching._handle(session, job, catalog, derek, company.now)
            values = {"cursor": step.cursor, "done": step.done, "total": step.total}
            session.execute(update(job_table).where(job_table.c.id == job_id).values(values))

    def test_chunks_of_any_size_give_the_same(self, company, monkeypatch):
        monkeypatch.setattr(launching, "CHUNK", 7)
        cycle = company.launched()
        reviews = company.rows("review", cycle=cycle)
        assert len(reviews) == len({r["employee"] for r in reviews}) > 100
        assert {r["step"] for r in reviews} == {"self_review", "not_rated"}
        with Session(company.engine) as session:
            pin = terms.pinned(session, cycle)
            job = jobs.load(session, pin.job_id)
        assert (job.state, job.done) == (jobs.DONE, job.total)


class TestOpening:
    def plan(self, company, **more):
        return {
            "name": "Winter", "name_zh": "冬季", "scorecard": company.row("scorecard", name="Production")["id"],
            "department": company.row("department", code="PRD-A")["id"], "period_start": "2026-05-01",
            "period_end": "2026-10-31", "self_due": "2026-12-01", "manager_due": "2026-12-08", **more,
        }  # fmt: skip

    def test_a_head_opens_for_the_subtree_and_hr_anywhere(self, company):
        assert company.write(opening.open_cycle, "derek", self.plan(company))["step"] == "draft"
        sales = company.row("department", code="SAL")["id"]
        assert company.write(opening.open_cycle, "hana", self.plan(company, department=sales))
        with pytest.raises(Invalid) as refused:
            company.write(opening.open_cycle, "derek", self.plan(company, department=sales))
        assert "/department" in {p.pointer for p in refused.value.problems}

    @pytest.mark.parametrize("account", ["emma", "tariq", "audrey"])
    def test_others_open_none(self, company, account):
        with pytest.raises(NotAllowed):
            company.write(opening.open_cycle, account, self.plan(company))

    def test_every_problem_is_said_at_once(self, company):
        plan = self.plan(company, period_end="2026-04-01", manager_due="2026-11-30", name="", colour="red")
        with pytest.raises(Invalid) as refused:
            company.write(opening.open_cycle, "hana", plan)
        assert {p.pointer for p in refused.value.problems} == {"/period_end", "/manager_due", "/name", "/colour"}

    @pytest.mark.parametrize(
        ("changed", "pointer"),
        [
            ({"self_due": "2026-11-23"}, "/self_due"),
            ({"self_due": None}, "/self_due"),
            ({"timezone": "Mars/Base"}, "/timezone"),
        ],
    )
    def test_deadlines_lie_ahead_in_a_zone_that_exists(self, company, changed, pointer):
        with pytest.raises(Invalid) as refused:
            company.write(opening.open_cycle, "hana", self.plan(company, **changed))
        assert {p.pointer for p in refused.value.problems} == {pointer}

    def test_weights_bands_and_status_are_checked(self, company):
        card = company.row("scorecard", name="Production")
        line = company.rows("scorecard_line", scorecard=card["id"])[0]
        band = company.rows("rating_band", scorecard=card["id"])[0]
        set_record(company, "scorecard_line", line["id"], weight=61)
        set_record(company, "rating_band", band["id"], high=55)
        set_record(company, "scorecard", card["id"], status="draft")
        with pytest.raises(Invalid) as refused:
            company.write(opening.open_cycle, "derek", self.plan(company))
        texts = " ".join(p.text for p in refused.value.problems)
        assert "active" in texts
        with pytest.raises(Invalid) as refused:
            company.write(launching.launch, "derek", company.production)
        told = " ".join(p.text for p in refused.value.problems)
        assert "101" in told
        assert "gap" in told

    def test_the_day_ends_in_the_zone_of_the_cycle(self, company):
        company.now = NOW.replace(hour=15, minute=59)  # 23:59 in Shanghai
        plan = self.plan(company, self_due="2026-11-24", timezone="Asia/Shanghai")
        assert company.write(opening.open_cycle, "hana", plan)
        company.now += timedelta(minutes=1)
        with pytest.raises(Invalid):
            company.write(opening.open_cycle, "hana", plan)

    def test_a_running_cycle_changes_dates_and_names_alone(self, running):
        cycle = running.production
        assert running.write(opening.change, "derek", cycle, {"self_due": "2026-12-03", "name": "New"})
        with pytest.raises(Invalid) as refused:
            running.write(opening.change, "derek", cycle, {"period_start": "2026-01-01"})
        assert {p.pointer for p in refused.value.problems} == {"/period_start"}


def test_the_pin_is_written_once(running):
    with Session(running.engine) as session:
        (row,) = session.execute(select(cycle_pins)).mappings()
    assert row["by"] == "derek"
    assert row["catalog_version"] == running.row("cycle", id=running.production)["catalog_version"]
    assert [line["weight"] for line in row["terms"]["lines"]] == ["60.00", "40.00"]
