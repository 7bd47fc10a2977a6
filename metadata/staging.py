"""A publish that touches many records: its values are made ahead, beside the records, and it is in force at the end.

Called by `publish` (`refuse_large`) and by workflows, whose job goes through `begin`, `fill` chunk by chunk, and then
publishes what `load` gives, which only catches up on records changed since. Readers wait for no more than the
change of a column at the beginning and at the end. What was filled ahead in vain is taken away by `abandon`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from metadata import aligning, altering, fieldtypes, migrate, planning, store, transfer
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.dialect import places
from metadata.errors import Busy, Conflict, NotFound, Problem
from metadata.model import Definition, Field
from metadata.moving import Judge, Move
from metadata.planning import Document, Plan

LARGE = 50_000  # what is written in less than the two seconds that readers may wait
TOO_LARGE = "This changes %(rows)s records, more than is done at once; a job does it."
TOO_MANY_ENTRIES = (
    "“%(field)s” has %(count)s entries to be made anew; lists are converted for at most %(most)s at once."
)
ENTRIES_HINT = "Add a new field beside it, and fill that by an import."
GONE = "This publish was given up."


class Large(Conflict):
    """A publish that a job must do; raised before anything is done. `order` is what was asked for."""

    order: Mapping[str, Any]


@dataclass(frozen=True)
class Stage:
    """A publish on its way."""

    id: int
    author: str
    comment: str
    documents: tuple[Mapping[str, Any], ...]
    options: Mapping[str, Any]
    columns: Mapping[str, Sequence[str]]
    job: int | None


def refuse_large(session: Session, plan: Plan, order: Mapping[str, Any]) -> None:
    """Raise Large when more records would be written than one transaction should, and nothing was made ahead."""
    rows = rows_to_write(session, plan)
    if rows:
        large = Large(TOO_LARGE, params={"rows": rows})
        large.order = order
        raise large


def too_many_entries(session: Session, plan: Plan) -> list[Problem]:
    """A problem for each list or field of rows that is too large to be converted: entries aren't made ahead."""
    found = []
    for name, moves in plan.moves.items():
        for move in moves:
            if not (move.target.many or move.within) or move.source is None:
                continue
            count = _size(session.connection(), move.table_name)
            if count > LARGE:
                pointer = places.pointer(move.name) if not move.within else places.row_pointer(move.name)
                params = {"field": move.target.texts.named(), "count": count, "most": LARGE}
                found.append(Problem(pointer, TOO_MANY_ENTRIES, params, ENTRIES_HINT, name))
    return found


def rows_to_write(session: Session, plan: Plan) -> int:
    """The records of the large tables in which the plan writes; none where all were made ahead."""
    total = 0
    for name in plan.documents:
        if name in plan.old and name in plan.new and plan.old[name].definition.stores_records:
            before, after = plan.old[name].definition, plan.new[name].definition
            ahead = {move.target.column for move in plan.moves.get(name, ()) if move.staged}
            if _writes(session, before, after, plan.moves.get(name, ()), ahead):
                total += _size(session.connection(), before.table_name)
    return total


def _writes(session: Session, before: Definition, after: Definition, moves: Sequence[Move], ahead: set[str]) -> bool:
    """Whether the table is large and a field would be converted, filled or stored anew in all of it."""
    held = {f.column: f for f in before.columns.values()}
    touched = any(not (move.staged or move.target.many or move.within) for move in moves) or any(
        item.column not in ahead and _rewritten(session, held.get(item.column), item) for item in after.columns.values()
    )
    return touched and _size(session.connection(), before.table_name) > LARGE


def _rewritten(session: Session, old: Field | None, new: Field) -> bool:
    if new.required and new.has_default and (old is None or not old.required):
        return True
    return old is not None and session.get_bind().dialect.name == "postgresql" and _stored_anew(old, new)


def _stored_anew(old: Field, new: Field) -> bool:
    """Whether PostgreSQL would write every row anew, and block readers meanwhile: longer texts it takes as they are."""
    return (old.type, old.scale) != (new.type, new.scale) and fieldtypes.of(old).numeric


def _size(connection: Connection, table: str) -> int:
    return int(connection.execute(text(f'SELECT count(*) FROM "{table}"')).scalar_one())


