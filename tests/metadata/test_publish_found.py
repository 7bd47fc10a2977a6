"""What the random sequences of `test_publish_machine` found: each bug once, by hand."""

from __future__ import annotations

import pytest

from tests.metadata.test_publish_converting import LINE, shift, values

DAY = {"type": "string", "format": "date"}


@pytest.fixture
def door(bare_door):
    return bare_door


class TestRollback:
    def test_brings_a_withdrawn_definition_back_to_fewer_fields_without_asking(self, door):
        version = door.publish(shift()).version
        door.publish(shift(x=LINE))
        door.create("shift", code="a", x="kept")
        later = door.catalog.version
        door.publish({"$id": "shift", "x-withdrawn": True}, confirm=["shift"])
        door.rollback(version)
        assert "x" not in door.catalog["shift"].definition.fields
        door.rollback(later)
        assert values(door) == ["kept"]

    def test_fills_a_start_value_although_the_field_was_unique_in_between(self, door):
        required = {"required": ["code", "x"]}
        first = {**shift(x={**DAY, "default": "2026-01-05"}), **required}
        version = door.publish(first).version
        door.publish({**shift(x=DAY), "x-unique": [["x"]]})
        door.create("shift", code="a")
        door.create("shift", code="b")
        door.rollback(version)
        assert [str(value) for value in values(door)] == ["2026-01-05", "2026-01-05"]


class TestPublish:
    def test_raises_a_bound_and_fills_what_was_empty_at_once(self, door):
        door.publish(shift(x={"type": "integer"}))
        door.create("shift", code="a")
        door.publish({**shift(x={"type": "integer", "minimum": 2, "default": 5}), "required": ["code", "x"]})
        assert values(door) == [5]

    def test_makes_nothing_of_a_record_but_what_its_label_says(self, door):
        door.publish({**shift(), "$id": "place", "title": "Place"}, shift(x={"$ref": "place"}))
        door.create("shift", code="a", x=door.create("place", code="North").id)
        door.publish(shift(x={"type": "boolean"}))
        assert values(door) == [None]

    def test_remembers_where_a_field_lived_that_comes_back_by_its_column(self, door):
        door.publish(shift(x=LINE))
        door.create("shift", code="a", x="seven")
        door.publish(shift(x={"type": "integer"}))
        column = door.catalog["shift"].definition.fields["x"].column
        door.publish(shift(), confirm=["shift"])
        door.publish(shift(x={"type": "integer", "x-id": column}))
        assert door.catalog["shift"].definition.fields["x"].was == ("x",)
        door.publish(shift(x=LINE))
        assert values(door) == ["seven"]

    def test_into_a_column_that_held_another_type_is_refused_before_its_values_are_read(self, door):
        door.publish(shift(x={"type": "boolean"}))
        door.create("shift", code="a", x=True)
        door.publish(shift(x=LINE))
        door.publish(shift(), confirm=["shift"])
        seen = door.preview(shift(x={**DAY, "x-id": "x"}))
        assert [p.params["column"] for p in seen.problems] == ["x"]

    def test_of_a_returning_column_as_another_type_is_refused(self, door):
        door.publish(shift(x=LINE))
        door.publish(shift(x={"type": "integer"}))
        door.publish(shift(), confirm=["shift"])
        seen = door.preview(shift(y={"type": "boolean", "x-id": "x"}))
        assert [p.params["column"] for p in seen.problems] == ["x"]

    def test_of_a_returning_column_as_another_type_is_refused_before_a_unique_asks_its_values(self, door):
        door.publish(shift(x=LINE))
        door.publish(shift(), confirm=["shift"])
        door.create("shift", code="a")
        number = {"type": "integer", "x-id": "x", "default": 0}
        seen = door.preview({**shift(y=number), "required": ["code", "y"], "x-unique": [["code", "y"]]})
        assert [p.params.get("column") for p in seen.problems] == ["x"]

    def test_lets_another_field_have_a_column_that_values_came_from_and_publishes_the_same_again(self, door):
        door.publish(shift(x={"type": "boolean"}))
        door.create("shift", code="a", x=True)
        door.publish(shift(x={"type": "integer"}))
        door.publish(shift(x={"type": "integer"}, y={"type": "boolean", "x-id": "x"}))
        assert values(door) == [1]
        fields = door.catalog["shift"].definition.fields
        assert (fields["x"].was, fields["y"].column) == ((), "x")
        door.publish({**door.catalog["shift"].definition.document, "title": "Shifts"})
        door.publish(shift(x={"type": "boolean"}, y={"type": "boolean", "x-id": "x"}))
        assert door.catalog["shift"].definition.fields["x"].column != "x"

    def test_gives_the_past_of_a_column_to_one_of_two_fields_that_came_from_it(self, door):
        door.publish(shift(x={"type": "boolean"}))
        door.create("shift", code="a", x=True)
        door.publish(shift(x={"type": "integer"}))
        column = door.catalog["shift"].definition.fields["x"].column
        door.publish(shift(x={"type": "boolean"}))
        door.publish(shift(x=DAY, y={"type": "integer", "x-id": column}))
        fields = door.catalog["shift"].definition.fields
        assert (fields["x"].was, fields["y"].was) == (("x",), ())
        door.publish({**door.catalog["shift"].definition.document, "title": "Shifts"})
        door.publish(shift(x={"type": "boolean"}, y={"type": "integer", "x-id": column}))
        assert values(door) == [True]

    def test_takes_no_field_back_to_a_column_that_another_field_is_given(self, door):
        door.publish(shift(x=LINE))
        door.create("shift", code="a", x="seven")
        door.publish(shift(x={"type": "integer"}))
        door.publish(shift(x=LINE, y={**LINE, "x-id": "x"}))
        fields = door.catalog["shift"].definition.fields
        assert (fields["x"].column, fields["y"].column) == ("x_3", "x")
        assert values(door, "y") == ["seven"]

    def test_returns_what_a_column_held_although_its_origin_is_another_field_by_now(self, door):
        version = door.publish(shift(x={"type": "boolean"})).version
        door.create("shift", code="a", x=False)
        door.publish(shift(x=LINE))
        column = door.catalog["shift"].definition.fields["x"].column
        door.rollback(version)
        door.publish(shift(x={**LINE, "x-id": column}, flag={"type": "boolean", "x-id": "x"}))
        assert values(door) == ["false"]
        assert values(door, "flag") == [False]
