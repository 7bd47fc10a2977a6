"""What a record was at a moment: random histories against snapshots, titles of that day, and access of today."""

from __future__ import annotations

import contextlib
import copy
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from metadata import publish, records, store
from metadata.access import Actor
from metadata.catalog import EMPTY, Catalog
from metadata.engine import publishing, writing
from metadata.errors import DefinitionError, NotAllowed, NotFound
from metadata.parser import thawed
from tests.metadata.conftest import HANA, NOW

TOOL = {
    "$id": "tool",
    "title": "Tool",
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 40, "title": "Name"},
        "state": {"type": "string", "enum": ["new", "old"], "title": "State"},
        "weight": {"type": "number", "multipleOf": 0.1, "title": "Weight"},
        "owner": {"$ref": "department", "title": "Owner"},
    },
    "required": ["name"],
    "x-label": ["name"],
    "x-access": {
        "HR admin": {"rows": "all", "can": ["list", "show", "add", "edit", "remove"]},
        "Department head": {"rows": "department", "can": ["list", "show"], "hides": ["weight"]},
        "Employee": {"rows": "none"},
    },
}
HEAD = Actor("derek", frozenset({"Department head"}), person_id=1, unit_id=1, unit_ids=(1,))
EMMA = Actor("emma", frozenset({"Employee"}))
QUALITY = {"type": "string", "enum": ["good", "bad"], "default": "good", "title": "Quality"}


class World:
    """A session in which time goes on by a minute with each step, and what was so after each."""

    def __init__(self, session: Session, catalog: Catalog, owner: int = 1) -> None:
        self.session, self.catalog, self.now, self.ids, self.owner = session, catalog, NOW, [], owner
        self.moments: list = []
        self.publish(TOOL)

    def publish(self, document, **more):
        self.now += timedelta(minutes=1)
        given = copy.deepcopy(document)
        self.catalog = publish.publish(
            self.session, self.catalog, [given], actor=HANA, comment="x", now=self.now, confirm=["tool"], **more
        )

    def document(self):
        return thawed(self.catalog["tool"].definition.document) if "tool" in self.catalog else TOOL

    def write(self, act, *arguments, **values):
        self.now += timedelta(minutes=1)
        return act(self.session, self.catalog, "tool", HANA, *arguments, now=self.now, **values)

    def remember(self):
        """Everything as it is now, as its readers have it."""
        entity = self.catalog["tool"]
        page = records.select(self.session, self.catalog, "tool", HANA, records.Query(page_size=200))
        titles = {f.column: f.title() for f in entity.definition.fields.values()}
        rows = {row.id: (by_column(entity.definition, row), dict(row.labels)) for row in page.rows}
        self.moments.append((self.now + timedelta(seconds=1), titles, rows))


def by_column(definition, record):
    return {definition.fields[n].column: v for n, v in record.values.items()}


@st.composite
def steps(draw):
    """What happens, by name, with a number that chooses among what is there."""
    kinds = st.sampled_from(
        (
            "create",
            "change",
            "change",
            "change",
            "remove",
            "restore",
            "rename",
            "add",
            "drop",
            "title",
            "convert",
            "back",
        )
    )
    return draw(st.lists(st.tuples(kinds, st.integers(0, 50)), min_size=3, max_size=14))


def step(world, kind, number):
    if kind == "create":
        world.ids.append(
            world.write(records.create, {"name": f"T{number}", "owner": world.owner if number % 2 else None}).id
        )
    elif kind in ("change", "remove", "restore"):
        if not world.ids:
            return
        record_id = world.ids[number % len(world.ids)]
        record = records.find(world.session, world.catalog, "tool", HANA, record_id, removed=True)
        if (kind == "restore") != (record.removed_at is not None):
            return
        if kind == "change":
            fields = world.catalog["tool"].definition.fields
            names = [n for n in fields if n not in ("name", "owner")]
            name = names[number % len(names)] if names else "name"
            value = {"decimal": number / 10, "choice": fields[name].enum[number % 2].value if fields[name].enum else ""}
            world.write(
                records.change, record_id, {name: value.get(fields[name].type, f"V{number}"), "name": f"N{number}"}
            )
        else:
            world.write(getattr(records, kind), record_id)
    else:
        publish_step(world, kind, number)


