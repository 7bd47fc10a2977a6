"""The matrix of access: drafts made one by one or many at once, their effect told, published, and taken back."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from metadata import drafts, publish, versions
from metadata.access import system
from metadata.engine import publishing
from portal import permissions
from portal.extensions import db
from portal.units import utcnow
from tests.portal.access_rules import in_force
from tests.portal.demo_site import logged_in
from tests.portal.many_definitions import statements

PAGES = ("/roles/matrix/", "/roles/matrix/preview", "/roles/matrix/employee/Employee")


@pytest.fixture
def hana(portal):
    return logged_in(portal, "hana")


def rule(**more):
    """A form with one rule."""
    return {"rules": "1", "revision": "0", "r0_rows": "own", "r0_can": ["list", "show"], **more}


def kept(app, name):
    with app.app_context():
        found = drafts.load(db.session(), name)
        db.session.remove()
    return found


def publish_all(client, page=None):
    text = page or client.get("/roles/matrix/preview").text
    names = re.findall(r'name="drafts" value="([^"]+)"', text)
    return client.post("/roles/matrix/publish", data={"comment": "because", "drafts": names})


class TestWho:
    @pytest.mark.parametrize("account", ["derek", "emma", "liwei", "audrey"])
    def test_nobody_but_hr_and_it(self, portal, account):
        client = logged_in(portal, account)
        for page in PAGES:
            assert client.get(page).status_code == 404
        for path in ("/roles/matrix/employee/Employee", "/roles/matrix/many", "/roles/matrix/publish"):
            assert client.post(path, data=rule()).status_code == 404
        assert client.get("/api/v1/access/why?account=emma&definition=employee").status_code == 404
        assert client.get("/access/why?account=emma&definition=employee").status_code == 404

    def test_anonymous_is_sent_to_log_in(self, portal):
        for page in (*PAGES, "/access/why"):
            assert "/login" in portal.test_client().get(page).headers["Location"]
        assert portal.test_client().get("/api/v1/access/why").status_code == 401


class TestPage:
    def test_shows_one_role_over_the_definitions_and_one_definition_over_the_roles(self, hana):
        role = hana.get("/roles/matrix/?role=Trainer&search=employees").text
        assert "/roles/matrix/employee/Trainer" in role
        assert "/roles/matrix/course/Trainer" not in role
        over = hana.get("/roles/matrix/?definition=employee").text
        assert {"/roles/matrix/employee/Trainer", "/roles/matrix/employee/Department%20head"} <= set(
            re.findall(r'href="([^"]+)"', over)
        )

    def test_costs_few_statements_however_many_definitions_there_are(self, large_portal):
        hana = logged_in(large_portal, "hana")
        hana.get("/roles/matrix/")
        with statements(large_portal) as sent:
            assert hana.get("/roles/matrix/").status_code == 200
        assert len(sent) <= 6, "\n".join(sent)


class TestEdit:
    def test_a_rule_becomes_a_draft_and_is_in_force_once_published(self, portal, hana):
        before = in_force(portal, "position")
        form = rule(r0_rows="all", r0_f0="code", r0_o0="is", r0_v0="X1", r0_field_title="read", r0_field_code="none")
        answer = hana.post("/roles/matrix/position/Trainer", data=form)
        assert answer.status_code == 303
        assert in_force(portal, "position") == before
        preview = hana.get("/roles/matrix/preview").text
        assert "tariq" in preview or "Nobody of them" in preview
        assert publish_all(hana, preview).status_code == 303
        assert in_force(portal, "position")["Trainer"] == {
            "rows": "all",
            "where": {"properties": {"code": {"const": "X1"}}, "required": ["code"]},
            "can": ["list", "show"],
            "hides": ["code"],
            "locks": ["title"],
        }
        assert kept(portal, "position") is None
        again = hana.get("/roles/matrix/position/Trainer").text
        assert 'value="X1"' in again

    def test_several_rules_are_added_and_one_is_left_out(self, portal, hana):
        page = hana.post("/roles/matrix/employee/Employee", data=rule(more="1")).text
        assert 'name="r1_rows"' in page
        two = rule(rules="2", r1_rows="assigned", r1_can=["show"], r1_assigned=["manager"])
        assert hana.post("/roles/matrix/employee/Employee", data=two).status_code == 303
        draft = kept(portal, "employee")
        assert [r["rows"] for r in draft.document["x-access"]["Employee"]] == ["own", "assigned"]
        one = {**two, "r0_drop": "1", "revision": str(draft.revision)}
        assert hana.post("/roles/matrix/employee/Employee", data=one).status_code == 303
        assert kept(portal, "employee").document["x-access"]["Employee"]["assigned"] == ["manager"]

    @pytest.mark.parametrize(
        ("more", "words"),
        [
            ({"r0_rows": "assigned"}, "Name the fields that say to whom"),
            ({"r0_raw": "{nonsense"}, "no readable JSON object"),
            ({"r0_raw": '{"required": ["ghost"]}'}, "There is no field called “ghost”."),
            ({"r0_f0": "hired_on", "r0_o0": "is", "r0_v0": "soon"}, "A date such as"),
            ({"r0_rows": "everything"}, "Must be one of"),
        ],
    )
    def test_what_is_wrong_is_said_and_what_was_typed_stays(self, portal, hana, more, words):
        answer = hana.post("/roles/matrix/employee/Employee", data=rule(**more))
        assert answer.status_code == 422
        assert words in answer.text
        assert kept(portal, "employee") is None

    def test_who_was_slower_is_told(self, hana):
        assert hana.post("/roles/matrix/employee/Employee", data=rule(r0_can=["show"])).status_code == 303
        answer = hana.post("/roles/matrix/employee/Employee", data=rule(r0_can=["list"]))
        assert answer.status_code == 409
        assert "in the meantime" in answer.text

    def test_unknown_places_are_not_there(self, hana):
        for path in ("ghost/Employee", "employee/Ghost", "employee/Admin", "my_week/Employee"):
            assert hana.get(f"/roles/matrix/{path}").status_code == 404


class TestMany:
    def test_the_same_rules_for_one_role_in_many_definitions(self, portal, hana):
        form = {"role": "Auditor", "definitions": ["course", "position"], "how": "set", "rows": "all", "can": ["list"]}
        assert hana.post("/roles/matrix/many", data=form).status_code == 303
        assert publish_all(hana).status_code == 303
        for name in ("course", "position"):
            assert in_force(portal, name)["Auditor"] == {"rows": "all", "can": ["list"]}
        with portal.app_context():
            history = publish.history(db.session(), "course")
            version = history[0]["version"]
            assert {c["definition"] for c in history[0]["changes"]} == {"course", "position"}
            assert version == publish.history(db.session(), "position")[0]["version"]
            db.session.remove()

    def test_a_role_gets_the_rules_of_another_and_rollback_takes_them_back(self, portal, hana):
        before = in_force(portal, "employee")
        form = {"role": "Integration", "definitions": ["employee"], "how": "copy", "source": "Trainer"}
        hana.post("/roles/matrix/many", data=form)
        assert publish_all(hana).status_code == 303
        assert in_force(portal, "employee")["Integration"] == before["Trainer"]
        with portal.app_context(), publishing():
            session = db.session()
            session.rollback()
            catalog = versions.load_catalog(session)
            publish.rollback(session, catalog, catalog.version - 1, actor=system(), comment="back", now=utcnow())
            session.commit()
            db.session.remove()
        assert in_force(portal, "employee") == before

    def test_no_rows_takes_the_role_out(self, portal, hana):
        hana.post(
            "/roles/matrix/many", data={"role": "Trainer", "definitions": ["employee"], "how": "set", "rows": "none"}
        )
        assert "Trainer" not in kept(portal, "employee").document["x-access"]

    def test_nothing_chosen_makes_no_draft(self, portal, hana):
        assert hana.post("/roles/matrix/many", data={"role": "Trainer", "how": "set"}).status_code == 303
        assert "No draft changes" in hana.get("/roles/matrix/preview").text


class TestPreview:
    def test_names_who_gains_and_loses_how_many_records(self, portal, hana):
        hana.post("/roles/matrix/many", data={
            "role": "Employee", "definitions": ["employee"], "how": "set", "rows": "reports", "can": ["list", "show"]
        })  # fmt: skip
        text = hana.get("/roles/matrix/preview").text
        row = re.search(
            r'<th scope="row">emma</th><td>Show</td><td class="number">([^<]+)</td><td class="number">([^<]+)</td>',
            text,
        )
        assert row.groups() == ("0", "1")
        assert "“Employee” gets list, show: records of direct reports." in text
        chinese = hana.get("/roles/matrix/preview", headers={"Accept-Language": "zh"})
        assert "获得 列表, 查看" in chinese.text

    def test_publishing_needs_a_reason_and_the_drafts_that_were_looked_at(self, portal, hana):
        hana.post("/roles/matrix/employee/Employee", data=rule(r0_can=["show"]))
        assert hana.post("/roles/matrix/publish", data={"drafts": ["employee:1"]}).status_code == 422
        assert hana.post("/roles/matrix/publish", data={"comment": "x", "drafts": ["employee:7"]}).status_code == 409
        assert kept(portal, "employee") is not None

    def test_the_new_scopes_are_in_the_frameworks_rows_too(self, portal, hana):
        rules = rule(rules="2", r0_rows="reports", r1_rows="assigned", r1_can=["edit"], r1_assigned=["manager"])
        hana.post("/roles/matrix/employee/Employee", data=rules)
        publish_all(hana)
        assert frameworks_rows(portal, "employee", "Employee") == {"can_list", "can_show", "can_edit"}
        with portal.app_context():
            told = [c["message"] % c["params"] for c in publish.history(db.session(), "employee")[0]["changes"]]
            db.session.remove()
        assert "“Employee” gets list, show: records of direct reports." in told
        assert "direct reports" in hana.get("/history/of/employee").text


def frameworks_rows(app, name, role):
    """What Flask-AppBuilder's tables say that a role may do with a definition."""
    with app.app_context():
        joined = (
            permissions.LINKS.join(permissions.PAIRS, permissions.PAIRS.c.id == permissions.LINKS.c.permission_view_id)
            .join(permissions.MENUS, permissions.MENUS.c.id == permissions.PAIRS.c.view_menu_id)
            .join(permissions.PERMISSIONS, permissions.PERMISSIONS.c.id == permissions.PAIRS.c.permission_id)
            .join(permissions.ROLES, permissions.ROLES.c.id == permissions.LINKS.c.role_id)
        )
        wanted = select(permissions.PERMISSIONS.c.name).select_from(joined)
        wanted = wanted.where(permissions.MENUS.c.name == name, permissions.ROLES.c.name == role)
        found = set(db.session.execute(wanted).scalars())
        db.session.remove()
    return found


