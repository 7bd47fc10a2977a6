"""The audit page and its REST: for whom, what of it, how it is asked, and what it costs."""

from __future__ import annotations

import csv
import io
import re

import pytest
from sqlalchemy import event

from metadata import trail
from metadata.access import Actor
from metadata.trail import Asked
from portal.extensions import db
from tests.portal.demo_site import logged_in

ADD = "/records/department/add"


def rows(text):
    table = text.split("<tbody>")[1].split("</tbody>")[0]
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in table.split("</tr>")[:-1]]


@pytest.fixture
def changed(portal):
    """A department that hana added and renamed, and an employee whose salary she raised."""
    hana = logged_in(portal, "hana")
    place = hana.post(ADD, data={"code": "NEW", "name": "Newton", "name_zh": "新"}).headers["Location"]
    edit = {"code": "NEW", "name": "=Einstein", "name_zh": "新", "_version": "1"}
    hana.post(place.replace("/show/", "/edit/"), data=edit)
    answer = hana.patch("/api/v1/employee/30", json={"salary": 4321})
    assert answer.status_code == 200
    return int(place.rsplit("/", 1)[1])


def test_it_is_for_auditors_hr_and_it(portal, changed):
    for name, status in (("hana", 200), ("audrey", 200), ("derek", 404), ("emma", 404), ("liwei", 404)):
        client = logged_in(portal, name)
        assert client.get("/audit/").status_code == status
        assert client.get("/audit/export.csv").status_code == status
        assert client.get("/api/v1/audit/").status_code == status
    assert "/login/" in portal.test_client().get("/audit/").headers["Location"]
    assert portal.test_client().get("/api/v1/audit/").status_code == 401


def test_filters_find_what_they_say(portal, changed):
    audrey = logged_in(portal, "audrey")
    found = rows(audrey.get(f"/audit/?definition=department&record={changed}").text)
    assert len(found) == 2
    assert "hana Changed" in found[0]
    assert "Name: Newton → =Einstein" in found[0]
    assert len(rows(audrey.get(f"/audit/?definition=department&record={changed}&action=create").text)) == 1
    assert "No change" in rows(audrey.get("/audit/?person=nobody").text)[0]
    assert "No change" in rows(audrey.get("/audit/?until=2020-01-01").text)[0]
    assert len(rows(audrey.get("/audit/?person=HANA&since=2020-01-01").text)) == 3
    wrong = audrey.get("/audit/?since=yesterday&record=x")
    assert wrong.status_code == 422
    assert 'id="error-since"' in wrong.text
    assert 'value="yesterday"' in wrong.text


def test_pages_follow_each_other_without_gap_or_repeat(portal, changed):
    client = logged_in(portal, "audrey")
    seen, before = [], ""
    for _page in range(3):
        answer = client.get(f"/api/v1/audit/?page_size=2{before}").get_json()
        seen += answer["ids"]
        before = f"&before={seen[-1]}"
    assert seen == client.get("/api/v1/audit/?page_size=6").get_json()["ids"]
    assert seen == sorted(seen, reverse=True)


def test_values_stay_out_where_the_records_would_not_show_them(portal, changed):
    """Trainers read all employees without their salary; heads read some; employees themselves: only the fact is told."""
    asked = Asked(definition="employee", record_id=30, person="hana")
    with portal.app_context():
        session = db.session()
        catalog = portal.extensions["plumbline_catalogs"].current(session)
        told = {
            role: trail.page(session, catalog, Actor("somebody", frozenset({role})), asked)[0][0].values
            for role in ("HR admin", "Auditor", "Trainer", "Department head", "Employee")
        }
        db.session.remove()
    assert [name for name, _before, _after in told["HR admin"]] == ["salary"]
    assert told["Auditor"] == told["HR admin"]
    assert told["Trainer"] == told["Department head"] == told["Employee"] == ()


def test_accounts_stand_in_it_without_a_password(portal):
    hana = logged_in(portal, "hana")
    form = {"username": "ada", "first_name": "Ada", "email": "ada@example.com", "roles": ["Employee"], "active": "1"}
    secret = re.search(r'id="one-time-password">([^<]+)<', hana.post("/users/add", data=form).text)[1]
    page = logged_in(portal, "audrey").get("/audit/?definition=@account").text
    assert "hana Added Account" in rows(page)[0]
    assert secret not in page


def test_the_file_holds_one_line_a_value_and_runs_no_formula(portal, changed):
    answer = logged_in(portal, "audrey").get(f"/audit/export.csv?definition=department&record={changed}")
    lines = list(csv.reader(io.StringIO(answer.text.lstrip("\ufeff"))))
    assert lines[1][5:8] == ["name", "Newton", "'=Einstein"]
    assert {line[1] for line in lines[1:]} == {"hana"}


def test_the_page_costs_at_most_six_statements(portal, changed):
    client = logged_in(portal, "audrey")
    client.get("/audit/")
    statements: list[str] = []
    with portal.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    assert client.get("/audit/?definition=employee").status_code == 200
    assert len([text for text in statements if not text.startswith("BEGIN")]) <= 6
