"""One field of many records over REST: tried out, changed, looked at, undone; what the page does, and no more."""

from __future__ import annotations

import json

import pytest

from portal.app import bind_workflows
from portal.extensions import db
from tests import field_contract
from tests.field_contract import TABLE, plain
from tests.portal.demo_site import logged_in
from workflows import tick
from workflows.installation import bound

API = "/api/v1/production_output"
EDITS = f"{API}/_edits"


@pytest.fixture
def derek(portal):
    return logged_in(portal, "derek")


@pytest.fixture
def hana(portal):
    return logged_in(portal, "hana")


def published(client):
    """Bring the definition with a field of each type into force."""
    sent = json.dumps({"documents": [field_contract.definition()], "comment": "Contract"})
    assert client.post("/api/v1/definitions/publish", data=sent, content_type="application/json").status_code == 200


def notes(client, ids):
    return [client.get(f"{API}/{i}").json["result"]["note"] for i in ids]


def mine(client, size=3):
    return client.get(f"{API}/?page_size={size}").json["ids"]


def test_a_change_is_tried_out_made_shown_and_undone(derek):
    ids = mine(derek)
    derek.patch(f"{API}/{ids[0]}", json={"note": "seen"})
    body = {"field": "note", "value": "seen", "ids": ids}
    tried = derek.post(EDITS, json={**body, "dry_run": True})
    assert (tried.status_code, tried.json["counts"]) == (200, {"changed": 2, "same": 1, "refused": 0})
    assert {row["after"] for row in tried.json["changed"]} == {"seen"}
    assert notes(derek, ids) == ["seen", None, None]
    made = derek.post(EDITS, json=body)
    assert made.status_code == 201
    assert notes(derek, ids) == ["seen"] * 3
    shown = derek.get(made.headers["Location"]).json["result"]
    assert shown["may_be_undone"]
    assert {(row["id"], row["before"], row["after"]) for row in shown["records"]} == {
        (i, None, "seen") for i in ids[1:]
    }
    assert [row["id"] for row in derek.get(EDITS).json["result"]] == [shown["id"]]
    derek.patch(f"{API}/{ids[1]}", json={"note": "mine"})
    undone = derek.post(f"{made.headers['Location']}/undo").json["result"]
    assert (undone["counts"]["undone"], undone["counts"]["kept"], undone["may_be_undone"]) == (1, 1, False)
    assert notes(derek, ids) == ["seen", "mine", None]
    assert derek.post(f"{made.headers['Location']}/undo").status_code == 409


def test_all_that_answer_the_question_are_changed_by_a_job(portal, derek):
    asked = "line=stamping&shift=early"
    count = derek.get(f"{API}/?{asked}&page_size=1").json["count"]
    made = derek.post(f"{EDITS}?{asked}", json={"field": "note", "value": "all", "all": True})
    assert (made.status_code, made.json["result"]["counts"]["waiting"]) == (202, count)
    assert made.json["result"]["job"]
    with portal.app_context():
        bind_workflows(portal)
        tick.settle(bound())
        db.session.remove()
    assert derek.get(made.headers["Location"]).json["result"]["counts"]["changed"] == count
    assert derek.get(f"{API}/?note=all&page_size=1").json["count"] == count


WRONG = (
    ({"field": "shift", "value": "noon", "ids": [1]}, "/shift"),
    ({"field": "planned", "value": None, "ids": [1]}, "/planned"),
    ({"field": "shift", "operation": "add", "value": 1, "ids": [1]}, "/operation"),
    ({"field": "day", "operation": "add", "value": "soon", "ids": [1]}, "/day"),
    ({"field": "nothing", "operation": "clear", "ids": [1]}, "/field"),
    ({"field": 7, "operation": "clear", "ids": [1]}, "/field"),
    ({"field": "note", "operation": "clear"}, "/ids"),
    ({"field": "note", "operation": "clear", "ids": [1], "all": True}, "/ids"),
    ({"field": "note", "operation": "clear", "ids": ["1"]}, "/ids"),
    ({"field": "note", "operation": "clear", "ids": [1] * 1001}, "/ids"),
    ({"field": "note", "operation": "clear", "ids": []}, "/ids"),
    ({"field": "note", "operation": "clear", "all": 1}, "/all"),
    ({"field": "note", "operation": "clear", "ids": [1], "force": True}, "/force"),
)


