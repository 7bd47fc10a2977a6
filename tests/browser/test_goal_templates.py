"""Derek gives his department goals from a template, watches the job, finds them in the tree and takes them back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import expect

from tests.chromium import axe_violations
from tests.portal.demo_site import log_in
from workflows import queue, tick

OUTPUT = "Output at 90 % of plan with fewer rejects"


@contextmanager
def worker() -> Iterator[None]:
    """Works jobs off meanwhile, as a worker beside the portal does."""
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(0.2):
            tick.settle(queue.bound())

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_a_head_gives_goals_to_the_department_and_takes_them_back(visit, address):
    derek = visit().page()
    log_in(derek, address, "derek")
    derek.goto(f"{address}/records/goal_template/list/")
    derek.get_by_role("link", name="Improvement and learning").first.click()
    expect(derek.get_by_text("Learn what the next half-year needs").first).to_be_visible()
    derek.get_by_role("link", name="Give to a department").click()
    assert axe_violations(derek) == []
    derek.get_by_label("Department", exact=True).select_option(label="Assembly shop")
    derek.get_by_role("button", name="Show what it would do").click()
    expect(derek.get_by_text("Say from when to when, or choose a cycle.")).to_be_visible()
    assert axe_violations(derek) == []
    derek.get_by_label("From").fill("2026-12-01")
    derek.get_by_label("To", exact=True).fill("2027-05-31")
    derek.get_by_label("Contributes to").select_option(label=OUTPUT)
    derek.get_by_label("People without an account, too").check()
    derek.get_by_role("button", name="Show what it would do").click()
    expect(derek.get_by_text("40 people get goals")).to_be_visible()
    derek.get_by_text("Who gets goals", exact=True).click()
    expect(derek.get_by_text("Emma Clarke")).to_be_visible()
    assert axe_violations(derek) == []
    derek.get_by_role("button", name="Give 80 goals").click()
    expect(derek.get_by_role("progressbar", name="Progress")).to_be_visible()
    expect(derek.get_by_role("button", name="Cancel the job")).to_be_visible()
    assert axe_violations(derek) == []
    derek.reload()
    with worker():
        expect(derek.get_by_text("80 goals given")).to_be_visible(timeout=60_000)
    assert axe_violations(derek) == []

    emma = visit(viewport={"width": 360, "height": 800}).page()
    log_in(emma, address, "emma")
    emma.goto(f"{address}/goals/objective_individual/?q=Emma")
    emma.get_by_role("link", name="Emma Clarke: one improvement a month").click()
    expect(emma.get_by_role("link", name=OUTPUT)).to_be_visible()

    derek.get_by_role("button", name="Take them all back").click()
    expect(derek.get_by_text("goals still to be taken back")).to_be_visible()
    with worker():
        expect(derek.get_by_text("80 goals in the recycle bin")).to_be_visible(timeout=60_000)
    emma.goto(f"{address}/goals/objective_individual/?q=Emma")
    expect(emma.get_by_role("link", name="Emma Clarke: one improvement a month")).to_have_count(0)
