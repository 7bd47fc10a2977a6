"""Which fields an actor may set in which records, where rules grant a field in some rows alone.

Called by the writers before a record is changed and after one was made, since only the database can say which rules
grant a row. Where every rule agrees, which is nearly always, nothing is asked.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select as sql_select
from sqlalchemy.orm import Session

from metadata import access
from metadata.access import Actor, Sight
from metadata.catalog import Catalog, Entity
from metadata.errors import Problem
from metadata.model import Field
from metadata.records.checks import LOCKED
from metadata.records.read import marks_of

CHUNK = 500


def settable(session: Session, catalog: Catalog, name: str, actor: Actor, record_id: int) -> tuple[Field, ...]:
    """The fields that the actor may change in this record."""
    entity = catalog[name]
    hands = access.sight(actor, catalog, entity, "edit", setting=True)
    away = out_of_hand(session, entity, hands, [record_id]).get(record_id, frozenset())
    return tuple(f for f in hands.fields if f.name not in away)


def out_of_hand(session: Session, entity: Entity, hands: Sight, ids: Sequence[int]) -> dict[int, frozenset[str]]:
    """For each of these records the fields in `hands` that no rule grants there; nothing is asked where all are."""
    if not hands.apart:
        return {}
    marks, table = marks_of(hands.apart), entity.table
    columns = {mark: hands.apart[name].label(mark) for name, mark in marks.items()}
    found: dict[int, frozenset[str]] = {}
    for start in range(0, len(ids), CHUNK):
        here = table.c.id.in_(ids[start : start + CHUNK])
        for row in session.connection().execute(sql_select(table.c.id, *columns.values()).where(here)).mappings():
            found[row["id"]] = frozenset(name for name, mark in marks.items() if not row[mark])
    return found


def refusals(given: Collection[str], away: Collection[str]) -> list[Problem]:
    """A problem for each given field that may not be set here."""
    return [Problem(f"/{name}", LOCKED) for name in given if name in away]
