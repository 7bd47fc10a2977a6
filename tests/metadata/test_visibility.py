"""What a form asks for follows from the blocks that validation reads, and never hides what validation demands."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metadata.catalog import Entity
from metadata.parser import parse
from metadata.validation import FORBIDDEN, REQUIRED

FIELDS: dict[str, Any] = {
    "kind": {"type": "string", "enum": ["task", "course", "tour"], "default": "task"},
    "course": {"type": "string", "maxLength": 40},
    "tour": {"type": "string", "maxLength": 40},
    "days": {"type": "integer", "default": 7},
    "open": {"type": "boolean"},
    "note": {"type": "string"},
}
COURSE = {"properties": {"kind": {"const": "course"}}, "required": ["kind"]}
TOUR = {"properties": {"kind": {"const": "tour"}}, "required": ["kind"]}


def entity(**words: Any) -> Entity:
    return Entity(parse({"$id": "step", "title": "Step", "properties": FIELDS, **words}))


def hidden(made: Entity, **values: Any) -> set[str]:
    return set(FIELDS) - made.visibility.asked(values, made.rules.check(values)).shown


class TestAsked:
    def test_a_field_required_by_a_branch_is_shown_while_it_holds(self):
        made = entity(
            allOf=[{"if": COURSE, "then": {"required": ["course"]}}, {"if": TOUR, "then": {"required": ["tour"]}}]
        )
        assert hidden(made, kind="task") == {"course", "tour"}
        assert hidden(made, kind="course") == {"tour"}
        assert made.visibility.asked({"kind": "tour"}).required == {"tour"}

    def test_a_branch_that_only_names_a_field_shows_it(self):
        step = {"if": COURSE, "then": {"required": ["note"]}}
        assert hidden(entity(**step), kind="task") == {"note"}
        assert hidden(entity(**step, **{"else": {"properties": {"note": {}}}}), kind="task") == set()

    def test_other_bounds_in_a_branch_hide_nothing(self):
        assert hidden(entity(**{"if": COURSE, "then": {"properties": {"days": {"maximum": 3}}}}), kind="task") == set()

    def test_a_field_that_a_branch_forbids_is_hidden_and_refused_with_a_value(self):
        made = entity(**{"if": COURSE, "then": {"not": {"anyOf": [{"required": ["tour"]}, {"required": ["note"]}]}}})
        assert hidden(made, kind="course") == {"tour", "note"}
        assert hidden(made, kind="course", tour="x") == {"note"}
        assert [(p.pointer, p.message) for p in made.rules.check({"kind": "course", "tour": "x"})] == [
            ("/tour", FORBIDDEN)
        ]
        assert hidden(made, kind="task") == set()

    def test_what_holds_a_value_stays_in_sight_and_is_told_to_be_left_over(self):
        made = entity(**{"if": COURSE, "then": {"required": ["course"]}})
        assert hidden(made, kind="task", course="Welding") == set()
        assert made.visibility.asked({"kind": "task", "course": "Welding"}).left == {"course"}

    @pytest.mark.parametrize("values", [{"open": False}, {"days": 7}])
    def test_a_switch_that_is_off_and_an_untouched_default_are_no_value(self, values):
        made = entity(**{"if": COURSE, "then": {"required": ["open", "days"]}})
        assert hidden(made, kind="task", **values) == {"open", "days"}
        assert hidden(made, kind="task", open=True, days=8) == set()

    def test_fields_that_require_each_other_are_both_asked_for(self):
        made = entity(dependentRequired={"course": ["tour"], "tour": ["course"], "note": ["days"]})
        assert hidden(made) == {"days"}
        assert hidden(made, note="x") == set()
        assert made.visibility.asked({"course": "x"}).required == {"tour"}

    def test_fields_that_wait_through_a_ban_are_asked_for(self):
        ban = {"if": {"required": ["course"]}, "else": {"not": {"required": ["note"]}}}
        made = entity(allOf=[ban, {"if": {"required": ["note"]}, "then": {"required": ["course"]}}])
        assert hidden(made) == {"note"}
        assert hidden(made, course="x") == set()

    def test_what_is_required_anyway_is_never_hidden(self):
        assert hidden(entity(required=["course"], **{"if": COURSE, "then": {"required": ["course"]}})) == set()


NAMES = st.sampled_from(sorted(FIELDS))
SETS = st.lists(NAMES, min_size=1, max_size=3, unique=True)
CONDITIONS = st.fixed_dictionaries(
    {}, optional={"kind": st.just({"const": "course"}), "days": st.just({"minimum": 5}), "note": st.just({})}
)
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.sampled_from(["task", "course", "tour"]),
        "course": st.just("Welding"),
        "tour": st.just("my_week"),
        "days": st.integers(1, 9),
        "open": st.booleans(),
        "note": st.just("x"),
    },
)


def blocks(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    many = st.lists(inner, min_size=1, max_size=2)
    words = {"required": SETS, "properties": CONDITIONS, "not": inner, "allOf": many, "anyOf": many}
    words |= {"dependentRequired": st.dictionaries(NAMES, SETS, min_size=1, max_size=2)}
    branch = st.fixed_dictionaries({"if": inner}, optional={"then": inner, "else": inner})
    return st.fixed_dictionaries({}, optional=words) | branch


LOGIC = blocks(st.recursive(st.fixed_dictionaries({}, optional={"required": SETS, "properties": CONDITIONS}), blocks))
ROOT = LOGIC.map(lambda block: {"allOf": [block]})


class TestNothingDemandedIsHidden:
    @given(ROOT, VALUES)
    def test_whatever_validation_misses_or_refuses_is_shown(self, logic, values):
        made = entity(**logic)
        problems = made.rules.check(values)
        asked = made.visibility.asked(values)
        missing = {p.field_name for p in problems if p.message == REQUIRED}
        assert missing <= asked.shown, "hidden although it is demanded"
        assert asked.required <= asked.shown
        assert {p.field_name for p in problems} - {""} <= made.visibility.asked(values, problems).shown

    @given(ROOT, VALUES)
    def test_whatever_was_typed_is_shown(self, logic, values):
        shown = entity(**logic).visibility.asked(values).shown
        untouched = {n for n, v in values.items() if v is False or v == FIELDS[n].get("default")}
        assert set(values) - untouched <= shown
