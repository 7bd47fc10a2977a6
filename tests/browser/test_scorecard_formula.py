"""Hana writes a formula, sees her mistake marked while she types, publishes it, and the ledger says what it made."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.chromium import axe_violations
from tests.portal.cycle_site import rows, settle
from tests.portal.demo_site import log_in, logged_in


def look(page: Page) -> None:
    assert axe_violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"], page.url


def test_from_the_first_mistake_to_the_ledger(app, address, page):
    (card,), (home,) = rows(app, "scorecard", name="Production"), rows(app, "department", code="PRD")
    (cycle,) = rows(app, "cycle", department=home["id"])
    log_in(page, address, "hana")
    page.goto(f"{address}/scorecards/{card['id']}/")
    page.locator("summary.card-header", has_text="Formula").click()
    field, check = page.get_by_label("What the score is made of"), page.locator("#formula-check")
    field.press_sequentially('min(total, 70) + actual("production_output")')
    expect(check).to_contain_text("At character 18: these values are of different units: points, pcs.")
    expect(check.locator("mark")).to_have_text("a")
    expect(field).to_have_attribute("aria-invalid", "true")
    look(page)
    page.set_viewport_size({"width": 360, "height": 780})
    look(page)
    page.set_viewport_size({"width": 1280, "height": 800})

    field.fill("if( < 110, min(total, 70), total)")
    field.evaluate("field => field.setSelectionRange(3, 3)")
    page.get_by_text("What a formula may name").click()
    page.get_by_role("button", name='reached("pass_rate")').press("Enter")
    expect(field).to_have_value('if(reached("pass_rate") < 110, min(total, 70), total)')
    expect(check).to_contain_text("The formula can be used.")
    expect(field).not_to_have_attribute("aria-invalid", "true")
    look(page)
    page.locator("[data-tour=publish-scorecard]").click()
    expect(page.locator("[data-line=pass_rate]")).to_contain_text("named in the formula")

    page.goto(f"{address}/what-if/{card['id']}/")
    expect(check).to_contain_text("The formula can be used.")
    expect(page.locator("[data-tour=whatif-changing]")).to_have_text("0")
    field.fill("total")
    expect(page.locator("[data-tour=whatif-moved]")).to_contain_text("the formula +")
    look(page)

    assert logged_in(app, "derek").post(f"/api/v1/cycles/{cycle['id']}/launch").status_code == 202
    settle()
    review = rows(app, "review", cycle=cycle["id"])[0]
    page.goto(f"{address}/cycles/reviews/{review['id']}/ledger?check=1")
    expect(page.locator("[data-tour=ledger-formula]")).to_have_text("70.00")
    expect(page.locator("[data-tour=ledger-score]")).to_have_text("70.0")
    expect(page.locator("[data-tour=ledger-check]")).to_contain_text("the same number")
    look(page)
    page.set_viewport_size({"width": 360, "height": 780})
    look(page)
