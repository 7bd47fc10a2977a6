"""Objects, rows and sections in the designer; what stayed behind of a conversion; a publish on its way beside its draft."""

from __future__ import annotations

import re

import pytest

from metadata import staging
from portal.extensions import db
from tests.portal.demo_site import logged_in
from tests.portal.test_designer_desk import draft, send
from workflows import jobs

START = {"title": "Delivery", "title_zh": "送货", "plural": "Deliveries", "kind": "entity", "group": "data"}
HERE = "/designer/delivery"
RECORDS = "/api/v1/delivery"
TEXT = {"type": "text"}


@pytest.fixture
def hana(portal):
    portal.json.sort_keys = False
    return logged_in(portal, "hana")


@pytest.fixture
def delivery(hana):
    """A definition made from nothing without JSON: a text, an object with two fields, rows, a formula over them."""
    assert hana.post("/designer/new-definition", data=START).status_code == 303
    fields = (
        {"title": "Code", **TEXT, "required": "1", "listed": "1"},
        {"title": "City", "name": "address.city", **TEXT, "required": "1", "title_zh": "城市"},
        {"title": "Street", "name": "address.street", **TEXT},
        {"title": "Loads", "type": "rows", "row_title": ["What", "Weight"], "row_type": ["text", "integer"]},
        {"title": "Total", "type": "formula", "result": "number", "formula": "sum(loads.weight)"},
    )
    for field in fields:
        answer = send(hana, "/field", HERE, **field)
        assert answer.status_code == 303, re.findall(r"invalid-feedback[^>]*>([^<]+)", answer.text)
    assert send(hana, "/publish", HERE, comment="We deliver").status_code == 303
    return hana


def add(client, **values):
    answer = client.post(f"{RECORDS}/", json=values)
    assert answer.status_code == 201, answer.json
    return answer.json["id"]


def published(client):
    return client.get("/api/v1/definitions/delivery").json["result"]


class TestObjects:
    def test_are_made_by_a_point_in_the_name(self, delivery):
        document = published(delivery)
        assert list(document["properties"]["address"]["properties"]) == ["city", "street"]
        assert (document["properties"]["address"]["required"], "address" in document["required"]) == (["city"], True)
        assert document["x-i18n"]["zh"]["properties"]["address.city"]["title"] == "城市"
        record = delivery.get(f"{RECORDS}/{add(delivery, code='a', address={'city': 'Ulm'})}").json["result"]
        assert record["address.city"] == "Ulm"

    def test_fields_in_them_are_changed_renamed_moved_and_taken_out(self, delivery, portal):
        number = add(delivery, code="a", address={"city": "Ulm", "street": "Main"})
        assert "Edit: City" in delivery.get(f"{HERE}/field/address.city").text
        change = {"title": "Town", "name": "address.town", **TEXT, "required": "1", "listed": "1"}
        assert send(delivery, "/field/address.city", HERE, **change).status_code == 303
        out = {"title": "Street", "name": "street", **TEXT}
        assert send(delivery, "/field/address.street", HERE, **out).status_code == 303
        assert send(delivery, "/move/street", HERE, to="up").status_code == 303
        assert send(delivery, "/publish", HERE, comment="Otherwise", confirm="delivery").status_code == 303
        record = delivery.get(f"{RECORDS}/{number}").json["result"]
        assert (record["address.town"], record["street"]) == ("Ulm", "Main")
        assert "address.town" in published(delivery)["x-screen"]["list"]
        assert send(delivery, "/remove/address.town", HERE).status_code == 303
        assert "address" not in draft(portal, "delivery").document["properties"]

    @pytest.mark.parametrize("name", ["code.within", "address", "a.b.c.d", "address.City"])
    def test_names_that_can_not_be_are_told_at_the_name(self, delivery, name):
        answer = send(delivery, "/field", HERE, title="X", name=name, **TEXT)
        assert answer.status_code == 422
        assert (
            'aria-invalid="true"'
            in answer.text.split('name="name"')[1].split(">")[0] + answer.text.split('name="name"')[0][-300:]
        )


class TestRows:
    def test_a_renamed_field_keeps_its_values_and_formulas_follow(self, delivery):
        number = add(delivery, code="a", address={"city": "Ulm"}, loads=[{"what": "x", "weight": 3}])
        page = delivery.get(f"{HERE}/field/loads").text
        was = re.findall(r'name="row_was" value="([^"]+)"', page)
        assert was == ["what", "weight"]
        rows = {"row_title": ["What", "Mass"], "row_name": ["what", "mass"], "row_type": ["text", "integer"]}
        rows |= {"row_more": ["200", ""], "row_required": ["", ""], "row_was": was}
        assert send(delivery, "/field/loads", HERE, title="Loads", type="rows", **rows).status_code == 303
        assert send(delivery, "/publish", HERE, comment="Mass").status_code == 303
        record = delivery.get(f"{RECORDS}/{number}").json["result"]
        assert ([row["mass"] for row in record["loads"]], record["total"]) == ([3], 3)


class TestSections:
    def test_say_how_many_fields_stand_side_by_side(self, delivery):
        assert send(delivery, "/sections", HERE, title="Where").status_code == 303
        assert send(delivery, "/publish", HERE, comment="Section").status_code == 303
        assert send(delivery, "/sections/0", HERE, act="columns", columns="1").status_code == 303
        assert 'aria-pressed="true" aria-label="1 side by side in Where"' in delivery.get(HERE).text
        refused = send(delivery, "/sections/0", HERE, act="columns", columns="9")
        assert "One, two or three" in delivery.get(refused.location).text
        assert send(delivery, "/publish", HERE, comment="Narrow").status_code == 303
        form = delivery.get("/records/delivery/add").text
        assert re.search(r'class="col-12  mb-3" data-field="code"', form)
        assert "has 1 fields side by side" in delivery.get("/history/of/delivery").text


