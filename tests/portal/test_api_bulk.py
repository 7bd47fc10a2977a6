"""Many records in one REST request: all or nothing, or row by row, each with its answer."""

from __future__ import annotations

import pytest
from sqlalchemy import event, func, select

from metadata import store
from portal.extensions import db
from tests.portal.demo_site import logged_in

pytestmark = pytest.mark.both_databases

BULK = "/api/v1/department/_bulk"
OUTPUT = "/api/v1/production_output/_bulk"


def row(number: int, **more):
    return {"code": f"B{number}", "name": f"Bulk {number}", "name_zh": f"批{number}", **more}


@pytest.fixture
def hana(portal):
    return logged_in(portal, "hana")


def test_rows_are_added_and_changed_and_each_is_told(hana):
    made = hana.post(BULK, json={"rows": [row(i) for i in range(3)]}).json
    assert (made["created"], made["rejected"]) == (3, 0)
    ids = [r["id"] for r in made["result"]]
    rows = [{"id": ids[0], "name": "Zero"}, row(9), {"id": ids[1], "name": "Bulk 1"}]
    told = hana.post(BULK, json={"rows": rows}).json
    assert [r["status"] for r in told["result"]] == ["changed", "created", "unchanged"]
    assert [r["_version"] for r in told["result"]] == [2, 1, 1]
    assert hana.get(f"/api/v1/department/{ids[0]}").json["result"]["name"] == "Zero"


def test_one_bad_row_keeps_all_out_and_every_problem_has_its_place(hana):
    before = hana.get("/api/v1/department/").json["count"]
    rows = [row(1), row(2, name=5), "text", {"id": 999999, "name": "x"}, row(1), {"id": "one"}]
    answer = hana.post(BULK, json={"rows": rows})
    assert answer.status_code == 422
    pointers = {p["pointer"] for p in answer.json["problems"]}
    assert pointers == {"/rows/1/name", "/rows/2", "/rows/3", "/rows/4/code", "/rows/5/id"}
    assert hana.get("/api/v1/department/").json["count"] == before


def test_row_by_row_the_good_ones_stay(hana):
    answer = hana.post(BULK, json={"rows": [row(1), row(2, name=None), row(3)], "all_or_nothing": False})
    assert answer.status_code == 200
    assert [r["status"] for r in answer.json["result"]] == ["created", "rejected", "created"]
    assert answer.json["result"][1]["problems"][0]["pointer"] == "/rows/1/name"


def test_a_stale_row_is_named_and_a_value_given_up_is_free_in_the_same_batch(hana):
    ids = [r["id"] for r in hana.post(BULK, json={"rows": [row(1), row(2)]}).json["result"]]
    stale = hana.post(BULK, json={"rows": [{"id": ids[0], "_version": 7, "name": "x"}]})
    assert stale.json["problems"][0]["pointer"] == "/rows/0/_version"
    moved = hana.post(BULK, json={"rows": [row(1), {"id": ids[0], "_version": 1, "code": "B7"}]})
    assert moved.json["created"] == moved.json["changed"] == 1
    taken = hana.post(BULK, json={"rows": [{"id": ids[0], "code": "B2"}]})
    assert taken.json["problems"][0]["pointer"] == "/rows/0/code"


def test_the_audit_and_the_events_come_with_it_in_few_statements(portal, hana):
    statements: list[str] = []
    with portal.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    ids = [r["id"] for r in hana.post(BULK, json={"rows": [row(i) for i in range(200)]}).json["result"]]
    # SQLite gives ids back row by row; nothing else is asked for each row
    assert len([s for s in statements if not s.startswith("INSERT INTO rec_")]) < 20
    statements.clear()
    assert hana.post(BULK, json={"rows": [{"id": i, "name": f"again {i}"} for i in ids]}).json["changed"] == 200
    assert len(statements) < 20
    with portal.app_context():
        written = select(func.count()).where(
            store.audit.c.definition == "department", store.audit.c.record_id.in_(ids), store.audit.c.action == "create"
        )
        assert db.session.scalar(written) == 200
        last = db.session.execute(select(store.outbox).order_by(store.outbox.c.id.desc()).limit(1)).one()
        db.session.remove()
    assert last.topic == "record.changed"
    assert sorted(last.payload["ids"]) == sorted(ids)


def test_what_one_may_not_do_is_refused_from_every_side(portal, hana):
    derek, sofia, emma = (logged_in(portal, name) for name in ("derek", "sofia", "emma"))
    mine = derek.get("/api/v1/production_output/?page_size=2").json["ids"]
    assert derek.post(OUTPUT, json={"rows": [{"id": mine[0], "note": "seen"}]}).json["changed"] == 1
    foreign = sofia.post(OUTPUT, json={"rows": [{"id": mine[0], "note": "mine"}]})
    assert foreign.status_code in {404, 422}
    assert derek.get(f"/api/v1/production_output/{mine[0]}").json["result"]["note"] == "seen"
    assert emma.post(OUTPUT, json={"rows": [{"id": mine[0], "note": "x"}]}).status_code == 404
    assert portal.test_client().post(OUTPUT, json={"rows": []}).status_code == 401


def test_nobody_moves_a_record_out_of_the_own_reach(portal):
    derek, hana = logged_in(portal, "derek"), logged_in(portal, "hana")
    sales = hana.get("/api/v1/department/?name=Sales").json["ids"][0]
    mine = derek.get("/api/v1/production_output/?page_size=2").json["ids"]
    rows = [{"id": mine[0], "department": sales}, {"id": mine[1], "note": "stays"}]
    assert derek.post(OUTPUT, json={"rows": rows}).status_code == 422
    told = derek.post(OUTPUT, json={"rows": rows, "all_or_nothing": False}).json
    assert [r["status"] for r in told["result"]] == ["rejected", "changed"]


@pytest.mark.parametrize(
    "body", [{}, {"rows": []}, {"rows": 5}, {"rows": [{}] * 1001}, {"rows": [{}], "all_or_nothing": 1}]
)
def test_a_request_that_is_none_says_what_is_expected(hana, body):
    assert hana.post(BULK, json=body).status_code == 422
