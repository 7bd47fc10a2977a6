"""Units of work of the web: one transaction for one change, done over when the database asks for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from flask import g
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from metadata import versions
from metadata.catalog import Catalog
from metadata.engine import publishing, writing
from metadata.errors import Busy, CatalogMoved, NotAllowed
from metadata.staging import Large
from portal import catalogs
from portal.extensions import db
from workflows import staged_publish

T = TypeVar("T")


@dataclass
class Held:
    """A request that is one transaction: its units of work leave the commit to whoever put this into `g.held`.

    `begin` is called first in the transaction; `open` says that one was begun and waits for its commit.
    """

    begin: Callable[[Session], None]
    open: bool = False


class Started(Exception):
    """A job does what was asked for; `portal/errors.py` sends people to its page and tells programs its number."""

    def __init__(self, job_id: int) -> None:
        super().__init__(job_id)
        self.job_id = job_id


ATTEMPTS = 4
ONLY_LOOKING = "You are looking as somebody else: nothing can be changed. Leave first."
BUSY = "Many people are writing at this moment; nothing was saved, please try again."


def utcnow() -> datetime:
    """The clock of views."""
    return datetime.now(UTC)


def write(work: Callable[[Session, Catalog], T]) -> T:
    """Run `work` with the catalog in force, in a transaction that commits once.

    The catalog is held as it is before anything is read, so no rule changes half-way. A deadlock, or
    a unique value that somebody else took at the same moment, is tried again and then finds its answer.
    """
    session = db.session()
    for attempt in range(ATTEMPTS):
        try:
            with writing():
                _begin(session, versions.lock_shared)
                catalog = catalogs.source().current(session)
                result = work(session, catalog)
                _end(session)
        except (CatalogMoved, OperationalError, IntegrityError) as error:
            session.rollback()
            if attempt + 1 == ATTEMPTS or _joined():
                raise Busy(BUSY) from error
            continue
        except BaseException:
            session.rollback()
            raise
        _forget()
        return result
    raise Busy(BUSY)


def publish(work: Callable[[Session, Catalog], T]) -> T:
    """Run a publish in its own transaction; tables are locked by `metadata.publish` itself."""
    session = db.session()
    try:
        with publishing():
            _begin(session)
            result = work(session, catalogs.source().current(session))
            _end(session)
    except Large as large:
        session.rollback()
        if g.get("held") is not None:  # the job would be undone with the answer
            raise
        raise Started(_in_a_job(session, large)) from large
    except BaseException:
        session.rollback()
        raise
    _forget()
    return result


def _in_a_job(session: Session, large: Large) -> int:
    """Begin the publish that was too large for one transaction; the id of the job that does it."""
    with publishing():
        _begin(session)
        job_id = staged_publish.start(session, catalogs.source().current(session), now=utcnow(), **large.order)
        _end(session)
    return job_id


def _begin(session: Session, *first: Callable[[Session], None]) -> None:
    """A fresh transaction, or the one that this request holds; none for who only looks (portal/seeing.py)."""
    if g.get("read_only"):
        raise NotAllowed(ONLY_LOOKING)
    held: Held | None = g.get("held")
    if held is not None and held.open:
        return
    session.rollback()
    for act in first:
        act(session)
    if held is not None:
        held.begin(session)


def _end(session: Session) -> None:
    held: Held | None = g.get("held")
    if held is None:
        session.commit()
    else:
        session.flush()
        held.open = True


def _joined() -> bool:
    """Whether earlier work of this request was undone too, so that this part alone can't be done over."""
    held: Held | None = g.get("held")
    return held is not None and held.open


def _forget() -> None:
    for name in ("versions", "catalog", "actor"):
        g.pop(name, None)