def publish_step(world, kind, number):
    document = world.document()
    properties = document["properties"]
    free = [n for n in properties if n not in ("name", "owner")]
    if kind == "rename" and free:
        name = free[number % len(free)]
        document["properties"] = {(f"{n}_{number}" if n == name else n): item for n, item in properties.items()}
        document["required"] = [f"{n}_{number}" if n == name else n for n in document["required"]]
    elif kind == "convert" and "weight" in properties:
        kept = {word: value for word, value in properties["weight"].items() if word in ("x-id", "x-was")}
        number_now = properties["weight"]["type"] == "number"
        words = {"type": "string", "maxLength": 40} if number_now else {"type": "number", "multipleOf": 0.1}
        properties["weight"] = {**words, "title": "Weight", **kept}
    elif kind == "add" and f"quality_{number}" not in properties:
        properties[f"quality_{number}"] = dict(QUALITY)
        document["required"].append(f"quality_{number}")
    elif kind == "drop" and free:
        name = free[number % len(free)]
        del properties[name]
        document["required"] = [n for n in document["required"] if n != name]
    elif kind == "title":
        properties["name"]["title"] = f"Name {number}"
    elif kind == "back":
        older = [int(r["version"]) for r in publish.history(world.session, "tool")]
        world.now += timedelta(minutes=1)
        world.catalog = publish.rollback(
            world.session,
            world.catalog,
            older[number % len(older)],
            actor=HANA,
            comment="b",
            now=world.now,
            only=["tool"],
        )
        return
    for rule in document["x-access"].values():
        if "hides" in rule:
            rule["hides"] = [n for n in rule["hides"] if n in document["properties"]]
    world.publish(document)


@pytest.fixture
def world(door, production):
    with publishing(), Session(door.engine) as session:
        yield World(session, door.catalog)
        session.rollback()


@settings(
    max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), phases=(Phase.explicit, Phase.generate)
)
@given(steps())
def test_as_of_any_moment_is_the_snapshot_taken_then(door, history):
    with publishing(), Session(door.engine) as session:
        owner = records.create(session, door.catalog, "department", HANA, {"code": "A", "name": "A"}, now=NOW).id
        world = World(session, door.catalog, owner)
        for kind, number in history:
            with contextlib.suppress(DefinitionError):  # what can't be published changes nothing
                step(world, kind, number)
            world.remember()
        for on, titles, rows in world.moments:
            page = records.select_then(session, world.catalog, "tool", HANA, on, page_size=200)
            assert {f.column: f.title() for f in page.fields} == titles
            assert {row.id: (by_column(page.definition, row), dict(row.labels)) for row in page.rows} == rows
            for record_id in world.ids:
                if record_id not in rows:
                    continue
                then = records.find_then(session, world.catalog, "tool", HANA, record_id, on)
                assert (by_column(then.definition, then.record), dict(then.record.labels)) == rows[record_id]
        session.rollback()


