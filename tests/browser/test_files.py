"""A file in a form as people attach one: with progress, replaced, refused at its place, seen afterwards; on a phone too."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.chromium import axe_violations
from tests.portal.demo_site import log_in, logged_in, prepare, serving, site
from tests.portal.test_files import DOCUMENT
from tests.samples import HTML, PNG


@pytest.fixture
def address(databases, tmp_path) -> Iterator[str]:
    with databases.copy("sqlite", "demo site", prepare) as url:
        app = site(url, tmp_path)
        app.config["WTF_CSRF_ENABLED"] = False
        sent = json.dumps({"documents": [DOCUMENT], "comment": "Proofs"})
        made = logged_in(app, "hana").post("/api/v1/definitions/publish", data=sent, content_type="application/json")
        assert made.status_code == 200
        app.config["WTF_CSRF_ENABLED"] = True
        with serving(app) as address:
            yield address


def chosen(name: str, content: bytes) -> dict[str, object]:
    return {"name": name, "mimeType": "image/png", "buffer": content}


@pytest.mark.parametrize(("locale", "width"), [("zh-CN", 360)])
def test_a_file_is_attached_replaced_and_seen(visit, address, locale, width):
    visitor = visit(locale=locale, viewport={"width": width, "height": 900})
    page = visitor.page()
    log_in(page, address, "hana")
    page.goto(f"{address}/records/proof/add")
    paper = page.locator('[data-field="paper"]')
    page.set_input_files("#field-paper", [chosen("photo.png", PNG)])
    expect(paper.locator("[data-file-link]")).to_have_text("photo.png")
    expect(paper.get_by_role("status")).to_contain_text("photo.png")
    expect(paper.locator("[data-file-progress]")).to_be_hidden()
    page.set_input_files("#field-paper", [chosen("page.png", HTML)])
    wrong = paper.locator("[data-file-wrong]")
    expect(wrong).to_contain_text("page.png")
    expect(page.locator("#field-paper")).to_have_attribute("aria-invalid", "true")
    expect(paper.locator("[data-file-link]")).to_have_text("photo.png")  # what was there stays
    assert axe_violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator('[data-tour="record-save"]').click()  # the name is missing
    expect(page.locator("#error-field-name")).to_be_visible()
    expect(page.locator('[data-field="paper"] [data-file-link]')).to_have_text("photo.png")
    page.fill("#field-name", "Emma")
    page.locator('[data-tour="record-save"]').click()
    picture = page.locator(".file-preview img")
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("naturalWidth", 1)  # it is loaded when it comes into sight
    assert axe_violations(page) == []
    page.goto(page.url.replace("/show/", "/edit/"))
    page.set_input_files("#field-paper", [chosen("second.png", PNG)])
    page.locator('[data-tour="record-save"]').click()  # at once: the save waits for the upload
    expect(page.locator(".list-group")).to_contain_text("photo.png → second.png")
    page.goto(page.url.replace("/show/", "/edit/"))
    page.locator("[data-file-remove]").first.press("Enter")
    expect(page.locator("#field-paper")).to_be_focused()
    page.locator('[data-tour="record-save"]').click()
    expect(page.locator(".file-preview")).to_have_count(0)
    assert visitor.problems == []
