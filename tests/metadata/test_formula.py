"""Formulas: what is refused, what they give, and that both databases give what plain Python does."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from metadata import dialect, records
from metadata.engine import writing
from metadata.errors import Invalid
from metadata.formula import bind, evaluate
from metadata.formula.binding import as_field
from metadata.parser import parse
from metadata.records import Filter, Query
from metadata.validation import Rules
from tests.metadata.conftest import HANA, NOW

TEAM: dict[str, Any] = {
    "$id": "team",
    "title": "Team",
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 40},
        "size": {"type": "integer"},
        "above": {"$ref": "team", "x-tree": True},
        "double": {"type": "integer", "x-formula": "size * 2"},
    },
}
TASK: dict[str, Any] = {
    "$id": "task",
    "title": "Task",
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 40},
        "whole": {"type": "integer"},
        "money": {"type": "number", "multipleOf": 0.01},
        "share": {"type": "number"},
        "open": {"type": "boolean"},
        "start": {"type": "string", "format": "date"},
        "finish": {"type": "string", "format": "date"},
        "kind": {"type": "string", "enum": ["a", "b", "ä"]},
        "team": {"$ref": "team"},
        "helpers": {"type": "array", "items": {"$ref": "team"}},
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "weight": {"type": "number", "multipleOf": 0.1},
                    "due": {"type": "string", "format": "date"},
                },
            },
        },
        "place": {"type": "object", "properties": {"floor": {"type": "integer"}}},
    },
}


def with_formula(text: str, **schema: Any) -> dict[str, Any]:
    field = {"type": "number", "x-formula": text, **schema}
    return {**TASK, "properties": {**TASK["properties"], "result": field}}


def refusals(text: str, **schema: Any) -> list[str]:
    return [p.text for p in dialect.check([TEAM, with_formula(text, **schema)])]


class TestCheck:
    @pytest.mark.parametrize(
        ("text", "schema", "sentence"),
        [
            ("whole +", {}, "the formula ends or goes on where it can't."),
            ("ghost", {}, "At character 1: there is no field called “ghost”."),
            ("team.ghost", {}, "At character 1: there is no field called “team.ghost”."),
            ("whole ** 2", {}, "At character 1: this has no meaning in a formula."),
            ("whole @ 2", {}, "At character 7: @ has no meaning here."),
            ("__import__('os')", {}, "there is no function “__import__”"),
            ("whole.__class__", {}, "there is no field called “whole.__class__”"),
            ("[1][0]", {}, "At character 1: [ has no meaning here."),
            ("lambda: 1", {}, "At character 7: : has no meaning here."),
            ("name", {}, "The formula gives another type than the field has; write “type” as: string."),
            ("open", {"type": "string"}, "write “type” as: boolean."),
            ("start", {"type": "string"}, "write “type” as: string, format date."),
            ("name + 1", {}, "“+” goes with another type: number."),
            ("whole == name", {"type": "boolean"}, "these values are of different types: number, text."),
            ("1 < whole < 3", {"type": "boolean"}, "compare two values at a time"),
            ("lines", {}, "“lines” is a list"),
            ("sum(whole)", {}, "“whole” is no list."),
            ("sum(lines.due)", {}, "“lines.due” is no number."),
            ("sum(lines.weight * 2)", {}, "is taken of a list's field"),
            ("team.above.above.size", {}, "goes through too many records"),
            ("round(whole, 10)", {}, "from 0 to 9"),
            ("round(1)" + " + round(1)" * 99, {}, "Must have at most 500 characters."),
            ("abs(" * 21 + "1" + ")" * 21, {}, "this is nested too deep."),
            ("share * share * share * share", {}, "this can get larger or smaller than numbers can be"),
            ("team", {}, "“team” is of a type that formulas can't use."),
        ],
    )
    def test_refuses_with_the_place_and_a_sentence(self, text, schema, sentence):
        assert any(sentence in found for found in refusals(text, **schema))

    def test_refuses_circles_over_definitions(self):
        task = with_formula("team.cost")
        team = {**TEAM, "properties": {**TEAM["properties"], "tasks": {"type": "array", "items": {"$ref": "task"}}}}
        team["properties"]["cost"] = {"type": "number", "x-formula": "sum(tasks.result)"}
        found = [p.text for p in dialect.check([team, task])]
        assert any("this goes round in a circle: result → cost → result." in text for text in found)

    def test_refuses_a_bomb_of_formulas(self):
        fields = {f"f{i}": {"type": "number", "x-formula": f"f{i + 1} + f{i + 1}"} for i in range(40)}
        bomb = {**TASK, "properties": {**TASK["properties"], **fields, "f40": {"type": "integer"}}}
        found = [p.text for p in dialect.check([TEAM, bomb])]
        assert any("too long" in text or "larger" in text for text in found)

    def test_tells_what_depends_on_a_field_that_goes(self, door):
        door.publish(TEAM, with_formula("team.size"))
        team = door.document("team")
        del team["properties"]["size"], team["properties"]["double"]
        found = [p.text for p in dialect.check([team], door.catalog)]
        assert any("“result” of “task” could not be computed any more" in text for text in found)


class TestRules:
    def test_refuse_a_record_whose_formula_is_not_true(self):
        rule = {"formula": "start <= finish", "message": "The end comes first.", "at": "finish"}
        document = {**TASK, "x-rules": [rule, {"formula": "sum(lines.weight) <= 1", "message": "Too heavy."}]}
        assert dialect.check([TEAM, document]) == []
        rules, (early, late) = Rules(parse(document)), (NOW.date().replace(day=1), NOW.date())
        assert rules.check({"start": early, "finish": late}) == []
        assert rules.check({"start": late}) == []
        assert [(p.pointer, p.text) for p in rules.check({"start": late, "finish": early})] == [
            ("/finish", "The end comes first.")
        ]
        assert [p.text for p in rules.check({"lines": ({"weight": 0.6}, {"weight": 0.5})})] == ["Too heavy."]

    @pytest.mark.parametrize(
        ("rule", "sentence"),
        [
            ({"formula": "whole + 1"}, "A rule is a comparison"),
            ({"formula": "team.size > 1"}, "A rule looks at the record itself"),
            ({"formula": "ghost"}, "there is no field called “ghost”"),
            ({}, "A rule has either “if” or “formula”."),
        ],
    )
    def test_are_checked_before_they_are_published(self, rule, sentence):
        found = dialect.check([TEAM, {**TASK, "x-rules": [{"message": "No.", **rule}]}])
        assert any(sentence in p.text for p in found)


class TestRecords:
    def test_show_filter_sort_and_follow_what_they_are_computed_of(self, door):
        properties = {
            **TASK["properties"],
            "left": {"type": "number", "multipleOf": 0.01, "x-formula": "money - sum(lines.weight)"},
            "crew": {"type": "integer", "x-formula": "team.double + count(helpers) + coalesce(sum(helpers.size), 0)"},
            "label": {"type": "string", "x-formula": "concat(upper(name), '-', kind)"},
            "late": {"type": "boolean", "x-formula": "days(start, finish) > 10 or place.floor == 3"},
            "last": {"type": "string", "format": "date", "x-formula": "max(lines.due)"},
        }
        properties["leftover"] = properties.pop("left")
        door.publish(TEAM, {**TASK, "properties": properties, "x-screen": {"list": ["name", "leftover", "late"]}})
        team = door.create("team", name="T", size=4).id
        first = door.create(
            "task",
            name="one",
            kind="ä",
            money=10.1,
            team=team,
            helpers=[team],
            start="2026-01-01",
            finish="2026-01-12",
            lines=[{"weight": 0.1, "due": "2026-03-01"}, {"weight": 0.2, "due": "2026-02-01"}],
        )
        door.create("task", name="two", **{"place.floor": 3})
        assert (float(first["leftover"]), first["crew"], first["label"]) == (9.8, 13, "ONE-ä")
        assert (first["late"], str(first["last"])) == (True, "2026-03-01")
        with Session(door.engine) as session:
            page = records.select(session, door.catalog, "task", HANA, Query(order=(("leftover", True),)))
            some = Query(filters=(Filter("leftover", "gte", "9.8"), Filter("late", "eq", "true")))
            assert records.count(session, door.catalog, "task", HANA, some) == 1
        assert dict(page.rows[0].values) == dict(first.values)
        assert [row["late"] for row in page.rows] == [True, True]
        assert page.rows[1]["crew"] is None
        door.change("team", team, size=5)
        assert door.change("task", first.id, money=0)["crew"] == 16

    def test_refuse_to_be_set(self, door):
        door.publish(TEAM)
        with pytest.raises(Invalid) as error:
            door.create("team", name="T", double=3)
        assert [(p.pointer, p.text) for p in error.value.problems] == [
            ("/double", "This field is computed; it can't be set.")
        ]


NUMBERS = st.recursive(
    st.sampled_from(["whole", "money", "share", "place.floor", "team.size", "team.above.size", "team.double"])
    | st.sampled_from(["sum(lines.weight)", "avg(lines.weight)", "min(lines.weight)", "max(lines.weight)"])
    | st.sampled_from(["count(lines)", "count(lines.due)", "sum(helpers.size)", "len(name)", "days(start, finish)"])
    | st.sampled_from(["year(start)", "month(finish)", "0", "2", "0.5", "7.25"]),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "/"]), inner),
        st.builds("{}({}, {})".format, st.sampled_from(["min", "max", "coalesce"]), inner, inner),
        st.builds("if({} {} {}, {}, {})".format, inner, st.sampled_from(["<", ">", "=="]), inner, inner, inner),
        st.builds("round({}, {})".format, inner, st.integers(0, 3)),
        st.builds("-{}".format, inner) | st.builds("abs({})".format, inner),
    ),
    max_leaves=6,
)
TRUTHS = st.recursive(
    st.builds("({} {} {})".format, NUMBERS, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), NUMBERS)
    | st.sampled_from(["open", "start < finish", "kind < 'b'", "name >= kind", "lower(name) == 'ab'", "true"]),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or"]), inner),
        st.builds("(not {})".format, inner),
    ),
    max_leaves=4,
)
DAYS = st.dates().map(lambda d: d.isoformat()) | st.none()
ROWS = st.fixed_dictionaries(
    {
        "name": st.none() | st.text("abAB ü漢", min_size=1, max_size=4).filter(str.strip),
        "whole": st.none() | st.integers(-1000, 1000),
        "money": st.none() | st.integers(-99999, 99999).map(lambda cents: cents / 100),
        "share": st.none() | st.floats(-1000, 1000).map(lambda x: round(x, 3)),
        "open": st.none() | st.booleans(),
        "start": DAYS,
        "finish": DAYS,
        "kind": st.sampled_from([None, "a", "b", "ä"]),
        "lines": st.lists(
            st.fixed_dictionaries({"weight": st.sampled_from([None, 0.1, 0.2, 3.7]), "due": DAYS}), max_size=3
        ),
        "place.floor": st.none() | st.integers(-3, 3),
    }
)


class TestAgainstPython:
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        numbers=st.lists(NUMBERS, min_size=6, max_size=6),
        truths=st.lists(TRUTHS, min_size=3, max_size=3),
        data=st.data(),
    )
    def test_both_databases_give_what_python_gives(self, door, numbers, truths, data):
        fields = {f"n{i}": {"type": "number", "x-formula": text} for i, text in enumerate(numbers)}
        fields |= {f"t{i}": {"type": "boolean", "x-formula": text} for i, text in enumerate(truths)}
        known = [
            n for n in fields if not dialect.check([TEAM, {**TASK, "properties": {**TASK["properties"], n: fields[n]}}])
        ]
        assume(known)
        document = {**TASK, "properties": {**TASK["properties"], **{name: fields[name] for name in known}}}
        door.publish(TEAM, document, confirm=["task"])
        _compare(door, known, data)


def _compare(door: Any, names: list[str], data: Any) -> None:
    top = door.create("team", name="top", size=3).id
    team = door.create("team", name="below", size=8, above=top).id
    rows = data.draw(st.lists(ROWS, min_size=1, max_size=3))
    sent = [{**row, "team": [None, top, team][i % 3], "helpers": [top, team][: i % 3]} for i, row in enumerate(rows)]
    with writing(), Session(door.engine) as own, own.begin():
        ids = records.create_many(own, door.catalog, "task", HANA, sent, now=NOW).created
    world = {e.name: e.definition for e in door.catalog.entities.values()}
    with Session(door.engine) as own:
        for record_id in ids:
            record = records.find(own, door.catalog, "task", HANA, record_id)

            def follow(name: str, number: int, own: Session = own) -> Any:
                return records.find(own, door.catalog, name, HANA, number).values

            for name in names:
                field = world["task"].fields[name]
                expected = evaluate(as_field(bind(world["task"], field.formula, world), field), record.values, follow)
                assert _same(record[name], expected), (field.formula, dict(record.values), expected)


def _same(found: Any, expected: Any) -> bool:
    if isinstance(found, float) and isinstance(expected, float):
        return math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-9)
    return bool(found == expected)
