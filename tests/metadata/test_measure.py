"""Measures: what may be written, where a mistake is, and that SQL and plain Python agree on both databases."""

import math
from collections.abc import Iterator
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Double,
    Integer,
    MetaData,
    Numeric,
    Table,
    delete,
    insert,
    select,
)

from metadata.engine import make_engine
from metadata.errors import Invalid
from metadata.measure import MAX_DEPTH, MAX_LENGTH, MeasureError, parse

OBSERVATIONS = Table(
    "measure_observations",
    MetaData(),
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("unit", Integer),
    Column("pieces", BigInteger),
    Column("money", Numeric(14, 2)),
    Column("share", Double),
    Column("passed", Boolean),
)
FIELDS = {name: OBSERVATIONS.c[name] for name in ("pieces", "money", "share", "passed")}


@pytest.fixture
def connection(database_url) -> Iterator[Connection]:
    engine = make_engine(database_url)
    with engine.begin() as connection:
        OBSERVATIONS.create(connection)
        yield connection
    engine.dispose()


def stored(connection: Connection, rows: list[dict]) -> None:
    connection.execute(delete(OBSERVATIONS))
    if rows:
        connection.execute(insert(OBSERVATIONS), rows)


def same(left: float | None, right: float | None) -> bool:
    if left is None or right is None:
        return left is right
    return math.isclose(left, right, rel_tol=1e-12, abs_tol=1e-12)


def row(unit=1, pieces=None, money=None, share=None, passed=None) -> dict:
    return {"unit": unit, "pieces": pieces, "money": money, "share": share, "passed": passed}


class TestParse:
    @pytest.mark.parametrize(
        ("text", "fields"),
        [
            ("sum(produced)", {"produced"}),
            ("sum(passed) / sum(inspected)", {"passed", "inspected"}),
            ("avg(target)", {"target"}),
            ("count()", set()),
            ("100 * (sum(a) - sum(b)) / sum(b)", {"a", "b"}),
            ("  -min(a) + max(part.b) * 0.5 ", {"a", "part.b"}),
        ],
    )
    def test_reads_the_fields_an_expression_needs(self, text, fields):
        assert parse(text).fields == fields

    @pytest.mark.parametrize(
        ("text", "position"),
        [
            ("", 1),
            ("   ", 1),
            ("sum(a) + ", 8),
            ("sum(a) ; sum(b)", 8),
            ("sum(a) ** 2", 1),
            ("sum(a) // 2", 1),
            ("sum(a) + b", 10),
            ("  b", 3),
            ("sum(a) + median(b)", 10),
            ("sum(sum(a))", 5),
            ("sum(a, b)", 1),
            ("sum()", 1),
            ("count(a)", 1),
            ("sum(a) + __import__('os')", 21),
            ("sum(a) + (1).real", 10),
            ("sum(a) + 1e400", 10),
            ("sum(a) + 0x10", 10),
            ("sum(a) + 1_000", 10),
            ("sum(größe)", 7),
            ("sum(a) if 1 else 2", 1),
            ("lambda: 1", 7),
            ("sum(*a)", 5),
            ("sum(a) # 1", 8),
            ("sum(a)\n+ 1", 7),
            ("not 1", 1),
            ("True", 1),
        ],
    )
    def test_refuses_everything_else_and_says_where(self, text, position):
        with pytest.raises(MeasureError) as raised:
            parse(text)
        assert raised.value.position == position
        assert f"character {position}:" in str(raised.value)

    def test_is_bounded_in_length_and_depth(self):
        parse("+".join(["1"] * MAX_DEPTH))
        for text in (
            "1" * (MAX_LENGTH + 1),
            "+".join(["1"] * (MAX_DEPTH + 1)),
            "(" * 240 + "1" + ")" * 240,
            "-" * 499 + "1",
        ):
            with pytest.raises(MeasureError):
                parse(text)

    @given(st.text(max_size=60) | st.text("sumavgcount()+-*/ 10.ab", max_size=40))
    def test_any_text_gives_a_measure_or_a_sentence(self, text):
        sentence = "A measure."
        try:
            parse(text)
        except Invalid as error:
            sentence = str(error)
        assert sentence.endswith(".")

    def test_knows_where_a_field_is_named(self):
        assert parse("sum(a) / sum(b)").position("b") == 14


class TestValue:
    def test_missing_data_is_none_and_never_zero(self):
        for text in ("sum(pieces)", "avg(pieces)", "count()", "sum(pieces) + 1"):
            assert parse(text).value([]) is None
        assert parse("sum(money) - sum(pieces)").value([row(pieces=3)]) is None
        assert parse("1 / sum(pieces)").value([row(pieces=0)]) is None
        assert parse("count()").value([row(), row()]) == 2


