"""Random sequences of publishes, writes, rollbacks and crashes, held against a model in memory, on both databases.

A short run is part of the suite; `make sequences` runs PLUMBLINE_TEST_PUBLISH_RUNS of them.
"""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sqlalchemy import Engine, inspect, text
from sqlalchemy.orm import Session

from metadata import publish, records, store
from metadata.catalog import EMPTY
from metadata.engine import make_engine, publishing, writing
from metadata.errors import ProductError
from metadata.leftovers import leftovers
from metadata.model import SYSTEM_COLUMNS
from metadata.validation import as_json
from metadata.versions import load_catalog
from tests.metadata.conftest import HANA, NOW
from tests.metadata.publish_changes import POOLS, changed, start
from tests.metadata.publish_model import Model, Refused, Row

RUNS = int(os.environ.get("PLUMBLINE_TEST_PUBLISH_RUNS", "0"))
PUBLISHES = 30
TRIES = 3
STEPS = ("locked", "created", "altered", "recorded", "hooked")
COUNTS: dict[str, int] = {}
CODES = ("k1", "k2", "k3")


class Crash(Exception):
    """The process dies here, as far as the transaction can tell."""


def note(word: str) -> None:
    COUNTS[word] = COUNTS.get(word, 0) + 1


def empty(engine: Engine) -> None:
    """The database as on the first day."""
    with writing(), engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        else:
            connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
            for name in inspect(connection).get_table_names():
                connection.execute(text(f'DROP TABLE "{name}"'))
        store.create(connection)


