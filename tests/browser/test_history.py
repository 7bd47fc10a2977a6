"""The history's pages in a real browser: readable by screen readers, fit for a phone, in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.chromium import axe_violations
from tests.portal.demo_site import log_in, logged_in, prepare, serving, site
from tests.portal.test_history import hide_the_note, publish, require_quality

PATHS = (
    "/history/",
    "/history/2",
    "/history/of/production_output",
    "/history/of/production_output/left",
    "/history/compare?from=1&to=3",
    "/history/compare?from=9",
    "/history/restore/1",
    "/history/restore/2?definition=production_output",
    "/records/production_output/show/5?on=2100-01-01",
    "/records/production_output/show/5",
    "/history/hidden/",
    "/records/department/list/?on={today}",
    "/records/department/show/1?on={today}",
)


def number_the_note(document):
    """Words in the note do not convert: they are left behind."""
    document["properties"]["note"] = {"type": "integer", "title": "Note"}


@pytest.fixture
def address(databases, tmp_path) -> Iterator[str]:
    with databases.copy("sqlite", "demo site", prepare) as url:
        app = site(url, tmp_path)
        app.config["WTF_CSRF_ENABLED"], app.json.sort_keys = False, False
        hana = logged_in(app, "hana")
        publish(hana, hide_the_note)
        publish(hana, require_quality)
        publish(hana, number_the_note)
        with serving(app) as address:
            yield address


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_pages_are_accessible_and_fit_the_screen(visit, address, locale, width):
    page = visit(locale=locale, viewport={"width": width, "height": 900}).page()
    log_in(page, address, "hana")
    today = datetime.now(UTC).date().isoformat()
    for path in PATHS:
        page.goto(address + path.replace("{today}", today))
        for details in page.locator("main details").all():
            details.locator("summary").click()
        assert axe_violations(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
