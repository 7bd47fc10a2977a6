"""The record pages in a real browser: reachable, readable by screen readers, fit for a phone, in both languages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.chromium import axe_violations
from tests.portal.demo_site import log_in, prepare, serving, site

PATHS = (
    "/",
    "/inbox/",
    "/records/employee/list/",
    "/records/employee/list/?removed=1",
    "/records/production_output/show/5",
    "/records/employee/edit/3",
    "/users/list/",
    "/users/show/5",
    "/users/add?employee=30",
    "/users/edit/5",
    "/roles/list/",
    "/roles/show/2",
    "/roles/add",
    "/roles/matrix/?role=Trainer",
    "/roles/matrix/?definition=employee",
    "/roles/matrix/employee/Employee",
    "/roles/matrix/preview",
    "/seeing/?account=emma",
    "/access/why?account=emma&definition=employee&record=3&field=salary",
    "/account/",
    "/account/password",
    "/audit/",
    "/audit/?since=yesterday",
    "/help/",
    "/help/hr_admin/",
)


@pytest.fixture
def address(databases, tmp_path) -> Iterator[str]:
    with databases.copy("sqlite", "demo site", prepare) as url, serving(site(url, tmp_path)) as address:
        yield address


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_pages_are_accessible_and_fit_the_screen(visit, address, locale, width):
    page = visit(locale=locale, viewport={"width": width, "height": 900}).page()
    page.goto(f"{address}/login/")
    assert axe_violations(page) == []
    log_in(page, address, "hana")
    for path in PATHS:
        page.goto(address + path)
        assert axe_violations(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_a_reference_is_found_by_typing_and_saved(visit, address):
    page = visit().page()
    log_in(page, address, "hana")
    page.goto(f"{address}/records/department/add")
    page.fill("#field-code", "LAB")
    page.fill("#field-name", "Laboratory")
    page.fill("#field-name_zh", "实验室")
    page.locator("#field-head-ts-control").press_sequentially("Derek")
    page.locator(".ts-dropdown .option", has_text="Derek Miller").click()
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/records/department/show/*")
    assert page.locator("dd", has_text="Derek Miller").is_visible()


def test_a_quick_choice_does_not_open_its_list_again_while_the_next_field_is_filled(visit, address):
    page = visit().page()
    page.clock.install()
    log_in(page, address, "hana")
    page.goto(f"{address}/records/department/add")
    head = page.locator("#field-head-ts-control")
    head.focus()
    page.clock.run_for(1000)
    page.locator(".ts-dropdown .option").nth(3).wait_for()
    page.clock.pause_at(page.evaluate("Date.now()") + 1000)
    head.press_sequentially("a")
    page.locator(".ts-dropdown .option").first.evaluate("option => option.click()")
    page.locator("#field-name").focus()
    page.clock.run_for(2000)
    expect(page.locator("#field-name")).to_be_focused()
    expect(page.locator(".ts-dropdown:visible")).to_have_count(0)
