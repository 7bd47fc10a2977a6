"""Saved views: what a person named opens again, by page, link and REST; and never shows more than its reader may see."""

from __future__ import annotations

import io
import re

import openpyxl
import pytest

from metadata import publish
from metadata.access import system
from metadata.parser import thawed
from metadata.renaming import rename_fields
from portal import catalogs, units
from portal.extensions import db
from tests.portal.demo_site import logged_in
from tests.portal.many_definitions import statements

pytestmark = pytest.mark.both_databases

KPI = "/records/production_output"
STAMPING = {"question": "line=stamping&order=-produced&columns=produced,day,line&page_size=10", "name": "Stamping"}


def saved(client, definition="production_output", **form):
    """Save a view by the page's form; its address."""
    answer = client.post(f"/records/{definition}/views", data={**STAMPING, **form})
    assert answer.status_code == 302
    return answer.headers["Location"]


def heads(text):
    return re.findall(r'class="table-sort"[^>]*>([^<]+)<', text)


def number_of(address):
    return int(re.search(r"view=(\d+)", address)[1])


def published(portal, change):
    """Publish what `change` makes of the definition of production output."""
    with portal.test_request_context():
        document = thawed(catalogs.current()["production_output"].definition.document)
        change(document)
        units.publish(
            lambda session, catalog: publish.publish(
                session,
                catalog,
                [document],
                actor=system("t"),
                comment="t",
                now=units.utcnow(),
                confirm=["shift", "line", "production_output", "production_output.shift"],
            )
        )
        db.session.remove()


class TestOpening:
    def test_a_view_shows_its_columns_filter_and_order_again(self, portal):
        hana = logged_in(portal, "hana")
        text = hana.get(saved(hana)).text
        assert heads(text) == ["Produced", "Day", "Line"]
        assert '<option value="stamping" selected>' in text
        assert 'aria-sort="descending"' in text
        assert "The view was saved." in text

    def test_an_address_that_says_what_to_show_outranks_the_view_that_it_names(self, portal):
        hana = logged_in(portal, "hana")
        place = saved(hana)
        text = hana.get(f"{place}&line=casting&columns=day").text
        assert '<option value="casting" selected>' in text
        assert heads(text) == ["Day"]
        assert "Changed since you opened it" in text
        assert "Update the view" in text

    def test_a_list_opens_with_the_view_that_i_chose_and_nobody_elses_does(self, portal):
        hana, derek = logged_in(portal, "hana"), logged_in(portal, "derek")
        saved(hana, default="1", roles="Department head")
        assert heads(hana.get(f"{KPI}/list/").text) == ["Produced", "Day", "Line"]
        assert "Shift" in heads(hana.get(f"{KPI}/list/?view=all").text)
        assert "Shift" in heads(derek.get(f"{KPI}/list/").text)
        assert "Stamping" in derek.get(f"{KPI}/list/").text

    def test_a_view_that_is_gone_is_said_and_the_list_shown(self, portal):
        text = logged_in(portal, "hana").get(f"{KPI}/list/?view=99").text
        assert "There is no such view any more" in text
        assert "Shift" in heads(text)

    def test_it_costs_one_statement_and_a_list_stays_within_six(self, portal):
        hana = logged_in(portal, "hana")
        place = saved(hana, default="1")
        for address in (place, f"{KPI}/list/", f"{KPI}/list/?group=department&group=day:month&view=all"):
            hana.get(address)
            with statements(portal) as sent:
                assert hana.get(address).status_code == 200
            assert len(sent) <= 6, "\n".join(sent)


