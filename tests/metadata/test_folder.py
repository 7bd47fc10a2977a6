"""Definitions as a folder: the same bytes each time, the same catalog elsewhere, and conflicts by name."""

from __future__ import annotations

import copy
import json
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from metadata import folder, store
from metadata.catalog import EMPTY
from metadata.engine import make_engine, publishing, writing
from metadata.errors import Conflict, DefinitionError, Invalid
from metadata.packs import installing
from metadata.planning import checksum
from metadata.versions import load_catalog
from tests.metadata.conftest import HANA, NOW, Door
from tests.metadata.test_purging import tool

LATER = NOW + timedelta(hours=2)


@pytest.fixture
def elsewhere(database_kind, databases):
    """An empty installation."""
    with databases.fresh(database_kind) as url:
        engine = make_engine(url)
        with writing(), engine.begin() as connection:
            store.create(connection)
        yield Door(engine, EMPTY)
        engine.dispose()


def export(door, **more):
    with Session(door.engine) as session:
        return folder.write(session, load_catalog(session), **more)


def bring(door, files, **more):
    """Publish the folder; gives the catalog's version."""
    with publishing(), Session(door.engine) as session, session.begin():
        catalog = load_catalog(session)
        given = {"actor": HANA, "comment": "From a folder", "now": LATER, **more}
        door.catalog = folder.publish_folder(session, catalog, folder.read(files), **given)
    return door.catalog.version


def compared(door, files, **more):
    with Session(door.engine) as session:
        return folder.compare(session, load_catalog(session), folder.read(files), **more)


def sums(door):
    return {d.name: checksum(d.document) for d in door.catalog.definitions}


def install(door, *names):
    with publishing(), Session(door.engine) as session, session.begin():
        done = installing.ensure(session, load_catalog(session), names, actor=HANA, now=NOW)
        door.catalog = done.catalog


def retitled(door, title, name="tool"):
    door.publish(door.document(name) | {"title": title})


class TestRoundTrip:
    def test_of_everything_gives_an_equal_catalog_and_then_nothing_to_do(self, door, elsewhere):
        files = export(door)
        assert files == export(door)
        version = bring(elsewhere, files)
        assert sums(elsewhere) == sums(door)
        assert bring(elsewhere, files) == version
        assert compared(elsewhere, files).documents == ()
        again = export(elsewhere)
        assert {n: t for n, t in again.items() if n != folder.MANIFEST} == {
            n: t for n, t in files.items() if n != folder.MANIFEST
        }

    def test_what_is_as_its_pack_ships_it_is_not_written_again(self, elsewhere, databases, database_kind):
        install(elsewhere, "organisation")
        elsewhere.publish(tool())
        retitled(elsewhere, "Unit", "department")
        files = export(elsewhere)
        assert set(files) == {folder.MANIFEST, "tool.json", "department.json"}
        assert {"employee.json", "tool.json"} <= set(export(elsewhere, whole=True))
        with databases.fresh(database_kind) as url:
            engine = make_engine(url)
            with writing(), engine.begin() as connection:
                store.create(connection)
            third = Door(engine, EMPTY)
            bring(third, files)
            assert sums(third) == sums(elsewhere)
            engine.dispose()


class TestConflicts:
    @pytest.fixture
    def pair(self, elsewhere, databases, database_kind):
        """Two installations with the same tool, which the first exported and the second took over."""
        install(elsewhere, "organisation")
        elsewhere.publish(tool())
        with databases.fresh(database_kind) as url:
            engine = make_engine(url)
            with writing(), engine.begin() as connection:
                store.create(connection)
            other = Door(engine, EMPTY)
            bring(other, export(elsewhere))
            yield elsewhere, other
            engine.dispose()

    def test_who_only_lags_behind_is_brought_forward(self, pair):
        here, other = pair
        retitled(here, "Instrument")
        retitled(here, "Device")
        bring(other, export(here))
        assert other.catalog["tool"].definition.title() == "Device"

    def test_who_went_their_own_way_is_named_and_nothing_is_changed(self, pair):
        here, other = pair
        retitled(here, "Instrument")
        here.publish(tool() | {"$id": "shelf"})
        retitled(other, "Gadget")
        before = sums(other)
        with pytest.raises(Conflict) as error:
            bring(other, export(here))
        (problem,) = error.value.problems
        assert (problem.source, problem.params["who"]) == ("tool", "hana")
        other.catalog = other.catalog if sums(other) == before else None
        assert "shelf" not in other.catalog
        bring(other, export(here), force=["tool"])
        assert other.catalog["tool"].definition.title() == "Instrument"
        assert "shelf" in other.catalog

    def test_a_file_edited_by_hand_is_published_where_it_came_from_again_and_again(self, pair):
        here, _other = pair
        files = export(here)
        for title in ("One", "Two"):
            document = json.loads(files["tool.json"])
            files["tool.json"] = json.dumps(document | {"title": title}).encode()
            bring(here, files)
            assert here.catalog["tool"].definition.title() == title

    def test_what_was_published_since_the_export_stops_it(self, pair):
        here, _other = pair
        files = export(here)
        retitled(here, "Instrument")
        files["tool.json"] = json.dumps(json.loads(files["tool.json"]) | {"title": "Other"}).encode()
        with pytest.raises(Conflict):
            bring(here, files)

    def test_what_only_one_has_stays_unless_it_is_pruned(self, pair):
        here, other = pair
        other.publish(tool() | {"$id": "shelf"})
        assert compared(other, export(here)).only_here == ("shelf",)
        bring(other, export(here))
        assert "shelf" in other.catalog
        bring(other, export(here), prune=["shelf"])
        assert "shelf" not in other.catalog
        with pytest.raises(Conflict):
            bring(other, export(here), prune=["employee"])

    def test_one_that_is_no_definition_stops_all(self, pair):
        here, other = pair
        files = export(here)
        files["shelf.json"] = json.dumps(tool() | {"$id": "shelf"}).encode()
        files["wrong.json"] = json.dumps({"$id": "wrong", "type": "object"}).encode()
        with pytest.raises(DefinitionError):
            bring(other, files)
        with Session(other.engine) as session:
            assert "shelf" not in load_catalog(session)

    def test_a_folder_without_manifest_is_said(self, pair):
        with pytest.raises(Invalid):
            folder.read({"tool.json": json.dumps(tool()).encode()})


@st.composite
def shuffled(draw):
    """The tool with its keys, outside of the fields, in any order, and its fields in another order."""
    document = tool(**{f"extra_{i}": {"type": "integer", "title": f"E{i}"} for i in range(draw(st.integers(0, 3)))})
    fields = draw(st.permutations(list(document["properties"])))
    document["properties"] = {name: document["properties"][name] for name in fields}
    keys = draw(st.permutations(list(document)))
    return {key: document[key] for key in keys}


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), phases=(Phase.generate,))
@given(shuffled())
def test_the_order_of_keys_means_nothing_and_that_of_fields_is_kept(door, document):
    with publishing(), Session(door.engine) as session:
        catalog = load_catalog(session)
        given = {"actor": HANA, "comment": "x", "now": LATER}
        one = folder.publish.publish(session, catalog, [copy.deepcopy(document)], **given)
        text = folder.write(session, one)["tool.json"]
        assert list(json.loads(text)["properties"]) == list(document["properties"])
        two = folder.publish.publish(session, one, [json.loads(text)], **given)
        assert two.version == one.version
        session.rollback()
