"""The shipped packs: whole, in both languages, true to the names that others rely on; and refusals of broken ones."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from metadata import measure, packs
from metadata.errors import DefinitionError, NotFound
from metadata.model import ACTIONS, SCOPES
from metadata.parser import parse

ROLES = {"HR admin", "Department head", "Trainer", "Employee", "Auditor", "Integration"}
NAMES_THAT_STAY = {
    *("department", "position", "employee", "production_output", "pass_rate", "sales_revenue", "repurchase_rate"),
    *("scorecard", "objective_company", "objective_department", "objective_individual", "course", "team_productivity"),
}
GROUPS = {"organisation", "performance", "goals", "training", "data"}
GARMENT_HEADERS = (
    "date,quarter,department,day,team,targeted_productivity,smv,wip,over_time,incentive,idle_time,idle_men,"
    "no_of_style_change,no_of_workers,actual_productivity"
)


def documents() -> Iterator[Mapping[str, Any]]:
    return (document for pack in packs.available() for document in pack.documents)


ALL = {document["$id"]: document for document in documents()}
every = pytest.mark.parametrize("document", ALL.values(), ids=ALL.keys())


def untranslated(document: Mapping[str, Any]) -> list[str]:
    """What the document says in English and not in Chinese."""
    chinese = document["x-i18n"]["zh"]
    missing = [key for key in ("title", "x-plural", "description") if not chinese.get(key)]
    for name, schema in document["properties"].items():
        spoken = chinese["properties"].get(name, {})
        missing += [f"{name}/{key}" for key in ("title", "description") if key in schema and not spoken.get(key)]
        labels = spoken.get("x-enum-labels", {})
        missing += [f"{name}/{value}" for value in schema.get("enum", ()) if not labels.get(str(value))]
    for section in document.get("x-screen", {}).get("sections", ()):
        missing += [section["title"]] if not chinese["sections"].get(section["title"]) else []
    return missing


class TestShippedDefinitions:
    def test_hold_every_name_that_others_rely_on(self):
        assert set(ALL) >= NAMES_THAT_STAY

    def test_are_named_once_across_all_packs(self):
        assert len(list(documents())) == len(ALL)

    @every
    def test_are_json_schemas_of_draft_2020_12(self, document):
        Draft202012Validator.check_schema(document)

    @every
    def test_parse_to_a_definition_of_a_known_menu_group(self, document):
        definition = parse(document)
        assert definition.group in GROUPS
        assert definition.icon

    @every
    def test_are_complete_in_chinese(self, document):
        assert untranslated(document) == []

    @every
    def test_say_every_english_text(self, document):
        silent = [name for name, schema in document["properties"].items() if not schema.get("title")]
        unlabelled = [
            name
            for name, schema in document["properties"].items()
            if set(map(str, schema.get("enum", ()))) != set(schema.get("x-enum-labels", {}))
        ]
        assert (silent, unlabelled) == ([], [])
        assert document["title"]
        assert document["x-plural"]
        assert document["description"]

    @every
    def test_rule_access_for_every_role_with_known_words(self, document):
        rules = document["x-access"]
        fields = set(document["properties"])
        assert set(rules) == ROLES
        for rule in (one for said in rules.values() for one in (said if isinstance(said, list) else [said])):
            assert rule["rows"] in SCOPES
            assert set(rule.get("can", ())) <= set(ACTIONS)
            assert {*rule.get("hides", ()), *rule.get("locks", ())} <= fields

    def test_refer_only_to_definitions_of_their_own_pack_or_a_required_one(self):
        for pack in packs.available():
            within = {d["$id"] for p in packs.with_requirements([pack.name]) for d in p.documents}
            for one in pack.documents:
                assert {s["$ref"] for s in one["properties"].values() if "$ref" in s} <= within

    @every
    def test_show_and_order_only_fields_that_exist(self, document):
        definition = parse(document)
        fields = {*definition.fields, "id"}
        named = {*definition.screen.list, *(f for f, _down in definition.screen.order)}
        named |= {f for section in definition.screen.sections for f in section.fields}
        named |= {f for names in definition.unique for f in names}
        named |= {f for names in definition.label_fields.values() for f in names if definition.fields}
        assert named <= fields

    @pytest.mark.parametrize("name", [n for n, d in ALL.items() if d["x-kind"] == "kpi"])
    def test_measure_fields_that_they_have(self, name):
        definition = parse(ALL[name])
        assert definition.measure is not None
        read = measure.parse(definition.measure.plan).fields | measure.parse(definition.measure.actual).fields
        assert read <= set(definition.fields)
        assert definition.fields[definition.measure.time].type == "date"
        assert any(field.dimension for field in definition.fields.values()) or name == "hr_hours"


class TestAccessToPeople:
    def test_hides_pay_from_heads_trainers_and_machines(self):
        rules = parse(ALL["employee"]).access
        assert all(
            "salary" in rule.hides for role in ("Department head", "Trainer", "Integration") for rule in rules[role]
        )

    def test_hides_everything_the_manager_and_hr_write_from_the_reviewee(self):
        definition = parse(ALL["review"])
        secret = {
            name for name in definition.fields if name.startswith(("computed", "proposed", "calibrated", "final"))
        }
        (rule,) = definition.access["Employee"]
        assert rule.hides == secret | {"manager_comment"}

    def test_lets_nobody_write_reviews_by_hand(self):
        for rule in chain.from_iterable(parse(ALL["review"]).access.values()):
            assert rule.can.isdisjoint({"add", "edit", "remove", "import"})


class TestLevelsOfObjectives:
    def test_form_one_chain_from_company_to_person(self):
        chain = [ALL[f"objective_{level}"]["x-okr"] for level in ("company", "department", "individual")]
        assert [okr["level"] for okr in chain] == [1, 2, 3]
        assert [okr.get("parent") for okr in chain] == [None, "objective_company", "objective_department"]


class TestWalkthroughs:
    def test_ship_one_for_each_role_with_a_main_job(self):
        tours = {n: d["x-walkthrough"]["role"] for n, d in ALL.items() if d["x-kind"] == "walkthrough"}
        assert tours == {
            "change_a_kpi": "HR admin",
            "run_a_review": "Department head",
            "hold_a_session": "Trainer",
            "my_week": "Employee",
        }

    def test_speak_both_languages_at_every_step(self):
        steps = [s for d in ALL.values() if d["x-kind"] == "walkthrough" for s in d["x-walkthrough"]["steps"]]
        for step in steps:
            assert all((step["title"], step["text"], step["zh"]["title"], step["zh"]["text"]))
            assert step["page"].startswith("/")
            assert step["done"] in {"visit", "click"}


class TestGarments:
    def test_have_the_columns_of_the_file_as_fields(self):
        renamed = ALL["team_productivity"]["x-import"]["headers"]
        fields = {renamed.get(header, header) for header in GARMENT_HEADERS.split(",")}
        assert fields == set(ALL["team_productivity"]["properties"])

    def test_keep_every_digit_of_both_productivities_alike(self):
        fields = parse(ALL["team_productivity"]).fields
        assert {fields[f"{word}_productivity"].type for word in ("targeted", "actual")} == {"number"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A pack that is right; the tests spoil it."""
    path = tmp_path / "crew"
    path.mkdir()
    manifest = {"name": "crew", "title": "Crew", "version": "1.0.0", "definitions": ["shift"]}
    (path / "pack.json").write_text(json.dumps(manifest))
    (path / "shift.json").write_text('{"$id": "shift", "title": "Shift", "type": "object", "properties": {}}')
    return path


