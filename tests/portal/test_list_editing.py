"""Lists changed where they stand: one cell, or one field of many records at once, tried out first and undone after."""

from __future__ import annotations

import re

import pytest

from portal.app import bind_workflows
from portal.extensions import db
from tests.portal.demo_site import logged_in
from tests.portal.many_definitions import statements
from workflows import tick
from workflows.installation import bound

KPI = "/records/production_output"
API = "/api/v1/production_output"


def of(client, number):
    return client.get(f"{API}/{number}").json["result"]


def mine(client, size=3):
    """Ids of records that this person may list."""
    return client.get(f"{API}/?page_size={size}").json["ids"]


def others(portal):
    """The id of a record outside the production department, for nobody but HR."""
    hana = logged_in(portal, "hana")
    departments = hana.get("/api/v1/department/?code=SAL").json["ids"]
    row = {"day": "2026-10-01", "department": departments[0], "planned": 5, "produced": 4}
    return hana.post(f"{API}/", json=row).json["id"]


def settled(portal):
    with portal.app_context():
        bind_workflows(portal)
        tick.settle(bound())
        db.session.remove()


def bulk(client, **form):
    """Do a change of many; the address of what became of it."""
    answer = client.post(f"{KPI}/bulk", data={**form, "do": "1"})
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def plain(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.split("<main")[1]))


class TestCell:
    def test_it_opens_with_its_value_and_keeps_what_is_typed(self, portal):
        derek = logged_in(portal, "derek")
        number = mine(derek)[0]
        opened = derek.get(f"{KPI}/cell/{number}/produced").text
        version = re.search(r'name="_version" value="(\d+)"', opened)[1]
        answer = derek.post(f"{KPI}/cell/{number}/produced", data={"produced": "777", "_version": version})
        assert answer.status_code == 200
        assert answer.headers["HX-Retarget"] == f"#row-{number}"
        assert answer.text.lstrip().startswith("<tr")
        assert ">777</a>" in answer.text
        assert of(derek, number)["produced"] == 777

    def test_what_is_wrong_stands_at_the_cell_with_what_was_typed(self, portal):
        derek = logged_in(portal, "derek")
        number = mine(derek)[0]
        before = of(derek, number)
        answer = derek.post(f"{KPI}/cell/{number}/produced", data={"produced": "many", "_version": before["_version"]})
        assert answer.status_code == 422
        assert 'id="error-field-produced"' in answer.text
        assert 'value="many"' in answer.text
        ruled = derek.post(f"{KPI}/cell/{number}/produced", data={"produced": "0", "_version": before["_version"]})
        assert ruled.status_code == 422  # nothing was produced: the note is asked for, which this cell is not
        assert "This field is required." in ruled.text
        assert of(derek, number) == before

    def test_who_was_slower_sees_both_values(self, portal):
        hana, derek = logged_in(portal, "hana"), logged_in(portal, "derek")
        number = mine(derek)[0]
        version = of(derek, number)["_version"]
        hana.post(f"{KPI}/cell/{number}/produced", data={"produced": "111", "_version": version})
        answer = derek.post(f"{KPI}/cell/{number}/produced", data={"produced": "222", "_version": version})
        assert answer.status_code == 412
        assert 'value="222"' in answer.text
        assert "Stored now: 111" in answer.text
        newer = re.search(r'name="_version" value="(\d+)"', answer.text)[1]
        assert (
            derek.post(f"{KPI}/cell/{number}/produced", data={"produced": "222", "_version": newer}).status_code == 200
        )

    def test_five_sides(self, portal):
        number = others(portal)
        for account, status in (("hana", 200), ("derek", 404), ("emma", 404), ("audrey", 404)):
            client = logged_in(portal, account)
            assert client.get(f"{KPI}/cell/{number}/produced").status_code == status, account
            answer = client.post(f"{KPI}/cell/{number}/produced", data={"produced": "9", "_version": "1"})
            assert answer.status_code == status, account
        assert "/login/" in portal.test_client().post(f"{KPI}/cell/{number}/produced").headers["Location"]

    def test_only_what_may_be_set_opens(self, portal):
        hana = logged_in(portal, "hana")
        assert hana.get("/records/employee/cell/3/nothing").status_code == 404
        text = logged_in(portal, "derek").get("/records/employee/list/?_edit=1").text
        assert "cell-open" not in text  # a head may list employees and not change them
        assert "cell-open" in hana.get("/records/employee/list/?_edit=1").text
        assert "cell-open" not in hana.get("/records/employee/list/").text

    def test_editing_a_list_stays_within_six_statements(self, portal):
        derek = logged_in(portal, "derek")
        derek.get(f"{KPI}/list/?_edit=1")
        with statements(portal) as sent:
            assert derek.get(f"{KPI}/list/?_edit=1").status_code == 200
        assert len(sent) <= 6, "\n".join(sent)


