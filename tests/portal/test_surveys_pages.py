"""Surveys in the browser's eyes: asked on the start page, answered once, results for HR alone, nothing by other doors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from metadata import access, publish
from metadata.engine import publishing
from portal import catalogs
from portal.extensions import db
from tests.portal.demo_site import logged_in
from tests.portal.test_history import speaks

TODAY = datetime.now(UTC).date()
PULSE = {
    "$id": "pulse",
    "x-kind": "survey",
    "title": "Pulse of the week",
    "type": "object",
    "properties": {
        "mood": {"type": "integer", "minimum": 1, "maximum": 5, "title": "How was it?"},
        "words": {"type": "string", "title": "Why?"},
    },
    "required": ["mood"],
    "if": {"properties": {"mood": {"const": 1}}, "required": ["mood"]},
    "then": {"required": ["words"]},
    "x-survey": {"from": str(TODAY - timedelta(9)), "to": str(TODAY + timedelta(9)), "minimum": 3},
    "x-access": {"HR admin": {"rows": "all", "can": ["list", "show", "add", "edit", "remove", "export", "import"]}},
}


def put(app, **parts):
    with app.app_context():
        with publishing():
            session = db.session()
            document = {**PULSE, "x-survey": {**PULSE["x-survey"], **parts}}
            publish.publish(
                session, catalogs.current(), [document], actor=access.system("hana"), comment="", now=datetime.now(UTC)
            )
            session.commit()
        db.session.remove()


@pytest.fixture
def pulse(portal):
    put(portal)
    return portal


def test_is_asked_answered_once_and_evaluated_afterwards(pulse):
    clients = {account: logged_in(pulse, account) for account in ("emma", "derek", "liwei", "hana")}
    emma = clients["emma"]
    assert "Pulse of the week" in emma.get("/").text
    page = emma.get("/surveys/pulse/").text
    assert "Anonymous: it is kept that you answered" in page
    wrong = emma.post("/surveys/pulse/", data={"mood": "1", "words": ""})
    assert (wrong.status_code, 'id="error-field-words"' in wrong.text, 'value="1"' in wrong.text) == (422, True, True)
    assert emma.post("/surveys/pulse/", data={"mood": "1", "words": "<b>thunder</b>"}).status_code == 303
    assert "You have answered this survey already" in emma.get("/surveys/pulse/").text
    assert emma.post("/surveys/pulse/", data={"mood": "2"}).status_code == 303
    assert "Pulse of the week" not in emma.get("/").text
    for account in ("derek", "liwei"):
        assert clients[account].post("/surveys/pulse/", data={"mood": "4"}).status_code == 303
    hana = clients["hana"]
    waiting = hana.get("/surveys/pulse/results").text
    assert "3 people have answered." in waiting
    assert "shown after its last day" in waiting
    assert "thunder" not in waiting
    put(pulse, to=str(TODAY - timedelta(1)))
    shown = hana.get("/surveys/pulse/results").text
    assert "3 answers" in shown
    assert "Ø 3" in shown
    assert "Too few answers to be shown." in shown, "one text is nobody's secret"
    assert emma.get("/surveys/pulse/").status_code == 404


def test_no_other_door_shows_an_answer(pulse):
    hana, emma = logged_in(pulse, "hana"), logged_in(pulse, "emma")
    emma.post("/surveys/pulse/", data={"mood": "5"})
    for client in (hana, emma, logged_in(pulse, "audrey")):
        for path in (
            "/records/pulse/list/",
            "/records/pulse/show/1",
            "/records/pulse/add",
            "/records/pulse/export.csv",
        ):
            assert client.get(path).status_code == 404, path
        assert client.get("/api/v1/pulse/").status_code in (403, 404)
        assert client.get("/api/v1/pulse/1").status_code in (403, 404)
    assert "pulse" not in hana.get("/audit/?definition=pulse").text.split("</form>")[-1]


def test_is_only_for_those_whom_it_concerns(pulse):
    emma = logged_in(pulse, "emma")
    assert emma.get("/surveys/pulse/results").status_code == 404
    assert emma.get("/surveys/gone/").status_code == 404
    assert pulse.test_client().get("/surveys/pulse/").status_code == 302
    speaks(emma, "zh")
    assert "匿名" in emma.get("/surveys/pulse/").text
    put(pulse, audience={"roles": ["Department head"]})
    assert emma.get("/surveys/pulse/").status_code == 404
    assert emma.post("/surveys/pulse/", data={"mood": "5"}).status_code == 404
