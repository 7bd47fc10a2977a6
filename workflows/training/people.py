"""The people whom a training service is about: names for messages, accounts and zones for notices.

Called by the services of this folder and of onboarding, after access to the place or task was decided.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import select
from sqlalchemy.orm import Session

from metadata import access
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.errors import NotFound
from metadata.fieldtypes import LARGEST_INTEGER
from workflows.installation import UTC_ZONE

PERSON = "employee"


@dataclass(frozen=True)
class Participant:
    """A person as far as training needs to know them."""

    id: int
    name: str
    account: str
    status: str
    zone: ZoneInfo


def participants(
    session: Session, catalog: Catalog, actor: Actor, ids: Iterable[int], zone: ZoneInfo = UTC_ZONE
) -> dict[int, Participant]:
    """Those of `ids` whom the actor may choose from a list; `zone` is of those who have none of their own."""
    wanted = sorted(i for i in set(ids) if 0 < i <= LARGEST_INTEGER)
    if not wanted:
        return {}
    entity = catalog[PERSON]
    table = entity.table
    mine = access.rows(actor, catalog, entity, "list")
    statement = select(table).where(table.c.id.in_(wanted), table.c._removed_at.is_(None), mine)
    found = {}
    for row in session.execute(statement).mappings():
        values = {key: row[column] for key, column in table.c.items()}
        own = values.get("timezone") or ""
        found[values["id"]] = Participant(
            values["id"],
            values["name"],
            values.get("account") or "",
            values.get("status") or "",
            ZoneInfo(own) if own in available_timezones() else zone,
        )
    return found


def written(at: datetime, zone: ZoneInfo) -> Mapping[str, str]:
    """A moment as a message wants it: the day and the time where the reader is."""
    local = at.astimezone(zone)
    return {"day": local.date().isoformat(), "time": local.strftime("%H:%M")}


def own_id(actor: Actor) -> int:
    """The employee behind the account; raises NotFound for an account without one."""
    if actor.person_id is None:
        raise NotFound("No employee record carries your account; ask HR to enter it there.")
    return actor.person_id


def names(found: Mapping[int, Participant], ids: Collection[int]) -> str:
    """Names in a row, for a message."""
    return ", ".join(found[i].name for i in ids if i in found)
