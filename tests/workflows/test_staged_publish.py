"""Publishing what touches many records: made ahead in chunks while people work, in force at the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Engine, inspect
from sqlalchemy.orm import Session, sessionmaker

from metadata import publish, records, staging
from metadata.engine import publishing, writing
from metadata.errors import DefinitionError
from metadata.parser import thawed
from metadata.versions import load_catalog
from tests.workflows.installed import HANA, Clock, engine_for
from workflows import job_runner, jobs, queue, staged_publish

LINE = {"type": "string", "maxLength": 40}
ROWS = 10


def shift(**fields: Any) -> dict[str, Any]:
    properties = {"code": {"type": "string", "maxLength": 20}, **fields}
    return {"$id": "shift", "title": "Shift", "type": "object", "properties": properties, "required": ["code"]}


@dataclass
class Site:
    """An installation in which six records are many."""

    engine: Engine
    clock: Clock
    installation: queue.Installation

    @property
    def catalog(self) -> Any:
        with Session(self.engine) as session:
            return load_catalog(session)

    def publish(self, *documents: dict[str, Any], **more: Any) -> None:
        with publishing(), Session(self.engine) as session, session.begin():
            publish.publish(
                session, load_catalog(session), documents, actor=HANA, comment="c", now=self.clock(), **more
            )

    def start(self, document: dict[str, Any], **more: Any) -> int:
        with publishing(), Session(self.engine) as session, session.begin():
            return staged_publish.start(
                session, load_catalog(session), [document], actor=HANA, comment="c", now=self.clock(), **more
            )

    def document(self, **fields: Any) -> dict[str, Any]:
        made: dict[str, Any] = thawed(self.catalog["shift"].definition.document)
        made["properties"] |= fields
        return made

    def write(self, record_id: int | None = None, **values: Any) -> int:
        with writing(), Session(self.engine) as session, session.begin():
            if record_id is None:
                return records.create(session, self.catalog, "shift", HANA, values, now=self.clock()).id
            return records.change(session, self.catalog, "shift", HANA, record_id, values, now=self.clock()).id

    def chunk(self, job_id: int) -> None:
        job_runner.run(self.installation, job_id, "worker", seconds=0)

    def work_off(self) -> None:
        for job_id in job_runner.waiting(self.clock()):
            while job_runner.run(self.installation, job_id, "worker"):
                pass

    def job(self, job_id: int) -> jobs.Job:
        with Session(self.engine) as session:
            return jobs.load(session, job_id)

    def values(self, field: str = "x") -> list[Any]:
        with Session(self.engine) as session:
            query = records.Query(order=(("id", False),), page_size=100)
            page = records.select(session, load_catalog(session), "shift", HANA, query)
            return [record.get(field) for record in page.rows]

    def columns(self) -> set[str]:
        return {c["name"] for c in inspect(self.engine).get_columns("rec_shift") if c["name"] not in SYSTEM}


SYSTEM = {f"_{word}_{how}" for word in ("created", "changed", "removed") for how in ("at", "by")} | {"_version", "id"}


@pytest.fixture
def site(database_url, monkeypatch):
    monkeypatch.setattr(staging, "LARGE", 6)
    monkeypatch.setattr(staged_publish, "CHUNK", 3)
    engine, clock = engine_for(database_url), Clock()
    installation = queue.Installation(
        sessions=sessionmaker(engine),
        catalog=load_catalog,
        actor=lambda _session, _catalog, _account: HANA,
        person=lambda *_all: None,
        clock=clock,
    )
    queue.bind(installation)
    made = Site(engine, clock, installation)
    made.publish(shift(x=LINE))
    yield made
    engine.dispose()


@pytest.fixture
def filled(site):
    for number in range(ROWS):
        site.write(code=str(number), x=str(number) if number % 2 else "odd one")
    return site


class TestLargeTables:
    def test_are_left_alone_by_a_publish_of_one_transaction(self, filled):
        before = filled.columns()
        with pytest.raises(staging.Large) as error:
            filled.publish(filled.document(x={"type": "integer"}))
        assert error.value.params["rows"] == ROWS
        assert filled.columns() == before

    def test_do_not_become_lists_which_is_told_in_the_preview_too(self, filled):
        document = filled.document(x={"type": "array", "items": {"type": "string", "enum": ["1", "3"]}})
        with pytest.raises(DefinitionError) as error:
            filled.publish(document)
        with Session(filled.engine) as session:
            told = publish.preview(session, load_catalog(session), [document]).problems
        assert [p.pointer for p in error.value.problems] == [p.pointer for p in told] == ["/properties/x"]
        assert error.value.problems[0].params["count"] == ROWS

    def test_take_what_touches_no_record_at_once(self, filled):
        filled.publish(filled.document(more={"type": "integer"}))
        assert filled.values("more") == [None] * ROWS


class TestPublishInAJob:
    def test_is_in_force_when_it_is_done_with_what_was_written_meanwhile(self, filled):
        job_id = filled.start(filled.document(x={"type": "integer"}))
        for _ in range(3):
            filled.chunk(job_id)
        assert (filled.job(job_id).done, filled.job(job_id).total) == (6, ROWS)
        assert filled.values()[:2] == ["odd one", "1"]
        filled.write(2, x="42")
        filled.write(code="new", x="77")
        filled.work_off()
        assert filled.job(job_id).result == {"version": filled.catalog.version}
        assert filled.values() == [None, 42, None, 3, None, 5, None, 7, None, 9, 77]
        assert filled.columns() == {"code", "x", "x_2"}

    def test_goes_back_the_same_way(self, filled):
        version = filled.catalog.version
        filled.start(filled.document(x={"type": "integer"}))
        filled.work_off()
        filled.write(1, x=5)
        with Session(filled.engine) as session:
            earlier = [d for d in publish.versions.documents(session, version).values() if d]
        filled.start(earlier[0], rolled_back_to=version)
        filled.work_off()
        assert filled.values()[:4] == ["5", "1", "odd one", "3"]

    def test_gives_new_required_fields_their_start_value(self, filled):
        document = filled.document(more={"type": "string", "enum": ["a", "b"], "default": "b"})
        document["required"] = ["code", "more"]
        document["x-unique"] = [["code", "more"]]
        job_id = filled.start(document)
        filled.chunk(job_id)
        filled.chunk(job_id)
        filled.write(code="late")
        filled.work_off()
        assert filled.values("more") == ["b"] * (ROWS + 1)

    def test_tells_at_once_what_stands_in_the_way(self, filled):
        document = filled.document(x={"type": "integer"})
        document["required"] = ["code", "x"]
        job_id = filled.start(document)
        filled.work_off()
        job = filled.job(job_id)
        assert (job.state, job.done) == (jobs.FAILED, 0)
        assert "5 records" in job.error_params["problem"]

    def test_of_what_somebody_else_published_meanwhile_fails(self, filled):
        job_id = filled.start(filled.document(x={"type": "integer"}))
        filled.publish(filled.document() | {"title": "Other"})
        filled.work_off()
        assert filled.job(job_id).state == jobs.FAILED

    def test_leaves_nothing_behind_when_it_is_cancelled(self, filled):
        before = filled.columns()
        job_id = filled.start(filled.document(x={"type": "integer"}))
        filled.chunk(job_id)
        filled.chunk(job_id)
        assert filled.columns() > before
        catalog = filled.catalog
        with writing(), Session(filled.engine) as session, session.begin():
            jobs.cancel(session, job_id, HANA, filled.clock())
            staged_publish.tidy(session, catalog, filled.clock())
        filled.work_off()
        assert filled.columns() == before
        assert filled.values()[1] == "1"

    def test_is_told_of_its_definition(self, filled):
        job_id = filled.start(filled.document(x={"type": "integer"}))
        with Session(filled.engine) as session:
            found = staged_publish.of(session, "shift")
            assert found is not None
            assert found.id == job_id
            assert staged_publish.of(session, "other") is None

    def test_goes_on_after_a_chunk_that_broke(self, filled, monkeypatch):
        job_id = filled.start(filled.document(x={"type": "integer"}))
        filled.chunk(job_id)
        fill = staging.fill

        def breaks(*given: Any) -> Any:
            fill(*given)
            raise OSError

        monkeypatch.setattr(staging, "fill", breaks)
        filled.chunk(job_id)
        monkeypatch.setattr(staging, "fill", fill)
        filled.clock.forward(minutes=5)
        filled.work_off()
        assert filled.values() == [None, 1, None, 3, None, 5, None, 7, None, 9]