class TestWhy:
    def test_the_page_and_rest_name_the_deciding_rule(self, hana):
        page = hana.get("/access/why?account=emma&definition=employee&field=salary").text
        assert "“Employee” grants it for records about the person." in page
        found = hana.get("/api/v1/access/why?account=derek&definition=employee&field=salary").json
        show = next(one for one in found["actions"] if one["action"] == "show")
        assert (show["allowed"], show["reasons"]) == (False, ["“Department head” grants it, but hides the field."])
        assert "Auditor" in [one["role"] for one in show["would_be_granted_by"]]

    def test_it_agrees_with_what_the_person_gets(self, portal, hana):
        emma = logged_in(portal, "emma")
        for number in range(1, 12):
            found = hana.get(f"/api/v1/access/why?account=emma&definition=employee&record={number}").json
            said = {one["action"]: one["allowed"] for one in found["actions"]}
            assert said["show"] == (emma.get(f"/api/v1/employee/{number}").status_code == 200), number

    def test_says_everything_that_is_wrong_with_the_question(self, hana):
        found = hana.get("/api/v1/access/why?account=ghost&definition=ghost&record=x")
        assert found.status_code == 422
        assert [p["pointer"] for p in found.json["problems"]] == ["/account", "/definition", "/record"]
        assert hana.get("/access/why?account=ghost&definition=employee").status_code == 422
        assert hana.get("/access/why?account=emma&definition=employee&record=999999").status_code == 422

    def test_records_and_accounts_lead_there(self, hana):
        assert "/access/why?definition=employee&amp;record=3" in hana.get("/records/employee/show/3").text
        assert "/access/why?account=" in hana.get("/users/show/5").text
