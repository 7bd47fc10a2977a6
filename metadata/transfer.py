"""Going through the records of a move: counted in chunks, kept in a temporary table, written by one UPDATE.

Called by `weighing` (`look`) and `altering` (`clear`, `write`). Reading comes before any lock that readers would
feel; nothing is ever taken out of the old column, and of the new one only what somebody changed since.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Table
from sqlalchemy.orm import Session

from metadata import fieldtypes, gathering, side_tables
from metadata.changes import Conversion, Sample
from metadata.model import Definition, Field
from metadata.moving import Judge, Move, Row
from metadata.store import Id

CHUNK = 2000
SAMPLES = 5
TEXT_SHOWN = 80


@dataclass(frozen=True)
class Looked:
    """A move that was counted: the plan, the records left without a value, and the temporary table to write from.

    `kept` is None when it was only counted; `without` and `misfits` name some of the records.
    """

    move: Move
    plan: Conversion
    kept: Table | None
    lacking: int
    without: tuple[int, ...]
    misfits: tuple[int, ...]


def look(session: Session, move: Move, *, keep: bool) -> Looked:
    """Read through all records and count; with `keep`, what must be written stands in a temporary table."""
    connection = session.connection()
    kept = _temporary(connection, move) if keep else None
    judge, tally = Judge(move), _Tally()
    for rows in chunks(connection, move):
        writes = []
        for row in rows:
            given, held = row.get("_given"), row.get("_held")
            judged = judge.row(given, held, row)
            tally.add(judge, row["_of"], judged, given, held)
            if judged.kind != "misfits" and judged.value != held:
                writes.append({"id": row["id"], "value": judged.value})
        if kept is not None and writes:
            connection.execute(kept.insert(), writes)
    if move.staged:
        tally.lacking += _lacking(connection, move)
    return tally.looked(move, kept)


def _lacking(connection: Connection, move: Move) -> int:
    """How many records were made ready and have no value."""
    table = _table(move)
    ready = table.c[move.marker] == table.c._version
    statement = sa.select(sa.func.count()).where(ready, table.c[move.target.column].is_(None))
    return int(connection.execute(statement).scalar_one())


def _temporary(connection: Connection, move: Move) -> Table:
    kind = sa.JSON() if move.target.many else fieldtypes.of(move.target).sql(move.target)
    columns = (sa.Column("id", Id, primary_key=True), sa.Column("value", kind))
    table = Table(move.temporary, sa.MetaData(), *columns, prefixes=["TEMPORARY"])
    table.create(connection)
    return table


def chunks(
    connection: Connection, move: Move, after: int = 0, size: int = CHUNK
) -> Iterator[Sequence[Mapping[str, Any]]]:
    """All records or rows by id, those in the bin too, of a staged move those not ready; `_of` is the record's id."""
    table = _table(move)
    wanted: list[sa.ColumnElement[Any]] = [table.c.id, table.c["_record" if move.within else "id"].label("_of")]
    wanted += [table.c._version] if not move.within else []
    left = table.c[move.marker].is_distinct_from(table.c._version) if move.staged else sa.true()
    if move.fill or move.refill:
        wanted += [table.c[f.column].label(f.name) for f in move.definition.columns.values()]
    for name, item in (("_given", move.source), ("_held", move.held)):
        if item is not None:
            wanted.append(value_in(move.definition, table, item).label(name))
    last = after
    while True:
        statement = sa.select(*wanted).where(table.c.id > last, left).order_by(table.c.id).limit(size)
        rows: Sequence[Any] = connection.execute(statement).mappings().all()
        if not rows:
            return
        yield rows
        last = rows[-1]["id"]


def value_in(definition: Definition, table: Table, item: Field) -> sa.ColumnElement[Any]:
    """The value of a field, in sight or not, in a row of `table`; of a list all its entries."""
    if item.many:
        return gathering.values(item, side_tables.runtime_table(definition, item), table.c.id)
    return table.c[item.column]


def _table(move: Move) -> Table:
    """The table as it is now, with the columns that the move reads."""
    items = {f.column: f for f in move.definition.columns.values()}
    others = [f for f in (move.source, move.held) if f is not None and f.stored]
    items |= {f.column: f for f in others if f.column not in items}
    if move.staged:
        items.setdefault(move.target.column, move.target)
    columns = [sa.Column(f.column, fieldtypes.of(f).sql(f)) for f in items.values()]
    own = [sa.Column("id", Id, primary_key=True), sa.Column("_record", Id)]
    own += [sa.Column("_version", sa.Integer)] if not move.within else []
    own += [sa.Column(move.marker, sa.Integer)] if move.staged else []
    return Table(move.table_name, sa.MetaData(), *own, *columns)