class TestFindThen:
    def test_shows_titles_and_labels_of_that_day(self, world):
        record_id = world.write(records.create, {"name": "Saw", "owner": 1, "state": "new"}).id
        first = world.now
        document = world.document()
        document["properties"]["state"]["title"] = "Condition"
        world.publish(document)
        records.change(world.session, world.catalog, "department", HANA, 1, {"name": "Works"}, now=world.now)
        then = records.find_then(world.session, world.catalog, "tool", HANA, record_id, first)
        assert then.definition.fields["state"].title() == "State"
        assert then.record.labels["owner"] == "Production"
        now = records.find_then(world.session, world.catalog, "tool", HANA, record_id, world.now)
        assert (now.definition.fields["state"].title(), now.record.labels["owner"]) == ("Condition", "Works")

    def test_computes_by_the_formula_and_the_values_of_that_day(self, world):
        document = world.document()
        words = {"type": "string", "title": "Words", "x-formula": "concat(name, ' of ', owner.name)"}
        document["properties"]["words"] = words
        double = {"type": "number", "multipleOf": 0.01, "title": "Double", "x-formula": "weight * 2"}
        document["properties"]["double"] = double
        world.publish(document)
        record_id = world.write(records.create, {"name": "Saw", "owner": 1, "weight": 2.5}).id
        first = world.now
        document = world.document()
        document["properties"]["double"]["x-formula"] = "weight * 3"
        world.publish(document)
        world.write(records.change, record_id, {"weight": 4})
        records.change(world.session, world.catalog, "department", HANA, 1, {"name": "Works"}, now=world.now)
        for moment, words, double in ((first, "Saw of Production", 5), (world.now, "Saw of Works", 12)):
            then = records.find_then(world.session, world.catalog, "tool", HANA, record_id, moment)
            assert (then.record["words"], float(then.record["double"])) == (words, double)
        now = records.find(world.session, world.catalog, "tool", HANA, record_id)
        assert then.record.values == now.values

    def test_before_it_was_there_it_is_not_found(self, world):
        before = world.now
        record_id = world.write(records.create, {"name": "Saw"}).id
        for moment in (before, NOW - timedelta(days=1)):
            with pytest.raises(NotFound):
                records.find_then(world.session, world.catalog, "tool", HANA, record_id, moment)

    def test_says_when_it_was_in_the_bin(self, world):
        record_id = world.write(records.create, {"name": "Saw"}).id
        world.write(records.remove, record_id)
        removed = world.now
        world.write(records.restore, record_id)
        assert records.find_then(world.session, world.catalog, "tool", HANA, record_id, removed).removed
        assert not records.find_then(world.session, world.catalog, "tool", HANA, record_id, world.now).removed

    def test_says_where_the_trail_begins_and_takes_what_its_first_row_found(self, world):
        record_id = world.write(records.create, {"name": "Saw", "weight": 2}).id
        created = world.now
        world.write(records.change, record_id, {"weight": 3})
        world.session.execute(delete(store.audit).where(store.audit.c.action == "create"))
        then = records.find_then(world.session, world.catalog, "tool", HANA, record_id, created)
        assert then.begins == world.now
        assert (float(then.record["weight"]), then.record["name"]) == (2, "Saw")

    def test_a_field_hidden_today_stays_hidden_for_every_day(self, world):
        record_id = world.write(records.create, {"name": "Saw", "weight": 2, "owner": 1}).id
        then = records.find_then(world.session, world.catalog, "tool", HEAD, record_id, world.now)
        assert "weight" not in then.record.values
        assert [f.name for f in then.fields] == ["name", "state", "owner"]

    def test_a_field_that_is_gone_is_for_those_who_read_definitions(self, world):
        record_id = world.write(records.create, {"name": "Saw", "state": "new", "owner": 1}).id
        moment = world.now
        document = world.document()
        del document["properties"]["state"]
        world.publish(document)
        assert records.find_then(world.session, world.catalog, "tool", HANA, record_id, moment).record["state"] == "new"
        assert (
            "state"
            not in records.find_then(world.session, world.catalog, "tool", HEAD, record_id, moment).record.values
        )

    def test_a_row_hidden_today_is_hidden_for_every_day(self, world):
        record_id = world.write(records.create, {"name": "Saw", "owner": 1}).id
        moment = world.now
        assert records.find_then(world.session, world.catalog, "tool", HEAD, record_id, moment)
        world.write(records.change, record_id, {"owner": None})
        with pytest.raises(NotFound):
            records.find_then(world.session, world.catalog, "tool", HEAD, record_id, moment)
        assert records.select_then(world.session, world.catalog, "tool", HEAD, moment).rows == ()
        with pytest.raises(NotFound):
            records.find_then(world.session, world.catalog, "tool", EMMA, record_id, moment)
        with pytest.raises(NotAllowed):
            records.select_then(world.session, world.catalog, "tool", EMMA, moment)

    def test_a_record_without_any_trail_is_as_it_is_since_its_first_day(self, world):
        record_id = world.write(records.create, {"name": "Saw"}).id
        world.session.execute(delete(store.audit).where(store.audit.c.definition == "tool"))
        table = world.catalog["tool"].table
        world.session.execute(update(table).values(name="Axe"))
        then = records.find_then(world.session, world.catalog, "tool", HANA, record_id, world.now)
        assert then.record["name"] == "Axe"
        assert [row.id for row in records.select_then(world.session, world.catalog, "tool", HANA, world.now).rows] == [
            record_id
        ]


