"""REST of every definition, as a program sees it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.portal.demo_site import logged_in

pytestmark = pytest.mark.both_databases

DEPARTMENTS = "/api/v1/department/"
NEW = {"code": "NEW", "name": "Newton", "name_zh": "新"}


def test_a_record_is_made_read_changed_and_removed(portal):
    hana = logged_in(portal, "hana")
    made = hana.post(DEPARTMENTS, json=NEW)
    assert made.status_code == 201
    place = made.headers["Location"]
    answer = hana.get(place)
    assert answer.json["result"]["name"] == "Newton"
    assert answer.headers["ETag"] == '"1"'
    assert hana.put(place, json={"name": "Kelvin"}, headers={"If-Match": '"1"'}).json["result"]["_version"] == 2
    assert hana.put(place, json={"name": "Boyle"}, headers={"If-Match": '"1"'}).status_code == 412
    assert hana.delete(place).status_code == 200
    assert hana.get(place).status_code == 404


def test_problems_name_their_fields(portal):
    answer = logged_in(portal, "hana").post(DEPARTMENTS, json={"name": 5, "colour": "red"})
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    assert {p["pointer"] for p in answer.json["problems"]} == {"/name", "/colour", "/code"}


def test_plain_arguments_and_rison_ask_the_same(portal):
    hana = logged_in(portal, "hana")
    plain = hana.get("/api/v1/employee/?status=active&order=-number&page_size=5&columns=number").json
    rison = hana.get(
        "/api/v1/employee/?q=(filters:!((col:status,opr:eq,value:active)),order_column:number,order_direction:desc,page_size:5,columns:!(number))"
    ).json
    assert plain == rison
    assert len(plain["result"]) == 5
    assert plain["count"] > 200


def test_a_head_sees_the_own_departments_alone_and_no_salaries(portal):
    derek, hana = logged_in(portal, "derek"), logged_in(portal, "hana")
    mine = derek.get("/api/v1/employee/?page_size=1000").json
    everyone = hana.get("/api/v1/employee/?page_size=1000").json
    assert 0 < mine["count"] < everyone["count"]
    assert all("salary" not in record for record in mine["result"])
    assert derek.get("/api/v1/employee/?salary__gt=1").status_code == 422
    hidden = next(i for i in everyone["ids"] if i not in mine["ids"])
    assert derek.get(f"/api/v1/employee/{hidden}").status_code == 404


def test_a_write_from_another_site_is_refused(portal):
    hana = logged_in(portal, "hana")
    assert hana.post(DEPARTMENTS, json=NEW, headers={"Origin": "https://elsewhere.example"}).status_code == 404
    assert hana.post(DEPARTMENTS, json=NEW, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 404


def test_eight_clients_never_mix_their_rows(portal):
    hana = logged_in(portal, "hana")
    places = [hana.post(DEPARTMENTS, json={**NEW, "code": f"N{i}"}).headers["Location"] for i in range(8)]

    def hammer(number: int) -> list[int]:
        client = logged_in(portal, "hana")
        return [client.put(places[number], json={"name": f"{number}-{turn}"}).status_code for turn in range(10)]

    with ThreadPoolExecutor(8) as pool:
        statuses = [status for found in pool.map(hammer, range(8)) for status in found]
    assert set(statuses) == {200}
    results = [hana.get(place).json["result"] for place in places]
    assert [r["name"] for r in results] == [f"{i}-9" for i in range(8)]
    assert [r["_version"] for r in results] == [11] * 8


def test_a_head_who_loses_the_department_loses_its_people_at_the_next_request(portal):
    derek, hana = logged_in(portal, "derek"), logged_in(portal, "hana")
    before = derek.get("/api/v1/employee/").json["count"]
    code = derek.get("/api/v1/department/?name=Production").json["result"][0]
    assert hana.put(f"{DEPARTMENTS}{code['id']}", json={"head": None}).status_code == 200
    assert before > 1
    assert derek.get("/api/v1/employee/").json["count"] == 0
