"""Publishing as HR sees it: what changes, what is refused, and that nothing is lost."""

from __future__ import annotations

import pytest
from sqlalchemy import inspect
from sqlalchemy.orm import Session

from metadata import publish, records, tables
from metadata.engine import writing
from metadata.errors import Conflict, DefinitionError, Invalid
from metadata.versions import CatalogSource
from tests.metadata.conftest import HANA, NOW


def figures(door, department: int, number: int = 5) -> None:
    for day in range(1, number + 1):
        door.create("production_output", day=f"2026-01-{day:02}", department=department, planned=10, produced=day)


def with_quality(door, **more) -> dict:
    document = door.document("production_output")
    document["properties"]["quality"] = {"type": "string", "title": "Quality", "enum": ["good", "bad"], **more}
    return document


def qualities(door) -> list:
    with Session(door.engine) as session:
        page = records.select(session, door.catalog, "production_output", HANA, records.Query())
        return [record.get("quality") for record in page.rows]


class TestAdditive:
    def test_a_new_required_field_fills_old_records_with_its_default(self, door, production):
        figures(door, production)
        document = with_quality(door, default="good")
        document["required"].append("quality")
        assert [c.count for c in door.preview(document).changes if c.field == "quality"] == [5]
        door.publish(document)
        assert qualities(door) == ["good"] * 5
        with pytest.raises(Invalid):
            door.create(
                "production_output", day="2026-02-01", department=production, planned=1, produced=1, quality="fair"
            )

    def test_a_new_required_field_without_default_is_refused_with_the_count(self, door, production):
        figures(door, production)
        document = with_quality(door)
        document["required"].append("quality")
        with pytest.raises(DefinitionError) as error:
            door.publish(document)
        assert error.value.problems[0].params["count"] == 5
        assert "quality" not in door.catalog["production_output"].definition.fields

    def test_a_new_enum_value_is_taken_by_the_database(self, door, production):
        figures(door, production, 1)
        door.publish(with_quality(door))
        document = door.document("production_output")
        document["properties"]["quality"]["enum"].append("fair")
        door.publish(document)
        door.change("production_output", door.ids("production_output")[0], quality="fair")
        assert qualities(door) == ["fair"]


class TestNarrowing:
    def test_lists_the_records_that_do_not_fit(self, door, production):
        figures(door, production)
        document = door.document("production_output")
        document["properties"]["produced"]["minimum"] = 3
        with pytest.raises(DefinitionError) as error:
            door.publish(document)
        assert error.value.problems[0].params["count"] == 2


class TestHiding:
    def test_a_removed_field_must_be_confirmed_and_comes_back_with_its_values(self, door, production):
        figures(door, production, 2)
        version = door.publish(with_quality(door, default="good")).version
        for record_id in door.ids("production_output"):
            door.change("production_output", record_id, quality="bad")
        without = door.document("production_output")
        del without["properties"]["quality"]
        with pytest.raises(DefinitionError):
            door.publish(without)
        door.publish(without, confirm=["production_output"])
        assert qualities(door) == [None, None]
        door.rollback(version)
        assert qualities(door) == ["bad", "bad"]

    def test_says_how_many_records_hold_what_disappears(self, door, production):
        figures(door, production, 3)
        door.publish(with_quality(door))
        first, second, _third = door.ids("production_output")
        for record_id in (first, second):
            door.change("production_output", record_id, quality="bad")
        with writing(), Session(door.engine) as session, session.begin():
            records.remove(session, door.catalog, "production_output", HANA, second, now=NOW)
        without = door.document("production_output")
        del without["properties"]["quality"]
        assert [c.count for c in door.preview(without).changes if c.field == "quality"] == [1]
        assert [change.count for change in door.preview({"$id": "production_output", "x-withdrawn": True}).changes] == [
            2
        ]


class TestVersions:
    def test_publishing_the_same_again_makes_no_version(self, door):
        before = door.catalog.version
        assert door.publish(door.document("employee")).version == before

    def test_every_process_sees_it_at_its_next_look(self, door):
        elsewhere = CatalogSource()
        with Session(door.engine) as session:
            assert "quality" not in elsewhere.current(session)["production_output"].definition.fields
        door.publish(with_quality(door))
        with Session(door.engine) as session:
            after = elsewhere.current(session)
            assert "quality" in after["production_output"].definition.fields
            assert (
                "quality" not in elsewhere.at(session, door.catalog.version - 1)["production_output"].definition.fields
            )

    def test_what_did_not_change_is_shared(self, door):
        before = door.catalog
        after = door.publish(with_quality(door))
        assert after["employee"] is before["employee"]

    def test_who_edits_an_overtaken_definition_is_told_by_whom(self, door):
        base = door.catalog.version
        document = with_quality(door)
        renamed = door.document("production_output") | {"title": "Output"}
        door.publish(renamed)
        with pytest.raises(Conflict) as error:
            door.publish(document, bases={"production_output": base})
        assert error.value.params["who"] == "hana"

    def test_the_tables_hold_just_the_columns_of_the_catalog(self, door):
        door.publish(with_quality(door))
        columns = {c["name"] for c in inspect(door.engine).get_columns("rec_production_output")}
        assert columns == {c.name for c in tables.runtime_table(door.catalog["production_output"].definition).columns}

    def test_history_names_author_and_comment(self, door):
        door.publish(with_quality(door))
        with Session(door.engine) as session:
            newest = publish.history(session, "production_output")[0]
        assert (newest["author"], newest["comment"], newest["at"]) == ("hana", "test", NOW)
