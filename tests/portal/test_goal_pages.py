"""The pages and REST of goals: what each of five sides finds, and what a page costs with 5 000 goals."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import event, select

from metadata import publish, records
from metadata.access import system
from metadata.engine import writing
from portal import units
from portal.designer import starts
from portal.extensions import db
from portal.views import goal_nodes as pages
from tests.portal.demo_site import logged_in, prepare, site

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
SETUP = "Set-up time of line 2 below 20 minutes"


@pytest.fixture
def app(database_kind, databases, tmp_path):
    with databases.copy(database_kind, "demo site", prepare) as url:
        made = site(url, tmp_path)
        yield made
        with made.app_context():
            db.session.remove()
            db.engine.dispose()


def catalog_of(app):
    return app.extensions["plumbline_catalogs"].current(db.session())


def number_of(app, title):
    with app.app_context():
        c = catalog_of(app)["objective_individual"].table.c
        return int(db.session().execute(select(c.id).where(c.title == title)).scalar_one())


def many(app, count):
    """So many goals of people below one of a department."""
    with app.app_context():
        catalog = catalog_of(app)
        above = db.session().execute(select(catalog["objective_department"].table.c.id)).scalars().first()
        values = {
            "period_start": "2026-10-01",
            "period_end": "2026-12-31",
            "commitment": "committed",
            "status": "active",
            "parent": above,
            "owner": 1,
        }
        rows = [{**values, "title": f"Goal {n}"} for n in range(count)]
        with writing():
            records.create_many(db.session(), catalog, "objective_individual", system("test"), rows, now=NOW)
            db.session.commit()
        db.session.remove()
        return above


def test_everybody_walks_the_tree_and_nobody_without_an_account(app):
    for account in ("hana", "derek", "emma", "liwei", "audrey"):
        page = logged_in(app, account).get("/goals/").text
        assert "Production cost −20 %" in page
        assert 'role="tree"' in page
    assert app.test_client().get("/goals/").status_code == 302
    assert app.test_client().get("/api/v1/goals/").status_code == 401


def test_a_private_goal_is_found_by_no_other_way(app):
    number = number_of(app, SETUP)
    with app.app_context():
        with writing():
            values = {"visibility": "private"}
            records.change(db.session(), catalog_of(app), "objective_individual", system("t"), number, values, now=NOW)
            db.session.commit()
        db.session.remove()
    paths = [
        f"/goals/objective_individual/{number}",
        f"/goals/objective_individual/{number}/branch",
        f"/api/v1/goals/objective_individual/{number}",
    ]
    for account, status in (("emma", 200), ("derek", 200), ("hana", 200), ("liwei", 404), ("tariq", 404)):
        client = logged_in(app, account)
        assert [client.get(path).status_code for path in paths] == [status] * 3
        assert (SETUP in client.get("/goals/objective_individual/").text) == (status == 200)
        listed = client.get("/api/v1/goals/").get_json()["result"]
        assert any(goal["title"] == SETUP for goal in listed) == (status == 200)
    client = logged_in(app, "liwei")
    missing = client.get("/api/v1/goals/objective_individual/999999").get_json()
    assert client.get(paths[2]).get_json() == missing
    assert client.get("/goals/employee/1").status_code == 404


def test_a_check_in_comes_back_with_what_was_typed_and_is_told_over_rest(app):
    number = number_of(app, SETUP)
    client = logged_in(app, "emma")
    app.config["WTF_CSRF_ENABLED"] = False
    path = f"/goals/objective_individual/{number}"
    result = client.get(f"/api/v1{path}").get_json()["result"]["key_results"][0]["id"]
    given = {"result": result, "value": "many", "confidence": "at_risk", "note": "", "evidence": "https://x.example/"}
    answer = client.post(f"{path}/check-in", data=given)
    assert answer.status_code == 422
    assert "https://x.example/" in answer.text
    assert "Say why it is at risk" in answer.text
    assert client.post(f"{path}/check-in", data={**given, "value": "22", "note": "Slow"}).status_code == 303
    seen = client.get(f"/api/v1{path}").get_json()["result"]
    assert [one["note"] for one in seen["check_ins"]] == ["Slow"]
    assert seen["key_results"][0]["current"] == 22
    assert logged_in(app, "liwei").post(f"{path}/check-in", data=given).status_code == 404


def test_a_clash_names_sides_figures_and_advice_and_is_dismissed_with_a_reason(app):
    app.config["WTF_CSRF_ENABLED"] = False
    derek = logged_in(app, "derek")
    page = derek.get("/goals/clashes/").text
    for words in ("Sales +50 %", "Production cost −20 %", "Not enough for all", "Lower one of the needs", "3,600"):
        assert words in page
    path = page.split('action="/goals/clashes/')[1].split('"')[0]
    empty = derek.post(f"/goals/clashes/{path}", data={"reason": ""})
    assert (empty.status_code, 'aria-invalid="true"' in empty.text) == (422, True)
    assert logged_in(app, "liwei").post(f"/goals/clashes/{path}", data={"reason": "x"}).status_code == 404
    assert derek.post(f"/goals/clashes/{path}", data={"reason": "Line 3 helps"}).status_code == 303
    page = logged_in(app, "sofia").get("/goals/clashes/").text
    assert "Nothing clashes." in page
    assert "Line 3 helps" in page


def test_a_level_begun_from_the_start_of_the_designer_counts_progress_as_every_level(app):
    document = json.loads((starts.FOLDER / "objective.json").read_text()) | {"$id": "objective_team"}
    with app.test_request_context():
        actor, now = system("test"), units.utcnow()
        units.publish(lambda s, c: publish.publish(s, c, [document], actor=actor, comment="t", now=now))
    hana = logged_in(app, "hana")
    given = {"title": "Half of it", "owner": 1}
    assert hana.post("/api/v1/objective_team/", json=given | {"progress": 50}).status_code == 422
    made = hana.post("/api/v1/objective_team/", json=given | {"progress": 0.5})
    page = hana.get(f"/goals/objective_team/{made.json['id']}").text
    assert ">50 %<" in page
    assert "5000 %" not in page


def test_five_thousand_goals_cost_no_more_statements_than_twenty(app):
    def cost():
        sent = []
        client = logged_in(app, "hana")
        client.get("/goals/")
        with app.app_context():
            engine = db.engine
        event.listen(engine, "before_cursor_execute", lambda *call: sent.append(call[2]))
        assert client.get("/goals/").status_code == 200
        return len(sent)

    few = cost()
    above = many(app, 5000)
    assert cost() <= few + 2
    page = logged_in(app, "hana").get(f"/goals/objective_department/{above}/branch")
    assert page.text.count("treeitem") <= pages.MOST_SHOWN + 1
