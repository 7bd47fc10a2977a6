"""The tree of units (departments) that a dashboard is filtered and divided by.

Called by board.py. Holds the units that the actor may list, in one statement, and answers: which
ids lie under one, under which child does an id count (drilling down one level at a time), what is
it called.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import Session

from metadata import access
from metadata.access import Actor
from metadata.catalog import Catalog


@dataclass(frozen=True)
class Unit:
    """One unit; `parent` is None at the top and where the actor may not see the parent."""

    id: int
    label: str
    parent: int | None


@dataclass(frozen=True)
class Units:
    """All units that somebody may see, by id."""

    by_id: Mapping[int, Unit]

    @cached_property
    def children(self) -> Mapping[int | None, tuple[Unit, ...]]:
        found: dict[int | None, list[Unit]] = {}
        for unit in self.by_id.values():
            found.setdefault(unit.parent, []).append(unit)
        return {parent: tuple(sorted(units, key=lambda unit: unit.label)) for parent, units in found.items()}

    @cached_property
    def top(self) -> int | None:
        """The unit above all others, if there is exactly one such."""
        roots = self.children.get(None, ())
        return roots[0].id if len(roots) == 1 else None

    def chosen(self, text: str) -> Unit | None:
        """The unit that an address names."""
        return self.by_id.get(int(text)) if text.isascii() and text.isdigit() and len(text) < 19 else None

    def below(self, unit: int) -> tuple[int, ...]:
        """The unit and everything below it; a circle in the data ends where it closes."""
        found, waiting = {unit: None}, [unit]
        while waiting:
            for child in self.children.get(waiting.pop(), ()):
                if child.id not in found:
                    found[child.id] = None
                    waiting.append(child.id)
        return tuple(found)

    def level(self, chosen: int | None) -> Mapping[int, int]:
        """For each unit the one it counts under: a child of `chosen`, or `chosen` itself."""
        start = self.top if chosen is None else chosen
        counted = {} if start is None else {start: start}
        for child in self.children.get(start, ()):
            counted |= dict.fromkeys(self.below(child.id), child.id)
        return counted

    def path(self, unit: int) -> list[Unit]:
        """From the top down to the unit."""
        found: list[Unit] = []
        step = self.by_id.get(unit)
        while step is not None and step not in found:
            found.append(step)
            step = self.by_id.get(step.parent) if step.parent is not None else None
        return found[::-1]

    def listed(self) -> list[tuple[int, Unit]]:
        """All units in the order of the tree, each with its depth."""
        found: list[tuple[int, Unit]] = []
        waiting = [(0, unit) for unit in reversed(self.children.get(None, ()))]
        while waiting:
            depth, unit = waiting.pop()
            found.append((depth, unit))
            waiting += [(depth + 1, child) for child in reversed(self.children.get(unit.id, ()))]
        return found


def load(session: Session, catalog: Catalog, actor: Actor, language: str) -> Units:
    """The units that `actor` may list, labelled in `language`."""
    entity = catalog.unit
    if entity is None or entity.definition.directory is None or not access.may(actor, entity, "list"):
        return Units({})
    table, directory = entity.table, entity.definition.directory
    readable = {field.name for field in access.readable(actor, entity, "list")}
    labels = [name for name in entity.definition.label_of(language) if name in readable]
    plain = [name for name in entity.definition.label_of("en") if name in readable]
    parent = table.c[directory.parent] if directory.parent else table.c["_removed_by"]
    statement = select(table.c.id, parent, *(table.c[name] for name in [*labels, *plain])).where(
        access.rows(actor, catalog, entity, "list", table), table.c["_removed_at"].is_(None)
    )
    rows = session.execute(statement).all()
    visible = {row[0] for row in rows}
    return Units(
        {row[0]: Unit(row[0], _label(row[2:], len(labels)), row[1] if row[1] in visible else None) for row in rows}
    )


def _label(values: tuple[object, ...], own: int) -> str:
    """The label in the reader's language, else in English."""
    for part in (values[:own], values[own:]):
        if text := " ".join(str(value) for value in part if value not in (None, "")):
            return text
    return "–"
