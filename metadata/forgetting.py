"""Taking values out of the trail and out of events, when they are deleted for good; that something happened stays.

Called by `purging` alone. Set-based, on both databases: a JSON value loses a key, or all of its values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from metadata import store

CHUNK = 500


def field(connection: Connection, definition: str, name: str, first: int, until: int | None) -> None:
    """Forget the values of a field, which was called `name` from catalog version `first` to before `until`."""
    later = sa.true() if until is None else store.audit.c.catalog_version < until
    c = store.audit.c
    for column in (c.before, c.after):
        mine = (c.definition == definition, c.catalog_version >= first, later, column.is_not(None))
        made = _without(connection, column, (name,))
        connection.execute(sa.update(store.audit).where(*mine).values({column.name: made}))
    o = store.outbox.c
    until_then = sa.true() if until is None else o.catalog_version < until
    payload: sa.ColumnElement[Any] = o.payload
    for side in ("before", "after"):
        payload = _without(connection, payload, (side, name))
    events = (o.definition == definition, o.catalog_version >= first, until_then)
    connection.execute(sa.update(store.outbox).where(*events).values(payload=payload))


def definition(connection: Connection, name: str) -> None:
    """Forget all values of the records of a definition."""
    _emptied(connection, store.audit.c.definition == name, store.outbox.c.definition == name)


def records(connection: Connection, name: str, ids: Sequence[int]) -> None:
    """Forget all values of these records."""
    for start in range(0, len(ids), CHUNK):
        part = list(ids[start : start + CHUNK])
        first = _first_id(connection)
        _emptied(
            connection,
            sa.and_(store.audit.c.definition == name, store.audit.c.record_id.in_(part)),
            sa.and_(store.outbox.c.definition == name, first.in_(part)),
        )


def _emptied(connection: Connection, rows: sa.ColumnElement[bool], events: sa.ColumnElement[bool]) -> None:
    kept = store.audit.c.action != "publish"
    empty = {"before": sa.null(), "after": sa.null()}
    connection.execute(sa.update(store.audit).where(rows, kept).values(empty))
    payload: sa.ColumnElement[Any] = store.outbox.c.payload
    for name in ("before", "after"):
        payload = _without(connection, payload, (name,))
    connection.execute(sa.update(store.outbox).where(events).values(payload=payload))


def _without(connection: Connection, value: sa.ColumnElement[Any], path: tuple[str, ...]) -> sa.ColumnElement[Any]:
    """The JSON object without what stands at `path`; what is no object stays as it is."""
    if connection.dialect.name == "sqlite":
        return sa.func.json_remove(value, "$" + "".join(f'."{step}"' for step in path), type_=sa.Text)
    steps = sa.cast(sa.literal("{" + ",".join(f'"{step}"' for step in path) + "}"), sa.ARRAY(sa.Text))
    removed = sa.type_coerce(value, store.Json).op("#-")(steps)
    return sa.case((sa.func.jsonb_typeof(value) == "object", removed), else_=value)


def _first_id(connection: Connection) -> sa.ColumnElement[int]:
    payload = store.outbox.c.payload
    if connection.dialect.name == "sqlite":
        return sa.func.json_extract(payload, "$.ids[0]", type_=sa.BigInteger)
    return sa.cast(payload.op("#>>")(sa.cast(sa.literal("{ids,0}"), sa.ARRAY(sa.Text))), sa.BigInteger)
