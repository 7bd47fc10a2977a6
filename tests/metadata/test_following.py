"""A renamed field is followed into everything that names it."""

from __future__ import annotations

import pytest

from tests.metadata.test_publish_converting import LINE, shift, values


@pytest.fixture
def door(bare_door):
    return bare_door


def renamed(door, old: str, new: str) -> dict:
    """The document as somebody leaves it who only gives the property another name."""
    document = door.document("shift")
    properties = document["properties"]
    document["properties"] = {(new if name == old else name): item for name, item in properties.items()}
    return document


class TestRename:
    def test_is_followed_into_all_that_names_the_field(self, door):
        number = {"type": "integer"}
        more = {
            "required": ["code", "x"],
            "x-unique": [["code", "x"]],
            "x-label": ["x", "code"],
            "x-screen": {"list": ["x"], "order": "-x", "sections": [{"title": "All", "fields": ["code", "x"]}]},
            "x-access": {
                "HR admin": {"rows": "all", "can": ["list", "add"]},
                "Employee": {"rows": "all", "can": ["list"], "hides": ["x"], "locks": ["x"]},
            },
            "x-import": {"headers": {"X of it": "x"}},
            "x-i18n": {"zh": {"title": "班次", "properties": {"x": {"title": "数"}}}},
            "x-rules": [{"if": {"properties": {"x": {"const": 9}}}, "message": "Not nine.", "at": "x"}],
            "if": {"properties": {"x": {"const": 1}}, "required": ["x"]},
            "then": {"required": ["note"]},
        }
        door.publish({**shift(x=number, note=LINE), **more})
        door.create("shift", code="a", x=3)
        door.publish(renamed(door, "x", "amount"))
        document = door.document("shift")
        assert "'x'" not in str({k: v for k, v in document.items() if k != "properties"})
        assert (document["x-screen"]["order"], document["x-rules"][0]["at"]) == ("-amount", "amount")
        assert values(door, "amount") == [3]

    def test_keeps_the_values_and_the_permissions(self, door):
        door.publish({**shift(x=LINE), "x-access": {"HR admin": {"rows": "all", "can": ["list", "add"], "locks": []}}})
        before = door.catalog["shift"].definition.access
        door.create("shift", code="a", x="kept")
        door.publish(renamed(door, "x", "y"))
        assert values(door, "y") == ["kept"]
        assert door.catalog["shift"].definition.access == before
        assert door.catalog["shift"].definition.fields["y"].column == "x"

    def test_leaves_alone_what_is_no_definition(self, door):
        door.publish(shift(x=LINE))
        document = renamed(door, "x", "y") | {"x-screen": "nonsense"}
        assert [p.pointer for p in door.preview(document).problems] == ["/x-screen"]

    def test_of_a_field_whose_name_another_takes_is_no_rename_of_what_names_it(self, door):
        door.publish({**shift(x=LINE, y=LINE), "x-unique": [["x"]]})
        document = door.document("shift")
        x, y = document["properties"].pop("x"), document["properties"].pop("y")
        document["properties"] |= {"x": y, "y": x}
        door.publish(document)
        assert door.catalog["shift"].definition.fields["y"].column == "x"
