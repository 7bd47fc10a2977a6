"""A POST that is sent twice with one key is done once, whatever comes between."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

from sqlalchemy import event, func, insert, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from portal import units
from portal.app import bind_workflows
from portal.extensions import db
from tests.portal.demo_site import logged_in
from workflows import store, tick
from workflows.installation import bound

PLACE = "/api/v1/department/"
NEW = {"code": "IDEM", "name": "Once", "name_zh": "一次"}
KEY = {"Idempotency-Key": "first"}


def count(client) -> int:
    return client.get(f"{PLACE}?code__starts=IDEM").json["count"]


def test_the_same_request_gets_the_answer_it_had(portal):
    hana = logged_in(portal, "hana")
    first, again = hana.post(PLACE, json=NEW, headers=KEY), hana.post(PLACE, json=NEW, headers=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.data == again.data
    assert first.headers["Location"] == again.headers["Location"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert count(hana) == 1


def test_the_same_key_for_another_request_is_refused_and_another_account_has_its_own(portal):
    hana, derek = logged_in(portal, "hana"), logged_in(portal, "derek")
    hana.post(PLACE, json=NEW, headers=KEY)
    other = hana.post(PLACE, json={**NEW, "code": "IDEM2"}, headers=KEY)
    assert other.status_code == 422
    assert other.mimetype == "application/problem+json"
    assert count(hana) == 1
    assert derek.post(PLACE, json=NEW, headers=KEY).status_code != 201


def test_what_was_refused_may_be_corrected_under_the_same_key(portal):
    hana = logged_in(portal, "hana")
    assert hana.post(PLACE, json={**NEW, "name": 5}, headers=KEY).status_code == 422
    assert hana.post(PLACE, json=NEW, headers=KEY).status_code == 201


def test_at_the_same_moment_one_does_it_and_all_get_the_answer(portal):
    clients, start = [logged_in(portal, "hana") for _ in range(6)], Barrier(6)

    def send(client):
        start.wait()
        return client.post(PLACE, json=NEW, headers=KEY)

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(send, clients))
    assert {a.status_code for a in answers} == {201}
    assert len({a.data for a in answers}) == 1
    assert count(clients[0]) == 1


def test_a_commit_that_fails_leaves_neither_change_nor_key(portal):
    hana = logged_in(portal, "hana")

    def fail(session: Session) -> None:
        raise OperationalError("COMMIT", {}, Exception("the server went away"))

    event.listen(Session, "before_commit", fail)
    try:
        assert hana.post(PLACE, json=NEW, headers=KEY).status_code == 503
    finally:
        event.remove(Session, "before_commit", fail)
    assert count(hana) == 0
    assert hana.post(PLACE, json=NEW, headers=KEY).status_code == 201
    assert count(hana) == 1


def test_a_bulk_call_is_done_once_too(portal):
    hana = logged_in(portal, "hana")
    body = {"rows": [{**NEW, "code": f"IDEM{i}"} for i in range(5)], "all_or_nothing": False}
    first, again = (hana.post(f"{PLACE}_bulk", json=body, headers=KEY).json for _ in range(2))
    assert first == again
    assert first["created"] == 5
    assert count(hana) == 5


def test_a_key_of_no_length_or_of_too_much_is_refused(portal):
    hana = logged_in(portal, "hana")
    for key in (" ", "x" * 201):
        assert hana.post(PLACE, json=NEW, headers={"Idempotency-Key": key}).status_code == 422
    assert count(hana) == 0


def test_keys_go_after_a_day(portal):
    bind_workflows(portal)
    row = {"account": "hana", "request": "x"}
    with portal.app_context():
        now = units.utcnow()
        rows = [{**row, "key": "old", "at": now - timedelta(hours=25)}, {**row, "key": "new", "at": now}]
        db.session.execute(insert(store.idempotency_keys), rows)
        db.session.commit()
        tick.run(bound())
        left = db.session.scalar(select(func.count()).select_from(store.idempotency_keys))
    assert left == 1
