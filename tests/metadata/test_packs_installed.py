"""Packs come, are renewed and go: HR's changes stay, records stay, the record of the pack follows the catalog."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from metadata import folder, installed, records
from metadata.engine import publishing
from metadata.errors import Conflict, DefinitionError, Invalid, NotFound
from metadata.packs import installing
from tests.metadata.conftest import HANA, NOW, Door

SHIFT: dict[str, Any] = {
    "$id": "shift",
    "title": "Shift",
    "type": "object",
    "properties": {
        "day": {"type": "string", "format": "date", "title": "Day"},
        "line": {"type": "string", "maxLength": 40, "title": "Line"},
    },
    "required": ["day"],
}
REPORT: dict[str, Any] = {
    "$id": "shift_report",
    "title": "Report",
    "type": "object",
    "properties": {"shift": {"$ref": "shift", "title": "Shift"}, "text": {"type": "string", "title": "Text"}},
}
Write = Callable[..., str]


@pytest.fixture
def crew(tmp_path) -> Write:
    """Writes the pack's folder in some version and says where."""

    def write(version: str, *documents: dict[str, Any], requires: tuple[str, ...] = (), name: str = "crew") -> str:
        folder = Path(tmp_path) / f"{name}-{version}"
        folder.mkdir()
        manifest = {"name": name, "title": "Crew", "version": version, "requires": list(requires)}
        names = [d["$id"] for d in documents]
        (folder / "pack.json").write_text(json.dumps({**manifest, "definitions": names}))
        for document in documents:
            (folder / f"{document['$id']}.json").write_text(json.dumps(document))
        return str(folder)

    return write


def install(door: Door, folder: str, **more: Any) -> installing.Done:
    with publishing(), Session(door.engine) as session, session.begin():
        done = installing.install(session, door.catalog, folder, actor=HANA, now=NOW, **more)
    door.catalog = done.catalog
    return done


def upgrade(door: Door, folder: str, confirm: tuple[str, ...] = (), **more: Any) -> installing.Plan:
    with publishing(), Session(door.engine) as session, session.begin():
        plan = installing.plan_upgrade(session, door.catalog, folder, **more)
        door.catalog = installing.upgrade(session, door.catalog, plan, actor=HANA, now=NOW, confirm=confirm).catalog
    return plan


def uninstall(door: Door, name: str = "crew", confirm: str = "crew", **more: Any) -> None:
    with publishing(), Session(door.engine) as session, session.begin():
        done = installing.uninstall(session, door.catalog, name, actor=HANA, now=NOW, confirm=confirm, **more)
    door.catalog = done.catalog


def versions(door: Door) -> dict[str, str]:
    with Session(door.engine) as session:
        return {one.name: one.version for one in installed.present(session).values()}


def changed(document: dict[str, Any], **properties: Any) -> dict[str, Any]:
    made = json.loads(json.dumps(document))
    for name, item in properties.items():
        made["properties"][name] = {**made["properties"].get(name, {}), **item}
    return made


class TestInstall:
    def test_takes_a_folder_and_remembers_its_version(self, door, crew):
        install(door, crew("1.0", SHIFT, REPORT))
        made = door.create("shift", day="2026-03-02", line="A")
        door.create("shift_report", shift=made.id, text="Fine")
        assert versions(door) == {"crew": "1.0"}

    def test_refuses_a_second_time(self, door, crew):
        folder = crew("1.0", SHIFT)
        install(door, folder)
        with pytest.raises(Conflict, match="installed already"):
            install(door, folder)

    def test_brings_the_packs_that_it_requires(self, door, crew):
        done = install(door, crew("1.0", SHIFT, requires=("garments",)), adopt=True)
        assert list(done.packs)[-2:] == ["garments", "crew"]

    def test_refuses_names_that_belong_to_others_until_they_are_adopted(self, door, crew):
        door.publish(changed(SHIFT, note={"type": "string", "title": "Note"}))
        folder = crew("1.0", SHIFT)
        with pytest.raises(Conflict, match=r"shift.*--adopt"):
            install(door, folder)
        install(door, folder, adopt=True)
        assert "note" in door.catalog["shift"].definition.fields
        assert versions(door) == {"crew": "1.0"}

    def test_a_wrong_definition_leaves_nothing_behind(self, door, crew):
        wrong = changed(SHIFT, who={"$ref": "ghost", "title": "Who"})
        with pytest.raises(DefinitionError):
            install(door, crew("1.0", wrong))
        assert versions(door) == {}


