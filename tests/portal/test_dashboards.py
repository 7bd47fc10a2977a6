"""Figures of the dashboards on the demo company and the garment file: right, permitted, in three statements."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import Babel
from sqlalchemy import Engine, event, func, insert, select, update
from sqlalchemy.orm import Session

from metadata import access, packs, publish, versions
from metadata.access import Actor, load_actor
from metadata.catalog import EMPTY, Catalog, Entity
from metadata.engine import make_engine, writing
from metadata.errors import Invalid, NotFound
from portal.dashboards import blueprint, board, pages, subjects
from portal.dashboards.board import Board, Reader
from portal.dashboards.filters import Filters, Half, Month, half_of, last_full
from tests.workflows.demo_company import NOW, prepare
from workflows import demo

TODAY = NOW.date()
GARMENTS = Path(__file__).parents[1] / "data" / "garment_productivity.csv"
BEFORE, AFTER = demo.half_years(NOW)


@pytest.fixture
def engine(database_kind, databases) -> Iterator[Engine]:
    with databases.copy(database_kind, "demo", prepare) as url:
        engine = make_engine(url)
        yield engine
        engine.dispose()


@pytest.fixture
def session(engine) -> Iterator[Session]:
    with writing(), Session(engine) as session:
        yield session


@pytest.fixture
def catalog(session) -> Catalog:
    return versions.load_catalog(session, EMPTY)


@pytest.fixture
def hana(catalog) -> Reader:
    return Reader(Actor("hana", frozenset({"HR admin"})), catalog, "en")


@pytest.fixture
def _words() -> Iterator[None]:
    """Wording needs an application with a language, not the portal."""
    app = Flask("words")
    Babel(app)
    app.register_blueprint(blueprint)
    with app.test_request_context():
        yield


def reader_called(session: Session, catalog: Catalog, account: str, role: str) -> Reader:
    return Reader(load_actor(session, catalog, account, {role}), catalog, "en")


def shown(session: Session, reader: Reader, name: str | None = None, **arguments: str) -> Board:
    return board.gather(session, reader, Filters.of(arguments), name, TODAY)


def in_months(period: demo.Period) -> dict[str, str]:
    return {"from": f"{period.start:%Y-%m}", "to": f"{period.end:%Y-%m}"}


class TestHalves:
    def test_are_counted_back_from_the_last_month_that_is_over(self):
        end = Month(2026, 10)
        assert half_of(Month(2026, 10), end) == half_of(Month(2026, 5), end) == Half(Month(2026, 5))
        assert half_of(Month(2026, 4), end) == Half(Month(2025, 11))
        assert half_of(Month(2026, 11), end) == Half(Month(2026, 11))
        assert last_full([Month(2026, 9), Month(2026, 11)], date(2026, 11, 24)) == Month(2026, 9)
        assert last_full([Month(2026, 11)], date(2026, 11, 24)) == Month(2026, 11)


class TestFilters:
    def test_come_back_as_the_address_they_were_read_from(self):
        address = {"from": "2026-01", "to": "2026-06", "department": "7"}
        assert Filters.of(address).arguments() == address

    def test_take_months_in_the_wrong_order_as_they_were_meant(self):
        assert Filters.of({"from": "2026-06", "to": "2026-01"}).first == Month(2026, 1)

    @pytest.mark.parametrize("text", ["2026", "2026-13", "26-01", "2026-1", "x", "2026-01-01", "٢٠٢٦-٠١"])
    def test_refuse_what_is_no_month_and_name_the_field(self, text):
        with pytest.raises(Invalid) as raised:
            Filters.of({"from": text})
        assert raised.value.problems[0].pointer == "/from"


class TestFigures:
    @pytest.mark.parametrize(
        ("kpi", "before", "after"), [("production_output", "70.0", "90.0"), ("sales_revenue", "65.0", "85.0")]
    )
    def test_tell_how_much_of_the_plan_each_half_year_reached(self, session, hana, kpi, before, after):
        halves = shown(session, hana, kpi).series[0].halves
        assert [f"{100 * figure.attainment:.1f}" for _half, figure in halves] == [before, after]

    @pytest.mark.parametrize(
        ("kpi", "before", "after"),
        [("pass_rate", "92.0", "95.0"), ("repurchase_rate", "30.0", "40.0"), ("hr_hours", "15.0", "3.0")],
    )
    def test_tell_the_rates_and_hours_of_each_half_year(self, session, hana, kpi, before, after):
        for expected, period in ((before, BEFORE), (after, AFTER)):
            assert f"{shown(session, hana, kpi, **in_months(period)).series[0].total.actual:.1f}" == expected

    def test_are_what_a_plain_loop_over_the_records_gives(self, session, hana):
        item = shown(session, hana, "pass_rate").series[0]
        table = hana.catalog["pass_rate"].table
        rows = [dict(row._mapping) for row in session.execute(select(table))]
        for name, slow in (("plan", item.subject.plan), ("actual", item.subject.actual)):
            assert getattr(item.total, name) == pytest.approx(slow.value(rows))
            for month, figure in item.months:
                own = [row for row in rows if (row["day"].year, row["day"].month) == (month.year, month.month)]
                assert getattr(figure, name) == pytest.approx(slow.value(own))
            for value, figure in item.dimensions["line"]:
                assert getattr(figure, name) == pytest.approx(slow.value([row for row in rows if row["line"] == value]))

    def test_of_a_month_without_records_are_no_data(self, session, hana):
        table = hana.catalog["hr_hours"].table
        month = Month(2026, 2)
        session.execute(
            update(table).where(table.c.day.between(date(2026, 2, 1), date(2026, 2, 28))).values(_removed_at=NOW)
        )
        item = shown(session, hana, "hr_hours").series[0]
        figure = dict(item.months)[month]
        assert (figure.plan, figure.actual, figure.attainment) == (None, None, None)
        assert shown(session, hana, "hr_hours", **{"from": "2026-02", "to": "2026-02"}).series[0].months == []

    def test_of_units_lead_down_one_level_at_a_time(self, session, hana):
        top = shown(session, hana, "production_output")
        (production, whole) = next((key, f) for key, f in top.series[0].units if f.records)
        assert top.unit_label(top.series[0].subject, production) == "Production"
        below = shown(session, hana, "production_output", department=production).series[0]
        assert len(below.units) > 1
        assert sum(figure.actual for _key, figure in below.units) == pytest.approx(whole.actual)

    def test_follow_the_address_to_a_department_and_everything_below_it(self, session, hana):
        item = shown(session, hana, "production_output")
        sales = next(unit for _depth, unit in item.units.listed() if unit.label == "Sales")
        assert shown(session, hana, "production_output", department=str(sales.id)).series[0].total.records == 0

    @pytest.mark.parametrize("department", ["999999", "x", "-1", "1e3", "9" * 40, "sewing"])
    def test_of_a_department_that_is_not_there_are_not_found(self, session, hana, department):
        with pytest.raises(NotFound):
            shown(session, hana, "production_output", department=department)


class TestStatements:
    @pytest.mark.parametrize("name", [None, "production_output"])
    def test_are_two_for_a_page_and_one_to_see_that_nothing_changed(self, engine, session, hana, name):
        session.connection()
        said: list[str] = []
        event.listen(engine, "before_cursor_execute", lambda *heard: said.append(heard[2]))
        shown(session, hana, name)
        assert len(said) == 2
        board.version(session, hana, name)
        assert len(said) == 3


class TestVersion:
    def test_moves_with_each_change_of_a_record_or_a_department_and_only_then(self, session, hana):
        def version():
            return board.version(session, hana, "hr_hours")

        first = version()
        assert version() == first
        table, units = hana.catalog["hr_hours"].table, hana.catalog["department"].table
        session.execute(update(table).values(_version=table.c._version + 1))
        second = version()
        session.execute(update(units).where(units.c.parent.is_(None)).values(_version=9, name="Renamed"))
        assert len({first, second, version()}) == 3

    def test_differs_between_people_who_see_different_rows(self, session, catalog):
        heads = [reader_called(session, catalog, name, "Department head") for name in ("derek", "sofia")]
        assert len({board.version(session, reader, "production_output") for reader in heads}) == 2


class TestAccess:
    def test_a_head_sees_the_own_department_in_every_sum(self, session, catalog, hana):
        sofia = reader_called(session, catalog, "sofia", "Department head")
        derek = reader_called(session, catalog, "derek", "Department head")
        everything = shown(session, hana, "production_output").series[0].total
        assert shown(session, derek, "production_output").series[0].total == everything
        nothing = shown(session, sofia, "production_output").series[0]
        assert (nothing.total.records, nothing.total.actual, nothing.months) == (0, None, [])

    def test_who_may_list_no_record_finds_no_dashboard(self, session, catalog):
        emma = reader_called(session, catalog, "emma", "Employee")
        assert "production_output" not in [item.name for item in subjects.visible(emma.actor, catalog)]
        for name in ("production_output", "employee", "nothing_such"):
            with pytest.raises(NotFound):
                shown(session, emma, name)

    def test_sums_hold_exactly_the_records_that_a_list_would_show(self, session, catalog):
        """Random actors of every role, against a count with the door's own condition."""
        rng = random.Random(7)
        units = session.scalars(select(catalog["department"].table.c.id)).all()
        people = session.execute(select(catalog["employee"].table.c.id, catalog["employee"].table.c.department)).all()
        for _ in range(25):
            roles = frozenset(
                rng.sample(["HR admin", "Department head", "Employee", "Trainer", "Auditor"], rng.randint(0, 2))
            )
            person, home = rng.choice(people)
            headed = tuple(rng.sample(list(units), rng.randint(0, 3)))
            reader = Reader(Actor("x", roles, person, home, headed), catalog, "en")
            for item in shown(session, reader).series:
                entity = item.subject.entity
                allowed = access.rows(reader.actor, catalog, entity, "list", entity.table)
                statement = select(func.count(), item.subject.actual.sql(entity.table.c)).where(
                    allowed, entity.table.c._removed_at.is_(None)
                )
                count, actual = session.execute(statement.select_from(entity.table)).one()
                assert item.total.records == count
                assert item.total.actual == (None if actual is None else pytest.approx(actual))

    def test_a_hidden_field_hides_every_figure_made_of_it(self, catalog):
        employee = Actor("x", frozenset({"Employee"}), 1)
        entity = catalog["sales_revenue"]
        assert subjects.subject(employee, catalog, entity).dimensions == ("region", "product_line")
        assert subjects.subject(employee, catalog, hiding(entity, "region")).dimensions == ("product_line",)
        for name in ("revenue", "planned", "day"):
            assert subjects.subject(employee, catalog, hiding(entity, name)) is None


