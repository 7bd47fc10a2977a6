"""Batches of rows: the same is stored whichever way they go in, and nothing of a batch is left of a failed transaction."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import JSON, BigInteger, Boolean, Column, Date, Double, MetaData, Numeric, Table, Text, select
from sqlalchemy.exc import IntegrityError

from metadata.engine import UTCDateTime, make_engine
from metadata.many_rows import insert_rows, update_rows
from metadata.store import Json

NOW = datetime(2026, 11, 28, 8, 30, 1, 250000, tzinfo=UTC)
KINDS = {
    "text": ("plain", "tab\tline\n\\N “quoted” 中文", "", None),
    "whole": (7, -(2**62), 0, None),
    "share": (0.1, 1e-300, -2.5, None),
    "price": (Decimal("12.30"), Decimal("-0.01"), Decimal(0), None),
    "sure": (True, False, True, None),
    "day": (NOW.date(), NOW.date(), NOW.date(), None),
    "at": (NOW, NOW, NOW, None),
    "document": ({"a": [1, None, "中\t\\"]}, [], "text", None),
}
SOME = 40


@pytest.fixture(params=["sqlite", "postgresql"])
def connection(request, databases):
    with databases.fresh(request.param) as url:
        engine = make_engine(url)
        with engine.connect() as connection:
            yield connection
        engine.dispose()


@pytest.fixture
def table(connection):
    made = Table(
        "many",
        MetaData(),
        Column("id", BigInteger, primary_key=True, autoincrement=False),
        Column("text", Text),
        Column("f_whole", BigInteger, key="whole"),
        Column("share", Double),
        Column("price", Numeric(12, 2)),
        Column("sure", Boolean),
        Column("day", Date),
        Column("at", UTCDateTime),
        Column("document", Json),
    )
    made.create(connection)
    return made


def _rows(count: int, shift: int = 0) -> list[dict]:
    return [
        {"id": i, **{name: values[(i + shift) % len(values)] for name, values in KINDS.items()}} for i in range(count)
    ]


def _stored(connection, table) -> list[dict]:
    columns = [column.label(key) for key, column in table.c.items()]
    return [dict(row) for row in connection.execute(select(*columns).order_by(table.c.id)).mappings()]


@pytest.mark.parametrize("count", [3, SOME])
def test_every_value_comes_back_as_it_was_added(connection, table, count):
    insert_rows(connection, table, _rows(count))
    assert _stored(connection, table) == _rows(count)


@pytest.mark.parametrize("count", [3, SOME])
def test_every_value_is_written_over_the_row_with_its_id_alone(connection, table, count):
    insert_rows(connection, table, _rows(count + 1))
    update_rows(
        connection, table, [{k: v for k, v in r.items() if k != "text"} for r in _rows(count, 1)], {"text": "T"}
    )
    expected = [{**row, "text": "T"} for row in _rows(count, 1)] + _rows(count + 1)[-1:]
    assert _stored(connection, table) == expected


@pytest.mark.parametrize("count", [3, SOME])
def test_only_new_ones_are_added_where_that_is_asked_for(connection, table, count):
    insert_rows(connection, table, _rows(2))
    insert_rows(connection, table, _rows(count, 1), new_only=True)
    assert _stored(connection, table) == _rows(2) + _rows(count, 1)[2:]


def test_two_batches_in_one_transaction_do_not_mix(connection, table):
    insert_rows(connection, table, _rows(SOME))
    update_rows(connection, table, [{"id": i, "text": f"a{i}"} for i in range(SOME)], {})
    update_rows(connection, table, [{"id": i, "share": i / 4} for i in range(SOME)], {})
    assert [(r["text"], r["share"]) for r in _stored(connection, table)] == [(f"a{i}", i / 4) for i in range(SOME)]


def test_a_batch_with_a_row_that_is_there_already_leaves_nothing(connection, table):
    insert_rows(connection, table, _rows(1))
    connection.commit()
    with pytest.raises(IntegrityError):
        insert_rows(connection, table, _rows(SOME))
    connection.rollback()
    assert len(_stored(connection, table)) == 1


def test_a_json_column_of_any_kind_is_one(connection):
    table = Table("documents", MetaData(), Column("id", BigInteger, primary_key=True), Column("it", JSON))
    table.create(connection)
    insert_rows(connection, table, [{"id": i, "it": {"n": i}} for i in range(SOME)])
    assert _stored(connection, table)[3] == {"id": 3, "it": {"n": 3}}
