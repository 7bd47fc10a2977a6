"""Each person's own scorecard: who is scored by which, transfers by days, nothing moves once the cycle runs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from metadata.engine import writing
from metadata.errors import Invalid
from tests.workflows.cycles import made_cards
from tests.workflows.cycles.test_launching import set_record
from tests.workflows.cycles.test_ledger import checked, compared, halve_the_output
from tests.workflows.demo_company import NOW
from workflows.cycles import cards, composites, coverage, launching, ledger, opening, people, rating, scoring, stints
from workflows.cycles.rating import Proposal
from workflows.score_store import cycle_cards, score_sheets

MOVED_ON = date(2026, 8, 1)
OUTPUT, PASSED = "production_output", "pass_rate"


def make_card(company, name, lines, **scope):
    catalog = company.catalog
    with writing(), Session(company.engine) as session, session.begin():
        return made_cards.make_card(session, catalog, name, lines, company.now, **scope)


@dataclass
class Scene:
    """Two departments, a position and a person with scorecards of their own; one transfer, entered late."""

    company: object
    assembly: int
    casting: int
    lead: int
    emma: int
    mover: int
    cards: dict[str, int]

    def of(self, person):
        return self.company.row("review", employee=person, cycle=self.company.production)


@pytest.fixture
def scene(company):
    assembly, casting = (company.row("department", code=code)["id"] for code in ("PRD-A", "PRD-C"))
    lead = company.row("position", code="LEAD")["id"]
    emma = company.row("employee", account="emma")["id"]
    made = {
        "assembly": make_card(company, "Assembly", [(OUTPUT, 100, None)], department=assembly),
        "casting": make_card(company, "Casting", [(PASSED, 100, None)], department=casting),
        "lead": make_card(company, "Leads", [(OUTPUT, 50, None), (PASSED, 50, None)], position=lead),
        "emma": make_card(company, "Emma's", [(OUTPUT, 100, 100_000)], person=emma),
    }
    mover = next(
        one["id"]
        for one in company.rows("employee", department=casting)
        if one["position"] != lead and one["status"] == "active" and one["hired_on"] < date(2026, 1, 1)
    )
    set_record(company, "employee", mover, department=assembly, in_place_since=MOVED_ON.isoformat())
    company.write(opening.change, "derek", company.production, {"scorecard_choice": "own"})
    return Scene(company, assembly, casting, lead, emma, mover, made)


def reached(company, kpi, department, target=None):
    """A department's attainment in the period, from the rows, bounded as the KPI says."""
    cycle = company.row("cycle", id=company.production)
    mine = [
        row
        for row in company.rows(kpi, department=department)
        if cycle["period_start"] <= row["day"] <= cycle["period_end"]
    ]
    if kpi == OUTPUT:
        share = Fraction(sum(r["produced"] for r in mine)) / (target or Fraction(sum(r["planned"] for r in mine)))
    else:
        rate = 100 * Fraction(sum(r["passed"] for r in mine)) / Fraction(sum(r["inspected"] for r in mine))
        share = rate / (sum(Fraction(r["target"]) for r in mine) / len(mine))
    return min(share, Fraction(6, 5)) * 100


def half_up(value, places="0.1"):
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal(places), ROUND_HALF_UP)


