"""The demo company in a database: the figures that the dashboards show, and who can be found in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, String, cast, func, select
from sqlalchemy.orm import Session

from metadata import measure, store, versions
from metadata.access import load_actor
from metadata.catalog import EMPTY, Catalog
from metadata.engine import make_engine, writing
from metadata.errors import Conflict, Invalid
from tests.workflows.demo_company import EMPLOYEES, NOW, install_packs, prepare
from workflows import demo

BEFORE, AFTER = demo.half_years(NOW)


@pytest.fixture
def engine(database_kind, databases) -> Iterator[Engine]:
    with databases.copy(database_kind, "demo", prepare) as url:
        engine = make_engine(url)
        yield engine
        engine.dispose()


@pytest.fixture
def session(engine) -> Iterator[Session]:
    with Session(engine) as session:
        yield session


@pytest.fixture
def catalog(session) -> Catalog:
    return versions.load_catalog(session, EMPTY)


def actual_and_plan(session: Session, catalog: Catalog, name: str, period: demo.Period) -> tuple[float, float]:
    entity = catalog[name]
    assert entity.definition.measure is not None
    columns = entity.table.c
    values = [
        measure.parse(text).sql(columns) for text in (entity.definition.measure.actual, entity.definition.measure.plan)
    ]
    row = session.execute(select(*values).where(columns.day.between(period.start, period.end))).one()
    return row[0], row[1]


class TestFigures:
    @pytest.mark.parametrize(
        ("kpi", "before", "after"), [("production_output", "70.0", "90.0"), ("sales_revenue", "65.0", "85.0")]
    )
    def test_reach_the_shares_of_the_plan_that_the_story_tells(self, session, catalog, kpi, before, after):
        shares = []
        for period in (BEFORE, AFTER):
            actual, plan = actual_and_plan(session, catalog, kpi, period)
            shares.append(f"{100 * actual / plan:.1f}")
        assert shares == [before, after]

    @pytest.mark.parametrize(
        ("kpi", "before", "after"),
        [("pass_rate", "92.0", "95.0"), ("repurchase_rate", "30.0", "40.0"), ("hr_hours", "15.0", "3.0")],
    )
    def test_are_the_rates_and_hours_that_the_story_tells(self, session, catalog, kpi, before, after):
        shown = [f"{actual_and_plan(session, catalog, kpi, period)[0]:.1f}" for period in (BEFORE, AFTER)]
        assert shown == [before, after]

    def test_lie_in_the_two_half_years_and_nowhere_else(self, session, catalog):
        days = catalog["production_output"].table.c.day
        first, last, months = session.execute(
            select(func.min(days), func.max(days), func.count(func.distinct(func.substr(cast(days, String), 1, 7))))
        ).one()
        assert BEFORE.start <= first
        assert last <= AFTER.end
        assert months == 12


class TestPeople:
    def test_are_as_many_as_asked_for(self, session, catalog):
        assert session.scalar(select(func.count()).select_from(catalog["employee"].table)) == EMPLOYEES

    @pytest.mark.parametrize("login", demo.DEMO_LOGINS, ids=lambda login: login.username)
    def test_include_everybody_who_can_sign_in(self, session, catalog, login):
        assert load_actor(session, catalog, login.username, [login.role]).person_id is not None

    def test_put_the_shops_under_derek_and_the_regions_under_sofia(self, session, catalog):
        codes = catalog["department"].table.c
        seen = {}
        for name in ("derek", "sofia", "emma"):
            actor = load_actor(session, catalog, name, [])
            seen[name] = set(session.scalars(select(codes.code).where(codes.id.in_(actor.unit_ids))))
        assert seen == {
            "derek": {"PRD", "PRD-S", "PRD-C", "PRD-A"},
            "sofia": {"SAL", "SAL-N", "SAL-E", "SAL-S", "SAL-X"},
            "emma": set(),
        }


class TestLoad:
    def test_leaves_no_event_that_would_tell_people_of_the_past(self, session):
        waiting = select(func.count()).select_from(store.outbox).where(
            store.outbox.c.done_at.is_(None), store.outbox.c.actor == "demo"
        )  # fmt: skip
        assert session.scalar(waiting) == 0

    def test_refuses_a_portal_that_has_an_organisation_already(self, session, catalog):
        with pytest.raises(Conflict), writing():
            demo.load(session, catalog, NOW)

    @pytest.mark.parametrize("employees", [0, 23, 100_001])
    def test_refuses_sizes_that_make_no_company(self, session, catalog, employees):
        with pytest.raises(Invalid), writing():
            demo.load(session, catalog, NOW, employees=employees)

    def test_makes_the_smallest_company_with_the_same_figures(self, database_url):
        engine = make_engine(database_url)
        catalog = install_packs(engine)
        with writing(), Session(engine) as session, session.begin():
            loaded = demo.load(session, catalog, NOW, employees=24)
            actual, plan = actual_and_plan(session, catalog, "sales_revenue", AFTER)
        assert loaded.counts["employee"] == 24
        assert f"{100 * actual / plan:.1f}" == "85.0"
        engine.dispose()
