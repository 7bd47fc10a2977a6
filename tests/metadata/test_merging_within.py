"""Upgrades look into objects and rows: what HR changed there stays, what the pack changed there comes, renames are known."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from metadata import aligning, dialect
from metadata.merging import merge

BASE: dict[str, Any] = {
    "$id": "purchase",
    "title": "Order",
    "type": "object",
    "properties": {
        "no": {"type": "string", "maxLength": 20, "x-id": "no"},
        "lines": {
            "type": "array",
            "x-id": "lines",
            "items": {
                "type": "object",
                "properties": {
                    "what": {"type": "string", "maxLength": 80, "x-id": "what"},
                    "weight": {"type": "integer", "title": "Weight", "x-id": "weight"},
                },
                "required": ["what"],
            },
        },
        "address": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "maxLength": 40, "x-id": "address__city"},
                "street": {"type": "string", "maxLength": 40, "x-id": "address__street"},
            },
        },
        "total": {"type": "number", "x-formula": "sum(lines.weight)", "x-id": "total"},
    },
    "x-screen": {"list": ["no", "address.city"]},
    "x-i18n": {
        "zh": {
            "title": "订单",
            "properties": {
                "lines": {"title": "行", "properties": {"weight": {"title": "重量"}}},
                "address.city": {"title": "城市"},
            },
        }
    },
}


def shipped() -> dict[str, Any]:
    made = copy.deepcopy(BASE)
    for _path, item in aligning.items(made):
        item.pop("x-id", None)
    return made


@pytest.fixture
def ours() -> dict[str, Any]:
    return copy.deepcopy(BASE)


@pytest.fixture
def theirs() -> dict[str, Any]:
    return shipped()


def rows(document: dict[str, Any], name: str = "lines") -> dict[str, Any]:
    found: dict[str, Any] = document["properties"][name]["items"]["properties"]
    return found


def renamed_row(document: dict[str, Any]) -> None:
    """As HR leaves it who calls the weight of a line its mass."""
    lines = rows(document)
    lines["mass"] = lines.pop("weight")
    document["properties"]["total"]["x-formula"] = "sum(lines.mass)"
    words = document["x-i18n"]["zh"]["properties"]["lines"]["properties"]
    words["mass"] = words.pop("weight")


def renamed_object(document: dict[str, Any]) -> None:
    """As HR leaves it who calls the address home, and its city town."""
    fields = document["properties"]
    fields["home"] = fields.pop("address")
    inner = fields["home"]["properties"]
    inner["town"] = inner.pop("city")
    document["x-screen"]["list"] = ["no", "home.town"]
    words = document["x-i18n"]["zh"]["properties"]
    words["home.town"] = words.pop("address.city")


def sound(document: dict[str, Any]) -> bool:
    return dialect.check([document]) == []


def test_what_hr_added_within_survives_and_what_the_pack_added_comes(ours, theirs):
    rows(ours)["note"] = {"type": "string", "maxLength": 9, "x-id": "note"}
    ours["properties"]["address"]["properties"]["floor"] = {"type": "integer", "x-id": "address__floor"}
    rows(theirs)["price"] = {"type": "number"}
    theirs["properties"]["address"]["properties"]["zip"] = {"type": "string", "maxLength": 9}
    merged = merge(BASE, ours, theirs)
    assert merged.clashes == ()
    assert set(rows(merged.document)) == {"what", "weight", "note", "price"}
    assert set(merged.document["properties"]["address"]["properties"]) == {"city", "street", "floor", "zip"}
    assert sound(merged.document)


def test_a_row_field_that_hr_renamed_is_still_the_packs(ours, theirs):
    renamed_row(ours)
    rows(theirs)["weight"] |= {"title": "Weight in kg", "minimum": 0}
    merged = merge(BASE, ours, theirs)
    assert merged.clashes == ()
    assert set(rows(merged.document)) == {"what", "mass"}
    assert rows(merged.document)["mass"] == {"type": "integer", "title": "Weight in kg", "minimum": 0, "x-id": "weight"}
    assert merged.document["properties"]["total"]["x-formula"] == "sum(lines.mass)"
    assert sound(merged.document)


def test_an_object_that_hr_renamed_takes_what_the_pack_changed_in_it(ours, theirs):
    renamed_object(ours)
    theirs["properties"]["address"]["properties"]["city"]["maxLength"] = 60
    theirs["x-screen"]["list"] = ["no", "address.city", "address.street"]
    merged = merge(BASE, ours, theirs)
    assert merged.clashes == ()
    assert "address" not in merged.document["properties"]
    home = merged.document["properties"]["home"]["properties"]
    assert home["town"] == {"type": "string", "maxLength": 60, "x-id": "address__city"}
    assert merged.document["x-screen"]["list"] == ["no", "home.town", "home.street"]
    assert merged.names["address"] == "home"
    assert sound(merged.document)


def test_a_row_field_that_the_pack_renamed_keeps_its_column_and_hrs_changes(ours, theirs):
    rows(ours)["weight"]["title"] = "Kilos"
    renamed_row(theirs)
    rows(theirs)["mass"]["x-id"] = "weight"
    merged = merge(BASE, ours, theirs)
    assert rows(merged.document)["mass"] == {"type": "integer", "title": "Kilos", "x-id": "weight"}
    assert merged.document["properties"]["total"]["x-formula"] == "sum(lines.mass)"
    assert (merged.clashes, sound(merged.document)) == ((), True)


def test_what_hr_took_out_within_stays_away(ours, theirs):
    del ours["properties"]["address"]["properties"]["city"]
    ours["x-screen"]["list"] = ["no"]
    del ours["x-i18n"]["zh"]["properties"]["address.city"]
    theirs["x-unique"] = [["no", "address.city"]]
    merged = merge(BASE, ours, theirs)
    assert set(merged.document["properties"]["address"]["properties"]) == {"street"}
    assert "x-unique" not in merged.document
    assert sound(merged.document)


def test_a_new_row_field_of_the_pack_gives_way_to_a_renamed_one(ours, theirs):
    renamed_row(ours)
    rows(theirs)["mass"] = {"type": "string", "maxLength": 5}
    merged = merge(BASE, ours, theirs)
    assert [clash.pointer for clash in merged.clashes] == ["/properties/lines/items/properties/mass"]
    assert rows(merged.document)["mass"]["type"] == "integer"


def test_what_was_recorded_before_rows_had_columns_is_understood(ours, theirs):
    renamed_row(ours)
    rows(theirs)["weight"]["minimum"] = 0
    merged = merge(shipped() | {"properties": top_columns(shipped())}, ours, theirs)
    assert rows(merged.document)["mass"]["minimum"] == 0


def top_columns(document: dict[str, Any]) -> dict[str, Any]:
    return {name: {**item, "x-id": name} for name, item in document["properties"].items()}