def test_everybody_is_scored_by_the_nearest_and_a_transfer_by_days(scene):
    company, cycle = scene.company, scene.company.launched()
    period = company.row("cycle", id=cycle)
    output_a, output_c = (reached(company, OUTPUT, home) for home in (scene.assembly, scene.casting))
    passed_a, passed_c = (reached(company, PASSED, home) for home in (scene.assembly, scene.casting))
    before, after = (MOVED_ON - period["period_start"]).days, (period["period_end"] - MOVED_ON).days + 1
    by_hand = {
        scene.emma: half_up(reached(company, OUTPUT, scene.assembly, target=100_000)),
        scene.mover: half_up((before * passed_c + after * output_a) / (before + after)),
    }
    staff = {one["id"]: one for one in company.rows("employee")}
    for review in company.rows("review", cycle=cycle):
        person = staff[review["employee"]]
        if review["step"] == "not_rated" or person["id"] in by_hand:
            continue
        if person["position"] == scene.lead and person["department"] in (scene.assembly, scene.casting):
            mine = (output_a + passed_a) / 2 if person["department"] == scene.assembly else (output_c + passed_c) / 2
        elif person["department"] == scene.assembly:
            mine = output_a
        elif person["department"] == scene.casting:
            mine = passed_c
        else:
            continue
        by_hand[person["id"]] = half_up(mine)
    assert len(by_hand) > 40
    for person, expected in by_hand.items():
        assert scene.of(person)["computed_score"] == expected
    assert len(set(by_hand.values())) >= 5

    found = company.read(ledger.opened, "derek", scene.of(scene.mover)["id"])
    assert [(part.stint.days, part.stint.department, part.stint.card) for part in found.sheet.stints] == [
        (before, scene.casting, scene.cards["casting"]),
        (after, scene.assembly, scene.cards["assembly"]),
    ]
    assert found.sheet.points + found.sheet.rounding == Fraction(by_hand[scene.mover])
    assert sum(line.contribution for line in found.sheet.lines) == found.sheet.points
    assert [found.rules.title(part.stint.card, "zh") for part in found.sheet.stints] == ["Casting卡", "Assembly卡"]
    assert checked(company, found).holds
    assert checked(company, company.read(ledger.opened, "derek", scene.of(scene.emma)["id"])).holds


def test_whoever_moved_counts_in_the_lines_of_the_last_place(scene):
    company, cycle = scene.company, scene.company.launched()
    (period,) = company.read(composites.periods, "hana")
    found = company.read(composites.spread, "hana", period).lines
    output = sum(count for line, count in found[scene.assembly] if line["kpi"] == OUTPUT)
    scored = [
        row
        for row in company.rows("review", cycle=cycle, department=scene.assembly)
        if row["computed_score"] is not None and row["step"] != "not_rated"
    ]
    assert scene.mover in {row["employee"] for row in scored}
    assert output == len(scored)


def test_a_running_cycle_does_not_move_when_cards_dates_or_departments_do(scene):
    company, cycle = scene.company, scene.company.launched()
    kept = ("computed_score", "computed_detail", "_version", "department")
    before = {r["id"]: [r[name] for name in kept] for r in company.rows("review", cycle=cycle)}
    for card in scene.cards.values():
        set_record(company, "scorecard", card, status="retired", name_zh="没了", effective_to="2026-06-01")
        for line in company.rows("scorecard_line", scorecard=card):
            set_record(company, "scorecard_line", line["id"], weight=1)
    set_record(company, "employee", scene.mover, department=scene.casting, in_place_since="2026-05-15")
    set_record(company, "department", scene.assembly, parent=company.row("department", code="SAL")["id"])
    set_record(company, "cycle", cycle, scorecard_choice="one", scorecard=scene.cards["emma"])
    company.write(scoring.recompute, "derek", cycle)
    company.settle()
    assert {r["id"]: [r[name] for name in kept] for r in company.rows("review", cycle=cycle)} == before
    found = company.read(ledger.opened, "derek", scene.of(scene.mover)["id"])
    assert checked(company, found).holds
    assert found.rules.title(scene.cards["casting"], "zh") == "Casting卡"


def test_corrected_figures_explain_the_change_of_a_mean_line_by_line(scene):
    company, cycle = scene.company, scene.company.launched()
    first = company.read(ledger.opened, "derek", scene.of(scene.mover)["id"])
    halve_the_output(company)
    company.now += timedelta(days=1)
    company.write(scoring.recompute, "derek", cycle)
    company.settle()
    change = compared(company, company.read(ledger.opened, "derek", scene.of(scene.mover)["id"]))
    assert change.before.id == first.entry.id
    assert change.total == sum(line.total for line in change.lines) + change.rounding < 0
    by_key = {line.key: line for line in change.lines}
    assert by_key[PASSED].total == 0
    assert by_key[OUTPUT].by_result == by_key[OUTPUT].total < 0


