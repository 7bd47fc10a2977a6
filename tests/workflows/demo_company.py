"""The demo company in a database, as the portal's demo command makes it; prepared once per run and copied.

`prepare(url)` is for `databases.copy(kind, "demo", prepare)`; `NOW` is the day on which it was loaded.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from metadata import packs, publish, store
from metadata.access import system
from metadata.catalog import EMPTY, Catalog
from metadata.engine import make_engine, publishing, writing
from workflows import demo
from workflows import store as fixed

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
EMPLOYEES = 240


def install_packs(engine: Engine) -> Catalog:
    """The demo's packs in an empty database."""
    with writing(), engine.begin() as connection:
        store.create(connection)
        fixed.create(connection)
    documents = [document for pack in packs.with_requirements(demo.PACKS) for document in pack.documents]
    with publishing(), Session(engine) as session, session.begin():
        return publish.publish(session, EMPTY, documents, actor=system("test"), comment="Packs", now=NOW)


def prepare(url: str) -> None:
    """Tables, packs and the company."""
    engine = make_engine(url)
    catalog = install_packs(engine)
    with writing(), Session(engine) as session, session.begin():
        demo.load(session, catalog, NOW, employees=EMPLOYEES)
    engine.dispose()
