"""What a kind adds: refused where it can't be meant, exact where it is read, told and classified where it changes."""

from __future__ import annotations

import copy
import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metadata import changes, dialect, parser, telling
from metadata.renaming import rename_fields

PACKS = Path(changes.__file__).parent / "packs"
SALES = json.loads((PACKS / "performance" / "sales_revenue.json").read_text("utf-8"))
PERSONAL = json.loads((PACKS / "goals" / "objective_individual.json").read_text("utf-8"))
FLAT = [8, 8, 8, 8, 8, 8, 8, 8, 9, 9, 9, 9]


def with_(document, keyword, **parts):
    made = copy.deepcopy(document)
    made[keyword] = {k: v for k, v in {**made[keyword], **parts}.items() if v is not None}
    return made


def alone(document):
    """Problems but for references to what is not given here."""
    return [(p.pointer, p.text) for p in dialect.check([document]) if "There is no definition" not in p.text]


WRONG = [
    (with_(SALES, "x-measure", thresholds={"amber": 0.9, "green": 0.9}), "/x-measure/thresholds/green", "above amber"),
    (with_(SALES, "x-measure", thresholds={"amber": 0.9}), "/x-measure/thresholds/green", "“green” is missing"),
    (with_(SALES, "x-measure", curve=FLAT[:11]), "/x-measure/curve", "too short"),
    (with_(SALES, "x-measure", curve=[*FLAT[:11], 8.9]), "/x-measure/curve", "add up to 99.9"),
    (with_(SALES, "x-measure", curve=FLAT, plan="avg(planned)"), "/x-measure/curve", "made of sums"),
    (with_(SALES, "x-measure", curve=FLAT, plan="sum(planned) / count()"), "/x-measure/curve", "made of sums"),
    (with_(PERSONAL, "x-okr", score="note"), "/x-okr/score", "no number"),
    (with_(PERSONAL, "x-okr", score="gone"), "/x-okr/score", "no field called “gone”"),
    (with_(PERSONAL, "x-okr", commitment="status"), "/x-okr/commitment", "committed and aspirational"),
    (with_(PERSONAL, "x-okr", grades={"amber": 0.7, "green": 0.4}), "/x-okr/grades/green", "above amber"),
    (with_(PERSONAL, "x-okr", expects={"committed": 2}), "/x-okr/expects/committed", ""),
    ({**PERSONAL, "x-owner": {"person": None}}, "/x-okr/owner", "belong to a person"),
]


@pytest.mark.parametrize(("document", "pointer", "words"), WRONG)
def test_is_refused_at_its_place(document, pointer, words):
    found = alone(document)
    assert [p for p, _text in found] == [pointer]
    assert words in found[0][1]


@pytest.mark.parametrize("document", [SALES, PERSONAL, with_(SALES, "x-measure", plan="-2 * sum(planned) / 3")])
def test_is_taken_where_it_can_be_meant(document):
    assert alone(document) == []


@given(st.lists(st.integers(0, 10_000), min_size=12, max_size=12))
def test_a_season_is_added_up_as_it_was_written(cents):
    """A hundredth more or less is noticed, and no rounding of binary numbers is."""
    curve = [cent / 100 for cent in cents]
    refused = "/x-measure/curve" in [p for p, _text in alone(with_(SALES, "x-measure", curve=curve))]
    assert refused == (sum(cents) != 10_000)


def test_a_level_in_force_keeps_its_parent_above_it():
    levels = [json.loads(p.read_text("utf-8")) for p in sorted((PACKS / "goals").glob("objective_*.json"))]
    moved = [with_(one, "x-okr", level=9) if one["$id"] == "objective_department" else one for one in levels]
    found = {(p.source, p.pointer) for p in dialect.check(moved) if "x-okr" in p.pointer}
    assert found == {("objective_individual", "/x-okr/parent")}


def test_colours_begin_where_they_are_said_to():
    grades = parser.parse(PERSONAL).okr.grades
    assert [grades.colour(Decimal(s)) for s in ("0.39", "0.4", "0.69", "0.7", "1")] == [
        *("red", "amber", "amber", "green", "green")
    ]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            SALES,
            with_(SALES, "x-measure", thresholds={"amber": 0.5, "green": 0.85}),
            "How it is measured: where amber begins is 0.5 (before: 0.75).",
        ),
        (
            PERSONAL,
            with_(PERSONAL, "x-okr", expects={"committed": 0.9, "aspirational": 0.7}),
            "As a level of goals: what is expected of committed objectives is 0.9 (before: 1).",
        ),
    ],
)
def test_a_change_is_told_and_classified(before, after, said):
    old, new = parser.parse(before), parser.parse(after)
    assert [telling.english(line) for line in telling.tell(old, new)] == [said]
    assert [(c.change_class, c.kind) for c in changes.compare(old, new)] == [
        ("additive", "okr" if "x-okr" in before else "measure")
    ]


