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


def within(document: dict, old: str, new: str, *path: str) -> dict:
    """The document with another name for one property of what `path` leads to, and nothing else changed."""
    holder = document["properties"]
    for part in path:
        holder = holder[part]
    renamed = {(new if name == old else name): item for name, item in holder.items()}
    holder.clear()
    holder.update(renamed)
    return document


class TestRenameWithin:
    ROWS = {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"what": LINE, "weight": {"type": "integer"}},
            "required": ["weight"],
        },
    }

    def test_a_field_of_rows_is_followed_into_formulas_marks_and_words(self, door):
        words = {"title": "班次", "properties": {"rows": {"properties": {"weight": {"title": "重量"}}}}}
        rule = {"formula": "sum(rows.weight) < 100", "message": "Too heavy."}
        total = {"type": "number", "x-formula": "sum(rows.weight) + count(rows)"}
        door.publish({**shift(rows=self.ROWS, total=total), "x-i18n": {"zh": words}, "x-rules": [rule]})
        door.create("shift", code="a", rows=[{"what": "x", "weight": 3}])
        door.publish(within(door.document("shift"), "weight", "mass", "rows", "items", "properties"))
        document = door.document("shift")
        assert "weight" not in str({k: v for k, v in document.items() if k != "properties"})
        assert document["properties"]["total"]["x-formula"] == "sum(rows.mass) + count(rows)"
        assert document["properties"]["rows"]["items"]["required"] == ["mass"]
        assert values(door, "total") == [4]
        assert [row["mass"] for row in values(door, "rows")[0]] == [3]

    def test_a_list_and_a_field_of_its_rows_at_once(self, door):
        total = {"type": "number", "x-formula": "sum(rows.weight)"}
        door.publish(shift(rows=self.ROWS, total=total))
        door.create("shift", code="a", rows=[{"weight": 3}])
        document = within(door.document("shift"), "weight", "mass", "rows", "items", "properties")
        door.publish(within(document, "rows", "loads"))
        assert door.document("shift")["properties"]["total"]["x-formula"] == "sum(loads.mass)"
        assert values(door, "total") == [3]

    def test_an_object_and_a_field_in_it(self, door):
        place = {"type": "object", "properties": {"city": LINE, "floor": {"type": "integer"}}, "required": ["city"]}
        more = {
            "required": ["code", "place"],
            "x-label": ["place.city"],
            "x-screen": {"list": ["place.city", "place.floor"], "order": "-place.floor"},
            "x-access": {
                "HR admin": {"rows": "all", "can": ["list", "add"]},
                "Employee": {"rows": "all", "can": ["list"], "where": {"properties": {"place.floor": {"minimum": 1}}}},
            },
            "x-i18n": {"zh": {"properties": {"place.city": {"title": "城市"}}}},
            "x-rules": [{"formula": "place.floor < 9", "message": "Low.", "at": "place.floor"}],
            "if": {"properties": {"place.floor": {"const": 1}}, "required": ["place.floor"]},
            "then": {"required": ["code"]},
        }
        door.publish({**shift(place=place), **more})
        door.create("shift", code="a", **{"place.city": "Ulm", "place.floor": 2})
        document = within(door.document("shift"), "floor", "storey", "place", "properties")
        door.publish(within(document, "place", "site"))
        document = door.document("shift")
        told = str({k: v for k, v in document.items() if k != "properties"})
        assert "place" not in told
        assert "floor" not in told
        assert document["required"] == ["code", "site"]
        assert document["x-rules"][0]["formula"] == "site.storey < 9"
        assert values(door, "site.storey") == [2]

    def test_a_measure_keeps_its_functions_and_follows_its_fields(self, door):
        number = {"type": "integer"}
        kpi = {
            **shift(day={"type": "string", "format": "date"}, total=number, count=number),
            "x-kind": "kpi",
            "x-measure": {"time": "day", "plan": "sum(count) / count()", "actual": "sum(total)"},
        }
        door.publish(kpi)
        door.publish(renamed(door, "count", "pieces"))
        measure = door.document("shift")["x-measure"]
        assert (measure["plan"], measure["actual"]) == ("sum(pieces) / count()", "sum(total)")


class TestRenameElsewhere:
    """What other definitions compute through references."""

    @pytest.fixture
    def plant(self, door):
        line = {
            "$id": "plant_line",
            "title": "Line",
            "type": "object",
            "properties": {"name": LINE, "speed": {"type": "integer"}},
        }
        team = {
            "$id": "team",
            "title": "Team",
            "type": "object",
            "properties": {"name": LINE, "works_at": {"$ref": "plant_line"}},
        }
        tour = shift(
            team={"$ref": "team"},
            lines={"type": "array", "items": {"$ref": "plant_line"}},
            spot={"type": "object", "properties": {"at": {"$ref": "plant_line"}}},
            far={"type": "number", "x-formula": "team.works_at.speed"},
            all_of={"type": "number", "x-formula": "sum(lines.speed)"},
            near={"type": "number", "x-formula": "spot.at.speed"},
        )
        door.publish(line, team, tour)
        return door

    def test_are_followed_two_steps_over_lists_and_through_objects(self, plant):
        line = plant.create("plant_line", name="L1", speed=5).id
        team = plant.create("team", name="T", works_at=line).id
        plant.create("shift", code="a", team=team, lines=[line], **{"spot.at": line})
        plant.publish(within(plant.document("plant_line"), "speed", "pace"))
        fields = plant.document("shift")["properties"]
        assert [fields[n]["x-formula"] for n in ("far", "all_of", "near")] == [
            "team.works_at.pace",
            "sum(lines.pace)",
            "spot.at.pace",
        ]
        assert [values(plant, n) for n in ("far", "all_of", "near")] == [[5], [5], [5]]

    def test_several_on_one_way_at_once(self, plant):
        team = within(plant.document("team"), "works_at", "place")
        tour = within(plant.document("shift"), "team", "crew")
        plant.publish(within(plant.document("plant_line"), "speed", "pace"), team, tour)
        assert plant.document("shift")["properties"]["far"]["x-formula"] == "crew.place.pace"
