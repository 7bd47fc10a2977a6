"""Tariq holds a session; a new colleague finds checklist and tour at first login. In a real browser, events drained."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.chromium import axe_violations
from tests.portal.demo_site import log_in
from workflows import tick
from workflows.installation import bound


def settle() -> None:
    """What the worker does, here and now."""
    tick.settle(bound())


def pick(page: Page, field: str, words: str) -> None:
    control = page.locator(f"#{field}-ts-control")
    control.click()
    control.press_sequentially(words)
    page.locator(".ts-dropdown .option", has_text=words).first.click()
    page.keyboard.press("Escape")


def add_course(page: Page, address: str) -> None:
    page.goto(f"{address}/training/")
    page.get_by_role("link", name="Add a course").click()
    page.fill("#field-code", "WELD-1")
    page.fill("#field-title", "Welding, basics")
    page.fill("#field-title_zh", "焊接基础")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Welding, basics")).to_be_visible()


def add_session(page: Page, start: str, end: str, seats: str = "3") -> None:
    page.get_by_role("link", name="Add a session", exact=True).click()
    pick(page, "field-course", "Welding, basics")
    page.fill("#field-title", "Group A")
    page.fill("#field-starts_at", start)
    page.fill("#field-ends_at", end)
    page.fill("#field-place", "Hall 3")
    page.fill("#field-capacity", seats)
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/training/sessions/*")


def test_tariq_adds_a_course_and_a_session_enrols_two_and_completes_it(visit, address, app):
    page = visit().page()
    log_in(page, address, "tariq")
    add_course(page, address)
    add_session(page, "2026-11-02T09:00", "2026-11-02T12:00")
    expect(page.get_by_text("0 of 3 places taken")).to_be_visible()
    pick(page, "employees", "Emma Clarke")
    pick(page, "employees", "Li Wei")
    page.get_by_role("button", name="Enrol", exact=True).click()
    expect(page.get_by_text("2 people were enrolled.")).to_be_visible()
    expect(page.get_by_text("2 of 3 places taken")).to_be_visible()

    page.get_by_role("button", name="Save and complete the session").click()
    expect(page.get_by_role("alert")).to_contain_text("Say of everybody whether they came")
    page.get_by_role("group", name="Did Emma Clarke come?").get_by_label("Came", exact=True).check()
    page.get_by_role("group", name="Did Li Wei come?").get_by_label("Did not come").check()
    page.get_by_label("Result of Emma Clarke").fill("passed")
    page.get_by_role("button", name="Save attendance").click()
    expect(page.get_by_text("Attendance was saved: 1 came.")).to_be_visible()
    page.get_by_role("button", name="Save and complete the session").click()
    expect(page.get_by_text("The session is completed; the course counts for 1.")).to_be_visible()
    page.get_by_role("link", name="Certificate of Emma Clarke").click()
    expect(page.get_by_role("heading", name="Certificate of completion")).to_be_visible()

    settle()
    emma = visit().page()
    log_in(emma, address, "emma")
    emma.goto(f"{address}/inbox/")
    expect(emma.get_by_role("heading", name="Completed: Welding, basics")).to_be_visible()
    expect(emma.get_by_role("heading", name="You are enrolled: Welding, basics, 2 November 2026")).to_be_visible()
    emma.goto(f"{address}/training/")
    expect(emma.locator("[data-tour=my-courses] li", has_text="Welding, basics")).to_contain_text("Completed")


def add_colleague(page: Page, address: str) -> None:
    page.goto(f"{address}/records/employee/add")
    for field, value in {"number": "E9001", "name": "Chen Mei", "name_zh": "陈梅", "account": "chenmei"}.items():
        page.fill(f"#field-{field}", value)
    page.fill("#field-email", "chenmei@hengzhun.example")
    page.select_option("#field-language", "zh")
    pick(page, "field-department", "Assembly")
    page.fill("#field-hired_on", "2026-11-23")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The record was added.")).to_be_visible()


def make_account(page: Page) -> str:
    """From the new record's page; the one-time password."""
    page.get_by_role("link", name="Create an account").click()
    expect(page.get_by_label("User name")).to_have_value("chenmei")
    page.get_by_label("Employee", exact=True).check()
    page.get_by_role("button", name="Create the account").click()
    return page.locator("#one-time-password").inner_text()


