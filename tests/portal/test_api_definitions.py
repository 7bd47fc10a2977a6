"""REST for definitions: draft, check, preview, publish, history, rollback; who may, and what a stale one is told."""

from __future__ import annotations

import copy

import pytest

from tests.portal.demo_site import logged_in

ROOT = "/api/v1/definitions"


@pytest.fixture
def hana(portal):
    portal.json.sort_keys = False  # the test client's: the order of fields means something
    return logged_in(portal, "hana")


@pytest.fixture
def document(hana):
    return hana.get(f"{ROOT}/production_output").json["result"]


def with_quality(document, **more):
    made = copy.deepcopy(document)
    made["properties"]["quality"] = {"type": "string", "enum": ["good", "bad"], "title": "Quality", **more}
    made["required"].append("quality")
    return made


def test_the_list_names_every_definition(hana):
    found = hana.get(f"{ROOT}/").json
    assert found["count"] == len(found["result"]) > 15
    assert {"name": "production_output", "kind": "kpi", "draft": False}.items() <= next(
        one for one in found["result"] if one["name"] == "production_output"
    ).items()


@pytest.mark.parametrize("account", ["derek", "sofia", "emma", "tariq"])
def test_others_find_nothing_there(portal, account):
    client = logged_in(portal, account)
    for path in ("/", "/production_output", "/history", "/production_output/draft"):
        assert client.get(ROOT + path).status_code == 404, path
    assert client.post(f"{ROOT}/publish", json={"documents": [], "comment": "x"}).status_code == 404
    assert client.put(f"{ROOT}/production_output/draft", json={}).status_code == 404
    assert not [p for p in client.get("/api/v1/_openapi").json["paths"] if p.startswith(ROOT)]


def test_nobody_is_asked_to_log_in(portal):
    assert portal.test_client().get(f"{ROOT}/").status_code == 401


def test_the_auditor_reads_and_changes_nothing(portal, hana, document):
    audrey = logged_in(portal, "audrey")
    assert audrey.get(f"{ROOT}/production_output").json["result"] == document
    assert audrey.get(f"{ROOT}/production_output/history").json["count"] >= 1
    assert audrey.get(f"{ROOT}/production_output/draft").status_code == 404
    assert audrey.post(f"{ROOT}/rollback", json={"version": 1, "comment": "x"}).status_code == 404


def test_a_draft_is_previewed_published_and_gone(hana, document):
    draft = with_quality(document, default="good")
    saved = hana.put(f"{ROOT}/production_output/draft", json=draft)
    assert (saved.status_code, saved.headers["ETag"]) == (200, '"1"')
    seen = hana.post(f"{ROOT}/preview", json={"drafts": {"production_output": 1}}).json
    assert seen["publishable"] is True
    assert [(c["kind"], c["effect"]) for c in seen["changes"]] == [("field added", "safe"), ("screen", "safe")]
    assert seen["changes"][0]["count"] > 1000
    assert "quality" not in hana.get("/api/v1/production_output/?page_size=1").json["result"][0]
    before = hana.get(f"{ROOT}/").json["version"]
    done = hana.post(f"{ROOT}/publish", json={"drafts": {"production_output": 1}, "comment": "Quality counts"})
    assert done.json == {"version": before + 1}
    assert hana.get("/api/v1/production_output/?page_size=1&columns=quality").json["result"][0]["quality"] == "good"
    assert hana.get(f"{ROOT}/production_output/draft").status_code == 404
    told = hana.get(f"{ROOT}/production_output/history").json["result"][0]
    assert (told["comment"], told["author"], told["version"]) == ("Quality counts", "hana", before + 1)
    back = hana.post(f"{ROOT}/rollback", json={"version": before, "comment": "Not yet"})
    assert back.json == {"version": before + 2}
    assert "quality" not in hana.get(f"{ROOT}/production_output").json["result"]["properties"]


