"""Fields that are lists: records pointed at, choices, rows of a child table; through the record door, on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event, inspect
from sqlalchemy.orm import Session

from metadata import records
from metadata.engine import writing
from metadata.errors import Conflict, Invalid
from metadata.records import Change, Filter, Query
from tests.metadata.conftest import HANA, NOW

SKILL: dict[str, Any] = {
    "$id": "skill",
    "title": "Skill",
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 80}},
    "required": ["name"],
}
PLAN: dict[str, Any] = {
    "$id": "plan",
    "title": "Plan",
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 80},
        "skills": {"type": "array", "items": {"$ref": "skill"}, "maxItems": 3},
        "days": {
            "type": "array",
            "items": {"type": "string", "enum": ["mon", "tue", "wed"]},
            "x-enum-labels": {"mon": "Monday"},
            "x-retired": ["wed"],
        },
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "what": {"type": "string", "maxLength": 40},
                    "weight": {"type": "number", "multipleOf": 0.01, "minimum": 0},
                    "share": {"type": "number"},
                    "day": {"type": "string", "format": "date"},
                    "at": {"type": "string", "format": "date-time"},
                    "skill": {"$ref": "skill"},
                    "done": {"type": "boolean", "default": False},
                },
                "required": ["what"],
            },
        },
        "address": {"type": "object", "properties": {"city": {"type": "string", "maxLength": 40}}},
    },
    "x-screen": {"list": ["name", "address.city", "skills", "lines"]},
}


@pytest.fixture
def planned(door):
    door.publish(SKILL, PLAN)
    return door


@pytest.fixture
def skills(planned) -> list[int]:
    return [planned.create("skill", name=name).id for name in ("Welding", "Safety", "Excel")]


def find(door, record_id: int) -> records.Record:
    with Session(door.engine) as session:
        return records.find(session, door.catalog, "plan", HANA, record_id)


def matching(door, *filters: Filter, order: tuple[tuple[str, bool], ...] = ()) -> list[int]:
    return door.ids("plan", HANA, Query(filters=filters, order=order))


class TestCreate:
    def test_keeps_every_entry_in_its_order(self, planned, skills):
        line = {"what": "Train", "weight": 12.5, "share": 0.1 + 0.2, "day": "2026-01-02", "at": "2026-01-02T08:00:00Z"}
        made = planned.create(
            "plan",
            name="A",
            skills=[skills[2], skills[0], skills[2]],
            days=["tue", "mon"],
            lines=[{**line, "skill": skills[1]}, {"what": "Test"}],
            **{"address.city": "Ulm"},
        )
        found = find(planned, made.id)
        assert found.values == made.values
        assert found["skills"] == (skills[2], skills[0])
        assert found["days"] == ("mon", "tue")
        assert [row["what"] for row in found["lines"]] == ["Train", "Test"]
        assert found["lines"][0]["share"] == 0.1 + 0.2
        assert found["address.city"] == "Ulm"
        assert found.labels["skills"] == ("Excel", "Welding")
        assert found.labels["lines"] == ({"skill": "Safety"}, {"skill": None})

    def test_has_no_entries_where_none_were_given(self, planned):
        made = planned.create("plan", name="A", skills=[], days=None)
        assert all(find(planned, made.id)[n] is None for n in ("skills", "days", "lines"))

    def test_tells_where_in_a_list_something_is_wrong(self, planned, skills):
        with pytest.raises(Invalid) as error:
            planned.create(
                "plan",
                skills=[skills[0], 999],
                days=["sun"],
                lines=[{"what": "x", "weight": -1}, {"weight": 1.001}, {"ghost": 1}],
            )
        assert {p.pointer for p in error.value.problems} >= {"/days/0", "/lines/1/weight", "/lines/2/ghost"}
        with pytest.raises(Invalid) as error:
            planned.create("plan", skills=[*skills, 999], lines=[{"what": "x", "weight": -1}, {"weight": 1}])
        assert {p.pointer for p in error.value.problems} == {"/skills", "/skills/3", "/lines/0/weight", "/lines/1/what"}


class TestChange:
    def test_keeps_rows_by_their_ids_and_removes_those_left_out(self, planned):
        made = planned.create("plan", name="A", lines=[{"what": "a", "weight": 1}, {"what": "b"}, {"what": "c"}])
        first, second, third = (row["id"] for row in made["lines"])
        changed = planned.change("plan", made.id, lines=[{"id": third}, {"what": "new"}, {"id": first, "what": "A"}])
        assert [(row["id"], row["what"]) for row in changed["lines"]][::2] == [(third, "c"), (first, "A")]
        assert changed["lines"][2]["weight"] == made["lines"][0]["weight"]
        assert find(planned, made.id)["lines"] == changed["lines"]
        assert second not in {row["id"] for row in changed["lines"]}

    def test_costs_no_version_when_nothing_changes(self, planned, skills):
        made = planned.create("plan", skills=skills, lines=[{"what": "a"}], days=["mon"])
        again = planned.change("plan", made.id, skills=skills, lines=[{"what": "a"}], days=["mon", "mon"])
        assert again.version == 1

    def test_refuses_a_row_of_another_record(self, planned):
        other = planned.create("plan", lines=[{"what": "a"}])
        made = planned.create("plan", name="B")
        with pytest.raises(Invalid) as error:
            planned.change("plan", made.id, lines=[{"id": other["lines"][0]["id"], "what": "stolen"}])
        assert [p.pointer for p in error.value.problems] == ["/lines/0/id"]

    def test_writes_before_and_after_into_the_history(self, planned, skills):
        made = planned.create("plan", skills=skills[:2], lines=[{"what": "a"}])
        planned.change("plan", made.id, skills=skills[1:])
        with Session(planned.engine) as session:
            entry = records.history(session, planned.catalog, "plan", HANA, made.id)[0]
        assert (entry.before, entry.after) == ({"skills": skills[:2]}, {"skills": skills[1:]})


class TestSelect:
    def test_filters_and_sorts_by_lists_in_one_statement(self, planned, skills):
        none = planned.create("plan", name="none", **{"address.city": "Aalen"}).id
        one = planned.create("plan", name="one", skills=skills[:1], days=["mon"], lines=[{"what": "Weld"}]).id
        two = planned.create("plan", name="two", skills=skills[:2], days=["mon", "tue"]).id
        seen: list[str] = []
        event.listen(
            planned.engine, "before_cursor_execute", lambda *a: seen.append(a[2]) if "SELECT" in a[2] else None
        )
        assert matching(planned, Filter("skills", "eq", skills[0]), order=(("skills", True),)) == [two, one]
        assert len(seen) == 1
        assert matching(planned, Filter("skills", "in", skills[1:])) == [two]
        assert matching(planned, Filter("skills", "ne", skills[1])) == [one, none]
        assert matching(planned, Filter("days", "eq", "tue")) == [two]
        assert matching(planned, Filter("lines", "contains", "weld")) == [one]
        assert matching(planned, Filter("lines", "null", "true")) == [two, none]
        assert matching(planned, Filter("address.city", "eq", "Aalen")) == [none]

    def test_says_how_a_list_can_be_compared(self, planned):
        with pytest.raises(Invalid) as error:
            matching(planned, Filter("skills", "gt", 1))
        assert "contains, eq, in, ne, null" in error.value.problems[0].text


class TestRemove:
    def test_keeps_what_a_list_still_uses(self, planned, skills):
        planned.create("plan", lines=[{"what": "a", "skill": skills[0]}], skills=skills[1:2])
        for skill in skills[:2]:
            with pytest.raises(Conflict), writing(), Session(planned.engine) as session:
                records.remove(session, planned.catalog, "skill", HANA, skill, now=NOW)

    def test_takes_lists_into_the_bin_and_back(self, planned, skills):
        made = planned.create("plan", skills=skills, lines=[{"what": "a"}])
        with writing(), Session(planned.engine) as session, session.begin():
            records.remove(session, planned.catalog, "plan", HANA, made.id, now=NOW)
        with writing(), Session(planned.engine) as session, session.begin():
            back = records.restore(session, planned.catalog, "plan", HANA, made.id, now=NOW)
        assert back["lines"] == made["lines"]
        assert back["skills"] == tuple(skills)


class TestMany:
    def test_creates_merges_and_changes_with_lists(self, planned, skills):
        rows = [{"name": f"P{i}", "skills": skills[:i], "lines": [{"what": f"w{i}"}]} for i in range(3)]
        for expected in ((3, 0, 0), (0, 0, 3)):
            with writing(), Session(planned.engine) as session, session.begin():
                done = records.merge_many(session, planned.catalog, "plan", HANA, rows, now=NOW, key=("name",))
            assert (len(done.created), len(done.changed), done.unchanged) == expected
        ids = door_ids = planned.ids("plan", HANA, Query(order=(("name", False),)))
        with writing(), Session(planned.engine) as session, session.begin():
            records.change_many(
                session, planned.catalog, "plan", HANA, [Change(i, {"skills": skills[2:]}) for i in ids], now=NOW
            )
        assert [find(planned, i)["skills"] for i in door_ids] == [(skills[2],)] * 3

    def test_names_the_row_and_the_entry_that_is_not_there(self, planned):
        with pytest.raises(Invalid) as error, writing(), Session(planned.engine) as session:
            records.create_many(session, planned.catalog, "plan", HANA, [{"name": "a"}, {"skills": [77]}], now=NOW)
        assert [p.pointer for p in error.value.problems] == ["/1/skills/0"]


class TestPublish:
    def test_gives_back_the_entries_of_a_list_that_returns(self, planned, skills):
        made = planned.create("plan", skills=skills, lines=[{"what": "a", "weight": 2}])
        document = planned.document("plan")
        less = planned.document("plan")
        del less["properties"]["skills"], less["properties"]["lines"]["items"]["properties"]["weight"]
        less["x-screen"]["list"].remove("skills")
        planned.publish(less, confirm=["plan"])
        assert set(find(planned, made.id).values) == {"name", "days", "lines", "address.city"}
        planned.publish(document)
        assert find(planned, made.id).values == made.values

    def test_renames_a_list_and_a_field_of_its_rows_without_moving_anything(self, planned, skills):
        made = planned.create("plan", skills=skills, lines=[{"what": "a"}])
        document = planned.document("plan")
        properties = document["properties"]
        properties["wanted"] = properties.pop("skills")
        inner = properties["lines"]["items"]
        inner["properties"]["task"] = inner["properties"].pop("what")
        inner["required"] = ["task"]
        document["x-screen"]["list"] = ["name", "wanted"]
        planned.publish(document)
        found = find(planned, made.id)
        assert found["wanted"] == tuple(skills)
        assert found["lines"][0]["task"] == "a"

    def test_counts_records_whose_rows_lack_what_becomes_required(self, planned):
        planned.create("plan", lines=[{"what": "a"}])
        document = planned.document("plan")
        document["properties"]["lines"]["items"]["required"].append("weight")
        assert "1 records do not fit" in " ".join(p.text for p in planned.preview(document).problems)

    def test_purging_a_record_takes_its_entries_along(self, planned, skills):
        made = planned.create("plan", skills=skills, lines=[{"what": "a"}])
        with writing(), Session(planned.engine) as session, session.begin():
            records.remove(session, planned.catalog, "plan", HANA, made.id, now=NOW)
        with writing(), Session(planned.engine) as session, session.begin():
            records.purge(session, planned.catalog, "plan", HANA, made.id, now=NOW)
        with planned.engine.connect() as connection:
            names = [n for n in inspect(connection).get_table_names() if n.startswith(("lnk_plan", "sub_plan"))]
            assert sorted(names) == ["lnk_plan__days", "lnk_plan__skills", "sub_plan__lines"]
            assert [connection.exec_driver_sql(f'SELECT count(*) FROM "{n}"').scalar() for n in names] == [0, 0, 0]


UNIT: dict[str, Any] = {
    "$id": "unit",
    "title": "Unit",
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 40}, "above": {"$ref": "unit", "x-tree": True}},
    "x-unique": [["name"]],
}
DESK: dict[str, Any] = {
    "$id": "desk",
    "title": "Desk",
    "type": "object",
    "properties": {"unit": {"$ref": "unit"}},
}


class TestTree:
    @pytest.fixture
    def units(self, door) -> list[int]:
        door.publish(UNIT, DESK)
        found: list[int | None] = [None]
        for name in "abcd":
            found.append(door.create("unit", name=name, above=found[-1]).id)
        return [number for number in found if number is not None]

    def test_refuses_a_circle(self, door, units):
        for above in units:
            with pytest.raises(Invalid) as error:
                door.change("unit", units[0], above=above)
            assert [p.text for p in error.value.problems] == ["This record would stand below itself."]
        assert door.change("unit", units[3], above=units[0])["above"] == units[0]

    def test_refuses_a_circle_that_two_rows_of_a_batch_close(self, door, units):
        changes = [Change(units[0], {"above": units[3]}), Change(units[1], {"above": None})]
        with writing(), Session(door.engine) as session, session.begin():
            done = records.change_many(session, door.catalog, "unit", HANA, changes, now=NOW, partial=True)
            assert list(done.problems) == [0]
        swap = [Change(units[2], {"above": None}), Change(units[1], {"above": units[3]})]
        with writing(), Session(door.engine) as session, session.begin():
            assert len(records.change_many(session, door.catalog, "unit", HANA, swap, now=NOW).changed) == 2

    def test_finds_what_lies_below(self, door, units):
        desks = [door.create("desk", unit=unit).id for unit in units]
        assert door.ids("unit", HANA, Query((Filter("above", "under", units[1]),))) == units[:1:-1]
        assert door.ids("desk", HANA, Query((Filter("unit", "under", units[1]),))) == desks[:0:-1]
        with pytest.raises(Invalid):
            door.ids("unit", HANA, Query((Filter("name", "under", "a"),)))