MIXED = [
    row(1, pieces=3, money=Decimal("10.25"), share=0.5, passed=True),
    row(1, pieces=None, money=Decimal("2.50"), share=None, passed=False),
    row(2, pieces=0, money=None, share=0.25, passed=None),
]
TEXTS = [
    "sum(pieces)", "avg(pieces)", "min(money)", "max(share)", "count()", "sum(passed) / count()", "avg(passed)",
    "sum(money) / sum(pieces)", "1 / 3 * sum(pieces)", "2 - (sum(pieces) - sum(money))", "sum(pieces) / 2 / 4",
    "sum(pieces) / (2 / 4)", "-avg(share) * 100", "avg(money) - avg(share)", "7",
]  # fmt: skip


class TestSql:
    @pytest.mark.parametrize("text", TEXTS)
    def test_answers_what_plain_python_answers(self, connection, text):
        stored(connection, MIXED)
        measure = parse(text)
        assert same(connection.scalar(select(measure.sql(FIELDS)).select_from(OBSERVATIONS)), measure.value(MIXED))
        grouped = select(OBSERVATIONS.c.unit, measure.sql(FIELDS)).group_by(OBSERVATIONS.c.unit)
        for unit, answer in connection.execute(grouped):
            assert same(answer, measure.value([row for row in MIXED if row["unit"] == unit]))

    @pytest.mark.parametrize("text", TEXTS)
    def test_takes_a_single_row_as_the_whole_group(self, connection, text):
        stored(connection, MIXED)
        measure = parse(text)
        answers = connection.scalars(
            select(measure.row_sql(FIELDS)).select_from(OBSERVATIONS).order_by(OBSERVATIONS.c.id)
        ).all()
        assert all(same(answer, measure.value([row])) for answer, row in zip(answers, MIXED, strict=True))

    def test_no_rows_is_no_data(self, connection):
        stored(connection, [])
        for text in ("sum(pieces)", "count()", "avg(share)", "sum(money) / sum(pieces)"):
            assert connection.scalar(select(parse(text).sql(FIELDS)).select_from(OBSERVATIONS)) is None

    @pytest.mark.parametrize("rows", [[], [row(pieces=1)] * 3])
    def test_a_bare_number_is_one_value_of_any_rows(self, connection, rows):
        stored(connection, rows)
        told = connection.execute(select(parse("2 * 3").sql(FIELDS)).select_from(OBSERVATIONS)).scalars().all()
        assert told == [parse("2 * 3").value(rows)] == [6.0]

    def test_adds_numbers_beyond_64_bits(self, connection):
        stored(connection, [row(pieces=2**62)] * 4)
        assert connection.scalar(select(parse("sum(pieces)").sql(FIELDS))) == float(2**64)

    def test_names_the_field_that_is_not_there(self):
        with pytest.raises(MeasureError, match="character 19: there is no field gone"):
            parse("sum(pieces) + sum(gone)").sql(FIELDS)

    @settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(data=st.data())
    def test_agrees_with_python_on_any_expression_and_rows(self, connection, data):
        rows = data.draw(st.lists(ROWS, max_size=6))
        measure = parse(data.draw(EXPRESSIONS))
        stored(connection, rows)
        assert same(connection.scalar(select(measure.sql(FIELDS)).select_from(OBSERVATIONS)), measure.value(rows))


class TestParts:
    @pytest.mark.parametrize("text", TEXTS)
    def test_groups_taken_together_give_the_value_of_all_rows(self, connection, text):
        stored(connection, MIXED)
        measure = parse(text)
        parts = measure.parts_sql(FIELDS)
        chosen = [column.label(key) for key, column in parts.items()] or [OBSERVATIONS.c.unit]
        statement = select(*chosen).select_from(OBSERVATIONS).group_by(OBSERVATIONS.c.unit)
        groups = [dict(row._mapping) for row in connection.execute(statement)]
        assert same(measure.combined(groups), measure.value(MIXED))

    def test_no_groups_are_no_data(self):
        assert parse("sum(a) + count()").combined([]) is None


# Quarters are exact in binary, so that both sides see the same zero where terms cancel out.
QUARTERS = st.integers(-4000, 4000).map(lambda number: number / 4)
ROWS = st.builds(
    row,
    pieces=st.none() | st.integers(-1000, 1000),
    money=st.none() | QUARTERS.map(Decimal),
    share=st.none() | QUARTERS,
    passed=st.none() | st.booleans(),
)
LEAVES = st.sampled_from(
    [f"{name}({field})" for name in ("sum", "avg", "min", "max") for field in FIELDS] + ["count()", "2", "0.25"]
)
EXPRESSIONS = st.recursive(
    LEAVES, lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from("+-*/"), inner), max_leaves=6
)
