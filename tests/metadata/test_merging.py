"""Three versions of a definition made into one: what each side changed alone is in it, what both changed is told."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from metadata import dialect
from metadata.merging import merge
from metadata.renaming import rename_fields

BASE: dict[str, Any] = {
    "$id": "shift",
    "title": "Shift",
    "type": "object",
    "properties": {
        "day": {"type": "string", "format": "date", "title": "Day", "x-id": "day"},
        "line": {"type": "string", "maxLength": 40, "title": "Line", "x-id": "line"},
        "pieces": {"type": "integer", "minimum": 0, "title": "Pieces", "x-id": "pieces"},
    },
    "required": ["day"],
    "x-access": {"HR admin": {"rows": "all", "can": ["list", "show"], "hides": ["pieces"]}},
    "x-screen": {
        "list": ["day", "line"],
        "sections": [{"title": "When", "fields": ["day"]}, {"title": "What", "fields": ["line", "pieces"]}],
    },
    "x-i18n": {"zh": {"title": "班次", "properties": {"line": {"title": "生产线"}}}},
}


def shipped(document: dict[str, Any] = BASE) -> dict[str, Any]:
    """As a pack's file says it: no columns."""
    made = copy.deepcopy(document)
    for item in made["properties"].values():
        item.pop("x-id", None)
    return made


@pytest.fixture
def ours() -> dict[str, Any]:
    return copy.deepcopy(BASE)


@pytest.fixture
def theirs() -> dict[str, Any]:
    return shipped()


def rename(document: dict[str, Any], old: str, new: str) -> None:
    """What HR does in the designer: another name, the same column."""
    document["properties"] = {new if n == old else n: p for n, p in document["properties"].items()}
    document["required"] = [new if n == old else n for n in document["required"]]
    screen = document["x-screen"]
    screen["list"] = [new if n == old else n for n in screen["list"]]
    for section in screen["sections"]:
        section["fields"] = [new if n == old else n for n in section["fields"]]
    words = document["x-i18n"]["zh"]["properties"]
    if old in words:
        words[new] = words.pop(old)
    for rule in document["x-access"].values():
        rule["hides"] = [new if n == old else n for n in rule["hides"]]


def sound(document: dict[str, Any]) -> bool:
    return dialect.check([document]) == []


def test_a_pack_that_did_not_change_changes_nothing(ours, theirs):
    ours["title"] = "Turn"
    ours["properties"]["note"] = {"type": "string", "title": "Note", "x-id": "note"}
    merged = merge(BASE, ours, theirs)
    assert (merged.document, merged.clashes) == (ours, ())


def test_a_definition_that_hr_left_alone_becomes_what_the_pack_ships(ours, theirs):
    theirs["title"] = "Turn"
    theirs["properties"]["rejects"] = {"type": "integer", "title": "Rejects"}
    theirs["x-screen"]["list"] = ["day", "pieces"]
    merged = merge(BASE, ours, theirs)
    assert shipped(merged.document) == theirs
    assert merged.clashes == ()


def test_both_sides_add_fields(ours, theirs):
    ours["properties"]["note"] = {"type": "string", "title": "Note", "x-id": "note"}
    ours["required"].append("line")
    theirs["properties"]["rejects"] = {"type": "integer", "title": "Rejects"}
    theirs["required"].append("pieces")
    theirs["x-screen"]["sections"][1]["fields"].append("rejects")
    merged = merge(BASE, ours, theirs)
    assert set(merged.document["properties"]) == {"day", "line", "pieces", "note", "rejects"}
    assert set(merged.document["required"]) == {"day", "line", "pieces"}
    assert merged.document["x-screen"]["sections"][1]["fields"] == ["line", "pieces", "rejects"]
    assert merged.clashes == ()
    assert sound(merged.document)


def test_what_hr_and_the_pack_both_changed_stays_hrs_and_is_told(ours, theirs):
    ours["properties"]["line"]["title"] = "Band"
    theirs["properties"]["line"]["title"] = "Assembly line"
    merged = merge(BASE, ours, theirs)
    assert merged.document["properties"]["line"]["title"] == "Band"
    assert [(c.pointer, c.shipped, c.ours, c.theirs) for c in merged.clashes] == [
        ("/properties/line/title", "Line", "Band", "Assembly line")
    ]


def test_the_packs_side_wins_where_asked_for(ours, theirs):
    ours["properties"]["line"] |= {"title": "Band", "maxLength": 80}
    theirs["properties"]["line"]["title"] = "Assembly line"
    merged = merge(BASE, ours, theirs, prefer_theirs=True)
    assert merged.document["properties"]["line"] == {**ours["properties"]["line"], "title": "Assembly line"}
    assert len(merged.clashes) == 1


