"""A field becomes another one on pages and by REST: the plan before, what stayed behind after, in a job where it is much."""

from __future__ import annotations

import copy

import pytest

from metadata import staging
from tests.portal.demo_site import logged_in
from tests.portal.many_definitions import statements

pytestmark = pytest.mark.both_databases

ROOT = "/api/v1/definitions"
NAME = "production_output"


@pytest.fixture
def hana(portal):
    portal.json.sort_keys = False
    return logged_in(portal, "hana")


@pytest.fixture
def document(hana):
    made = copy.deepcopy(hana.get(f"{ROOT}/{NAME}").json["result"])
    made["properties"]["note"] = {"type": "integer", "title": "Note"}
    return made


@pytest.fixture
def noted(hana):
    """A record whose note is no number."""
    found = hana.get(f"/api/v1/{NAME}/?page_size=1").json["result"][0]
    put = hana.patch if hasattr(hana, "patch") else hana.put
    answer = put(
        f"/api/v1/{NAME}/{found['id']}", json={"note": "twelve"}, headers={"If-Match": f'"{found["_version"]}"'}
    )
    assert answer.status_code == 200, answer.json
    return found["id"]


def plan_in(answer) -> dict:
    return next(change["plan"] for change in answer.json["changes"] if change["plan"])


class TestByRest:
    def test_the_preview_counts_and_the_rest_is_listed_afterwards(self, portal, hana, document, noted):
        plan = plan_in(hana.post(f"{ROOT}/preview", json={"documents": [document]}))
        assert noted in {row["id"] for row in plan["failing"]} or plan["fails"] > len(plan["failing"])
        assert hana.post(f"{ROOT}/publish", json={"documents": [document], "comment": "c"}).status_code == 200
        left = hana.get(f"{ROOT}/{NAME}/leftovers/note").json
        assert {"id": noted, "before": "twelve"}.items() <= next(r for r in left["result"] if r["id"] == noted).items()
        for account in ("derek", "sofia", "emma"):
            assert logged_in(portal, account).get(f"{ROOT}/{NAME}/leftovers/note").status_code == 404
        assert portal.test_client().get(f"{ROOT}/{NAME}/leftovers/note").status_code == 401

    def test_many_records_are_left_to_a_job(self, hana, document, noted, monkeypatch):
        monkeypatch.setattr(staging, "LARGE", 10)
        answer = hana.post(f"{ROOT}/publish", json={"documents": [document], "comment": "c"})
        assert answer.status_code == 202
        job = hana.get(f"/api/v1/jobs/{answer.json['job']}").json["result"]
        assert (job["kind"], job["state"]) == ("publish", "queued")


class TestInTheDesigner:
    def test_the_preview_shows_the_plan(self, hana, document, noted):
        assert hana.put(f"{ROOT}/{NAME}/draft", json=document).status_code == 200
        page = hana.get(f"/designer/{NAME}/preview").text
        assert "Not convertible, kept in the old column" in page
        assert "A whole number is expected here." in page

    def test_many_records_lead_to_the_page_of_the_job(self, hana, document, noted, monkeypatch):
        monkeypatch.setattr(staging, "LARGE", 10)
        hana.put(f"{ROOT}/{NAME}/draft", json=document)
        data = {"comment": "Numbers", "revision": "1"}
        answer = hana.post(f"/designer/{NAME}/publish", data=data)
        assert answer.status_code == 303
        assert answer.location.rpartition("/")[0].endswith("/jobs")


def test_the_page_of_what_stayed_behind_costs_the_same_for_one_value_and_for_many(portal, hana, document, noted):
    ids = [row["id"] for row in hana.get(f"/api/v1/{NAME}/?page_size=40").json["result"] if row["id"] != noted]
    assert hana.post(f"{ROOT}/publish", json={"documents": [document], "comment": "c"}).status_code == 200
    page = f"/history/of/{NAME}/left"
    hana.get(page)
    with statements(portal) as few:
        assert hana.get(page).text.count("twelve") == 1
    assert hana.post(f"{ROOT}/rollback", json={"version": 1, "comment": "b", "definitions": [NAME]}).status_code == 200
    rows = [{"id": number, "note": f"twelve {number}"} for number in ids]
    assert hana.post(f"/api/v1/{NAME}/_bulk", json={"rows": rows}).status_code == 200
    assert hana.post(f"{ROOT}/publish", json={"documents": [document], "comment": "d"}).status_code == 200
    hana.get(page)
    with statements(portal) as many:
        assert hana.get(page).text.count("twelve") > 10
    assert len(many) <= len(few) <= 8
