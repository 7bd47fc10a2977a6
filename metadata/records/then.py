"""A record, or a whole list, as it was at a moment: with the titles, choices and labels of that day.

Called by the pages and by REST. Within the actor's access of today: rows that the actor may not see today stay out,
and so do fields that are hidden today; a field that is no longer in the definition is shown to those who may read
definitions and all records. Says what it does not know rather than to guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from metadata import access, fieldtypes, purged, store
from metadata.access import Actor
from metadata.catalog import Catalog, Entity
from metadata.errors import NotFound
from metadata.model import Definition, Field
from metadata.records import read, thenlabels
from metadata.records.query import Filter, Query
from metadata.records.read import Record, find
from metadata.records.rebuilding import LIFE, State, rebuild, version_at
from metadata.records.republishing import Versions, in_columns
from metadata.records.thenformulas import Computing
from metadata.records.thenlabels import value_of

NOT_DEFINED = "“%(title)s” was not defined yet, or not any more, at that time."
NOT_THERE = "This record did not exist at that time."
MOST = 200


@dataclass(frozen=True)
class Then:
    """What was so at a moment, in the words of that day.

    `fields` are those that the actor may see, as they were; of those in `unknown` no value is known. `begins` is when
    the trail of the record begins, where that is later than the moment. `removed`: it was in the recycle bin.
    """

    definition: Definition
    catalog_version: int
    record: Record
    fields: tuple[Field, ...]
    removed: bool = False
    begins: datetime | None = None
    unknown: tuple[Field, ...] = ()


@dataclass(frozen=True)
class ThenPage:
    """One page of a list as it was, ordered by id; `count` is the number of all records that were there."""

    definition: Definition
    catalog_version: int
    rows: tuple[Record, ...]
    count: int
    fields: tuple[Field, ...]


def find_then(
    session: Session, catalog: Catalog, name: str, actor: Actor, record_id: int, on: datetime, *, language: str = "en"
) -> Then:
    """One record at the moment; NotFound where it is hidden today, was not there, or its definition was not."""
    entity = catalog[name]
    today = find(session, catalog, name, actor, record_id, removed=access.may(actor, entity, "remove"))
    moment = _Moment(session, catalog, entity, actor, on)
    state = moment.states([today])[record_id]
    if not state.existed:
        raise NotFound(NOT_THERE)
    (record,) = moment.records([today], {record_id: state}, language)
    fields = moment.visible(today)
    gone = {c for (definition, c), one in purged.every(session).items() if definition == name and one.at > on}
    untold = set() if state.complete else {f.column for f in fields if not f.formula} - state.values.keys()
    unknown = tuple(f for f in fields if f.column in untold | gone)
    begins = None if state.traced else state.begins
    return Then(moment.definition, moment.version, record, fields, not state.alive, begins, unknown)


def select_then(
    session: Session,
    catalog: Catalog,
    name: str,
    actor: Actor,
    on: datetime,
    *,
    page: int = 0,
    page_size: int = 25,
    language: str = "en",
) -> ThenPage:
    """The records that were there at the moment and that the actor may list today. Raises NotAllowed, NotFound."""
    entity = catalog[name]
    access.require(actor, entity, "list")
    moment = _Moment(session, catalog, entity, actor, on)
    there, table, size = _there(actor, catalog, entity, on), entity.table, max(1, min(page_size, MOST))
    count = session.execute(select(func.count()).select_from(table).where(there)).scalar_one()
    paged = select(table.c.id).where(there).order_by(table.c.id).limit(size).offset(max(0, page) * size)
    today = _today(session, catalog, entity, actor, list(session.execute(paged).scalars()))
    states = moment.states(today)
    rows = moment.records([one for one in today if states[one.id].alive], states, language)
    seen = {f.origin for f in access.readable_somewhere(actor, entity, "list")}
    return ThenPage(moment.definition, moment.version, tuple(rows), int(count), moment.fields(seen))


def _today(session: Session, catalog: Catalog, entity: Entity, actor: Actor, ids: Sequence[int]) -> list[Record]:
    """The records as the actor sees them today, also those in the recycle bin."""
    found: list[Record] = []
    for removed in (False, True) if access.may(actor, entity, "remove") else (False,):
        asked = Query((Filter("id", "in", list(ids)),), (("id", False),), page_size=MOST, removed=removed)
        if ids:
            found += read.select(session, catalog, entity.name, actor, asked, counted=False).rows
    return sorted(found, key=lambda record: record.id)


def _there(actor: Actor, catalog: Catalog, entity: Entity, on: datetime) -> ColumnElement[bool]:
    """The rows that were there, by the last word of the trail about it, or without a trail by their first day."""
    table, c = entity.table, store.audit.c
    mine = (c.definition == entity.name, c.at <= on)
    last = select(func.max(c.id)).where(*mine, c.action.in_(LIFE)).group_by(c.record_id)
    alive = select(c.record_id).where(c.id.in_(last), c.action.in_(("create", "restore")))
    traced = select(c.record_id).where(*mine, c.action.in_(LIFE))
    first = select(func.min(c.id)).where(c.definition == entity.name, c.action.in_(LIFE)).group_by(c.record_id)
    came_later = select(c.record_id).where(c.id.in_(first), c.at > on, c.action.in_(("create", "restore")))
    untraced = and_(table.c._created_at <= on, table.c.id.not_in(traced), table.c.id.not_in(came_later))
    visible = [access.rows(actor, catalog, entity, "list")]
    if not access.may(actor, entity, "remove"):
        visible.append(table.c._removed_at.is_(None))
    return and_(or_(table.c.id.in_(alive), untraced), *visible)


class _Moment:
    """One definition at one moment, for one actor."""

    def __init__(self, session: Session, catalog: Catalog, entity: Entity, actor: Actor, on: datetime) -> None:
        self.session, self.catalog, self.entity, self.actor, self.on = session, catalog, entity, actor, on
        self.version = version_at(session, on)
        self.known = Versions(session, catalog, entity.name)
        definition = self.known.at(self.version)
        if definition is None:
            raise NotFound(NOT_DEFINED, params={"title": entity.definition.texts.named()})
        self.definition = definition
        self.reads_all = access.may_read_definitions(actor) and access.widest(actor, entity, "show") == "all"

    def visible(self, today: Record) -> tuple[Field, ...]:
        """The fields of that day that the actor may see of this record today."""
        fields = self.entity.definition.fields
        return self.fields({fields[n].origin for n in today.values if n in fields})

    def fields(self, seen: set[str]) -> tuple[Field, ...]:
        """The fields of that day that are `seen` today, by where they were born, and those that are gone."""
        there = {f.origin for f in self.entity.definition.fields.values()}
        return tuple(
            f for f in self.definition.fields.values() if f.origin in seen or (self.reads_all and f.origin not in there)
        )

    def states(self, today: Sequence[Record]) -> dict[int, State]:
        """The records rebuilt; what no trail tells is what is stored today."""
        ids = [record.id for record in today]
        states = rebuild(self.session, self.entity.name, self.known, ids, self.on, self.version)
        open_ids = [i for i in ids if not states[i].complete]
        hidden = self._hidden(open_ids)
        for record in today:
            state = states[record.id]
            if state.complete:
                continue
            if not state.traced and record.created_at is not None:
                state.existed = state.existed and record.created_at <= self.on
                state.changed_at, state.changed_by = record.created_at, record.created_by
            fields = self.entity.definition.fields
            now = {fields[n].column: (fields[n], v) for n, v in record.values.items() if n in fields}
            known = {c: v if v is None else in_columns(f, fieldtypes.of(f).to_json(v)) for c, (f, v) in now.items()}
            state.values = {**hidden.get(record.id, {}), **known, **state.values}
        return states

    def _hidden(self, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
        """What the columns hold that the definition of today no longer has."""
        today = {f.column for f in self.entity.definition.fields.values()}
        gone = [f for f in self.definition.fields.values() if f.column not in today and f.stored]
        return thenlabels.hidden_values(self.session, self.entity.name, gone, ids) if gone and ids else {}

    def records(self, today: Sequence[Record], states: dict[int, State], language: str) -> list[Record]:
        """The records with the values and labels of that day."""
        computing = Computing(self.session, self.catalog, self.on, self.version)
        values = {
            one.id: {
                f.name: computing.value(self.definition, f, states[one.id])
                if f.formula
                else value_of(f, states[one.id].values.get(f.column))
                for f in self.visible(one)
            }
            for one in today
        }
        shown = [f for f in self.definition.fields.values() if any(f.name in one for one in values.values())]
        speaker = thenlabels.Speaker(self.session, self.catalog, self.actor, self.on, self.version, language)
        labels = speaker.labels(shown, values)
        return [
            Record(
                self.entity.name,
                one.id,
                states[one.id].version,
                values[one.id],
                labels[one.id],
                created_at=one.created_at,
                created_by=one.created_by,
                changed_at=states[one.id].changed_at,
                changed_by=states[one.id].changed_by,
            )
            for one in today
        ]