class TestUpgrade:
    def test_keeps_what_hr_changed_and_brings_what_the_pack_changed(self, door, crew):
        install(door, crew("1.0", SHIFT))
        made = door.create("shift", day="2026-03-02", line="A")
        hrs = changed(door.document("shift"), note={"type": "string", "title": "Note"}, line={"title": "Band"})
        door.publish(hrs)
        door.change("shift", made.id, note="Late")
        plan = upgrade(door, crew("1.1", changed(SHIFT, line={"maxLength": 80}, pieces={"type": "integer"}), REPORT))
        fields = door.catalog["shift"].definition.fields
        assert set(fields) == {"day", "line", "pieces", "note"}
        assert (fields["line"].title(), fields["line"].max_length) == ("Band", 80)
        assert (plan.clashes, versions(door)) == ({}, {"crew": "1.1"})
        assert "shift_report" in door.catalog
        with Session(door.engine) as session:
            kept = records.find(session, door.catalog, "shift", HANA, made.id)
        assert (kept["line"], kept["note"], kept["pieces"]) == ("A", "Late", None)

    def test_tells_a_clash_and_leaves_hrs_side(self, door, crew):
        install(door, crew("1.0", SHIFT))
        door.publish(changed(door.document("shift"), line={"title": "Band"}))
        folder = crew("1.1", changed(SHIFT, line={"title": "Assembly"}))
        plan = upgrade(door, folder)
        assert [(c.pointer, c.ours, c.theirs) for c in plan.clashes["shift"]] == [
            ("/properties/line/title", "Band", "Assembly")
        ]
        assert door.catalog["shift"].definition.fields["line"].title() == "Band"

    def test_takes_the_packs_side_where_asked_for(self, door, crew):
        install(door, crew("1.0", SHIFT))
        door.publish(changed(door.document("shift"), line={"title": "Band"}))
        upgrade(door, crew("1.1", changed(SHIFT, line={"title": "Assembly"})), prefer_theirs=True)
        assert door.catalog["shift"].definition.fields["line"].title() == "Assembly"

    def test_twice_in_a_row_compares_with_the_last_version(self, door, crew):
        install(door, crew("1.0", SHIFT))
        upgrade(door, crew("1.9", changed(SHIFT, line={"title": "Assembly"})))
        plan = upgrade(door, crew("1.10", changed(SHIFT, line={"title": "Assembly line"})))
        assert (plan.before, plan.clashes) == ("1.9", {})
        assert door.catalog["shift"].definition.fields["line"].title() == "Assembly line"

    def test_asks_before_a_field_disappears_and_keeps_its_values(self, door, crew):
        install(door, crew("1.0", SHIFT))
        made = door.create("shift", day="2026-03-02", line="A")
        without = changed(SHIFT)
        del without["properties"]["line"]
        folder = crew("2.0", without)
        with pytest.raises(DefinitionError) as caught:
            upgrade(door, folder)
        assert "confirm" in caught.value.problems[0].text
        assert versions(door) == {"crew": "1.0"}
        upgrade(door, folder, confirm=("shift",))
        assert list(door.catalog["shift"].definition.fields) == ["day"]
        door.rollback(door.catalog.version - 1)
        with Session(door.engine) as session:
            assert records.find(session, door.catalog, "shift", HANA, made.id)["line"] == "A"

    def test_withdraws_what_the_pack_no_longer_ships_unless_hr_changed_it(self, door, crew):
        other = {**REPORT, "$id": "shift_note"}
        install(door, crew("1.0", SHIFT, REPORT, other))
        door.publish(changed(door.document("shift_note"), text={"title": "Words"}))
        plan = upgrade(door, crew("2.0", SHIFT), confirm=("shift_report",))
        assert "shift_report" not in door.catalog
        assert "shift_note" in door.catalog
        assert list(plan.clashes) == ["shift_note"]

    def test_refuses_an_older_version_and_a_pack_that_is_not_there(self, door, crew):
        with pytest.raises(NotFound, match="not installed"):
            upgrade(door, crew("0.9", SHIFT))
        install(door, crew("1.0", SHIFT))
        with pytest.raises(Conflict, match="older"):
            upgrade(door, str(Path(crew("0.8", SHIFT))))

    def test_is_refused_when_somebody_published_meanwhile(self, door, crew):
        install(door, crew("1.0", SHIFT))
        folder = crew("1.1", changed(SHIFT, line={"title": "Assembly"}))
        with publishing(), Session(door.engine) as session, session.begin():
            plan = installing.plan_upgrade(session, door.catalog, folder)
        stale = door.catalog
        door.publish(changed(door.document("shift"), line={"maxLength": 90}))
        with pytest.raises(Conflict, match="hana"), publishing(), Session(door.engine) as session, session.begin():
            installing.upgrade(session, stale, plan, actor=HANA, now=NOW)


