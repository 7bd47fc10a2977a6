"""Accounts as HR and IT manage them: from five sides, at their fields, with a trace, and never beyond HR's reach."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from metadata import store
from metadata.engine import writing
from portal.extensions import db
from tests.portal.demo_site import logged_in

NEW = {
    "username": "ada",
    "first_name": "Ada",
    "last_name": "Byron",
    "email": "ada@example.com",
    "roles": ["Employee"],
    "active": "1",
}
SECRET = re.compile(r'id="one-time-password">([^<]+)<')


def account(app, username):
    with app.app_context():
        user = app.appbuilder.sm.find_user(username)
        found = (user.id, sorted(r.name for r in user.roles), user.active) if user else None
        db.session.remove()
    return found


def version(text):
    return re.search(r'name="_version" value="([^"]*)"', text)[1]


def trail(app):
    with app.app_context():
        rows = store.audit.c
        found = db.session.execute(select(store.audit).where(rows.definition.like("@%")).order_by(rows.id)).mappings()
        kept = [dict(row) for row in found]
        db.session.remove()
    return kept


@pytest.fixture
def boss(portal):
    """A client of IT's only account."""
    with portal.app_context(), writing():
        manager = portal.appbuilder.sm
        manager.add_user("root", "Ro", "Ot", "root@example.com", manager.find_role("Admin"), "root-demo-0")
        db.session.remove()
    return logged_in(portal, "root")


@pytest.mark.parametrize("path", ["/users/list/", "/users/add", "/users/show/1", "/roles/list/", "/roles/show/1"])
def test_only_hr_and_it_find_these_pages(portal, path):
    assert logged_in(portal, "hana").get(path).status_code == 200
    for name in ("derek", "emma", "sofia", "audrey"):
        assert logged_in(portal, name).get(path).status_code == 404
    assert "/login/" in portal.test_client().get(path).headers["Location"]


def test_the_frameworks_own_pages_are_gone(portal):
    hana = logged_in(portal, "hana")
    for path in (
        "/viewmenus/list/", "/permissions/list/", "/permissionviews/list/", "/groups/list/", "/register/form",
        "/userstatschartview/chart/", "/users/action_post", "/users/download/x", "/resetpassword/form",
        "/userinfoeditview/form", "/lang/zh", "/back", "/api/v1/menu/", "/roles/action/x/1",
    ):  # fmt: skip
        assert hana.get(path).status_code == 404, path


def test_a_new_account_signs_in_once_with_its_password_and_then_with_its_own(portal):
    hana = logged_in(portal, "hana")
    made = hana.post("/users/add", data={**NEW, "language": "zh"})
    assert made.status_code == 201
    secret = SECRET.search(made.text)[1]
    assert secret not in hana.get(f"/users/show/{account(portal, 'ada')[0]}").text
    ada = portal.test_client()
    entered = ada.post("/login/", data={"username": "ada", "password": secret})
    assert entered.status_code == 302
    assert ada.get("/").headers["Location"] == "/account/password"
    page = ada.get("/account/password").text
    assert 'lang="zh-CN"' in page
    assert ada.get("/api/v1/employee/", headers={"Accept": "application/json"}).status_code == 403
    typed = {"current": secret, "password": "quite another one", "again": "quite another one"}
    assert ada.post("/account/password", data=typed).status_code == 303
    assert ada.get("/").status_code == 200
    assert secret not in str(trail(portal))
    assert "quite another one" not in str(trail(portal))
    assert [(r["actor"], r["action"]) for r in trail(portal)] == [("hana", "create"), ("ada", "password")]


def test_what_is_wrong_stands_at_its_field_with_what_was_typed(portal):
    hana = logged_in(portal, "hana")
    answer = hana.post("/users/add", data={**NEW, "username": "Emma", "email": "no address", "roles": []})
    assert answer.status_code == 422
    for name in ("username", "email", "roles"):
        assert f'id="error-{name}"' in answer.text
    assert 'id="error-first_name"' not in answer.text
    assert 'value="no address"' in answer.text
    assert account(portal, "ada") is None


def test_sending_a_form_twice_makes_one_account(portal):
    hana = logged_in(portal, "hana")
    assert hana.post("/users/add", data=NEW).status_code == 201
    assert hana.post("/users/add", data=NEW).status_code == 422


