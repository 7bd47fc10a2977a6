"""The steps by which a draft came to be: kept with the draft, so that they can be undone and done again.

Called by `drafts` alone. A step holds the document after it and the sentence that says what was done; number 0 is
the document before the first. Undone steps stay until something else is done. They go with their draft.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.orm import Session

from metadata import store
from metadata.errors import Conflict

KEPT = 100
NOTHING_TO_UNDO = "There is nothing left to undo."
NOTHING_TO_REDO = "There is nothing left to do again."
steps = store.draft_step


@dataclass(frozen=True)
class Step:
    """One step: the document after it, and what was done as a sentence with places."""

    number: int
    document: Mapping[str, Any]
    message: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    author: str = ""
    at: datetime | None = None


def note(
    session: Session,
    name: str,
    owner: str,
    before: Mapping[str, Any] | None,
    after: Step,
) -> None:
    """Remember a step; what was undone can't be done again from here on."""
    mine = _of(name, owner)
    session.execute(delete(steps).where(mine, steps.c.undone))
    last = session.execute(select(func.max(steps.c.number)).where(mine)).scalar()
    rows = []
    if last is None and before is not None:
        rows.append(_row(name, owner, Step(0, before, author=after.author, at=after.at)))
    number = (0 if last is None else last) + 1
    rows.append(_row(name, owner, Step(number, after.document, after.message, after.params, after.author, after.at)))
    session.execute(insert(steps), rows)
    session.execute(delete(steps).where(mine, steps.c.number < number - KEPT))


def _row(name: str, owner: str, step: Step) -> dict[str, Any]:
    return {
        "name": name,
        "owner": owner,
        "number": step.number,
        "document": json.loads(json.dumps(step.document)),
        "message": step.message,
        "params": dict(step.params),
        "author": step.author,
        "at": step.at,
        "undone": False,
    }


def back(session: Session, name: str, owner: str) -> tuple[Step, Step]:
    """Undo the last step: the step that goes, and the one that stands again. Raises Conflict when there is none."""
    rows = _newest(session, _of(name, owner) & steps.c.undone.is_(False), steps.c.number.desc(), 2)
    if len(rows) < 2:
        raise Conflict(NOTHING_TO_UNDO)
    _set(session, name, owner, rows[0].number, undone=True)
    return rows[0], rows[1]


def forth(session: Session, name: str, owner: str) -> Step:
    """Do the step again that was undone last; raises Conflict when there is none."""
    rows = _newest(session, _of(name, owner) & steps.c.undone.is_(True), steps.c.number.asc(), 1)
    if not rows:
        raise Conflict(NOTHING_TO_REDO)
    _set(session, name, owner, rows[0].number, undone=False)
    return rows[0]


def around(session: Session, name: str, owner: str) -> tuple[Step | None, Step | None]:
    """What would be undone and what would be done again; one statement, without the documents."""
    columns = [steps.c[n] for n in ("number", "message", "params", "author", "at", "undone")]
    rows = session.execute(select(*columns).where(_of(name, owner)).order_by(steps.c.number)).mappings().all()
    done = [r for r in rows if not r["undone"]]
    undone = [r for r in rows if r["undone"]]
    last = _step(done[-1]) if len(done) > 1 else None
    return last, _step(undone[0]) if undone else None


def forget(session: Session, name: str, owner: str) -> None:
    """Drop the steps of a draft that is gone."""
    session.execute(delete(steps).where(_of(name, owner)))


def hand_over(session: Session, name: str, owner: str, to: str) -> None:
    """The steps of one draft become those of the other."""
    forget(session, name, to)
    session.execute(update(steps).where(_of(name, owner)).values(owner=to))


def _of(name: str, owner: str) -> ColumnElement[bool]:
    return (steps.c.name == name) & (steps.c.owner == owner)


def _newest(session: Session, which: ColumnElement[bool], order: Any, limit: int) -> list[Step]:
    rows = session.execute(select(steps).where(which).order_by(order).limit(limit)).mappings()
    return [Step(r["number"], r["document"], r["message"], r["params"], r["author"], r["at"]) for r in rows]


def _set(session: Session, name: str, owner: str, number: int, *, undone: bool) -> None:
    session.execute(update(steps).where(_of(name, owner), steps.c.number == number).values(undone=undone))


def _step(row: Any) -> Step:
    return Step(row["number"], {}, row["message"], row["params"], row["author"], row["at"])
