"""Targets that were changed in a form, by REST or by an import of one record: they flow down, too.

A subscriber of the outbox. What a cascade made, or undid, is known by its figures and begins no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from metadata.access import system
from metadata.catalog import Catalog
from metadata.errors import NotFound
from workflows.goals import reading, sharing
from workflows.goals.cascades import flow
from workflows.goals.levels import KIND, RESULTS, Key
from workflows.goals.results import Result
from workflows.goals.tables import cascades, proposals
from workflows.outbox import Event, subscribes


@subscribes("record.changed", name="goals.target_changed")
def _changed(session: Session, catalog: Any, event: Event, now: datetime) -> None:
    """A target that was changed in a form or by REST flows down, too."""
    if catalog is None or event.definition not in catalog or catalog[event.definition].definition.kind != KIND:
        return
    before, after = (_targets(event.payload.get(word)) for word in ("before", "after"))
    for number in event.payload.get("ids", ()):
        key = (event.definition, int(number))
        for result_id, target in after.items():
            old = before.get(result_id)
            if old is None or old == target or _known(session, key, result_id, old, target):
                continue
            _begin_late(session, catalog, key, result_id, old, target, event.actor, now)


def _begin_late(
    session: Session,
    catalog: Catalog,
    key: Key,
    result_id: int,
    old: Decimal,
    target: Decimal,
    by: str,
    now: datetime,
) -> None:
    try:
        goal = reading.one(session, catalog, system("goals"), key)
        result = reading.result_of(goal, result_id)
    except NotFound:
        return
    if result.target == target:
        then = Result(**{**vars(result), "target": old})
        flow(session, catalog, goal, then, target, sharing.SHARE, "", by, None, now)


def _targets(values: Mapping[str, Any] | None) -> dict[int, Decimal]:
    rows = (values or {}).get(RESULTS) or ()
    return {
        int(row["id"]): Decimal(str(row["target"])) for row in rows if row.get("id") and row.get("target") is not None
    }


def _known(session: Session, key: Key, result_id: int, old: Decimal, target: Decimal) -> bool:
    """Whether a cascade or a decision of one made this change, or undid it."""
    for table, made in ((cascades, cascades.c.after), (proposals, proposals.c.final)):
        c = table.c
        mine = c.definition == key[0], c.record_id == key[1], c.result_id == result_id
        for row in session.execute(select(c.before, made).where(*mine)):
            pair = {Decimal(one) for one in row if one is not None}
            if pair == {old, target}:
                return True
    return False