class TestSharing:
    def test_five_sides_of_a_shared_and_of_a_private_view(self, portal):
        hana = logged_in(portal, "hana")
        shared = number_of(saved(hana, roles="Department head"))
        private = number_of(saved(hana, name="Mine alone"))
        for account, sees in (("hana", {shared, private}), ("derek", {shared}), ("sofia", {shared}), ("audrey", set())):
            client = logged_in(portal, account)
            assert {v["id"] for v in client.get("/api/v1/views/").json["result"]} == sees, account
            assert client.get(f"/api/v1/views/{private}").status_code == (200 if private in sees else 404)
        for account in ("emma", "liwei"):  # their role may not list it, whoever shares
            assert logged_in(portal, account).get("/api/v1/views/?definition=production_output").status_code == 404
            assert logged_in(portal, account).get(f"/api/v1/views/{shared}").status_code == 404
        assert portal.test_client().get("/api/v1/views/").status_code == 401
        assert "/login/" in portal.test_client().post(f"{KPI}/views", data=STAMPING).headers["Location"]

    def test_a_shared_view_leaves_out_what_its_reader_may_not_see_and_does_not_name_it(self, portal):
        hana, derek = logged_in(portal, "hana"), logged_in(portal, "derek")
        question = "salary__gte=5000&columns=name,salary&order=-salary"
        place = saved(hana, "employee", question=question, name="Well paid", roles="Department head")
        text = derek.get(place).text
        assert "3 parts of this view name fields" in text
        assert "salary" not in text.lower()
        plain = derek.get("/records/employee/list/?view=all&columns=name").text
        assert re.search(r"[\d,]+ records", text)[0] == re.search(r"[\d,]+ records", plain)[0]
        told = derek.get(f"/api/v1/views/{number_of(place)}").json["result"]
        assert (told["left_out"], told["layout"]["filters"], told["layout"]["columns"]) == (3, [], ["name"])
        assert "salary" not in str(told)

    def test_one_shares_with_roles_of_ones_own_that_see_the_list(self, portal):
        hana, derek = logged_in(portal, "hana"), logged_in(portal, "derek")
        body = {"definition": "production_output", "name": "Mine"}
        assert derek.post("/api/v1/views/", json={**body, "roles": ["HR admin"]}).status_code == 422
        assert derek.post("/api/v1/views/", json={**body, "roles": ["Department head"]}).status_code == 201
        assert hana.post("/api/v1/views/", json={**body, "roles": ["Employee"]}).status_code == 422
        assert hana.post("/api/v1/views/", json={**body, "roles": ["Auditor"]}).status_code == 201

    def test_only_the_owner_and_hr_change_what_is_shared(self, portal):
        derek, sofia, hana = (logged_in(portal, name) for name in ("derek", "sofia", "hana"))
        number = number_of(saved(derek, roles="Department head"))
        assert sofia.patch(f"/api/v1/views/{number}", json={"name": "Ours"}).status_code == 403
        assert sofia.delete(f"/api/v1/views/{number}").status_code == 403
        assert hana.patch(f"/api/v1/views/{number}", json={"name": "Ours"}).status_code == 200
        assert derek.delete(f"/api/v1/views/{number}").status_code == 200
        assert sofia.get(f"/api/v1/views/{number}").status_code == 404


class TestChanging:
    def test_it_is_renamed_updated_and_removed_on_the_page(self, portal):
        hana = logged_in(portal, "hana")
        number = number_of(saved(hana, roles="Auditor", default="1"))
        hana.post(f"{KPI}/views/{number}", data={"name": "Presses", "question": "", "version": "1"})
        view = hana.get(f"/api/v1/views/{number}").json["result"]
        assert (view["name"], view["roles"], view["layout"]["columns"]) == ("Presses", [], ["produced", "day", "line"])
        hana.post(f"{KPI}/views/{number}", data={"question": "line=casting&columns=day", "version": "2"})
        view = hana.get(f"/api/v1/views/{number}").json["result"]
        assert (view["name"], view["layout"]["columns"], view["_version"]) == ("Presses", ["day"], 3)
        stale = hana.post(f"{KPI}/views/{number}", data={"name": "Late", "version": "1"}, follow_redirects=True)
        assert "Somebody changed this view" in stale.text
        hana.post(f"{KPI}/views/{number}/remove")
        assert "Shift" in heads(hana.get(f"{KPI}/list/").text)

    def test_two_views_of_one_person_have_two_names(self, portal):
        hana = logged_in(portal, "hana")
        saved(hana)
        answer = hana.post(f"{KPI}/views", data=STAMPING, follow_redirects=True)
        assert "You have a view of this name already" in answer.text
        saved(logged_in(portal, "derek"))

    @pytest.mark.parametrize(
        "layout",
        [
            {"filters": [{"field": "nothing", "value": 1}]},
            {"filters": [{"field": "day", "op": "gte", "value": "soon"}]},
            {"columns": ["nothing"]},
            {"group": ["note"]},
            {"order": "day"},
            {"page_size": 0},
            [],
        ],
    )
    def test_rest_refuses_what_no_list_could_show(self, portal, layout):
        body = {"definition": "production_output", "name": "Odd", "layout": layout}
        answer = logged_in(portal, "hana").post("/api/v1/views/", json=body)
        assert answer.status_code == 422
        assert answer.json["problems"]

    def test_a_stale_change_by_rest_is_refused(self, portal):
        hana = logged_in(portal, "hana")
        number = number_of(saved(hana))
        assert hana.get(f"/api/v1/views/{number}").headers["ETag"] == '"1"'
        assert hana.patch(f"/api/v1/views/{number}", json={"name": "A"}, headers={"If-Match": '"1"'}).status_code == 200
        assert hana.patch(f"/api/v1/views/{number}", json={"name": "B"}, headers={"If-Match": '"1"'}).status_code == 412


