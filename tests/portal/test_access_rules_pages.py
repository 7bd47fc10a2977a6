"""Random access rules over HTTP: pages, REST, picks and exports give the rows and fields that the rules grant by hand."""

from __future__ import annotations

import csv
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from metadata import access, publish
from metadata.engine import publishing, writing
from metadata.versions import load_catalog
from portal.extensions import db
from tests.metadata import access_world as made
from tests.portal.demo_site import logged_in
from tests.portal.test_access_property import account, by_rest, emptied, listed  # noqa: F401 (a fixture)

NAME = "errand"


@pytest.fixture
def errands(emptied):  # noqa: F811
    put_in_force(emptied, made.ERRAND)
    return emptied


def put_in_force(app, document):
    with app.app_context():
        engine = db.engine
    with publishing(), Session(engine) as session, session.begin():
        now, actor = datetime.now(UTC), access.system()
        publish.publish(session, load_catalog(session), [document], actor=actor, comment="rules", now=now)


def exported(client):
    """By id the cell of the secret in the file; nothing where there is no such column."""
    answer = client.get(f"/records/{NAME}/export.csv?columns=note&columns=secret")
    if answer.status_code != 200:
        return {}
    head, *lines = list(csv.reader(answer.text.lstrip("\ufeff").splitlines()))
    at = head.index("Secret") if "Secret" in head else None
    return {int(line[0]): line[at] if at is not None else "" for line in lines}


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(world=made.worlds(), rules=made.accesses(), who=st.integers(0, 2))
def test_every_way_over_http_keeps_to_rows_and_fields(errands, world, rules, who):
    roles, who = {"Trainer"}, who % len(world.people or world.homes)
    put_in_force(errands, {**made.ERRAND, "x-access": rules})
    with errands.app_context():
        engine = db.engine
    with writing(), Session(engine) as session, session.begin():
        made.build(session, load_catalog(session), world)
    account(errands, f"p{who}", roles)
    client = logged_in(errands, f"p{who}")
    granted = {action: made.promised(world, rules, roles, who, action) for action in made.ACTIONS}
    rest = client.get(f"/api/v1/{NAME}/?page_size=1000")
    found = (
        {r["id"]: set(r) - {"id", "_version", "_labels"} for r in rest.json["result"]}
        if rest.status_code == 200
        else {}
    )
    assert found == granted["list"]
    assert listed(client, f"/records/{NAME}/list/?page_size=100", NAME) == set(granted["list"])
    picked = client.get(f"/records/{NAME}/pick")
    assert ({int(one["value"]) for one in picked.json} if picked.status_code == 200 else set()) == set(granted["list"])
    for number, record in world.records.items():
        one, page = client.get(f"/api/v1/{NAME}/{number}"), client.get(f"/records/{NAME}/show/{number}")
        assert (one.status_code == 200, page.status_code == 200) == (number in granted["show"],) * 2
        if number in granted["show"]:
            assert set(one.json["result"]) - {"id", "_version", "_labels"} == granted["show"][number]
            assert ("<dt>Secret</dt>" in page.text) == ("secret" in granted["show"][number])
        asked = by_rest(client, f"/api/v1/{NAME}/?secret={record['secret']}&page_size=1000")
        same = {i for i, r in world.records.items() if r["secret"] == record["secret"]}
        assert asked == {i for i in same if "secret" in granted["list"].get(i, ())}
    shown = {i: (world.records[i]["secret"] if "secret" in names else "") for i, names in granted["export"].items()}
    assert exported(client) == shown
