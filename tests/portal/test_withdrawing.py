"""A whole definition is taken out in the designer: named, explained first, and back from its history with all it held."""

from __future__ import annotations

import re

import pytest

from tests.portal.demo_site import logged_in

HERE = "/designer/tool/withdraw"
TOOL = {
    "$id": "tool",
    "title": "Tool",
    "x-plural": "Tools",
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 50}},
}
PART = {
    "$id": "part",
    "title": "Part",
    "type": "object",
    "properties": {"tool": {"$ref": "tool"}},
}


@pytest.fixture
def hana(portal):
    return logged_in(portal, "hana")


def publish(client, *documents):
    answer = client.post("/api/v1/definitions/publish", json={"documents": documents, "comment": "New"})
    assert answer.status_code == 200, answer.text
    return answer.json["version"]


@pytest.fixture
def tool(hana):
    """A definition with two records; gives the version in which it is there."""
    version = publish(hana, TOOL)
    for name in ("Saw", "Drill"):
        assert hana.post("/api/v1/tool/", json={"name": name}).status_code == 201
    return version


def send(client, **form):
    base = re.search(r'name="base" value="(\d+)"', client.get(HERE).text)[1]
    return client.post(HERE, data={"base": base, **form})


@pytest.mark.parametrize("account", ["derek", "sofia", "emma", "tariq", "audrey", "liwei"])
def test_others_find_no_such_page(portal, tool, account):
    client = logged_in(portal, account)
    assert client.get(HERE).status_code == 404
    assert client.post(HERE, data={"comment": "x", "confirm": "tool", "base": "99"}).status_code == 404


def test_who_is_not_logged_in_is_sent_to_the_login(portal, hana, tool):
    assert "/login/" in portal.test_client().get(HERE).headers["Location"]


def test_the_designer_leads_to_what_would_go(hana, tool):
    assert f'href="{HERE}"' in hana.get("/designer/tool").text
    page = hana.get(HERE).text
    assert "Take “Tool” out of the portal" in page
    assert "It meets 2 records." in page


def test_it_goes_everywhere_at_once_and_comes_back_with_its_records(hana, tool):
    answer = send(hana, comment="Tools are kept elsewhere", confirm="tool")
    assert answer.headers["Location"] == "/history/of/tool"
    assert hana.get("/api/v1/tool/").status_code == 404
    assert hana.get("/records/tool/list/").status_code == 404
    assert hana.get("/designer/tool").status_code == 404
    assert "/records/tool/list/" not in hana.get("/").text
    history = hana.get("/history/of/tool").text
    assert "Tools are kept elsewhere" in history
    assert f"/history/restore/{tool}?definition=tool" in history.replace("&amp;", "&")
    back = hana.post(f"/history/restore/{tool}", data={"definition": "tool", "comment": "We need them here"})
    assert back.status_code == 303
    assert {row["name"] for row in hana.get("/api/v1/tool/").json["result"]} == {"Saw", "Drill"}


@pytest.mark.parametrize("form", [{"comment": "", "confirm": "tool"}, {"comment": "Gone", "confirm": "tools"}])
def test_without_a_reason_or_its_exact_name_nothing_happens_and_what_was_typed_stays(hana, tool, form):
    answer = send(hana, **form)
    assert answer.status_code == 422
    assert all(f'value="{typed}"' in answer.text for typed in form.values() if typed)
    assert hana.get("/api/v1/tool/").status_code == 200


def test_what_others_point_at_stays_and_they_are_named(hana, tool):
    publish(hana, PART)
    page = hana.get(HERE).text
    assert "What stands in the way" in page
    assert 'name="confirm"' not in page
    answer = hana.post(HERE, data={"comment": "Gone by now", "confirm": "tool", "base": "999"})
    assert answer.status_code == 422
    assert "What stands in the way" in answer.text
    assert 'value="Gone by now"' in answer.text
    assert hana.get("/api/v1/tool/").status_code == 200


def test_who_was_slower_looks_at_what_was_published_in_between(hana, tool):
    base = re.search(r'name="base" value="(\d+)"', hana.get(HERE).text)[1]
    publish(hana, {**TOOL, "title": "Implement"})
    answer = hana.post(HERE, data={"base": base, "comment": "Gone", "confirm": "tool"})
    assert answer.status_code == 409
    assert "since you began" in answer.text
    assert "Implement" in answer.text
    assert hana.get("/api/v1/tool/").status_code == 200


def test_it_reads_in_chinese(hana, tool):
    with hana.session_transaction() as session:
        session["locale"] = "zh"
    page = hana.get(HERE).text
    assert "从门户中撤下" in page


def test_what_goes_and_who_relies_on_it_is_named_in_the_readers_words(hana):
    with hana.session_transaction() as session:
        session["locale"] = "zh"
    page = hana.get("/designer/repurchase_rate/withdraw").text
    assert "“复购率”将消失" in page
    assert "人力资源管理员" in page
    assert "Repurchase rate" not in page
