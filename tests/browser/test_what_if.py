"""Hana drags customer satisfaction to 20 %, sees who drops a band, publishes; the running cycle keeps its terms."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from portal.app import bind_workflows
from portal.extensions import db
from tests.chromium import axe_violations
from tests.portal.cycle_site import rows, settle
from tests.portal.demo_site import log_in, logged_in, prepare, serving, site

API = "/api/v1/cycles/"


@pytest.fixture
def portal(databases, tmp_path) -> Iterator[Flask]:
    with databases.copy("sqlite", "demo site", prepare) as url:
        app = site(url, tmp_path)
        bind_workflows(app)
        yield app
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.fixture
def address(portal) -> Iterator[str]:
    with serving(portal) as address:
        yield address


def scores(portal: Flask, cycle: int) -> dict[int, object]:
    return {review["id"]: review["computed_score"] for review in rows(portal, "review", cycle=cycle)}


def look(page: Page) -> None:
    assert axe_violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"], page.url


def test_what_if_to_the_next_cycle(portal, address, page):
    (card,), (home,) = rows(portal, "scorecard", name="Sales"), rows(portal, "department", code="SAL")
    (running,) = rows(portal, "cycle", department=home["id"])
    sofia = logged_in(portal, "sofia")
    assert sofia.post(f"{API}{running['id']}/launch").status_code == 202
    settle()
    before = scores(portal, running["id"])
    spread = f"{address}/scores/?department={home['id']}"
    two = ["Sales revenue", "Repurchase rate"]

    log_in(page, address, "hana")
    page.goto(spread)
    expect(page.locator("#table-lines tbody th")).to_have_text(two)
    middle = page.locator("[data-tour=scores-median]").inner_text()
    look(page)
    page.locator("[data-tour=menu-whatif]").click()
    page.get_by_role("link", name="Sales", exact=True).click()
    expect(page.locator("[data-tour=whatif-changing]")).to_have_text("0")
    page.get_by_label("Another line").select_option(label="Customer satisfaction")
    page.locator("[data-tour=add-line]").click()
    slider = page.locator("[data-tour=slider-customer_satisfaction]")
    slider.focus()
    for _step in range(20):  # as an arrow key does it: the answer follows each step
        slider.press("ArrowRight")
    expect(page.get_by_label("Weight of Customer satisfaction", exact=True)).to_have_value("20")
    expect(page.locator("#weight-sum")).to_have_text("100")
    expect(page.locator("[data-tour=whatif-falling]")).to_have_text("10")
    moved = page.locator("[data-tour=whatif-moved] tbody tr")
    expect(moved).to_have_count(10)
    expect(moved.first).to_contain_text("Customer satisfaction -")
    look(page)
    page.locator("[data-tour=whatif-publish]").click()
    expect(page.get_by_text("Version 2 is in force. Running cycles keep what they began with.")).to_be_visible()
    look(page)

    assert sofia.post(f"{API}{running['id']}/recompute").status_code == 202
    settle()
    assert scores(portal, running["id"]) == before
    page.goto(spread)
    expect(page.locator("#table-lines tbody th")).to_have_text(two)
    expect(page.locator("[data-tour=scores-median]")).to_have_text(middle)
    plan = {
        "name": "Next", "scorecard": card["id"], "department": home["id"], "period_start": "2026-05-01",
        "period_end": "2026-10-31", "self_due": "2030-12-01", "manager_due": "2030-12-08",
    }  # fmt: skip
    place = sofia.post(API, json=plan).headers["Location"]
    assert sofia.post(f"{place}/launch").status_code == 202
    settle()
    weights = {line["kpi"]: line["weight"] for line in sofia.get(place).json["result"]["terms"]["lines"]}
    assert weights == {"sales_revenue": "52.00", "repurchase_rate": "28.00", "customer_satisfaction": "20.00"}
    after = [r for r in rows(portal, "review", cycle=int(place.rsplit("/", 1)[1])) if r["computed_score"]]
    assert {r["employee"]: r["computed_score"] for r in after} != {
        r["employee"]: r["computed_score"] for r in rows(portal, "review", cycle=running["id"])
    }
    page.goto(f"{address}/dashboards/customer_satisfaction")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Customer satisfaction")
    page.get_by_role("link", name="Dashboards").first.click()
    page.locator("[data-tour=composite-scores]").click()
    page.goto(spread)
    lines = page.locator("#table-lines tbody tr")
    expect(lines.locator("th")).to_have_text([*two, "Customer satisfaction"])
    expect(page.locator("[data-tour=scores-median]")).not_to_have_text(middle)
    look(page)
    page.locator("#table-people tbody a").first.click()
    expect(page.locator("[data-tour=ledger-lines]")).to_contain_text("Customer satisfaction")


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_a_phone_shows_the_groups_of_fairness_in_whole_words(visit, address, locale):
    page = visit(locale=locale, viewport={"width": 360, "height": 800}).page()
    log_in(page, address, "hana")
    page.goto(f"{address}/what-if/4/")
    captions = page.locator("#answer caption")
    expect(captions).to_have_count(3)
    for caption in captions.all():
        box, line = caption.bounding_box(), caption.evaluate("one => parseFloat(getComputedStyle(one).lineHeight)")
        assert box["height"] < 3 * line, "one line of words, with its padding"
        assert box["width"] > 300
    look(page)
