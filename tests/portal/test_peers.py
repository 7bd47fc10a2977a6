"""Peers' known failures at the ways in: links to hidden rows, and permissions that a change of type resets.

Those of the engine itself are in tests/metadata/test_peers.py.
"""

from __future__ import annotations

import io
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from metadata import publish
from metadata.access import load_actor, system
from metadata.engine import writing
from metadata.parser import thawed
from metadata.records import naming
from portal import units
from portal.app import bind_workflows
from portal.extensions import db
from tests.portal.demo_site import logged_in
from workflows import intake

pytestmark = pytest.mark.both_databases

EVERYTHING = ["list", "show", "add", "edit", "remove", "export", "import"]
ERRAND = {
    "$id": "errand",
    "title": "Errand",
    "type": "object",
    "properties": {
        "task": {"type": "string", "maxLength": 50, "title": "Task"},
        "done_by": {"$ref": "employee", "title": "Done by"},
    },
    "required": ["task"],
    "x-owner": {"person": "done_by"},
    "x-access": {
        "HR admin": {"rows": "all", "can": EVERYTHING},
        "Department head": {"rows": "all", "can": EVERYTHING},
        "Employee": {"rows": "none"},
    },
}
FRAMEWORK = """SELECT p.name, r.name FROM ab_permission_view_role l
JOIN ab_permission_view v ON v.id = l.permission_view_id JOIN ab_permission p ON p.id = v.permission_id
JOIN ab_view_menu m ON m.id = v.view_menu_id JOIN ab_role r ON r.id = l.role_id WHERE m.name = 'errand'"""


def put(app: Flask, document: dict[str, Any], **more: Any) -> None:
    with app.app_context():
        now = datetime.now(UTC)
        units.publish(lambda s, c: publish.publish(s, c, [document], actor=system("t"), comment="", now=now, **more))
        db.session.remove()


@pytest.fixture
def site(portal) -> Flask:
    put(portal, ERRAND)
    return portal


class TestLinkToAHiddenRow:
    """Derek sees the people of production; whom else he links to, by whatever way, is refused as if there were nobody."""

    @pytest.fixture
    def derek(self, site) -> FlaskClient:
        return logged_in(site, "derek")

    @pytest.fixture
    def mine(self, derek) -> int:
        found: int = derek.get("/api/v1/employee/?page_size=1").json["ids"][0]
        return found

    @pytest.fixture
    def hidden(self, site, derek) -> int:
        everyone = logged_in(site, "hana").get("/api/v1/employee/?page_size=1000").json["ids"]
        return next(i for i in everyone if i not in derek.get("/api/v1/employee/?page_size=1000").json["ids"])

    @pytest.fixture
    def errand(self, derek, mine) -> int:
        made: int = derek.post("/api/v1/errand/", json={"task": "x", "done_by": mine}).json["id"]
        return made

    def test_is_refused_on_the_page(self, derek, errand, hidden):
        for address in ("add", f"edit/{errand}"):
            answer = derek.post(f"/records/errand/{address}", data={"task": "t", "done_by": hidden, "_version": 1})
            assert answer.status_code == 422
            assert "or you may not see it" in answer.text
        assert derek.get("/api/v1/errand/").json["count"] == 1

    def test_is_refused_by_rest_when_adding_and_when_changing(self, derek, errand, hidden):
        for answer in (
            derek.post("/api/v1/errand/", json={"task": "t", "done_by": hidden}),
            derek.put(f"/api/v1/errand/{errand}", json={"done_by": hidden}),
        ):
            assert answer.status_code == 422
            assert [p["pointer"] for p in answer.json["problems"]] == ["/done_by"]

    def test_is_refused_in_bulk(self, derek, errand, hidden):
        rows = [{"task": "a", "done_by": hidden}, {"id": errand, "done_by": hidden}]
        answer = derek.post("/api/v1/errand/_bulk", json={"rows": rows})
        assert answer.status_code == 422
        assert {p["pointer"] for p in answer.json["problems"]} == {"/rows/0/done_by", "/rows/1/done_by"}
        assert derek.get("/api/v1/errand/").json["count"] == 1

    def test_is_refused_by_an_import(self, site, derek, mine, hidden, tmp_path):
        content = f"task,done_by\nfine,{mine}\nbad,{hidden}\n"
        data = {"definition": "errand", "dry_run": "true", "file": (io.BytesIO(content.encode()), "a.csv")}
        tried = derek.post("/api/v1/imports/", data=data).json
        assert (tried["created"], [r["field"] for r in tried["rejected"]]) == (1, ["done_by"])
        report = imported(site, tmp_path, content)
        assert (report.created, [r.field for r in report.rejected]) == (1, ["done_by"])

    def test_is_refused_in_a_change_of_many(self, derek, errand, hidden):
        body = {"field": "done_by", "value": hidden, "ids": [errand]}
        made = derek.post("/api/v1/errand/_edits", json=body).json["result"]
        assert (made["counts"]["changed"], made["counts"]["refused"]) == (0, 1)

    def test_is_not_named_by_its_label_in_a_file(self, site, derek, hidden, tmp_path):
        label = logged_in(site, "hana").get(f"/api/v1/employee/{hidden}").json["result"]["name"]
        report = imported(site, tmp_path, f"task,done_by\nbad,{label}\nworse,Nobody At All\n")
        assert report.created == 0
        assert {r.problem.message for r in report.rejected} == {naming.NOBODY}

    def test_is_offered_by_no_list_of_choices(self, derek, errand, hidden):
        mine = {int(choice["value"]) for choice in derek.get("/records/employee/pick").json}
        assert mine
        assert hidden not in mine
        for address in ("/records/errand/add", f"/records/errand/edit/{errand}", "/records/errand/list/"):
            assert f'<option value="{hidden}"' not in derek.get(address).text
        assert derek.get(f"/records/errand/list/?done_by={hidden}").text.count(f"#{hidden}") > 0  # a number, no name

    def test_is_not_told_from_a_missing_one(self, derek, errand, hidden):
        told = [
            derek.put(f"/api/v1/errand/{errand}", json={"done_by": i}).json["problems"] for i in (hidden, 999_999_999)
        ]
        assert told[0] == told[1]


