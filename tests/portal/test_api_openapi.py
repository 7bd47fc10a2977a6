"""The OpenAPI document: whole, valid, and no more than the caller may use; and the page made from it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import event

from metadata import publish
from metadata.access import system
from metadata.parser import thawed
from portal import catalogs, units
from portal.api.openapi import Documents
from portal.extensions import db
from tests.portal.demo_site import logged_in
from workflows.demo import DEMO_LOGINS

PLACE = "/api/v1/_openapi"


def parts(value: Any, *, schemas: bool = False) -> list[Any]:
    """Every object in the document; with `schemas`, those that stand where a schema stands."""
    found = []
    if isinstance(value, dict):
        for key, inner in value.items():
            if schemas and key in {"schema", "schemas"}:
                found += list(inner.values()) if key == "schemas" else [inner]
            found += parts(inner, schemas=schemas)
        found += [] if schemas else [value]
    elif isinstance(value, list):
        found += [part for inner in value for part in parts(inner, schemas=schemas)]
    return found


def target(document: dict[str, Any], reference: str) -> Any:
    found: Any = document
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


@pytest.mark.parametrize("account", [login.username for login in DEMO_LOGINS])
def test_the_document_is_whole_and_each_operation_has_a_name_of_its_own(portal, account):
    document = logged_in(portal, account).get(PLACE).json
    assert document["openapi"].startswith("3.1")
    for part in parts(document):
        if isinstance(part.get("$ref"), str):
            assert target(document, part["$ref"]) is not None
    operations = [(path, o) for path, methods in document["paths"].items() for o in methods.values()]
    names = [operation["operationId"] for _path, operation in operations]
    assert len(names) == len(set(names)) > 10
    for path, operation in operations:
        assert operation["summary"], path
        assert operation["responses"], path
        named = {p["name"] for p in operation.get("parameters", ()) if p.get("in") == "path"}
        assert named == {step[1:-1] for step in path.split("/") if step.startswith("{")}, path
    for schema in parts(document, schemas=True):
        Draft202012Validator.check_schema(schema)


def test_it_shows_what_the_caller_may_use_and_nothing_else(portal):
    hana, derek, emma = (logged_in(portal, name).get(PLACE).json for name in ("hana", "derek", "emma"))
    assert "salary" in hana["components"]["schemas"]["employee"]["properties"]
    assert "salary" not in derek["components"]["schemas"]["employee"]["properties"]
    assert "post" in hana["paths"]["/api/v1/employee/"]
    assert "post" not in emma["paths"]["/api/v1/employee/"]
    assert "/api/v1/production_output/" in derek["paths"]
    assert "/api/v1/production_output/" not in emma["paths"]
    assert portal.test_client().get(PLACE).status_code == 401


def question(described):
    """What a GET can't do without, as the description says, asked about Emma's own record."""
    known = {"account": "emma", "definition": "employee"}
    needed = [p["name"] for p in described.get("parameters", ()) if p["in"] == "query" and p.get("required")]
    return {name: known[name] for name in needed}


def test_every_address_in_it_answers(portal):
    for account in ("hana", "derek", "emma", "audrey"):
        client = logged_in(portal, account)
        for path, methods in client.get(PLACE).json["paths"].items():
            if "get" in methods and "{" not in path:
                asked = question(methods["get"])
                assert client.get(path, query_string=asked).status_code in {200, 304}, path


def test_it_reads_in_the_callers_language(portal):
    hana = logged_in(portal, "hana")
    english = hana.get(PLACE).json
    chinese = hana.get(PLACE, headers={"Accept-Language": "zh-CN"}).json
    assert english["components"]["schemas"]["employee"]["title"] == "Employee"
    assert chinese["components"]["schemas"]["employee"]["title"] == "员工"


def test_it_follows_the_catalog_and_is_made_once_for_each_version(portal):
    hana = logged_in(portal, "hana")
    first = hana.get(PLACE)
    tag = first.headers["ETag"]
    assert hana.get(PLACE, headers={"If-None-Match": tag}).status_code == 304
    with portal.test_request_context():
        document = thawed(catalogs.current()["department"].definition.document)
        document["properties"]["floor"] = {"type": "integer", "title": "Floor"}
        portal_publish(document)
    second = hana.get(PLACE, headers={"If-None-Match": tag})
    assert second.status_code == 200
    assert second.json["components"]["schemas"]["department.new"]["properties"]["floor"]["title"] == "Floor"
    statements: list[str] = []
    with portal.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    hana.get(PLACE)
    assert len([s for s in statements if s != "BEGIN"]) <= 2, statements


def portal_publish(document: dict[str, Any]) -> None:
    units.publish(
        lambda session, catalog: publish.publish(
            session, catalog, [document], actor=system("t"), comment="t", now=units.utcnow()
        )
    )
    db.session.remove()


def test_the_page_lists_the_operations_and_sends_strangers_to_the_login(portal):
    hana, emma = logged_in(portal, "hana"), logged_in(portal, "emma")
    text = hana.get("/api/").text
    assert "/api/v1/production_output/_bulk" in text
    assert "/api/v1/production_output/" not in emma.get("/api/").text
    assert "/login/" in portal.test_client().get("/api/").headers["Location"]


def test_kept_documents_are_bounded_by_their_size_and_the_latest_stay():
    kept, made = Documents(most_bytes=250), []

    def make(name):
        made.append(name)
        return {"text": name * 90}

    for name in ("a", "b", "a", "c", "a"):  # b was asked for longest ago when c came
        kept.get((name,), lambda name=name: make(name))
    assert made == ["a", "b", "c"]
    assert kept.size <= 250
    kept.get(("b",), lambda: make("b"))
    assert made == ["a", "b", "c", "b"]
    assert kept.get(("large",), lambda: {"text": "x" * 1000}).content == {"text": "x" * 1000}
    assert kept.size > 250  # one is kept, however large


def test_the_interface_page_names_every_path_that_is_no_list_of_records(portal):
    said = (Path(__file__).parents[2] / "docs" / "interface.md").read_text(encoding="utf-8")
    paths = logged_in(portal, "hana").get(PLACE).json["paths"]
    with portal.app_context():
        lists = set(portal.extensions["plumbline_catalogs"].current(db.session()))
    unnamed = {
        path: word
        for path in paths
        for room, *steps in [path.removeprefix("/api/v1/").strip("/").split("/")]
        if room not in lists
        for word in (room, *steps)
        if not word.startswith("{") and not re.search(rf"(?<!\w){re.escape(word)}(?!\w)", said)
    }
    assert unnamed == {}
