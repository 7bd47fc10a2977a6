"""Finding a Chromium and starting it the way a closed machine needs it.

Used by the browser fixtures of tests/conftest.py. Playwright's own browsers are not downloaded:
the suite drives the installed one, named by PLUMBLINE_TEST_CHROMIUM or found on PATH.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",  # no way out
)
LOCAL_HOSTS = {"127.0.0.1", "localhost", "::1"}
AXE_SOURCE = Path(__file__).parent / "browser" / "axe.min.js"
# No preload: axe copies styles into a document of its own, which the page's policy rightly reports as a breach.
AXE_CALL = "axe.run(document, {resultTypes: ['violations'], preload: false}).then(found => found.violations)"


def find_chromium() -> str | None:
    named = os.environ.get("PLUMBLINE_TEST_CHROMIUM")
    return named or next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def running_browser(executable: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


class Visit:
    """One person's browser: cookies of their own, and a record of everything that went wrong."""

    def __init__(self, browser: Browser, **options: object) -> None:
        settings: dict[str, object] = {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB"}
        self.context: BrowserContext = browser.new_context(**(settings | options))  # type: ignore[arg-type]
        self.problems: list[str] = []
        self.context.on("request", self._watch)  # a route would look at each request first, and nothing were kept
        self.context.on("weberror", lambda error: self.problems.append(f"script error: {error.error}"))
        self.context.on("console", self._listen)

    def page(self) -> Page:
        page = self.context.new_page()
        page.set_default_timeout(15_000)
        return page

    def _watch(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in ("http", "https", "ws", "wss") and address.hostname not in LOCAL_HOSTS:
            self.problems.append(f"request would leave this host: {request.url}")

    def _listen(self, message: object) -> None:
        kind, text = getattr(message, "type", ""), getattr(message, "text", "")
        if kind == "error" and "Content Security Policy" in text:
            self.problems.append(f"policy: {text}")


def axe_violations(page: Page) -> list[str]:
    """What axe finds wrong on the page as it stands, one line each: rule, and the elements."""
    page.evaluate(AXE_SOURCE.read_text(encoding="utf-8"))
    found = page.evaluate(AXE_CALL)
    return [f"{rule['id']}: {[node['target'] for node in rule['nodes']]} ({rule['help']})" for rule in found]