def test_a_stale_form_changes_nothing(portal):
    hana = logged_in(portal, "hana")
    hana.post("/users/add", data=NEW)
    number = account(portal, "ada")[0]
    path = f"/users/edit/{number}"
    old = version(hana.get(path).text)
    change = {**NEW, "roles": ["Trainer"], "_version": old}
    assert hana.post(path, data=change).status_code == 303
    stale = hana.post(path, data={**NEW, "roles": ["Auditor"], "_version": old})
    assert stale.status_code == 412
    assert "hana changed this account" in stale.text
    assert account(portal, "ada")[1] == ["Trainer"]
    told = trail(portal)[-1]
    assert (told["actor"], told["before"], told["after"]) == ("hana", {"roles": ["Employee"]}, {"roles": ["Trainer"]})


def test_deactivating_ends_the_session_at_the_next_request(portal):
    hana, emma = logged_in(portal, "hana"), logged_in(portal, "emma")
    assert emma.get("/").status_code == 200
    assert hana.post(f"/users/state/{account(portal, 'emma')[0]}", data={"active": "0"}).status_code == 303
    assert "/login/" in emma.get("/").headers["Location"]
    answer = portal.test_client().post("/login/", data={"username": "emma", "password": "emma-demo"})
    assert answer.status_code == 422


def test_a_new_password_ends_the_session_too(portal):
    hana, emma = logged_in(portal, "hana"), logged_in(portal, "emma")
    answer = hana.post(f"/users/password/{account(portal, 'emma')[0]}")
    assert SECRET.search(answer.text)
    assert "/login/" in emma.get("/").headers["Location"]


def test_an_account_for_an_employee_takes_everything_from_the_record(portal):
    hana = logged_in(portal, "hana")
    listing = hana.get("/api/v1/employee/?account__null=1&page_size=1").get_json()
    number = listing["ids"][0]
    assert f"/users/add?employee={number}" in hana.get(f"/records/employee/show/{number}").text
    form = hana.get(f"/users/add?employee={number}").text
    values = dict(re.findall(r'value="([^"]*)"[^>]*id="field-(\w+)"', form))
    username = {name: value for value, name in values.items()}["username"]
    data = {name: value for value, name in values.items()} | {"roles": ["Employee"], "employee": number, "active": "1"}
    assert hana.post("/users/add", data=data).status_code == 201
    assert hana.get(f"/api/v1/employee/{number}").get_json()["result"]["account"] == username
    assert f"/records/employee/show/{number}" in hana.get(f"/users/list/?search={username}").text
    assert "/users/add" not in logged_in(portal, "tariq").get(f"/records/employee/show/{number}").text


def test_an_account_that_did_something_stays_and_one_without_a_trace_can_go(portal):
    hana = logged_in(portal, "hana")
    hana.post("/users/add", data=NEW)
    number = account(portal, "ada")[0]
    hana.post(f"/users/delete/{number}")
    assert account(portal, "ada") is None
    derek = account(portal, "derek")[0]
    logged_in(portal, "derek").post("/account/password", data={
        "current": "derek-demo", "password": "a sentence of mine", "again": "a sentence of mine"})  # fmt: skip
    answer = hana.post(f"/users/delete/{derek}", follow_redirects=True)
    assert "deactivate it instead" in answer.text
    assert account(portal, "derek")


def test_nobody_locks_themselves_out_and_the_last_admin_stays(portal, boss):
    hana = logged_in(portal, "hana")
    number = account(portal, "hana")[0]
    assert hana.post(f"/users/state/{number}", data={"active": "0"}).status_code == 303
    path = f"/users/edit/{number}"
    form = {"first_name": "Hana", "email": "hana@hengzhun.example", "roles": ["Employee"], "active": "1"}
    assert hana.post(path, data={**form, "_version": version(hana.get(path).text)}).status_code == 422
    assert account(portal, "hana")[1:] == (["HR admin"], True)
    path = f"/users/edit/{account(portal, 'root')[0]}"
    form = {"first_name": "Ro", "email": "root@example.com", "roles": ["HR admin"], "active": "1"}
    answer = boss.post(path, data={**form, "_version": version(boss.get(path).text)})
    assert answer.status_code == 422
    assert "last active account" in answer.text