def test_altered_terms_of_one_stint_or_an_altered_mean_are_told(scene):
    company, cycle = scene.company, scene.company.launched()
    found = company.read(ledger.opened, "derek", scene.of(scene.mover)["id"])
    with writing(), Session(company.engine) as session, session.begin():
        casting = (cycle_cards.c.cycle_id == cycle, cycle_cards.c.scorecard_id == scene.cards["casting"])
        known = session.execute(select(cycle_cards.c.terms).where(*casting)).scalar_one()
        session.execute(update(cycle_cards).where(*casting).values(terms={**known, "policy": "zero"}))
    check = checked(company, company.read(ledger.opened, "derek", scene.of(scene.mover)["id"]))
    assert (check.sheet_intact, check.terms_intact) == (True, False)
    with writing(), Session(company.engine) as session, session.begin():
        mine = score_sheets.c.hash == found.entry.digest
        text = session.execute(select(score_sheets.c.content).where(mine)).scalar_one()
        assert '"to":"2026-07-31"' in text
        text = text.replace('"to":"2026-07-31"', '"to":"2026-07-30"')
        session.execute(update(score_sheets).where(mine).values(content=text))
    check = checked(company, company.read(ledger.opened, "derek", scene.of(scene.mover)["id"]))
    assert (check.same, check.sheet_intact) == (False, False)


def test_a_scorecard_that_changes_within_the_period_cuts_the_stint(scene):
    company = scene.company
    set_record(company, "scorecard", scene.cards["assembly"], effective_to="2026-08-31")
    make_card(
        company, "Assembly, autumn", [(PASSED, 100, None)], department=scene.assembly, effective_from="2026-09-01"
    )
    cycle = company.launched()
    period = company.row("cycle", id=cycle)
    one = next(
        r["employee"]
        for r in company.rows("review", cycle=cycle, department=scene.assembly)
        if r["step"] == "self_review" and r["position"] != scene.lead and r["employee"] not in (scene.emma, scene.mover)
    )
    first, second = (date(2026, 9, 1) - period["period_start"]).days, (period["period_end"] - date(2026, 8, 31)).days
    mean = first * reached(company, OUTPUT, scene.assembly) + second * reached(company, PASSED, scene.assembly)
    assert scene.of(one)["computed_score"] == half_up(mean / (first + second))
    with Session(company.engine) as session:
        assert len(stints.kept(session, cycle, [scene.mover])[scene.mover]) == 3


def test_who_has_no_scorecard_is_listed_before_and_not_rated_after(scene):
    company = scene.company
    for card in company.rows("scorecard", status="active"):
        if card["id"] not in scene.cards.values():
            set_record(company, "scorecard", card["id"], status="retired")
    row = company.row("cycle", id=company.production)
    with Session(company.engine) as session:
        found = coverage.find(session, company.catalog, row)
        named = coverage.named(session, company.catalog, found.without, "en")
    assert {use.card.name for use in found.uses} == {"Assembly", "Casting", "Leads", "Emma's"}
    assert len(named) == min(len(found.without), coverage.LISTED) > 0
    cycle = company.launched()
    counted = Counter()
    for review in company.rows("review", cycle=cycle):
        if review["not_rated_reason"] == people.NO_CARD:
            counted["none"] += 1
            assert review["step"] == "not_rated"
            assert review["employee"] in found.without
    assert 0 < counted["none"] <= len(found.without)  # whoever is also here too short reads that
    with Session(company.engine) as session:
        used = stints.cards_used(session, cycle)
    assert used == {use.id: use.people for use in found.uses}


