"""A formula from the scorecard to the score: checked at its lines, pinned, explained by the ledger, tried by what-if."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from sqlalchemy.orm import Session

from metadata.catalog import Entity
from metadata.errors import Invalid
from metadata.parser import parse, thawed
from tests.workflows.cycles.test_ledger import again, checked, compared, opened
from tests.workflows.scorecards.test_versions import card_of, content_of, publish, refused
from workflows.cycles import formula_steps, launching, sheets, terms
from workflows.scorecards import content as contents
from workflows.scorecards import versions
from workflows.whatif import trial

CAPPED = 'if(reached("pass_rate") < 110, min(total, 70), total)'


def production(company, formula):
    """Derek's scorecard with the formula, published by HR."""
    content = {**content_of(company, "Production"), "formula": formula}
    card = card_of(company, "Production")
    based_on = contents.digest(content_of(company, "Production"))
    company.write(versions.publish, "hana", card, content, based_on=based_on)
    return card


class TestPublishing:
    def test_it_is_kept_with_the_scorecard_and_taken_back_with_its_version(self, company):
        first = content_of(company)
        assert "formula" not in first
        publish(company, {**first, "formula": "min(total, 90)"})
        assert content_of(company)["formula"] == "min(total, 90)"
        (told,) = versions.differences(first, content_of(company))
        assert (told.part, told.field, told.before, told.after) == ("setting", "formula", "", "min(total, 90)")
        company.write(versions.roll_back, "hana", card_of(company), 1)
        assert content_of(company) == first

    def test_a_line_that_is_not_there_is_told_at_the_formula_and_at_the_lines(self, company):
        content = {**content_of(company), "formula": 'max(total, reached("pass_rate"))'}
        told = "At character 20: the scorecard has no line “pass_rate”; there are sales_revenue, repurchase_rate."
        gone = "The formula names “pass_rate”, which is no line any more; put the line back, or change the formula."
        assert refused(company, content) == {"/formula": told, "/lines": gone}

    def test_units_are_those_of_the_kpis(self, company):
        content = {**content_of(company), "formula": 'actual("sales_revenue") + actual("repurchase_rate")'}
        assert "of different units: CNY, %" in refused(company, content)["/formula"]

    def test_one_that_is_too_long_is_told_even_to_a_draft(self, company):
        content = {**content_of(company), "formula": "total" + " + 1" * 200}
        with pytest.raises(Invalid) as caught:
            company.write(versions.save_draft, "hana", card_of(company), content, version=0)
        assert [p.text for p in caught.value.problems] == ["At most 500 characters are possible here."]

    def test_a_line_removed_from_the_records_stops_the_next_cycle_with_the_reason(self, company):
        production(company, CAPPED)
        line = company.row("scorecard_line", scorecard=card_of(company, "Production"), kpi="pass_rate")
        with Session(company.engine) as session, session.begin():
            table = company.catalog["scorecard_line"].table
            session.execute(table.update().where(table.c.id == line["id"]).values(kpi="repurchase_rate"))
        with pytest.raises(Invalid) as caught:
            company.write(launching.launch, "derek", company.production)
        assert any("has no line “pass_rate”" in problem.text for problem in caught.value.problems)


def test_contents_and_pins_without_a_formula_are_what_they_were(company):
    """Hashes of what was kept before there were formulas hold."""
    with Session(company.engine) as session:
        known = terms.gather(session, company.catalog, company.row("cycle", id=company.production))
    assert "formula" not in terms.as_json(known)
    assert "formula" not in contents.tidy({"formula": "  "})
    assert contents.tidy({"formula": " min(\r\ntotal, 3) "})["formula"] == "min( total, 3)"


def test_where_the_pack_is_from_before_formulas_it_says_what_to_do(company):
    """A formula that could not be kept is refused, not lost."""
    document = thawed(company.catalog["scorecard"].definition.document)
    del document["properties"]["formula"]
    document.pop("x-screen"), document.pop("x-i18n")
    older = {"scorecard": Entity(parse(document))}
    (problem,) = contents.formula_problems(older, {**content_of(company), "formula": "total"})
    assert (problem.pointer, problem.text) == ("/formula", contents.NO_FORMULA)


