"""A form asks as it is filled: what is shown, required and wrong with the values as they stand; nothing is saved."""

from __future__ import annotations

import re

import pytest

from tests.portal.demo_site import logged_in
from tests.portal.many_definitions import statements

STEP = "/records/onboarding_step/form"


def asked(answer):
    assert answer.status_code == 200
    fields = answer.get_json()["fields"]
    return {name for name, told in fields.items() if told["shown"]}, {
        n for n, told in fields.items() if told["required"]
    }


class TestFormState:
    def test_a_field_is_asked_for_while_its_condition_holds(self, portal):
        hana = logged_in(portal, "hana")
        shown, required = asked(hana.post(STEP, data={"kind": "task"}))
        assert not {"course", "tour"} & shown
        shown, required = asked(hana.post(STEP, data={"kind": "tour"}))
        assert "tour" in shown & required
        assert "course" not in shown

    def test_problems_come_in_the_readers_language_and_for_each_field(self, portal):
        hana = logged_in(portal, "hana")
        told = hana.post(STEP, data={"kind": "tour", "due_days": "800"}).get_json()["fields"]
        assert told["due_days"]["problems"] == ["Must be at most 730."]
        assert told["tour"]["problems"] == ["This field is required."]
        hana.post("/language/zh", data={"next": "/"})
        told = hana.post(STEP, data={"kind": "tour"}).get_json()["fields"]
        assert told["tour"]["problems"] == ["此项必填。"]

    def test_what_is_stored_counts_where_nothing_was_typed(self, portal):
        hana = logged_in(portal, "hana")
        number = hana.get("/api/v1/onboarding_step/?kind=course").get_json()["ids"][0]
        told = hana.post(f"{STEP}/{number}", data={"kind": "task"}).get_json()["fields"]
        assert told["course"]["shown"]
        assert told["course"]["left"]
        assert hana.get(f"/api/v1/onboarding_step/{number}").get_json()["result"]["kind"] == "course"

    def test_the_page_starts_as_the_script_goes_on(self, portal):
        text = logged_in(portal, "hana").get("/records/onboarding_step/add").text
        away = re.findall(r'data-field="(\w+)" data-away', text)
        assert sorted(away) == ["course", "tour"]
        assert 'data-reads="kind"' in text

    def test_the_save_that_fails_shows_what_it_misses(self, portal):
        values = {"plan": "1", "sequence": "99", "title": "Look around", "kind": "tour", "due_days": "3"}
        answer = logged_in(portal, "hana").post("/records/onboarding_step/add", data=values)
        assert answer.status_code == 422
        assert re.findall(r'data-field="(\w+)" data-away', answer.text) == ["course"]
        assert 'id="error-field-tour"' in answer.text


class TestAccess:
    def test_only_who_may_add_or_edit_is_answered(self, portal):
        number = logged_in(portal, "derek").get("/api/v1/production_output/").get_json()["ids"]
        path = f"/records/production_output/form/{number[0]}"
        expected = {"hana": 200, "derek": 200, "sofia": 404, "emma": 404, "audrey": 404}
        found = {name: logged_in(portal, name).post(path, data={}).status_code for name in expected}
        assert found == expected
        assert portal.test_client().post(path, data={}).status_code == 302

    def test_no_field_that_a_role_may_not_set_is_told_of(self, portal):
        answer = logged_in(portal, "derek").post("/records/production_output/form", data={"produced": "0"})
        told = answer.get_json()["fields"]
        assert told["note"]["required"]
        assert set(told) == {"day", "department", "line", "shift", "planned", "produced", "note"}


class TestStatements:
    @pytest.mark.parametrize(
        ("path", "most"),
        [("/records/employee/add", 3), ("/records/employee/edit/3", 4), ("/records/onboarding_step/edit/1", 4)],
    )
    def test_a_form_costs_the_same_few(self, portal, path, most):
        hana = logged_in(portal, "hana")
        hana.get(path)
        with statements(portal) as sent:
            assert hana.get(path).status_code == 200
        assert len(sent) <= most, "\n".join(sent)

    def test_so_does_asking_while_it_is_filled(self, portal):
        hana = logged_in(portal, "hana")
        hana.post(f"{STEP}/1", data={"kind": "tour"})
        with statements(portal) as sent:
            assert hana.post(f"{STEP}/1", data={"kind": "tour"}).status_code == 200
        assert len(sent) <= 3, "\n".join(sent)


SUM = {
    "$id": "offer",
    "title": "Offer",
    "type": "object",
    "properties": {
        "pieces": {"type": "integer", "title": "Pieces"},
        "price": {"type": "number", "multipleOf": 0.01, "title": "Price"},
        "total": {"type": "number", "multipleOf": 0.01, "x-formula": "pieces * price", "title": "Total"},
        "person": {"$ref": "employee", "title": "Person"},
        "known_as": {"type": "string", "x-formula": "upper(person.name)", "title": "Known as"},
        "lines": {
            "type": "array",
            "items": {"type": "object", "properties": {"weight": {"type": "integer", "title": "Weight"}}},
        },
        "weight": {"type": "number", "x-formula": "sum(lines.weight)", "title": "Weight"},
    },
    "x-rules": [{"formula": "price <= 100", "message": "Too dear.", "at": "price"}],
    "x-access": {
        "HR admin": {"rows": "all", "can": ["list", "show", "add", "edit"]},
        "Department head": {"rows": "all", "can": ["list", "show", "add", "edit"], "hides": ["total"]},
    },
}
FORM = "/records/offer/form"


@pytest.fixture
def offers(portal):
    client = logged_in(portal, "hana")
    answer = client.post("/api/v1/definitions/publish", json={"documents": [SUM], "comment": "Offers"})
    assert answer.status_code == 200, answer.text
    return client


class TestComputed:
    def test_formulas_are_computed_from_what_was_typed_so_far(self, offers):
        told = offers.post(FORM, data={"pieces": "3", "price": "12.5", "lines": "", "lines-0-weight": "4"}).get_json()
        assert told["computed"] == {"total": "37.5", "known_as": "", "weight": "4"}
        assert offers.post(FORM, data={"pieces": "many"}).get_json()["computed"]["total"] == ""

    def test_they_stand_on_the_form_and_can_not_be_typed(self, offers):
        text = offers.get("/records/offer/add").text
        assert re.search(r'<output[^>]*id="field-total"[^>]*>–</output>', text)
        assert 'name="total"' not in text
        assert set(re.search(r'data-reads="([^"]*)"', text)[1].split()) == {"pieces", "price", "person", "lines"}
        place = offers.post("/records/offer/add", data={"pieces": "2", "price": "7"}).headers["Location"]
        assert re.search(
            r'<output[^>]*id="field-total"[^>]*>14</output>', offers.get(place.replace("show", "edit")).text
        )
        assert "14" in offers.get(place).text

    def test_rules_of_the_definition_speak_while_one_types(self, offers):
        told = offers.post(FORM, data={"price": "200"}).get_json()["fields"]
        assert told["price"]["problems"] == ["Too dear."]

    def test_tell_nothing_of_records_and_fields_that_are_hidden(self, portal, offers):
        derek = logged_in(portal, "derek")
        everybody = "/api/v1/employee/?order=id&page_size=1000"
        mine, those = (client.get(everybody).get_json()["ids"] for client in (derek, offers))
        hidden = next(number for number in those if number not in mine)
        assert derek.post(FORM, data={"person": str(mine[0])}).get_json()["computed"]["known_as"]
        told = derek.post(FORM, data={"person": str(hidden), "pieces": "2", "price": "7"}).get_json()["computed"]
        assert told == {"known_as": "", "weight": ""}
