"""Which running cycles need what a pack would take away."""

from __future__ import annotations

from sqlalchemy.orm import Session

from workflows.cycles import reliance
from workflows.cycles.launching import launch


def told(company, *names: str) -> list[str]:
    with Session(company.engine) as session:
        return [p.text for p in reliance.running_on(session, company.catalog, frozenset(names))]


def test_a_draft_needs_nothing(company):
    assert told(company, "pass_rate", "review", "scorecard") == []


def test_a_running_cycle_needs_its_kpis_and_what_holds_it(company):
    name = company.row("cycle", id=company.production)["name"]
    company.write(launch, "derek", company.production)
    company.settle()
    assert told(company, "pass_rate", "course") == [
        f"The cycle “{name}” is running and needs pass_rate; close it first."
    ]
    assert told(company, "review", "cycle") == [
        f"The cycle “{name}” is running and needs cycle, review; close it first."
    ]
    assert told(company, "course", "sales_revenue") == []
