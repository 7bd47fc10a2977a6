"""Fields that become others, and come back: what converts, what does not, and that no value is ever lost."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from metadata import records
from metadata.errors import DefinitionError
from metadata.leftovers import leftovers
from tests.metadata.conftest import HANA


def shift(**fields) -> dict:
    properties = {"code": {"type": "string", "maxLength": 20, "title": "Code"}, **fields}
    return {"$id": "shift", "title": "Shift", "type": "object", "properties": properties, "required": ["code"]}


LINE = {"type": "string", "maxLength": 40}
CHOICE = {"type": "string", "enum": ["a", "b", "c"]}


@pytest.fixture
def door(bare_door):
    return bare_door


@pytest.fixture
def shifts(door):
    """A definition with one field `x`, and records with these values."""

    def start(schema: dict, *values) -> list[int]:
        door.publish(shift(x=schema))
        return [door.create("shift", code=f"{n}", x=value).id for n, value in enumerate(values)]

    return start


def values(door, field: str = "x") -> list:
    with Session(door.engine) as session:
        page = records.select(session, door.catalog, "shift", HANA, records.Query(order=(("id", False),)))
        return [record.get(field) for record in page.rows]


def left(door) -> list:
    with Session(door.engine) as session:
        return list(leftovers(session, door.catalog, "shift", "x"))


def become(door, schema: dict, **more) -> None:
    document = door.document("shift")
    document["properties"]["x"] = schema
    door.publish(document | more)


def plan_of(door, schema: dict, **more):
    document = door.document("shift")
    document["properties"]["x"] = schema
    preview = door.preview(document | more)
    return next(c.plan for c in preview.changes if c.plan), preview


class TestTypeChange:
    def test_lists_the_values_that_do_not_convert_and_keeps_them(self, door, shifts):
        ids = shifts(LINE, "12", "twelve", None, " 7 ")
        plan, preview = plan_of(door, {"type": "integer"})
        assert (plan.records, plan.converts, plan.fails, plan.empty) == (4, 2, 1, 1)
        assert [(s.record_id, s.before) for s in plan.failing] == [(ids[1], "twelve")]
        assert plan.failing[0].reason == "A whole number is expected here."
        assert preview.publishable
        become(door, {"type": "integer"})
        assert values(door) == [12, None, None, 7]
        assert [(s.record_id, s.before) for s in left(door)] == [(ids[1], "twelve")]
        door.change("shift", ids[1], x=12)
        assert left(door) == []

    def test_is_taken_back_with_all_values_and_what_was_written_since(self, door, shifts):
        ids = shifts(LINE, "12", "twelve", None, "7.0")
        version = door.catalog.version
        become(door, {"type": "integer"})
        door.change("shift", ids[0], x=13)
        door.create("shift", code="new", x=99)
        later = door.catalog.version
        door.rollback(version)
        assert values(door) == ["13", "twelve", None, "7.0", "99"]
        door.change("shift", ids[1], x="14")
        door.rollback(later)
        assert values(door) == [13, 14, None, 7, 99]

    def test_back_by_hand_returns_to_the_old_column(self, door, shifts):
        shifts(LINE, "12", "twelve")
        become(door, {"type": "integer"})
        become(door, LINE)
        assert values(door) == ["12", "twelve"]
        assert door.catalog["shift"].definition.fields["x"].column == "x"

    def test_over_several_types_comes_back_whole(self, door, shifts):
        shifts(LINE, "2026-01-31", "12", "maybe")
        version = door.catalog.version
        become(door, {"type": "string", "format": "date"})
        become(door, {"type": "string", "maxLength": 10})
        become(door, {"type": "integer"})
        assert values(door) == [None, None, None]
        door.rollback(version)
        assert values(door) == ["2026-01-31", "12", "maybe"]

    def test_said_again_changes_nothing(self, door, shifts):
        shifts(LINE, "12")
        become(door, {"type": "integer"})
        version = door.catalog.version
        become(door, {"type": "integer", "x-id": "x"})
        assert door.catalog.version == version

    def test_an_empty_text_is_no_number_and_no_failure(self, door, shifts):
        ids = shifts(LINE, "1", "2")
        with door.engine.begin() as connection:
            connection.execute(text("UPDATE rec_shift SET x = '' WHERE id = :id"), {"id": ids[0]})
        plan, _ = plan_of(door, {"type": "number"})
        assert (plan.converts, plan.empty, plan.fails) == (1, 1, 0)
        become(door, {"type": "number"})
        assert values(door) == [None, 2]

    def test_values_beyond_the_new_bounds_do_not_convert(self, door, shifts):
        shifts(LINE, "5", "50")
        plan, _ = plan_of(door, {"type": "integer", "maximum": 10})
        assert plan.failing[0].before == "50"
        become(door, {"type": "integer", "maximum": 10})
        assert values(door) == [5, None]

    def test_of_a_required_field_asks_for_what_stands_in(self, door, shifts):
        shifts(LINE, "5", "many")
        required = {"required": ["code", "x"]}
        with pytest.raises(DefinitionError) as error:
            become(door, {"type": "integer"}, **required)
        assert error.value.problems[0].params["count"] == 1
        become(door, {"type": "integer", "default": 0}, **required)
        assert values(door) == [5, 0]

    @pytest.mark.parametrize(
        ("before", "after", "given", "wanted"),
        [
            ({"type": "integer"}, {"type": "boolean"}, [0, 1, 2], [False, True, None]),
            ({"type": "boolean"}, {"type": "integer"}, [True, False], [1, 0]),
            ({"type": "number"}, {"type": "integer"}, [2.0, 2.5], [2, None]),
            ({"type": "number"}, LINE, [2.0, 2.5], ["2", "2.5"]),
            ({"type": "string", "format": "date"}, LINE, ["2026-01-31"], ["2026-01-31"]),
            ({"type": "string"}, CHOICE, ["a", "B", "d"], ["a", "b", None]),
            ({"type": "string", "enum": ["1", "2"]}, {"type": "integer", "enum": [2, 3]}, ["1", "2"], [None, 2]),
        ],
    )
    def test_converts_what_can_be_had_exactly(self, door, shifts, before, after, given, wanted):
        shifts(before, *given)
        version = door.catalog.version
        become(door, after)
        assert values(door) == wanted
        door.rollback(version)
        assert [str(v) for v in values(door)] == [str(v) for v in given]

    def test_of_days_and_moments(self, door, shifts):
        shifts({"type": "string", "format": "date-time"}, "2026-01-31T22:30:00Z")
        become(door, {"type": "string", "format": "date"})
        assert [str(v) for v in values(door)] == ["2026-01-31"]
        become(door, {"type": "string", "format": "date-time"})
        assert values(door)[0].hour == 22


class TestChoices:
    def test_are_renamed_and_merged_and_come_back(self, door, shifts):
        shifts(CHOICE, "a", "b", "c")
        version = door.catalog.version
        become(door, {"type": "string", "enum": ["z", "c"], "x-moves": {"values": {"a": "z", "b": "z"}}})
        assert values(door) == ["z", "z", "c"]
        door.rollback(version)
        assert values(door) == ["a", "b", "c"]

    def test_that_came_from_several_do_not_convert_back(self, door, shifts):
        shifts(CHOICE, "a")
        version = door.catalog.version
        become(door, {"type": "string", "enum": ["z", "c"], "x-moves": {"values": {"a": "z", "b": "z"}}})
        door.create("shift", code="new", x="z")
        door.rollback(version)
        assert values(door) == ["a", None]

    def test_without_a_mapping_stay_as_they_were_and_are_listed(self, door, shifts):
        shifts(CHOICE, "a", "b")
        with pytest.raises(DefinitionError) as error:
            become(door, {"type": "string", "enum": ["a"]})
        assert error.value.problems[0].params["count"] == 1

    def test_a_mapping_is_done_once(self, door, shifts):
        shifts(CHOICE, "a", "b")
        become(door, {"type": "string", "enum": ["a", "b"], "x-moves": {"values": {"a": "b", "b": "a"}}})
        assert values(door) == ["b", "a"]
        version = door.catalog.version
        door.publish(door.document("shift"))
        assert door.catalog.version == version
        document = door.document("shift")
        document["properties"]["x"]["title"] = "Other"
        door.publish(document)
        assert values(door) == ["b", "a"]


class TestFilling:
    def test_splits_a_choice_by_a_formula(self, door):
        door.publish(shift(x={"type": "string", "enum": ["metal", "wood"]}, heavy={"type": "boolean"}))
        for code, x, heavy in (("1", "metal", True), ("2", "metal", False), ("3", "wood", True)):
            door.create("shift", code=code, x=x, heavy=heavy)
        version = door.catalog.version
        fill = "if(heavy, 'iron', 'tin')"
        become(door, {"type": "string", "enum": ["iron", "tin", "wood"], "x-moves": {"fill": fill}})
        assert values(door) == ["iron", "tin", "wood"]
        door.rollback(version)
        assert values(door) == ["metal", "metal", "wood"]

    def test_gives_a_new_required_field_its_values(self, door, shifts):
        shifts({"type": "integer"}, 2, 5)
        document = door.document("shift")
        document["properties"]["twice"] = {"type": "integer", "x-moves": {"fill": "x * 2"}}
        document["required"] = ["code", "twice"]
        assert door.preview(document).publishable
        door.publish(document)
        assert values(door, "twice") == [4, 10]

    def test_by_a_field_that_is_not_there_is_refused(self, door, shifts):
        shifts({"type": "integer"}, 2)
        document = door.document("shift")
        document["properties"]["twice"] = {"type": "integer", "x-moves": {"fill": "y * 2"}}
        assert [p.pointer for p in door.preview(document).problems] == ["/properties/twice/x-moves/fill"]

    @pytest.mark.parametrize("fill", ["import os", "x.__class__", "f(x)", "x if y else z", "[x]", "(" * 300, "x ** 9"])
    def test_by_what_is_no_formula_is_refused(self, door, shifts, fill):
        shifts({"type": "integer"}, 2)
        document = door.document("shift")
        document["properties"]["twice"] = {"type": "integer", "x-moves": {"fill": fill}}
        assert [p.pointer for p in door.preview(document).problems] == ["/properties/twice/x-moves/fill"]


class TestReferences:
    def start(self, door) -> None:
        door.publish(
            {**shift(), "$id": "place", "title": "Place"},
            {**shift(), "$id": "site", "title": "Site"},
            shift(x={"$ref": "place"}),
        )
        self.places = [door.create("place", code=code).id for code in ("North", "South", "West")]
        self.sites = {code: door.create("site", code=code).id for code in ("South", "North", "Old", "Old")}
        for n, place in enumerate(self.places):
            door.create("shift", code=f"{n}", x=place)

    def test_point_at_the_records_with_the_same_label(self, door):
        self.start(door)
        version = door.catalog.version
        plan, _ = plan_of(door, {"$ref": "site"})
        assert [(s.before, s.reason) for s in plan.failing] == [("West", "There is no record called “%(value)s”.")]
        become(door, {"$ref": "site"})
        assert values(door) == [self.sites["North"], self.sites["South"], None]
        door.rollback(version)
        assert values(door) == self.places

    def test_become_their_labels_and_labels_become_references(self, door):
        self.start(door)
        become(door, LINE)
        assert values(door) == ["North", "South", "West"]
        become(door, {"$ref": "site", "x-moves": {"values": {"West": "North"}}})
        assert values(door) == [self.sites["North"], self.sites["South"], self.sites["North"]]


class TestLists:
    WORDS = {"type": "array", "items": {"type": "string", "enum": ["a", "b", "c"]}}

    def test_of_one_entry_and_single_values_become_each_other(self, door, shifts):
        ids = shifts(CHOICE, "a", None, "c")
        version = door.catalog.version
        become(door, self.WORDS)
        assert values(door) == [("a",), None, ("c",)]
        door.change("shift", ids[2], x=["b", "c"])
        door.change("shift", ids[1], x=["b"])
        door.rollback(version)
        assert values(door) == ["a", "b", None]
        become(door, self.WORDS)
        assert values(door) == [("a",), ("b",), None]

    def test_of_several_entries_stay_behind_as_a_whole(self, door, shifts):
        ids = shifts(self.WORDS, ["a"], ["a", "b"])
        version = door.catalog.version
        plan, _ = plan_of(door, LINE)
        assert [(s.record_id, s.before) for s in plan.failing] == [(ids[1], "a; b")]
        become(door, LINE)
        assert values(door) == ["a", None]
        assert [(s.record_id, s.before) for s in left(door)] == [(ids[1], "a; b")]
        door.rollback(version)
        assert values(door) == [("a",), ("a", "b")]

    def test_of_records_become_lists_of_others_by_their_labels(self, door):
        door.publish({**shift(), "$id": "place", "title": "Place"}, {**shift(), "$id": "site", "title": "Site"})
        places = [door.create("place", code=code).id for code in ("North", "South")]
        sites = [door.create("site", code=code).id for code in ("South", "North")]
        door.publish(shift(x={"type": "array", "items": {"$ref": "place"}}))
        door.create("shift", code="1", x=places)
        become(door, {"type": "array", "items": {"$ref": "site"}})
        assert values(door) == [(sites[1], sites[0])]

    def test_of_rows_stay_behind_and_come_back(self, door, shifts):
        rows = {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}}}
        shifts(rows, [{"n": 1}])
        version = door.catalog.version
        become(door, LINE)
        assert values(door) == [None]
        assert len(left(door)) == 1
        door.rollback(version)
        assert [row["n"] for row in values(door)[0]] == [1]


class TestSeveralAtOnce:
    def test_are_converted_renamed_and_made_unique_in_one_publish(self, door, shifts):
        shifts(LINE, "1", "2", "x")
        door.publish({**shift(x=LINE), "$id": "other", "title": "Other"})
        door.create("other", code="o", x="5")
        document, other = door.document("shift"), door.document("other")
        document["properties"]["number"] = {**document["properties"].pop("x"), "type": "integer"}
        del document["properties"]["number"]["maxLength"]
        document["x-unique"] = [["number"], ["code", "number"]]
        other["properties"]["x"] = {"type": "integer"}
        door.publish(document, other)
        assert values(door, "number") == [1, 2, None]

    def test_values_that_fall_together_are_no_longer_unique(self, door, shifts):
        shifts(LINE, "1", "1.0")
        document = door.document("shift")
        document["properties"]["x"] = {"type": "integer"}
        document["x-unique"] = [["x"]]
        with pytest.raises(DefinitionError) as error:
            door.publish(document)
        assert error.value.problems[0].pointer == "/x-unique"

    def test_a_filled_field_and_a_rebuilt_table_go_together(self, door, shifts):
        shifts(CHOICE, "a")
        document = door.document("shift")
        document["properties"]["x"]["enum"] = ["a", "b", "c", "d"]
        document["properties"]["more"] = {"type": "integer", "default": 3}
        document["required"] = ["code", "more"]
        document["x-unique"] = [["x", "more"]]
        door.publish(document)
        assert values(door, "more") == [3]


class TestRemovedFields:
    def test_come_back_converted_with_what_was_written_last(self, door, shifts):
        ids = shifts(LINE, "1", "one")
        version = door.catalog.version
        become(door, {"type": "integer"})
        door.change("shift", ids[0], x=5)
        door.publish(shift(), confirm=["shift"])
        door.rollback(version)
        assert values(door) == ["5", "one"]
