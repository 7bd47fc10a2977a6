"""How a program gets in: tokens, API keys, and what keeps others out."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import event, select, update

from portal import units
from portal.extensions import db
from tests.portal.demo_site import logged_in
from workflows import api_keys, store

LOGIN = "/api/v1/security/login"
LIST = "/api/v1/employee/?page_size=1000"


def tokens(client, account: str = "derek") -> dict:
    return client.post(LOGIN, json={"username": account, "password": f"{account}-demo", "refresh": True}).json


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def new_key(client, **more) -> str:
    form = {"name": "payroll", "days": "30", **more}
    return re.search(r"plk_[\w-]+", client.post("/account/keys", data=form).text)[0]


@pytest.fixture
def payroll(portal):
    """An account for programs alone."""
    with portal.app_context():
        manager = portal.appbuilder.sm
        role = manager.find_role("Integration")
        manager.add_user("payroll", "Pay", "Roll", "payroll@example.org", [role], "payroll-demo")
        db.session.remove()
    return "payroll"


def test_a_token_gives_what_its_account_may_see(portal):
    client = portal.test_client()
    found = tokens(client)
    answer = client.get(LIST, headers=bearer(found["access_token"]))
    assert answer.json["count"] == logged_in(portal, "derek").get(LIST).json["count"]
    assert client.get(LIST).status_code == 401
    assert client.get(LIST, headers=bearer(found["refresh_token"])).status_code == 401


def test_a_refresh_token_gives_a_new_token_and_an_access_token_does_not(portal):
    client = portal.test_client()
    found = tokens(client)
    fresh = client.post("/api/v1/security/refresh", headers=bearer(found["refresh_token"]))
    assert client.get(LIST, headers=bearer(fresh.json["access_token"])).status_code == 200
    for wrong in (found["access_token"], "nonsense"):
        assert client.post("/api/v1/security/refresh", headers=bearer(wrong)).status_code == 401


def test_a_wrong_password_and_an_unknown_name_sound_alike(portal):
    client = portal.test_client()
    answers = [
        client.post(LOGIN, json=body, headers={"Accept-Language": "zh"})
        for body in ({"username": "derek", "password": "x"}, {"username": "nobody", "password": "x"}, {"username": 5})
    ]
    assert {a.status_code for a in answers} == {401}
    assert len({a.data for a in answers}) == 1
    assert answers[0].mimetype == "application/problem+json"
    assert "用户名或密码" in answers[0].json["title"]


def test_guessing_is_slowed_down(databases, portal):
    portal.appbuilder.sm.limiter.enabled = True
    client = portal.test_client()
    found = [client.post(LOGIN, json={"username": "x"}).status_code for _ in range(32)]
    assert found[-1] == 429
    assert found[0] == 401


def test_a_closed_account_is_out_at_once(portal):
    client = portal.test_client()
    token = tokens(client)["access_token"]
    key = new_key(logged_in(portal, "derek"))
    with portal.app_context():
        user = portal.appbuilder.sm.find_user("derek")
        user.active = False
        db.session.commit()
        db.session.remove()
    assert client.get(LIST, headers=bearer(token)).status_code == 401
    assert client.get(LIST, headers=bearer(key)).status_code == 401


def test_wrong_credentials_are_refused_even_beside_a_session(portal):
    hana = logged_in(portal, "hana")
    assert hana.get(LIST, headers=bearer("nonsense")).status_code == 401
    assert hana.get(LIST, headers={"X-API-Key": "plk_nonsense"}).status_code == 401
    assert hana.get(LIST, headers={"Authorization": "Basic eDp5"}).status_code == 401


def test_credentials_outrank_the_session(portal):
    hana = logged_in(portal, "hana")
    mine, dereks = hana.get(LIST).json["count"], tokens(portal.test_client())["access_token"]
    assert hana.get(LIST, headers=bearer(dereks)).json["count"] < mine


def test_a_key_is_shown_once_kept_as_hash_and_opens_as_its_account(portal):
    derek, program = logged_in(portal, "derek"), portal.test_client()
    key = new_key(derek)
    assert key not in derek.get("/account/keys").text
    with portal.app_context():
        stored = db.session.execute(select(store.api_keys)).one()
        assert key not in str(stored)
    for headers in (bearer(key), {"X-API-Key": key}):
        assert program.get(LIST, headers=headers).json["count"] == derek.get(LIST).json["count"]
    assert program.post("/api/v1/department/_bulk", json={"rows": [{}]}, headers=bearer(key)).status_code in {403, 404}


def test_a_key_notes_its_use_seldom(portal):
    key, program = new_key(logged_in(portal, "derek")), portal.test_client()
    statements: list[str] = []
    program.get(LIST, headers=bearer(key))
    with portal.app_context():
        assert db.session.scalar(select(store.api_keys.c.last_used_at)) is not None
        event.listen(db.engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    program.get(LIST, headers=bearer(key))
    assert not [s for s in statements if s.startswith("UPDATE")]


def test_an_old_key_and_a_revoked_one_open_nothing(portal):
    derek, program = logged_in(portal, "derek"), portal.test_client()
    old, revoked = new_key(derek), new_key(derek)
    with portal.app_context():
        rows = api_keys.owned(db.session(), "derek", units.utcnow())
        past = units.utcnow() - timedelta(days=1)
        db.session.execute(update(store.api_keys).where(store.api_keys.c.id == rows[1].id).values(expires_at=past))
        db.session.commit()
        db.session.remove()
    assert derek.post(f"/account/keys/{rows[0].id}/revoke").status_code == 303
    for key in (old, revoked):
        assert program.get(LIST, headers=bearer(key)).status_code == 401


def test_nobody_makes_or_revokes_keys_of_others(portal, payroll):
    hana, derek, emma = (logged_in(portal, name) for name in ("hana", "derek", "emma"))
    new_key(derek)
    with portal.app_context():
        number = db.session.scalar(select(store.api_keys.c.id))
    assert emma.post(f"/account/keys/{number}/revoke").status_code == 404
    assert hana.post(f"/account/keys/{number}/revoke", data={"account": "derek"}).status_code == 404
    for client, account in ((hana, "derek"), (derek, "payroll"), (emma, "hana")):
        assert client.post("/account/keys", data={"name": "x", "days": "30", "account": account}).status_code == 404
    assert new_key(hana, account=payroll)
    assert "/login/" in portal.test_client().get("/account/keys").headers["Location"]


@pytest.mark.parametrize(
    "form", [{"name": "", "days": "30"}, {"name": "x", "days": "0"}, {"name": "x", "days": "much"}]
)
def test_a_wrong_entry_comes_back_as_typed(portal, form):
    answer = logged_in(portal, "emma").post("/account/keys", data=form)
    assert answer.status_code == 422
    assert "is-invalid" in answer.text


def test_an_account_for_programs_uses_rest_and_no_page(portal, payroll):
    program = portal.test_client()
    key = new_key(logged_in(portal, "hana"), account=payroll)
    assert program.get("/api/v1/course/", headers=bearer(key)).status_code == 200
    token = tokens(portal.test_client(), payroll)["access_token"]
    assert program.get("/api/v1/course/", headers=bearer(token)).status_code == 200
    entered = program.post("/login/", data={"username": payroll, "password": "payroll-demo"}, follow_redirects=True)
    assert "/login" in entered.request.path
    assert "/login/" in logged_in(portal, payroll).get("/records/course/list/").headers["Location"]
