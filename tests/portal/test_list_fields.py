"""Lists and child tables over REST, on the pages and in exports."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.portal.demo_site import logged_in

pytestmark = pytest.mark.both_databases

PLAN: dict[str, Any] = {
    "$id": "plan",
    "title": "Plan",
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 80},
        "units": {"type": "array", "items": {"$ref": "department"}},
        "days": {
            "type": "array",
            "items": {"type": "string", "enum": ["mon", "tue"]},
            "x-enum-labels": {"mon": "Monday", "tue": "Tuesday"},
        },
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"what": {"type": "string", "maxLength": 40}, "unit": {"$ref": "department"}},
                "required": ["what"],
            },
        },
        "address": {"type": "object", "properties": {"city": {"type": "string", "maxLength": 40}}},
        "boss": {"type": "integer", "x-format": "person"},
    },
    "x-screen": {"list": ["name", "units", "days", "lines", "address.city", "boss"]},
}


@pytest.fixture
def hana(portal):
    client = logged_in(portal, "hana")
    answer = client.post("/api/v1/definitions/publish", json={"documents": [PLAN], "comment": "Lists"})
    assert answer.status_code == 200, answer.text
    return client


@pytest.fixture
def units(hana) -> list[int]:
    return hana.get("/api/v1/department/?order=id&page_size=3").json["ids"]


class TestRest:
    def test_gives_lists_and_takes_them_back(self, hana, units):
        sent = {"name": "A", "units": units[:2], "days": ["tue", "mon"], "lines": [{"what": "x", "unit": units[2]}]}
        made = hana.post("/api/v1/plan/", json={**sent, "address.city": "Ulm"}).json["result"]
        assert (made["units"], made["days"]) == (units[:2], ["mon", "tue"])
        found = hana.get(f"/api/v1/plan/{made['id']}").json["result"]
        labels = found.pop("_labels")
        assert found == made
        assert len(labels["units"]) == 2
        assert labels["lines"][0]["unit"]
        row = {"id": found["lines"][0]["id"], "what": "y"}
        changed = hana.patch(f"/api/v1/plan/{made['id']}", json={"lines": [row, {"what": "z"}], "units": []})
        assert [r["what"] for r in changed.json["result"]["lines"]] == ["y", "z"]
        assert changed.json["result"]["lines"][0]["unit"] == units[2]
        assert changed.json["result"]["units"] == []

    def test_takes_an_object_as_it_is_nested_or_flat(self, hana):
        made = hana.post("/api/v1/plan/", json={"name": "A", "address": {"city": "Ulm"}})
        assert made.json["result"]["address.city"] == "Ulm"
        assert hana.get("/api/v1/plan/?address.city=Ulm&order=address.city").json["count"] == 1

    def test_tells_the_pointer_of_an_entry(self, hana):
        answer = hana.post("/api/v1/plan/", json={"units": ["x"], "days": ["sun"], "lines": [{"unit": 1, "ghost": 2}]})
        assert {p["pointer"] for p in answer.json["problems"]} == {"/units/0", "/days/0", "/lines/0/ghost"}

    def test_describes_lists_to_programs(self, hana):
        columns = {c["name"]: c for c in hana.get("/api/v1/plan/_info").json["columns"]}
        assert {c["name"] for c in columns["lines"]["rows"]} == {"what", "unit"}
        schemas = hana.get("/api/v1/_openapi").json["components"]["schemas"]
        assert schemas["plan.new"]["properties"]["units"]["items"] == {"type": "integer"}
        assert schemas["plan"]["properties"]["lines"]["items"]["properties"]["unit"]["x-ref"] == "department"


class TestPages:
    def test_a_form_sends_lists_and_shows_what_was_wrong_with_them(self, hana, units):
        form = {
            "name": "A",
            "units": ["", str(units[0]), str(units[1])],
            "days": ["", "tue"],
            "lines": '[{"what": ""}]',
        }
        answer = hana.post("/records/plan/add", data={**form, "boss": "999999"})
        assert answer.status_code == 422
        assert f'<option value="{units[1]}" selected>' in answer.text
        assert re.search(r'value="tue"[^>]* checked', answer.text)
        place = hana.post("/records/plan/add", data={**form, "lines": '[{"what": "Weld"}]'}).headers["Location"]
        assert "Tuesday" in hana.get(place).text
        assert "Weld" in hana.get("/records/plan/list/").text
        edit = hana.get(place.replace("/show/", "/edit/")).text
        assert f'<option value="{units[0]}" selected>' in edit
        cleared = {"units": "", "days": "", "lines": "", "_version": "1", "name": "A"}
        assert hana.post(place.replace("/show/", "/edit/"), data=cleared).status_code == 302
        assert hana.get("/api/v1/plan/?units__null=true&lines__null=true&days__null=true").json["count"] == 1
        assert "Weld" in hana.get(place).text.rsplit("History", 1)[1]


class TestExport:
    @pytest.mark.parametrize("form", ["csv", "xlsx"])
    def test_holds_every_entry(self, hana, units, form):
        hana.post("/api/v1/plan/", json={"name": "A", "units": units[:2], "days": ["mon", "tue"]})
        answer = hana.get(f"/records/plan/export.{form}")
        assert answer.status_code == 200
        if form == "csv":
            assert "Monday; Tuesday" in answer.text
