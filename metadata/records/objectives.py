"""Rules of objectives (kind `okr_level`), whoever writes them: alignment makes no circle, a target is a way to go, a
curve of their own reads as days with shares, another way of taking key results together has a reason, and a window ends
within ten years: what is reckoned month by month must come to its end.

Called by the writers before anything is written. Alignment is any reference of an objective to one of its own
definition, alone or in the rows of a child table; a key result is a row with a start and a target. Costs nothing for
other kinds of definitions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select, union_all
from sqlalchemy.orm import Session

from metadata import waypoints
from metadata.catalog import Entity
from metadata.errors import Problem
from metadata.model import Definition, Field

Moved = tuple[int, int | None, Mapping[str, Any], Mapping[str, Any]]  # position, id if any, what moves, the whole
LEVEL = "okr_level"
START, END = "period_start", "period_end"
LONGEST_DAYS = 3660
OWN_RULE, REASON, CURVE = "rollup", "rollup_reason", "curve"
WHY = "Say why the key results of this goal are taken together otherwise than its level does."
CIRCLE = "This goal would contribute to itself: it stands above the goal that it is to contribute to."
NO_WAY = "The target equals the start, so there is no way to go."
NO_START = "Without a start it begins where the target is, so there is no way to go; give a start."
TOO_LONG = "A period of at most %(count)s days is possible."
BELOW = "The upper edge of the range is below its lower edge."


def problems(
    session: Session, entity: Entity, record_id: int | None, moved: Mapping[str, Any], whole: Mapping[str, Any]
) -> list[Problem]:
    """What is wrong with one objective of which `moved` is written, so that it is `whole`."""
    return problems_among(session, entity, [(0, record_id, moved, whole)]).get(0, [])


def problems_among(session: Session, entity: Entity, rows: Sequence[Moved]) -> dict[int, list[Problem]]:
    """By position what is wrong with those of a batch; one statement, if any of them aligns with its own kind."""
    if entity.definition.kind != LEVEL:
        return {}
    found = _circles(session, entity, rows)
    for position, _id, moved, whole in rows:
        wrong = [
            *targets(entity.definition, moved),
            *reasons(entity.definition, moved, whole),
            *windows(entity.definition, moved, whole),
        ]
        if wrong:
            found.setdefault(position, []).extend(wrong)
    return found


def targets(definition: Definition, values: Mapping[str, Any]) -> Iterator[Problem]:
    """A problem for each key result whose target is its start, or whose range or own curve can't be followed."""
    for name, field in definition.lists.items():
        if not {"start", "target"} <= field.rows.keys():
            continue
        for place, row in enumerate(values.get(name) or ()):
            start, target, high = row.get("start"), row.get("target"), row.get("high")
            straight = row.get("direction") not in ("binary", "range")
            if straight and start is not None and start == target:
                yield Problem(f"/{name}/{place}/target", NO_WAY)
            if straight and start is None and target == 0:  # it would begin at 0, or at twice the target
                yield Problem(f"/{name}/{place}/start", NO_START)
            if isinstance(row.get(CURVE), str):
                yield from waypoints.problems(row[CURVE], f"/{name}/{place}/{CURVE}")
            if high is not None and target is not None and row.get("direction") == "range" and high < target:
                yield Problem(f"/{name}/{place}/high", BELOW)


def reasons(definition: Definition, moved: Mapping[str, Any], whole: Mapping[str, Any]) -> Iterator[Problem]:
    """A problem where key results are to be taken together otherwise than the level says, and nothing says why.

    Only where one of the two is written: what was stored before there were reasons stays as it is.
    """
    okr, own = definition.okr, whole.get(OWN_RULE)
    if okr is None or REASON not in definition.fields or moved.keys().isdisjoint((OWN_RULE, REASON)):
        return
    if own and own != okr.rollup and not (whole.get(REASON) or "").strip():
        yield Problem(f"/{REASON}", WHY)


def windows(definition: Definition, moved: Mapping[str, Any], whole: Mapping[str, Any]) -> Iterator[Problem]:
    """A problem where a window is too long; one that was stored before stays until its days are written."""
    first, last = whole.get(START), whole.get(END)
    if moved.keys().isdisjoint((START, END)) or type(first) is not date or type(last) is not date:
        return
    if {START, END} <= definition.fields.keys() and (last - first).days >= LONGEST_DAYS:
        yield Problem(f"/{END}", TOO_LONG, {"count": LONGEST_DAYS})


def _circles(session: Session, entity: Entity, rows: Sequence[Moved]) -> dict[int, list[Problem]]:
    fields = list(_own_kind(entity.definition))
    moved = [(position, record_id, values) for position, record_id, values, _whole in rows if record_id is not None]
    asked = [row for row in moved if any(_above(row[2], *pair) for pair in fields)]
    if not asked:
        return {}
    above = _stored(session, entity, fields)
    found: dict[int, list[Problem]] = {}
    for position, record_id, values in asked:
        before = above.get(record_id or 0, set())
        above[record_id or 0] = {one for pair in fields for one in _above(values, *pair)}
        for field, inner in fields:
            if any(_reaches(above, one, record_id or 0) for one in _above(values, field, inner)):
                found.setdefault(position, []).append(Problem(f"/{field.name}", CIRCLE))
                above[record_id or 0] = before
    return found


def _own_kind(definition: Definition) -> Iterator[tuple[Field, str]]:
    """The fields that align an objective with one of its own definition; of rows, with the field within."""
    for field in definition.fields.values():
        if field.ref == definition.name and not field.tree and not field.many:
            yield field, ""
        for inner in field.rows.values() if field.rows else ():
            if inner.ref == definition.name:
                yield field, inner.name


def _above(values: Mapping[str, Any], field: Field, inner: str) -> list[int]:
    value = values.get(field.name)
    if not inner:
        return [value] if value is not None else []
    return [row[inner] for row in value or () if row.get(inner) is not None]


def _stored(session: Session, entity: Entity, fields: Sequence[tuple[Field, str]]) -> dict[int, set[int]]:
    parts = []
    for field, inner in fields:
        source = entity.sides[field.name] if inner else entity.table
        low, high = (source.c._record, source.c[inner]) if inner else (source.c.id, source.c[field.name])
        parts.append(select(low.label("low"), high.label("high")).where(high.is_not(None)))
    above: dict[int, set[int]] = {}
    for low, high in session.connection().execute(union_all(*parts)):
        above.setdefault(low, set()).add(high)
    return above


def _reaches(above: Mapping[int, set[int]], start: int, goal: int) -> bool:
    waiting, seen = [start], set[int]()
    while waiting:
        at = waiting.pop()
        if at == goal:
            return True
        if at not in seen:
            seen.add(at)
            waiting.extend(above.get(at, ()))
    return False
