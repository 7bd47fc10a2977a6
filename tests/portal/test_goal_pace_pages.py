"""The pace of goals on pages and over REST: status, chart with its table, own points; five sides, bounded statements."""

from __future__ import annotations

import re
from datetime import date

import pytest
from sqlalchemy import event

from metadata.engine import writing
from portal.extensions import db
from tests.portal.demo_site import logged_in
from tests.portal.test_goal_pages import catalog_of

ROOT = "/api/v1/goals"
SETUP = "Set-up time of line 2 below 20 minutes"


@pytest.fixture
def app(portal):
    return portal


@pytest.fixture
def setup(app):
    """A running goal of Emma's, whole."""
    client = logged_in(app, "emma")
    [found] = [one for one in client.get(f"{ROOT}/").json["result"] if one["title"] == SETUP]
    return client.get(f"{ROOT}/{found['definition']}/{found['id']}").json["result"]


def page_of(goal, part=""):
    return f"/goals/{goal['definition']}/{goal['id']}{part}"


def points_at(goal, root=ROOT, part="pace"):
    return f"{root}/{goal['definition']}/{goal['id']}/key_results/{goal['key_results'][0]['id']}/{part}"


def editor(goal):
    return page_of(goal, f"/pace/{goal['key_results'][0]['id']}")


def inside(goal, app):
    """A day in the middle of the goal's time."""
    record = logged_in(app, "hana").get(f"/api/v1/{goal['definition']}/{goal['id']}").json["result"]
    return record["period_start"][:8] + "20"


def test_status_line_and_numbers_stand_on_the_goal_in_the_tree_and_in_rest(app, setup):
    assert setup["pace"]["status"] in ("on_track", "at_risk", "behind", "overdue")
    assert setup["key_results"][0]["pace"]["line"] == "straight"
    client = logged_in(app, "emma")
    page = client.get(page_of(setup)).text
    assert 'role="img" aria-label="Set-up time: ' in page
    assert "expected by now" in page
    assert "The way of Set-up time" in page
    words = {"on_track": "On track", "at_risk": "At risk", "behind": "Behind", "overdue": "Overdue"}
    assert f"Pace: {words[setup['pace']['status']]}" in page
    [item] = re.findall(rf"{SETUP}</a>.*?</span></span>", client.get("/goals/").text, re.DOTALL) or [""]
    branch = client.get("/goals/").text
    assert words[setup["pace"]["status"]] in (item or branch)


def test_own_points_are_set_on_the_page_and_come_back_as_typed_where_they_are_wrong(app, setup):
    client, day = logged_in(app, "emma"), inside(setup, app)
    wrong = client.post(editor(setup), data={"day": [day, "", day], "share": ["40", "", "many"]})
    assert wrong.status_code == 422
    assert 'value="many"' in wrong.text
    assert "A per cent from 0 to 100 is expected here" in wrong.text
    falls = client.post(editor(setup), data={"day": [day, day], "share": ["40", "50"]})
    assert "Each day comes after the one before it" in falls.text
    far = client.post(editor(setup), data={"day": ["2031-01-01"], "share": ["40"]})
    assert "This day lies outside the time of the goal." in far.text
    assert client.post(editor(setup), data={"day": [day, ""], "share": ["40", ""]}).status_code == 303
    told = client.get(f"{ROOT}/{setup['definition']}/{setup['id']}").json["result"]["key_results"][0]
    assert told["points"] == [{"day": day, "share": 40}]
    assert told["pace"]["line"] == "own"
    stale = client.post(editor(setup), data={"day": [], "share": [], "version": setup["_version"]})
    assert stale.status_code in (409, 412)


def test_rest_sets_points_by_version_and_takes_them_back(app, setup):
    client, day = logged_in(app, "emma"), inside(setup, app)
    body = {"points": [{"day": day, "share": 25.5}]}
    assert client.put(points_at(setup), json=body, headers={"If-Match": '"999"'}).status_code == 412
    told = client.put(points_at(setup), json=body, headers={"If-Match": f'"{setup["_version"]}"'}).json["result"]
    assert told["key_results"][0]["points"] == body["points"]
    wrong = client.put(points_at(setup), json={"points": [{"day": "soon", "share": 101}]})
    assert [one["pointer"] for one in wrong.json["problems"]] == ["/points/0/day", "/points/0/share"]
    assert client.put(points_at(setup), json={"points": 3}).json["problems"][0]["pointer"] == "/points"
    told = client.put(points_at(setup), json={"points": []}).json["result"]["key_results"][0]
    assert (told["points"], told["pace"]["line"]) == ([], "straight")


def test_five_sides(app, setup):
    body = {"points": []}
    for account in ("hana", "derek", "emma"):
        assert "Save the pace" in logged_in(app, account).get(editor(setup)).text, account
        assert logged_in(app, account).put(points_at(setup), json=body).status_code == 200, account
    for account in ("sofia", "liwei", "tariq", "audrey"):
        client = logged_in(app, account)
        page = client.get(editor(setup))
        assert (page.status_code, "Save the pace" in page.text) == (200, False), account
        assert client.post(editor(setup), data={"day": [], "share": []}).status_code in (403, 404), account
        assert client.put(points_at(setup), json=body).status_code in (403, 404), account
    nobody = app.test_client()
    assert nobody.get(editor(setup)).status_code == 302
    assert nobody.put(points_at(setup), json=body).status_code == 401
    assert logged_in(app, "emma").get(page_of(setup, "/pace/999999")).status_code == 404


def test_a_goal_without_an_end_in_sight_spoils_no_page(app, setup):
    with app.app_context():
        table = catalog_of(app)[setup["definition"]].table
        with writing():
            db.session().execute(table.update().where(table.c.id == setup["id"]).values(period_end=date.max))
            db.session.commit()
        db.session.remove()
    client = logged_in(app, "emma")
    for path in ("/goals/", "/", page_of(setup), editor(setup), page_of(setup).replace("/goals", ROOT), f"{ROOT}/due"):
        assert client.get(path).status_code == 200, path


def test_the_page_of_a_pace_costs_few_statements(app, setup):
    sent = []
    client = logged_in(app, "emma")
    client.get(editor(setup))
    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", lambda *call: sent.append(call[2]))
    client.get(editor(setup))
    assert len(sent) <= 12, sent


def test_a_closed_goal_keeps_its_pace(app, setup):
    emma = logged_in(app, "emma")
    assert "Save the pace" in emma.get(editor(setup)).text
    given = {"score": f"{setup['proposed_score']:.2f}", "reason": "", "explanation": "It took longer"}
    assert emma.post(page_of(setup, "/close"), data={"closing": "close", **given}).status_code == 303
    assert "Save the pace" not in emma.get(editor(setup)).text
    refused = emma.post(editor(setup), data={"day": inside(setup, app), "share": "10"})
    assert refused.status_code == 409
    assert "This goal is over; open it again first." in refused.text