def test_a_scorecard_that_counts_and_cannot_be_used_is_said_with_its_reasons(scene):
    company = scene.company
    line = company.rows("scorecard_line", scorecard=scene.cards["casting"])[0]
    set_record(company, "scorecard_line", line["id"], weight=90)
    with pytest.raises(Invalid) as refused:
        company.write(launching.launch, "derek", company.production)
    assert {problem.pointer for problem in refused.value.problems} == {"/scorecard_choice"}
    told = " ".join(problem.text for problem in refused.value.problems)
    assert "“Casting” counts for" in told
    assert "90" in told
    set_record(company, "scorecard", scene.cards["casting"], person=company.row("employee", account="sofia")["id"])
    assert company.write(launching.launch, "derek", company.production)  # for nobody of this cycle


def test_the_persons_own_ratings_are_offered_and_checked(scene):
    company = scene.company
    company.launched()
    review = scene.of(scene.emma)
    with Session(company.engine) as session:
        known = cards.for_review(session, review)
    assert [band.band.label for band in known.bands] == ["Low", "Fair", "High"]
    company.write(
        lambda s, c, a, now: scoring.desk.put_review(s, c, a, review["id"], {"step": "manager_review"}, now), "hana"
    )
    with pytest.raises(Invalid) as refused:
        company.write(rating.propose, "derek", review["id"], Proposal("Excellent", "Well done.", "Because"))
    assert {problem.pointer for problem in refused.value.problems} == {"/proposed_rating"}
    assert company.write(rating.propose, "derek", review["id"], Proposal("Fair", "Well done.", "Because"))


def test_in_a_cycle_with_one_scorecard_a_transfer_counts_by_days_too(company):
    assembly, casting = (company.row("department", code=code)["id"] for code in ("PRD-A", "PRD-C"))
    mover = next(
        one["id"] for one in company.rows("employee", department=casting) if one["hired_on"] < date(2026, 1, 1)
    )
    set_record(company, "employee", mover, department=assembly, in_place_since=MOVED_ON.isoformat())
    cycle = company.launched()
    period = company.row("cycle", id=cycle)
    before, after = (MOVED_ON - period["period_start"]).days, (period["period_end"] - MOVED_ON).days + 1

    def score(home):
        return (60 * reached(company, OUTPUT, home) + 40 * reached(company, PASSED, home)) / 100

    mine = company.row("review", employee=mover, cycle=cycle)
    assert mine["computed_score"] == half_up((before * score(casting) + after * score(assembly)) / (before + after))
    assert mine["department"] == assembly
    with Session(company.engine) as session:
        assert set(stints.kept(session, cycle, [r["employee"] for r in company.rows("review", cycle=cycle)])) == {mover}


def test_a_chunk_costs_the_same_statements_for_one_card_and_for_many_cards_and_stints(scene, monkeypatch):
    """One cycle with one scorecard and nobody moved, one with five and transfers in every department."""
    company = scene.company
    counts = []
    for choice in ("own", "one"):
        plan = {
            "name": choice, "scorecard_choice": choice, "scorecard": scene.cards["assembly"],
            "department": scene.assembly, "period_start": "2026-05-01", "period_end": "2026-10-31",
            "self_due": "2026-12-01", "manager_due": "2026-12-08",
        }  # fmt: skip
        made = company.write(opening.open_cycle, "derek", plan)
        company.write(launching.launch, "derek", made.id)
        company.settle()
        halve_the_output(company)
        company.write(scoring.recompute, "derek", made.id)
        seen = company.statements()
        with writing(), Session(company.engine) as session, session.begin():
            scoring.measure(session, company.catalog, made.id, NOW)
        del seen[:]
        with writing(), Session(company.engine) as session, session.begin():
            catalog = company.catalog
            del seen[:]
            scoring.write_chunk(session, catalog, company.actor("derek"), made.id, 0, NOW)
        counts.append(len([text for text in seen if "plumbline_" in text or "rec_review" in text]))
    assert 0 <= counts[0] - counts[1] <= 1  # the pinned scorecards are read, all at once
