"""Names, columns and values that publishing must carry through the database: odd, long, withdrawn and returning ones."""

from __future__ import annotations

import pytest

from metadata.errors import DefinitionError, Invalid

ODD = ["a:b :c", "100%", "%s", "it's", 'say "x"', "back\\slash", "{a}", "产量", "{0}"]
LONG = "_".join(["definition"] * 3) + "_ab"
FIELD = "_".join(["property"] * 4) + "_ab"


def shift(**fields) -> dict:
    properties = {"code": {"type": "string", "maxLength": 20, "title": "Code"}, **fields}
    return {"$id": "shift", "title": "Shift", "type": "object", "properties": properties, "required": ["code"]}


def withdraw(name: str) -> dict:
    return {"$id": name, "x-withdrawn": True}


class TestValues:
    def test_of_an_enum_may_hold_any_character(self, door):
        door.publish(shift(kind={"type": "string", "enum": ODD}))
        for value in ODD:
            door.create("shift", code="a", kind=value)
        door.publish(shift(kind={"type": "string", "enum": [*ODD, ":late"]}, more={"type": "string", "enum": ODD}))
        made = door.create("shift", code="b", kind=":late", more=ODD[0])
        assert (made["kind"], made["more"]) == (":late", ODD[0])
        with pytest.raises(Invalid):
            door.create("shift", code="b", kind="late")


class TestNames:
    def test_may_be_as_long_as_the_dialect_lets_them(self, door):
        fields = {
            FIELD: {"type": "string", "enum": ["a", "b"]},
            f"{FIELD}c": {"$ref": "department"},
        }
        document = {**shift(**fields), "$id": LONG, "x-unique": [["code", FIELD]]}
        assert len(LONG) > 30
        door.publish(document)
        document["properties"] |= {f"{FIELD}d": {"$ref": "department"}, f"{FIELD}e": {"type": "string", "enum": ["c"]}}
        document["properties"][FIELD]["enum"].append("c")
        door.publish(document)
        door.create(LONG, **{"code": "x", FIELD: "c", f"{FIELD}e": "c"})
        del document["properties"][FIELD]["enum"][0]
        document["x-unique"] = [["code"]]
        door.publish(document)
        with pytest.raises(Invalid):
            door.create(LONG, code="x")


class TestNewFields:
    def test_can_refer_to_others_and_to_the_definition_itself(self, door):
        door.publish(shift())
        door.publish(shift(before={"$ref": "shift"}, department={"$ref": "department"}))
        first = door.create("shift", code="a").id
        assert door.create("shift", code="b", before=first)["before"] == first


class TestWithdrawn:
    def test_definitions_return_with_their_records_and_take_new_fields(self, door):
        door.publish(shift(kind={"type": "string", "enum": ["a"]}, place={"type": "integer"}))
        kept = door.create("shift", code="a", kind="a", place=3).id
        door.publish(withdraw("shift"), confirm=["shift"])
        again = shift(kind={"type": "string", "enum": ["a", "b"]}, more={"type": "boolean"})
        with pytest.raises(DefinitionError):
            door.publish(again)  # a field disappears
        seen = [c.kind for c in door.preview(again).changes]
        assert seen[0] == "definition returned"
        door.publish(again, confirm=["shift"])
        assert door.ids("shift") == [kept]
        assert door.create("shift", code="b", kind="b", more=True)["more"] is True

    def test_ones_that_others_refer_to_stay(self, door):
        with pytest.raises(DefinitionError) as error:
            door.publish(withdraw("position"), confirm=["position"])
        assert error.value.problems[0].source == "position"


class TestReturningFields:
    def start(self, door, **values) -> None:
        door.publish(shift(kind={"type": "string", "enum": ["a", "b"]}))
        door.create("shift", code="x", **values)
        door.publish(shift(), confirm=["shift"])

    def test_get_a_column_of_their_own_unless_they_name_the_old_one(self, door):
        self.start(door, kind="a")
        door.publish(shift(kind={"type": "integer"}))
        assert door.catalog["shift"].definition.fields["kind"].column == "kind_2"

    def test_of_another_type_are_refused(self, door):
        self.start(door, kind="a")
        with pytest.raises(DefinitionError) as error:
            door.publish(shift(kind={"type": "integer", "x-id": "kind"}))
        assert error.value.problems[0].message.startswith("The column “%(column)s” holds values of another type")

    def test_whose_values_no_longer_fit_are_refused_with_examples(self, door):
        self.start(door, kind="a")
        back = {"type": "string", "x-id": "kind", "enum": ["b", "c"]}
        with pytest.raises(DefinitionError) as error:
            door.publish(shift(kind=back))
        assert error.value.problems[0].params["count"] == 1
        door.publish(shift(kind={**back, "enum": ["a", "c"]}))
        door.create("shift", code="y", kind="c")


def test_another_order_of_the_fields_of_rows_is_a_change(bare_door):
    inner = {"what": {"type": "string", "maxLength": 9}, "weight": {"type": "integer"}}
    lines = {"type": "array", "items": {"type": "object", "properties": inner}}
    bare_door.publish({"$id": "tour", "title": "Tour", "type": "object", "properties": {"lines": lines}})
    document, version = bare_door.document("tour"), bare_door.catalog.version
    items = document["properties"]["lines"]["items"]
    items["properties"] = dict(reversed(items["properties"].items()))
    bare_door.publish(document)
    assert bare_door.catalog.version == version + 1
    assert list(bare_door.catalog["tour"].definition.fields["lines"].rows) == ["weight", "what"]