def test_what_cannot_be_done_is_said_at_its_place(hana):
    for body, pointer in WRONG:
        answer = hana.post(EDITS, json=body)
        assert answer.status_code == 422, body
        assert [p["pointer"] for p in answer.json["problems"]] == [pointer], body


def test_five_sides(portal, derek, hana):
    sales = hana.get("/api/v1/department/?code=SAL").json["ids"][0]
    hidden = hana.post(f"{API}/", json={"day": "2026-10-01", "department": sales, "planned": 5, "produced": 4}).json[
        "id"
    ]
    seen = mine(derek, 1)[0]
    body = {"field": "note", "value": "derek was here", "ids": [seen, hidden]}
    assert derek.post(EDITS, json={**body, "dry_run": True}).json["total"] == 1
    place = derek.post(EDITS, json=body).headers["Location"]
    assert notes(hana, [seen, hidden]) == ["derek was here", None]
    assert logged_in(portal, "sofia").get(place).status_code == 404
    assert logged_in(portal, "sofia").post(f"{place}/undo").status_code == 404
    assert hana.get(place).json["result"]["may_be_undone"] is False  # HR sees it; who made it undoes it
    assert hana.post(f"{place}/undo").status_code == 403
    assert hana.get(place.replace("production_output", "employee")).status_code == 404
    for account in ("emma", "audrey"):
        other = logged_in(portal, account)
        assert other.post(EDITS, json=body).status_code == 404
        assert other.get(place).status_code == 404
        assert f"{EDITS}" not in other.get("/api/v1/_openapi").json["paths"]
    assert portal.test_client().post(EDITS, json=body).status_code == 401
    assert EDITS in derek.get("/api/v1/_openapi").json["paths"]


def test_every_type_is_changed_emptied_and_given_back(hana):
    published(hana)
    rows = [{"code": code, **{one.field: one.low for one in TABLE}} for code in ("a", "b")]
    ids = [row["id"] for row in hana.post("/api/v1/contract/_bulk", json={"rows": rows}).json["result"]]

    def stored(field):
        return [plain(hana.get(f"/api/v1/contract/{i}").json["result"][field]) for i in ids]

    for one in TABLE:
        none = [] if isinstance(one.low, list) else None
        for body, after in (({"value": one.high}, plain(one.high)), ({"operation": "clear"}, none)):
            made = hana.post("/api/v1/contract/_edits", json={"field": one.field, "ids": ids, **body})
            assert made.json["result"]["counts"]["changed"] == 2, (one.field, made.text)
            assert stored(one.field) == [after] * 2, one.field
            undone = hana.post(f"{made.headers['Location']}/undo").json["result"]
            assert undone["counts"]["undone"] == 2, (one.field, undone)
            assert stored(one.field) == [plain(one.low)] * 2, one.field


ADDED = (
    ("f_references", [2], [1], [2, 1]),
    ("f_choices", ["tue"], ["mon"], ["mon", "tue"]),
    ("f_choices", ["tue"], ["tue"], ["tue"]),
    ("f_integer", 2, 3, 5),
    ("f_decimal", 2.5, 0.25, 2.75),
    ("f_date", "2026-01-31", 1, "2026-02-01"),
)


def test_entries_amounts_and_days_are_added(hana):
    published(hana)
    for place, (field, start, value, after) in enumerate(ADDED):
        number = hana.post("/api/v1/contract/", json={"code": f"c{place}", field: start}).json["id"]
        body = {"field": field, "operation": "add", "value": value, "ids": [number]}
        assert hana.post("/api/v1/contract/_edits", json=body).status_code == 201, field
        assert hana.get(f"/api/v1/contract/{number}").json["result"][field] == after, field