def first_login(page: Page, address: str, given: str) -> None:
    page.goto(f"{address}/login/")
    page.fill("input[name=username]", "chenmei")
    page.fill("input[name=password]", given)
    page.click("main [type=submit]")
    page.fill("input[name=current]", given)
    for name in ("password", "again"):
        page.fill(f"input[name={name}]", "a-long-enough-secret-5")
    page.click("main [type=submit]")


def test_a_new_colleague_finds_checklist_and_tour_in_chinese(visit, address, app):
    hana = visit().page()
    log_in(hana, address, "hana")
    add_colleague(hana, address)
    given = make_account(hana)
    settle()

    mei = visit().page()
    first_login(mei, address, given)
    expect(mei.get_by_role("heading", name="为您准备的引导：我的一周")).to_be_visible()
    expect(mei.locator("[data-tour=my-tasks]")).to_contain_text("领取工牌和工作服")
    mei.goto(f"{address}/inbox/")
    expect(mei.get_by_role("heading", name="欢迎：入职第一步")).to_be_visible()
    mei.goto(f"{address}/onboarding/")
    expect(mei.get_by_text("已完成 0 项，共 7 项")).to_be_visible()
    mei.get_by_role("button", name="完成：领取工牌和工作服").click()
    expect(mei.get_by_text("已完成 1 项，共 7 项")).to_be_visible()

    mei.get_by_role("button", name="开始引导：在 Plumbline 中的一周").click()
    dialog = mei.get_by_role("dialog")
    expect(dialog).to_contain_text("待办事项")
    dialog.get_by_role("button", name="下一步").click()
    expect(dialog).to_contain_text("我的目标")
    mei.reload()
    expect(dialog).to_contain_text("我的目标")
    expect(dialog).to_contain_text("第 2 步，共 5 步")
    for title in ("我的考核", "我的课程", "切换语言"):
        dialog.get_by_role("button", name="下一步").click()
        expect(dialog).to_contain_text(title)
    with mei.expect_response(lambda answer: "state=done" in (answer.request.post_data or "")):
        dialog.get_by_role("button", name="完成").click()
    mei.goto(f"{address}/onboarding/")
    expect(mei.get_by_text("已完成 2 项，共 7 项")).to_be_visible()

    hana.goto(f"{address}/onboarding/")
    expect(hana.locator("li", has_text="Chen Mei")).to_contain_text("2 of 7")


WIDTHS = pytest.mark.parametrize("width", [1280, 360])
LANGUAGES = pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])


@WIDTHS
@LANGUAGES
def test_pages_are_accessible_and_fit_the_screen(visit, address, locale, width):
    page = visit(locale=locale, viewport={"width": width, "height": 900}).page()
    paths = {
        "tariq": (
            "/",
            "/training/",
            "/training/sessions/1",
            "/training/sessions/4",
            "/training/proof/1",
            "/onboarding/",
            "/help/",
        ),
        "emma": ("/", "/training/", "/training/sessions/4", "/onboarding/"),
    }
    for account, opened in paths.items():
        page.context.clear_cookies()
        log_in(page, address, account)
        for path in opened:
            page.goto(address + path)
            assert axe_violations(page) == [], (account, path)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    page.locator("[data-help]").click()
    expect(page.locator("[data-help-menu] button")).to_have_count(1)
    assert axe_violations(page) == []


def test_a_checklist_in_the_dark_is_readable(visit, address):
    page = visit().page()
    log_in(page, address, "hana")
    page.get_by_role("button", name="Dark").click()
    for path in ("/training/sessions/1", "/training/", "/onboarding/", "/"):
        page.goto(address + path)
        assert axe_violations(page) == [], path