class TestFieldsThatMove:
    def test_a_renamed_field_is_followed(self, portal):
        hana = logged_in(portal, "hana")
        place = saved(hana)

        def rename(document):
            named = rename_fields(document, {"line": "machine"})
            document.clear()
            document.update(named)

        published(portal, rename)
        text = hana.get(place).text
        assert '<option value="stamping" selected>' in text
        assert 'name="machine"' in text
        assert "left out" not in text

    def test_a_hidden_field_is_left_out_and_said(self, portal):
        hana = logged_in(portal, "hana")
        place = saved(hana, question="shift=early&columns=day,shift", name="Early")

        def hide(document):
            del document["properties"]["shift"]
            document["x-unique"], document["x-label"] = [], ["day"]
            document["x-screen"] = {"list": ["day", "line"]}
            document["x-i18n"] = {}

        published(portal, hide)
        text = hana.get(place).text
        assert "2 parts of this view name fields" in text
        assert heads(text) == ["Day"]


class TestGroups:
    def test_a_group_leads_to_its_own_records(self, portal):
        derek = logged_in(portal, "derek")
        text = derek.get(f"{KPI}/list/?group=line&group=day:quarter&shift=early").text
        rows = re.findall(
            r'class="group-2"><a[^>]* href="([^"]+)"[^>]*>([^<]+)</a></th>\s*<td class="number">(\d+)<', text
        )
        assert len(rows) > 3
        for address, _title, count in rows[:3]:
            inner = derek.get(address.replace("&amp;", "&")).text
            assert f"{count} records" in inner
            assert '<option value="early" selected>' in inner

    def test_the_totals_row_adds_all_pages(self, portal):
        hana = logged_in(portal, "hana")
        total = hana.get("/api/v1/production_output/_groups").json["total"]
        text = hana.get(f"{KPI}/list/?_totals=1&page_size=10").text
        foot = re.sub(r"<[^>]+>", "", text.split("<tfoot>")[1].split("</tfoot>")[0])
        assert f"{int(total['sum']['planned']):,}" in foot

    def test_files_carry_groups_and_totals_in_the_readers_words(self, portal):
        hana = logged_in(portal, "hana")
        english = hana.get(f"{KPI}/export.csv?group=line,day:year").text
        assert english.splitlines()[0].startswith("\ufeffLine,Day by year,Count,Sum of Planned")
        assert "Stamping,2026," in english
        assert english.splitlines()[-1].startswith("Total,,")
        chinese = hana.get(f"{KPI}/export.csv?group=line", headers={"Accept-Language": "zh-CN"}).text
        assert "合计" in chinese.splitlines()[-1]
        listed = hana.get(f"{KPI}/export.csv?columns=produced,line&line=stamping&_totals=1").text.splitlines()
        assert listed[0] == "\ufeffid,Produced,Line"
        assert listed[1].endswith(",Stamping")
        assert listed[-1].startswith("Total,")
        file = io.BytesIO(hana.get(f"{KPI}/export.xlsx?group=line&columns=day,line,planned").data)
        book = openpyxl.load_workbook(file)
        assert book.sheetnames == ["Groups", "production_output"]
        assert book["Groups"]["A2"].value == "Stamping"
        assert [cell.value for cell in book["production_output"][1]] == ["id", "Day", "Line", "Planned"]

    @pytest.mark.parametrize(
        "address", ["/api/v1/employee/_groups?group=gender", "/records/employee/list/?group=gender"]
    )
    def test_nobody_groups_by_what_is_hidden_from_them(self, portal, address):
        assert logged_in(portal, "derek").get(address).status_code == 422
        assert logged_in(portal, "hana").get(address).status_code == 200

    def test_groups_from_five_sides(self, portal):
        counts = {}
        for account in ("hana", "derek", "sofia", "emma"):
            answer = logged_in(portal, account).get("/api/v1/production_output/_groups?group=department")
            counts[account] = answer.json["total"]["count"] if answer.status_code == 200 else answer.status_code
        assert counts["hana"] >= counts["derek"] > 0
        assert counts["sofia"] == 0
        assert counts["emma"] == 404
        assert portal.test_client().get("/api/v1/production_output/_groups").status_code == 401
        rows = logged_in(portal, "sofia").get(f"{KPI}/rows?line=stamping")
        assert "<td" not in rows.text.split("<tbody>")[1].split("</tbody>")[0]
