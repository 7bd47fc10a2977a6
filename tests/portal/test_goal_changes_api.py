"""REST for what happens between goals: clashes, changed targets that flow down, suggestions; five sides, versions, keys."""

from __future__ import annotations

import pytest
from sqlalchemy import event

from portal.extensions import db
from tests.portal.demo_site import logged_in, prepare, site

ROOT = "/api/v1/goals"
COMPANY, OUTPUT = "Right the first time: pass rate of 95 %", "Output at 90 % of plan with fewer rejects"
EVERYBODY = ("hana", "derek", "sofia", "emma", "liwei", "tariq", "audrey")


@pytest.fixture
def app(database_kind, databases, tmp_path):
    with databases.copy(database_kind, "demo site", prepare) as url:
        made = site(url, tmp_path)
        yield made
        with made.app_context():
            db.session.remove()
            db.engine.dispose()


def goal_called(client, title):
    """A running goal, whole."""
    [found] = [one for one in client.get(f"{ROOT}/").json["result"] if one["title"] == title]
    return client.get(f"{ROOT}/{found['definition']}/{found['id']}").json["result"]


def address(goal, part="target"):
    return f"{ROOT}/{goal['definition']}/{goal['id']}/key_results/{goal['key_results'][0]['id']}/{part}"


def target_of(client, title):
    return goal_called(client, title)["key_results"][0]["target"]


class TestClashes:
    def test_everybody_reads_the_clashes_of_goals_they_may_see_and_nobody_without_an_account(self, app):
        for account in EVERYBODY:
            found = logged_in(app, account).get(f"{ROOT}/clashes/").json
            assert found["count"] == 1, account
            [clash] = found["result"]
            assert clash["rule"] == "resource"
            assert clash["figures"]["missing"] == 400
            assert len(clash["goals"]) > 1
            assert clash["may_dismiss"] == (account in ("hana", "derek", "sofia")), account
        assert app.test_client().get(f"{ROOT}/clashes/").status_code == 401

    def test_one_is_dismissed_with_a_reason_and_counts_again(self, app):
        derek = logged_in(app, "derek")
        [clash] = derek.get(f"{ROOT}/clashes/").json["result"]
        path = f"{ROOT}/clashes/{clash['fingerprint']}"
        refused = derek.post(f"{path}/dismiss", json={"reason": " "})
        assert (refused.status_code, refused.json["problems"][0]["pointer"]) == (422, "/reason")
        for account in ("emma", "liwei", "tariq", "audrey"):
            assert logged_in(app, account).post(f"{path}/dismiss", json={"reason": "x"}).status_code == 403, account
        assert app.test_client().post(f"{path}/dismiss", json={"reason": "x"}).status_code == 401
        assert derek.post(f"{ROOT}/clashes/{'0' * 64}/dismiss", json={"reason": "x"}).status_code == 404
        told = derek.post(f"{path}/dismiss", json={"reason": "Line 3 helps"}).json["result"]
        assert (told["dismissed"]["reason"], told["dismissed"]["by"]) == ("Line 3 helps", "derek")
        assert derek.get(f"{ROOT}/clashes/?dismissed=0").json["count"] == 0
        assert derek.get(f"{ROOT}/clashes/?dismissed=1&rule=resource").json["count"] == 1
        assert derek.post(f"{path}/count").json["result"]["dismissed"] is None
        assert derek.get(f"{ROOT}/clashes/?dismissed=0").json["count"] == 1


