"""Records as they were on a day, on pages and by REST: in the words of that day, within the access of today."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from portal.extensions import db
from tests.portal.demo_site import logged_in
from tests.portal.many_definitions import statements
from tests.portal.test_history import publish, speaks


@pytest.fixture
def hana(portal):
    portal.json.sort_keys = False
    return logged_in(portal, "hana")


@pytest.fixture
def figure(portal, hana):
    """A figure of production that was added ten days ago and changed today."""
    body = {"day": "2026-01-05", "department": 1, "line": "casting", "shift": "late", "planned": 10, "produced": 7}
    departments = hana.get("/api/v1/department/?code=PRD").json["ids"] or [1]
    made = hana.post("/api/v1/production_output/", json={**body, "department": departments[0]})
    assert made.status_code == 201, made.text
    record = made.json["id"]
    earlier = datetime.now(UTC) - timedelta(days=10)
    with portal.app_context(), db.engine.begin() as connection:
        for statement in (
            "UPDATE plumbline_audit SET at = :at WHERE definition = 'production_output' AND record_id = :id",
            "UPDATE plumbline_catalog SET at = :at",
            "UPDATE rec_production_output SET _created_at = :at WHERE id = :id",
        ):
            at = earlier if "catalog" not in statement else earlier - timedelta(days=1)
            value = at if connection.dialect.name == "postgresql" else at.strftime("%Y-%m-%d %H:%M:%S.%f")
            connection.execute(text(statement), {"at": value, "id": record} if "id" in statement else {"at": value})
    hana.patch(f"/api/v1/production_output/{record}", json={"produced": 9, "line": "assembly"})
    publish(hana, lambda d: d["properties"]["line"].update({"title": "Belt"}))
    return record


def day(days):
    return (datetime.now(UTC) - timedelta(days=days)).date().isoformat()


def test_a_page_shows_the_values_and_titles_of_that_day(hana, figure):
    page = hana.get(f"/records/production_output/show/{figure}?on={day(5)}").text
    assert "Casting" in page
    assert ">Line<" in page
    today = hana.get(f"/records/production_output/show/{figure}").text
    assert ">Belt<" in today
    assert 'name="on"' in today
    speaks(hana, "zh")
    assert "当前状态" in hana.get(f"/records/production_output/show/{figure}?on={day(5)}").text


def test_rest_answers_the_same(hana, figure):
    then = hana.get(f"/api/v1/production_output/{figure}?as_of={day(5)}").json
    assert (then["result"]["produced"], then["result"]["line"], then["unknown"]) == (7, "casting", [])
    now = hana.get(f"/api/v1/production_output/{figure}").json["result"]
    assert (now["produced"], now["line"]) == (9, "assembly")
    listed = hana.get(f"/api/v1/production_output/?as_of={day(5)}&page_size=200").json
    assert figure in listed["ids"]
    assert listed["count"] == len(listed["ids"]) or listed["count"] > 200


def test_a_day_before_it_was_there_and_one_to_come_are_said(hana, figure):
    before = hana.get(f"/records/production_output/show/{figure}?on={day(12)}")
    assert before.status_code == 422
    tomorrow = hana.get(f"/records/production_output/show/{figure}?on={day(-3)}")
    assert (tomorrow.status_code, "That day has not come yet." in tomorrow.text) == (422, True)
    assert hana.get(f"/records/production_output/show/{figure}?on=yesterday").status_code == 422
    assert hana.get(f"/api/v1/production_output/{figure}?as_of=yesterday").status_code == 422
    assert hana.get(f"/records/production_output/show/99999?on={day(5)}").status_code == 404


@pytest.mark.parametrize(
    ("account", "status"),
    [("hana", 200), ("derek", 200), ("audrey", 200), ("sofia", 404), ("emma", 404)],
)
def test_who_may_see_it_today_sees_it_then(portal, figure, account, status):
    client = logged_in(portal, account)
    assert client.get(f"/records/production_output/show/{figure}").status_code == status
    assert client.get(f"/records/production_output/show/{figure}?on={day(5)}").status_code == status
    assert client.get(f"/api/v1/production_output/{figure}?as_of={day(5)}").status_code == status


def test_nobody_is_asked_to_log_in(portal, figure):
    client = portal.test_client()
    assert client.get(f"/records/production_output/show/{figure}?on={day(5)}").status_code == 302
    assert client.get(f"/api/v1/production_output/{figure}?as_of={day(5)}").status_code == 401


def test_the_pages_cost_few_statements(portal, hana, figure):
    for path, most in ((f"show/{figure}", 10), ("list/", 14)):
        hana.get(f"/records/production_output/{path}?on={day(5)}")
        with statements(portal) as sent:
            assert hana.get(f"/records/production_output/{path}?on={day(5)}").status_code == 200
        assert len(sent) <= most, "\n".join(sent)
