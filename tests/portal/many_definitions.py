"""A catalog of many definitions, and the SQL that an application sends: for tests and benchmarks of scale."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count, islice
from typing import Any

from flask import Flask
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from metadata import publish
from metadata.access import system
from metadata.catalog import Catalog
from metadata.engine import publishing
from metadata.parser import thawed
from metadata.versions import load_catalog
from portal.extensions import db

FEW = ("department", "employee", "pass_rate", "position", "production_output")
LARGE = 200


def published(engine: Engine, catalog: Catalog | None, documents: list[dict[str, Any]]) -> Catalog:
    """Publish `documents`; the catalog afterwards."""
    with publishing(), Session(engine) as session:
        known = catalog or load_catalog(session)
        names = [document["$id"] for document in documents]
        after = publish.publish(
            session, known, documents, actor=system("t"), comment="t", now=datetime.now(UTC), confirm=names
        )
        session.commit()
    return after


def bring_to(engine: Engine, total: int) -> Catalog:
    """A catalog of `total` definitions: what is there and copies of one that ships, or the few that belong together."""
    with Session(engine) as session:
        catalog = load_catalog(session)
    pattern = thawed(catalog["production_output"].definition.document)
    kept = list(catalog) if total >= len(catalog.entities) else FEW
    spare = (f"figure_{number}" for number in count() if f"figure_{number}" not in catalog)
    more = list(islice(spare, total - len(kept)))
    documents = [{**pattern, "$id": name, "title": name.replace("_", " ").capitalize()} for name in more]
    documents += [{"$id": name, "x-withdrawn": True} for name in catalog if name not in kept]
    return published(engine, catalog, documents)


def with_field(catalog: Catalog, name: str) -> dict[str, Any]:
    """Production output with one enum field more."""
    document: dict[str, Any] = thawed(catalog["production_output"].definition.document)
    document["properties"][name] = {"type": "string", "enum": ["good", "bad"], "default": "good"}
    return document


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    """The SQL that the application sends while the block runs."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if not statement.startswith(("PRAGMA", "BEGIN")):
            sent.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)
