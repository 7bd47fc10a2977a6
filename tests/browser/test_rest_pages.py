"""Jobs, imports, API keys and the API's own page in a real browser: readable, fit for a phone, without surprises."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.app import bind_workflows
from portal.extensions import db
from tests.chromium import axe_violations
from tests.portal.demo_site import log_in, prepare, serving, site
from workflows import tick
from workflows.installation import bound

PATHS = ("/api/", "/account/keys", "/jobs/", "/imports/new?definition=department")
ROWS = "Code,Name,name_zh\nC1,Clinic,诊所\nC2,,食堂\n"


@pytest.fixture
def app(databases, tmp_path):
    with databases.copy("sqlite", "demo site", prepare) as url:
        made = site(url, tmp_path)
        bind_workflows(made)
        yield made


@pytest.fixture
def address(app) -> Iterator[str]:
    with serving(app) as address:
        yield address


def settle(app) -> None:
    with app.app_context():
        tick.settle(bound())
        db.session.remove()


def imported(page, address: str, folder: Path) -> None:
    """From the file to the job's page, by clicks."""
    path = folder / "departments.csv"
    path.write_text(ROWS, encoding="utf-8")
    page.goto(f"{address}/imports/new?definition=department")
    page.set_input_files("#file", path)
    page.locator("main form [type=submit]").click()
    page.wait_for_url(lambda url: "/new" not in url)
    page.locator("main form [type=submit]").first.click()
    page.locator("#report").wait_for()


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_pages_are_accessible_and_fit_the_screen(visit, app, address, tmp_path, locale, width):
    page = visit(locale=locale, viewport={"width": width, "height": 900}).page()
    log_in(page, address, "hana")
    for path in PATHS:
        page.goto(address + path)
        assert axe_violations(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    imported(page, address, tmp_path)
    assert axe_violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("main form [type=submit]").last.click()
    page.wait_for_url("**/jobs/*")
    assert axe_violations(page) == []
    settle(app)
    page.locator("[href$='rejected.csv']").wait_for()  # the bar asked by itself
    assert axe_violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("#job[hx-get]").count() == 0


def test_a_new_key_is_shown_once(visit, address):
    page = visit().page()
    log_in(page, address, "derek")
    page.goto(f"{address}/account/keys")
    page.get_by_label("What it is for").fill("Warehouse")
    page.get_by_role("button", name="Make the key").click()
    key = page.locator("#new-key").input_value()
    assert key.startswith("plk_")
    page.goto(f"{address}/account/keys")
    assert page.get_by_text("Warehouse").first.is_visible()
    assert key not in page.content()
