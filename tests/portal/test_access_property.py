"""Access over HTTP against SQL by hand, for random organisations and roles: pages, REST, search, picks and exports agree."""

from __future__ import annotations

import csv
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from sqlalchemy import text
from sqlalchemy.orm import Session

from metadata import side_tables
from metadata.engine import publishing, writing
from metadata.versions import load_catalog
from portal.extensions import db
from tests.metadata.test_access_property import ROLES, build, by_hand, headed, organisations
from tests.portal.demo_site import logged_in

pytestmark = pytest.mark.both_databases

MOST = 8  # people in a random organisation
EXPORTING = {"HR admin", "Department head", "Auditor"}
NAMES = ("employee", "production_output", "review")


@pytest.fixture
def emptied(portal: Flask) -> Flask:
    """The portal without the demo's records: the organisations are made up."""
    with portal.app_context():
        engine = db.engine
    with publishing(), Session(engine) as session, session.begin():
        for entity in load_catalog(session).entities.values():
            if entity.definition.stores_records and session.bind.dialect.name == "postgresql":
                session.execute(text(f"TRUNCATE {entity.table.name} CASCADE"))
            elif entity.definition.stores_records:
                session.execute(entity.table.delete())
                for item in entity.definition.lists.values():
                    session.execute(text(f"DELETE FROM {side_tables.name_of(entity.definition, item)}"))
    return portal


def account(app: Flask, name: str, roles: set[str]) -> None:
    """An account with exactly these roles."""
    manager = app.appbuilder.sm
    with app.app_context():
        for role in roles:
            if manager.find_role(role) is None:
                with writing():
                    manager.add_role(role)
        db.session.rollback()
        with writing():
            user = manager.find_user(name)
            given = [manager.find_role(role) for role in sorted(roles)]
            if user is None:
                assert manager.add_user(name, name, name, f"{name}@example.org", given, f"{name}-demo-demo")
            else:
                user.roles = given
                db.session.commit()
        db.session.remove()


def numbers(found: str, pattern: str) -> set[int]:
    return {int(number) for number in re.findall(pattern, found)}


def listed(client: FlaskClient, path: str, name: str) -> set[int]:
    """The ids behind the links of a list page; nothing where there is no such page for this person."""
    answer = client.get(path)
    return numbers(answer.text, rf"/records/{name}/show/(\d+)") if answer.status_code == 200 else set()


def by_rest(client: FlaskClient, path: str) -> set[int]:
    answer = client.get(path)
    return set(answer.json["ids"]) if answer.status_code == 200 else set()


def exported(client: FlaskClient, name: str) -> set[int]:
    answer = client.get(f"/records/{name}/export.csv")
    lines = list(csv.reader(answer.text.splitlines())) if answer.status_code == 200 else [[]]
    return {int(line[0]) for line in lines[1:]}


def readings(client: FlaskClient, name: str, every: list[int]) -> dict[str, set[int]]:
    """The ids that each way of reading gives over HTTP."""
    picked = client.get(f"/records/{name}/pick")
    return {
        "page": listed(client, f"/records/{name}/list/?page_size=100", name),
        "rest": by_rest(client, f"/api/v1/{name}/?page_size=1000"),
        "show": {n for n in every if client.get(f"/records/{name}/show/{n}").status_code == 200},
        "one": {n for n in every if client.get(f"/api/v1/{name}/{n}").status_code == 200},
        "pick": {int(choice["value"]) for choice in picked.json} if picked.status_code == 200 else set(),
    }


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(organisation=organisations())
def test_pages_rest_search_picks_and_exports_give_what_sql_by_hand_gives(emptied, organisation):
    parents, homes, heads, who, roles = organisation
    with emptied.app_context():
        engine = db.engine
    with writing(), Session(engine) as session, session.begin():
        units, people = build(session, load_catalog(session), parents, homes, heads)
        led = headed(units, parents, heads, who)
        expected = {name: by_hand(session, name, roles, people[who], led) for name in NAMES}
        files = {name: by_hand(session, name, roles & EXPORTING, people[who], led) for name in NAMES}
        every = {name: [row[0] for row in session.execute(text(f"SELECT id FROM rec_{name}"))] for name in NAMES}
    account(emptied, f"p{who}", roles)
    client = logged_in(emptied, f"p{who}")
    for name in NAMES:
        ways = readings(client, name, every[name])
        assert ways == dict.fromkeys(ways, expected[name]), name
        assert exported(client, name) == files[name], name
        for unit in units:
            mine = by_rest(client, f"/api/v1/{name}/?department={unit}&page_size=1000")
            assert mine == expected[name] & by_rest(logged_in(emptied, "hana"), f"/api/v1/{name}/?department={unit}")
    assert by_rest(client, "/api/v1/employee/?search=P") == expected["employee"]
    assert listed(client, "/records/employee/list/?search=P", "employee") == expected["employee"]


def test_who_is_not_logged_in_reads_nothing_anywhere(portal):
    anonymous = portal.test_client()
    for name in NAMES:
        assert not any(readings(anonymous, name, [1, 2, 3]).values())
        assert exported(anonymous, name) == set()


def test_the_roles_are_those_of_the_product(portal):
    with portal.app_context():
        assert {r for r in ROLES if portal.appbuilder.sm.find_role(r)} == set(ROLES) - {"Nobody"}
