"""What a preview tells of cycles, scorecards, dashboards, roles and saved views that rely on what changes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import insert
from sqlalchemy.orm import Session

from metadata import publish
from metadata.access import system
from metadata.engine import writing
from tests.metadata.conftest import NOW
from workflows import relying, store
from workflows.cycles import terms
from workflows.scoring import rule_of

REGISTERED = relying  # imported for what it tells `metadata.dependents`
KPI = "waste"
NUMBER = {"type": "number"}
WASTE = {
    "$id": KPI,
    "x-kind": "kpi",
    "title": "Waste",
    "type": "object",
    "properties": {"day": {"type": "string", "format": "date"}, "planned": NUMBER, "kilos": NUMBER},
    "required": ["day"],
    "x-measure": {"time": "day", "plan": "sum(planned)", "actual": "sum(kilos)", "direction": "lower"},
    "x-access": {"HR admin": {"rows": "all", "can": ["list"]}},
}


@pytest.fixture
def kpi(door):
    with writing(), door.engine.begin() as connection:
        store.create(connection)
    door.publish(WASTE)
    return door


def told(door, document) -> dict[str, tuple[int, tuple[str, ...]]]:
    with Session(door.engine) as session:
        seen = publish.preview(session, door.catalog, [document], [KPI])
    assert seen.problems == ()
    return {one.kind: (one.count, one.names) for one in seen.relies}


def measured_otherwise(door) -> dict:
    """The KPI with another name for a field of its measure."""
    document = door.document(KPI)
    document["properties"]["amount"] = document["properties"].pop("planned")
    return document


def pinned(door, cycle_id: int, department: int) -> None:
    measure = door.catalog[KPI].definition.measure
    words = (KPI, "", "", Decimal(100), measure.time, measure.plan, measure.actual, measure.unit)
    line = terms.TermLine(*words, rule_of(measure))
    days = (date(2026, 1, 1), date(2026, 6, 30))
    made = terms.Terms(door.catalog.version, department, *days, "UTC", (line,), (), 1, "redistribute", 90)
    with writing(), Session(door.engine) as session, session.begin():
        terms.pin(session, cycle_id, made, "hana", NOW)


def scorecard(door, production: int) -> int:
    values = {"name": "Plant", "no_data": "redistribute", "decimals": 1, "status": "active"}
    card = door.create("scorecard", **values).id
    door.create("scorecard_line", scorecard=card, kpi=KPI, weight=100, sequence=1)
    days = {"period_start": "2026-01-01", "period_end": "2026-06-30"}
    return door.create(
        "cycle", system("test"), name="H1", scorecard=card, department=production, step="self_review", **days
    ).id


class TestFind:
    def test_names_scorecards_and_running_cycles_of_a_kpi(self, kpi, production):
        pinned(kpi, scorecard(kpi, production), production)
        found = told(kpi, measured_otherwise(kpi))
        assert found["scorecards"] == (1, ("Plant",))
        assert found["cycles"] == (1, ("H1",))
        assert found["dashboards"][0] == 1
        assert "measure" in found["parts"][1]

    def test_names_shared_views_and_counts_private_ones(self, kpi):
        column = kpi.catalog[KPI].definition.fields["planned"].column
        state = {"filters": [[column, "gt", 3]], "order": [], "columns": [], "group": []}
        row = {"definition": KPI, "owner": "rui", "roles": [], "state": state, "at": NOW}
        rows = [{**row, "name": "Late ones", "shared": True}, {**row, "name": "Mine", "shared": False}]
        with writing(), Session(kpi.engine) as session, session.begin():
            session.execute(insert(store.list_views), rows)
        with Session(kpi.engine) as session:
            seen = publish.preview(session, kpi.catalog, [measured_otherwise(kpi)])
        views = [(one.count, one.names) for one in seen.relies if one.kind == "views"]
        assert views == [(1, ("Late ones",)), (1, ())]

    def test_names_roles_whose_access_is_told_by_the_field(self, kpi):
        document = kpi.document(KPI)
        document["x-access"]["Employee"] = {"rows": "own", "can": ["list"], "hides": ["planned"]}
        kpi.publish(document)
        assert "Employee" in told(kpi, measured_otherwise(kpi))["roles"][1]

    def test_tells_nothing_of_what_only_gets_other_texts(self, kpi):
        document = kpi.document(KPI)
        document["title"] = "Output of production"
        assert told(kpi, document) == {}


def test_formulas_that_reach_it_over_several_records_are_told(door):
    line = {"$id": "plant_line", "title": "Line", "type": "object", "properties": {"speed": {"type": "integer"}}}
    team = {"$id": "team", "title": "Team", "type": "object", "properties": {"place": {"$ref": "plant_line"}}}
    boxed = {"type": "object", "properties": {"pace": {"type": "number", "x-formula": "team.place.speed * 2"}}}
    tour = {"$id": "tour", "title": "Tour", "type": "object", "properties": {"team": {"$ref": "team"}, "box": boxed}}
    door.publish(line, team, tour)
    renamed = door.document("plant_line")
    renamed["properties"] = {"pace": renamed["properties"].pop("speed")}
    with Session(door.engine) as session:
        seen = publish.preview(session, door.catalog, [renamed])
    assert [(one.kind, one.names) for one in seen.relies if one.kind == "formulas"] == [
        ("formulas", ("Tour: box.pace",))
    ]
