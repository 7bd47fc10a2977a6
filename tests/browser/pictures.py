"""The README's pictures, made by the browser of the tests from the demo company: `make pictures`.

Called by hand when the look of a page has changed; writes `docs/images/dashboard.png` and `docs/images/designer.png`.
"""

from __future__ import annotations

import logging
import tempfile
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.backends import Backend
from tests.browser.test_designer import HERE, add_quality
from tests.chromium import Visit, find_chromium, running_browser
from tests.databases import Databases
from tests.portal.demo_site import log_in, prepare, serving, site

IMAGES = Path(__file__).resolve().parent.parent.parent / "docs" / "images"


def designer(page: Page, address: str) -> None:
    """A changed KPI on the desk, with its form beside it."""
    add_quality(page, address)
    page.goto(address + HERE)
    expect(page.get_by_text("Quality").first).to_be_visible()
    page.screenshot(path=str(IMAGES / "designer.png"))


def dashboard(page: Page, address: str) -> None:
    """Plan against actual for each KPI, drawn."""
    page.goto(f"{address}/dashboards/")
    expect(page.locator(".bk-Canvas, .bk-Figure").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.screenshot(path=str(IMAGES / "dashboard.png"))


def main() -> None:
    """Both pictures, as Hana sees the pages."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    executable = find_chromium()
    if executable is None:
        raise SystemExit("No Chromium found; set PLUMBLINE_TEST_CHROMIUM.")
    with ExitStack() as stack:
        databases = Databases({"sqlite": Backend("sqlite", "sqlite://", "built in")}, stack)
        url = stack.enter_context(databases.copy("sqlite", "demo site", prepare))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        address = stack.enter_context(serving(site(url, folder)))
        page = Visit(stack.enter_context(running_browser(executable))).page()
        log_in(page, address, "hana")
        dashboard(page, address)
        designer(page, address)


if __name__ == "__main__":
    main()