class TestUninstall:
    def test_hides_the_definitions_and_brings_the_records_back(self, door, crew):
        folder = crew("1.0", SHIFT, REPORT)
        install(door, folder)
        door.publish(changed(door.document("shift"), note={"type": "string", "title": "Note"}))
        made = door.create("shift", day="2026-03-02", line="A", note="Late")
        uninstall(door)
        assert ("shift" in door.catalog, versions(door)) == (False, {})
        install(door, folder)
        with Session(door.engine) as session:
            kept = records.find(session, door.catalog, "shift", HANA, made.id)
        assert (kept["line"], kept["note"]) == ("A", "Late")

    def test_names_definitions_and_packs_that_depend_on_it(self, door, crew):
        install(door, crew("1.0", SHIFT))
        install(door, crew("1.0", REPORT, requires=("crew",), name="reports"))
        with pytest.raises(Conflict) as caught:
            uninstall(door)
        assert [p.text for p in caught.value.problems] == [
            "The pack reports requires it.",
            "“shift_report” refers to shift with its field “shift”.",
        ]

    def test_wants_the_name_typed(self, door, crew):
        install(door, crew("1.0", SHIFT))
        with pytest.raises(Invalid, match="--confirm crew"):
            uninstall(door, confirm="")
        assert "shift" in door.catalog


class TestRollback:
    def test_takes_the_record_of_the_pack_along(self, door, crew):
        before = door.catalog.version
        install(door, crew("1.0", SHIFT))
        at_one = door.catalog.version
        upgrade(door, crew("1.1", changed(SHIFT, line={"title": "Assembly"})))
        door.rollback(at_one)
        assert versions(door) == {"crew": "1.0"}
        door.rollback(before)
        assert versions(door) == {}
        door.rollback(door.catalog.version - 1)
        assert versions(door) == {"crew": "1.0"}
        upgrade(door, crew("1.2", changed(SHIFT, line={"title": "Line no."})))
        assert door.catalog["shift"].definition.fields["line"].title() == "Line no."


def test_what_hr_did_to_rows_survives_an_upgrade_and_a_pack_that_nobody_changed_is_not_written_out(bare_door, crew):
    inner = {"what": {"type": "string", "maxLength": 40}, "weight": {"type": "integer"}}
    lines = {"type": "array", "items": {"type": "object", "properties": inner}}
    shipped = {**SHIFT, "properties": {**SHIFT["properties"], "lines": lines}}
    install(bare_door, crew("1", shipped))
    with Session(bare_door.engine) as session:
        assert list(folder.write(session, bare_door.catalog)) == [folder.MANIFEST]
    document = bare_door.document("shift")
    fields = document["properties"]["lines"]["items"]["properties"]
    fields["mass"], fields["note"] = fields.pop("weight"), {"type": "string", "maxLength": 9}
    bare_door.publish(document)
    bare_door.create("shift", day="2026-01-01", lines=[{"what": "a", "mass": 3, "note": "n"}])
    newer = json.loads(json.dumps(shipped))
    newer["properties"]["lines"]["items"]["properties"]["weight"]["minimum"] = 0
    newer["properties"]["lines"]["items"]["properties"]["price"] = {"type": "integer"}
    plan = upgrade(bare_door, crew("2", newer))
    assert plan.clashes == {}
    rows = bare_door.catalog["shift"].definition.fields["lines"].rows
    assert (set(rows), rows["mass"].minimum) == ({"what", "mass", "note", "price"}, 0)
    with Session(bare_door.engine) as session:
        (record,) = records.select(session, bare_door.catalog, "shift", HANA, records.Query()).rows
    assert {k: v for k, v in record["lines"][0].items() if k != "id"} == {
        "what": "a",
        "mass": 3,
        "note": "n",
        "price": None,
    }
