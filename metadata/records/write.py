"""Creating and changing one record: access, validation, references, uniqueness, lock, audit, event.

Nothing is written before everything has been checked, so one answer names all problems.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, True_, bindparam, select
from sqlalchemy.orm import Session

from metadata import access, audit, files, validation
from metadata.access import NOBODY, Actor
from metadata.audit import Happening
from metadata.catalog import Catalog, Entity
from metadata.errors import Invalid, NotAllowed, NotFound, Problem, StaleVersion
from metadata.records import lists, objectives, trees
from metadata.records.checks import LOCKED, collisions, hidden_references
from metadata.records.fieldrights import out_of_hand, refusals
from metadata.records.read import HIDDEN_RECORD, Record, find
from metadata.validation import UTC_ZONE, Form, as_json

NOT_SAVED = "Nothing was saved yet: please correct the marked values (%(count)s)."
STALE = "%(who)s changed this record in the meantime. Nothing of yours was saved yet: choose what to keep."
LEAST_ID, ID_SPAN = 2**32, 2**53 - 2**33  # numbers that a script can hold exactly
COMPUTED = "This field is computed; it can't be set."
RESERVED = "You may see this record; changing it is reserved to others."
OUT_OF_REACH = "With these values the record would be out of your own reach; choose others, or ask HR."


def create(
    session: Session,
    catalog: Catalog,
    name: str,
    actor: Actor,
    values: Mapping[str, Any],
    *,
    now: datetime,
    form: Form = "json",
    zone: ZoneInfo = UTC_ZONE,
    note: str | None = None,
) -> Record:
    """Add a record and return it as stored; raises NotAllowed or Invalid with every problem."""
    entity = catalog[name]
    access.require(actor, entity, "add")
    hands = access.sight(actor, catalog, entity, "add", setting=True)
    given, problems = admitted(entity, rights(entity, actor, "add"), values, form, zone)
    problems += lists.settle_rows(entity.definition, {}, given)
    whole = {**validation.defaults(entity.definition), **given}
    problems += _unread(entity.rules.check(whole), problems)
    problems += hidden_references(session, catalog, entity, actor, whole, whole)
    problems += files.problems(session, catalog, entity, actor, [(0, whole, whole)]).get(0, [])
    problems += objectives.problems(session, entity, None, whole, whole)
    problems += collisions(session, catalog, entity, whole, language="en") if not problems else []
    _refuse(problems)
    stored = {f: whole.get(f) for f in entity.definition.held}
    row = {f: stored[f] for f in entity.definition.columns} | stamps(actor, now) | namelessly(entity)
    record_id = (
        session.connection().execute(entity.table.insert().values(row).returning(entity.table.c.id)).scalar_one()
    )
    lists.write(session, entity, [(record_id, {}, stored)])
    files.attach(session, entity, [(record_id, stored)])
    _still_mine(session, catalog, entity, actor, "add", record_id)
    _refuse(refusals(given, out_of_hand(session, entity, hands, [record_id]).get(record_id, ())))
    happening = Happening("create", record_id, 1, None, as_json(entity.definition, stored), note)
    audit.write(session, name, catalog, actor, now, [happening])
    whole = _in_order(entity, stored | lists.computed(session, catalog, entity, record_id))
    return Record(name, record_id, 1, whole, {}, now, actor.username, now, actor.username)


def change(
    session: Session,
    catalog: Catalog,
    name: str,
    actor: Actor,
    record_id: int,
    values: Mapping[str, Any],
    *,
    now: datetime,
    version: int | None = None,
    form: Form = "json",
    zone: ZoneInfo = UTC_ZONE,
    note: str | None = None,
) -> Record:
    """Change the named fields of a record and return it; unchanged values cost no version.

    Raises NotFound (missing or hidden), NotAllowed, StaleVersion when `version` is no longer the
    record's, Invalid with every problem.
    """
    entity = catalog[name]
    before = _locked(session, catalog, entity, actor, record_id)
    if version is not None and version != before["_version"]:
        theirs = find(session, catalog, name, actor, record_id)
        raise StaleVersion(STALE, params={"who": theirs.changed_by}, theirs=theirs)
    hands = access.sight(actor, catalog, entity, "edit", setting=True)
    given, problems = admitted(entity, rights(entity, actor, "edit"), values, form, zone)
    problems += lists.settle_rows(entity.definition, before, given)
    problems += refusals(given, out_of_hand(session, entity, hands, [record_id]).get(record_id, ()))
    changed = {f: v for f, v in given.items() if v != before[f]}
    whole = {f: before[f] for f in entity.definition.held} | changed
    problems += _unread(entity.rules.check(whole), problems)
    problems += hidden_references(session, catalog, entity, actor, whole, changed)
    problems += files.problems(session, catalog, entity, actor, [(0, whole, changed)]).get(0, [])
    problems += trees.circles(session, entity, record_id, changed)
    problems += objectives.problems(session, entity, record_id, changed, whole)
    problems += trees.list_circles(session, entity, [(0, changed, before)]).values()
    if not problems and any(set(names) & changed.keys() for names in entity.definition.unique):
        problems += collisions(session, catalog, entity, whole, language="en", but=record_id)
    _refuse(problems)
    if not changed:
        whole |= lists.computed(session, catalog, entity, record_id)
        return _as_record(name, before, _in_order(entity, whole))
    happening = write_change(session, entity, actor, before, changed, now, note)
    _still_mine(session, catalog, entity, actor, "edit", record_id)
    audit.write(session, name, catalog, actor, now, [happening])
    return _as_record(
        name,
        {**before, **_touch(before, actor, now)},
        _in_order(entity, whole | changed | lists.computed(session, catalog, entity, record_id)),
    )


@dataclass(frozen=True)
class Rights:
    """The fields that somebody may set in one row or more, and those that they may see in one."""

    free: frozenset[str]
    seen: frozenset[str]


def rights(entity: Entity, actor: Actor, action: str) -> Rights:
    """What the actor may set when doing `action`; asked once for a whole batch."""
    free, seen = access.writable_somewhere(actor, entity, action), access.readable_somewhere(actor, entity, action)
    return Rights(frozenset(f.name for f in free), frozenset(f.name for f in seen))


def admitted(
    entity: Entity, may: Rights, values: Mapping[str, Any], form: Form, zone: ZoneInfo
) -> tuple[dict[str, Any], list[Problem]]:
    """The given values as Python values, and a problem for each that can't be read or may never be set.

    Whether one may be set in this very record is asked of `fieldrights`.
    """
    if form == "python":
        given, problems = dict(values), []
        unknown = [n for n in values if n not in entity.definition.held]
        problems = [Problem(f"/{n}", "There is no field called “%(name)s”.", {"name": n}) for n in unknown]
    else:
        given, problems = validation.read(entity.definition, values, form, zone)
    computed = entity.definition.formulas.keys() & given.keys()
    problems += [Problem(f"/{name}", COMPUTED) for name in computed]
    for name in computed:
        del given[name]
    for name in [n for n in given if n not in may.free]:
        known = name in may.seen
        message = LOCKED if known else "There is no field called “%(name)s”."
        problems.append(Problem(f"/{name}", message, {} if known else {"name": name}))
        del given[name]
    return given, problems


def find_for_edit(
    session: Session, catalog: Catalog, entity: Entity, actor: Actor, record_id: int, action: str = "edit"
) -> None:
    """Raise NotFound for a hidden record, NotAllowed for one that may be seen and not changed."""
    if actor.unlimited:
        return
    mine = access.rows(actor, catalog, entity, action)
    table = entity.table
    statement = select(table.c.id).where(table.c.id == record_id, mine)
    if access.may(actor, entity, action) and session.connection().execute(statement).first() is not None:
        return
    find(session, catalog, entity.name, actor, record_id, removed=action == "restore")
    access.require(actor, entity, "remove" if action == "restore" else action)
    raise NotAllowed(RESERVED)


def write_change(
    session: Session,
    entity: Entity,
    actor: Actor,
    before: Mapping[str, Any],
    changed: dict[str, Any],
    now: datetime,
    note: str | None = None,
) -> Happening:
    """Update the row that `before` was read from, and say what happened; new rows of lists get their ids."""
    table = entity.table
    touch = _touch(before, actor, now)
    statement = table.update().where(table.c.id == before["id"], table.c._version == before["_version"])
    single = {f: v for f, v in changed.items() if f in entity.definition.columns}
    done = session.connection().execute(statement.values({**single, **touch}))
    if done.rowcount != 1:
        raise StaleVersion(STALE, params={"who": before["_changed_by"]})
    lists.write(session, entity, [(before["id"], before, changed)])
    files.attach(session, entity, [(before["id"], changed)])
    definition = entity.definition
    old = {f: before[f] for f in changed}
    return Happening(
        "change",
        before["id"],
        touch["_version"],
        _nullable(as_json(definition, old), changed),
        _nullable(as_json(definition, changed), changed),
        note,
    )


def _nullable(values: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: values.get(name) for name in names}


def stamps(actor: Actor, now: datetime) -> dict[str, Any]:
    """The system columns of a new row."""
    return {
        "_version": 1,
        "_created_at": now,
        "_created_by": actor.username,
        "_changed_at": now,
        "_changed_by": actor.username,
    }


def namelessly(entity: Entity) -> dict[str, Any]:
    """What replaces the traces of a new anonymous answer: no author, no moment, no place in the order of coming."""
    survey = entity.definition.survey
    if survey is None or not survey.anonymous:
        return {}
    day = datetime.combine(survey.first or date(2000, 1, 1), time.min, UTC)
    who = {"_created_by": NOBODY.username, "_changed_by": NOBODY.username}
    return {"id": LEAST_ID + secrets.randbelow(ID_SPAN), "_created_at": day, "_changed_at": day, **who}


def _touch(before: Mapping[str, Any], actor: Actor, now: datetime) -> dict[str, Any]:
    return {"_version": before["_version"] + 1, "_changed_at": now, "_changed_by": actor.username}


def _locked(session: Session, catalog: Catalog, entity: Entity, actor: Actor, record_id: int) -> dict[str, Any]:
    """The stored row, held for a change; raises as `find_for_edit` where this actor may not change it."""
    row = None
    if access.may(actor, entity, "edit"):
        mine = access.rows(actor, catalog, entity, "edit")
        statement = _whole(catalog, entity)
        if not isinstance(mine, True_):
            statement = statement.where(mine)
        row = session.connection().execute(statement, {"record_id": record_id}).mappings().first()
    if row is None:
        find_for_edit(session, catalog, entity, actor, record_id)
        raise NotFound(HIDDEN_RECORD)
    if row["_removed_at"] is not None:
        raise Invalid("This record is in the recycle bin; restore it before you change it.")
    return lists.completed(session, entity, [dict(row)])[0]


def _whole(catalog: Catalog, entity: Entity) -> Select[Any]:
    """The statement for the stored row `record_id`, to be held; made once."""
    key = ("whole", entity.name)
    found: Select[Any] | None = catalog.prepared.get(key)
    if found is None:
        table = entity.table
        columns = [column.label(key) for key, column in table.c.items()]
        found = select(*columns).where(table.c.id == bindparam("record_id")).with_for_update()
        catalog.prepared[key] = found
    return found


def _unread(found: list[Problem], earlier: list[Problem]) -> list[Problem]:
    """A value that could not be read is not also reported as missing."""
    told = {p.pointer for p in earlier}
    return [p for p in found if p.pointer not in told]


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise Invalid(NOT_SAVED, params={"count": len(problems)}, problems=problems)


def _still_mine(session: Session, catalog: Catalog, entity: Entity, actor: Actor, action: str, record_id: int) -> None:
    """Nobody may make a record that the same rule would then keep from them."""
    if access.widest(actor, entity, action) == "all":
        return
    mine = access.rows(actor, catalog, entity, action)
    found = session.connection().execute(select(entity.table.c.id).where(entity.table.c.id == record_id, mine))
    if found.first() is None:
        definition = entity.definition
        owner = definition.owner.unit or definition.owner.person or ""
        raise Invalid(OUT_OF_REACH, field=owner)


def _in_order(entity: Entity, values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in entity.definition.fields if name in values}


def _as_record(name: str, row: Mapping[str, Any], whole: Mapping[str, Any]) -> Record:
    return Record(
        name,
        row["id"],
        row["_version"],
        dict(whole),
        {},
        row["_created_at"],
        row["_created_by"],
        row["_changed_at"],
        row["_changed_by"],
    )
