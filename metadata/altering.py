"""Doing to the tables what a publish has planned: shape, values, then what holds them to the new definition.

Called by `publish` inside its transaction, after `weighing` found nothing in the way. On PostgreSQL whatever waits
two seconds for a lock is undone and tried again, so that readers who queue up behind it get their turn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from metadata import fieldtypes, migrate, side_tables, tables, transfer, versions
from metadata.errors import Busy, DefinitionError
from metadata.model import Definition, Field
from metadata.planning import Plan
from metadata.transfer import Looked
from metadata.weighing import Weight

BUSY = "Others are working with these records; please publish again in a moment."
LOCK_TIMEOUT = "2s"
ATTEMPTS = 3


def change_tables(session: Session, plan: Plan, weight: Weight, step: Callable[[str], None]) -> None:
    """Bring all tables to the new catalog; raises Busy when others hold one of them all the time."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with session.begin_nested():
                _all(session, plan, weight, step)
        except DBAPIError as error:
            if not is_busy(error):
                raise
            if attempt == ATTEMPTS:
                raise Busy(BUSY) from error
        else:
            return


def lock(session: Session) -> None:
    """Take the catalog for oneself until the transaction ends; raises Busy where others have it for two seconds."""
    if session.get_bind().dialect.name != "postgresql":
        return
    session.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
    try:
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": versions.LOCK_KEY})
    except DBAPIError as error:
        raise Busy(BUSY) from error


def is_busy(error: DBAPIError) -> bool:
    """Whether the database gave up waiting for others."""
    return "lock timeout" in str(error.orig) or "locked" in str(error.orig)


def _all(session: Session, plan: Plan, weight: Weight, step: Callable[[str], None]) -> None:
    connection = session.connection()
    fresh = [plan.new[n].definition for n in plan.documents if n in plan.new and n not in plan.old]
    migrate.create_tables(connection, fresh)
    step("created")
    for name in plan.documents:
        if name in plan.old and name in plan.new and plan.new[name].definition.stores_records:
            _one(session, plan, name, weight)
    step("altered")
    if migrate.unchecked_links(connection):
        raise DefinitionError("Some references would be left without their record.")


def _one(session: Session, plan: Plan, name: str, weight: Weight) -> None:
    """Columns first, then the values, then NOT NULL and what is unique."""
    connection = session.connection()
    old, new = plan.old[name].definition, plan.new[name].definition
    if not old.stores_records:
        migrate.create_tables(connection, [new])
        return
    looked = weight.looked.get(name, [])
    migrate.unindex(connection, old, new)
    for one in looked:
        transfer.clear(connection, one)
    migrate.drop_columns(connection, new.table_name, [one.move.marker for one in looked if one.move.staged])
    filling = _newly_required(old, new)
    migrate.alter_table(connection, old, new, plan.pasts[name], {f.column for f in filling})
    for one in looked:
        transfer.write(connection, one)
    _fill_defaults(session, new, filling, looked)
    migrate.hold_to_required(connection, new, [f.column for f in filling if f.stored])
    migrate.reindex(connection, new)


def _newly_required(old: Definition, new: Definition) -> list[Field]:
    """Fields whose column could hold nothing until now and may not any more."""
    before = {f.column: f.required for f in old.fields.values()}
    return [f for f in new.held.values() if f.required and not before.get(f.column, False)]


def _fill_defaults(session: Session, new: Definition, filling: Sequence[Field], looked: Sequence[Looked]) -> None:
    moved = {one.move.target.column for one in looked if one.move.within is None}
    table = tables.runtime_table(new)
    for item in filling:
        if item.has_default and item.column not in moved:
            value = fieldtypes.of(item).from_json(item, item.default)
            if item.many:
                side_tables.fill(session.connection(), new, item, table, value)
                continue
            column = table.c[item.name]
            session.connection().execute(update(table).where(column.is_(None)).values({item.name: value}))
