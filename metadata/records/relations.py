"""The records of other definitions that point at one, and how many there are, within the actor's rows and fields.

Called by the record's page. All counts are one statement, however many definitions point here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from metadata import access
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.records.columns import pointing_at


@dataclass(frozen=True)
class Relation:
    """A field of another definition (or of the same) that points here."""

    definition: str
    field: str

    @property
    def key(self) -> str:
        """As it stands in an address."""
        return f"{self.definition}.{self.field}"


def relations(catalog: Catalog, actor: Actor, name: str) -> list[Relation]:
    """The fields that point at a definition, of lists that the actor may see with that field."""
    found = [Relation(definition, field) for definition, field in catalog.referrers.get(name, ())]
    return [relation for relation in found if _seen(catalog, actor, relation)]


def related_counts(
    session: Session, catalog: Catalog, actor: Actor, name: str, several: Sequence[Relation], record_id: int
) -> dict[Relation, int]:
    """How many records of each relation point at this record of `name`, of those that the actor may list."""
    if not several:
        return {}
    counts = []
    for relation in several:
        entity = catalog[relation.definition]
        table, field = entity.table, entity.definition.fields[relation.field]
        here = [pointing_at(entity, field, name, record_id), table.c._removed_at.is_(None)]
        seen = access.sight(actor, catalog, entity, "list")
        here += [seen.apart[relation.field]] if relation.field in seen.apart else []
        mine = access.rows(actor, catalog, entity, "list")
        counts.append(select(func.count()).select_from(table).where(*here, mine).scalar_subquery())
    row = session.connection().execute(select(*counts)).one()
    return dict(zip(several, map(int, row), strict=True))


def _seen(catalog: Catalog, actor: Actor, relation: Relation) -> bool:
    entity = catalog[relation.definition]
    if not access.may(actor, entity, "list") or entity.definition.fields[relation.field].rows:
        return False  # a list can't be asked for what stands in the rows of a table within a record
    return any(field.name == relation.field for field in access.readable_somewhere(actor, entity, "list"))
