"""Derek runs his department's review by clicks, with a real worker; Emma answers on her phone. Also in Chinese."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from portal.app import bind_workflows
from portal.extensions import db
from tests.chromium import axe_violations
from tests.portal.cycle_site import prepare_launched, production, review_of
from tests.portal.demo_site import log_in, prepare, serving, site
from tests.processes import product_environment, running_product

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True}
JOB_SECONDS = 60_000


@pytest.fixture
def app(databases, tmp_path) -> Iterator[Flask]:
    """A draft cycle, and a worker process of the product beside the web."""
    with databases.copy("sqlite", "demo site", prepare) as url:
        made = site(url, tmp_path)
        bind_workflows(made)
        environment = product_environment(tmp_path, DATABASE_URL=url)
        with running_product("worker", environment=environment):
            yield made
        with made.app_context():
            db.session.remove()
            db.engine.dispose()


def look(page: Page) -> None:
    assert axe_violations(page) == []
    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url


def launch(derek: Page, address: str) -> None:
    log_in(derek, address, "derek")
    derek.locator("[data-tour=menu-cycles]").click()
    look(derek)
    derek.locator("[data-tour=cycle-list]").get_by_role("link", name="Production review").click()
    derek.locator("[data-tour=cycle-launch]").click()
    expect(derek.locator("[data-tour=cycle-progress]")).to_be_visible(timeout=JOB_SECONDS)
    expect(derek.locator("[data-tour=cycle-advance]")).to_be_visible(timeout=JOB_SECONDS)  # HTMX loaded it anew
    look(derek)


def hand_in_on_the_phone(emma: Page, address: str) -> None:
    """Two clicks from the start page to a self review that is handed in, but for the words."""
    log_in(emma, address, "emma")
    emma.locator("[data-tour=my-tasks]").get_by_role("link", name="自评：生产部考核").click()
    look(emma)
    emma.get_by_label("您取得的成绩").fill("二号线换模时间缩短到二十分钟以内。")
    emma.get_by_label("您对自己的评级").select_option(label="优秀")
    emma.get_by_role("button", name="提交").click()
    expect(emma.get_by_text("您的自评已提交，谢谢。")).to_be_visible()
    look(emma)


def rate(derek: Page, address: str) -> None:
    derek.goto(f"{address}/")
    derek.locator("[data-tour=my-tasks]").get_by_role("link", name="Review of Emma Clarke").click()
    expect(derek.get_by_text("二号线换模时间缩短到二十分钟以内。")).to_be_visible()
    figures = derek.locator("[data-tour=review-figures]")
    expect(figures.get_by_role("row", name="Production output")).to_contain_text("92.2 %")
    look(derek)
    derek.get_by_label("Proposed rating").select_option(label="Outstanding")
    derek.get_by_label("Comment for Emma Clarke").fill("You made line 2 what it is.")
    derek.get_by_role("button", name="Save the rating").click()
    expect(derek.get_by_text("The rating differs from the computed one; say why.")).to_be_visible()
    expect(derek.get_by_label("Comment for Emma Clarke")).to_have_value("You made line 2 what it is.")
    derek.get_by_label("Reason, needed").fill("Led the set-up project alone")
    derek.get_by_role("button", name="Save the rating").click()
    expect(derek.get_by_text("The rating was saved.")).to_be_visible()


def rate_the_head(hana: Page, address: str, review: int) -> None:
    log_in(hana, address, "hana")
    hana.goto(f"{address}/cycles/reviews/{review}")
    hana.get_by_label("Comment for Derek Miller").fill("Output is back on plan.")
    hana.get_by_label("Reason, needed").fill("His own manager has no account")
    hana.get_by_role("button", name="Save the rating").click()
    expect(hana.get_by_text("The rating was saved.")).to_be_visible()


def close(derek: Page, address: str, cycle: int) -> None:
    derek.locator("[data-tour=cycle-accept]").click()
    derek.get_by_label("Reason, kept with each").fill("The figures say what there is to say")
    derek.get_by_role("button", name="Accept").click()
    expect(derek.get_by_text("ratings were accepted as computed.")).to_be_visible()
    expect(derek.get_by_text("Everybody is rated.")).to_be_visible()
    look(derek)
    derek.locator("[data-tour=cycle-close]").click()
    expect(derek.get_by_text("The cycle is closed:")).to_be_visible()
    look(derek)


def test_a_review_cycle_runs_from_launch_to_its_results(visit, app, address):
    derek, emma, hana = visit().page(), visit(locale="zh-CN", **PHONE).page(), visit().page()
    launch(derek, address)
    hand_in_on_the_phone(emma, address)
    rate(derek, address)
    derek.goto(f"{address}/cycles/{production(app)}/")
    derek.locator("[data-tour=cycle-advance]").click()
    expect(derek.get_by_role("alert")).to_contain_text("people have not handed in their self review")
    derek.get_by_label("Go on although").check()
    derek.locator("[data-tour=cycle-advance]").click()
    expect(derek.locator("[data-tour=cycle-accept]")).to_be_visible(timeout=JOB_SECONDS)
    rate_the_head(hana, address, review_of(app, "derek")["id"])
    derek.reload()
    close(derek, address, production(app))
    emma.goto(f"{address}/cycles/")
    expect(emma.locator("[data-tour=my-review]")).to_contain_text("卓越")
    emma.locator("[data-tour=my-review]").get_by_role("link").first.click()
    expect(emma.get_by_text("You made line 2 what it is.")).to_be_visible()
    expect(emma.get_by_text("Led the set-up project alone")).to_be_visible()
    look(emma)


@pytest.fixture
def launched(databases, tmp_path) -> Iterator[Flask]:
    with databases.copy("sqlite", "demo site, cycle launched", prepare_launched) as url:
        made = site(url, tmp_path)
        bind_workflows(made)
        yield made
        with made.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_are_accessible_and_fit_the_screen(visit, launched, locale, width, theme):
    with serving(launched) as address:
        page = visit(locale=locale, viewport={"width": width, "height": 900}).page()
        log_in(page, address, "derek")
        page.context.add_cookies([{"name": "theme", "value": theme, "url": address}])
        cycle, own = production(launched), review_of(launched, "derek")["id"]
        other = review_of(launched, "emma")["id"]
        paths = (
            "",
            "new",
            f"{cycle}/",
            f"{cycle}/plan",
            f"{cycle}/?step=not_rated",
            f"reviews/{own}",
            f"reviews/{other}",
        )
        for path in paths:
            page.goto(f"{address}/cycles/{path}")
            look(page)
            if locale == "zh-CN":
                assert "%(" not in page.inner_text("main")
                assert page.inner_text("h1") not in {"Reviews", "New cycle", "Plan of the cycle", "My review"}
