"""What a form's values would come to, without writing: what is asked for, what is wrong so far, what is computed.

Asked while a person types and whenever a form is shown. What only the database can tell (hidden references,
values that another record holds) is left to the save.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from metadata import access, validation
from metadata.access import Actor
from metadata.catalog import Catalog, Entity
from metadata.errors import Problem
from metadata.records.computed import computed, deciding
from metadata.records.lists import settle_rows
from metadata.records.read import Record, find
from metadata.records.write import admitted, rights
from metadata.validation import UTC_ZONE, Form
from metadata.visibility import Asked


@dataclass(frozen=True)
class Outlook:
    """What the form asks for, and the problems of fields that this actor may set, or of none in particular.

    `computed` holds the values of formulas that the actor may see, `deciding` the fields that decide about others.
    """

    asked: Asked
    problems: tuple[Problem, ...]
    computed: Mapping[str, Any] = field(default_factory=dict)
    deciding: frozenset[str] = frozenset()


def rehearse(
    session: Session,
    catalog: Catalog,
    name: str,
    actor: Actor,
    values: Mapping[str, Any],
    *,
    record: Record | None = None,
    form: Form = "json",
    zone: ZoneInfo = UTC_ZONE,
) -> Outlook:
    """What adding a record with `values`, or changing `record` to them, would say; raises NotAllowed.

    Conditions look at the whole record, also at what this actor may not see of it: so does the save.
    """
    entity = catalog[name]
    action = "edit" if record else "add"
    access.require(actor, entity, action)
    given, problems = admitted(entity, rights(entity, actor, action), values, form, zone)
    stored = _stored(session, catalog, entity, actor, record) if record else {}
    start = stored or validation.defaults(entity.definition)
    problems += settle_rows(entity.definition, start, given)
    whole = {**start, **given}
    unread = {p.pointer for p in problems}
    problems += [p for p in entity.rules.check(whole) if p.pointer not in unread]
    free = {f.name for f in access.writable_somewhere(actor, entity, action)} | {""}
    seen = record.values if record else {f.name for f in access.readable(actor, entity, action)}
    told = {n: v for n, v in computed(session, catalog, entity, actor, whole, stored).items() if n in seen}
    mine = tuple(p for p in problems if p.field_name in free)
    return Outlook(entity.visibility.asked(whole, problems), mine, told, deciding(catalog, entity))


def _stored(session: Session, catalog: Catalog, entity: Entity, actor: Actor, record: Record) -> Mapping[str, Any]:
    if set(record.values) >= set(entity.definition.held):
        return record.values
    return find(session, catalog, entity.name, access.system(actor.username), record.id).values
