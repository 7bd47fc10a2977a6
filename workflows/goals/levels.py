"""The levels of objectives that a catalog has, and what their fields are for.

Called by every other module here. A level is any definition of kind `okr_level`; how many there are and what else they
hold is the admin's. A field counts by its name (`STATUS`, `PROGRESS` …), where the definition has one; owner and unit
are those of `x-owner`; an alignment is any reference to a level, alone or in rows (docs/decisions/0110).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from metadata import access
from metadata.access import Actor
from metadata.catalog import Catalog, Entity
from metadata.errors import NotFound
from metadata.kinds import Okr

KIND = "okr_level"
STATUS, PROGRESS, SCORE, COMMITMENT, VISIBILITY = "status", "progress", "score", "commitment", "visibility"
START, END, SHARE, ROLLUP, ROLLUP_REASON = "period_start", "period_end", "share", "rollup", "rollup_reason"
RESULTS, DEMANDS, RESOURCE = "key_results", "demands", "resource"
DRAFT, DONE, DROPPED = "draft", "done", "dropped"
OVER = (DONE, DROPPED)
NO_GOAL = "There is no such goal, or you may not see it."

Key = tuple[str, int]  # definition and number of a goal


@dataclass(frozen=True)
class Alignment:
    """A way to align: the field, the field within its rows where it is a child table, and the level it leads to."""

    field: str
    inner: str
    target: str


@dataclass(frozen=True)
class Level:
    """One level of objectives."""

    entity: Entity
    okr: Okr

    @property
    def number(self) -> int:
        """Its place, 1 at the top."""
        return self.okr.level

    @property
    def name(self) -> str:
        """The definition's name."""
        return self.entity.name

    @property
    def person(self) -> str:
        """The field that names the owner; "" where there is none."""
        return self.entity.definition.owner.person or ""

    @property
    def unit(self) -> str:
        """The field that names the unit; "" where there is none."""
        return self.entity.definition.owner.unit or ""

    @property
    def score(self) -> str:
        """The field of the score; "" where there is none."""
        name = self.okr.score or SCORE
        return name if self.has(name) else ""

    def has(self, name: str) -> bool:
        """Whether objectives of this level have such a field."""
        return name in self.entity.definition.fields

    def columns(self, *names: str) -> tuple[str, ...]:
        """Those of the names that are fields."""
        return tuple(name for name in names if name and self.has(name))


def levels(catalog: Catalog) -> tuple[Level, ...]:
    """All levels, the highest first; found once for each catalog, as every page asks."""
    found: tuple[Level, ...] | None = catalog.prepared.get(KIND)
    if found is None:
        stored = (e for e in catalog.entities.values() if e.definition.stores_records)
        made = (Level(e, e.definition.okr) for e in stored if e.definition.okr is not None)
        found = catalog.prepared[KIND] = tuple(sorted(made, key=lambda level: (level.number, level.name)))
    return found


def listed(catalog: Catalog, actor: Actor) -> list[Level]:
    """The levels of which somebody may list objectives."""
    return [level for level in levels(catalog) if access.may(actor, level.entity, "list")]


def level_of(catalog: Catalog, name: str) -> Level:
    """The level with this name; NotFound where that is none."""
    for level in levels(catalog):
        if level.name == name:
            return level
    raise NotFound(NO_GOAL)


def alignments(catalog: Catalog, level: Level) -> Iterator[Alignment]:
    """The ways in which objectives of this level align to others."""
    known = {one.name for one in levels(catalog)}
    for field in level.entity.definition.fields.values():
        if field.ref in known and not field.many:
            yield Alignment(field.name, "", field.ref or "")
        for inner in field.rows.values() if field.rows else ():
            if inner.ref in known:
                yield Alignment(field.name, inner.name, inner.ref or "")
