"""Derek opens a cycle in which each person's own scorecard counts, sees who has none, launches, and reads the stints."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from portal.app import bind_workflows
from tests.chromium import axe_violations
from tests.portal.cycle_site import rows, settle
from tests.portal.demo_site import log_in, serving, site
from tests.portal.own_cards_site import forget, prepare_own

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True}


@pytest.fixture
def app(databases, tmp_path) -> Iterator[Flask]:
    with databases.copy("sqlite", "demo site, own cards", prepare_own) as url:
        made = site(url, tmp_path)
        bind_workflows(made)
        yield made
        forget(made)


@pytest.fixture
def address(app) -> Iterator[str]:
    with serving(app) as address:
        yield address


def look(page: Page) -> None:
    assert axe_violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"], page.url


def test_a_cycle_with_each_persons_own_from_the_form_to_the_stints(visit, app, address):
    derek = visit().page()
    log_in(derek, address, "derek")
    derek.goto(f"{address}/cycles/new")
    look(derek)
    derek.locator("#field-name").fill("Autumn")
    derek.get_by_label("Scored with").select_option(label="Each person's own scorecard")
    derek.get_by_label("Department").select_option(label="Production")
    derek.get_by_label("Period from").fill("2026-05-01")
    derek.get_by_label("Period to").fill("2026-10-31")
    derek.get_by_role("button", name="Save").click()
    covered = derek.locator("[data-tour=cycle-coverage]")
    expect(covered.get_by_role("link", name="Assembly")).to_be_visible()
    covered.get_by_text("Who they are").click()
    expect(covered.get_by_text("Stamping shop").first).to_be_visible()
    look(derek)
    derek.locator("[data-tour=cycle-launch]").click()
    settle()
    derek.reload()
    (emma,) = rows(app, "employee", account="emma")
    (cycle,) = rows(app, "cycle", name="Autumn")
    (review,) = rows(app, "review", employee=emma["id"], cycle=cycle["id"])
    derek.goto(f"{address}/cycles/reviews/{review['id']}")
    expect(derek.get_by_text("Casting → Assembly")).to_be_visible()
    expect(derek.locator("[data-tour=review-stint]")).to_have_count(2)
    look(derek)
    derek.locator("[data-tour=review-ledger]").click()
    derek.get_by_role("link", name="Compute again").click()
    expect(derek.locator("[data-tour=ledger-check]")).to_contain_text("the same number")
    look(derek)


def test_it_fits_a_phone_in_chinese(visit, app, address):
    (cycle,) = [one for one in rows(app, "cycle") if one["scorecard_choice"] == "own"]
    derek = visit(**PHONE, locale="zh-CN").page()
    log_in(derek, address, "derek")
    derek.goto(f"{address}/cycles/{cycle['id']}/")
    expect(derek.locator("[data-tour=cycle-coverage]")).to_contain_text("没有适用的记分卡")
    look(derek)
    derek.goto(f"{address}/cycles/{cycle['id']}/plan")
    expect(derek.get_by_label("计分方式")).to_have_value("own")
    look(derek)
