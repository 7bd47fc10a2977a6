"""A publish on PostgreSQL waits two seconds for a table, lets go, tries again, and then says that others are at work."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from metadata import altering, publish, store
from metadata.catalog import EMPTY
from metadata.engine import make_engine, publishing, writing
from metadata.errors import Busy
from metadata.versions import load_catalog
from tests.metadata.conftest import HANA, NOW

LINE = {"type": "string", "maxLength": 40}
SHIFT = {"$id": "shift", "title": "Shift", "type": "object", "properties": {"code": LINE}, "required": ["code"]}
MORE = {**SHIFT, "properties": {"code": LINE, "more": LINE}}


def put(engine, document: dict) -> None:
    with publishing(), Session(engine) as session, session.begin():
        catalog = load_catalog(session)
        publish.publish(session, catalog, [document], actor=HANA, comment="c", now=NOW)


@pytest.fixture
def engine(databases, needs, monkeypatch):
    needs("postgresql")
    monkeypatch.setattr(altering, "LOCK_TIMEOUT", "100ms")
    with databases.fresh("postgresql") as url:
        made = make_engine(url)
        with writing(), made.begin() as connection:
            store.create(connection)
        put(made, SHIFT)
        yield made
        made.dispose()


@pytest.mark.faults
@pytest.mark.backend("postgresql")
class TestSomebodyReadsTheTableForLong:
    def test_the_publish_gives_up_and_changes_nothing(self, engine):
        with engine.connect() as reader:
            reader.execute(text("SELECT * FROM rec_shift")).all()
            with pytest.raises(Busy):
                put(engine, MORE)
        with Session(engine) as session:
            assert "more" not in load_catalog(session, EMPTY)["shift"].definition.fields
        put(engine, MORE)

    def test_it_is_tried_again_and_gets_through_when_the_reader_goes(self, engine, monkeypatch):
        asked = []
        busy = altering.is_busy
        with engine.connect() as reader:
            reader.execute(text("SELECT * FROM rec_shift")).all()

            def leaving(error):
                asked.append(error)
                reader.rollback()
                return busy(error)

            monkeypatch.setattr(altering, "is_busy", leaving)
            put(engine, MORE)
        assert len(asked) == 1
        with Session(engine) as session:
            assert "more" in load_catalog(session)["shift"].definition.fields
