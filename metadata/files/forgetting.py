"""Deleting the content of files: uploads that no record took over, and files of what was deleted for good.

Called by housekeeping (`sweep`) and by purging. A file goes when the last record that has or had it goes.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from metadata import store
from metadata.files.store import CHUNK

KEPT = timedelta(hours=24)
AT_ONCE = 1000


def sweep(session: Session, now: datetime) -> int:
    """Delete uploads that nobody attached for a day, at most a thousand at once; how many went."""
    t = store.file.c
    late = select(t.id).where(t.at < now - KEPT, _unused()).order_by(t.at).limit(AT_ONCE)
    held = list(session.execute(late.with_for_update(skip_locked=True)).scalars())
    # Asked again now that they are held: a record may have taken one over a moment before.
    return _delete(session, held)


def forget_records(session: Session, definition: str, ids: Sequence[int]) -> None:
    """Let go of the files of these records."""
    for start in range(0, len(ids), CHUNK):
        _forget(session, definition, store.file_use.c.record_id.in_(ids[start : start + CHUNK]))


def forget_field(session: Session, definition: str, column: str) -> None:
    """Let go of all files that the field with this column holds or held."""
    _forget(session, definition, store.file_use.c.column == column)


def forget_table(session: Session, definition: str) -> None:
    """Let go of all files of a definition's records."""
    _forget(session, definition)


def _forget(session: Session, definition: str, *which: ColumnElement[bool]) -> None:
    t = store.file_use.c
    mine = (t.definition == definition, *which)
    files = list(session.execute(select(t.file).where(*mine).distinct()).scalars())
    session.execute(delete(store.file_use).where(*mine))
    _delete(session, files)


def _unused() -> ColumnElement[bool]:
    used = select(store.file_use.c.file).where(store.file_use.c.file == store.file.c.id)
    return ~used.exists()


def _delete(session: Session, ids: Sequence[uuid.UUID]) -> int:
    """Delete those of these files that no record has or had."""
    gone = 0
    for start in range(0, len(ids), CHUNK):
        here = store.file.c.id.in_(ids[start : start + CHUNK])
        going = list(session.execute(select(store.file.c.id).where(here, _unused())).scalars())
        session.execute(delete(store.file_part).where(store.file_part.c.file.in_(going)))
        session.execute(delete(store.file).where(store.file.c.id.in_(going)))
        gone += len(going)
    return gone
