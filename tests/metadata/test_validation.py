"""Values that do not fit their field are refused with a sentence: formats, lengths, steps and patterns."""

from __future__ import annotations

import time
from typing import Any

import pytest

from metadata import dialect, validation
from metadata.changes import compare
from metadata.parser import parse
from metadata.validation import Rules


def definition(**schema: Any) -> Any:
    return parse({"$id": "a", "title": "A", "properties": {"it": schema}})


def refused(value: Any, **schema: Any) -> list[str]:
    read = definition(**schema)
    values, problems = validation.read(read, {"it": value}, "json")
    return [p.text for p in (problems or validation.Rules(read).check(values))]


class TestFormats:
    @pytest.mark.parametrize("value", ["nobody", "a@b", "a b@c.de", "@c.de", "x" * 320 + "@example.com"])
    def test_an_address_that_is_none_is_refused(self, value):
        assert refused(value, type="string", format="email")

    @pytest.mark.parametrize("value", ["javascript:alert(1)", "no address", "data:text/html,x", "JAVASCRIPT:x"])
    def test_a_web_address_that_runs_or_leads_nowhere_is_refused(self, value):
        assert refused(value, type="string", format="uri")

    def test_good_ones_are_taken(self):
        assert refused("emma@example.com", type="string", format="email") == []
        assert refused("https://example.com/a?b=c", type="string", format="uri") == []


class TestSteps:
    @pytest.mark.parametrize(("value", "step"), [(0.75, 0.25), (0.15, 0.05), (3, 1.5), (-0.5, 0.25)])
    def test_multiples_are_taken(self, value, step):
        assert refused(value, type="number", multipleOf=step) == []

    @pytest.mark.parametrize(("value", "step"), [(0.8, 0.25), (0.16, 0.05), (1e300, 0.25)])
    def test_other_numbers_are_refused(self, value, step):
        assert refused(value, type="number", multipleOf=step) == [f"Must be a multiple of {step}."]

    @pytest.mark.parametrize(
        ("before", "after", "effect"), [(0.5, 0.25, "safe"), (0.25, 0.5, "narrows"), (None, 5, "narrows")]
    )
    def test_another_step_is_weighed(self, before, after, effect):
        old = definition(type="number", **({"multipleOf": before} if before else {}))
        assert [c.effect for c in compare(old, definition(type="number", multipleOf=after))] == [effect]


class TestPatterns:
    def test_hold_for_texts_of_the_length_they_were_judged_for(self):
        form = {"type": "string", "maxLength": 6, "pattern": "^[A-Z]+$"}
        assert refused("ABC", **form) == []
        assert refused("abc", **form) == ["Does not have the expected form (^[A-Z]+$)."]

    def test_are_never_run_on_longer_ones(self):
        started = time.thread_time()
        said = refused("a" * 200_000, type="string", maxLength=100, pattern="a*a*b")
        assert said == ["Must have at most 100 characters."]
        assert time.thread_time() - started < 1


class TestOwnRules:
    def test_refuse_a_record_in_the_definitions_own_words(self):
        document = {
            "$id": "trip",
            "title": "Trip",
            "type": "object",
            "properties": {"kind": {"type": "string", "enum": ["train", "car"]}, "km": {"type": "integer"}},
            "x-rules": [
                {
                    "if": {
                        "properties": {"kind": {"const": "car"}, "km": {"minimum": 500}},
                        "required": ["kind", "km"],
                    },
                    "message": "Beyond 500 km take the train.",
                    "at": "kind",
                    "x-i18n": {"zh": "超过 500 公里请乘火车。"},
                }
            ],
        }
        assert dialect.check([document]) == []
        rules = Rules(parse(document))
        assert rules.check({"kind": "car", "km": 499}) == []
        problem = rules.check({"kind": "car", "km": 500})[0]
        assert (problem.pointer, problem.text) == ("/kind", "Beyond 500 km take the train.")
        assert problem.said == {"zh": "超过 500 公里请乘火车。"}

    def test_names_fields_that_there_are(self):
        rule = {"if": {"required": ["ghost"]}, "message": "No.", "at": "spirit"}
        document = {"$id": "trip", "title": "T", "type": "object", "properties": {"km": {"type": "integer"}}}
        found = dialect.check([{**document, "x-rules": [rule]}])
        assert {p.pointer for p in found} == {"/x-rules/0/at", "/x-rules/0/if/required/0"}