def hiding(entity: Entity, name: str) -> Entity:
    """The entity with one more field hidden from employees."""
    rules = dict(entity.definition.access)
    rules["Employee"] = tuple(replace(rule, hides=frozenset({name})) for rule in rules["Employee"])
    return Entity(replace(entity.definition, access=rules))


class TestGarments:
    """The figures of the garment file: 1 197 records, 322 of them below their target."""

    @pytest.fixture
    def garments(self, session, hana) -> Reader:
        catalog = publish.publish(
            session, hana.catalog, packs.load("garments").documents, actor=access.system("test"), comment="Garments",
            now=NOW,
        )  # fmt: skip
        system = {"_created_at": NOW, "_created_by": "x", "_changed_at": NOW, "_changed_by": "x", "_version": 1}
        with GARMENTS.open(newline="") as file:
            rows = [{**system, **garment(row)} for row in csv.DictReader(file)]
        session.execute(insert(catalog["team_productivity"].table), rows)
        return Reader(hana.actor, catalog, "en")

    def test_are_those_of_the_file(self, session, garments):
        item = shown(session, garments, "team_productivity").series[0]
        assert (item.total.records, item.total.below) == (1197, 322)
        assert [(key, figure.records) for key, figure in item.units] == [("sewing", 691), ("finishing", 506)]

    def test_can_be_limited_to_one_department(self, session, garments):
        item = shown(session, garments, "team_productivity", department="finishing").series[0]
        assert item.total.records == 506
        with pytest.raises(NotFound):
            shown(session, garments, "team_productivity", department="cutting")


