"""A form while it is filled: what it asks for follows the values, and neither focus nor typed words are lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.chromium import axe_violations
from tests.portal.demo_site import log_in, prepare, serving, site

ADD = "/records/onboarding_step/add"


@pytest.fixture
def address(databases, tmp_path) -> Iterator[str]:
    with databases.copy("sqlite", "demo site", prepare) as url, serving(site(url, tmp_path)) as address:
        yield address


def field(page: Page, name: str):
    return page.locator(f'[data-field="{name}"]')


class TestLiveForm:
    @pytest.mark.parametrize(("locale", "width"), [("en-GB", 1280), ("zh-CN", 360)])
    def test_fields_come_and_go_with_the_values_and_keep_what_was_typed(self, visit, address, locale, width):
        page = visit(locale=locale, viewport={"width": width, "height": 900}).page()
        log_in(page, address, "hana")
        page.goto(address + ADD)
        expect(field(page, "tour")).to_be_hidden()
        expect(field(page, "course")).to_be_hidden()
        page.fill("#field-title", "Look around")
        page.locator("#field-kind").focus()
        page.select_option("#field-kind", "tour")
        expect(field(page, "tour")).to_be_visible()
        expect(page.locator("#field-kind")).to_be_focused()
        expect(page.locator("#field-title")).to_have_value("Look around")
        expect(page.locator("#field-tour")).to_have_attribute("aria-required", "true")
        expect(page.locator("[data-announce]")).not_to_be_empty()
        assert axe_violations(page) == []
        page.fill("#field-tour", "my_week")
        page.select_option("#field-kind", "task")
        expect(field(page, "tour").locator("[data-left]")).to_be_visible()
        expect(page.locator("#field-tour")).to_have_value("my_week")
        assert axe_violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.fill("#field-due_days", "9000")
        page.select_option("#field-kind", "course")
        expect(page.locator("#error-field-due_days")).to_be_visible()
        expect(page.locator("#error-field-course")).to_have_count(0)  # nobody was there yet

    def test_a_field_stays_while_somebody_is_in_it(self, visit, address):
        page = visit().page()
        log_in(page, address, "hana")
        page.goto(address + ADD)
        page.select_option("#field-kind", "tour")
        page.fill("#field-tour", "my_week")
        page.select_option("#field-kind", "task")
        expect(field(page, "tour").locator("[data-left]")).to_be_visible()
        page.locator("#field-tour").fill("")
        with page.expect_response("**/form"):
            page.select_option("#field-kind", "course")
        expect(field(page, "course")).to_be_visible()
        expect(page.locator("#field-tour")).to_be_focused()
        page.keyboard.press("Tab")
        expect(field(page, "tour")).to_be_hidden()

    def test_without_script_all_fields_are_there_and_the_save_checks_them(self, visit, address):
        page = visit(java_script_enabled=False).page()
        log_in(page, address, "hana")
        page.goto(address + ADD)
        expect(field(page, "tour")).to_be_visible()
        expect(field(page, "course")).to_be_visible()
        page.fill("#field-title", "Look around")
        page.select_option("#field-kind", "tour")
        page.get_by_role("button", name="Save").click()
        expect(page.locator("#error-field-tour")).to_be_visible()
        expect(page.locator("#field-title")).to_have_value("Look around")
