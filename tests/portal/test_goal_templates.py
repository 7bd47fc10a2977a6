"""Giving goals from a template on pages and over REST: what each of five sides may, what is wrong, what it costs."""

from __future__ import annotations

import pytest
from sqlalchemy import event, select

from metadata import records
from metadata.access import system
from metadata.engine import writing
from portal.app import bind_workflows
from portal.extensions import db
from tests.portal.demo_site import logged_in, prepare, site
from tests.portal.test_goal_pages import NOW, catalog_of
from tests.portal.test_history import speaks
from workflows import queue, tick

PERIOD = {"period_start": "2026-12-01", "period_end": "2027-05-31"}
VALUES = {
    "name": "Safe work",
    "name_zh": "安全工作",
    "shared": True,
    "objectives": [{"title": "Safety of {name}", "title_zh": "{name} 的安全", "commitment": "committed"}],
    "key_results": [{"objective": 1, "title": "Near misses", "start": 0, "target": 4, "unit": "reports"}],
}


@pytest.fixture
def app(database_kind, databases, tmp_path):
    with databases.copy(database_kind, "demo site", prepare) as url:
        made = site(url, tmp_path)
        bind_workflows(made)
        made.config["WTF_CSRF_ENABLED"] = False
        yield made
        with made.app_context():
            db.session.remove()
            db.engine.dispose()


def template(app, **values):
    with app.app_context():
        with writing():
            made = records.create(
                db.session(), catalog_of(app), "goal_template", system("t"), VALUES | values, now=NOW
            ).id
            db.session.commit()
        db.session.remove()
    return made


def unit(app, code):
    with app.app_context():
        c = catalog_of(app)["department"].table.c
        return db.session().execute(select(c.id).where(c.code == code)).scalar_one()


def settle(app):
    with app.app_context():
        db.session.remove()
    tick.settle(queue.bound())


def form(app, number, code="PRD-A", **more):
    return {"template": number, "department": unit(app, code), "below": "1", **PERIOD, **more}


def test_derek_gives_sees_what_became_of_it_and_takes_it_back(app):
    number, derek = template(app), logged_in(app, "derek")
    assert f"/goals/give?template={number}" in derek.get(f"/records/goal_template/show/{number}").text
    assert "/goals/give" in derek.get("/goals/").text
    given = form(app, number, without_account="1")
    seen = derek.post("/goals/give", data=given | {"then": "show"})
    assert "40 people get goals" in seen.text
    assert "Give 40 goals" in seen.text
    begun = derek.post("/goals/give", data=given | {"then": "begin"})
    assert begun.status_code == 303
    waiting = derek.get(begun.location).text
    assert 'hx-trigger="every 2s"' in waiting
    assert "Cancel the job" in waiting
    settle(app)
    done = derek.get(begun.location, headers={"HX-Request": "true"}).text
    assert "<strong>40</strong> goals given" in done
    assert "every 2s" not in done
    assert "Safety of Emma Clarke" in logged_in(app, "emma").get("/goals/objective_individual/?q=Safety").text
    assert "Safe work" in logged_in(app, "emma").get("/inbox/").text
    assert derek.post(f"{begun.location}/undo").status_code == 303
    settle(app)
    assert "<strong>40</strong> goals in the recycle bin" in derek.get(begun.location).text
    assert "Safety of Emma Clarke" not in logged_in(app, "emma").get("/goals/objective_individual/?q=Safety").text


def test_a_cycle_that_is_none_is_refused_at_its_field(app):
    number, hana = template(app), logged_in(app, "hana")
    for cycle in ([1], {"a": 1}, True, 10**30, -1, 1.5, "x", "9" * 5000):
        body = {"department": unit(app, "PRD-A"), "cycle": cycle}
        told = hana.post(f"/api/v1/goals/templates/{number}/preview", json=body)
        assert (told.status_code, [one["pointer"] for one in told.json["problems"]]) == (422, ["/cycle"]), cycle


def test_five_sides_of_the_page_and_of_rest(app):
    number = template(app)
    body = {"department": unit(app, "PRD-A"), **PERIOD, "without_account": True}
    begun = logged_in(app, "derek").post(f"/api/v1/goals/templates/{number}/give", json=body)
    assert begun.status_code == 202
    giving = begun.get_json()["id"]
    paths = ("/goals/give", "/api/v1/goals/templates/")
    shown = (f"/goals/given/{giving}", f"/api/v1/goals/templates/givings/{giving}")
    for account, gives, sees in (
        ("hana", True, True),
        ("derek", True, True),
        ("sofia", True, False),
        ("emma", False, False),
        ("liwei", False, False),
        ("tariq", False, False),
        ("audrey", False, True),
    ):
        client = logged_in(app, account)
        page, rest = (client.get(path) for path in paths)
        assert page.status_code == (200 if gives else 404), account
        assert bool(rest.get_json()["result"]) == gives, account
        assert [client.get(path).status_code for path in shown] == [200 if sees else 404] * 2, account
        asked = client.post(f"/api/v1/goals/templates/{number}/preview", json=body).status_code
        assert asked == {"hana": 200, "derek": 200, "sofia": 422}.get(account, 404), account
        if not sees:
            assert client.post(f"/api/v1/goals/templates/givings/{giving}/undo").status_code == 404
        if not gives:
            assert client.post("/goals/give", data=form(app, number)).status_code == 404
    nobody = app.test_client()
    assert [nobody.get(path).status_code for path in (paths[0], shown[0])] == [302, 302]
    assert [nobody.get(path).status_code for path in (paths[1], shown[1])] == [401, 401]
    assert logged_in(app, "audrey").post(f"/api/v1/goals/templates/givings/{giving}/undo").status_code == 403


