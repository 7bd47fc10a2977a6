"""Many records in one go, set-based: for imports, launches, connectors and the REST bulk call.

The same checks as for one record, asked once for all rows: references by one statement for each field,
unique keys by one statement for each chunk. Rows are written with `executemany`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from metadata import access, files, validation
from metadata.access import Actor
from metadata.catalog import Catalog, Entity
from metadata.errors import Problem
from metadata.records import naming, objectives, trees
from metadata.records.batch import CHUNK, BatchRow, Outcome, held, insert, settle, update, within
from metadata.records.checks import NO_SUCH, collision, pointed, reachable
from metadata.records.fieldrights import out_of_hand, refusals
from metadata.records.lists import settle_rows
from metadata.records.write import admitted, rights
from metadata.validation import UTC_ZONE, Form

SAME_ROWS = "Rows %(first)s and %(second)s of this batch have the same values: %(fields)s."


def create_many(
    session: Session,
    catalog: Catalog,
    name: str,
    actor: Actor,
    rows: Iterable[Mapping[str, Any]],
    *,
    now: datetime,
    form: Form = "json",
    zone: ZoneInfo = UTC_ZONE,
    partial: bool = False,
    action: str = "add",
) -> Outcome:
    """Add all rows; with `partial` the good ones only, else Invalid when any has a problem.

    `created` has the new ids in the order of the rows that were written.
    """
    entity = catalog[name]
    access.require(actor, entity, action)
    return _add(session, catalog, entity, actor, rows, now, form, zone, action, {}, partial=partial)


def _add(
    session: Session,
    catalog: Catalog,
    entity: Entity,
    actor: Actor,
    rows: Iterable[Mapping[str, Any]],
    now: datetime,
    form: Form,
    zone: ZoneInfo,
    action: str,
    unnamed: Mapping[int, list[Problem]],
    *,
    partial: bool,
) -> Outcome:
    outcome = Outcome()
    start = validation.defaults(entity.definition)
    good = _read(entity, actor, action, rows, form, zone, outcome, start, unnamed)
    good = linked(session, catalog, entity, actor, good, outcome)
    good = distinct(entity, good, outcome)
    good = free(session, entity, good, outcome)
    settle(outcome, partial=partial)
    insert(session, catalog, entity, actor, good, now, outcome, action, partial=partial)
    return outcome


def merge_many(
    session: Session,
    catalog: Catalog,
    name: str,
    actor: Actor,
    rows: Iterable[Mapping[str, Any]],
    *,
    now: datetime,
    key: Sequence[str] = (),
    form: Form = "json",
    zone: ZoneInfo = UTC_ZONE,
    partial: bool = False,
    action: str = "import",
) -> Outcome:
    """Add rows whose `key` (default: the first `x-unique`) is new, change those that differ, leave equal ones.

    Without a key every row is new. A record that the actor may not change is a problem of its row. In rows of text a
    reference may be given by what people read of it.
    """
    entity = catalog[name]
    names = tuple(key) or (entity.definition.unique[0] if entity.definition.unique else ())
    access.require(actor, entity, action)
    unnamed: dict[int, list[Problem]] = {}
    if form == "text":
        rows, unnamed = naming.resolved(session, catalog, entity, actor, rows)
    if not names:
        return _add(session, catalog, entity, actor, rows, now, form, zone, action, unnamed, partial=partial)
    outcome = Outcome()
    good = _read(entity, actor, action, rows, form, zone, outcome, {}, unnamed, whole=False)
    good = distinct(entity, good, outcome, (names,))
    _match(session, catalog, entity, actor, good, names, action)
    good = _merged(entity, good, outcome)
    good = linked(session, catalog, entity, actor, good, outcome)
    good = free(session, entity, good, outcome, but=names)
    settle(outcome, partial=partial)
    old = [r for r in good if r.before is not None]
    update(session, catalog, entity, actor, old, now, outcome, action, partial=partial)
    new = [r for r in good if r.before is None]
    insert(session, catalog, entity, actor, new, now, outcome, action, partial=partial)
    return outcome


def _read(
    entity: Entity,
    actor: Actor,
    action: str,
    rows: Iterable[Mapping[str, Any]],
    form: Form,
    zone: ZoneInfo,
    outcome: Outcome,
    start: Mapping[str, Any],
    unnamed: Mapping[int, list[Problem]],
    *,
    whole: bool = True,
) -> list[BatchRow]:
    good, may = [], rights(entity, actor, action)
    for position, raw in enumerate(rows):
        values, problems = admitted(entity, may, raw, form, zone)
        problems += unnamed.get(position, ())
        given = frozenset(values)
        if whole:
            problems += settle_rows(entity.definition, {}, values)
            values = {**start, **values}
            told = {p.pointer for p in problems} | {f"/{p.field_name}" for p in unnamed.get(position, ())}
            problems += [p for p in entity.rules.check(values) if p.pointer not in told]
        if problems:
            outcome.problems[position] = problems
        else:
            good.append(BatchRow(position, values, given=given))
    return good


def linked(
    session: Session, catalog: Catalog, entity: Entity, actor: Actor, rows: list[BatchRow], outcome: Outcome
) -> list[BatchRow]:
    """Rows whose references and files are all there for this actor, those in lists too."""
    asked: dict[str, list[tuple[BatchRow, str, int]]] = {}
    moved_in: dict[int, list[str]] = {}
    for row in rows:
        moved = moved_in[row.position] = list(row.moved)
        for path, name, value in pointed(entity.definition, row.values, moved):
            asked.setdefault(name, []).append((row, path, value))
    for name, places in asked.items():
        wanted = {value for _row, _path, value in places}
        missing = wanted - _existing(session, catalog, actor, catalog[name], wanted)
        for row, path, value in places if missing else ():
            if value in missing:
                problem = Problem(path, NO_SUCH, {"definition": catalog[name].definition.texts.named()})
                outcome.problems.setdefault(row.position, []).append(problem)
    attached = [(row.position, row.values, moved_in[row.position]) for row in rows]
    for position, wrong in files.problems(session, catalog, entity, actor, attached).items():
        outcome.problems.setdefault(position, []).extend(wrong)
    moves = [(r.position, r.values, r.before) for r in rows]
    circles = {**trees.list_circles(session, entity, moves), **trees.circles_among(session, entity, moves)}
    for position, circle in circles.items():
        outcome.problems.setdefault(position, []).append(circle)
    placed = [
        (
            r.position,
            r.before["id"] if r.before else None,
            {n: r.values[n] for n in r.moved},
            {**(r.before or {}), **r.values},
        )
        for r in (rows if entity.definition.okr is not None else ())
    ]
    for position, wrong in objectives.problems_among(session, entity, placed).items():
        outcome.problems.setdefault(position, []).extend(wrong)
    return [r for r in rows if r.position not in outcome.problems]


def _existing(session: Session, catalog: Catalog, actor: Actor, target: Entity, wanted: set[int]) -> set[int]:
    found: set[int] = set()
    ids = sorted(wanted)
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        statement = select(target.table.c.id).where(target.table.c.id.in_(part), reachable(catalog, actor, target))
        found.update(session.connection().execute(statement).scalars())
    return found


def distinct(
    entity: Entity, rows: list[BatchRow], outcome: Outcome, uniques: Sequence[Sequence[str]] = ()
) -> list[BatchRow]:
    """Rows that do not repeat an earlier row of the same batch."""
    for names in uniques or entity.definition.unique:
        seen: dict[tuple[Any, ...], int] = {}
        for row in rows:
            if all(row.values.get(n) is None for n in names):
                continue
            first = seen.setdefault(tuple(row.values.get(n) for n in names), row.position)
            if first != row.position:
                fields = ", ".join(entity.definition.fields[n].title() for n in names)
                params = {"first": first + 1, "second": row.position + 1, "fields": fields}
                outcome.problems.setdefault(row.position, []).append(Problem(f"/{names[0]}", SAME_ROWS, params))
    return [r for r in rows if r.position not in outcome.problems]


def free(
    session: Session, entity: Entity, rows: list[BatchRow], outcome: Outcome, but: Sequence[str] = ()
) -> list[BatchRow]:
    """Rows whose unique values no other stored record holds; the key `but` was looked at already."""
    for names in entity.definition.unique:
        if tuple(names) == tuple(but):
            continue
        stored = _stored(session, entity, rows, names)
        for row in rows:
            if all(row.values.get(n) is None for n in names):
                continue
            other = stored.get(tuple(row.values.get(n) for n in names))
            if other is not None and (row.before is None or other["id"] != row.before["id"]):
                problem = collision(entity, names, other["id"], f"#{other['id']}")
                outcome.problems.setdefault(row.position, []).append(problem)
    return [r for r in rows if r.position not in outcome.problems]


def _stored(
    session: Session, entity: Entity, rows: Sequence[BatchRow], names: Sequence[str]
) -> dict[tuple[Any, ...], dict[str, Any]]:
    """The stored records that have the key of one of the rows, by that key."""
    table = entity.table
    columns = [column.label(key) for key, column in table.c.items()]
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for start in range(0, len(rows), CHUNK):
        keys = [tuple(row.values.get(n) for n in names) for row in rows[start : start + CHUNK]]
        statement = select(*columns).where(table.c._removed_at.is_(None), _any_key(entity, names, keys))
        for row in session.connection().execute(statement).mappings():
            found[tuple(row[n] for n in names)] = dict(row)
    return found


def _any_key(entity: Entity, names: Sequence[str], keys: Sequence[tuple[Any, ...]]) -> Any:
    """A condition that finds a superset of the keys cheaply: each column among its values or empty."""
    clauses = []
    for position, name in enumerate(names):
        values = {key[position] for key in keys}
        column = entity.table.c[name]
        known = column.in_([v for v in values if v is not None])
        clauses.append(or_(known, column.is_(None)) if None in values else known)
    return and_(*clauses)


def _match(
    session: Session,
    catalog: Catalog,
    entity: Entity,
    actor: Actor,
    rows: list[BatchRow],
    names: Sequence[str],
    action: str,
) -> None:
    """Give each row the stored record with its key."""
    stored = _stored(session, entity, rows, names)
    wanted = {tuple(row.values.get(n) for n in names) for row in rows} & stored.keys()
    found = held(session, entity, [stored[key]["id"] for key in wanted])
    stored = {tuple(row[n] for n in names): row for row in found.values()}
    for row in rows:
        row.before = stored.get(tuple(row.values.get(n) for n in names))
    hands = access.sight(actor, catalog, entity, action, setting=True)
    if access.widest(actor, entity, action) == "all" and not hands.apart:
        return
    ids = [r.before["id"] for r in rows if r.before is not None]
    mine = within(session, catalog, entity, actor, action, ids)
    away = out_of_hand(session, entity, hands, ids)
    for row in rows:
        if row.before is not None and row.before["id"] not in mine:
            row.before = {**row.before, "_hidden": True}
        elif row.before is not None:
            row.before = {**row.before, "_away": away.get(row.before["id"], frozenset())}


def _merged(entity: Entity, rows: list[BatchRow], outcome: Outcome) -> list[BatchRow]:
    """Complete each row from its stored record or the defaults, and check it as a whole."""
    start = validation.defaults(entity.definition)
    good = []
    for row in rows:
        if row.before is not None and row.before.get("_hidden"):
            outcome.problems[row.position] = [Problem("", "A record with this key exists, and you may not change it.")]
            continue
        base = start if row.before is None else {f: row.before[f] for f in entity.definition.held}
        problems = settle_rows(entity.definition, row.before or {}, row.values)
        whole = {**base, **row.values}
        problems += refusals(row.given, (row.before or {}).get("_away", ()))
        problems += entity.rules.check(whole)
        if problems:
            outcome.problems[row.position] = problems
        elif row.before is not None and all(whole[f] == row.before[f] for f in entity.definition.held):
            outcome.unchanged += 1
            outcome.stored[row.position] = (row.before["id"], row.before["_version"])
        else:
            good.append(BatchRow(row.position, whole, row.before, row.given))
    return good