def test_filters_search_and_pages_stand_in_the_address(portal):
    hana = logged_in(portal, "hana")
    text = hana.get("/users/list/?search=er&role=Department+head&order=-username&page_size=10").text
    assert re.findall(r'/users/show/\d+">(\w+)<', text) == ["derek"]
    assert "No account answers" in hana.get("/users/list/?search=nobody&page=7").text
    assert re.findall(r'/users/show/\d+">(\w+)<', hana.get("/users/list/?order=-username").text)[0] == "tariq"


def test_roles_are_protected_while_they_are_in_use(portal):
    hana = logged_in(portal, "hana")
    place = hana.post("/roles/add", data={"name": "Team lead"}).headers["Location"]
    number = place.rsplit("/", 1)[1]
    assert hana.post("/roles/add", data={"name": "team LEAD"}).status_code == 422
    assert hana.post("/roles/add", data={"name": "aDmin"}).status_code == 422
    assert hana.post(f"/roles/edit/{number}", data={"name": "Squad lead"}).status_code == 303
    hana.post("/users/add", data={**NEW, "roles": ["Squad lead"]})
    assert "have this role" in hana.post(f"/roles/delete/{number}", follow_redirects=True).text
    path = f"/users/edit/{account(portal, 'ada')[0]}"
    hana.post(path, data={**NEW, "_version": version(hana.get(path).text)})
    assert "was deleted" in hana.post(f"/roles/delete/{number}", follow_redirects=True).text
    trainer = re.search(r"/roles/show/(\d+)\">Trainer", hana.get("/roles/list/").text)[1]
    assert hana.post(f"/roles/edit/{trainer}", data={"name": "Coach"}).status_code == 409
    assert "part of the product" in hana.post(f"/roles/delete/{trainer}", follow_redirects=True).text


def test_the_matrix_shows_the_rows_that_each_action_reaches(portal):
    hana = logged_in(portal, "hana")
    head = re.search(r"/roles/show/(\d+)\">Department head", hana.get("/roles/list/").text)[1]
    row = (
        hana.get(f"/roles/show/{head}?search=employee")
        .text.split("<main")[1]
        .split("Employees</a>")[1]
        .split("</tr>")[0]
    )
    assert re.findall(r'<td><span class="[^"]*"[^>]*>([^<]+)<', row) == ["Department", "Department", "–", "–", "–",
                                                                         "Department", "–"]  # fmt: skip
    assert "Hidden: Date of birth, Gender, Monthly salary" in re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", row))


ROLE_NAMES = ("Admin", "admin", "HR admin", "Employee", "Auditor")
WHO = ("root", "hana", "emma", "ada")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(("add", "edit", "state", "password", "delete", "role", "rename")),
        st.sampled_from(WHO),
        st.lists(st.sampled_from(ROLE_NAMES), max_size=3),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_hr_never_gains_gives_or_touches_admin(portal, boss, steps):
    hana = logged_in(portal, "hana")
    before = account(portal, "root")
    for step, who, roles in steps:
        number = (account(portal, who) or (0,))[0]
        if step == "add":
            hana.post("/users/add", data={**NEW, "username": who, "email": f"{who}@example.com", "roles": roles})
        elif step == "edit":
            text = hana.get(f"/users/edit/{number}").text
            mark = version(text) if "_version" in text else ""
            hana.post(
                f"/users/edit/{number}", data={**NEW, "email": f"{who}@x.example", "roles": roles, "_version": mark}
            )
        elif step in ("state", "password", "delete") and who != "hana":
            hana.post(f"/users/{step}/{number}", data={"active": "0" if roles else "1"})
        elif step == "role":
            hana.post("/roles/add", data={"name": roles[0] if roles else "Admin "})
        elif step == "rename":
            for role in range(1, 10):
                hana.post(f"/roles/edit/{role}", data={"name": "Admin" if roles else "Other"})
        assert account(portal, "root") == before
        assert all("Admin" not in (account(portal, name) or (0, []))[1] for name in WHO if name != "root")
    assert boss.get("/").status_code == 200
