"""Records that make a tree: chosen with their place, shown as a tree, each reader within what they may list."""

from __future__ import annotations

import json
import re

import pytest

from tests.portal.demo_site import logged_in
from tests.portal.many_definitions import statements

AREA = {
    "$id": "area",
    "title": "Area",
    "x-plural": "Areas",
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 40},
        "within": {"$ref": "area", "x-tree": True, "title": "Within"},
        "keeper": {"type": "integer", "x-format": "person"},
    },
    "x-owner": {"person": "keeper"},
    "x-access": {
        "HR admin": {"rows": "all", "can": ["list", "show", "add", "edit"]},
        "Employee": {"rows": "own", "can": ["list", "show"]},
    },
}
VISIT = {"$id": "visit", "title": "Visit", "type": "object", "properties": {"area": {"$ref": "area", "title": "Area"}}}


@pytest.fixture
def hana(portal):
    client = logged_in(portal, "hana")
    sent = json.dumps({"documents": [AREA, VISIT], "comment": "Trees"})
    answer = client.post("/api/v1/definitions/publish", data=sent, content_type="application/json")
    assert answer.status_code == 200, answer.text
    return client


@pytest.fixture
def areas(hana):
    """The numbers of a plant with a hall, that with a line, and of a yard."""
    numbers = {}
    for name, within in (("Plant", None), ("Hall", "Plant"), ("Line", "Hall"), ("Yard", None), ("Annexe", "Plant")):
        values = {"name": name, "within": numbers.get(within)}
        numbers[name] = hana.post("/api/v1/area/", json=values).get_json()["id"]
    return numbers


class TestBranches:
    def test_give_every_record_in_its_place_in_one_statement(self, portal, hana, areas):
        hana.get("/records/area/branches")
        with statements(portal) as sent:
            found = hana.get("/records/area/branches").get_json()
        assert [(one["text"], one["depth"], one["path"]) for one in found] == [
            ("Plant", 0, ""),
            ("Annexe", 1, "Plant"),
            ("Hall", 1, "Plant"),
            ("Line", 2, "Plant › Hall"),
            ("Yard", 0, ""),
        ]
        assert len(sent) <= 3, "\n".join(sent)

    def test_are_what_a_form_asks_for_a_place_in_a_tree(self, hana, areas):
        for path in ("/records/area/add", "/records/visit/add"):
            assert 'data-pick="/records/area/branches" data-tree' in hana.get(path).text

    def test_hold_only_what_the_reader_may_list(self, portal, hana, areas):
        emma = logged_in(portal, "emma")
        assert emma.get("/records/area/branches").get_json() == []
        number = hana.get("/api/v1/employee/?account=emma").get_json()["ids"][0]
        hana.patch(f"/api/v1/area/{areas['Line']}", json={"keeper": number})
        found = emma.get("/records/area/branches").get_json()
        assert [(one["text"], one["depth"], one["path"]) for one in found] == [("Line", 0, "")]
        assert "Hall" not in emma.get("/records/area/tree/").text
        assert logged_in(portal, "audrey").get("/records/area/branches").status_code == 404
        assert portal.test_client().get("/records/area/tree/").status_code == 302


class TestTree:
    def test_opens_from_the_list_and_nests(self, hana, areas):
        assert 'href="/records/area/tree/"' in hana.get("/records/area/list/").text
        text = hana.get("/records/area/tree/").text
        tree = text.split('<ul class="tree">')[1].split("</main>")[0]
        assert re.sub(r"<[^>]+>", " ", tree).split() == ["Plant", "2", "Annexe", "Hall", "1", "Line", "Yard"]
        assert tree.count("<details") == 2

    def test_a_definition_without_a_tree_has_none(self, hana):
        assert hana.get("/records/visit/tree/").status_code == 404
        assert "/records/visit/tree/" not in hana.get("/records/visit/list/").text
