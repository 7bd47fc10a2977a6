"""Dashboards in a real browser: drawn under the policy, live, drilled into, readable, on a phone, in the dark."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import update

from portal.extensions import db
from tests.chromium import axe_violations
from tests.portal.demo_site import log_in, prepare, serving, site

DRAWN = "[data-chart][data-drawn]"


@pytest.fixture
def app(databases, tmp_path) -> Iterator[Flask]:
    with databases.copy("sqlite", "demo site", prepare) as url:
        yield site(url, tmp_path)


@pytest.fixture
def address(app) -> Iterator[str]:
    with serving(app) as address:
        yield address


@pytest.fixture
def hana(visit, address) -> Page:
    page = visit().page()
    log_in(page, address, "hana")
    return page


def drawn(page: Page, chart: str) -> dict:
    """What Bokeh holds for a chart, as columns of its data source."""
    page.locator(f'[data-chart="{chart}"]').scroll_into_view_if_needed()  # charts are drawn when they come into view
    expect(page.locator(f'[data-chart="{chart}"][data-drawn]')).to_be_visible()
    return page.evaluate(
        """chart => Bokeh.documents.filter((one) => one.roots()[0].id.startsWith(`${chart}-plot-`)).at(-1)
          .get_model_by_name('source').data""",
        chart,
    )


def widest(page: Page) -> int:
    return page.evaluate("document.documentElement.scrollWidth")


class TestCharts:
    def test_are_drawn_with_the_figures_of_the_table_beside_them(self, hana, address):
        hana.goto(f"{address}/dashboards/production_output")
        columns = drawn(hana, "months")
        rows = hana.locator("#table-months tbody tr").all_inner_texts()
        assert len(rows) == 12
        for row, plan, actual in zip(rows, columns["plan_text"], columns["actual_text"], strict=True):
            assert plan in row
            assert actual in row

    def test_lead_into_a_department_by_a_tap(self, hana, address):
        hana.goto(f"{address}/dashboards/production_output")
        drawn(hana, "units")
        chart = hana.locator('[data-chart="units"]')
        chart.scroll_into_view_if_needed()
        box = chart.bounding_box()
        hana.mouse.click(box["x"] + box["width"] * 0.4, box["y"] + 60)
        hana.wait_for_url("**department=*")
        expect(hana.locator("#table-units tbody tr").first).to_contain_text("shop")

    def test_lead_into_a_department_by_the_link_in_the_table_and_back(self, hana, address):
        hana.goto(f"{address}/dashboards/production_output")
        hana.get_by_role("table", name="Plan and actual per department").first.get_by_role(
            "link", name="Production"
        ).click()
        hana.wait_for_url("**department=*")
        hana.get_by_label("You are here").get_by_role("link", name="Production output").click()
        expect(hana).to_have_url(f"{address}/dashboards/production_output")

    def test_follow_the_dark_theme(self, visit, address):
        visitor = visit()
        page = visitor.page()
        log_in(page, address, "hana")
        visitor.context.add_cookies([{"name": "theme", "value": "dark", "url": address}])
        page.goto(f"{address}/dashboards/")
        expect(page.locator('[data-drawn="dark"]').first).to_be_visible()

    def test_are_redrawn_when_the_theme_changes_under_them(self, hana, address):
        hana.goto(f"{address}/dashboards/hr_hours")
        expect(hana.locator('[data-chart="months"][data-drawn="light"]')).to_be_visible()
        hana.evaluate("document.documentElement.dataset.bsTheme = 'dark'")
        expect(hana.locator('[data-chart="months"][data-drawn="dark"]')).to_be_visible()
        assert drawn(hana, "months")["actual_text"]


class TestLiveUpdate:
    def test_changes_table_and_chart_without_reloading_or_scrolling(self, app, hana, address):
        hana.goto(f"{address}/dashboards/hr_hours")
        before = drawn(hana, "months")
        hana.evaluate("window.stayed = true; window.scrollTo(0, 120)")
        total = hana.locator('[data-figure="actual"]').inner_text()
        with app.app_context():
            table = app.extensions["plumbline_catalogs"].current(db.session())["hr_hours"].table
            values = {"hours": Decimal("7.25"), "_version": table.c["_version"] + 1}
            db.session.execute(update(table).values(values))
            db.session.commit()
        expect(hana.locator('[data-figure="actual"]')).not_to_have_text(total, timeout=20_000)
        expect(hana.locator("#table-months tbody tr").first).to_contain_text("7.25 h")
        after = drawn(hana, "months")
        assert set(after["actual_text"]) == {"7.25 h"} != set(before["actual_text"])
        assert hana.evaluate("[window.stayed, Math.round(window.scrollY)]") == [True, 120]

    def test_says_so_when_the_figures_can_not_be_had(self, hana, address):
        hana.goto(f"{address}/dashboards/hr_hours")
        hana.context.clear_cookies()
        expect(hana.locator("#dashboard-state")).to_be_visible(timeout=20_000)


class TestFilter:
    def test_takes_effect_when_chosen_and_stands_in_the_address(self, hana, address):
        hana.goto(f"{address}/dashboards/sales_revenue")
        hana.get_by_label("From month").select_option("2026-05")
        hana.wait_for_url("**from=2026-05*")
        expect(hana.locator("#table-months tbody tr")).to_have_count(6)
        expect(hana.locator('[data-figure="attainment"]')).to_have_text("85.0 %")

    def test_offers_the_half_years_before_and_after(self, hana, address):
        hana.goto(f"{address}/dashboards/production_output")
        for name, attainment in (("Nov 2025 – Apr 2026", "70.0 %"), ("May 2026 – Oct 2026", "90.0 %")):
            hana.get_by_label("Period").get_by_role("link", name=name).click()
            expect(hana.locator('[data-figure="attainment"]')).to_have_text(attainment)


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("language", ["en-GB", "zh-CN"])
class TestPages:
    def test_are_accessible_and_fit_the_screen(self, visit, address, width, language):
        page = visit(viewport={"width": width, "height": 800}, locale=language).page()
        log_in(page, address, "hana")
        for path in ("/dashboards/", "/dashboards/production_output"):
            page.goto(address + path)
            expect(page.locator(DRAWN).first).to_be_visible()
            assert axe_violations(page) == []
            assert widest(page) <= width