def problems(folder: Path) -> list[tuple[str, str]]:
    with pytest.raises(DefinitionError) as caught:
        packs.load(folder)
    return [(p.source, p.pointer) for p in caught.value.problems]


class TestLoad:
    def test_reads_a_folder_of_ones_own(self, folder):
        assert [d["$id"] for d in packs.load(str(folder)).documents] == ["shift"]

    def test_finds_shipped_packs_by_name(self):
        assert packs.load("goals").manifest.requires == ("organisation",)

    @pytest.mark.parametrize("name", ["nowhere", "..", "../packs/goals/..", ""])
    def test_says_so_when_there_is_no_such_pack(self, name, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(NotFound):
            packs.load(name)

    def test_refuses_a_name_given_twice_in_one_object(self, folder):
        (folder / "shift.json").write_text('{"$id": "shift", "title": "A", "title": "B"}')
        assert problems(folder) == [("shift.json", "/title")]

    def test_names_files_that_are_missing_and_files_that_are_not_listed(self, folder):
        (folder / "shift.json").rename(folder / "other.json")
        assert problems(folder) == [("other.json", ""), ("shift.json", "")]

    def test_refuses_a_file_that_holds_another_definition(self, folder):
        (folder / "shift.json").write_text('{"$id": "team"}')
        assert problems(folder) == [("shift.json", "/$id")]

    def test_reports_every_fault_of_a_manifest(self, folder):
        (folder / "pack.json").write_text('{"name": "", "title": "Crew", "definitions": "shift", "colour": "red"}')
        assert [pointer for _file, pointer in problems(folder)] == ["/colour", "/name", "/version", "/definitions"]


class TestWithRequirements:
    def test_puts_a_pack_after_those_it_requires(self):
        names = [pack.name for pack in packs.with_requirements(["training", "performance", "training"])]
        assert names == ["organisation", "training", "performance"]
