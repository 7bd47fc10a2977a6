"""The start page: for each login the cards of their work, in few statements, with nothing they may not see."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import event

from metadata import records
from metadata.access import system
from metadata.engine import writing
from portal.extensions import db
from portal.units import utcnow
from tests.portal.demo_site import logged_in
from workflows import jobs
from workflows.cycles.launching import KIND

STATEMENTS = 20  # 4 for the frame of every page, 3 for what waits among goals, the rest for the cards
MINE = ["my-tasks", "my-goals", "my-reviews", "my-courses"]


def cards(text):
    return re.findall(r'home-card" data-tour="([\w-]+)"', text)


def card(text, name):
    return text.split(f'home-card" data-tour="{name}"')[1].split("</section>")[0]


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        ("hana", {"figures", "running-cycles", "published", "jobs", *MINE}),
        ("derek", {"figures", "running-cycles", "my-people", *MINE}),
        ("tariq", {"next-sessions", "open-onboarding", *MINE}),
        ("emma", set(MINE)),
        ("audrey", {"figures", "audit-trail", *MINE}),
    ],
)
def test_each_login_finds_the_cards_of_their_work(portal, account, expected):
    client = logged_in(portal, account)
    found = cards(client.get("/").text)
    assert expected <= set(found)
    assert set(found) == expected
    assert found[0] == "my-tasks"
    statements: list[str] = []
    with portal.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    assert client.get("/").status_code == 200
    asked = [text for text in statements if not text.startswith(("BEGIN", "SAVEPOINT"))]
    assert len(asked) <= STATEMENTS, asked


def test_every_link_of_a_card_opens(portal):
    for account in ("hana", "derek", "tariq", "emma", "audrey"):
        client = logged_in(portal, account)
        text = client.get("/").text.split("<main")[1]
        for link in set(re.findall(r'href="(/[^"]*)"', text)):
            answer = client.get(link.replace("&amp;", "&"))
            assert answer.status_code == 200, (account, link)


def test_a_review_waits_for_whom_it_is_and_for_its_reviewer(portal):
    with portal.app_context(), writing():
        session = db.session()
        catalog = portal.extensions["plumbline_catalogs"].current(session)
        who, now = system("test"), utcnow()

        def person(account):
            asked = records.Query(filters=(records.Filter("account", "eq", account),))
            return records.select(session, catalog, "employee", who, asked).rows[0]

        def add(kind, **values):
            return records.create(session, catalog, kind, who, values, now=now, form="python").id

        emma, derek, today = person("emma"), person("derek"), now.date()
        card_id = records.select(session, catalog, "scorecard", who, records.Query()).rows[0].id
        cycle = add(
            "cycle", name="Autumn", name_zh="秋季", scorecard=card_id, department=emma["department"],
            period_start=today - timedelta(180), period_end=today, step="self_review",
        )  # fmt: skip
        common = {"cycle": cycle, "department": emma["department"], "reviewer": derek.id}
        add("review", employee=emma.id, step="self_review", **common)
        other = records.select(session, catalog, "employee", who, records.Query(page_size=1, page=40)).rows[0]
        add("review", employee=other.id, step="manager_review", **common)
        session.commit()
        name = other["name"]
        db.session.remove()
    emma_page = logged_in(portal, "emma").get("/").text
    assert "Self review: Autumn" in card(emma_page, "my-tasks")
    assert "Self review" in card(emma_page, "my-reviews")
    derek_page = logged_in(portal, "derek").get("/").text
    assert f"Review of {name}" in card(derek_page, "my-tasks")
    assert "Autumn" in card(derek_page, "running-cycles")
    assert "Autumn" not in logged_in(portal, "sofia").get("/").text


def test_a_job_is_named_in_the_readers_language(portal):
    with portal.app_context(), writing():
        session, names = db.session(), {"en": "Autumn", "zh": "秋季"}
        jobs.start(session, KIND, {"cycle": 1}, system("hana"), utcnow(), title_params={"cycle": names})
        session.commit()
        db.session.remove()
    hana = logged_in(portal, "hana")
    assert "Autumn" in card(hana.get("/").text, "jobs")
    shown = card(hana.get("/", headers={"Accept-Language": "zh"}).text, "jobs")
    assert "秋季" in shown
    assert "{" not in shown
