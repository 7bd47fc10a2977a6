"""The dashboard pages over HTTP: who gets them, what policy they carry, how live figures are asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator

import bokeh
import pytest
from flask import Flask
from sqlalchemy import event, update

from portal.extensions import db
from tests.portal.demo_site import logged_in, prepare, site

PAGES = ("/dashboards/", "/dashboards/production_output")


@pytest.fixture
def app(database_kind, databases, tmp_path) -> Iterator[Flask]:
    with databases.copy(database_kind, "demo site", prepare) as url:
        app = site(url, tmp_path)
        yield app
        with app.app_context():
            db.engine.dispose()


def policy(response) -> dict[str, str]:
    return dict(part.strip().split(" ", 1) for part in response.headers["Content-Security-Policy"].split(";"))


class TestPolicy:
    def test_of_dashboards_takes_styles_with_the_nonce_of_the_response_and_nothing_else(self, app):
        hana = logged_in(app, "hana")
        for path in PAGES:
            response = hana.get(path)
            nonce = re.search(r"'nonce-[\w-]+'", policy(response)["script-src"])[0]
            assert policy(response)["style-src"] == f"'self' {nonce}"
            assert "unsafe" not in response.headers["Content-Security-Policy"]

    def test_of_every_other_page_takes_no_style_but_our_files(self, app):
        hana = logged_in(app, "hana")
        for path in (
            "/",
            "/records/employee/list/",
            "/records/production_output/list/",
            "/dashboards/data.json",
            "/nothing",
        ):
            assert policy(hana.get(path))["style-src"] == "'self'"

    def test_pages_hold_nothing_that_it_would_refuse(self, app):
        for path in PAGES:
            text = logged_in(app, "hana").get(path).text
            assert not re.search(r"\son\w+=|\sstyle=|<style|javascript:", text)


class TestPages:
    def test_show_first_what_the_reader_has_figures_of(self, app):
        shown = re.findall(r'data-region="card-(\w+)"', logged_in(app, "derek").get("/dashboards/").text)
        assert set(shown[:2]) == {"pass_rate", "production_output"}
        assert set(shown[2:]) == {"customer_satisfaction", "hr_hours", "repurchase_rate", "sales_revenue"}

    def test_are_for_those_who_may_list_the_records(self, app):
        assert logged_in(app, "derek").get("/dashboards/production_output").status_code == 200
        for account, path in (("emma", "production_output"), ("hana", "employee"), ("hana", "nothing_such")):
            assert logged_in(app, account).get(f"/dashboards/{path}").status_code == 404
            assert logged_in(app, account).get(f"/dashboards/{path}/data.json").status_code == 404

    def test_send_strangers_to_the_login(self, app):
        for path in (*PAGES, "/dashboards/data.json"):
            assert "/login" in app.test_client().get(path).headers["Location"]

    def test_name_a_wrong_month_instead_of_guessing(self, app):
        assert logged_in(app, "hana").get("/dashboards/?from=July").status_code == 422

    def test_cost_few_statements(self, app):
        hana = logged_in(app, "hana")
        hana.get("/dashboards/")
        with app.app_context():
            engine, said = db.engine, []
        event.listen(engine, "before_cursor_execute", lambda *heard: said.append(heard[2]))
        for path in PAGES:
            said.clear()
            hana.get(path)
            assert len([one for one in said if not one.startswith("BEGIN")]) <= 6

    def test_show_what_people_typed_as_text(self, app):
        with app.app_context():
            units = app.extensions["plumbline_catalogs"].current(db.session())["department"].table
            name = "</script><b>Press & shop</b>"
            db.session.execute(update(units).where(units.c.code == "PRD").values(name=name))
            db.session.commit()
        text = logged_in(app, "hana").get("/dashboards/production_output").text
        assert "<b>Press" not in text
        assert "&lt;b&gt;Press &amp; shop&lt;/b&gt;" in text


class TestLiveFigures:
    def test_answer_not_modified_until_a_record_changes(self, app):
        hana = logged_in(app, "hana")
        first = hana.get("/dashboards/hr_hours/data.json")
        ask = {"If-None-Match": first.headers["ETag"]}
        unchanged = hana.get("/dashboards/hr_hours/data.json", headers=ask)
        assert (unchanged.status_code, unchanged.data) == (304, b"")
        with app.app_context():
            table = app.extensions["plumbline_catalogs"].current(db.session())["hr_hours"].table
            db.session.execute(update(table).values(hours=table.c.hours * 2, _version=table.c._version + 1))
            db.session.commit()
        changed = hana.get("/dashboards/hr_hours/data.json", headers=ask)
        assert changed.status_code == 200
        assert changed.json["charts"]["months"] != first.json["charts"]["months"]
        assert changed.json["html"]["table-months"] != first.json["html"]["table-months"]

    def test_belong_to_the_reader_and_the_language(self, app):
        tags = set()
        for account in ("derek", "sofia", "hana"):
            client = logged_in(app, account)
            for language in ("en", "zh"):
                with client.session_transaction() as session:
                    session["locale"] = language
                tags.add(client.get("/dashboards/sales_revenue/data.json").headers["ETag"])
        assert len(tags) == 6


class TestResources:
    def test_bokeh_comes_from_the_installed_package_and_is_kept_for_ever(self, app):
        client = app.test_client()
        answer = client.get(f"/dashboards/bokeh-{bokeh.__version__}.min.js")
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
        assert bokeh.__version__.encode() in answer.data
        assert client.get("/dashboards/bokeh-0.0.1.min.js").status_code == 404

    def test_structures_are_of_this_edition_in_a_language_and_a_theme_that_exist(self, app):
        client = logged_in(app, "hana")
        address = re.search(r'data-structures="([^"]+)"', client.get("/dashboards/").text)[1]
        light, dark = (client.get(address.replace("THEME", theme)) for theme in ("light", "dark"))
        assert light.status_code == dark.status_code == 200
        assert light.data != dark.data
        assert client.get(address.replace("THEME", "pink")).status_code == 404
        assert client.get(address.replace("/en/", "/xx/").replace("THEME", "dark")).status_code == 404

    def test_structures_hold_no_script(self, app):
        client = logged_in(app, "hana")
        address = re.search(r'data-structures="([^"]+)"', client.get("/dashboards/").text)[1]
        assert "CustomJS" not in client.get(address.replace("THEME", "light")).text
