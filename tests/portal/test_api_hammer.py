"""Many people at once against one application: every row holds what was written to it, and what REST costs in SQL."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from sqlalchemy import event

from portal.extensions import db
from tests.portal.demo_site import logged_in, serving

pytestmark = pytest.mark.both_databases

PLACE = "/api/v1/department/"
CLIENTS, TURNS = 8, 12


def cookie_of(app, account: str) -> str:
    found = logged_in(app, account).get_cookie("session")
    assert found is not None
    return f"session={found.value}"


def send(address: str, cookie: str, method: str, body: bytes | None, kind: str) -> int:
    request = Request(address, data=body, method=method, headers={"Cookie": cookie, "Content-Type": kind})
    try:
        with urlopen(request, timeout=60) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code


def test_rest_and_pages_written_at_once_never_mix_their_rows(portal):
    hana = logged_in(portal, "hana")
    rows = [{"code": f"H{i}", "name": f"start {i}", "name_zh": f"起{i}"} for i in range(CLIENTS)]
    ids = [r["id"] for r in hana.post(f"{PLACE}_bulk", json={"rows": rows}).json["result"]]
    cookies = [cookie_of(portal, "hana") for _ in range(CLIENTS)]
    start = threading.Barrier(CLIENTS)

    def hammer(number: int) -> list[int]:
        statuses = []
        start.wait()
        for turn in range(TURNS):
            name = f"client {number} turn {turn}"
            if number % 2:
                body = json.dumps({"name": name}).encode()
                url = f"{address}{PLACE}{ids[number]}"
                statuses.append(send(url, cookies[number], "PATCH", body, "application/json"))
            else:
                form = f"code=H{number}&name={name.replace(' ', '+')}&name_zh=x{number}".encode()
                url = f"{address}/records/department/edit/{ids[number]}"
                statuses.append(send(url, cookies[number], "POST", form, "application/x-www-form-urlencoded"))
        return statuses

    with serving(portal) as address, ThreadPoolExecutor(CLIENTS) as pool:
        statuses = [status for found in pool.map(hammer, range(CLIENTS)) for status in found]
    assert set(statuses) == {200}
    for number, record_id in enumerate(ids):
        record = hana.get(f"{PLACE}{record_id}").json["result"]
        assert record["name"] == f"client {number} turn {TURNS - 1}"
        assert record["code"] == f"H{number}"
        assert record["_version"] == TURNS + 1


@pytest.mark.parametrize(
    ("method", "address", "body", "most"),
    [
        ("GET", "/api/v1/production_output/?order=-day&shift=early", None, 3),
        ("GET", "/api/v1/employee/?order=department&search=wang", None, 3),
        ("GET", "/api/v1/production_output/5", None, 2),
        ("PATCH", "/api/v1/production_output/5", {"note": "counted"}, 7),
        ("POST", PLACE, {"code": "SQL", "name": "Counted", "name_zh": "数"}, 10),
    ],
)
@pytest.mark.parametrize("account", ["hana"])
def test_what_a_call_costs(portal, account, method, address, body, most):
    client = logged_in(portal, account)
    assert client.open(address, method="GET").status_code == 200  # catalog and actor are at hand from now on
    statements: list[str] = []
    with portal.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    assert client.open(address, method=method, json=body).status_code in {200, 201}
    asked = [s for s in statements if not s.startswith("BEGIN")]
    assert len(asked) <= most, asked


def test_a_stale_change_shows_both_versions_in_the_callers_language(portal):
    hana, derek = logged_in(portal, "hana"), logged_in(portal, "derek")
    number = derek.get("/api/v1/production_output/").json["ids"][0]
    place = f"/api/v1/production_output/{number}"
    tag = hana.get(place).headers["ETag"]
    assert derek.patch(place, json={"note": "derek's"}).status_code == 200
    headers = {"If-Match": tag, "Accept-Language": "zh"}
    answer = hana.patch(place, json={"note": "hana's"}, headers=headers)
    assert answer.status_code == 412
    assert answer.json["yours"] == {"_version": 1, "note": "hana's"}
    assert answer.json["theirs"]["note"] == "derek's"
    assert answer.json["theirs"]["_changed_by"] == "derek"
    assert answer.headers["ETag"] == f'"{answer.json["theirs"]["_version"]}"'
    assert "derek" in answer.json["title"]
    assert "changed this record" not in answer.json["title"]
