"""What is edited after the launch changes no score of the cycle; only figures that were corrected do."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from sqlalchemy.orm import Session

from metadata import publish, records
from metadata.access import system
from metadata.engine import publishing, writing
from metadata.parser import thawed
from workflows import jobs
from workflows.cycles import closing, handing_in, rating, scoring, terms
from workflows.cycles.rating import Proposal

COMPUTED = ("computed_score", "computed_rating", "computed_detail", "computed_at", "_version")


def scores(company, cycle):
    return {r["id"]: tuple(r[name] for name in COMPUTED) for r in company.rows("review", cycle=cycle)}


def set_records(company, name, values_of):
    rows, catalog = company.rows(name), company.catalog
    with writing(), Session(company.engine) as session, session.begin():
        for row in rows:
            values = values_of(row)
            records.change(session, catalog, name, system("test"), row["id"], values, now=company.now)


def publish_kpi(company, name, **measure):
    catalog = company.catalog
    document = thawed(catalog[name].definition.document)
    document["x-measure"] |= measure
    with publishing(), Session(company.engine) as session, session.begin():
        publish.publish(session, catalog, [document], actor=system("hana"), comment="test", now=company.now)


def again(company, cycle):
    job_id = company.write(scoring.recompute, "derek", cycle)
    company.settle()
    with Session(company.engine) as session:
        job = jobs.load(session, job_id)
    assert (job.state, job.error) == (jobs.DONE, None)


def test_computing_again_gives_the_same_and_touches_no_review(running):
    cycle = running.production
    before = scores(running, cycle)
    again(running, cycle)
    assert scores(running, cycle) == before


def test_a_target_and_thresholds_of_0_are_pinned_as_they_are(running):
    with Session(running.engine) as session:
        known = terms.pinned(session, running.production).terms
    nought = Decimal(0)
    lines = tuple(replace(line, target=nought, amber=nought, green=nought) for line in known.lines)
    kept = terms.from_json(terms.as_json(replace(known, lines=lines)))
    assert [(line.target, line.amber, line.green) for line in kept.lines] == [(nought, nought, nought)] * len(lines)
    assert terms.as_json(terms.from_json(terms.as_json(known))) == terms.as_json(known)


def test_weights_bands_rounding_period_and_kpi_definitions_are_those_of_the_launch(running):
    cycle = running.production
    before = scores(running, cycle)
    assert len({score for score, *_rest in before.values()}) > 3
    set_records(running, "scorecard_line", lambda row: {"weight": 50})
    set_records(running, "rating_band", lambda row: {"label": f"New {row['label']}"})
    set_records(running, "scorecard", lambda row: {"decimals": 3, "no_data": "zero"})
    part = running.row("department", code="PRD-A")["id"]
    set_records(running, "cycle", lambda row: {"period_start": "2025-12-01", "department": part})
    publish_kpi(running, "production_output", actual="sum(produced) / 2", cap=0.5)
    publish_kpi(running, "pass_rate", direction="lower", plan="avg(target) * 2")
    again(running, cycle)
    assert scores(running, cycle) == before


def test_a_kpi_that_was_withdrawn_is_still_measured(running):
    cycle, catalog = running.production, running.catalog
    before = scores(running, cycle)
    with publishing(), Session(running.engine) as session, session.begin():
        gone = [{"$id": "pass_rate", "x-withdrawn": True}]
        publish.publish(
            session, catalog, gone, actor=system("hana"), comment="test", now=running.now, confirm=["pass_rate"]
        )
    again(running, cycle)
    assert scores(running, cycle) == before


def test_corrected_figures_count_until_the_cycle_is_closed_and_never_after(running):
    cycle = running.production
    before = scores(running, cycle)
    row = next(r for r in running.rows("production_output") if r["line"] == "assembly" and r["day"].month == 8)
    catalog = running.catalog
    with writing(), Session(running.engine) as session, session.begin():
        records.change(
            session, catalog, "production_output", system("test"), row["id"], {"produced": 99999}, now=running.now
        )
    assert scores(running, cycle) == before
    again(running, cycle)
    emma = running.review("emma")
    assert scores(running, cycle)[emma["id"]] != before[emma["id"]]

    running.write(closing.advance, "derek", cycle, without_missing=True)
    running.settle()
    running.write(rating.accept_rest, "derek", cycle, "As computed")
    running.write(rating.propose, "hana", running.review("derek")["id"], Proposal("Good", "Well led.", "HR writes it"))
    running.write(closing.close, "derek", cycle)
    final = running.rows("review", cycle=cycle)
    set_records(running, "scorecard_line", lambda row: {"weight": 50})
    running.settle()
    assert running.rows("review", cycle=cycle) == final


def test_a_computation_does_not_undo_what_was_written_meanwhile(running):
    cycle, emma = running.production, running.review("emma")
    running.write(scoring.recompute, "derek", cycle)
    running.write(handing_in.save, "emma", emma["id"], "My words", None)
    running.settle()
    assert running.review("emma")["self_comment"] == "My words"
