"""What other low-code platforms are known to get wrong, each as a test that names the failure (see docs: architecture).

Frappe: half a change stays, rows grow too large. Directus: columns are dropped, other processes stay stale.
NocoDB and Strapi: a rename loses values. Baserow: what does not convert is emptied. Strapi: permissions are reset.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, inspect, text
from sqlalchemy.orm import Session

from metadata import publish, records
from metadata.catalog import Catalog
from metadata.engine import make_engine, publishing
from metadata.errors import Busy, Conflict
from metadata.leftovers import leftovers
from metadata.parser import thawed
from metadata.versions import CatalogSource, load_catalog
from tests.metadata.conftest import HANA, NOW

TEXT_FIELDS = 150
ACCESS = {
    "HR admin": {"rows": "all", "can": ["list", "show", "add", "edit", "remove", "export"]},
    "Employee": {"rows": "own", "can": ["list", "show", "add"], "hides": ["secret"]},
}


def visit(**fields: Any) -> dict[str, Any]:
    properties = {name: {"type": "string", "maxLength": 20} for name in ("code", "secret")} | fields
    return {"$id": "visit", "title": "Visit", "type": "object", "properties": properties, "x-access": ACCESS}


def values(door, *names: str) -> list[tuple[Any, ...]]:
    with Session(door.engine) as session:
        page = records.select(session, door.catalog, "visit", HANA, records.Query(order=(("id", False),)))
        return [tuple(record.get(name) for name in names) for record in page.rows]


@pytest.fixture
def door(bare_door):
    return bare_door


@pytest.fixture
def visits(door):
    """A definition with a text field `result` that holds a number, nothing and words."""
    door.publish(visit(result={"type": "string", "maxLength": 40}))
    for code, result in (("a", "12"), ("b", "x"), ("c", "many")):
        door.create("visit", code=code, result=result, secret="s")
    with door.engine.begin() as connection:
        connection.execute(text("UPDATE rec_visit SET result = '' WHERE code = 'b'"))
    return door


def edited(door, change: Callable[[dict[str, Any]], object], **more: Any) -> Catalog:
    document = door.document("visit")
    change(document["properties"])
    return door.publish(document, **more)


class TestRename:
    def test_keeps_every_value(self, visits):
        def rename(properties):
            properties["finding"] = properties.pop("result")

        edited(visits, rename)
        assert values(visits, "code", "finding") == [("a", "12"), ("b", ""), ("c", "many")]
        visits.rollback(1)
        assert values(visits, "code", "result") == [("a", "12"), ("b", ""), ("c", "many")]


class TestRemovedAndAddedAgain:
    def test_returns_its_values(self, visits):
        kept = visits.document("visit")["properties"]["result"]
        edited(visits, lambda p: p.pop("result"), confirm=["visit"])
        assert "result" not in visits.catalog["visit"].definition.fields
        edited(visits, lambda p: p.update(result=kept))
        assert values(visits, "code", "result") == [("a", "12"), ("b", ""), ("c", "many")]


class TestTypeChange:
    def test_lists_what_does_not_convert_and_keeps_it(self, visits):
        edited(visits, lambda p: p.update(result={"type": "integer"}))
        assert values(visits, "code", "result") == [("a", 12), ("b", None), ("c", None)]
        with Session(visits.engine) as session:
            assert [left.before for left in leftovers(session, visits.catalog, "visit", "result")] == ["many"]
        visits.rollback(1)
        assert values(visits, "code", "result") == [("a", "12"), ("b", ""), ("c", "many")]

    def test_nothing_as_text_becomes_nothing_as_number(self, visits):
        edited(visits, lambda p: p.update(result={"type": "number", "multipleOf": 0.01}))
        assert dict(values(visits, "code", "result"))["b"] is None


class TestManyTextFields:
    def test_a_hundred_and_fifty_hold_long_texts_and_take_one_more(self, door):
        def fields(count: int) -> dict[str, Any]:
            return {f"note_{n}": {"type": "string", "maxLength": 500} for n in range(count)}

        door.publish(visit(**fields(TEXT_FIELDS)))
        long = {f"note_{n}": "检" * 500 for n in range(TEXT_FIELDS)}
        record = door.create("visit", code="a", **long)
        edited(door, lambda p: p.update(fields(TEXT_FIELDS + 1)))
        door.change("visit", record.id, **{f"note_{TEXT_FIELDS}": "更" * 500, "note_0": "short"})
        assert values(door, "note_0", "note_1", f"note_{TEXT_FIELDS}") == [("short", "检" * 500, "更" * 500)]


class TestPermissions:
    def test_survive_every_change_and_its_way_back(self, visits):
        def rename(properties):
            properties["finding"] = properties.pop("result")

        before = visits.catalog["visit"].definition.access
        for change in (
            rename,
            lambda p: p.update(finding={"type": "integer"}),
            lambda p: p.update(extra={"type": "boolean"}),
        ):
            edited(visits, change, confirm=["visit"])
            assert visits.catalog["visit"].definition.access == before
        visits.rollback(1)
        assert visits.catalog["visit"].definition.access == before


class TestHalfAChange:
    @pytest.mark.parametrize("step", ["created", "altered", "recorded", "hooked"])
    def test_never_exists(self, visits, step):
        def fail(name: str) -> None:
            if name == step:
                raise OSError(name)

        before = shape(visits.engine)
        changed = visits.document("visit")
        changed["properties"] |= {"result": {"type": "integer"}, "extra": {"type": "string", "maxLength": 5}}
        fresh = visit() | {"$id": "second_visit"}
        with pytest.raises(OSError, match=step):
            visits.publish(changed, fresh, step=fail)
        assert shape(visits.engine) == before
        with Session(visits.engine) as session:
            assert load_catalog(session).version == 1
        assert values(visits, "code", "result") == [("a", "12"), ("b", ""), ("c", "many")]


def shape(engine: Engine) -> dict[str, set[str]]:
    """Tables with their columns."""
    found = inspect(engine)
    return {table: {c["name"] for c in found.get_columns(table)} for table in found.get_table_names()}


class TestNoWayBack:
    def test_there_is_one_from_several_changes_at_once_with_every_value(self, visits):
        before = values(visits, "code", "result", "secret")

        def reshape(properties):
            properties["finding"] = properties.pop("result") | {"x-id": "result"}
            properties["secret"] = {"type": "integer"}
            properties["extra"] = {"type": "boolean", "default": True}

        edited(visits, reshape, confirm=["visit"])
        assert [value for (value,) in values(visits, "secret")] == [None] * 3
        visits.create("visit", code="d", secret=7, finding="new")
        visits.rollback(1)
        assert values(visits, "code", "result", "secret") == [*before, ("d", "new", "7")]
        assert "extra" not in visits.catalog["visit"].definition.fields


class TestStaleWorkers:
    def test_never_exist(self, visits):
        elsewhere, other = CatalogSource(), make_engine(visits.engine.url)
        with Session(other) as session:
            assert elsewhere.current(session).version == 1
        for number in range(3):
            edited(visits, lambda p, n=number: p.update({f"extra_{n}": {"type": "boolean"}}))
            with Session(other) as session:
                seen = elsewhere.current(session)
                assert f"extra_{number}" in seen["visit"].definition.fields
                records.select(session, seen, "visit", HANA, records.Query())
        other.dispose()


class TestTwoAdmins:
    def test_who_link_two_definitions_to_each_other_at_once_both_come_through(self, door):
        door.publish(visit(), visit() | {"$id": "finding"})
        outcomes = together(
            door,
            lambda s, c: put(s, c, "visit", finding={"$ref": "finding"}),
            lambda s, c: put(s, c, "finding", visit={"$ref": "visit"}),
        )
        assert outcomes == ["done", "done"]
        with Session(door.engine) as session:
            door.catalog = load_catalog(session)
        made = door.create("finding", code="f")
        door.create("visit", code="v", finding=made.id)
        assert door.catalog.version == 3
        keys = {
            (k["constrained_columns"][0], k["referred_table"])
            for k in inspect(door.engine).get_foreign_keys("rec_visit")
        }
        assert ("finding", "rec_finding") in keys

    def test_who_change_the_same_definition_from_the_same_version_one_is_told(self, door):
        door.publish(visit())
        outcomes = together(
            door,
            lambda s, c: put(s, c, "visit", bases={"visit": 1}, one={"type": "boolean"}),
            lambda s, c: put(s, c, "visit", bases={"visit": 1}, two={"type": "boolean"}),
        )
        assert sorted(outcomes) == ["Conflict", "done"]


def put(session: Session, catalog: Catalog, name: str, bases: dict[str, int] | None = None, **fields: Any) -> None:
    """Publish a definition as it is in `catalog`, with more fields."""
    document: dict[str, Any] = thawed(catalog[name].definition.document)
    document["properties"] |= fields
    publish.publish(session, catalog, [document], actor=HANA, comment="t", now=NOW, bases=bases)


def together(door, *works: Callable[[Session, Catalog], None]) -> list[str]:
    """Do these at the same moment, each with an engine of its own as another process has it; how each ended."""
    gate = threading.Barrier(len(works))
    outcomes: dict[int, str] = {}

    def run(place: int, work: Callable[[Session, Catalog], None]) -> None:
        engine = make_engine(door.engine.url)
        with Session(engine) as session:
            catalog = load_catalog(session)  # what both looked at before they began
        gate.wait()
        while place not in outcomes:
            try:
                with publishing(), Session(engine) as session, session.begin():
                    work(session, catalog)
                outcomes[place] = "done"
            except Busy:
                continue
            except Conflict:
                outcomes[place] = "Conflict"
        engine.dispose()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [outcomes[place] for place in range(len(works))]
