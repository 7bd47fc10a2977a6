"""Every entry of every role's menu, with what hangs below it, and what it costs."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import event

from portal.extensions import db
from tests.portal.demo_site import logged_in
from workflows.demo import DEMO_LOGINS

STATEMENTS = 6


def below(path: str, text: str) -> list[str]:
    """The pages, exports and API addresses that belong to a list."""
    found = re.findall(r'href="(/records/[a-z_]+/(?:show/\d+|add|export\.csv)[^"]*)"', text)[:6]
    return [*found, path.replace("/records/", "/api/v1/").removesuffix("list/")] if "/records/" in path else found


@pytest.mark.parametrize("account", [login.username for login in DEMO_LOGINS])
def test_every_menu_entry_opens_within_six_statements(portal, account):
    client = logged_in(portal, account)
    paths = sorted(set(re.findall(r'class="sidebar-link[^"]*" href="([^"]+)"', client.get("/").text)))
    assert paths
    statements: list[str] = []
    with portal.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    for path in paths:
        statements.clear()
        answer = client.get(path)
        assert answer.status_code == 200, path
        if "/records/" in path:
            assert len(statements) <= STATEMENTS, (path, statements)
        for further in below(path, answer.text):
            assert client.get(further.replace("&amp;", "&")).status_code == 200, further


def test_who_is_not_logged_in_is_sent_to_the_login_and_learns_nothing(portal):
    client = portal.test_client()
    for path in ("/records/employee/list/", "/records/nothing/list/", "/records/employee/show/1"):
        assert "/login/" in client.get(path).headers["Location"]
    assert client.get("/api/v1/employee/").status_code == 401


def test_forbidden_unknown_and_missing_look_the_same(portal):
    emma = logged_in(portal, "emma")
    bodies = []
    for path in (
        "/records/production_output/list/",
        "/records/nothing/list/",
        "/records/employee/show/1",
        "/records/employee/show/999999",
    ):
        answer = emma.get(path)
        assert answer.status_code == 404
        bodies.append(answer.text.split("<main")[1].split("</main>")[0])
    assert len(set(bodies)) == 1