class Publishing(RuleBasedStateMachine):
    """One sequence; `engine` is set by the test."""

    engine: Engine

    @initialize()
    def begin(self) -> None:
        note("sequences")
        empty(self.engine)
        self.model = Model()
        self.catalog = EMPTY
        self.history: list[str] = []
        self.checked: dict[str, Any] = {}
        self.known = EMPTY
        documents = [start(name) for name in ("item", "place", "site", "thing")]
        self.both(lambda: self.publish(documents), lambda: self.model.publish(documents))
        for name, codes in (("place", ("North", "South")), ("site", ("North", "West", "1"))):
            for code in codes:
                self.write_one(name, None, {"code": code})

    # What the engine does

    def publish(self, documents: list[dict[str, Any]], **more: Any) -> None:
        self.history.append(f"publish {json.dumps(documents)} {more}")
        with self.transaction() as session:
            made = publish.publish(session, self.catalog, documents, actor=HANA, comment="", now=NOW, **more)
        self.catalog = made

    def rollback(self, version: int, **more: Any) -> None:
        self.history.append(f"rollback {version}")
        with self.transaction() as session:
            made = publish.rollback(session, self.catalog, version, actor=HANA, comment="", now=NOW, **more)
        self.catalog = made

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        with publishing(), Session(self.engine) as session, session.begin():
            yield session

    def both(self, engine: Any, model: Any) -> bool:
        """Do it in both; they must agree whether it may be done."""
        expected = None
        try:
            model()
        except Refused as refused:
            expected = refused
        refused = None
        try:
            engine()
        except ProductError as error:
            refused = error
        assert (refused is None) == (expected is None), f"the engine says {refused}, the model says {expected!r}"
        return refused is None

    # Steps

    @rule(data=st.data())
    def turn(self, data: st.DataObject) -> None:
        """Some writes, perhaps a crash, then a publish or a way back that succeeds."""
        try:
            self.turned(data)
        except BaseException as error:
            if self.history and isinstance(error, Exception):
                error.add_note("\n".join(self.history))
            raise

    def turned(self, data: st.DataObject) -> None:
        for _ in range(data.draw(st.integers(0, 3))):
            name = data.draw(st.sampled_from([n for n in ("item", "thing") if self.model.now[n]]))
            self.act(
                data, name, data.draw(st.sampled_from(("create", "create", "change", "change", "remove", "restore")))
            )
        if data.draw(st.integers(0, 7)) == 5:
            self.crash(data)
        back = len(self.model.versions) > 2 and data.draw(st.integers(0, 5)) == 3
        for _ in range(TRIES):
            if self.go_back(data) if back else self.evolve(data):
                break
        self.check()

    def evolve(self, data: st.DataObject) -> bool:
        documents = self.draw(data)
        confirm = data.draw(st.integers(0, 9)) > 0
        names = [d["$id"] for d in documents] if confirm else []
        done = self.both(
            lambda: self.publish(documents, confirm=names), lambda: self.model.publish(documents, confirm=confirm)
        )
        note("published" if done else "publish refused")
        return done

    def go_back(self, data: st.DataObject) -> bool:
        version = data.draw(st.integers(1, len(self.model.versions) - 1))
        done = self.both(lambda: self.rollback(version), lambda: self.model.rollback(version))
        note("rolled back" if done else "rollback refused")
        return done

    def crash(self, data: st.DataObject) -> None:
        documents, fatal = self.draw(data), data.draw(st.sampled_from(STEPS))

        def step(name: str) -> None:
            if name == fatal:
                raise Crash

        with suppress(Crash, ProductError):
            self.publish(documents, confirm=["item", "thing"], step=step)  # to its end only if nothing changes
        note("crashed")

    def act(self, data: st.DataObject, name: str, action: str) -> None:
        rows = self.model.rows[name]
        there = [i for i, r in rows.items() if r.removed == (action == "restore")]
        if action == "create":
            self.write_one(name, None, self.values(data, name))
        elif there and action == "change":
            self.write_one(name, data.draw(st.sampled_from(there)), self.values(data, name))
        elif there:
            self.bin(name, data.draw(st.sampled_from(there)), action)

    def bin(self, name: str, record_id: int, action: str) -> None:
        self.history.append(f"{action} {name} {record_id}")

        def engine() -> None:
            with writing(), Session(self.engine) as session, session.begin():
                getattr(records, action)(session, self.catalog, name, HANA, record_id, now=NOW)

        def model() -> None:
            row = self.model.rows[name][record_id]
            if action == "restore":
                self.model.write(name, record_id, {})
            row.removed = action == "remove"

        self.both(engine, model)

    def write_one(self, name: str, record_id: int | None, values: dict[str, Any]) -> None:
        made: dict[str, Any] = {}

        self.history.append(f"write {name} {record_id} {values}")

        def engine() -> None:
            with writing(), Session(self.engine) as session, session.begin():
                if record_id is None:
                    made["id"] = records.create(session, self.catalog, name, HANA, values, now=NOW).id
                else:
                    records.change(session, self.catalog, name, HANA, record_id, values, now=NOW, version=None)

        def model() -> None:
            made["cells"] = self.model.write(name, record_id, values)

        if self.both(engine, model):
            note("written")
            self.model.rows[name].setdefault(record_id or made["id"], Row({})).cells = made["cells"]

    def values(self, data: st.DataObject, name: str) -> dict[str, Any]:
        given: dict[str, Any] = {"code": data.draw(st.sampled_from(CODES))}
        for item in self.model.of(name).values():
            pool = item.enum or POOLS.get(item.kind) or tuple(self.model.rows.get(item.ref, ()))
            if item.name != "code" and pool and data.draw(st.integers(0, 4)):
                given[item.name] = data.draw(st.sampled_from(list(pool)))
        return given

    def draw(self, data: st.DataObject) -> list[dict[str, Any]]:
        """Documents to publish: of one definition or of both."""
        names = data.draw(st.sampled_from((["item"], ["item"], ["thing"], ["item", "thing"])))
        if names == ["thing"] and self.model.now["thing"] and data.draw(st.integers(0, 5)) == 0:
            return [{"$id": "thing", "x-withdrawn": True}]
        return [changed(data.draw, self.model, self.model.now[n] or self.model.last[n]) for n in names]

    # What must be true after each step

    def check(self) -> None:
        """Whatever this turn could have touched is as the model has it."""
        with Session(self.engine) as session:
            catalog = load_catalog(session, self.known)
            assert catalog.version == self.catalog.version == len(self.model.versions) - 1
            for name in ("item", "thing"):
                state = (self.model.now[name], self.model.rows[name], self.model.columns[name])
                if state == self.checked.get(name):
                    continue
                self.checked[name] = copy.deepcopy(state)
                assert (name in catalog) == (state[0] is not None)
                if state[0] is not None:
                    self.check_records(session, catalog, name)
                held = {c["name"] for c in inspect(session.connection()).get_columns(f"rec_{name}")}
                assert held == {*self.model.columns[name], *SYSTEM_COLUMNS}
        self.known = catalog

    def check_records(self, session: Session, catalog: Any, name: str) -> None:
        definition = catalog[name].definition
        page = records.select(session, catalog, name, HANA, records.Query(page_size=1000))
        seen = {}
        for record in page.rows:
            plain = as_json(definition, {n: record.get(n) for n in definition.fields})
            seen[record.id] = {n: plain.get(n) for n in definition.fields}
        assert seen == self.model.visible(name), f"{name}: {seen} is not {self.model.visible(name)}"
        for item in self.model.of(name).values():
            if item.was:
                assert [s.record_id for s in leftovers(session, catalog, name, item.name)] == self.model.left(
                    name, item
                )


def run(engine: Engine, sequences: int) -> None:
    """So many sequences of at least thirty publishes."""

    class Machine(Publishing):
        pass

    Machine.engine = engine
    chosen = settings(
        max_examples=sequences,
        stateful_step_count=PUBLISHES,
        deadline=None,
        database=None,
        derandomize=not RUNS,  # the suite's short run is the same each time
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),  # `history` tells what was done; shrinking takes longer than reading it
        print_blob=False,
    )
    run_state_machine_as_test(Machine, settings=chosen)


class TestPublishing:
    def test_agrees_with_a_model_over_random_sequences(self, database_url):
        engine = make_engine(database_url)
        try:
            run(engine, RUNS or 5)
        finally:
            print(engine.dialect.name, sorted(COUNTS.items()))  # shown by pytest -s
            engine.dispose()
