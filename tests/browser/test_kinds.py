"""A survey answered and a quiz taken in a real browser, readable by screen readers and fit for a phone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.chromium import axe_violations
from tests.portal.demo_site import log_in, prepare, serving, site
from tests.portal.test_quiz_page import QUESTIONS, course
from tests.portal.test_surveys_pages import put


@pytest.fixture
def place(databases, tmp_path) -> Iterator[tuple[str, int]]:
    """The address of the demo site with a survey, and the number of a course with a quiz."""
    with databases.copy("sqlite", "demo site", prepare) as url:
        app = site(url, tmp_path)
        put(app)
        number = course(app, "SAFE-1", quiz=QUESTIONS)
        with serving(app) as address:
            yield address, number


def test_a_survey_and_a_quiz_on_a_phone(visit, place):
    address, number = place
    page = visit(viewport={"width": 360, "height": 800}).page()
    log_in(page, address, "emma")
    page.get_by_role("link", name="Pulse of the week").click()
    assert axe_violations(page) == []
    why = page.get_by_label("Why?")
    expect(why).to_be_hidden()
    page.get_by_label("How was it?").fill("1")
    expect(why).to_be_visible()
    why.fill("Too much rain")
    page.get_by_role("button", name="Send the answers").click()
    expect(page.get_by_text("Answered", exact=True)).to_be_visible()
    assert axe_violations(page) == []

    page.goto(f"{address}/training/quiz/{number}")
    assert axe_violations(page) == []
    page.get_by_label("Stop <the> line").check()
    page.get_by_role("button", name="Hand the quiz in").click()
    expect(page.get_by_text("You have passed this quiz.")).to_be_visible()
    assert axe_violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_the_forms_of_kinds_and_the_results_are_accessible(visit, place):
    address, _number = place
    page = visit(viewport={"width": 1280, "height": 900}).page()
    log_in(page, address, "hana")
    for path in (
        "/designer/sales_revenue/kind",
        "/designer/appraisal/kind",
        "/designer/pulse/kind",
        "/surveys/pulse/results",
    ):
        page.goto(f"{address}{path}")
        assert axe_violations(page) == [], path