def test_the_same_publish_twice_is_done_once(hana, document):
    body = {"documents": [with_quality(document, default="good")], "comment": "once"}
    answers = [hana.post(f"{ROOT}/publish", json=body, headers={"Idempotency-Key": "p1"}).json for _ in range(2)]
    assert answers[0] == answers[1]
    assert hana.get(f"{ROOT}/").json["version"] == answers[0]["version"]


def test_a_stale_draft_is_shown_theirs(portal, hana, document):
    hana.put(f"{ROOT}/production_output/draft", json=with_quality(document))
    again = hana.put(f"{ROOT}/production_output/draft", json=document, headers={"If-Match": '"1"'})
    assert again.headers["ETag"] == '"2"'
    for headers in ({}, {"If-Match": '"1"'}):
        late = hana.put(f"{ROOT}/production_output/draft", json=with_quality(document), headers=headers)
        assert late.status_code == 412
        assert (late.json["theirs"]["revision"], late.json["theirs"]["author"]) == (2, "hana")
    refused = hana.post(f"{ROOT}/publish", json={"drafts": {"production_output": 1}, "comment": "x"})
    assert refused.status_code == 409


def test_a_draft_that_was_overtaken_is_not_published(hana, document):
    hana.put(f"{ROOT}/production_output/draft", json=with_quality(document, default="good"))
    other = {**document, "description": "Changed by somebody else."}
    assert hana.post(f"{ROOT}/publish", json={"documents": [other], "comment": "first"}).status_code == 200
    late = hana.post(f"{ROOT}/publish", json={"drafts": {"production_output": 1}, "comment": "second"})
    assert late.status_code == 409
    assert "hana" in late.json["title"]
    assert hana.get(f"{ROOT}/production_output/draft").status_code == 200  # nothing is lost


def test_every_problem_is_listed_and_nothing_changes(hana, document):
    bad = with_quality(document, maximum=3)
    bad["x-screen"]["list"].append("nothing")
    checked = hana.post(f"{ROOT}/check", json={"documents": [bad]}).json
    assert checked["result"] is False
    assert {p["pointer"] for p in checked["problems"]} >= {"/properties/quality/maximum", "/x-screen/list/6"}
    version = hana.get(f"{ROOT}/").json["version"]
    refused = hana.post(f"{ROOT}/publish", json={"documents": [bad], "comment": "x"})
    assert refused.status_code == 422
    assert len(refused.json["problems"]) == len(checked["problems"])
    assert hana.get(f"{ROOT}/").json["version"] == version


def test_what_disappears_is_confirmed_by_its_name(hana, document):
    del document["properties"]["note"]
    del document["if"], document["then"], document["else"]
    document["x-screen"]["sections"][1]["fields"].remove("note")
    del document["x-i18n"]["zh"]["properties"]["note"]
    body = {"documents": [document], "comment": "No notes"}
    assert hana.post(f"{ROOT}/publish", json=body).status_code == 422
    assert hana.post(f"{ROOT}/publish", json={**body, "confirm": ["production_output"]}).status_code == 200


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"documents": "x", "comment": "c"}, "/documents"),
        ({"documents": [1], "comment": "c"}, "/documents"),
        ({"documents": [{}], "comment": " "}, "/comment"),
        ({"drafts": {"production_output": "1"}, "comment": "c"}, "/drafts"),
        ({"comment": "c"}, "/documents"),
        ({"documents": [{}], "comment": "c", "confirm": "x"}, "/confirm"),
    ],
)
def test_a_body_that_makes_no_sense_says_where(hana, body, pointer):
    refused = hana.post(f"{ROOT}/publish", json=body)
    assert refused.status_code == 422
    assert refused.json["problems"][0]["pointer"] == pointer


@pytest.mark.parametrize("body", [{"$id": "employee"}, {"x": 1}])
def test_a_draft_keeps_its_name(hana, body):
    refused = hana.put(f"{ROOT}/production_output/draft", json=body)
    assert refused.status_code == 422
    assert refused.json["problems"][0]["pointer"] == "/$id"