def test_parts_follow_a_renamed_field():
    assert rename_fields(PERSONAL, {"score": "mark"})["x-okr"]["score"] == "mark"


PULSE = {
    "$id": "pulse",
    "x-kind": "survey",
    "title": "Pulse",
    "type": "object",
    "properties": {"mood": {"type": "integer", "minimum": 1, "maximum": 5}, "words": {"type": "string"}},
    "x-survey": {"from": "2026-11-01", "to": "2026-11-30", "minimum": 3},
}


@pytest.mark.parametrize(
    ("document", "pointer", "words"),
    [
        (with_(PULSE, "x-survey", to="2026-10-31"), "/x-survey/to", "before the first"),
        (with_(PULSE, "x-survey", to="2026-02-30"), "/x-survey/to", "no day"),
        (with_(PULSE, "x-survey", to=None), "/x-survey/to", "has a last one"),
        (with_(PULSE, "x-survey", minimum=2), "/x-survey/minimum", ""),
        (with_(PULSE, "x-survey", minimum=11), "/x-survey/minimum", ""),
        (with_(PULSE, "x-survey", anonymous=False), "/x-survey/minimum", "without names"),
        (with_(PULSE, "x-survey", split="mood"), "/x-survey/split", "no reference"),
        ({**PULSE, "x-unique": [["mood"]]}, "/x-unique", "what others answered"),
    ],
)
def test_a_survey_is_refused_at_its_place(document, pointer, words):
    found = alone(document)
    assert [p for p, _text in found][:1] == [pointer]
    assert words in found[0][1]


def test_a_survey_is_taken_where_it_can_be_meant():
    assert alone(PULSE) == []


COURSE = json.loads((PACKS / "training" / "course.json").read_text("utf-8"))
QUIZ = COURSE["x-catalog"]["quiz"]


@pytest.mark.parametrize(
    ("parts", "pointer", "words"),
    [
        ({"delivery": "code"}, "/x-catalog/delivery", "classroom"),
        ({"validity": "hours"}, "/x-catalog/validity", "whole number"),
        ({"prerequisites": "trainer"}, "/x-catalog/prerequisites", "no list of records"),
        ({"quiz": {**QUIZ, "field": "title"}}, "/x-catalog/quiz/field", "no rows"),
        ({"quiz": {**QUIZ, "choices": ["first", "gone"]}}, "/x-catalog/quiz/choices/1", "no field called “gone”"),
        ({"quiz": {**QUIZ, "right": "first"}}, "/x-catalog/quiz/right", "whole number"),
        ({"quiz": {**QUIZ, "pass_mark": "title"}}, "/x-catalog/quiz/pass_mark", "no number"),
    ],
)
def test_parts_of_a_course_fit_their_fields(parts, pointer, words):
    found = alone(with_(COURSE, "x-catalog", **parts))
    assert [p for p, _text in found] == [pointer]
    assert words in found[0][1]


def test_who_may_not_edit_courses_never_sees_the_right_answers():
    hidden = {role: {"quiz" in rule.hides for rule in rules} for role, rules in parser.parse(COURSE).access.items()}
    assert {role for role, found in hidden.items() if found == {False}} == {"HR admin", "Trainer"}


FORM = json.loads((PACKS / "performance" / "appraisal.json").read_text("utf-8"))
FIRST, *OTHERS = FORM["x-review"]["sections"]


@pytest.mark.parametrize(
    ("document", "pointer", "words"),
    [
        (with_(FORM, "x-review", review="proud"), "/x-review/review", "no reference to a review"),
        (with_(FORM, "x-review", sections=[{**FIRST, "group": "peers"}]), "/x-review/sections/0/group", ""),
        (with_(FORM, "x-review", sections=[FIRST, FIRST]), "/x-review/sections/1/fields/0", "another section"),
        (with_(FORM, "x-review", sections=[{**FIRST, "fields": ["gone"]}]), "/x-review/sections/0/fields/0", "gone"),
        (
            with_(FORM, "x-review", sections=[{**FIRST, "scale": "x"}, *OTHERS]),
            "/x-review/sections/0/scale",
            "no scale",
        ),
        ({**FORM, "x-unique": []}, "/x-unique", "one record"),
        ({**FORM, "required": ["review", "proud"]}, "/required", "required of everybody"),
    ],
)
def test_a_review_form_is_refused_at_its_place(document, pointer, words):
    found = alone(document)
    assert [p for p, _text in found][:1] == [pointer]
    assert words in found[0][1]


def test_a_review_form_is_taken_where_it_can_be_meant():
    assert alone(FORM) == []