def test_a_field_that_hr_renamed_is_still_the_packs_field(ours, theirs):
    rename(ours, "line", "place")
    theirs["properties"]["line"]["maxLength"] = 80
    theirs["required"].append("line")
    merged = merge(BASE, ours, theirs)
    assert list(merged.document["properties"]) == ["day", "place", "pieces"]
    assert merged.document["properties"]["place"]["maxLength"] == 80
    assert merged.document["required"] == ["day", "place"]
    assert merged.document["x-i18n"]["zh"]["properties"] == {"place": {"title": "生产线"}}
    assert (merged.clashes, dict(merged.names)) == ((), {"line": "place"})


def test_a_field_that_the_pack_renamed_keeps_its_column(ours, theirs):
    rename(theirs, "pieces", "output")
    theirs["properties"]["output"]["x-id"] = "pieces"
    ours["properties"]["pieces"]["title"] = "Pcs"
    ours["x-screen"]["list"].append("pieces")
    merged = merge(BASE, ours, theirs)
    assert merged.document["properties"]["output"] == {**BASE["properties"]["pieces"], "title": "Pcs"}
    assert merged.document["x-screen"]["list"] == ["day", "line", "output"]
    assert merged.document["x-access"]["HR admin"]["hides"] == ["output"]
    assert sound(merged.document)


def test_a_field_that_hr_removed_stays_away_everywhere(ours, theirs):
    del ours["properties"]["pieces"]
    ours["x-screen"]["sections"][1]["fields"] = ["line"]
    ours["x-access"]["HR admin"]["hides"] = []
    theirs["properties"]["pieces"]["title"] = "Output"
    theirs["x-screen"]["list"].append("pieces")
    theirs["x-i18n"]["zh"]["properties"]["pieces"] = {"title": "产量"}
    merged = merge(BASE, ours, theirs)
    assert "pieces" not in str(merged.document)
    assert [c.pointer for c in merged.clashes] == ["/properties/pieces"]
    assert sound(merged.document)


def test_a_field_that_the_pack_removed_goes_unless_hr_changed_it(ours, theirs):
    del theirs["properties"]["line"], theirs["properties"]["pieces"]
    theirs["x-screen"] = {"list": ["day"], "sections": [{"title": "When", "fields": ["day"]}]}
    theirs["x-access"]["HR admin"]["hides"] = []
    theirs["x-i18n"]["zh"]["properties"] = {}
    ours["properties"]["line"]["maxLength"] = 80
    merged = merge(BASE, ours, theirs)
    assert list(merged.document["properties"]) == ["day", "line"]
    assert [c.pointer for c in merged.clashes] == ["/properties/line"]
    assert sound(merged.document)


def test_a_field_that_both_moved_stands_once(ours, theirs):
    ours["x-screen"]["sections"] = [
        {"title": "When", "fields": ["day"]},
        {"title": "Where", "fields": ["line"]},
        {"title": "What", "fields": ["pieces"]},
    ]
    theirs["x-screen"]["sections"] = [
        {"title": "When", "fields": ["day", "line"]},
        {"title": "What", "fields": ["pieces"]},
    ]
    merged = merge(BASE, ours, theirs)
    placed = [name for s in merged.document["x-screen"]["sections"] for name in s["fields"]]
    assert placed == ["day", "line", "pieces"]
    assert merged.document["x-screen"]["sections"][1] == {"title": "Where", "fields": ["line"]}
    assert sound(merged.document)


def test_the_same_new_field_on_both_sides_is_one_field(ours, theirs):
    ours["properties"]["note"] = {"type": "string", "title": "Note", "x-id": "note_2"}
    theirs["properties"]["note"] = {"type": "string", "title": "Remark"}
    merged = merge(BASE, ours, theirs)
    assert merged.document["properties"]["note"] == {"type": "string", "title": "Note", "x-id": "note_2"}
    assert [c.pointer for c in merged.clashes] == ["/properties/note/title"]


def test_a_new_field_of_the_pack_gives_way_to_a_renamed_one(ours, theirs):
    rename(ours, "line", "place")
    theirs["properties"]["place"] = {"type": "integer", "title": "Place number"}
    merged = merge(BASE, ours, theirs)
    assert merged.document["properties"]["place"] == BASE["properties"]["line"]
    assert [c.pointer for c in merged.clashes] == ["/properties/place"]


def test_the_pack_may_reorder_fields_and_hrs_stay_beside_their_neighbour(ours, theirs):
    theirs["properties"] = {n: theirs["properties"][n] for n in ("pieces", "day", "line")}
    ours["properties"]["note"] = {"type": "string", "title": "Note", "x-id": "note"}
    assert list(merge(BASE, ours, theirs).document["properties"]) == ["pieces", "note", "day", "line"]


def test_a_renamed_field_keeps_its_place_in_access_rules():
    rule = {"rows": "assigned", "assigned": ["a"], "hides": ["a"], "where": {"properties": {"a": {"const": "a"}}}}
    made = rename_fields({"properties": {"a": {}}, "x-access": {"HR": [rule], "Head": rule}}, {"a": "b"})
    renamed = {"rows": "assigned", "assigned": ["b"], "hides": ["b"], "where": {"properties": {"b": {"const": "a"}}}}
    assert made["x-access"] == {"HR": [renamed], "Head": renamed}