class TestRowsOfLists:
    def test_are_as_they_were_through_renames_and_conversions(self, bare_door):
        line = {"type": "string", "maxLength": 9}
        rows = {"type": "array", "items": {"type": "object", "properties": {"what": line, "weight": line}}}
        total = {"type": "number", "x-formula": "sum(lines.mass)"}
        start = {"$id": "load", "title": "Load", "type": "object", "properties": {"weight": line, "lines": rows}}
        catalog, told = EMPTY, []

        def at(minute):
            return NOW + timedelta(minutes=minute)

        def put(minute, document):
            with publishing(), Session(bare_door.engine) as session, session.begin():
                return publish.publish(session, catalog, [document], actor=HANA, comment="x", now=at(minute))

        def then(minute):
            with Session(bare_door.engine) as session:
                found = records.find_then(session, catalog, "load", HANA, number, at(minute))
            values = found.record.values
            return values["weight"], [{k: v for k, v in row.items() if k != "id"} for row in values["lines"]]

        catalog = put(0, start)
        with writing(), Session(bare_door.engine) as session, session.begin():
            lines = [{"what": "a", "weight": "3"}, {"what": "b", "weight": "x"}]
            made = records.create(session, catalog, "load", HANA, {"weight": "7", "lines": lines}, now=at(1))
            number, kept = made.id, [dict(row) for row in made.values["lines"]]
        document = thawed(catalog["load"].definition.document)
        inner = document["properties"]["lines"]["items"]["properties"]
        inner["mass"] = {"type": "integer", "x-id": inner.pop("weight")["x-id"]}
        document["properties"]["total"] = total
        catalog = put(3, document)
        with writing(), Session(bare_door.engine) as session, session.begin():
            changed = [{"id": kept[0]["id"], "mass": 5}, {"id": kept[1]["id"]}]
            records.change(session, catalog, "load", HANA, number, {"lines": changed}, now=at(5), form="json")
        told = [then(minute) for minute in (2, 4, 6)]
        assert told[0] == ("7", [{"what": "a", "weight": "3"}, {"what": "b", "weight": "x"}])
        assert told[1] == ("7", [{"what": "a", "mass": 3}, {"what": "b", "mass": None}])
        assert told[2] == ("7", [{"what": "a", "mass": 5}, {"what": "b", "mass": None}])
        with Session(bare_door.engine) as session:
            sums = [
                records.find_then(session, catalog, "load", HANA, number, at(m)).record.values["total"] for m in (4, 6)
            ]
        assert sums == [3, 5]
        with publishing(), Session(bare_door.engine) as session, session.begin():
            catalog = publish.rollback(session, catalog, 1, actor=HANA, comment="back", now=at(7))
        assert then(8) == ("7", [{"what": "a", "weight": "5"}, {"what": "b", "weight": "x"}])
        assert then(4)[1] == [{"what": "a", "mass": 3}, {"what": "b", "mass": None}]
