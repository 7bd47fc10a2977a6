"""Edits of documents: what was given stays, order is kept, and an edit and its reverse meet."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metadata import dialect, editing

OUTPUT = json.loads(
    (Path(__file__).parents[2] / "metadata/packs/performance/production_output.json").read_text(encoding="utf-8")
)
FIELDS = list(OUTPUT["properties"])
QUALITY = {"type": "string", "enum": ["good", "bad"], "title": "Quality", "default": "good"}


@pytest.fixture
def untouched():
    document = copy.deepcopy(OUTPUT)
    yield document
    assert document == OUTPUT
    assert list(document["properties"]) == FIELDS


def test_a_new_field_is_the_last_with_its_words(untouched):
    made = editing.put_field(untouched, "quality", QUALITY, {"zh": {"title": "质量", "description": ""}}, required=True)
    assert [*made["properties"]] == [*FIELDS, "quality"]
    assert made["required"][-1] == "quality"
    assert made["x-i18n"]["zh"]["properties"]["quality"] == {"title": "质量"}
    assert [p.pointer for p in dialect.check([made])] == ["/properties/department/$ref"]  # it stands alone here


def test_added_and_dropped_leaves_what_was(untouched):
    made = editing.put_field(untouched, "quality", QUALITY, {"zh": {"title": "质量"}}, required=True)
    made = editing.show_in_list(made, [*made["x-screen"]["list"], "quality"])
    assert editing.drop_field(made, "quality") == OUTPUT


def test_a_changed_field_keeps_its_place(untouched):
    made = editing.put_field(untouched, "line", {**OUTPUT["properties"]["line"], "title": "Row"}, required=True)
    assert [*made["properties"]] == FIELDS
    assert made["properties"]["line"]["title"] == "Row"
    assert editing.put_field(made, "line", OUTPUT["properties"]["line"])["required"] == OUTPUT["required"]


def test_dropping_forgets_unique_and_empty_sections(untouched):
    made = editing.drop_field(untouched, "line")
    assert "x-unique" not in made
    assert made["x-label"] == ["day", "shift"]
    for name in ("planned", "produced", "note"):
        made = editing.drop_field(made, name)
    assert [s["title"] for s in made["x-screen"]["sections"]] == ["What"]


@given(st.sampled_from(FIELDS), st.integers(-9, 9))
def test_moving_loses_no_field_and_goes_back(name, by):
    made = editing.move_field(OUTPUT, name, by)
    order = list(made["properties"])
    assert sorted(order) == sorted(FIELDS)
    assert [n for n in order if n != name] == [n for n in FIELDS if n != name]
    moved = order.index(name) - FIELDS.index(name)
    assert list(editing.move_field(made, name, -moved)["properties"]) == FIELDS
    for section in made["x-screen"]["sections"]:
        assert section["fields"] == sorted(section["fields"], key=order.index)


def test_an_empty_text_is_left_out(untouched):
    made = editing.retitle(untouched, {"title": "Pieces", "description": ""}, {"zh": {"title": "件数"}})
    assert (made["title"], made["x-i18n"]["zh"]["title"]) == ("Pieces", "件数")
    assert "description" not in made


RULED = {
    "properties": {"produced": {"type": "number"}, "note": {"type": "string"}, "who": {"type": "string"}},
    "if": {"properties": {"produced": {"const": 0}}, "required": ["produced"]},
    "then": {"required": ["note"]},
}


@pytest.mark.parametrize("name", ["note", "produced"])
def test_a_rule_goes_with_the_field_that_it_asks_about_or_asks_for(name):
    assert set(editing.drop_field(RULED, name)) == {"properties"}


def test_a_rule_that_asks_for_more_goes_on_without_the_field():
    more = {**RULED, "then": {"required": ["note", "who"]}}
    assert editing.drop_field(more, "note")["then"] == {"required": ["who"]}
    assert editing.drop_field(RULED, "who")["then"] == {"required": ["note"]}


class TestDropFieldFromAccess:
    def document(self, rule):
        return {"$id": "shift", "properties": {"a": {}, "b": {}}, "x-access": {"HR": [rule]}}

    def test_takes_it_out_of_the_fields_that_are_hidden_or_locked(self):
        made = editing.drop_field(self.document({"rows": "all", "hides": ["a", "b"], "locks": ["a"]}), "a")
        assert made["x-access"]["HR"] == [{"rows": "all", "hides": ["b"], "locks": []}]

    def test_a_rule_whose_rows_depend_on_it_grants_none_from_then_on(self):
        where = {"anyOf": [{"properties": {"a": {"const": 1}}}, {"required": ["b"]}]}
        made = editing.drop_field(self.document({"rows": "all", "where": where, "can": ["list"]}), "a")
        assert made["x-access"]["HR"] == [{"rows": "none", "can": ["list"]}]
        made = editing.drop_field(self.document({"rows": "assigned", "assigned": ["a"]}), "a")
        assert made["x-access"]["HR"] == [{"rows": "none"}]
        made = editing.drop_field(self.document({"rows": "assigned", "assigned": ["a", "b"]}), "a")
        assert made["x-access"]["HR"] == [{"rows": "assigned", "assigned": ["b"]}]
