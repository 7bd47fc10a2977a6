"""Deleting for good: what is listed, what must be typed, and that nothing of it is left anywhere."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import inspect, select, text
from sqlalchemy.orm import Session

from metadata import publish, purging, records, store, stored, versions
from metadata.access import Actor
from metadata.engine import publishing, writing
from metadata.errors import Conflict, DefinitionError, Invalid, NotAllowed, NotFound
from tests.metadata.conftest import HANA, NOW

SECRET = "a very secret remark"
LATER = NOW + timedelta(hours=1)


def tool(**more):
    return {
        "$id": "tool",
        "title": "Tool",
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 40, "title": "Name"},
            "remark": {"type": "string", "maxLength": 100, "title": "Remark"},
            "kind": {"type": "string", "enum": ["big", "small"], "title": "Kind"},
            "owner": {"$ref": "department", "title": "Owner"},
            **more,
        },
        "required": ["name"],
        "x-unique": [["name"]],
    }


@pytest.fixture
def shed(door, production):
    """Two tools with remarks; the field, the kind and the owner were then taken out."""
    door.publish(tool())
    for name in ("Saw", "Axe"):
        door.create("tool", name=name, remark=SECRET, kind="big", owner=production)
    document = door.document("tool")
    for name in ("remark", "kind", "owner"):
        del document["properties"][name]
    door.publish(document, confirm=["tool"])
    return door


def hidden(door):
    with Session(door.engine) as session:
        return {one.key: one for one in purging.hidden(session, door.catalog)}


def purge(door, *keys, confirm=None, actor=HANA):
    with publishing(), Session(door.engine) as session, session.begin():
        return purging.purge(
            session,
            door.catalog,
            keys,
            actor=actor,
            now=LATER,
            comment="Law",
            confirm=keys if confirm is None else confirm,
        )


def everything(door):
    """All that the database holds, as one text."""
    with door.engine.connect() as connection:
        names = inspect(connection).get_table_names()
        return json.dumps([[str(row) for row in connection.execute(text(f'SELECT * FROM "{n}"'))] for n in names])


class TestHidden:
    def test_lists_the_field_its_version_its_values_and_examples(self, shed):
        found = hidden(shed)["tool.remark"]
        assert (found.kind, found.title, found.field, found.count) == ("field", "Tool", "Remark", 2)
        assert found.since == shed.catalog.version
        assert SECRET in found.examples

    def test_lists_withdrawn_definitions_and_the_recycle_bin(self, shed):
        with publishing(), Session(shed.engine) as session, session.begin():
            records.remove(session, shed.catalog, "tool", HANA, shed.ids("tool")[0], now=NOW)
        assert hidden(shed)["tool:removed"].count == 1
        shed.publish({"$id": "tool", "x-withdrawn": True}, confirm=["tool"])
        assert (hidden(shed)["tool"].kind, hidden(shed)["tool"].count) == ("definition", 2)


class TestPurge:
    def test_of_a_field_leaves_nothing_of_its_values(self, shed):
        assert SECRET in everything(shed)
        done = purge(shed, "tool.remark", "tool.kind", "tool.owner")
        assert [one.count for one in done] == [2, 2, 2]
        assert SECRET not in everything(shed)
        assert not [key for key in hidden(shed) if key.startswith("tool.")]
        assert shed.create("tool", name="Hoe").id
        with pytest.raises(Invalid):
            shed.create("tool", name="Hoe")

    def test_keeps_who_did_it_and_why(self, shed):
        purge(shed, "tool.remark")
        with Session(shed.engine) as session:
            row = session.execute(select(store.audit).where(store.audit.c.action == "purge")).mappings().one()
        assert (row["actor"], row["note"], row["after"]["what"], row["after"]["count"]) == (
            "hana",
            "Law",
            "tool.remark",
            2,
        )

    def test_needs_each_key_again_and_someone_who_designs(self, shed):
        with pytest.raises(Invalid):
            purge(shed, "tool.remark", confirm=["tool"])
        with pytest.raises(NotFound):
            purge(shed, "tool.name")
        with pytest.raises(NotAllowed):
            purge(shed, "tool.remark", actor=Actor("derek", frozenset({"Department head"})))
        assert hidden(shed)["tool.remark"].count == 2

    def test_a_version_that_had_the_field_says_that_it_returns_empty_and_gives_it_a_fresh_column(self, shed):
        purge(shed, "tool.remark")
        with Session(shed.engine) as session:
            documents = versions.earlier(session, shed.catalog, shed.catalog.version - 1, ["tool"])
            seen = publish.preview(session, shed.catalog, documents, ["tool"], restoring=True)
        said = [change.text for change in seen.changes if change.field == "remark"]
        assert said == ["Field “Remark” returns empty: hana deleted its values for good on 2026-11-24."]
        shed.rollback(shed.catalog.version - 1)
        saw = shed.ids("tool")[0]
        with Session(shed.engine) as session:
            record = records.find(session, shed.catalog, "tool", HANA, saw)
        assert (record.get("remark"), record.get("kind")) == (None, "big")
        shed.change("tool", saw, remark="new")

    def test_of_a_definition_drops_its_table_and_it_can_begin_again(self, shed):
        shed.publish({"$id": "tool", "x-withdrawn": True}, confirm=["tool"])
        purge(shed, "tool")
        assert SECRET not in everything(shed)
        with Session(shed.engine) as session:
            assert not [one for one in stored.every(session) if one.definition.name == "tool"]
        shed.publish(tool())
        assert shed.ids("tool") == []
        assert shed.create("tool", name="Saw").id == 1

    def test_what_points_at_a_definition_out_of_sight_must_go_with_it(self, shed):
        pointing = shed.document("tool") | {"$id": "shelf", "title": "Shelf"}
        pointing["properties"] = {**pointing["properties"], "tool": {"$ref": "tool", "title": "Tool"}}
        shed.publish(pointing)
        del pointing["properties"]["tool"]
        shed.publish(pointing, confirm=["shelf"])
        shed.publish({"$id": "tool", "x-withdrawn": True}, confirm=["tool"])
        with pytest.raises(Conflict):
            purge(shed, "tool")
        purge(shed, "tool", "shelf.tool")
        assert shed.create("shelf", name="Left").id == 1

    def test_of_the_bin_takes_the_records_and_their_trail(self, shed):
        gone, stays = shed.ids("tool")
        with publishing(), Session(shed.engine) as session, session.begin():
            records.remove(session, shed.catalog, "tool", HANA, gone, now=NOW)
        (done,) = purge(shed, "tool:removed")
        assert done.count == 1
        assert shed.ids("tool") == [stays]
        with Session(shed.engine) as session:
            rows = session.execute(select(store.audit.c.after).where(store.audit.c.record_id == gone)).scalars()
            assert not [row for row in rows if row]

    def test_a_required_field_that_returns_empty_needs_a_default(self, door, production):
        door.publish(tool(serial={"type": "string", "maxLength": 9}) | {"required": ["name", "serial"]})
        version = door.catalog.version
        door.create("tool", name="Saw", serial="1")
        without = door.document("tool")
        del without["properties"]["serial"]
        door.publish(without | {"required": ["name"]}, confirm=["tool"])
        purge(door, "tool.serial")
        with pytest.raises(DefinitionError):
            door.rollback(version)

    def test_of_what_was_seen_then_says_that_it_is_not_known(self, shed):
        first = shed.ids("tool")[0]
        purge(shed, "tool.remark")
        with Session(shed.engine) as session:
            then = records.find_then(session, shed.catalog, "tool", HANA, first, NOW + timedelta(minutes=1))
        assert "remark" not in [f.name for f in then.fields] or "remark" in [f.name for f in then.unknown]


class TestRecordsPointedAtFromOutOfSight:
    """A field that is gone, or a definition, can come back; what it points at must be there then."""

    @pytest.fixture
    def removed(self, shed, production):
        place = shed.create("department", code="OLD", name="Old", name_zh="旧").id
        shed.publish(tool(owner={"$ref": "department", "title": "Owner"}))
        shed.create("tool", name="Hoe", owner=place)
        document = shed.document("tool")
        del document["properties"]["owner"]
        shed.publish(document, confirm=["tool"])
        with writing(), Session(shed.engine) as session, session.begin():
            records.remove(session, shed.catalog, "department", HANA, place, now=NOW)
        return place

    def forget(self, shed, place):
        with writing(), Session(shed.engine) as session, session.begin():
            records.purge(session, shed.catalog, "department", HANA, place, now=NOW)

    def test_are_not_deleted_and_it_is_told_by_whom(self, shed, removed):
        with pytest.raises(Conflict) as error:
            self.forget(shed, removed)
        assert "Tool: Owner (1)" in error.value.params["uses"]
        assert purge(shed, "department:removed")[0].count == 0

    def test_go_once_that_is_deleted(self, shed, removed):
        purge(shed, *(key for key in hidden(shed) if key.startswith("tool.owner")))
        self.forget(shed, removed)
        assert "department:removed" not in hidden(shed)

    def test_are_kept_for_withdrawn_definitions_too(self, shed, removed):
        shed.publish({"$id": "tool", "x-withdrawn": True}, confirm=["tool"])
        with pytest.raises(Conflict):
            self.forget(shed, removed)
        purge(shed, "tool")
        self.forget(shed, removed)
