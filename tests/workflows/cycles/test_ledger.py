"""A score opens into its ledger: it adds up, computes again to the same, tells tampering, and says why it changed."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from metadata import records
from metadata.access import system
from metadata.engine import writing
from metadata.errors import NotFound
from workflows.cycles import closing, ledger, scoring
from workflows.score_store import score_ledger, score_sheets
from workflows.store import cycle_pins


def opened(company, account="derek", person="emma", **more):
    return company.read(ledger.opened, account, company.review(person)["id"], **more)


def checked(company, found):
    with Session(company.engine) as session:
        return ledger.recompute(session, found)


def compared(company, found, **more):
    with Session(company.engine) as session:
        return ledger.compare(session, found, **more)


def halve_the_output(company):
    """Corrected figures: every shift made half of it."""
    catalog = company.catalog
    with writing(), Session(company.engine) as session, session.begin():
        for row in company.rows("production_output"):
            values = {"produced": row["produced"] // 2}
            records.change(session, catalog, "production_output", system("test"), row["id"], values, now=company.now)


def again(company):
    company.now += timedelta(days=1)
    company.write(scoring.recompute, "derek", company.production)
    company.settle()


def test_lines_and_rounding_add_up_to_the_score_that_people_see(running):
    found = opened(running)
    assert found.sheet.points + found.sheet.rounding == Fraction(running.review("emma")["computed_score"])
    assert [line.key for line in found.sheet.lines] == ["production_output", "pass_rate"]
    assert sum(line.effective for line in found.sheet.lines) == 100
    for line in found.sheet.lines:
        assert line.contribution == line.effective * line.attainment


def test_a_line_counts_the_records_behind_it(running):
    found = opened(running)
    cycle, home = running.row("cycle", id=running.production), running.review("emma")["department"]
    mine = [
        row
        for row in running.rows("pass_rate", department=home)
        if cycle["period_start"] <= row["day"] <= cycle["period_end"]
    ]
    assert found.sheet.lines[1].records == len(mine) > 50


def test_computing_again_gives_the_same_number_and_posts_nothing(running):
    check = checked(running, opened(running))
    assert check.holds
    assert check.score == running.review("emma")["computed_score"]
    with Session(running.engine) as session:
        before = session.execute(select(score_ledger.c.id)).all()
    again(running)
    with Session(running.engine) as session:
        assert session.execute(select(score_ledger.c.id)).all() == before


def test_an_altered_sheet_or_altered_terms_are_told(running):
    found = opened(running)
    with writing(), Session(running.engine) as session, session.begin():
        text = session.execute(
            select(score_sheets.c.content).where(score_sheets.c.hash == found.entry.digest)
        ).scalar_one()
        better = text.replace(f'"{found.sheet.score}"', '"119.9"')
        assert better != text
        session.execute(update(score_sheets).where(score_sheets.c.hash == found.entry.digest).values(content=better))
    check = checked(running, found)
    assert (check.same, check.sheet_intact, check.terms_intact) == (False, False, True)
    with writing(), Session(running.engine) as session, session.begin():
        known = session.execute(select(cycle_pins.c.terms)).scalar_one()
        session.execute(update(cycle_pins).values(terms={**known, "policy": "zero"}))
    assert not checked(running, opened(running)).terms_intact


def test_it_says_line_by_line_why_the_score_changed(running):
    first = opened(running)
    halve_the_output(running)
    again(running)
    now = opened(running)
    assert now.sheet.score < first.sheet.score
    change = compared(running, now)
    assert change.before.id == first.entry.id
    assert change.total == sum(line.total for line in change.lines) + change.rounding
    output, passed = change.lines
    assert output.by_result < 0
    assert (output.by_weight, passed.total) == (0, 0)
    assert compared(running, now, with_entry=first.entry.id).total == change.total
    assert compared(running, now, since=first.entry.at + timedelta(hours=1)).before.id == first.entry.id
    assert checked(running, opened(running, entry_id=first.entry.id)).holds


def test_without_an_earlier_computation_it_says_so(running):
    with pytest.raises(NotFound):
        compared(running, opened(running))


def test_who_may_see_the_score_may_open_it_and_nobody_else(running):
    for account in ("hana", "derek", "audrey"):
        assert opened(running, account).sheet.score is not None
    for account in ("emma", "sofia", "liwei", "tariq"):
        with pytest.raises(NotFound):
            opened(running, account)


def test_the_reviewee_opens_it_once_the_results_are_shared(running):
    cycle = running.production
    running.write(closing.advance, "derek", cycle, without_missing=True)
    running.settle()
    running.write(closing.close, "hana", cycle, reason="Enough for now", share_now=True)
    assert opened(running, "emma").sheet.score == running.review("emma")["computed_score"]


def test_posting_costs_the_same_statements_for_one_and_for_many(running):
    everybody = running.rows("review", cycle=running.production)
    actor, counts = running.actor("derek"), []
    for part in (everybody[:1], everybody):
        seen = running.statements()
        postings = [ledger.Posting(r["id"], r["employee"], f"{r['id']:064d}", "{}") for r in part]
        with writing(), Session(running.engine) as session:
            assert ledger.post(session, running.production, postings, actor, running.now) == len(part)
            counts.append(len([text for text in seen if "plumbline_score" in text]))
            session.rollback()
    assert counts[1] <= 2 * counts[0]
