"""Lists in a real browser: views, groups, cells by keyboard, many records at once, tabs and comments; on a phone too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from portal.app import bind_workflows
from tests.chromium import axe_violations
from tests.portal.demo_site import log_in, prepare, serving, site

KPI = "/records/production_output"
PATHS = (
    f"{KPI}/list/?_edit=1&page_size=10",
    f"{KPI}/list/?group=department&group=day:quarter",
    f"{KPI}/list/?_totals=1&line=stamping&day__lt=2026-06-01",
    f"{KPI}/bulk?ids=5&ids=7&field=note",
    "/records/employee/show/3?tab=comments",
    "/records/department/show/3?tab=employee.department",
)


@pytest.fixture
def address(databases, tmp_path) -> Iterator[str]:
    with databases.copy("sqlite", "demo site", prepare) as url:
        app = site(url, tmp_path)
        bind_workflows(app)
        with serving(app) as place:
            yield place


def value(page, number: int, field: str) -> str:
    return page.locator(f"#cell-{number}-{field}").inner_text()


@pytest.mark.parametrize(("locale", "width"), [("en-GB", 1280), ("zh-CN", 360)])
def test_pages_are_accessible_and_fit_the_screen(visit, address, locale, width):
    page = visit(locale=locale, viewport={"width": width, "height": 900}).page()
    log_in(page, address, "hana")
    for path in PATHS:
        page.goto(address + path)
        assert axe_violations(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    page.goto(f"{address}{KPI}/list/?group=line")
    page.locator("[data-open-rows]").first.click()
    page.locator(".group-rows").wait_for()
    assert axe_violations(page) == []


def test_a_cell_is_changed_by_keyboard_alone(visit, address):
    page = visit().page()
    log_in(page, address, "derek")
    page.goto(f"{address}{KPI}/list/?_edit=1&page_size=10")
    row = page.locator("tbody tr").first
    number = int(row.get_attribute("id").removeprefix("row-"))
    before = value(page, number, "produced")
    page.locator(f"#cell-{number}-planned .cell-open").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#field-planned")).to_be_focused()
    page.keyboard.type("4321")
    page.keyboard.press("Tab")  # keeps it and opens the next
    expect(page.locator("#field-produced")).to_be_focused()
    assert value(page, number, "planned") == "4,321"
    page.keyboard.type("1")
    page.keyboard.press("Escape")  # leaves it as it was
    expect(page.locator(f"#cell-{number}-produced .cell-open")).to_be_focused()
    assert value(page, number, "produced") == before
    page.keyboard.press("Enter")
    expect(page.locator("#field-produced")).to_be_focused()
    page.keyboard.type("77")
    page.keyboard.press("Enter")
    expect(page.locator(f"#cell-{number}-produced")).to_have_text("77")
    expect(page.locator(f"#cell-{number}-produced .cell-open")).to_be_focused()


def test_columns_are_put_in_order_and_the_view_opens_again(visit, address):
    page = visit().page()
    log_in(page, address, "derek")
    page.goto(f"{address}{KPI}/list/")
    page.get_by_text("Columns, groups and rows").click()
    page.get_by_role("button", name="“Line” further to the front").press("Enter")
    page.get_by_role("button", name="“Line” further to the front").press("Enter")
    page.locator("main [role=search] button[type=submit]").first.click()
    page.get_by_text("Save as a view").press("Enter")
    page.get_by_label("Name of the view").fill("By line")
    page.get_by_label("Open my list with it").check()
    page.get_by_role("button", name="Save the view").press("Enter")
    page.get_by_text("The view was saved.").wait_for()
    page.goto(f"{address}{KPI}/list/")
    assert page.locator("thead th").first.inner_text().casefold() == "line"
    assert page.get_by_role("link", name="By line").get_attribute("aria-current") == "true"


def test_many_records_are_changed_and_given_back(visit, address):
    page = visit().page()
    log_in(page, address, "derek")
    page.goto(f"{address}{KPI}/list/?_edit=1&page_size=10")
    page.get_by_label("All on this page").check()
    page.get_by_role("button", name="Change the chosen records").click()
    page.get_by_label("Which field").select_option("note")
    page.get_by_role("button", name="Choose").click()
    page.locator("#field-note").fill("seen")
    page.get_by_role("button", name="Show what it would do").click()
    page.get_by_text("10 records change").wait_for()
    page.get_by_role("button", name="Change them").click()
    page.get_by_text("10 changed").wait_for()
    page.get_by_role("button", name="Undo it").click()
    page.get_by_text("10 back to what they were").wait_for()


def test_somebody_is_named_in_a_comment_and_hears_of_it(visit, address):
    page = visit().page()
    log_in(page, address, "hana")
    page.goto(f"{address}/records/employee/show/3?tab=comments")
    page.locator("#mention-ts-control").press_sequentially("Derek")
    page.locator(".ts-dropdown .option", has_text="@derek").click()
    page.locator("#comment-text").press_sequentially("please look")
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**#comment-*")
    assert page.locator(".mention").inner_text() == "@Derek Miller"
    other = visit().page()
    log_in(other, address, "derek")
    other.goto(f"{address}/inbox/")
    other.get_by_text("hana named you in a comment").wait_for()
