"""Trees: references of a definition to itself, marked `x-tree`, that never go round in a circle.

Called by the writers before anything is written, and by query.py for what lies below a record. The database walks: a
recursive statement instead of a table of all pairs (docs/decisions/0033).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, select, text
from sqlalchemy.orm import Session

from metadata.catalog import Catalog, Entity
from metadata.errors import Problem
from metadata.fieldtypes import BadValue
from metadata.model import Field

Moved = tuple[int, Mapping[str, Any], Mapping[str, Any] | None]  # position in the batch, values now, values before
LOCK_SPACE = 0x7472  # of the moves within trees, among all advisory locks
CIRCLE = "This record would stand below itself."
ROUND = "What comes before this record would lead back to it."
NO_TREE = "“%(name)s” is no part of a tree."


def circles(session: Session, entity: Entity, record_id: int, changed: Mapping[str, Any]) -> Iterator[Problem]:
    """A problem for each branch that a changed record would close; one statement for each tree that moves."""
    for field in entity.definition.columns.values():
        above = changed.get(field.name)
        if not field.tree or above is None:
            continue
        _one_at_a_time(session, entity)
        up = select(entity.table.c.id, entity.table.c[field.name].label("above")).where(entity.table.c.id == above)
        walk = up.cte("walk", recursive=True)
        higher = entity.table.alias()
        walk = walk.union(select(higher.c.id, higher.c[field.name]).where(higher.c.id == walk.c.above))
        if session.connection().execute(select(walk.c.id).where(walk.c.id == record_id)).first() is not None:
            yield Problem(f"/{field.name}", CIRCLE)


def list_circles(session: Session, entity: Entity, rows: Sequence[Moved]) -> dict[int, Problem]:
    """By position the rows whose list of what comes before (of a course) would lead back to themselves."""
    courses = entity.definition.courses
    name = courses.prerequisites if courses else ""
    moved = [(p, old, new) for p, new, old in rows if name in new and old and new[name] != old[name]]
    if not name or not moved:
        return {}
    _one_at_a_time(session, entity)
    link = entity.sides[name].c
    before: dict[int, set[int]] = {}
    for record, other in session.connection().execute(select(link["_record"], link["value"])):
        before.setdefault(record, set()).add(other)
    found: dict[int, Problem] = {}
    for position, old, new in moved:
        kept, before[old["id"]] = before.get(old["id"], set()), set(new[name] or ())
        if _reached(before, old["id"]):
            before[old["id"]] = kept
            found[position] = Problem(f"/{name}", ROUND)
    return found


def _reached(before: Mapping[int, set[int]], start: int) -> bool:
    """Whether the way back from `start` comes to it again."""
    seen, waiting = set[int](), list(before.get(start, ()))
    while waiting:
        at = waiting.pop()
        if at == start:
            return True
        if at not in seen:
            seen.add(at)
            waiting += before.get(at, ())
    return False


def circles_among(session: Session, entity: Entity, rows: Sequence[Moved]) -> dict[int, Problem]:
    """By position the rows of a batch that would close a circle, one after the other."""
    found: dict[int, Problem] = {}
    for field in entity.definition.columns.values():
        moved = [(p, old, new) for p, new, old in rows if field.tree and old and new[field.name] != old[field.name]]
        if not moved:
            continue
        _one_at_a_time(session, entity)
        pairs = select(entity.table.c.id, entity.table.c[field.name])
        above: dict[int, Any] = {row[0]: row[1] for row in session.connection().execute(pairs)}
        for position, old, new in moved:
            above[old["id"]] = new[field.name]
            if _comes_back(above, old["id"]):
                above[old["id"]] = old[field.name]
                found[position] = Problem(f"/{field.name}", CIRCLE)
    return found


def _one_at_a_time(session: Session, entity: Entity) -> None:
    """Whoever else moves a record of this tree waits until the transaction ends, so that two moves make no circle.

    SQLite has one writer at a time anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        key = {"space": LOCK_SPACE, "name": entity.table.name}
        session.connection().execute(text("SELECT pg_advisory_xact_lock(:space, hashtext(:name))"), key)


def _comes_back(above: Mapping[int, Any], start: int) -> bool:
    at, seen = above.get(start), set()
    while at is not None and at != start and at not in seen:
        seen.add(at)
        at = above.get(at)
    return at == start


def under(catalog: Catalog, entity: Entity, table: FromClause, field: Field, record_id: int) -> ColumnElement[bool]:
    """Whether a record stands below another in its own tree, or points at one in another tree, itself included."""
    if field.tree:
        return table.c.id.in_(_below(entity, field, record_id))
    target = catalog[field.target] if field.target and field.target in catalog else None
    tree = next((f for f in target.definition.columns.values() if f.tree), None) if target else None
    if target is None or tree is None:
        raise BadValue(NO_TREE, name=field.name)
    column = table.c[field.name]
    return (column == record_id) | column.in_(_below(target, tree, record_id))


def _below(entity: Entity, field: Field, record_id: int) -> Any:
    lower = entity.table.alias()
    walk = select(lower.c.id).where(lower.c[field.name] == record_id).cte(recursive=True)
    deeper = entity.table.alias()
    walk = walk.union(select(deeper.c.id).where(deeper.c[field.name] == walk.c.id))
    return select(walk.c.id)