def imported(site: Flask, folder: Path, content: str) -> Any:
    """The report of an import as derek."""
    bind_workflows(site)
    path = folder / "errands.csv"
    path.write_text(content)
    with site.app_context(), writing():
        session = db.session()
        catalog = site.extensions["plumbline_catalogs"].current(session)
        derek = load_actor(session, catalog, "derek", ["Department head"])
        report = intake.import_file(session, catalog, "errand", derek, path, now=datetime.now(UTC))
        session.commit()
        db.session.remove()
    return report


class TestFiltersOfOthers:
    """Flask-AppBuilder's views keep the filters of a request where all threads see them; ours belong to the request."""

    def test_never_reach_another_list(self, site):
        hana = logged_in(site, "hana")
        names = [f"only {letter}" for letter in "abcdef"]
        hana.post("/api/v1/errand/_bulk", json={"rows": [{"task": name} for name in names]})
        clients = [logged_in(site, "hana") for _name in names]
        start = threading.Barrier(len(names))

        def look(place: int) -> list[set[str]]:
            start.wait()
            pages = [clients[place].get(f"/records/errand/list/?task={names[place]}").text for _turn in range(8)]
            return [set(re.findall(r"only [a-f](?=</a>)", page)) for page in pages]

        with ThreadPoolExecutor(len(names)) as pool:
            seen = list(pool.map(look, range(len(names))))
        assert seen == [[{name}] * 8 for name in names]


class TestPermissionsAfterAChange:
    def test_of_name_or_type_and_after_its_way_back_are_as_before(self, site):
        before, version = rows(site), version_of(site)
        assert ("can_import", "Department head") in before
        renamed = document(site)
        renamed["properties"]["job"] = renamed["properties"].pop("task")
        renamed["required"] = ["job"]
        put(site, renamed)
        assert rows(site) == before
        converted = document(site)
        converted["properties"]["job"] = {"type": "integer"}
        converted["required"] = []
        put(site, converted, confirm=["errand"])
        assert rows(site) == before
        with site.app_context():
            now = datetime.now(UTC)
            units.publish(lambda s, c: publish.rollback(s, c, version, actor=system("t"), comment="", now=now))
            db.session.remove()
        assert rows(site) == before
        assert logged_in(site, "derek").get("/records/errand/list/").status_code == 200
        assert logged_in(site, "emma").get("/records/errand/list/").status_code == 404


def rows(site: Flask) -> set[tuple[str, str]]:
    """Which roles may do what with errands, by the framework's own tables."""
    with site.app_context():
        found = {(row[0], row[1]) for row in db.session.execute(text(FRAMEWORK))}
        db.session.remove()
    return found


def version_of(site: Flask) -> int:
    with site.app_context():
        version: int = site.extensions["plumbline_catalogs"].current(db.session()).version
        db.session.remove()
    return version


def document(site: Flask) -> dict[str, Any]:
    with site.app_context():
        found: dict[str, Any] = thawed(
            site.extensions["plumbline_catalogs"].current(db.session())["errand"].definition.document
        )
        db.session.remove()
    return found
