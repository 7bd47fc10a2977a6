"""The way in: what a wrong password tells, where it leads, how often, for whom, and what is remembered."""

from __future__ import annotations

import re

import pytest

from metadata.engine import writing
from portal.extensions import db
from tests.portal.demo_site import logged_in
from workflows.people import person_for

EMMA = {"username": "emma", "password": "emma-demo"}


def test_a_wrong_password_keeps_the_name_and_says_so(portal):
    answer = portal.test_client().post("/login/", data={"username": "emma", "password": "guess"})
    assert answer.status_code == 422
    assert 'value="emma"' in answer.text
    assert "User name or password is wrong" in answer.text
    unknown = portal.test_client().post("/login/", data={"username": "nobody", "password": "guess"})
    assert unknown.text.split('role="alert"')[1][:120] == answer.text.split('role="alert"')[1][:120]


@pytest.mark.parametrize(
    ("wanted", "led"),
    [
        ("/records/objective_individual/list/?page=2", "/records/objective_individual/list/?page=2"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_it_leads_where_one_wanted_to_go_and_never_elsewhere(portal, wanted, led):
    answer = portal.test_client().post("/login/", query_string={"next": wanted}, data=EMMA)
    assert answer.headers["Location"] == led


def test_too_many_attempts_are_told_in_a_page(portal):
    client = portal.test_client()
    answers = [client.post("/login/", data={"username": "x", "password": "y"}) for _ in range(31)]
    assert answers[29].status_code == 422
    assert answers[30].status_code == 429
    assert "Wait a minute" in answers[30].text
    assert "<main" in answers[30].text


def test_an_account_of_a_program_opens_no_page(portal):
    with portal.app_context(), writing():
        manager = portal.appbuilder.sm
        manager.add_user("robot", "Ro", "Bot", "robot@example.com", manager.find_role("Integration"), "robot-demo")
        db.session.remove()
    answer = portal.test_client().post("/login/", data={"username": "robot", "password": "robot-demo"})
    assert answer.status_code == 422
    assert "for programs" in answer.text
    assert "/login/" in logged_in(portal, "robot").get("/").headers["Location"]
    body = {"username": "robot", "password": "robot-demo", "provider": "db"}
    assert "access_token" in portal.test_client().post("/api/v1/security/login", json=body).get_json()


def test_the_chosen_language_returns_at_the_next_login_and_in_mails(portal):
    first = portal.test_client()
    first.post("/login/", data=EMMA)
    assert 'lang="en"' in first.get("/").text
    first.post("/language/zh")
    assert 'lang="zh-CN"' in first.get("/").text
    first.get("/logout/")
    assert 'lang="en"' in first.get("/login/").text
    second = portal.test_client()
    second.post("/login/", data=EMMA)
    assert 'lang="zh-CN"' in second.get("/").text
    with portal.app_context():
        catalog = portal.extensions["plumbline_catalogs"].current(db.session())
        assert person_for(db.session(), catalog, "emma").language == "zh"
        db.session.remove()


def test_logging_out_ends_the_cookie_for_whoever_copied_it(portal):
    client = portal.test_client()
    client.post("/login/", data=EMMA)
    copy = portal.test_client()
    copy.set_cookie("session", client.get_cookie("session").value)
    assert copy.get("/").status_code == 200
    client.get("/logout/")
    assert "/login/" in copy.get("/").headers["Location"]


def test_other_browsers_can_be_logged_out_from_the_account_page(portal):
    one, other = portal.test_client(), portal.test_client()
    one.post("/login/", data=EMMA, headers={"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"})
    other.post("/login/", data=EMMA, headers={"User-Agent": "Mozilla/5.0 (iPhone) Safari/605"})
    page = one.get("/account/").text
    assert "Firefox · Windows" in page
    number = re.search(r'name="login" value="(\d+)"', page)[1]
    foreign = logged_in(portal, "sofia")
    foreign.post("/account/logins/end", data={"login": number})
    assert other.get("/").status_code == 200
    one.post("/account/logins/end", data={"login": number})
    assert "/login/" in other.get("/").headers["Location"]
    assert one.get("/").status_code == 200


def test_the_own_password_needs_the_current_one_and_keeps_the_rules(portal):
    emma = logged_in(portal, "emma")
    for typed, field in (
        (("wrong", "a sentence of mine", "a sentence of mine"), "current"),
        (("emma-demo", "short", "short"), "password"),
        (("emma-demo", "clarke is great", "clarke is great"), "password"),
        (("emma-demo", "password123", "password123"), "password"),
        (("emma-demo", "a sentence of mine", "a sentence of his"), "again"),
    ):
        answer = emma.post("/account/password", data=dict(zip(("current", "password", "again"), typed, strict=True)))
        assert answer.status_code == 422
        assert f'id="error-{field}"' in answer.text
    good = {"current": "emma-demo", "password": "a sentence of mine", "again": "a sentence of mine"}
    assert emma.post("/account/password", data=good).status_code == 303
    again = portal.test_client().post("/login/", data={"username": "emma", "password": good["password"]})
    assert again.status_code == 302


def test_preferences_are_kept_and_a_wrong_zone_stands_at_its_field(portal):
    emma = logged_in(portal, "emma")
    wrong = emma.post("/account/", data={"language": "", "timezone": "Mars/Base", "theme": "dark"})
    assert wrong.status_code == 422
    assert 'id="error-timezone"' in wrong.text
    assert 'value="Mars/Base"' in wrong.text
    kept = {"language": "zh", "timezone": "Europe/Berlin", "theme": "dark"}
    assert emma.post("/account/", data=kept).status_code == 303
    page = logged_in(portal, "emma").get("/account/").text
    assert 'lang="zh-CN" data-bs-theme="dark"' in page
    assert 'value="Europe/Berlin"' in page
    assert not re.search(r'name="mail" value="1" checked', page)