def begin(
    session: Session,
    catalog: Catalog,
    documents: Sequence[Document],
    *,
    actor: Actor,
    comment: str,
    now: datetime,
    options: Mapping[str, Any],
) -> int:
    """Make the columns that are to be filled, empty and out of sight; the id of what `load` gives.

    Must run inside `engine.publishing()`.
    """
    altering.lock(session)
    restoring = options.get("rolled_back_to") is not None
    plan = planning.plan(session, catalog, documents, restoring=restoring, aside=partial(_apart, session))
    columns: dict[str, list[str]] = {}
    try:
        for name, moves in plan.moves.items():
            definition = plan.new[name].definition
            if _size(session.connection(), definition.table_name) <= LARGE:
                continue
            for move in moves:
                if (
                    move.target.many or move.within
                ):  # entries have a table of their own, and are made in the last transaction
                    continue
                migrate.stage_column(session.connection(), definition, move.target, move.marker)
                fresh = [] if move.held is not None else [move.target.column]
                columns.setdefault(definition.table_name, []).extend([*fresh, move.marker])
    except DBAPIError as error:
        if altering.is_busy(error):
            raise Busy(altering.BUSY) from error
        raise
    made = [d if d is not None else {"$id": n, "x-withdrawn": True} for n, d in plan.documents.items()]
    row = {"at": now, "author": actor.username, "comment": comment, "documents": made}
    values = {**row, "options": dict(options), "columns": columns}
    return int(session.execute(insert(store.stage).values(values).returning(store.stage.c.id)).scalar_one())


def _apart(session: Session, definition: Definition, old: Field, new: Field) -> bool:
    """Whether values that could stay where they are had better go to a column of their own: the table is large."""
    if not (old.stored and new.stored and _rewritten(session, old, new)):
        return False
    return _size(session.connection(), definition.table_name) > LARGE


def load(session: Session, stage_id: int) -> Stage:
    """The publish on its way; raises NotFound when it was given up."""
    row = session.execute(select(store.stage).where(store.stage.c.id == stage_id)).mappings().first()
    if row is None:
        raise NotFound(GONE)
    return _stage(row)


def every(session: Session) -> list[Stage]:
    """All that are on their way."""
    return [_stage(row) for row in session.execute(select(store.stage).order_by(store.stage.c.id)).mappings()]


def _stage(row: Any) -> Stage:
    names = ("id", "author", "comment", "options", "columns", "job")
    return Stage(documents=tuple(row["documents"]), **{name: row[name] for name in names})


def belongs_to(session: Session, stage_id: int, job_id: int) -> None:
    """Remember which job works at it."""
    session.execute(update(store.stage).where(store.stage.c.id == stage_id).values(job=job_id))


def work(session: Session, catalog: Catalog, stage: Stage) -> list[Move]:
    """The moves to be made ahead, always in the same order."""
    restoring = stage.options.get("rolled_back_to") is not None
    plan = planning.plan(session, catalog, stage.documents, restoring=restoring)
    return [move for name in sorted(plan.moves) for move in plan.moves[name] if move.staged]


def total(session: Session, moves: Sequence[Move]) -> int:
    """How many values are to be made."""
    return sum(_size(session.connection(), move.definition.table_name) for move in moves)


def fill(session: Session, move: Move, after: int, size: int) -> tuple[int, int]:
    """Make the values of the next records; the last id, and how many there were (0: the move is done)."""
    connection = session.connection()
    rows = next(transfer.chunks(connection, move, after, size), ())
    if not rows:
        return after, 0
    transfer.make_ready(connection, move, Judge(move), rows)
    return int(rows[-1]["id"]), len(rows)


def finished(session: Session, stage_id: int) -> None:
    """Forget it; its columns are in force, or it changed nothing."""
    session.execute(delete(store.stage).where(store.stage.c.id == stage_id))


def abandon(session: Session, stage: Stage) -> None:
    """Take away what was filled ahead in vain. Must run inside `engine.publishing()`."""
    altering.lock(session)
    used = _live_columns(session)
    for table, columns in stage.columns.items():
        spare = [column for column in columns if (table, column) not in used]
        migrate.drop_columns(session.connection(), table, spare)
    finished(session, stage.id)


def _live_columns(session: Session) -> set[tuple[str, str]]:
    """What some version of a definition uses, since another publish may have come in between."""
    documents = session.execute(select(store.definition.c.document).where(store.definition.c.document.is_not(None)))
    return {
        (f"rec_{document['$id']}", item["x-id"])
        for document in documents.scalars()
        if isinstance(document, dict)
        for _path, item in aligning.items(document)
        if "x-id" in item
    }