def make_ready(connection: Connection, move: Move, judge: Judge, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the new values of these records ahead; one that somebody changes meanwhile is left for the end."""
    table = _table(move)
    writes = []
    for row in rows:
        judged = judge.row(row.get("_given"), row.get("_held"), row)
        if judged.kind != "misfits":
            writes.append({"key": row["id"], "seen": row["_version"], "made": judged.value})
    if not writes:
        return
    kind = fieldtypes.of(move.target).sql(move.target)
    same = (table.c.id == sa.bindparam("key"), table.c._version == sa.bindparam("seen"))
    values = {move.target.column: sa.bindparam("made", type_=kind), move.marker: sa.bindparam("seen")}
    connection.execute(table.update().where(*same).values(values), writes)


class _Tally:
    """Counts while the records pass."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.samples: list[Sample] = []
        self.failing: list[Sample] = []
        self.lacking = 0
        self.without: list[int] = []
        self.misfits: list[int] = []

    def add(self, judge: Judge, record_id: int, judged: Row, given: Any, held: Any) -> None:
        self.counts[judged.kind] = self.counts.get(judged.kind, 0) + 1
        if judged.value is None:
            self.lacking += 1
            _some(self.without, record_id)
        if judged.kind == "misfits":
            _some(self.misfits, record_id)
        elif judged.kind == "fails" and len(self.failing) < SAMPLES:
            self.failing.append(_sample(judge, record_id, judged, given))
        elif judged.kind != "empty" and len(self.samples) < SAMPLES:
            self.samples.append(_sample(judge, record_id, judged, given))

    def looked(self, move: Move, kept: Table | None) -> Looked:
        plan = Conversion(
            sum(self.counts.values()), **self.counts, samples=tuple(self.samples), failing=tuple(self.failing)
        )
        return Looked(move, plan, kept, self.lacking, tuple(self.without), tuple(self.misfits))


def _some(found: list[int], record_id: int) -> None:
    if len(found) < SAMPLES:
        found.append(record_id)


def _sample(judge: Judge, record_id: int, judged: Row, given: Any) -> Sample:
    move = judge.move
    before = "" if given is None or not move.steps else move.steps[0].text(given)
    after = "" if judged.value is None else judge.shown.text(judged.value)
    reason = judged.reason
    shown = (before[:TEXT_SHOWN], after[:TEXT_SHOWN])
    return Sample(record_id, *shown, reason.message if reason else "", dict(reason.params) if reason else {})


def clear(connection: Connection, looked: Looked) -> None:
    """Empty what is to be written in a column that is there already, so that its type and checks can be changed."""
    move = looked.move
    if looked.kept is None or move.held is None or move.staged or move.target.many:
        return
    table = _table(looked.move)
    listed = sa.select(looked.kept.c.id)
    connection.execute(table.update().where(table.c.id.in_(listed)).values({looked.move.target.column: None}))


def write(connection: Connection, looked: Looked) -> None:
    """Put the values into their column, and forget the temporary table."""
    if looked.kept is None:
        return
    move, kept = looked.move, looked.kept
    if move.target.many:
        _write_lists(connection, move, kept)
        drop(connection, looked)
        return
    column = sa.Column(move.target.column, fieldtypes.of(move.target).sql(move.target))
    table = Table(move.table_name, sa.MetaData(), sa.Column("id", Id, primary_key=True), column)
    connection.execute(table.update().where(table.c.id == kept.c.id).values({column.name: kept.c.value}))
    drop(connection, looked)


def _write_lists(connection: Connection, move: Move, kept: Table) -> None:
    """The entries of lists, in the table beside the record's."""
    side, last = side_tables.runtime_table(move.definition, move.target), 0
    while rows := connection.execute(kept.select().where(kept.c.id > last).order_by(kept.c.id).limit(CHUNK)).all():
        last = rows[-1].id
        connection.execute(side.delete().where(side.c._record.in_([row.id for row in rows])))
        entries = [
            {"_record": row.id, "_position": place, "value": value}
            for row in rows
            for place, value in enumerate(row.value or ())
        ]
        if entries:
            connection.execute(side.insert(), entries)


def drop(connection: Connection, looked: Looked) -> None:
    """Forget the temporary table."""
    if looked.kept is not None:
        looked.kept.drop(connection)
