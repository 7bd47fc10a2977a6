"""Closing a goal on its page and over REST: what is typed comes back, five sides, versions and keys."""

from __future__ import annotations

import pytest
from sqlalchemy import event

from portal.extensions import db
from tests.portal.demo_site import logged_in

ROOT = "/api/v1/goals"
SETUP = "Set-up time of line 2 below 20 minutes"


@pytest.fixture
def app(portal):
    return portal


@pytest.fixture
def goal(app):
    """A running, committed goal of Emma's whose key result stands at 70 %."""
    client = logged_in(app, "emma")
    [found] = [one for one in client.get(f"{ROOT}/").json["result"] if one["title"] == SETUP]
    return client.get(f"{ROOT}/{found['definition']}/{found['id']}").json["result"]


def path_of(goal, root="/goals", part=""):
    return f"{root}/{goal['definition']}/{goal['id']}{part}"


def test_the_owner_sees_the_proposed_score_and_what_is_typed_comes_back(app, goal):
    client = logged_in(app, "emma")
    page = client.get(path_of(goal)).text
    assert "The key results give" in page
    assert f'name="score" inputmode="decimal" value="{goal["proposed_score"]:.2f}"' in page
    given = {"closing": "close", "score": "0.95", "reason": "", "explanation": "The second press came late"}
    wrong = client.post(path_of(goal, part="/close"), data=given)
    assert wrong.status_code == 422
    for words in ('value="0.95"', "The second press came late", "Say why the score is not the proposed one."):
        assert words in wrong.text
    stale = client.post(path_of(goal, part="/close"), data={**given, "reason": "x", "version": "9999"})
    assert "Somebody changed this goal in the meantime" in stale.text
    assert client.post(path_of(goal, part="/close"), data={**given, "reason": "It holds since"}).status_code == 303
    for account in ("emma", "derek", "hana"):
        page = logged_in(app, account).get(path_of(goal)).text
        assert 'name="confidence"' not in page, account
        assert "Change the target" not in page, account
        for words in ("Delivered", "It holds since", "The second press came late", "expected to reach 1.0"):
            assert words in page, account
        assert ("Let it run again" in page) == (account != "emma"), account
    assert client.post(path_of(goal, part="/reopen"), data={"reason": "x"}).status_code in (403, 404)
    result = goal["key_results"][0]["id"]
    assert client.get(path_of(goal, part=f"/target/{result}")).status_code == 409
    said = {"result": result, "value": "22", "confidence": "on_track"}
    late = client.post(path_of(goal, part="/check-in"), data=said)
    assert (late.status_code, "This goal is over; open it again first." in late.text) == (409, True)
    derek = logged_in(app, "derek")
    assert derek.post(path_of(goal, part="/reopen"), data={"closing": "reopen", "reason": ""}).status_code == 422
    assert derek.post(path_of(goal, part="/reopen"), data={"reason": "The audit"}).status_code == 303
    page = derek.get(path_of(goal)).text
    for words in ("Opened again by derek", "The audit", "It holds since", "Close the goal"):
        assert words in page


def test_rest_closes_once_by_version_and_key_and_opens_again(app, goal):
    client = logged_in(app, "emma")
    path = path_of(goal, ROOT, "/close")
    assert (goal["expected_score"], goal["closings"], goal["status"]) == (1, [], "active")
    wrong = client.post(path, json={"score": 2})
    assert [one["pointer"] for one in wrong.json["problems"]] == ["/score"]
    assert client.post(path, json={}).json["problems"][0]["pointer"] == "/explanation"
    body = {"explanation": "The second press came late"}
    assert client.post(path, json=body, headers={"If-Match": '"9999"'}).status_code == 412
    sent = {"If-Match": f'"{goal["_version"]}"', "Idempotency-Key": "close-it"}
    first = client.post(path, json=body, headers=sent)
    again = client.post(path, json=body, headers=sent)
    assert (first.status_code, again.headers["Idempotency-Replayed"]) == (200, "true")
    told = first.json["result"]
    assert (told["score"], told["status"], told["progress"]) == (goal["proposed_score"], "done", goal["progress"])
    assert [one["explanation"] for one in told["closings"]] == ["The second press came late"]
    assert client.post(path, json=body).status_code == 409
    back = logged_in(app, "hana").post(path_of(goal, ROOT, "/reopen"), json={"reason": "The audit"}).json["result"]
    assert (back["status"], back["score"], back["closings"][0]["reopened_by"]) == ("active", None, "hana")


def test_what_waits_stands_on_the_start_page_and_leads_to_the_goal(app, goal):
    emma, derek = logged_in(app, "emma"), logged_in(app, "derek")
    said = {"key_result": goal["key_results"][0]["id"], "value": 23, "confidence": "at_risk", "note": "Late parts"}
    assert emma.post(path_of(goal, ROOT, "/check_ins"), json=said).status_code == 201
    [line] = [one for one in derek.get(f"{ROOT}/due").json["result"] if one["kind"] == "answer"]
    assert (line["id"], line["by"], line["title"]) == (goal["id"], "emma", SETUP)
    start = derek.get("/").text
    assert f"Answer emma: {SETUP}" in start
    assert f'href="{path_of(goal)}#said"' in start
    assert f"Answer emma: {SETUP}" not in emma.get("/").text
    assert app.test_client().get(f"{ROOT}/due").status_code == 401
    for account in ("sofia", "liwei", "tariq", "audrey"):
        found = logged_in(app, account).get(f"{ROOT}/due").json["result"]
        assert goal["id"] not in [one["id"] for one in found if one["definition"] == goal["definition"]], account


def test_five_sides(app, goal):
    body = {"explanation": "x"}
    for account in ("sofia", "liwei", "tariq", "audrey"):
        client = logged_in(app, account)
        assert "Close the goal" not in client.get(path_of(goal)).text, account
        assert client.post(path_of(goal, part="/close"), data=body).status_code in (403, 404), account
        assert client.post(path_of(goal, ROOT, "/close"), json=body).status_code in (403, 404), account
        assert client.post(path_of(goal, ROOT, "/reopen"), json={"reason": "x"}).status_code in (403, 404), account
    nobody = app.test_client()
    assert nobody.post(path_of(goal, part="/close"), data=body).status_code == 302
    assert nobody.post(path_of(goal, ROOT, "/close"), json=body).status_code == 401
    assert logged_in(app, "derek").post(path_of(goal, ROOT, "/close"), json=body).status_code == 200


def test_the_page_of_a_goal_costs_a_bounded_number_of_statements(app, goal):
    sent = []
    client = logged_in(app, "emma")
    client.get(path_of(goal))
    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", lambda *call: sent.append(call[2]))
    client.get(path_of(goal))
    assert len(sent) <= 24, len(sent)