def test_rest_previews_gives_and_takes_back(app):
    number, hana = template(app), logged_in(app, "hana")
    body = {"department": unit(app, "PRD"), **PERIOD}
    seen = hana.post(f"/api/v1/goals/templates/{number}/preview", json=body).get_json()["result"]
    assert [one["name"] for one in seen["gets"]] == ["Derek Miller", "Emma Clarke"]
    assert (seen["goals"], seen["has"], seen["whole"]) == (2, [], True)
    assert seen["refused"][0]["problems"][0]["message"].startswith("Has no account")
    begun = hana.post(f"/api/v1/goals/templates/{number}/give", json=body)
    settle(app)
    told = hana.get(begun.headers["Location"]).get_json()["result"]
    assert (told["people"]["given"], told["goals"]["given"], told["may_be_undone"]) == (2, 2, True)
    assert hana.get(f"/api/v1/jobs/{told['job']}").get_json()["result"]["result"]["created"] == 2
    assert hana.post(f"/api/v1/goals/templates/{number}/give", json=body).status_code == 422
    assert hana.post(f"{begun.headers['Location']}/undo").status_code == 202
    settle(app)
    assert hana.get(begun.headers["Location"]).get_json()["result"]["goals"]["undone"] == 2
    assert hana.post(f"{begun.headers['Location']}/undo").status_code == 409
    openapi = hana.get("/api/v1/_openapi").get_json()["paths"]
    assert "/api/v1/goals/templates/{template}/give" in openapi
    assert (
        "/api/v1/goals/templates/{template}/give"
        not in (logged_in(app, "emma").get("/api/v1/_openapi").get_json()["paths"])
    )


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"period_start": "soon"}, "period_start"),
        ({"period_end": "2026-11-30"}, "period_end"),
        ({"period_start": "", "period_end": ""}, "period_start"),
        ({"department": 999999}, "department"),
        ({"department": ""}, "department"),
        ({"parent": "objective_company:1"}, "parent"),
        ({"parent": "x"}, "parent"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_what_was_typed_comes_back(app, wrong, field):
    number, derek = template(app), logged_in(app, "derek")
    answer = derek.post("/goals/give", data=form(app, number) | {"then": "begin"} | wrong)
    assert answer.status_code == 422
    assert f'id="{field}-wrong1"' in answer.text
    kept = {"period_end": "2027-05-31"} | {k: v for k, v in wrong.items() if k == "period_end"}
    assert not kept["period_end"] or f'value="{kept["period_end"]}"' in answer.text
    names = {"department": 999999} if "department" in wrong else {}
    rest = {"department": unit(app, "PRD-A"), **PERIOD, **names, **{k: v for k, v in wrong.items() if "period" in k}}
    rest |= {"parent": {"definition": "objective_company", "id": 1}} if "parent" in wrong else {}
    answer = derek.post(f"/api/v1/goals/templates/{number}/preview", json=rest)
    assert (answer.status_code, answer.get_json()["problems"][0]["pointer"]) == (422, f"/{field}")


def test_it_speaks_chinese(app):
    number, hana = template(app), logged_in(app, "hana")
    speaks(hana, "zh")
    page = hana.post("/goals/give", data=form(app, number) | {"then": "show"}).text
    for words in ("安全工作", "1 人将获得目标", "没有账号", "谁不能获得，及其原因"):
        assert words in page
    assert "{name}" not in page


def test_the_page_costs_the_same_however_many_people_get_goals(app):
    number, hana = template(app), logged_in(app, "hana")

    def cost(code):
        sent = []
        given = form(app, number, code, without_account="1") | {"then": "show"}
        with app.app_context():
            engine = db.engine
        listen = lambda *call: None if call[2].startswith("INSERT") else sent.append(call[2])  # noqa: E731
        event.listen(engine, "before_cursor_execute", listen)
        answer = hana.post("/goals/give", data=given)
        event.remove(engine, "before_cursor_execute", listen)
        assert answer.status_code == 200
        return len(sent)

    cost("PRD-A")
    few = cost("HR")
    assert few < 60
    assert cost("PRD") <= few + 4
