"""A record's tabs: what points at it, and what people say about it; each within what its reader may see."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from portal.extensions import db
from tests.portal.demo_site import logged_in
from tests.portal.many_definitions import statements
from workflows.store import notifications


def plain(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def department(client, code="PRD"):
    return client.get(f"/api/v1/department/?code={code}").json["ids"][0]


def told(portal):
    with portal.app_context():
        found = db.session().execute(select(notifications.c.recipient, notifications.c.kind)).all()
        db.session.remove()
    return sorted(row.recipient for row in found if row.kind == "comment_mention")


def comment(client, record, text, definition="employee"):
    return client.post("/api/v1/comments/", json={"definition": definition, "record": record, "text": text})


def employee(client, account):
    return client.get(f"/api/v1/employee/?account={account}").json["ids"][0]


class TestRelations:
    def test_a_tab_shows_some_records_and_leads_to_all_and_to_a_new_one(self, portal):
        hana = logged_in(portal, "hana")
        number = department(hana, "PRD-A")
        text = hana.get(f"/records/department/show/{number}?tab=employee.department").text
        assert "Assembly shop" in text
        assert f"/records/employee/list/?view=all&amp;department={number}" in text
        add = re.search(r'href="(/records/employee/add\?[^"]+)"', text)[1].replace("&amp;", "&")
        form = hana.get(add).text
        assert f'<option value="{number}" selected>Assembly shop</option>' in form

    def test_the_counts_are_one_statement_within_what_the_reader_may_see(self, portal):
        hana, derek = logged_in(portal, "hana"), logged_in(portal, "derek")
        number = department(hana)
        place = f"/records/department/show/{number}/tabs"
        hana.get(place)
        with statements(portal) as sent:
            html = hana.get(place).text
        counting = [statement for statement in sent if statement.count("count(") > 1]
        assert len(counting) == 1
        assert len(sent) <= 6, "\n".join(sent)
        assert "Employees" in plain(html)
        assert "employee.department" in derek.get(place).text

    def test_five_sides(self, portal):
        hana = logged_in(portal, "hana")
        number = department(hana, "SAL")
        tab = f"/records/department/show/{number}?tab=production_output.department"
        counts = {}
        for account in ("hana", "derek", "emma", "audrey"):
            answer = logged_in(portal, account).get(tab)
            counts[account] = answer.status_code
            listed = logged_in(portal, account).get(f"/records/department/show/{number}/tabs").text
            assert ("production_output.department" in listed) == (answer.status_code == 200), account
        assert (counts["hana"], counts["derek"], counts["audrey"]) == (200, 200, 200)
        assert counts["emma"] == 404
        assert "/login/" in portal.test_client().get(tab).headers["Location"]
        row = {"day": "2026-10-01", "department": number, "planned": 5, "produced": 4}
        hana.post("/api/v1/production_output/", json=row)
        assert "Oct 1, 2026" in hana.get(tab).text
        assert "Oct 1, 2026" not in logged_in(portal, "derek").get(tab).text

    def test_an_unknown_tab_is_not_there(self, portal):
        hana = logged_in(portal, "hana")
        assert hana.get(f"/records/department/show/{department(hana)}?tab=nothing.here").status_code == 404


class TestComments:
    def test_five_sides_of_a_comment_on_an_employee(self, portal):
        hana = logged_in(portal, "hana")
        emma = employee(hana, "emma")
        number = comment(hana, emma, "Welcome back.").json["id"]
        for account, sees in (("hana", 1), ("derek", 1), ("emma", 1), ("audrey", 1), ("liwei", 0), ("sofia", 0)):
            client = logged_in(portal, account)
            one, many = (
                client.get(f"/api/v1/comments/{number}"),
                client.get(f"/api/v1/comments/?definition=employee&record={emma}"),
            )
            page = client.get(f"/records/employee/show/{emma}?tab=comments")
            assert [a.status_code for a in (one, many, page)] == [200 if sees else 404] * 3, account
            assert ("Welcome back." in page.text) == bool(sees)
            assert comment(client, emma, "Me too.").status_code == (201 if sees else 404), account
        stranger = portal.test_client()
        assert stranger.get(f"/api/v1/comments/{number}").status_code == 401
        assert (
            "/login/"
            in stranger.post(f"/records/employee/show/{emma}/comments", data={"text": "x"}).headers["Location"]
        )

    def test_who_may_see_the_record_hears_and_who_may_not_is_not_told(self, portal):
        hana = logged_in(portal, "hana")
        emma = employee(hana, "emma")
        answer = comment(hana, emma, "@derek @liwei @nobody please look, a@derek.example is no name")
        assert answer.json["result"]["mentions"] == ["derek"]
        assert answer.json["not_told"] == ["liwei", "nobody"]
        assert told(portal) == ["derek"]
        inbox = logged_in(portal, "derek").get("/inbox/").text
        assert "hana named you in a comment" in inbox
        assert f"tab=comments#comment-{answer.json['id']}" in inbox.replace("&#35;", "#")

    def test_people_who_can_be_named_are_those_who_may_see_the_record(self, portal):
        derek = logged_in(portal, "derek")
        emma = employee(derek, "emma")
        place = f"/records/employee/show/{emma}/people"
        names = {row["value"] for row in derek.get(place).json}
        assert {"hana", "derek", "emma"} <= names
        assert not names & {"liwei", "sofia"}
        assert [row["value"] for row in derek.get(f"{place}?q=hana").json] == ["hana"]
        assert derek.get(f"{place}?q=liwei").json == []
        assert logged_in(portal, "liwei").get(place).status_code == 404

    def test_a_comment_is_text_with_links_and_nothing_else(self, portal):
        hana = logged_in(portal, "hana")
        emma = employee(hana, "emma")
        comment(hana, emma, "<script>alert(1)</script> see https://example.org/a?b=1&c=2 javascript:alert(1) @derek")
        html = hana.get(f"/records/employee/show/{emma}?tab=comments").text
        assert "<script>alert" not in html
        assert "&lt;script&gt;alert(1)" in html
        assert 'href="https://example.org/a?b=1&amp;c=2"' in html
        assert 'rel="nofollow noopener noreferrer"' in html
        assert 'href="javascript' not in html
        assert '<strong class="mention">@Derek Miller</strong>' in html

    def test_its_author_alone_changes_and_takes_it_back_and_what_it_said_is_kept(self, portal):
        hana, derek = logged_in(portal, "hana"), logged_in(portal, "derek")
        emma = employee(hana, "emma")
        number = comment(derek, emma, "First words @hana").json["id"]
        assert hana.patch(f"/api/v1/comments/{number}", json={"text": "Hers"}).status_code == 403
        assert hana.delete(f"/api/v1/comments/{number}").status_code == 403
        changed = derek.patch(f"/api/v1/comments/{number}", json={"text": "Better words @hana @emma"})
        assert [e["text"] for e in changed.json["result"]["earlier"]] == ["First words @hana"]
        assert told(portal) == ["emma", "hana"]  # Hana heard once
        stale = derek.patch(f"/api/v1/comments/{number}", json={"text": "x"}, headers={"If-Match": '"1"'})
        assert stale.status_code == 412
        assert derek.delete(f"/api/v1/comments/{number}").status_code == 200
        page = plain(hana.get(f"/records/employee/show/{emma}?tab=comments").text)
        assert "This comment was taken back." in page
        assert "words" not in page

    def test_on_the_page_one_writes_changes_and_is_told_who_did_not_hear(self, portal):
        derek = logged_in(portal, "derek")
        emma = employee(derek, "emma")
        place = f"/records/employee/show/{emma}/comments"
        answer = derek.post(place, data={"text": "Hello @liwei"})
        number = re.search(r"#comment-(\d+)", answer.headers["Location"])[1]
        page = plain(derek.get(answer.headers["Location"]).text)
        assert "Not told: @liwei." in page
        derek.post(f"{place}/{number}", data={"text": "Hello all", "version": "1"})
        assert "Hello all" in derek.get(f"/records/employee/show/{emma}?tab=comments").text
        derek.post(f"{place}/{number}", data={"remove": "1"})
        assert "taken back" in derek.get(f"/records/employee/show/{emma}?tab=comments").text

    @pytest.mark.parametrize("text", ["", "   ", "x" * 4001])
    def test_nothing_and_too_much_are_refused(self, portal, text):
        hana = logged_in(portal, "hana")
        assert comment(hana, employee(hana, "emma"), text).status_code == 422

    def test_a_number_that_is_none_and_an_unknown_list_are_refused(self, portal):
        hana = logged_in(portal, "hana")
        assert comment(hana, "one", "x").status_code == 422
        assert comment(hana, 1, "x", "nothing").status_code == 404
        assert comment(hana, 10**9, "x").status_code == 404