def garment(row: dict[str, str]) -> dict[str, object]:
    return {
        "day": datetime.strptime(row["date"].replace("/", "-"), "%m-%d-%Y").date(),
        "quarter": row["quarter"],
        "department": row["department"].strip(),
        "weekday": row["day"],
        "team": int(row["team"]),
        "targeted_productivity": float(row["targeted_productivity"]),
        "actual_productivity": float(row["actual_productivity"]),
    }


@pytest.mark.usefixtures("_words")
class TestPages:
    def test_a_chart_and_the_table_beside_it_say_the_same(self, session, hana):
        for panel in pages.panels(shown(session, hana, "production_output")):
            if panel.kind:
                columns = panel.data["columns"]
                drawn = set(zip(columns["label"], columns["plan_text"], columns["actual_text"], strict=True))
                assert drawn == {(row.label, row.plan, row.actual) for row in panel.rows}

    def test_no_data_is_said_in_words(self, session, catalog):
        sofia = reader_called(session, catalog, "sofia", "Department head")
        assert pages.total(shown(session, sofia, "production_output")).actual == "no data"

    def test_numbers_are_written_in_the_language_of_the_reader(self, session, hana):
        german = Reader(hana.actor, hana.catalog, "de")
        texts = [pages.total(shown(session, reader, "sales_revenue")).plan for reader in (hana, german)]
        assert texts[0].replace(",", ".") == texts[1] != texts[0]

    def test_a_link_into_a_department_keeps_the_period(self, session, hana):
        units = next(
            panel
            for panel in pages.panels(shown(session, hana, "production_output", **{"from": "2026-05"}))
            if panel.id == "units"
        )
        assert all("from=2026-05" in row.link for row in units.rows if row.link)
