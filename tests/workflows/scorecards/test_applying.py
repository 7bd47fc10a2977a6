"""Whose scorecard: the nearest that is active and in force; a cycle needs one that is in force in its whole period."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy.orm import Session

from metadata import records
from metadata.access import system
from metadata.engine import writing
from metadata.errors import Invalid
from tests.workflows.scorecards.test_versions import card_of
from workflows.cycles import launching
from workflows.cycles.people import Tree, Unit
from workflows.scorecards import applying
from workflows.scorecards.applying import Scope, nearest

UNITS = Tree({1: Unit(1, None, None), 2: Unit(2, 1, None), 3: Unit(3, 2, None), 4: Unit(4, 1, None)})
COMPANY, UPPER, OWN, POSITION, BOTH, PERSON = (
    Scope(1, None, None, None),
    Scope(2, None, None, 2),
    Scope(3, None, None, 3),
    Scope(4, None, 7, None),
    Scope(5, None, 7, 2),
    Scope(6, 9, None, None),
)


@pytest.mark.parametrize(
    ("scopes", "expected"),
    [
        ([COMPANY], 1),
        ([COMPANY, UPPER], 2),
        ([OWN, COMPANY, UPPER], 3),
        ([COMPANY, OWN, POSITION], 4),
        ([POSITION, BOTH, OWN], 5),
        ([COMPANY, UPPER, OWN, POSITION, BOTH, PERSON], 6),
        ([Scope(8, None, None, 4), Scope(9, 10, None, None), Scope(10, None, 8, None)], None),
    ],
)
def test_the_nearest_counts(scopes, expected):
    assert nearest(scopes, UNITS, 9, 7, 3) == expected


def change(company, card, **values):
    catalog = company.catalog
    with writing(), Session(company.engine) as session, session.begin():
        records.change(session, catalog, "scorecard", system("test"), card, values, now=company.now)


def test_it_follows_departments_dates_and_status(company):
    emma, day = company.row("employee", account="emma"), date(2026, 11, 1)
    with Session(company.engine) as session:
        assert applying.for_person(session, company.catalog, emma["id"], day) == card_of(company, "Production")
        counted = applying.counts(session, company.catalog, day)
    everybody = [one for one in company.rows("employee") if one["status"] != "left"]
    assert sum(counted.values()) == len(everybody)
    assert len(counted) == 4
    change(company, card_of(company, "Production"), effective_to="2026-10-31")
    with Session(company.engine) as session:
        found = applying.for_person(session, company.catalog, emma["id"], day)
    assert found == card_of(company, "Whole company")


def test_a_cycle_outside_the_days_of_its_scorecard_is_refused_with_the_days(company):
    change(company, card_of(company, "Production"), effective_from="2026-06-01")
    with pytest.raises(Invalid) as caught:
        company.write(launching.launch, "derek", company.production)
    (problem,) = caught.value.problems
    assert problem.pointer == "/scorecard"
    assert "from 2026-06-01 to …" in problem.text
