"""What the dialect refuses: for each wrong definition the place and the sentence; what ships passes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po
from jsonschema import Draft202012Validator

from metadata import dialect, packs
from metadata.catalog import Catalog, compile_catalog
from metadata.dialect import names
from metadata.dialect.shape import DIALECT, KINDS
from metadata.errors import DefinitionError
from metadata.model import ACTIONS, SCOPES
from metadata.parser import parse
from workflows.scoring.attainment import DIRECTIONS

SHIPPED = [dict(d) for pack in packs.available() for d in pack.documents]
Change = Callable[[dict[str, Any]], Any]

SHIFT: dict[str, Any] = {
    "$id": "shift",
    "x-kind": "kpi",
    "title": "Shift",
    "type": "object",
    "properties": {
        "day": {"type": "string", "format": "date"},
        "code": {"type": "string", "maxLength": 20},
        "note": {"type": "string"},
        "kind": {"type": "string", "enum": ["early", "late"], "x-enum-labels": {"early": "Early"}},
        "level": {"type": "integer", "enum": [1, 2, 3]},
        "planned": {"type": "number", "multipleOf": 0.01},
        "made": {"type": "integer"},
        "mail": {"type": "string", "format": "email"},
        "over": {"type": "boolean"},
        "shift": {"$ref": "shift"},
    },
    "required": ["day"],
    "x-measure": {"time": "day", "plan": "sum(planned)", "actual": "sum(made)"},
}


def found(change: Change, known: Catalog | None = None) -> list[tuple[str, str]]:
    document = json.loads(json.dumps(SHIFT))
    change(document)
    return [(p.pointer, p.text) for p in dialect.check([document], known)]


def of(name: str, **schema: Any) -> Change:
    """A change of one field."""
    return lambda d: d["properties"].__setitem__(name, {**d["properties"].get(name, {}), **schema})


def field(**schema: Any) -> Change:
    """One field more, called extra."""
    return lambda d: d["properties"].__setitem__("extra", schema)


def root(**words: Any) -> Change:
    return lambda d: d.update(
        {word.replace("__", "$").replace("_", "-", 1) if word[:2] == "x_" else word: v for word, v in words.items()}
    )


def rows(**inner: Any) -> Change:
    """A child table called extra."""
    return field(type="array", items={"type": "object", "properties": inner})


NO_LIST = "A list needs entries that can be stored: records, choices, or rows with fields."
UNDECLARED = "There is no field called “ghost”."
NO_FIT = "“{}” does not go with this type of field."

WRONG: list[tuple[Change, str, str]] = [
    # the whole
    (lambda d: d.pop("title"), "/title", "“title” is missing."),
    (root(title=""), "/title", "This field is required."),
    (root(title=7), "/title", "Text is expected here."),
    (root(type="array"), "/type", "Must be one of: object."),
    (root(x_kind="thing"), "/x-kind", f"Must be one of: {', '.join(KINDS)}."),
    (root(x_colour="red"), "/x-colour", "“x-colour” is no word of the dialect here."),
    (root(colour="red"), "/colour", "“colour” is no word of the dialect here."),
    (root(x_lable=["day"]), "/x-lable", "“x-lable” is no word of the dialect here; did you mean “x-label”?"),
    (root(additionalProperties=True), "/additionalProperties", "Must be one of: false."),
    (root(patternProperties={}), "/patternProperties", "“patternProperties” is no word of the dialect here."),
    (root(properties=[]), "/properties", "An object, written in { }, is expected here."),
    (root(x_okr={"level": 1}), "/x-okr", "“x-okr” is no word of the dialect here."),
    (lambda d: d.pop("x-measure"), "/x-measure", "“x-measure” is missing."),
    (lambda d: d.update({"$id": "Shift A"}), "/$id", "A name has up to 40 small letters, digits and single _, and begins with a letter."),
    (lambda d: d.update({"$id": "shift\n"}), "/$id", "A name has up to 40 small letters, digits and single _, and begins with a letter."),
    (lambda d: d.update({"$id": "jobs"}), "/$id", "“jobs” already means something to Plumbline."),
    (lambda d: d.update({"$schema": "http://json-schema.org/draft-07/schema#"}), "/$schema", "Must be one of: https://json-schema.org/draft/2020-12/schema."),
    # names
    (lambda d: d["properties"].update({"Größe": {"type": "integer"}}), "/properties/Größe", "A name has up to 40 small letters, digits and single _, and begins with a letter."),
    (lambda d: d["properties"].update({"select": {"type": "integer"}}), "/properties/select", "“select” already means something to SQL."),
    (lambda d: d["properties"].update({"lambda": {"type": "integer"}}), "/properties/lambda", "“lambda” already means something to Python."),
    (lambda d: d["properties"].update({"id": {"type": "integer"}}), "/properties/id", "“id” already means something to Plumbline."),
    (of("made", **{"x-id": "id"}), "/properties/made/x-id", "Two fields can't keep their values in the same column “id”."),
    (lambda d: [of(n, **{"x-id": "c"})(d) for n in ("made", "over")], "/properties/over/x-id", "Two fields can't keep their values in the same column “c”."),
    # types
    (field(), "/properties/extra/type", "“type” is missing."),
    (field(type="strin"), "/properties/extra/type", "Must be one of: string, integer, number, boolean, array, object."),
    (field(type=["string", "null"]), "/properties/extra/type", "Must be one of: string, integer, number, boolean, array, object."),
    (field(anyOf=[{"type": "string"}], type="string"), "/properties/extra/anyOf", "“anyOf” is no word of the dialect here."),
    (field(type="string", format="ipv4"), "/properties/extra/format", "Must be one of: date, date-time, time, email, uri, uuid."),
    (of("made", maxLength=3), "/properties/made/maxLength", NO_FIT.format("maxLength")),
    (of("code", minimum=3), "/properties/code/minimum", NO_FIT.format("minimum")),
    (of("day", maxLength=3), "/properties/day/maxLength", NO_FIT.format("maxLength")),
    (of("shift", type="integer"), "/properties/shift/type", NO_FIT.format("type")),
    (field(**{"$ref": "ghost"}), "/properties/extra/$ref", "There is no definition called “ghost”."),
    (field(**{"$ref": "https://example.com/a.json"}), "/properties/extra/$ref", "A name has up to 40 small letters, digits and single _, and begins with a letter."),
    (field(**{"$ref": "#/properties/day"}), "/properties/extra/$ref", "A name has up to 40 small letters, digits and single _, and begins with a letter."),
    (field(type="array", items={"$ref": "ghost"}), "/properties/extra/items/$ref", "There is no definition called “ghost”."),
    (field(type="array", items={"type": "integer", "enum": [1]}), "/properties/extra", "A list of choices holds texts."),
    (field(type="array", items={"type": "string"}), "/properties/extra", NO_LIST),
    (field(type="array", items={"type": "object"}), "/properties/extra", NO_LIST),
    (field(type="array", prefixItems=[]), "/properties/extra", "Lists whose entries differ by their place can't be stored."),
    (field(type="array", items={"$ref": "shift"}, minItems=3, maxItems=2), "/properties/extra/maxItems", "No value can be above 3 and below 2."),
    (field(type="array", items={"type": "string", "enum": ["a"]}, default=["b"]), "/properties/extra/default", "There is no choice “b”."),
    (rows(part={"type": "array", "items": {"$ref": "shift"}}), "/properties/extra/items/properties/part", "A row holds single values."),
    (rows(part={"type": "string", "x-format": "attachment"}), "/properties/extra/items/properties/part", "A row can't hold a file."),
    (rows(part={"type": "number", "x-formula": "1"}), "/properties/extra/items/properties/part", "A row can't hold a formula."),
    (rows(part={"$ref": "shift", "x-tree": True}), "/properties/extra/items/properties/part", "A row can't be part of a tree."),
    (rows(part={"$ref": "ghost"}), "/properties/extra/items/properties/part/$ref", "There is no definition called “ghost”."),
    (rows(select={"type": "integer"}), "/properties/extra/items/properties/select", "“select” already means something to SQL."),
    (rows(part={"type": "integer", "minimum": 3, "maximum": 1}), "/properties/extra/items/properties/part/maximum", "No value can be above 3 and below 1."),
    (field(type="object"), "/properties/extra", "An object without named fields can't be stored."),
    (field(type="string", properties={}), "/properties/extra", "Fields within a field need an object."),
    (field(type="object", properties={"a": {"type": "object", "properties": {"b": {"type": "object", "properties": {}}}}}), "/properties/extra/properties/a/properties/b", "Objects can't be nested deeper."),
    (field(type="object", properties={"a": {"type": "integer"}}, required=["a"]), "/properties/extra/required", "Fields of “extra” can only be required when the object itself is."),
    (field(type="object", properties={"a": {"$ref": "ghost"}}), "/properties/extra/properties/a/$ref", "There is no definition called “ghost”."),
    (field(type="integer", **{"x-format": "person"}), "/properties/extra", "There is no definition called “employee”."),
    (field(type="integer", **{"x-format": "person", "$ref": "shift"}), "/properties/extra", "“shift” does not hold people."),
    (lambda d: (field(type="array", items={"$ref": "shift"})(d), d.update({"x-label": ["extra"]})), "/x-label/0", "“extra” can't be part of a label."),
    (lambda d: (field(type="array", items={"$ref": "shift"})(d), d.update({"x-unique": [["extra"]]})), "/x-unique/0", "“extra” can't be kept unique."),
    (field(type="string", **{"x-formula": "made - planned"}), "/properties/extra/x-formula", "The formula gives another type than the field has; write “type” as: number."),
    (lambda d: (field(type="number", **{"x-formula": "made"})(d), d["required"].append("extra")), "/properties/extra/x-formula", "A computed field can't be required."),
    (lambda d: (field(type="number", **{"x-formula": "made"})(d), d.update({"if": {"required": ["over"], "properties": {"extra": {"minimum": 1}}}})), "/if/properties/extra", "“extra” is computed; conditions look at what is kept."),
    (field(**{"$ref": "ghost", "x-tree": True}), "/properties/extra/$ref", "A tree is made of references to the same definition; “ghost” is another."),
    # values
    (of("made", minimum=5, maximum=4), "/properties/made/maximum", "No value can be above 5 and below 4."),
    (of("made", minimum=5, exclusiveMaximum=5), "/properties/made/exclusiveMaximum", "No value can be above 5 and below 5."),
    (of("code", minLength=30), "/properties/code/maxLength", "No value can be above 30 and below 20."),
    (of("code", maxLength=0), "/properties/code/maxLength", "Must be at least 1."),
    (of("made", multipleOf=0.5), "/properties/made/multipleOf", "A whole number is expected here."),
    (of("made", multipleOf=0), "/properties/made/multipleOf", "Must be more than 0."),
    (of("made", minimum="1"), "/properties/made/minimum", "A number is expected here."),
    (of("made", minimum=True), "/properties/made/minimum", "A number is expected here."),
    (of("made", default=1.5), "/properties/made/default", "A whole number is expected here."),
    (of("made", default=3, maximum=2), "/properties/made/default", "Must be at most 2."),
    (of("planned", default=0.001), "/properties/planned/default", "At most 2 decimal places are kept here."),
    (of("day", default="31.12.2026"), "/properties/day/default", "A date such as 2026-03-31 is expected here."),
    (of("mail", default="nobody"), "/properties/mail/default", "An e-mail address such as name@example.com is expected here."),
    (of("over", default="yes"), "/properties/over/default", "True or false is expected here."),
    (of("code", default="x" * 21), "/properties/code/default", "Must have at most 20 characters."),
    (of("code", default="b7", pattern="^[A-Z]"), "/properties/code/default", "Does not have the expected form (^[A-Z])."),
    (of("code", pattern="^("), "/properties/code/pattern", "The pattern can't be read: missing ), unterminated subpattern at position 1."),
    (of("code", pattern="^(a+)+$"), "/properties/code/pattern", "The pattern repeats something that itself repeats or offers choices; such patterns can take for ever."),
    (of("code", pattern="a" * 201), "/properties/code/pattern", "Must have at most 200 characters."),
    (of("note", pattern="^a"), "/properties/note/pattern", "A pattern needs a text of limited length."),
    # choices
    (of("kind", enum=[]), "/properties/kind/enum", "This list is too short: 1 or more are expected."),
    (of("kind", enum=["early", "late", "early"]), "/properties/kind/enum/2", "“early” stands here twice."),
    (of("kind", enum=["early", "late", " "]), "/properties/kind/enum/2", "A choice can't be empty, nor begin or end with a blank."),
    (of("kind", enum=["early", "late", 3]), "/properties/kind/enum/2", "Text is expected here."),
    (of("level", enum=[1, 2, True]), "/properties/level/enum/2", "Text or a whole number is expected here."),
    (of("kind", enum=[str(n) for n in range(501)]), "/properties/kind/enum", "At most 500 entries are possible here."),
    (of("kind", default="night"), "/properties/kind/default", "There is no choice “night”."),
    (of("kind", default="late", **{"x-retired": ["late"]}), "/properties/kind/default", "A retired choice can't be the default."),
    (of("kind", **{"x-retired": ["night"]}), "/properties/kind/x-retired/0", "There is no choice “night”."),
    (of("kind", **{"x-enum-labels": {"night": "Night"}}), "/properties/kind/x-enum-labels/night", "There is no choice “night”."),
    # names of fields elsewhere
    (root(required=["day", "ghost"]), "/required/1", UNDECLARED),
    (root(required=["day", "day"]), "/required/1", "“day” stands here twice."),
    (root(x_label=["ghost"]), "/x-label/0", UNDECLARED),
    (root(x_unique=[["day", "ghost"]]), "/x-unique/0/1", UNDECLARED),
    (root(x_unique=[["note"]]), "/x-unique/0", "“note” can be too long to be kept unique."),
    (root(x_screen={"list": ["ghost"]}), "/x-screen/list/0", UNDECLARED),
    (root(x_screen={"order": "-ghost"}), "/x-screen/order", UNDECLARED),
    (root(x_screen={"order": ["day", "ghost"]}), "/x-screen/order/1", UNDECLARED),
    (root(x_screen={"sections": [{"title": "A", "fields": ["ghost"]}]}), "/x-screen/sections/0/fields/0", UNDECLARED),
    (root(x_screen={"sections": [{"title": "A", "fields": ["day"]}, {"title": "B", "fields": ["day"]}]}), "/x-screen/sections/1/fields", "“day” stands in another section already."),
    (root(x_access={"HR": {"rows": "some"}}), "/x-access/HR/rows", "Must be one of: none, own, assigned, reports, unit, department, all."),
    (root(x_access={"HR": {"rows": "all", "can": ["fly"]}}), "/x-access/HR/can/0", f"Must be one of: {', '.join(ACTIONS)}."),
    (root(x_access={"HR": {"rows": "all", "hides": ["ghost"]}}), "/x-access/HR/hides/0", UNDECLARED),
    (root(x_access={"HR": {"rows": "all", "locks": ["ghost"]}}), "/x-access/HR/locks/0", UNDECLARED),
    (root(x_access={"HR": [{"rows": "all"}, {"rows": "some"}]}), "/x-access/HR/1/rows", "Must be one of: none, own, assigned, reports, unit, department, all."),
    (root(x_access={"HR": []}), "/x-access/HR", "This list is too short: 1 or more are expected."),
    (root(x_access={"HR": [{"rows": "all", "hides": ["ghost"]}]}), "/x-access/HR/0/hides/0", UNDECLARED),
    (root(x_access={"HR": {"rows": "assigned"}}), "/x-access/HR/assigned", "Name the fields that say to whom a record is assigned."),
    (root(x_access={"HR": {"rows": "assigned", "assigned": ["ghost"]}}), "/x-access/HR/assigned/0", UNDECLARED),
    (root(x_access={"HR": {"rows": "assigned", "assigned": ["shift"]}}), "/x-access/HR/assigned/0", "“shift” is no reference to people."),
    (root(x_access={"HR": {"rows": "own", "assigned": ["shift"]}}), "/x-access/HR/assigned", "These fields count only for the rows “assigned”."),
    (root(x_access={"HR": {"rows": "all", "where": {"required": ["ghost"]}}}), "/x-access/HR/where/required/0", UNDECLARED),
    (root(x_access={"HR": {"rows": "all", "where": {"properties": {"kind": {"const": "noon"}}}}}), "/x-access/HR/where/properties/kind/const", "“noon” can't be a value of “kind”."),
    (root(x_access={"HR": {"rows": "reports"}}), "/x-access/HR/rows", "No field says about which person a record is."),
    (root(x_access={"Head": {"rows": "department"}}), "/x-access/Head/rows", "No field says to which department a record belongs."),
    (root(x_owner={"person": "ghost"}), "/x-owner/person", UNDECLARED),
    (root(x_owner={"person": "code"}), "/x-owner/person", "“code” is no reference to other records."),
    (lambda d: d["x-measure"].update(time="ghost"), "/x-measure/time", UNDECLARED),
    (lambda d: d["x-measure"].update(time="code"), "/x-measure/time", "“code” is no date."),
    (lambda d: d["x-measure"].update(plan="sum(ghost)"), "/x-measure/plan", UNDECLARED),
    (lambda d: d["x-measure"].update(plan="sum(code)"), "/x-measure/plan", "“code” is no number."),
    (lambda d: d["x-measure"].update(plan="sum("), "/x-measure/plan", "At character 4: the expression cannot be read from here on."),
    (lambda d: d["x-measure"].update(direction="up"), "/x-measure/direction", f"Must be one of: {', '.join(DIRECTIONS)}."),
    (lambda d: d["x-measure"].update(floor=2), "/x-measure/cap", "The cap must be above the floor."),
    (root(x_import={"headers": {"Tag": "ghost"}}), "/x-import/headers/Tag", UNDECLARED),
    (root(x_import={"dates": {"code": "%d.%m.%Y"}}), "/x-import/dates/code", "“code” is no date."),
    (root(x_import={"dates": {"day": "%Q"}}), "/x-import/dates/day", "“%Q” is no form of a date, such as %d.%m.%Y."),
    (root(x_i18n={"zh": {"properties": {"ghost": {"title": "鬼"}}}}), "/x-i18n/zh/properties/ghost", UNDECLARED),
    (root(x_i18n={"zh": {"sections": {"A": "甲"}}}, x_screen={"list": ["day"]}), "/x-i18n/zh/sections/A", "There is no section called “A”."),
    (root(x_i18n={"zh": {"properties": {"kind": {"x-enum-labels": {"night": "夜"}}}}}), "/x-i18n/zh/properties/kind/x-enum-labels/night", "There is no choice “night”."),
    (root(x_i18n={"Chinese!": {}}), "/x-i18n/Chinese!", "A language is written as browsers write it, for example zh or pt-BR."),
    # conditions
    (root(then={"required": ["note"]}), "/then", "“then” needs an “if” beside it."),
    (lambda d: d.update({"if": {"properties": {"ghost": {"const": 1}}}}), "/if/properties/ghost", UNDECLARED),
    (lambda d: d.update({"if": {"properties": {"made": {"const": "1"}}}}), "/if/properties/made/const", "A whole number is expected here."),
    (lambda d: d.update({"if": {"properties": {"kind": {"const": "night"}}}}), "/if/properties/kind/const", "“night” can't be a value of “kind”."),
    (lambda d: d.update({"if": {"properties": {"kind": {"minimum": 1}}}}), "/if/properties/kind/minimum", NO_FIT.format("minimum")),
    (root(allOf=[{"if": {"required": ["ghost"]}}]), "/allOf/0/if/required/0", UNDECLARED),
    (root(dependentRequired={"code": ["ghost"]}), "/dependentRequired/code", UNDECLARED),
    (lambda d: d.update({"not": {"properties": {"made": {"default": 1}}}}), "/not/properties/made/default", "“default” is no word of the dialect here."),
]  # fmt: skip


@pytest.mark.parametrize(("change", "pointer", "text"), WRONG, ids=[f"{p} {t[:40]}" for _c, p, t in WRONG])
def test_refuses_with_the_place_and_a_sentence(change, pointer, text):
    assert (pointer, text) in found(change)


def test_the_definition_that_the_table_spoils_is_right():
    assert found(lambda d: None) == []


def test_every_sentence_and_hint_is_said_in_chinese():
    with (Path(__file__).parents[2] / "portal" / "translations" / "zh" / "LC_MESSAGES" / "messages.po").open(
        "rb"
    ) as file:
        chinese = {message.id for message in read_po(file) if message.string}
    said = set()
    for change, _pointer, _text in WRONG:
        document = json.loads(json.dumps(SHIFT))
        change(document)
        said |= {text for p in dialect.check([document]) for text in (p.message, p.hint) if text}
    assert said - chinese == set()


def test_tells_one_mistake_once_and_all_mistakes_together():
    def spoil(document: dict[str, Any]) -> None:
        of("made", type="text")(document)
        document["required"].append("ghost")
        document["x-screen"] = {"list": ["made", "code"], "order": "made", "sections": [{"title": "A"}]}

    assert [pointer for pointer, _text in found(spoil)] == [
        "/properties/made/type",
        "/x-screen/sections/0/fields",
        "/required/1",
    ]


class TestWhatShips:
    def test_passes_without_a_problem(self):
        assert dialect.check(SHIPPED) == []

    def test_passes_each_pack_with_those_it_requires(self):
        for pack in packs.available():
            assert dialect.check(d for p in packs.with_requirements([pack.name]) for d in p.documents) == []


class TestMetaSchema:
    def test_is_itself_a_json_schema(self):
        Draft202012Validator.check_schema(dict(DIALECT))

    @pytest.mark.parametrize("document", SHIPPED, ids=lambda d: d["$id"])
    def test_takes_what_ships_in_any_validator(self, document):
        Draft202012Validator(dict(DIALECT)).validate(document)

    def test_uses_the_words_of_the_code(self):
        role = DIALECT["$defs"]["role_access"]["properties"]
        assert tuple(role["rows"]["enum"]) == SCOPES
        assert tuple(role["can"]["items"]["enum"]) == ACTIONS
        assert tuple(DIALECT["$defs"]["measure"]["properties"]["direction"]["enum"]) == DIRECTIONS

    def test_names_that_stay_are_free(self):
        assert [d["$id"] for d in SHIPPED if names.taken_by(d["$id"], field=False)] == []


def catalog_of(*documents: dict[str, Any]) -> Catalog:
    return compile_catalog(1, {d["$id"]: parse(d) for d in documents})


class TestTogether:
    def test_two_of_one_name_are_refused(self):
        problems = dialect.check([SHIFT, {**SHIFT, "title": "Other"}])
        assert [(p.source, p.pointer) for p in problems] == [("shift", "/$id")]

    def test_a_reference_may_go_to_the_catalog_or_to_a_document_beside_it(self):
        crew = {**SHIFT, "$id": "crew", "properties": {**SHIFT["properties"], "shift": {"$ref": "shift"}}}
        assert dialect.check([crew], catalog_of(SHIFT)) == []
        assert dialect.check([crew, SHIFT]) == []
        assert [p.pointer for p in dialect.check([crew])] == ["/properties/shift/$ref"]

    def test_what_others_refer_to_can_not_be_withdrawn(self):
        crew = {**SHIFT, "$id": "crew"}
        problems = dialect.check([{"$id": "shift", "x-withdrawn": True}], catalog_of(SHIFT, crew))
        assert [(p.source, p.text) for p in problems] == [
            ("shift", "“crew” refers to these records with its field “shift”.")
        ]
        both = [{"$id": name, "x-withdrawn": True} for name in ("shift", "crew")]
        assert dialect.check(both, catalog_of(SHIFT, crew)) == []

    def test_what_is_not_there_can_not_be_withdrawn(self):
        assert [p.pointer for p in dialect.check([{"$id": "ghost", "x-withdrawn": True}], catalog_of(SHIFT))] == [
            "/$id"
        ]

    def test_there_is_one_directory_of_people(self):
        employee = next(d for d in SHIPPED if d["$id"] == "employee")
        others = [d for d in SHIPPED if d["$id"] in ("department", "position")]
        twin = {**employee, "$id": "contractor", "x-directory": {"kind": "person", "account": "account"}}
        problems = dialect.check([twin], catalog_of(employee, *others))
        assert [(p.source, p.pointer) for p in problems] == [("contractor", "/x-directory/kind")]

    def test_rows_of_direct_reports_need_a_field_that_names_the_manager(self):
        people = {d["$id"]: d for d in SHIPPED if d["$id"] in ("employee", "department", "position")}
        without = {**people["employee"], "x-directory": {"kind": "person", "account": "account"}}
        rule = {**people["employee"], "$id": "chat", "x-access": {"Head": {"rows": "reports", "can": ["show"]}}}
        del rule["x-directory"]
        rule["x-owner"] = {"person": "manager"}
        known = catalog_of(without, people["department"], people["position"])
        assert [(p.source, p.pointer) for p in dialect.check([rule], known)] == [("chat", "/x-access/Head/rows")]
        assert dialect.check([rule], catalog_of(*people.values())) == []

    def test_a_level_of_objectives_stands_below_its_parent(self):
        levels = {d["$id"]: dict(d) for d in SHIPPED}
        levels["objective_company"]["x-okr"] = {"level": 3}
        assert [(p.source, p.pointer) for p in dialect.check(levels.values())] == [
            ("objective_department", "/x-okr/parent")
        ]

    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            (lambda d: d["properties"].pop("status"), "/properties/status"),
            (lambda d: d["properties"].update(status={"type": "integer", "x-core": True}), "/properties/status"),
            (lambda d: d["properties"]["status"]["enum"].remove("left"), "/properties/status/enum"),
            (lambda d: d["properties"]["status"].pop("x-core"), "/properties/status/x-core"),
        ],
    )
    def test_what_workflows_rely_on_stays(self, change, pointer):
        employee = json.loads(json.dumps(next(d for d in SHIPPED if d["$id"] == "employee")))
        for word in ("if", "then", "else", "required", "x-screen", "x-i18n", "x-label"):
            employee.pop(word, None)
        employee["properties"]["status"].pop("default", None)
        employee["properties"]["status"].pop("x-enum-labels", None)
        known = catalog_of(*SHIPPED)
        change(employee)
        assert pointer in [p.pointer for p in dialect.check([employee], known)]
        assert dialect.check([employee], known, restoring=True) == []

    def test_require_raises_with_all(self):
        with pytest.raises(DefinitionError) as error:
            dialect.require([{**SHIFT, "title": "", "colour": 1}])
        assert [p.pointer for p in error.value.problems] == ["/title", "/colour"]
