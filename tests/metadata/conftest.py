"""The packs' definitions in a database of the test's own, on both kinds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from metadata import publish, records, store
from metadata.access import Actor
from metadata.catalog import EMPTY, Catalog
from metadata.engine import make_engine, publishing, writing
from metadata.parser import thawed
from metadata.versions import load_catalog
from tests.workflows.demo_company import install_packs

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
HANA = Actor("hana", frozenset({"HR admin"}))


@dataclass
class Door:
    """A database with the packs, and short words for what a test does with it."""

    engine: Engine
    catalog: Catalog

    def create(self, name: str, actor: Actor = HANA, /, **values: Any) -> records.Record:
        with writing(), Session(self.engine) as session, session.begin():
            return records.create(session, self.catalog, name, actor, values, now=NOW)

    def change(
        self, name: str, record_id: int, actor: Actor = HANA, /, version: int | None = None, **values: Any
    ) -> records.Record:
        with writing(), Session(self.engine) as session, session.begin():
            return records.change(session, self.catalog, name, actor, record_id, values, now=NOW, version=version)

    def ids(self, name: str, actor: Actor = HANA, query: records.Query | None = None) -> list[int]:
        with Session(self.engine) as session:
            page = records.select(session, self.catalog, name, actor, query or records.Query(page_size=1000))
            return [record.id for record in page.rows]

    def document(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = thawed(self.catalog[name].definition.document)
        return found

    def preview(self, document: dict[str, Any]) -> publish.Preview:
        with Session(self.engine) as session:
            return publish.preview(session, self.catalog, [document])

    def publish(self, *documents: dict[str, Any], **more: Any) -> Catalog:
        with publishing(), Session(self.engine) as session, session.begin():
            self.catalog = publish.publish(
                session, self.catalog, documents, actor=HANA, comment="test", now=NOW, **more
            )
        return self.catalog

    def rollback(self, version: int) -> Catalog:
        with publishing(), Session(self.engine) as session, session.begin():
            self.catalog = publish.rollback(session, self.catalog, version, actor=HANA, comment="back", now=NOW)
        return self.catalog


def _prepare(url: str) -> None:
    engine = make_engine(url)
    install_packs(engine)
    engine.dispose()


@pytest.fixture
def door(database_kind, databases) -> Iterator[Door]:
    with databases.copy(database_kind, "packs", _prepare) as url:
        engine = make_engine(url)
        with Session(engine) as session:
            catalog = load_catalog(session)
        yield Door(engine, catalog)
        engine.dispose()


def _prepare_bare(url: str) -> None:
    engine = make_engine(url)
    with writing(), engine.begin() as connection:
        store.create(connection)
    engine.dispose()


@pytest.fixture
def bare_door(database_kind, databases) -> Iterator[Door]:
    """A database without any definition: for tests that bring their own."""
    with databases.copy(database_kind, "bare", _prepare_bare) as url:
        engine = make_engine(url)
        yield Door(engine, EMPTY)
        engine.dispose()


@pytest.fixture
def production(door) -> int:
    return door.create("department", code="PRD", name="Production", name_zh="生产").id
