"""Fields of rows and objects that become others, and come back: nothing of a child table is ever lost either."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from metadata.errors import DefinitionError
from metadata.leftovers import leftovers
from tests.metadata.test_publish_converting import LINE, shift, values

WEIGHTS = [{"what": "a", "weight": "3"}, {"what": "b", "weight": "heavy"}, {"what": "c"}]


def rows(**fields) -> dict:
    return {"type": "array", "items": {"type": "object", "properties": {"what": LINE, **fields}}}


@pytest.fixture
def door(bare_door):
    return bare_door


@pytest.fixture
def loads(door):
    """A definition with rows whose weight is text, and a record with three of them."""
    door.publish(shift(lines=rows(weight=LINE)))
    door.create("shift", code="a", lines=WEIGHTS)
    return door


def become(door, schema: dict, name: str = "weight", **more) -> dict:
    document = door.document("shift")
    inner = document["properties"]["lines"]["items"]["properties"]
    inner[name] = schema | ({"x-id": inner["weight"]["x-id"]} if name != "weight" else {})
    if name != "weight":
        del inner["weight"]
    document["properties"]["lines"]["items"] |= more
    return document


def weights(door, name: str = "weight") -> list:
    return [row[name] for row in values(door, "lines")[0]]


def left(door, field: str = "lines.weight") -> list[tuple[str, str]]:
    with Session(door.engine) as session:
        return [(sample.before, sample.reason) for sample in leftovers(session, door.catalog, "shift", field)]


class TestRows:
    def test_are_converted_after_a_plan_with_samples_and_keep_what_does_not(self, loads):
        document = become(loads, {"type": "integer"})
        (change,) = [c for c in loads.preview(document).changes if c.kind == "row converted"]
        plan = change.plan
        assert (plan.records, plan.converts, plan.fails, plan.empty) == (3, 1, 1, 1)
        assert [(s.before, s.after) for s in plan.samples] == [("3", "3")]
        assert [s.before for s in plan.failing] == ["heavy"]
        loads.publish(document)
        assert weights(loads) == [3, None, None]
        assert [before for before, _reason in left(loads)] == ["heavy"]

    def test_come_back_with_what_was_written_since(self, loads):
        version = loads.catalog.version
        loads.publish(become(loads, {"type": "integer"}))
        changed = [dict(row) for row in values(loads, "lines")[0]]
        changed[0]["weight"] = 5
        loads.change("shift", loads.ids("shift")[0], lines=[*changed, {"what": "d", "weight": 9}])
        loads.rollback(version)
        assert weights(loads) == ["5", "heavy", None, "9"]
        loads.rollback(version + 1)
        assert weights(loads) == [5, None, None, 9]

    def test_back_by_hand_returns_to_the_old_column(self, loads):
        loads.publish(become(loads, {"type": "integer"}))
        loads.publish(become(loads, LINE))
        assert weights(loads) == ["3", "heavy", None]
        assert loads.catalog["shift"].definition.fields["lines"].rows["weight"].column == "weight"

    def test_are_converted_and_renamed_at_once(self, loads):
        loads.publish(become(loads, {"type": "integer"}, name="mass"))
        assert weights(loads, "mass") == [3, None, None]
        assert [before for before, _reason in left(loads, "lines.mass")] == ["heavy"]

    def test_take_a_mapping_and_a_formula_over_their_own_fields(self, loads):
        moves = {"values": {"heavy": 100}, "fill": "len(what)"}
        loads.publish(become(loads, {"type": "integer", "x-moves": moves}))
        assert weights(loads) == [3, 100, 1]

    def test_that_would_lack_a_required_value_are_told_at_their_field(self, loads):
        with pytest.raises(DefinitionError) as error:
            loads.publish(become(loads, {"type": "integer"}, required=["weight"]))
        assert [p.pointer for p in error.value.problems] == ["/properties/lines/items/properties/weight"]
        loads.publish(become(loads, {"type": "integer", "default": 1}, required=["weight"]))
        assert weights(loads) == [3, 1, 1]

    def test_gain_a_required_field_by_its_default(self, loads):
        document = loads.document("shift")
        items = document["properties"]["lines"]["items"]
        items["properties"]["unit"] = {"type": "string", "enum": ["kg", "t"], "default": "kg"}
        items["required"] = ["unit"]
        loads.publish(document)
        assert weights(loads, "unit") == ["kg", "kg", "kg"]

    def test_of_two_lists_with_a_field_of_one_name_go_their_own_ways(self, door):
        door.publish(shift(lines=rows(weight=LINE), others=rows(weight=LINE), weight=LINE))
        door.create("shift", code="a", lines=[{"weight": "1"}], others=[{"weight": "2"}], weight="4")
        document = door.document("shift")
        for name in ("lines", "others"):
            document["properties"][name]["items"]["properties"]["weight"] = {"type": "integer"}
        document["properties"]["weight"] = {"type": "integer"}
        door.publish(document)
        assert (weights(door), values(door, "weight")) == ([1], [4])
        assert [row["weight"] for row in values(door, "others")[0]] == [2]


class TestObjects:
    def test_are_converted_told_and_come_back(self, door):
        door.publish(shift(place={"type": "object", "properties": {"floor": LINE}}))
        for number, floor in enumerate(("2", "attic")):
            door.create("shift", code=str(number), **{"place.floor": floor})
        version = door.catalog.version
        document = door.document("shift")
        document["properties"]["place"]["properties"]["floor"] = {"type": "integer"}
        (change,) = [c for c in door.preview(document).changes if c.kind == "converted"]
        assert (change.plan.converts, change.plan.fails) == (1, 1)
        door.publish(document)
        assert values(door, "place.floor") == [2, None]
        assert [before for before, _reason in left(door, "place.floor")] == ["attic"]
        door.rollback(version)
        assert values(door, "place.floor") == ["2", "attic"]

    def test_that_would_lack_a_required_value_are_told_at_their_field(self, door):
        door.publish(shift(place={"type": "object", "properties": {"floor": LINE}}))
        door.create("shift", code="1", **{"place.floor": "attic"})
        document = door.document("shift")
        document["properties"]["place"]["properties"]["floor"] = {"type": "integer"}
        document["properties"]["place"]["required"] = ["floor"]
        document["required"] = ["code", "place"]
        with pytest.raises(DefinitionError) as error:
            door.publish(document)
        assert [p.pointer for p in error.value.problems] == ["/properties/place/properties/floor"]
