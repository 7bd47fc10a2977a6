"""Scorecards as one document: every rule has its clear answer, publishing is whole and versioned, nobody is overwritten."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import insert
from sqlalchemy.orm import Session

from metadata import records
from metadata.access import system
from metadata.engine import writing
from metadata.errors import Conflict, Invalid, NotAllowed, StaleVersion
from metadata.store import audit
from tests.workflows.cycles.conftest import Company
from workflows.cycles import launching, ledger, opening, scoring, terms
from workflows.scorecards import content as contents
from workflows.scorecards import versions


def card_of(company: Company, name: str = "Sales") -> int:
    return company.row("scorecard", name=name)["id"]


def content_of(company: Company, name: str = "Sales"):
    with Session(company.engine) as session:
        return contents.live(session, company.catalog, card_of(company, name))


def with_weights(content, *weights):
    lines = [{**line, "weight": weight} for line, weight in zip(content["lines"], weights, strict=True)]
    return {**content, "lines": lines}


def with_line(content, **values):
    return {**content, "lines": [*content["lines"], contents.tidy({"lines": [values]})["lines"][0]]}


def publish(company, content, account="hana", **more):
    card = card_of(company)
    based_on = more.pop("based_on", contents.digest(content_of(company)))
    return company.write(versions.publish, account, card, content, based_on=based_on, **more)


def refused(company, content):
    with pytest.raises(Invalid) as caught:
        publish(company, content)
    return {problem.pointer: problem.text for problem in caught.value.problems}


class TestBadInput:
    def test_weights_of_99_99_name_their_sum(self, company):
        found = refused(company, with_weights(content_of(company), "64.99", "35"))
        assert found == {"/lines": "The weights add up to 99.99, not to 100."}

    def test_a_target_equal_to_its_baseline_is_laid_at_the_target(self, company):
        found = with_weights(content_of(company), "65", "35")
        found["lines"][1]["target"] = "0"
        assert refused(company, found) == {
            "/lines/1/target": "The target equals its baseline, so there is no way to go."
        }

    def test_a_kpi_that_is_none_is_named(self, company):
        found = with_weights(content_of(company), "65", "25")
        found = with_line(found, kpi="moonlight", weight="10")
        assert refused(company, found) == {
            "/lines/2/kpi": "The scorecard counts “moonlight”, which is no KPI at present."
        }

    def test_a_weight_outside_its_bounds_a_gap_and_what_is_no_number(self, company):
        found = with_weights(content_of(company), "65", "35")
        found["lines"][0]["weight_ceiling"] = "50"
        assert refused(company, found) == {"/lines/0/weight": "This line weighs at most 50."}
        found["lines"][0]["weight"] = "much"
        assert refused(company, found) == {"/lines/0/weight": contents.NO_NUMBER}
        found["lines"][0]["weight"] = "65.001"
        assert refused(company, found) == {"/lines/0/weight": "At most 2 decimal places are possible here."}

    def test_the_same_measure_twice(self, company):
        found = with_line(with_weights(content_of(company), "65", "25"), kpi="repurchase_rate", weight="10")
        assert refused(company, found) == {
            "/lines/2/kpi": "“repurchase_rate” stands in two lines; one line can count it."
        }

    def test_nothing_is_half_written(self, company):
        before = company.rows("scorecard_line")
        refused(company, with_weights(content_of(company), "10", "35"))
        assert company.rows("scorecard_line") == before


class TestPublishing:
    def test_lines_are_added_moved_and_removed_and_the_way_back_is_a_version(self, company):
        first = content_of(company)
        changed = with_line(with_weights(first, "50", "30"), kpi="customer_satisfaction", weight="20", label="Happy")
        changed = {**changed, "lines": [changed["lines"][2], changed["lines"][0]]}
        changed["lines"][0]["weight"], changed["lines"][1]["weight"] = "20", "80"
        assert publish(company, changed, comment="Customers first") == 2
        assert content_of(company) == changed
        assert [v.comment for v in self.history(company)] == ["Customers first", versions.FIRST]
        assert company.write(versions.roll_back, "hana", card_of(company), 1) == 3
        assert content_of(company) == first

    def test_thresholds_may_take_each_others_place(self, company):
        found = content_of(company)
        lows = {"Needs improvement": "75", "Good": "90", "Excellent": "105", "Outstanding": "110"}
        found = contents.tidy({**found, "bands": [{**b, "low": lows.get(b["label"], "0")} for b in found["bands"]]})
        publish(company, found)
        assert content_of(company) == found
        assert [band["high"] for band in found["bands"]] == ["75", "90", "105", "110", ""]

    def test_what_was_edited_in_the_records_is_kept_as_a_version(self, company):
        publish(company, with_weights(content_of(company), "60", "40"))
        line = company.row("scorecard_line", scorecard=card_of(company), kpi="sales_revenue")
        with Session(company.engine) as session, session.begin():
            table = company.catalog["scorecard_line"].table
            session.execute(table.update().where(table.c.id == line["id"]).values(weight=61))
        publish(company, with_weights(content_of(company), "70", "30"))
        assert [v.comment for v in self.history(company)][1] == versions.BY_RECORDS

    def test_the_difference_is_told_field_by_field(self, company):
        first = content_of(company)
        new = with_line(with_weights(first, "60", "30"), kpi="customer_satisfaction", weight="10")
        found = {(d.part, d.name, d.field, d.before, d.after) for d in versions.differences(first, new)}
        assert found == {
            ("line", "sales_revenue", "weight", "65", "60"),
            ("line", "repurchase_rate", "weight", "35", "30"),
            ("line", "customer_satisfaction", "", "", "10"),
        }

    def test_a_scorecard_that_moved_meanwhile_is_not_overwritten(self, company):
        seen = contents.digest(content_of(company))
        publish(company, with_weights(content_of(company), "60", "40"))
        with pytest.raises(Conflict):
            publish(company, with_weights(content_of(company), "70", "30"), based_on=seen)
        with pytest.raises(Conflict):
            publish(company, content_of(company))

    def test_a_scorecard_that_was_a_draft_becomes_active_as_it_is(self, company):
        catalog, card = company.catalog, card_of(company)
        with writing(), Session(company.engine) as session, session.begin():
            records.change(session, catalog, "scorecard", system("test"), card, {"status": "draft"}, now=company.now)
        publish(company, content_of(company))
        assert company.row("scorecard", id=card)["status"] == "active"

    def history(self, company):
        with Session(company.engine) as session:
            return versions.history(session, card_of(company))


class TestDrafts:
    def test_the_second_of_two_editors_is_told_and_the_first_is_kept(self, company):
        card, found = card_of(company), content_of(company)
        company.write(versions.save_draft, "hana", card, with_weights(found, "10", "20"), version=0)
        with pytest.raises(StaleVersion) as caught:
            company.write(versions.save_draft, "hana", card, with_weights(found, "90", "10"), version=0)
        assert caught.value.theirs.content == with_weights(found, "10", "20")
        with Session(company.engine) as session:
            assert versions.draft(session, company.catalog, card).content == with_weights(found, "10", "20")

    def test_a_draft_may_have_any_sum_and_changes_nothing_in_force(self, company):
        card, found = card_of(company), content_of(company)
        assert company.write(versions.save_draft, "hana", card, with_weights(found, "10", "20"), version=0) == 1
        assert content_of(company) == found
        company.write(versions.discard, "hana", card)
        with Session(company.engine) as session:
            assert versions.draft(session, company.catalog, card).version == 0

    def test_only_who_edits_scorecards_drafts_and_publishes(self, company):
        found = with_weights(content_of(company), "60", "40")
        for account in ("derek", "sofia", "emma", "tariq", "audrey"):
            with pytest.raises(NotAllowed):
                company.write(versions.save_draft, account, card_of(company), found, version=0)
            with pytest.raises(NotAllowed):
                publish(company, found, account)


class TestCycles:
    def test_the_running_cycle_keeps_its_terms_and_the_next_one_counts_the_new(self, running):
        card, cycle = card_of(running, "Production"), running.production
        before = {r["id"]: r["computed_score"] for r in running.rows("review", cycle=cycle)}
        live = content_of(running, "Production")
        new = with_line(with_weights(live, "30", "20"), kpi="customer_satisfaction", label="Satisfied", weight="50")
        running.write(versions.publish, "hana", card, new, based_on=contents.digest(live))
        running.write(scoring.recompute, "derek", cycle)
        running.settle()
        assert {r["id"]: r["computed_score"] for r in running.rows("review", cycle=cycle)} == before
        with Session(running.engine) as session:
            known = terms.gather(session, running.catalog, running.row("cycle", id=cycle))
        assert [(line.kpi, line.weight) for line in known.lines] == [
            ("production_output", 30),
            ("pass_rate", 20),
            ("customer_satisfaction", 50),
        ]

    def test_marks_and_the_use_of_the_system_are_scored_for_each_person(self, running):
        live = content_of(running, "Production")
        new = with_line(with_weights(live, "40", "30"), kind="manual", kpi="teamwork", label="Teamwork", weight="20")
        new = with_line(new, kind="system_use", kpi="portal_weeks", label="Use", weight="5")
        new = with_line(new, kind="objectives", kpi="objective_individual", label="Goals", weight="5")
        running.write(versions.publish, "hana", card_of(running, "Production"), new, based_on=contents.digest(live))
        emma = running.row("employee", account="emma")
        catalog = running.catalog
        goals = [row["id"] for row in running.rows("objective_individual", owner=emma["id"])]
        with writing(), Session(running.engine) as session, session.begin():
            mark = {"employee": emma["id"], "line": "teamwork", "day": "2026-09-01", "target": 4, "actual": 3}
            records.create(session, catalog, "appraisal_mark", system("test"), mark, now=running.now)
            for goal, score in zip(goals, ("0.8", "0.5"), strict=True):
                name, values = "objective_individual", {"score": score}
                records.change(session, catalog, name, system("test"), goal, values, now=running.now, form="text")
            acts = [{"at": datetime(2026, 5, 2, tzinfo=UTC)}, {"at": datetime(2026, 5, 3, tzinfo=UTC)}]
            acts += [{"at": datetime(2026, 6, 20, tzinfo=UTC)}, {"at": datetime(2027, 1, 1, tzinfo=UTC)}]
            rest = {"actor": "emma", "action": "change", "definition": "objective_individual", "catalog_version": 1}
            session.execute(insert(audit), [{**act, **rest} for act in acts])
        plan = running.row("cycle", id=running.production)
        again = {name: plan[name] for name in opening.FIELDS} | {"name": "Again"}
        made = running.write(opening.open_cycle, "derek", again, form="python")
        running.write(launching.launch, "derek", made.id)
        running.settle()
        review = running.row("review", cycle=made.id, employee=emma["id"])
        found = running.read(ledger.opened, "derek", review["id"])
        lines = {line.key: line for line in found.sheet.lines}
        assert (lines["teamwork"].plan, lines["teamwork"].actual, lines["teamwork"].records) == (4.0, 3.0, 1)
        weeks = 27  # 1 May to 31 October, begun ones
        assert lines["portal_weeks"].actual == pytest.approx(100 * 2 / weeks)
        assert lines["portal_weeks"].records == 3
        others = [
            r for r in running.rows("review", cycle=made.id) if r["employee"] != emma["id"] and r["computed_score"]
        ]
        assert running.read(ledger.opened, "hana", others[0]["id"]).sheet.lines[2].attainment is None
