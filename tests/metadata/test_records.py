"""The record door as those who call it see it."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from metadata import records, store
from metadata.access import Actor
from metadata.engine import writing
from metadata.errors import Conflict, Invalid, NotFound, StaleVersion
from tests.metadata.conftest import HANA, NOW


def wrong(error: pytest.ExceptionInfo[Invalid]) -> dict[str, str]:
    return {p.field_name: p.text for p in error.value.problems}


def person(door, number: str, department: int, **more) -> int:
    values = {"number": number, "name": number, "department": department, "hired_on": "2020-01-01", **more}
    return door.create("employee", **values).id


class TestCreate:
    def test_tells_every_problem_at_once(self, door, production):
        with pytest.raises(Invalid) as error:
            door.create("production_output", day="31.12.2026", department=999, line="drawing", planned=-1)
        assert set(wrong(error)) == {"day", "department", "line", "planned", "produced"}

    def test_names_the_record_that_is_in_the_way(self, door, production):
        with pytest.raises(Invalid) as error:
            door.create("department", code="PRD", name="Another", name_zh="另")
        assert "“Production”" in wrong(error)["code"]

    def test_counts_empty_as_equal_in_a_key_of_several_fields(self, door, production):
        door.create("production_output", day="2026-01-01", department=production, planned=1, produced=1)
        with pytest.raises(Invalid):
            door.create("production_output", day="2026-01-01", department=production, planned=2, produced=2)

    def test_lets_many_have_no_account(self, door, production):
        assert person(door, "E1", production) != person(door, "E2", production)

    def test_asks_for_a_note_when_nothing_was_produced(self, door, production):
        values = {"day": "2026-01-01", "department": production, "planned": 5, "produced": 0}
        with pytest.raises(Invalid) as error:
            door.create("production_output", **values)
        assert wrong(error) == {"note": "This field is required."}
        assert door.create("production_output", **values, note="Power cut").id

    def test_leaves_nothing_behind_when_it_refuses(self, door):
        with pytest.raises(Invalid):
            door.create("department", code="X")
        with Session(door.engine) as session:
            assert (
                session.scalar(
                    select(func.count()).select_from(store.outbox).where(store.outbox.c.topic != "catalog.published")
                )
                == 0
            )


class TestChange:
    def test_writes_audit_and_event_with_the_change(self, door, production):
        door.change("department", production, name="Works")
        with Session(door.engine) as session:
            entries = records.history(session, door.catalog, "department", HANA, production)
            topics = list(
                session.scalars(select(store.outbox.c.topic).where(store.outbox.c.definition == "department"))
            )
        assert next((e.action, dict(e.before), dict(e.after)) for e in entries) == (
            "change",
            {"name": "Production"},
            {"name": "Works"},
        )
        assert topics == ["record.created", "record.changed"]

    def test_refuses_a_stale_change_and_shows_what_is_there_now(self, door, production):
        door.change("department", production, version=1, name="Works")
        with pytest.raises(StaleVersion) as error:
            door.change("department", production, version=1, name="Mill")
        assert error.value.theirs["name"] == "Works"

    def test_costs_no_version_when_nothing_changes(self, door, production):
        assert door.change("department", production, name="Production").version == 1


class TestRecycleBin:
    def test_gives_back_what_was_removed(self, door, production):
        record_id = person(door, "E1", production)
        with writing(), Session(door.engine) as session, session.begin():
            records.remove(session, door.catalog, "employee", HANA, record_id, now=NOW)
        assert door.ids("employee") == []
        with writing(), Session(door.engine) as session, session.begin():
            records.restore(session, door.catalog, "employee", HANA, record_id, now=NOW)
        assert door.ids("employee") == [record_id]

    def test_keeps_what_others_still_use(self, door, production):
        person(door, "E1", production)
        with pytest.raises(Conflict), writing(), Session(door.engine) as session:
            records.remove(session, door.catalog, "department", HANA, production, now=NOW)


class TestMergeMany:
    def test_changes_nothing_the_second_time(self, door, production):
        rows = [{"number": f"E{i}", "name": "N", "department": production, "hired_on": "2020-01-01"} for i in range(20)]
        outcomes = []
        for _ in range(2):
            with writing(), Session(door.engine) as session, session.begin():
                outcomes.append(records.merge_many(session, door.catalog, "employee", HANA, rows, now=NOW))
        assert [(len(o.created), len(o.changed), o.unchanged) for o in outcomes] == [(20, 0, 0), (0, 0, 20)]

    def test_keeps_the_good_rows_and_names_the_bad(self, door, production):
        rows = [
            {"number": "E1", "name": "N", "department": production, "hired_on": "2020-01-01"},
            {"number": "E2", "name": "N", "department": production, "hired_on": "soon"},
        ]
        with writing(), Session(door.engine) as session, session.begin():
            outcome = records.merge_many(session, door.catalog, "employee", HANA, rows, now=NOW, partial=True)
        assert len(outcome.created) == 1
        assert [p.field_name for p in outcome.problems[1]] == ["hired_on"]


class TestFields:
    def test_a_hidden_field_can_be_neither_read_nor_asked_about(self, door, production):
        mine = person(door, "E1", production, salary=5000)
        head = Actor("derek", frozenset({"Department head"}), mine, production, (production,))
        with Session(door.engine) as session:
            assert "salary" not in records.find(session, door.catalog, "employee", head, mine).values
            with pytest.raises(Invalid):
                query = records.Query(filters=(records.Filter("salary", "gt", 1),))
                records.select(session, door.catalog, "employee", head, query)

    def test_a_head_may_not_move_figures_out_of_reach(self, door, production):
        other = door.create("department", code="SAL", name="Sales", name_zh="销售").id
        head = Actor("derek", frozenset({"Department head"}), None, production, (production,))
        values = {"day": "2026-01-01", "planned": 1, "produced": 1}
        record = door.create("production_output", head, department=production, **values)
        with pytest.raises(Invalid):
            door.change("production_output", record.id, head, department=other)

    def test_a_hidden_record_is_as_unknown_as_a_missing_one(self, door, production):
        stranger = person(door, "E1", production)
        emma = Actor("emma", frozenset({"Employee"}), 424242)
        answers = []
        for record_id in (stranger, 999_999):
            with pytest.raises(NotFound) as error, Session(door.engine) as session:
                records.find(session, door.catalog, "employee", emma, record_id)
            answers.append(str(error.value))
        assert answers[0] == answers[1]