class TestCycle:
    @pytest.fixture
    def scored(self, company):
        production(company, CAPPED)
        company.launched()
        return company

    def test_the_score_is_what_the_formula_makes_of_the_sum(self, scored):
        sheet = opened(scored).sheet
        assert sheet.total > 70
        assert sheet.points == 70
        assert (sheet.score, scored.review("emma")["computed_score"]) == (Decimal("70.0"), Decimal("70.0"))
        assert sheet.rounding == 0

    def test_the_ledger_shows_what_was_read_and_each_step(self, scored):
        found = opened(scored)
        steps = {step.text: step.value for step in formula_steps.steps(found.terms, found.sheet.lines)}
        assert steps["total"] == found.sheet.total
        assert steps['reached("pass_rate")'] == found.sheet.lines[1].attainment * 100
        assert steps['reached("pass_rate") < 110'] is True
        assert steps["min(total, 70)"] == steps[CAPPED] == 70

    def test_computing_again_gives_the_same_and_a_changed_formula_is_told(self, scored):
        found = opened(scored)
        assert checked(scored, found).holds
        content = content_of(scored, "Production") | {"formula": "total / 2"}
        based_on = contents.digest(content_of(scored, "Production"))
        scored.write(versions.publish, "hana", card_of(scored, "Production"), content, based_on=based_on)
        again(scored)
        assert opened(scored).sheet.score == Decimal("70.0")

    def test_why_it_changed_names_the_formula_and_adds_up(self, scored):
        first = opened(scored)
        with Session(scored.engine) as session, session.begin():
            table = scored.catalog["production_output"].table
            session.execute(table.update().values(produced=table.c.produced / 2))
        again(scored)
        change = compared(scored, opened(scored))
        parts = sum((line.total for line in change.lines), Fraction(0))
        assert change.total == parts + change.by_formula + change.rounding
        assert change.by_formula == (change.new.points - change.new.total) - (first.sheet.points - first.sheet.total)
        assert change.by_formula > 0


def test_without_its_data_there_is_no_score_and_the_ledger_says_why(company):
    production(company, 'if(reached("pass_rate") < 60, min(total, 70), total)')
    with Session(company.engine) as session, session.begin():
        table = company.catalog["pass_rate"].table
        session.execute(table.update().values(_removed_at=company.now - timedelta(days=1)))
    company.launched()
    review, found = company.review("emma"), opened(company)
    assert review["computed_score"] is None
    assert review["computed_reason"] == "The scorecard's formula needs a line that has no data."
    assert found.sheet.reason == review["computed_reason"]
    assert [step.text for step in formula_steps.steps(found.terms, found.sheet.lines) if step.reason] == [
        'reached("pass_rate")',
        'reached("pass_rate") < 60',
        'if(reached("pass_rate") < 60, min(total, 70), total)',
    ]
    assert checked(company, found).holds


def test_what_if_gives_what_a_launch_would(company):
    card = production(company, CAPPED)
    content = content_of(company, "Production")
    cycle = company.row("cycle", id=company.production)
    asked = trial.Settings(cycle["period_start"], cycle["period_end"])
    tried = {
        formula: company.write(trial.try_out, "hana", card, {**content, "formula": formula}, asked, fresh=True)
        for formula in (CAPPED, "")
    }
    company.launched()
    assert sheets.shown(opened(company).sheet.points) == 70
    counts = {label: after for label, _before, after in tried[CAPPED].answer.bands}
    assert counts["Needs improvement"] == sum(counts.values()) > 0
    moved = tried[""].answer.moved
    assert moved
    assert {one.before for one in moved} == {Decimal("70.0")}
    assert all(one.by_formula for one in moved)
