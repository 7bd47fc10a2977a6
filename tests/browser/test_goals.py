"""A change flows down: Hana changes a company target, Derek walks the tree by keys and adopts it. In a real browser."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.chromium import axe_violations
from tests.portal.demo_site import log_in

COMPANY = "Right the first time: pass rate of 95 %"
OUTPUT = "Output at 90 % of plan with fewer rejects"


def test_a_department_head_adopts_a_cascaded_change(visit, address):
    hana = visit().page()
    log_in(hana, address, "hana")
    hana.goto(f"{address}/goals/")
    hana.get_by_role("link", name=COMPANY).click()
    # What only screen readers read is a block of its own once the style sheet is there: a space stands before it.
    hana.get_by_role("link", name=re.compile("Change the target ?: Pass rate")).click()
    hana.get_by_label("New target (%)").fill("97")
    hana.get_by_role("button", name="Show what it would do").click()
    expect(hana.get_by_text("Say why, in up to 2000 characters.")).to_be_visible()
    hana.get_by_label("Why").fill("A new customer asks for it")
    hana.get_by_role("button", name="Show what it would do").click()
    expect(hana.get_by_role("cell", name=OUTPUT)).to_be_visible()
    assert axe_violations(hana) == []
    hana.get_by_role("button", name="Change it and propose").click()
    expect(hana.get_by_text("Waits for the owner")).to_be_visible()
    assert axe_violations(hana) == []

    derek = visit(viewport={"width": 360, "height": 800}).page()
    log_in(derek, address, "derek")
    derek.goto(f"{address}/goals/")
    assert axe_violations(derek) == []
    item = derek.get_by_role("treeitem", name=COMPANY).first
    item.focus()
    derek.keyboard.press("ArrowLeft")
    expect(item).to_have_attribute("aria-expanded", "false")
    derek.keyboard.press("ArrowRight")
    derek.keyboard.press("ArrowRight")
    derek.keyboard.press("ArrowRight")
    expect(derek.get_by_role("link", name="Furnace without unplanned stops")).to_be_visible()
    derek.keyboard.press("Enter")
    expect(derek.get_by_role("heading", name=OUTPUT)).to_be_visible()
    expect(derek.get_by_text("For “Pass rate” 97 is proposed instead of 95.")).to_be_visible()
    assert axe_violations(derek) == []
    derek.get_by_role("button", name="Accept 97").click()
    expect(derek.get_by_text("Your decision was saved.")).to_be_visible()
    expect(derek.get_by_text("from 92 to 97 %")).to_be_visible()

    hana.reload()
    expect(hana.get_by_text("Accepted")).to_be_visible()
    hana.get_by_role("button", name="Undo the whole change").click()
    expect(hana.get_by_text("Undone by hana")).to_be_visible()
