"""Who contributes to whom: every alignment that somebody may see, in one statement.

Called by the tree, the roll-up, the clash finder and the cascade. Rows and fields that an actor may not see are not in
it. Promises: one statement for any number of goals; a circle that came in from outside ends where it closes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Double, Select, String, and_, cast, literal, null, select, true, union_all
from sqlalchemy.orm import Session

from metadata import access
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.store import Id
from workflows.goals.levels import OVER, SHARE, STATUS, Alignment, Key, Level, alignments, listed


@dataclass(frozen=True)
class Edge:
    """One goal contributes to another, with a share in per cent where one is given."""

    child: Key
    parent: Key
    share: Decimal | None


@dataclass(frozen=True)
class Web:
    """All goals that somebody may see, with their edges in both directions."""

    goals: tuple[Key, ...]
    below: Mapping[Key, tuple[Edge, ...]] = field(repr=False)
    above: Mapping[Key, tuple[Edge, ...]] = field(repr=False)

    def roots(self) -> list[Key]:
        """The goals above which there is none that may be seen, in the order of their levels."""
        return [key for key in self.goals if key not in self.above]

    def all_below(self, start: Key) -> Iterator[Key]:
        """Every goal below one, each once, the nearest first."""
        seen, waiting = {start}, [start]
        for at in waiting:
            for edge in self.below.get(at, ()):
                if edge.child not in seen:
                    seen.add(edge.child)
                    waiting.append(edge.child)
                    yield edge.child


def web(session: Session, catalog: Catalog, actor: Actor, *, over: bool = False) -> Web:
    """The goals that somebody may list and how they align; with `over` those that are done or dropped, too."""
    parts: list[Select[Any]] = []
    known = listed(catalog, actor)
    for level in known:
        parts.append(_goals(catalog, actor, level, over=over))
        certain = access.sight(actor, catalog, level.entity, "list").certain
        parts += [
            _edges(catalog, actor, level, way, over=over)
            for way in alignments(catalog, level)
            if way.field in certain and way.target in {one.name for one in known}
        ]
    if not parts:
        return Web((), {}, {})
    goals: list[Key] = []
    edges: list[Edge] = []
    for child, child_id, parent, parent_id, share in session.connection().execute(union_all(*parts)):
        if parent_id is None:
            goals.append((child, child_id))
        else:
            edges.append(Edge((child, child_id), (parent, parent_id), _percent(share)))
    return _woven(known, goals, edges)


def _woven(known: list[Level], goals: list[Key], edges: list[Edge]) -> Web:
    place = {level.name: number for number, level in enumerate(known)}
    goals.sort(key=lambda key: (place[key[0]], key[1]))
    there = set(goals)
    below: dict[Key, list[Edge]] = {}
    above: dict[Key, list[Edge]] = {}
    for edge in sorted(edges, key=lambda e: (place[e.child[0]], e.child[1])):
        if edge.parent in there and edge.child in there and edge.parent != edge.child:
            below.setdefault(edge.parent, []).append(edge)
            above.setdefault(edge.child, []).append(edge)
    return Web(tuple(goals), {k: tuple(v) for k, v in below.items()}, {k: tuple(v) for k, v in above.items()})


def _goals(catalog: Catalog, actor: Actor, level: Level, *, over: bool) -> Select[Any]:
    nothing: list[ColumnElement[Any]] = [cast(null(), String), cast(null(), Id), cast(null(), Double)]
    columns: list[ColumnElement[Any]] = [_text(level.name), level.entity.table.c.id, *nothing]
    return select(*columns).where(_mine(catalog, actor, level, over=over))


def _edges(catalog: Catalog, actor: Actor, level: Level, way: Alignment, *, over: bool) -> Select[Any]:
    table = level.entity.table
    source = level.entity.sides[way.field] if way.inner else table
    parent = source.c[way.inner or way.field]
    share = source.c[SHARE] if SHARE in source.c else null()
    columns: list[ColumnElement[Any]] = [_text(level.name), table.c.id, _text(way.target), parent]
    statement: Select[Any] = select(*columns, cast(share, Double)).where(
        parent.is_not(None), _mine(catalog, actor, level, over=over)
    )
    return statement.join_from(table, source, source.c._record == table.c.id) if way.inner else statement


def _mine(catalog: Catalog, actor: Actor, level: Level, *, over: bool) -> ColumnElement[bool]:
    table = level.entity.table
    runs = table.c[STATUS].not_in(OVER) if level.has(STATUS) and not over else true()
    return and_(table.c._removed_at.is_(None), runs, access.rows(actor, catalog, level.entity, "list"))


def _text(name: str) -> ColumnElement[str]:
    return cast(literal(name), String)


def _percent(share: float | None) -> Decimal | None:
    return None if share is None else Decimal(str(round(share, 2)))
