"""Each guided tour, walked to its end in a browser by its role: every step finds its element on its page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from portal.app import bind_workflows
from tests.chromium import axe_violations
from tests.portal.demo_site import log_in, prepare, serving, site
from workflows import tick
from workflows.installation import bound


@pytest.fixture
def address(databases, tmp_path) -> Iterator[str]:
    with databases.copy("sqlite", "demo site", prepare) as url:
        app = site(url, tmp_path)
        bind_workflows(app)
        with serving(app) as address:
            yield address


def start(page: Page, address: str, account: str, title: str) -> None:
    log_in(page, address, account)
    page.get_by_role("button", name="Help and guided tours").click()
    page.locator("[data-help-menu] button", has_text=title).click()


def at(page: Page, number: int, title: str, element: str | None) -> None:
    """The step is shown, points at its element, and holds the focus."""
    dialog = page.get_by_role("dialog", name=title)
    expect(dialog).to_contain_text(f"Step {number} of ")
    pointed = page.locator(".driver-active-element")
    if element is None:
        expect(page.locator("#driver-dummy-element")).to_have_count(1)
    else:
        expect(pointed).to_have_attribute("data-tour", element)
    assert page.evaluate("document.activeElement.closest('.driver-popover') !== null")


def next_step(page: Page) -> None:
    page.get_by_role("dialog").get_by_role("button", name="Next step").click()


def finish(page: Page) -> None:
    with page.expect_response(lambda answer: "state=done" in (answer.request.post_data or "")):
        page.get_by_role("dialog").get_by_role("button", name="Finish").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


WEEK = (
    ("What is due", "my-tasks"),
    ("My goals", "my-goals"),
    ("My review", "my-reviews"),
    ("My courses", "my-courses"),
    ("In your language", "language-switch"),
)


@pytest.mark.parametrize("width", [1280, 360])
def test_emma_walks_through_her_week_by_keyboard(visit, address, width):
    page = visit(viewport={"width": width, "height": 800}).page()
    start(page, address, "emma", "My week")
    for number, (title, element) in enumerate(WEEK, 1):
        at(page, number, title, element)
        assert axe_violations(page) == []
        if number < len(WEEK):
            page.get_by_role("dialog").get_by_role("button", name="Next step").focus()
            page.keyboard.press("Enter")
    finish(page)
    page.goto(f"{address}/help/")
    expect(page.get_by_role("button", name="My week: Start the tour")).to_have_text("Start again")


def test_escape_pauses_a_tour_and_the_start_page_offers_to_go_on(visit, address):
    page = visit().page()
    start(page, address, "emma", "My week")
    next_step(page)
    at(page, 2, "My goals", "my-goals")
    with page.expect_response(lambda answer: "pause=1" in (answer.request.post_data or "")):
        page.keyboard.press("Escape")
    page.goto(f"{address}/")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Continue").click()
    at(page, 2, "My goals", "my-goals")


def test_who_pauses_and_leaves_while_the_step_is_still_being_saved_is_heard(visit, address):
    page = visit().page()
    start(page, address, "emma", "My week")
    at(page, 1, "What is due", "my-tasks")
    held = []
    page.route("**/progress", lambda route: held.append(route) if not held else route.continue_())
    next_step(page)
    at(page, 2, "My goals", "my-goals")
    page.keyboard.press("Escape")
    page.goto(f"{address}/inbox/")
    page.wait_for_function("async () => (await (await fetch('/')).text()).includes('Continue')")
    page.goto(f"{address}/")
    expect(page.get_by_role("button", name="Continue")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)


def fill_in_a_session(page: Page) -> None:
    control = page.locator("#field-course-ts-control")
    control.press_sequentially("Team leadership")
    page.locator(".ts-dropdown .option", has_text="Team leadership").click()
    page.fill("#field-title", "Tour group")
    page.fill("#field-starts_at", "2026-11-20T09:00")
    page.fill("#field-ends_at", "2026-11-20T10:00")
    page.get_by_role("button", name="Save").click()


def test_tariq_holds_a_session_over_four_pages(visit, address):
    page = visit().page()
    start(page, address, "tariq", "Hold a session")
    at(page, 1, "Training", "menu-training")
    page.locator("[data-tour=menu-training]").click()
    at(page, 2, "Choose a course", "course-list")
    next_step(page)
    at(page, 3, "Plan a session", "session-add")
    page.locator("[data-tour=session-add]").click()
    at(page, 4, "Time, place and seats", "record-form")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert").first).to_be_visible()
    at(page, 4, "Time, place and seats", "record-form")
    fill_in_a_session(page)
    page.wait_for_url("**/training/sessions/*")
    at(page, 5, "Enrol people", "session-enrol")
    page.reload()
    at(page, 5, "Enrol people", "session-enrol")
    next_step(page)
    at(page, 6, "Record attendance", "session-attendance")
    finish(page)


def test_a_tour_waits_on_other_pages_and_opens_the_menu_on_a_phone(visit, address):
    page = visit(viewport={"width": 360, "height": 700}).page()
    start(page, address, "tariq", "Hold a session")
    at(page, 1, "Training", "menu-button")
    page.get_by_role("button", name="Menu", exact=True).click()
    page.locator("[data-tour=menu-training].tour-target").click()
    at(page, 2, "Choose a course", "course-list")
    page.goto(f"{address}/records/course/list/")
    bar = page.get_by_role("status", name="Tour: Hold a session")
    expect(bar).to_contain_text("Choose a course")
    assert axe_violations(page) == []
    bar.get_by_role("link", name="Continue").click()
    at(page, 2, "Choose a course", "course-list")


def test_derek_runs_a_review_from_launch_to_where_it_is_closed(visit, address):
    page = visit().page()
    start(page, address, "derek", "Run a review")
    at(page, 1, "Your review cycles", "menu-cycles")
    next_step(page)
    at(page, 2, "Open the cycle", "cycle-list")
    page.locator("[data-tour=cycle-list] li a").first.click()
    at(page, 3, "Launch it", "cycle-launch")
    cycle = page.url
    page.locator("[data-tour=cycle-launch]").click()
    expect(page.get_by_role("dialog", name="Watch who has answered")).to_be_visible()
    tick.settle(bound())
    page.reload()
    at(page, 4, "Watch who has answered", "cycle-progress")
    next_step(page)
    at(page, 5, "Write the manager review", "review-open")
    page.locator("[data-tour=review-open]").click()
    at(page, 6, "Your rating and why", None)
    next_step(page)
    at(page, 7, "Close the cycle", None)
    assert page.url == cycle
    finish(page)


def test_hana_changes_a_kpi_from_the_menu_to_the_live_list(visit, address):
    page = visit().page()
    start(page, address, "hana", "Change a KPI")
    at(page, 1, "Where definitions live", "menu-designer")
    page.locator("[data-tour=menu-designer]").click()
    at(page, 2, "Choose a KPI", "definition-list")
    page.get_by_role("link", name="Production output", exact=True).last.click()
    at(page, 3, "Add a field", "add-field")
    page.locator("[data-tour=add-field]").click()
    page.fill("#field-title", "Crew")
    page.get_by_role("button", name="Save the draft").click()
    page.wait_for_url("**/designer/production_output#field-crew")
    at(page, 4, "See what it would do", "preview")
    page.locator("[data-tour=preview]").click()
    page.go_back()
    at(page, 5, "Publish", "publish")
    page.locator("[data-tour=publish]").click()
    page.fill("#field-comment", "Crews are compared")
    page.locator("#publish").get_by_role("button", name="Publish").click()
    page.goto(f"{address}/records/production_output/list/")
    at(page, 6, "It is live", "record-list")
    finish(page)
