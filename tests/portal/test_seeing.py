"""Looking as another: what they have, nothing that can be written, nothing that the looker may not see, and a trace."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from metadata import store
from metadata.engine import writing
from portal.extensions import db
from tests.portal.access_rules import with_rules
from tests.portal.demo_site import logged_in

READ_PAGES = (
    "/",
    "/records/employee/list/",
    "/records/review/list/",
    "/dashboards/",
    "/training/",
    "/cycles/",
    "/help/",
)


def begin(client, **form):
    return client.post("/seeing/begin", data=form)


def as_person(client, account):
    return begin(client, kind="person", account=account)


def trail(app):
    with app.app_context():
        rows = store.audit.c
        found = db.session.execute(select(rows.actor, rows.action, rows.definition, rows.note).order_by(rows.id)).all()
        db.session.remove()
    return [tuple(row) for row in found if row[1].startswith("see_")]


def audited(app):
    with app.app_context():
        found = len(db.session.execute(select(store.audit.c.id)).all())
        db.session.remove()
    return found


@pytest.fixture
def boss(portal):
    with portal.app_context(), writing():
        manager = portal.appbuilder.sm
        manager.add_user("root", "Ro", "Ot", "root@example.com", manager.find_role("Admin"), "root-demo-0")
        db.session.remove()
    return logged_in(portal, "root")


@pytest.fixture
def hana(portal):
    return logged_in(portal, "hana")


class TestWhoMayLook:
    @pytest.mark.parametrize("account", ["derek", "emma", "liwei", "audrey", "tariq"])
    def test_nobody_but_hr_and_it(self, portal, account):
        client = logged_in(portal, account)
        assert client.get("/seeing/").status_code == 404
        assert as_person(client, "emma").status_code == 404
        assert trail(portal) == []

    def test_who_is_not_logged_in_is_sent_to_log_in(self, portal):
        assert "/login" in portal.test_client().get("/seeing/").headers["Location"]
        assert as_person(portal.test_client(), "emma").status_code == 302

    def test_hr_never_as_it_neither_the_account_nor_the_role(self, portal, boss, hana):
        assert as_person(hana, "root").status_code == 422
        assert begin(hana, kind="role", role="Admin").status_code == 422
        assert hana.get("/records/employee/list/").status_code == 200
        assert trail(portal) == []
        assert as_person(boss, "hana").status_code == 303

    def test_a_forged_choice_of_somebody_else_counts_for_nothing(self, portal):
        emma = logged_in(portal, "emma")
        with emma.session_transaction() as session:
            session["seeing"] = {"kind": "person", "name": "hana", "number": 1, "by": "emma"}
        assert emma.get("/users/list/").status_code == 404

    def test_unknown_names_come_back_in_the_form(self, hana):
        answer = as_person(hana, "nobody-here")
        assert answer.status_code == 422
        assert "nobody-here" in answer.text


class TestWhatIsSeen:
    @pytest.mark.parametrize("account", ["emma", "derek", "tariq", "audrey"])
    def test_lists_rest_and_menu_are_those_of_the_person(self, portal, hana, account):
        theirs = logged_in(portal, account)
        as_person(hana, account)
        for name in ("employee", "production_output", "review", "sales_revenue"):
            mine, own = (c.get(f"/api/v1/{name}/?page_size=1000") for c in (hana, theirs))
            assert mine.status_code == own.status_code, name
            assert mine.json.get("result") == own.json.get("result"), name
        for path in ("/users/list/", "/roles/list/", "/audit/"):
            assert hana.get(path).status_code == theirs.get(path).status_code, path

    @pytest.mark.parametrize("account", ["emma", "derek"])
    def test_the_menu_is_that_of_the_person(self, portal, hana, account):
        def entries(client):
            return re.findall(r'class="sidebar-link[^"]*" href="([^"]+)"', client.get("/").text)

        own = entries(logged_in(portal, account))
        assert len(own) > 5
        assert set(entries(hana)) > set(own)
        as_person(hana, account)
        assert entries(hana) == own

    def test_every_page_says_so_and_offers_to_leave(self, hana):
        as_person(hana, "emma")
        for path in READ_PAGES:
            answer = hana.get(path)
            assert answer.status_code in (200, 404), path
            assert 'action="/seeing/leave"' in answer.text, path
        hana.post("/seeing/leave")
        assert 'action="/seeing/leave"' not in hana.get("/").text

    def test_a_role_alone_has_its_lists_and_nobodys_records(self, hana):
        begin(hana, kind="role", role="Trainer")
        assert hana.get("/api/v1/employee/?page_size=1").json["count"] > 100
        hana.post("/seeing/leave")
        begin(hana, kind="role", role="Department head")
        assert hana.get("/api/v1/employee/").json["count"] == 0

    def test_nothing_is_shown_that_the_looker_may_not_see(self, portal, hana):
        """HR loses a definition; looking as somebody who has it does not bring it back."""
        boss_only = {"rows": "all", "can": ["list", "show"]}
        with_rules(portal, "position", {"Employee": boss_only})
        assert logged_in(portal, "emma").get("/records/position/list/").status_code == 200
        as_person(hana, "emma")
        assert hana.get("/records/position/list/").status_code == 404
        assert hana.get("/api/v1/position/").status_code in (403, 404)


class TestReadOnly:
    def test_no_page_and_no_rest_call_writes_anything(self, portal, hana):
        as_person(hana, "derek")
        before = audited(portal)
        calls = [
            ("post", "/records/employee/add"),
            ("post", "/records/employee/edit/3"),
            ("post", "/records/employee/delete/3"),
            ("post", "/api/v1/employee/"),
            ("put", "/api/v1/employee/3"),
            ("patch", "/api/v1/employee/3"),
            ("delete", "/api/v1/employee/3"),
            ("post", "/api/v1/employee/_bulk"),
            ("post", "/api/v1/imports/"),
            ("post", "/seeing/begin"),
            ("post", "/designer/employee/publish"),
            ("post", "/users/add"),
        ]
        for method, path in calls:
            answer = getattr(hana, method)(path, json={} if path.startswith("/api") else None)
            assert answer.status_code == 403, path
        assert audited(portal) == before

    @pytest.mark.parametrize(
        "path", ["/inbox/", "/account/", "/account/keys", "/jobs/", "/api/v1/jobs/", "/imports/new", "/designer/"]
    )
    def test_what_belongs_to_an_account_alone_stays_shut(self, hana, path):
        as_person(hana, "derek")
        assert hana.get(path).status_code == 403

    def test_the_language_can_be_changed_and_is_not_remembered_for_anybody(self, portal, hana):
        as_person(hana, "emma")
        assert hana.post("/language/zh").status_code == 302
        assert "退出" in hana.get("/").text
        hana.post("/seeing/leave")
        fresh = logged_in(portal, "hana")
        assert "中文" in fresh.get("/").text

    def test_a_key_of_a_program_is_no_matter_of_the_browser(self, portal, hana):
        as_person(hana, "emma")
        answer = hana.get("/api/v1/employee/", headers={"Authorization": "Bearer nothing"})
        assert answer.status_code == 401


class TestTrail:
    def test_begin_and_leave_stand_in_the_audit_trail(self, portal, hana):
        as_person(hana, "emma")
        hana.post("/seeing/leave")
        begin(hana, kind="role", role="Employee")
        hana.get("/logout/")
        assert trail(portal) == [
            ("hana", "see_as", "@account", "emma"),
            ("hana", "see_end", "@account", "emma"),
            ("hana", "see_as", "@role", "Employee"),
            ("hana", "see_end", "@role", "Employee"),
        ]
        page = logged_in(portal, "hana").get("/audit/").text
        assert "Began to see as" in page
        assert "Ended to see as" in page

    def test_a_person_who_becomes_powerful_meanwhile_shows_nothing_more(self, portal, boss, hana):
        as_person(hana, "emma")
        with portal.app_context(), writing():
            manager = portal.appbuilder.sm
            emma = manager.find_user("emma")
            emma.roles.append(manager.find_role("Admin"))
            db.session.commit()
            db.session.remove()
        assert hana.get("/records/employee/list/").status_code == 404
        assert hana.post("/seeing/leave").status_code == 303
