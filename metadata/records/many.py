"""One field of many records at once: which records a question means, what a change would do to each, and its undoing.

Called by workflows/bulk_edits.py and by lists. Every change goes through `change_many`, so it has the checks, the audit
and the events of a single one; what is refused is said for each record and leaves the others alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import select as sql_select
from sqlalchemy.orm import Session

from metadata import access, fieldtypes
from metadata.access import Actor
from metadata.catalog import Catalog, Entity
from metadata.errors import Invalid, Problem
from metadata.model import Field
from metadata.records.batch import held, within
from metadata.records.bulk_change import Change, change_many
from metadata.records.fieldrights import out_of_hand
from metadata.records.grouping import measurable
from metadata.records.query import Query, where

Operation = Literal["set", "clear", "add"]
TOO_FAR = "The result is out of the range of dates."


@dataclass(frozen=True)
class FieldEdit:
    """What shall happen to a field: take a value, lose it, or have an amount, days or entries added."""

    field: str
    operation: Operation
    value: Any = None


@dataclass(frozen=True)
class Changed:
    """One record that was changed: its version now, and the field's value before and after, as JSON."""

    id: int
    version: int
    before: Any
    after: Any


@dataclass(frozen=True)
class Edited:
    """What became of some records."""

    changed: tuple[Changed, ...]
    unchanged: tuple[int, ...]
    refused: Mapping[int, tuple[Problem, ...]]


def ids(session: Session, catalog: Catalog, name: str, actor: Actor, query: Query, *, most: int) -> list[int]:
    """The ids of the records that answer the question, in their own order, no more than `most`."""
    entity = catalog[name]
    access.require(actor, entity, "list")
    seen = access.sight(actor, catalog, entity, "list")
    asked = where(catalog, entity, entity.table, query, seen.fields, seen.apart)
    key = entity.table.c.id
    statement = sql_select(key).where(asked, access.rows(actor, catalog, entity, "list")).order_by(key).limit(most)
    return list(session.connection().execute(statement).scalars())


def in_hand(
    session: Session, catalog: Catalog, name: str, actor: Actor, record_ids: Sequence[int]
) -> dict[int, frozenset[str]]:
    """Those of these records that the actor may change, each with the fields; no statement where rules agree."""
    entity, some = catalog[name], list(record_ids)
    if not access.may(actor, entity, "edit"):
        return {}
    hands = access.sight(actor, catalog, entity, "edit", setting=True)
    every = access.widest(actor, entity, "edit") == "all"
    mine = set(some) if every else within(session, catalog, entity, actor, "edit", some)
    away = out_of_hand(session, entity, hands, sorted(mine))
    return {record_id: hands.names - away.get(record_id, frozenset()) for record_id in mine}


def addable(field: Field) -> bool:
    """Whether something can be added to a field: an amount to a number, days to a date, entries to a list."""
    return measurable(field) or field.type == "date" or (field.many and not field.rows)


def edit_field(
    session: Session,
    catalog: Catalog,
    name: str,
    actor: Actor,
    record_ids: Sequence[int],
    edit: FieldEdit,
    *,
    now: datetime,
) -> Edited:
    """Change one field of these records, each that can be; raises NotAllowed."""
    entity = catalog[name]
    access.require(actor, entity, "edit")
    stored = held(session, entity, record_ids)
    changes, refused = [], dict[int, tuple[Problem, ...]]()
    for record_id in record_ids:
        try:
            value = _value(entity.definition.fields[edit.field], edit, stored.get(record_id, {}).get(edit.field))
        except Invalid as error:
            refused[record_id] = error.problems
            continue
        changes.append(Change(record_id, {edit.field: value}))
    return _changed(session, catalog, entity, actor, edit.field, changes, stored, refused, now, "python")


def restore_field(
    session: Session,
    catalog: Catalog,
    name: str,
    actor: Actor,
    field: str,
    before: Mapping[int, tuple[int, Any]],
    *,
    now: datetime,
) -> Edited:
    """Give records the value back that they had: for each id its version then, and the value as JSON.

    A record that somebody changed since keeps what it has, and is refused.
    """
    entity = catalog[name]
    access.require(actor, entity, "edit")
    stored = held(session, entity, list(before))
    item = entity.definition.fields[field]
    changes = [
        Change(record_id, {field: _with_known_rows(item, value, stored.get(record_id, {}).get(field))}, version)
        for record_id, (version, value) in before.items()
    ]
    return _changed(session, catalog, entity, actor, field, changes, stored, {}, now, "json")


def _with_known_rows(field: Field, value: Any, current: Any) -> Any:
    """A child table as it was; a row that was taken out since comes back as a new one."""
    if not field.rows or not value:
        return value
    here = {row["id"] for row in current or ()}
    return [row if row.get("id") in here else {n: v for n, v in row.items() if n != "id"} for row in value]


def _changed(
    session: Session,
    catalog: Catalog,
    entity: Entity,
    actor: Actor,
    field: str,
    changes: Sequence[Change],
    stored: Mapping[int, Mapping[str, Any]],
    refused: dict[int, tuple[Problem, ...]],
    now: datetime,
    form: Literal["python", "json"],
) -> Edited:
    outcome = change_many(session, catalog, entity.name, actor, changes, now=now, form=form, partial=True)
    refused.update({changes[place].id: tuple(found) for place, found in outcome.problems.items()})
    done = set(outcome.changed)
    versions = dict(outcome.stored.values())
    after = held(session, entity, list(done))
    kind = fieldtypes.of(entity.definition.fields[field])
    changed = tuple(
        Changed(i, versions[i], _json(kind, stored[i][field]), _json(kind, after[i][field])) for i in sorted(done)
    )
    return Edited(changed, tuple(sorted(versions.keys() - done)), refused)


def _json(kind: fieldtypes.FieldType, value: Any) -> Any:
    return None if value is None else kind.to_json(value)


def _value(field: Field, edit: FieldEdit, current: Any) -> Any:
    if edit.operation == "clear":
        return None
    if edit.operation == "set" or (field.many and not current):
        return edit.value
    if current is None:
        return None  # nothing stays nothing, whatever is added
    kind = fieldtypes.of(field)
    try:
        if isinstance(current, date):
            return current + timedelta(days=int(edit.value))
        if field.many:
            return kind.from_json(field, kind.to_json(tuple(dict.fromkeys((*current, *edit.value)))))
        return kind.from_json(field, current + type(current)(edit.value))
    except OverflowError:
        raise Invalid(TOO_FAR, field=field.name) from None
    except fieldtypes.BadValue as bad:
        raise Invalid(bad.message, params=bad.params, field=field.name) from None
