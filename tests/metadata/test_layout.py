"""Sections and columns of a document: no field is ever lost, and what is moved comes back."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from metadata import layout

OUTPUT = json.loads(
    (Path(__file__).parents[2] / "metadata/packs/performance/production_output.json").read_text(encoding="utf-8")
)
FIELDS = list(OUTPUT["properties"])
PLAIN = {k: v for k, v in OUTPUT.items() if k != "x-screen"}


def placed(document):
    return [name for group in layout.groups(document) for name in group.fields]


class TestPlace:
    @given(st.sampled_from(FIELDS), st.sampled_from([0, 1, None]), st.integers(-1, 9))
    def test_puts_the_field_there_and_loses_none(self, name, section, position):
        made = layout.place(OUTPUT, name, section, position)
        assert sorted(placed(made)) == sorted(FIELDS)
        assert list(made["properties"]) == placed(made)
        group = next(g for g in layout.groups(made) if name in g.fields)
        assert group.number == section

    @given(st.lists(st.tuples(st.sampled_from(FIELDS), st.sampled_from([1, -1])), max_size=12))
    def test_steps_walk_through_all_sections_and_back(self, steps):
        document = OUTPUT
        for name, by in steps:
            document = layout.step(document, name, by)
            assert sorted(placed(document)) == sorted(FIELDS)
        assert [s["title"] for s in document["x-screen"]["sections"]] == ["What", "How much"]

    def test_a_step_over_the_edge_leads_into_the_next_section(self):
        made = layout.step(OUTPUT, "shift", 1)
        assert made["x-screen"]["sections"][1]["fields"][0] == "shift"
        assert layout.step(made, "shift", -1)["x-screen"]["sections"] == OUTPUT["x-screen"]["sections"]

    def test_without_sections_the_order_of_the_fields_is_that_of_the_form(self):
        assert list(layout.step(PLAIN, "line", -1)["properties"])[:2] == ["day", "line"]


class TestSections:
    def test_the_first_takes_all_fields_and_going_leaves_them(self):
        made = layout.add_section(PLAIN, "All", {"zh": "全部"})
        assert made["x-screen"]["sections"] == [{"title": "All", "fields": FIELDS}]
        assert made["x-i18n"]["zh"]["sections"]["All"] == "全部"
        assert placed(layout.drop_section(made, 0)) == FIELDS

    def test_a_new_title_takes_its_translation_along(self):
        made = layout.name_section(OUTPUT, 0, "Where", {"zh": "地点"})
        assert made["x-i18n"]["zh"]["sections"] == {"How much": "数量", "Where": "地点"}

    def test_moving_one_moves_its_fields(self):
        made = layout.move_section(OUTPUT, 1, -1)
        assert list(made["properties"])[:3] == ["planned", "produced", "note"]
        assert placed(layout.move_section(made, 0, 1)) == FIELDS

    def test_the_fields_of_a_dropped_one_go_to_the_one_before(self):
        made = layout.drop_section(OUTPUT, 1)
        assert [s["fields"] for s in made["x-screen"]["sections"]] == [FIELDS]
        assert "How much" not in made["x-i18n"]["zh"]["sections"]
        assert [s["fields"] for s in layout.drop_section(OUTPUT, 0)["x-screen"]["sections"]] == [FIELDS]


def test_a_column_is_placed_and_taken_out():
    listed = OUTPUT["x-screen"]["list"]
    made = layout.column(OUTPUT, listed, "note", 0)
    assert made["x-screen"]["list"] == ["note", *listed]
    assert layout.column(made, made["x-screen"]["list"], "note", None)["x-screen"]["list"] == listed