@pytest.fixture
def converted(delivery):
    """The code became a number, and the weight a date: one value of each could not be converted."""
    kept = [add(delivery, code=code, address={"city": "Ulm"}, loads=[{"weight": 3}]) for code in ("7", "seven")]
    document = published(delivery)
    document["properties"]["code"] = {"type": "integer", "title": "Code"}
    document["required"] = ["address"]
    document["properties"]["loads"]["items"]["properties"]["weight"] = {
        "type": "string",
        "format": "date",
        "title": "Weight",
    }
    del document["properties"]["total"]
    given = {"documents": [document], "comment": "Numbers", "confirm": ["delivery"]}
    assert delivery.post("/api/v1/definitions/publish", json=given).status_code == 200
    return kept


class TestWhatStayedBehind:
    def test_is_shown_by_field_with_the_reason_and_settled_by_filling_it(self, delivery, converted):
        assert "/history/of/delivery/left" in delivery.get("/history/of/delivery").text
        assert "/history/of/delivery/left" in delivery.get(HERE).text
        assert "/history/of/delivery/left?field=code" in delivery.get(f"{HERE}/field/code").text
        page = delivery.get("/history/of/delivery/left").text
        assert "seven" in page
        assert f"/records/delivery/show/{converted[1]}" in page
        assert "Loads › Weight" in page
        assert page.count("<tr><th") - page.count('<tr><th scope="col"') == 3
        version = delivery.get(f"{RECORDS}/{converted[1]}").json["result"]["_version"]
        done = delivery.put(f"{RECORDS}/{converted[1]}", json={"code": 7}, headers={"If-Match": f'"{version}"'})
        assert done.status_code == 200
        assert "Nothing is left" in delivery.get("/history/of/delivery/left?field=code").text

    def test_rest_tells_it_of_rows_too(self, delivery, converted):
        found = delivery.get("/api/v1/definitions/delivery/leftovers/loads.weight").json
        assert [row["id"] for row in found["result"]] == converted
        assert delivery.get("/api/v1/definitions/delivery/leftovers/loads.nothing").status_code == 404

    def test_is_there_for_nobody_but_those_who_read_definitions(self, delivery, converted, portal):
        place = "/history/of/delivery/left"
        audrey = logged_in(portal, "audrey").get(place)  # reads definitions, and not these records
        assert (audrey.status_code, "seven" in audrey.text) == (200, False)
        for account in ("derek", "sofia", "emma"):
            assert logged_in(portal, account).get(place).status_code == 404
        assert portal.test_client().get(place).status_code == 302
        assert delivery.get("/history/of/nothing/left").status_code == 404


class TestAPublishOnItsWay:
    @pytest.fixture
    def large(self, delivery, monkeypatch):
        for code in ("1", "2", "x"):
            add(delivery, code=code, address={"city": "Ulm"})
        monkeypatch.setattr(staging, "LARGE", 2)
        answer = send(delivery, "/field/code", HERE, title="Code", type="integer", listed="1")
        assert answer.status_code == 303, re.findall(
            r"invalid-feedback[^>]*>([^<]+)|alert-danger[^>]*>([^<]+)", answer.text
        )
        answer = send(delivery, "/publish", HERE, comment="Numbers")
        return int(re.search(r"/jobs/(\d+)$", answer.location)[1])

    def test_is_shown_beside_its_draft_and_can_be_cancelled_there(self, delivery, large, portal):
        page = delivery.get(HERE).text
        assert f'action="/jobs/{large}/cancel"' in page
        assert "<progress" in page
        assert f"/jobs/{large}" in delivery.get(f"{HERE}/preview").text
        assert "<progress" not in delivery.get("/designer/production_output").text
        assert delivery.post(f"/jobs/{large}/cancel").status_code == 303
        assert f'action="/jobs/{large}/cancel"' not in delivery.get(HERE).text

    def test_taking_one_definition_back_is_a_job_for_that_one_alone(self, delivery, portal, monkeypatch):
        for code in ("1", "2", "x"):
            add(delivery, code=code, address={"city": "Ulm"})
        before = delivery.get("/api/v1/definitions/delivery").json["version"]
        document = published(delivery)
        document["properties"]["code"] = {"type": "integer", "title": "Code"}
        document["required"] = ["address"]
        given = {"documents": [document], "comment": "Numbers"}
        assert delivery.post("/api/v1/definitions/publish", json=given).status_code == 200
        other = delivery.get("/api/v1/definitions/department").json["result"] | {"title": "Unit"}
        assert (
            delivery.post("/api/v1/definitions/publish", json={"documents": [other], "comment": "x"}).status_code == 200
        )
        monkeypatch.setattr(staging, "LARGE", 2)
        data = {"definition": "delivery", "comment": "Back"}
        answer = delivery.post(f"/history/restore/{before}", data=data)
        job_id = int(re.search(r"/jobs/(\d+)$", answer.location)[1])
        with portal.app_context():
            job = jobs.load(db.session(), job_id)
            stage = staging.load(db.session(), job.payload["stage"])
            db.session.remove()
        assert (stage.options["only"], stage.options["rolled_back_to"]) == (["delivery"], before)


def test_who_manages_access_gets_from_list_and_field_to_who_may_see_it(portal, hana):
    assert "/access/why?definition=production_output" in hana.get("/records/production_output/list/").text
    page = hana.get("/designer/production_output/field/note").text
    assert "/access/why?definition=production_output&amp;field=note" in page
    assert "/access/why" not in logged_in(portal, "derek").get("/records/production_output/list/").text