class TestTargets:
    def begin(self, app, account="hana", **headers):
        client = logged_in(app, account)
        goal = goal_called(client, COMPANY)
        return client.post(address(goal), json={"target": 97, "reason": "A new customer asks"}, headers=headers)

    def test_a_preview_saves_nothing_and_names_who_is_touched(self, app):
        client = logged_in(app, "hana")
        goal = goal_called(client, COMPANY)
        told = client.post(address(goal, "target/preview"), json={"target": 97, "reason": "x"}).json
        assert [(one["goal"]["title"], one["before"], one["proposed"]) for one in told["result"]] == [(OUTPUT, 95, 97)]
        assert target_of(client, COMPANY) == 95
        assert client.get(f"{ROOT}/cascades/").json["result"] == []

    def test_what_is_wrong_stands_at_its_field(self, app):
        client = logged_in(app, "hana")
        goal = goal_called(client, COMPANY)
        told = client.post(address(goal), json={"target": "many", "method": "by chance", "reason": ""})
        assert told.status_code == 422
        assert [one["pointer"] for one in told.json["problems"]] == ["/target", "/method", "/reason"]
        told = client.post(address(goal), json={"target": [1], "reason": "x"})
        assert (told.status_code, told.json["problems"][0]["pointer"]) == (422, "/target")

    def test_only_who_may_change_the_goal_sets_its_target(self, app):
        for account in EVERYBODY[1:]:
            assert self.begin(app, account).status_code == 403, account
        goal = goal_called(logged_in(app, "hana"), COMPANY)
        assert app.test_client().post(address(goal), json={}).status_code == 401

    def test_a_stale_version_is_refused_and_a_repeated_key_changes_nothing_twice(self, app):
        assert self.begin(app, **{"If-Match": '"9999"'}).status_code == 412
        client = logged_in(app, "hana")
        goal = goal_called(client, COMPANY)
        assert client.get(f"{ROOT}/{goal['definition']}/{goal['id']}").headers["ETag"] == f'"{goal["_version"]}"'
        sent = {"If-Match": f'"{goal["_version"]}"', "Idempotency-Key": "target-97"}
        body = {"target": 97, "reason": "A new customer asks"}
        first = client.post(address(goal), json=body, headers=sent)
        again = client.post(address(goal), json=body, headers=sent)
        assert (first.status_code, first.json, again.headers["Idempotency-Replayed"]) == (201, again.json, "true")
        assert first.headers["Location"] == f"{ROOT}/cascades/{first.json['id']}"
        assert len(client.get(f"{ROOT}/cascades/").json["result"]) == 1

    def test_the_owner_below_adapts_and_whoever_began_it_undoes_the_whole(self, app):
        cascade = self.begin(app).json["result"]
        [proposal] = cascade["proposals"]
        path = f"{ROOT}/proposals/{proposal['id']}"
        derek = logged_in(app, "derek")
        assert [one["id"] for one in derek.get(f"{ROOT}/proposals/").json["result"]] == [proposal["id"]]
        tag = derek.get(path).headers["ETag"]
        refused = derek.post(path, json={"decision": "adapted", "target": 96})
        assert (refused.status_code, refused.json["problems"][0]["pointer"]) == (422, "/reason")
        body = {"decision": "adapted", "target": 96.5, "reason": "The press is old"}
        assert derek.post(path, json=body, headers={"If-Match": '"77"'}).status_code == 412
        told = derek.post(path, json=body, headers={"If-Match": tag}).json["result"]
        assert (told["state"], told["final"], told["by"]) == ("adapted", 96.5, "derek")
        assert derek.get(f"{ROOT}/proposals/").json["count"] == 0
        assert derek.post(path, json={"decision": "accepted"}).status_code == 409
        hana = logged_in(app, "hana")
        assert (target_of(hana, COMPANY), target_of(hana, OUTPUT)) == (97, 96.5)
        assert derek.post(f"{ROOT}/cascades/{cascade['id']}/undo").status_code == 403
        undone = hana.post(f"{ROOT}/cascades/{cascade['id']}/undo").json["result"]
        assert (undone["undone_by"], undone["proposals"][0]["state"]) == ("hana", "undone")
        assert (target_of(hana, COMPANY), target_of(hana, OUTPUT)) == (95, 95)

    def test_the_page_changes_no_target_that_is_another_than_its_preview_showed(self, app):
        app.config["WTF_CSRF_ENABLED"] = False
        client = logged_in(app, "hana")
        goal = goal_called(client, COMPANY)
        path = f"/goals/{goal['definition']}/{goal['id']}/target/{goal['key_results'][0]['id']}"
        given = {"target": "96", "method": "share", "reason": "A new customer asks"}

        def shown(answer):
            return {**given, "version": answer.text.split('name="version" value="')[1].split('"')[0]}

        preview = shown(client.post(path, data={**shown(client.get(path)), "then": "show"}))
        assert client.post(address(goal), json={"target": 98, "reason": "Somebody else"}).status_code == 201
        late = client.post(path, data={**preview, "then": "begin"})
        assert (late.status_code, "Somebody changed this goal in the meantime" in late.text) == (412, True)
        assert shown(late) == preview
        assert target_of(client, COMPANY) == 98
        again = shown(client.post(path, data={**preview, "then": "show"}))
        assert client.post(path, data={**again, "then": "begin"}).status_code == 303
        assert target_of(client, COMPANY) == 96

    def test_five_sides_of_a_proposal(self, app):
        cascade = self.begin(app).json["result"]
        path = f"{ROOT}/proposals/{cascade['proposals'][0]['id']}"
        for account in ("emma", "liwei", "sofia", "tariq", "audrey"):
            client = logged_in(app, account)
            assert client.post(path, json={"decision": "accepted"}).status_code == 403, account
            assert client.get(f"{ROOT}/proposals/").json["count"] == 0, account
            assert client.get(f"{ROOT}/cascades/{cascade['id']}").status_code == 200, account
        nobody = app.test_client()
        for way in (f"{ROOT}/cascades/", f"{ROOT}/proposals/", path, f"{ROOT}/cascades/{cascade['id']}"):
            assert nobody.get(way).status_code == 401
        assert logged_in(app, "hana").get(f"{ROOT}/cascades/999").status_code == 404
        assert logged_in(app, "hana").get(f"{ROOT}/proposals/999").status_code == 404

    def test_behind_the_last_page_there_is_nothing(self, app):
        client = logged_in(app, "hana")
        for page in (7, 10**30):
            assert client.get(f"{ROOT}/cascades/?page={page}").json == {"result": [], "more": False}
            assert client.get(f"/goals/objective_individual/?page={page}").status_code == 200

    def test_a_list_of_changes_costs_no_more_with_each_of_them(self, app):
        def cost():
            sent = []
            hear = lambda *call: sent.append(call[2])  # noqa: E731
            with app.app_context():
                engine = db.engine
            event.listen(engine, "before_cursor_execute", hear)
            client.get(f"{ROOT}/cascades/")
            event.remove(engine, "before_cursor_execute", hear)
            return len(sent)

        client = logged_in(app, "hana")
        goal = goal_called(client, COMPANY)
        assert client.post(address(goal), json={"target": 91, "reason": "x"}).status_code == 201
        client.get(f"{ROOT}/cascades/")
        first = cost()
        for target in (93, 94, 96, 97, 98):
            assert client.post(address(goal), json={"target": target, "reason": "x"}).status_code == 201
        assert len(client.get(f"{ROOT}/cascades/").json["result"]) == 6
        assert cost() == first


class TestSuggestions:
    def test_a_suggestion_says_what_it_rests_on(self, app):
        client = logged_in(app, "hana")
        fed = goal_called(client, COMPANY)
        told = client.get(address(fed, "suggestion")).json["result"]
        assert len(told["months"]) >= told["least_months"]
        assert told["suggestion"]["low"] <= told["suggestion"]["high"]
        assert 0 <= told["suggestion"]["met_high"] <= told["suggestion"]["met_low"] <= 1
        assert app.test_client().get(address(fed, "suggestion")).status_code == 401

    def test_the_document_names_these_ways_for_those_who_see_goals(self, app):
        paths = logged_in(app, "emma").get("/api/v1/_openapi").json["paths"]
        assert f"{ROOT}/clashes/{{fingerprint}}/dismiss" in paths
        assert f"{ROOT}/{{definition}}/{{number}}/key_results/{{result}}/target" in paths
