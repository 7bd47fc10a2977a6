"""Units of work that only read: what they refuse, and that PostgreSQL is not asked for a transaction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, event, insert, select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from metadata import store
from metadata.engine import make_engine, reading

VERSIONS = select(store.state.c.version)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = make_engine(database_url)
    with made.begin() as connection:
        store.create(connection)
    yield made
    made.dispose()


def sent_by(engine: Engine) -> list[str]:
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    return statements


class TestReading:
    def test_answers_questions(self, engine):
        with reading(engine).connect() as connection:
            assert sorted(connection.execute(VERSIONS).scalars()) == [0, 0]

    @pytest.mark.parametrize(
        "change",
        [
            insert(store.state).values(name="x", version=1),
            update(store.state).values(version=7),
            text("DELETE FROM plumbline_state"),
            text("DROP TABLE plumbline_state"),
        ],
    )
    def test_refuses_every_change(self, engine, change: Any):
        with reading(engine).connect() as connection, pytest.raises(RuntimeError, match="only read"):
            connection.execute(change)
        with engine.connect() as connection:
            assert sorted(connection.execute(VERSIONS).scalars()) == [0, 0]

    def test_sees_what_was_committed_since_its_first_question_on_postgresql(self, engine, database_kind):
        if database_kind == "sqlite":
            pytest.skip("SQLite keeps the state of the first question")
        with reading(engine).connect() as connection:
            connection.execute(VERSIONS).all()
            with engine.begin() as other:
                other.execute(update(store.state).values(version=7))
            assert set(connection.execute(VERSIONS).scalars()) == {7}

    def test_opens_no_transaction_on_postgresql(self, engine, database_kind):
        sent = sent_by(engine)
        with reading(engine).connect() as connection:
            connection.execute(VERSIONS).all()
        assert ("BEGIN" in sent) == (database_kind == "sqlite")

    def test_can_read_a_stream(self, engine):
        with Session(reading(engine)) as session:
            rows = session.execute(VERSIONS.execution_options(yield_per=1))
            assert sorted(rows.scalars()) == [0, 0]


class TestWriting:
    def test_what_is_not_committed_is_undone(self, engine):
        with engine.connect() as connection:
            connection.execute(update(store.state).values(version=7))
        with engine.connect() as connection:
            assert sorted(connection.execute(VERSIONS).scalars()) == [0, 0]

    def test_a_lost_connection_is_replaced_at_the_next_unit(self, engine, database_kind):
        if database_kind == "sqlite":
            pytest.skip("a file has no connection to lose")
        with engine.connect() as connection:
            number = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with make_engine(engine.url).begin() as other:
            other.execute(text("SELECT pg_terminate_backend(:number)"), {"number": number})
        with pytest.raises(OperationalError), engine.connect() as connection:
            connection.execute(VERSIONS).all()
        with engine.connect() as connection:
            assert sorted(connection.execute(VERSIONS).scalars()) == [0, 0]
