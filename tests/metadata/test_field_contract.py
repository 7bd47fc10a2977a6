"""Every field type through the record door, on both databases: values, null, bounds, filter, sort, text and import."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po
from sqlalchemy.orm import Session

from metadata import fieldtypes, records
from metadata.engine import writing
from metadata.errors import Invalid
from metadata.records import Filter, Query
from metadata.validation import UTC_ZONE, as_json
from tests import field_contract
from tests.field_contract import TABLE, Row, plain
from tests.metadata.conftest import HANA, NOW

CHINESE = Path(__file__).parents[2] / "portal" / "translations" / "zh" / "LC_MESSAGES" / "messages.po"


def test_every_type_has_its_row():
    assert field_contract.names_are_complete()


@pytest.fixture
def ready(door):
    for code in ("A", "B"):
        unit = door.create("department", code=code, name=f"Unit {code}", name_zh=code).id
        values = {"number": code, "name": code, "department": unit, "hired_on": "2020-01-01"}
        assert door.create("employee", **values).id == unit
    door.publish(field_contract.definition())
    return door


def told(door: Any, record: records.Record) -> dict[str, Any]:
    fields = door.catalog["contract"].definition
    return {name: plain(value) for name, value in as_json(fields, record.values).items()}


def find(door: Any, record_id: int) -> records.Record:
    with Session(door.engine) as session:
        return records.find(session, door.catalog, "contract", HANA, record_id)


class TestEveryType:
    def test_keeps_compares_and_refuses_values(self, ready):
        low = ready.create("contract", code="low", **{row.field: row.low for row in TABLE})
        high = ready.create("contract", code="high", **{row.field: row.high for row in TABLE})
        none = ready.create("contract", code="none", **{row.field: None for row in TABLE})
        for row in TABLE:
            _compared(ready, row, [low.id, high.id, none.id])
            _refused(ready, row, low.id)

    def test_reads_as_text_what_it_writes_and_imports_it_once(self, ready):
        for place, expected in ((0, "low"), (1, "high")):
            row = {"code": expected} | {one.field: one.texts[place] for one in TABLE}
            for changed in ((1, 0), (0, 1)):
                with writing(), Session(ready.engine) as session, session.begin():
                    done = records.merge_many(session, ready.catalog, "contract", HANA, [row], now=NOW, form="text")
                assert (len(done.created), done.unchanged) == changed
            found = find(ready, done.stored[0][0])
            for one in TABLE:
                assert told(ready, found)[one.field] == plain(getattr(one, expected)), one.type
                field = ready.catalog["contract"].definition.fields[one.field]
                kind, value = fieldtypes.of(field), found[one.field]
                assert kind.from_text(field, kind.to_text(value), UTC_ZONE) == value, one.type


def _compared(door: Any, row: Row, ids: list[int]) -> None:
    name, (low, high, none) = row.field, ids
    assert told(door, find(door, low))[name] == plain(row.low), row.type
    assert find(door, none)[name] is None, row.type
    asked = lambda *filters, **more: door.ids("contract", HANA, Query(filters=filters, **more))  # noqa: E731
    one = row.low[0] if isinstance(row.low, list) else row.low
    if row.type == "rows":
        assert asked(Filter(name, "contains", "x")) == [low]
    elif isinstance(row.low, list):
        assert asked(Filter(name, "eq", one)) == [high, low], row.type
    else:
        assert asked(Filter(name, "eq", one)) == [low], row.type
        assert asked(Filter(name, "in", [row.low, row.high])) == [high, low], row.type
    assert asked(Filter(name, "null", "true")) == [none], row.type
    if row.compared:
        assert asked(Filter(name, "gt", row.low)) == [high], row.type
        assert asked(Filter(name, "lte", row.low)) == [low], row.type
    first = [none, low, high] if isinstance(row.low, list) else [low, high, none]  # a list counts its entries
    assert asked(order=((name, False),)) == first, row.type


def _refused(door: Any, row: Row, record_id: int) -> None:
    value, path, sentence = row.wrong
    with pytest.raises(Invalid) as error:
        door.change("contract", record_id, **{row.field: value})
    problem = error.value.problems[0]
    assert problem.pointer == f"/{row.field}{path}", row.type
    assert problem.text.startswith(sentence), row.type
    assert _chinese()[problem.message], row.type


def _chinese() -> dict[str, str]:
    with CHINESE.open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file)}