class TestBulk:
    def test_the_preview_says_what_would_change_and_changes_nothing(self, portal):
        derek = logged_in(portal, "derek")
        ids = mine(derek)
        derek.patch(f"{API}/{ids[0]}", json={"note": "seen"})
        before = [of(derek, number) for number in ids]
        form = {"ids": ids, "field": "note", "operation": "set", "note": "seen"}
        text = plain(derek.post(f"{KPI}/bulk", data=form).text)
        assert "2 records change · 1 stays as it is · 0 are refused" in text
        assert "– → seen" in text
        assert [of(derek, number) for number in ids] == before

    def test_it_changes_those_and_undoing_gives_back_what_nobody_touched_since(self, portal):
        derek = logged_in(portal, "derek")
        ids = mine(derek)
        before = {number: of(derek, number)["note"] for number in ids}
        place = bulk(derek, ids=ids, field="note", operation="set", note="checked")
        assert {of(derek, number)["note"] for number in ids} == {"checked"}
        assert "3 changed" in plain(derek.get(place).text)
        derek.patch(f"{API}/{ids[0]}", json={"note": "mine"})
        derek.post(f"{place}/undo")
        text = plain(derek.get(place).text)
        assert "2 back to what they were" in text
        assert "1 changed by somebody since, so kept" in text
        assert of(derek, ids[0])["note"] == "mine"
        assert [of(derek, number)["note"] for number in ids[1:]] == [before[number] for number in ids[1:]]
        assert "Undo it" not in derek.get(place).text

    def test_each_change_stands_in_the_records_history(self, portal):
        derek = logged_in(portal, "derek")
        number = mine(derek)[0]
        place = bulk(derek, ids=[number], field="note", operation="set", note="checked")
        derek.post(f"{place}/undo")
        text = plain(derek.get(f"{KPI}/show/{number}").text)
        assert "Note: – → checked" in text
        assert "Note: checked → –" in text

    def test_adding_to_numbers_and_to_days(self, portal):
        hana = logged_in(portal, "hana")
        ids = mine(hana, 2)
        before = [of(hana, number)["planned"] for number in ids]
        bulk(hana, ids=ids, field="planned", operation="add", amount="-0.5")
        assert [of(hana, number)["planned"] for number in ids] == [value - 0.5 for value in before]
        employee = hana.get("/api/v1/employee/?page_size=1").json["result"][0]
        answer = hana.post(
            "/records/employee/bulk",
            data={"ids": employee["id"], "field": "hired_on", "operation": "add", "amount": "31", "do": "1"},
        )
        assert answer.status_code == 303
        assert hana.get(f"/api/v1/employee/{employee['id']}").json["result"]["hired_on"] > employee["hired_on"]

    def test_what_is_refused_is_listed_with_its_reason_and_the_others_change(self, portal):
        hana = logged_in(portal, "hana")
        ids = mine(hana, 2)
        hana.patch(f"{API}/{ids[0]}", json={"produced": 0, "note": "nothing ran"})
        place = bulk(hana, ids=ids, field="note", operation="clear")
        text = plain(hana.get(place).text)
        assert "1 refused" in text
        assert "This field is required." in text
        assert of(hana, ids[0])["note"] == "nothing ran"

    @pytest.mark.parametrize(
        ("form", "words"),
        [
            ({"field": "shift", "operation": "set", "shift": "noon"}, "is not one of the choices"),
            ({"field": "planned", "operation": "set", "planned": ""}, "Say which value it shall have"),
            ({"field": "shift", "operation": "add", "amount": "1"}, "Nothing can be added"),
            ({"field": "day", "operation": "add", "amount": "soon"}, "A whole number of days"),
            ({"field": "nothing", "operation": "clear"}, "may not set this field"),
        ],
    )
    def test_what_cannot_be_done_is_said(self, portal, form, words):
        hana = logged_in(portal, "hana")
        answer = hana.post(f"{KPI}/bulk", data={"ids": mine(hana, 1), **form})
        assert answer.status_code == 422
        assert words in answer.text

    def test_all_that_answer_are_changed_by_a_job_with_progress_and_undone_by_another(self, portal):
        derek = logged_in(portal, "derek")
        asked = f"{API}/?line=stamping&shift=early&page_size=1"
        count = derek.get(asked).json["count"]
        assert count > 200
        page = plain(derek.get(f"{KPI}/bulk?all=1&question=line%3Dstamping%26shift%3Dearly").text)
        assert f"Change {count} records at once" in page
        form = {"all": "1", "question": "line=stamping&shift=early", "field": "note"}
        place = bulk(derek, **form, operation="set", note="all")
        assert f"{count} still to come" in plain(derek.get(place).text)
        settled(portal)
        assert f"{count} changed" in plain(derek.get(place).text)
        assert derek.get(f"{API}/?note=all&page_size=1").json["count"] == count
        derek.post(f"{place}/undo")
        settled(portal)
        assert f"{count} back to what they were" in plain(derek.get(place).text)
        assert derek.get(f"{API}/?note=all&page_size=1").json["count"] == 0

    def test_five_sides(self, portal):
        hidden = others(portal)
        derek, hana = logged_in(portal, "derek"), logged_in(portal, "hana")
        seen = mine(derek, 1)[0]
        place = bulk(derek, ids=[seen, hidden], field="note", operation="set", note="derek was here")
        assert of(hana, hidden)["note"] is None
        assert of(hana, seen)["note"] == "derek was here"
        assert "1 changed" in plain(derek.get(place).text)
        assert (
            derek.post(
                f"{KPI}/bulk", data={"ids": hidden, "field": "note", "operation": "clear", "do": "1"}
            ).status_code
            == 422
        )
        assert logged_in(portal, "sofia").get(place).status_code == 404
        assert hana.get(place).status_code == 200
        assert hana.post(f"{place}/undo").status_code == 303  # HR sees it; only who made it undoes it
        assert of(hana, seen)["note"] == "derek was here"
        for account in ("emma", "audrey"):
            assert logged_in(portal, account).get(f"{KPI}/bulk").status_code == 404
            assert logged_in(portal, account).post(f"{KPI}/bulk", data={"ids": seen}).status_code == 404
        assert "/login/" in portal.test_client().post(f"{KPI}/bulk").headers["Location"]

    def test_a_field_that_may_not_be_set_is_not_offered(self, portal):
        text = logged_in(portal, "hana").get("/records/employee/bulk?ids=3").text
        assert 'value="salary"' in text
        assert logged_in(portal, "derek").get("/records/employee/bulk?ids=3").status_code == 404
