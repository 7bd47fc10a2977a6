"""A form with every type in a real browser: the child table by keyboard alone, pasted into, on a phone, in both languages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.chromium import axe_violations
from tests.portal import every_type
from tests.portal.demo_site import log_in, logged_in, prepare, serving, site

ADD = "/records/audit_visit/add"
PASTE = """(text) => {
    const data = new DataTransfer();
    data.setData("text", text);
    const event = new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true});
    document.activeElement.dispatchEvent(event);
}"""


@pytest.fixture
def address(databases, tmp_path) -> Iterator[str]:
    with databases.copy("sqlite", "demo site", prepare) as url:
        app = site(url, tmp_path)
        app.config["WTF_CSRF_ENABLED"] = False
        every_type.publish(logged_in(app, "hana"))
        app.config["WTF_CSRF_ENABLED"] = True
        with serving(app) as address:
            yield address


def cell(page: Page, row: int, column: str):
    """The input of a cell, `row` counted from 1 as it stands now."""
    return page.locator("[data-grid] tbody tr").nth(row - 1).locator(f'[data-column="{column}"]')


def column(page: Page, name: str) -> list[str]:
    return page.locator(f'[data-grid] tbody [data-column="{name}"] input').evaluate_all(
        "all => all.map(one => one.value)"
    )


class TestByKeyboard:
    @pytest.mark.parametrize(("locale", "width"), [("en-GB", 1280), ("zh-CN", 360), ("zh-CN", 1280), ("en-GB", 360)])
    def test_rows_are_added_filled_moved_and_removed(self, visit, address, locale, width):
        page = visit(locale=locale, viewport={"width": width, "height": 900}).page()
        log_in(page, address, "hana")
        page.goto(address + ADD)
        assert axe_violations(page) == []
        page.fill("#field-name", "Spring")
        page.locator("[data-add]").focus()
        page.keyboard.press("Enter")
        page.keyboard.type("Oil")
        page.keyboard.press("Enter")
        page.keyboard.type("Rust")
        page.keyboard.press("ArrowUp")
        expect(cell(page, 1, "what").locator("input")).to_be_focused()
        cell(page, 1, "weight").locator("input").focus()
        page.keyboard.type("12.5")
        page.keyboard.press("ArrowDown")
        expect(page.locator("#field-total")).to_have_text("12.5")  # computed when a cell is left
        page.keyboard.type("30")
        expect(page.locator('[data-total="weight"]')).to_have_text("42.5")
        page.keyboard.press("Alt+ArrowUp")
        assert column(page, "what") == ["Rust", "Oil"]
        expect(cell(page, 1, "weight").locator("input")).to_be_focused()
        expect(page.locator("#field-total")).to_have_text("42.5")
        page.keyboard.press("Enter")
        page.keyboard.press("Enter")
        assert len(column(page, "what")) == 3
        page.locator("[data-grid] tbody tr").nth(2).locator("[data-drop]").focus()
        page.keyboard.press("Space")
        assert column(page, "what") == ["Rust", "Oil"]
        assert axe_violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.locator("form[data-live] [type=submit]").press("Enter")
        page.wait_for_url("**/show/*")
        expect(page.locator("dd table tbody tr").first).to_contain_text("Rust")
        assert axe_violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


class TestPaste:
    def test_cells_of_a_spreadsheet_fill_rows_and_what_is_wrong_stands_at_its_cell(self, visit, address):
        page = visit().page()
        log_in(page, address, "hana")
        page.goto(address + ADD)
        page.get_by_role("button", name="Add a row").click()
        page.evaluate(
            PASTE, "Oil\tmajor\tAssembly shop\t12.25\tyes\t2026-05-01\r\nRust\tUgly\tNowhere\tmany\tno\t1.2.2026\r\n"
        )
        expect(cell(page, 2, "weight")).to_contain_text("A number is expected here.")
        expect(cell(page, 2, "kind")).to_contain_text("is not one of the choices")
        expect(cell(page, 2, "unit")).to_contain_text("Choose a record from the list.")
        expect(cell(page, 2, "due")).to_contain_text("A date such as")
        expect(cell(page, 1, "unit")).to_contain_text("Assembly shop")
        expect(cell(page, 1, "weight")).not_to_contain_text("expected")
        assert cell(page, 1, "done").locator("input").is_checked()
        assert axe_violations(page) == []
        cell(page, 2, "weight").locator("input").fill("4")
        cell(page, 2, "weight").locator("input").blur()
        expect(cell(page, 2, "weight")).not_to_contain_text("A number is expected here.")


class TestEveryType:
    def test_is_filled_saved_and_read_again(self, visit, address):
        page = visit().page()
        log_in(page, address, "hana")
        page.goto(address + ADD)
        texts = {"name": "Spring", "summary": "Two\nlines", "held_on": "2026-05-01", "starts": "2026-05-01T09:30"}
        texts |= {"at": "14:30", "mail": "a@example.com", "site": "https://example.com/a", "people": "12"}
        texts |= {"cost": "1234.50", "share": "0.25", "address.city": "Ulm"}
        for name, text in texts.items():
            page.locator(f'[id="field-{name}"]').fill(text)
        page.select_option("#field-kind", "sudden")
        page.locator("#field-severe").check()
        page.locator("#field-why").fill("Fire")
        for name, words in (("place", "Assembly shop"), ("leader", "Derek Miller"), ("units", "Assembly shop")):
            page.locator(f"#field-{name}-ts-control").press_sequentially(words[:6])
            page.locator(".ts-dropdown .option:visible", has_text=words).first.click()
            page.keyboard.press("Escape")
        page.get_by_label("Tuesday").check()
        page.get_by_role("button", name="Save").click()
        page.wait_for_url("**/show/*")
        shown = page.locator("main").inner_text()
        for words in ("Two\nlines", "May 1, 2026", "a@example.com", "12", "1,234.5", "0.25", "Ulm", "sudden", "Fire"):
            assert words in shown, words
        for words in ("Assembly shop", "Derek Miller", "Tuesday"):
            assert words in shown, words
        page.get_by_role("link", name="Edit").click()
        for name, text in texts.items():
            expect(page.locator(f'[id="field-{name}"]')).to_have_value(text)


class TestWithoutScript:
    def test_three_empty_rows_can_be_filled_and_others_ticked_to_go(self, visit, address):
        page = visit(java_script_enabled=False).page()
        log_in(page, address, "hana")
        page.goto(address + ADD)
        page.fill("#field-name", "Spring")
        page.fill('[name="lines-0-what"]', "Oil")
        page.fill('[name="lines-0-weight"]', "1")
        page.fill('[name="lines-2-what"]', "Rust")
        page.fill('[name="lines-2-weight"]', "2")
        page.get_by_role("button", name="Save").click()
        page.get_by_role("link", name="Edit").click()
        assert page.locator("[data-grid] tbody tr").count() == 5
        page.locator('[name="lines-0-_remove"]').check()
        page.get_by_role("button", name="Save").click()
        expect(page.locator("dd table tbody tr")).to_have_count(1)
        expect(page.locator("dd table tbody tr")).to_contain_text("Rust")
