"""Two people move two branches under each other at the same time: one of them is told, and no circle is made."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from metadata import records
from metadata.engine import writing
from metadata.errors import Invalid
from tests.metadata.conftest import HANA, NOW
from tests.waiting import eventually

AREA = {
    "$id": "area",
    "title": "Area",
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 20}, "above": {"$ref": "area", "x-tree": True}},
}
WAITING = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")


@pytest.mark.backend("postgresql")
@pytest.mark.parametrize("database_kind", ["postgresql"])
@pytest.mark.parametrize("many", [False, True])
def test_two_moves_at_once_make_no_circle(bare_door, many):
    bare_door.publish(AREA)
    one, other = (bare_door.create("area", name=name).id for name in ("a", "b"))
    below_one, below_other = (bare_door.create("area", name="c", above=above).id for above in (one, other))
    ended: list[object] = []

    def move(session: Session, record_id: int, above: int) -> None:
        if many:
            rows = [records.Change(record_id, {"above": above})]
            records.change_many(session, bare_door.catalog, "area", HANA, rows, now=NOW)
        else:
            records.change(session, bare_door.catalog, "area", HANA, record_id, {"above": above}, now=NOW)

    def second() -> None:
        try:
            with writing(), Session(bare_door.engine) as session, session.begin():
                move(session, other, below_one)
            ended.append("saved")
        except Invalid as error:
            ended.append(error)

    def waits_or_ended() -> bool:
        with bare_door.engine.connect() as connection:
            return bool(ended) or connection.execute(WAITING).scalar_one() > 0

    with writing(), Session(bare_door.engine) as session, session.begin():
        move(session, one, below_other)
        thread = threading.Thread(target=second)
        thread.start()
        eventually(waits_or_ended, "the second move to wait for the first, or to be over")
    thread.join()
    assert isinstance(ended[0], Invalid)
    assert [p.pointer.rpartition("/")[2] for p in ended[0].problems] == ["above"]
