"""What records were called at a moment, and the values of columns that are out of sight today.

Called by `then`. A label is made of the label's fields of that day with the values of that day, `DEPTH` references
deep; fields that every rule of the actor hides stay out of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from metadata import access, fieldtypes, files
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.converting import FILES
from metadata.model import Definition, Field
from metadata.past import Past
from metadata.records.rebuilding import State, rebuild
from metadata.records.republishing import Versions, in_names
from metadata.store import Id

DEPTH = 2


def value_of(item: Field, value: Any) -> Any:
    """The Python value of a JSON value of that day; what its type does not take is shown as it was written."""
    if value is None:
        return None
    try:
        return fieldtypes.of(item).from_json(item, in_names(item, value))
    except fieldtypes.BadValue:
        return in_names(item, value)


def hidden_values(
    session: Session, name: str, fields: Sequence[Field], ids: Sequence[int], today: Definition | None = None
) -> dict[int, dict[str, Any]]:
    """JSON values by record and column of fields that the definition of today need not have, as they are stored."""
    held = {f.column for f in today.fields.values() if f.stored} if today is not None else set()
    there = held if {f.column for f in fields} <= held else Past(session, name).columns
    kept = [f for f in fields if f.column in there]
    if not kept:
        return {}
    columns = [sa.Column(f.column, fieldtypes.of(f).sql(f)) for f in kept]
    table = sa.Table(f"rec_{name}", sa.MetaData(), sa.Column("id", Id, primary_key=True), *columns)
    found: dict[int, dict[str, Any]] = {}
    for row in session.execute(sa.select(table).where(table.c.id.in_(list(ids)))).mappings():
        values = {f.column: row[f.column] for f in kept}
        found[row["id"]] = {
            f.column: v if (v := values[f.column]) is None else fieldtypes.of(f).to_json(v) for f in kept
        }
    return found


class Speaker:
    """Gives labels of one moment in one language; each definition's versions are read once."""

    def __init__(
        self, session: Session, catalog: Catalog, actor: Actor, on: datetime, version: int, language: str
    ) -> None:
        self.session, self.catalog, self.actor = session, catalog, actor
        self.on, self.version, self.language = on, version, language
        self._known: dict[str, Versions] = {}

    def labels(self, fields: Sequence[Field], values: Mapping[int, Mapping[str, Any]]) -> dict[int, dict[str, Any]]:
        """For each record the labels of its references, in the shape that a record has them."""
        wanted: dict[str, set[int]] = {}
        for one in values.values():
            for item in fields:
                for target, number in _pointed(item, one.get(item.name)):
                    wanted.setdefault(target, set()).add(number)
        names: dict[str, Mapping[Any, str]] = {target: self.of(target, ids) for target, ids in wanted.items()}
        kept = [v for one in values.values() for f in fields if isinstance(v := one.get(f.name), UUID)]
        names[FILES] = {i: one.name for i, one in files.about(self.session, kept).items()} if kept else {}
        return {
            record_id: {
                f.name: told
                for f in fields
                if one.get(f.name) is not None and (told := _told(f, one[f.name], names)) is not None
            }
            for record_id, one in values.items()
        }

    def of(self, name: str, ids: set[int], depth: int = DEPTH) -> dict[int, str]:
        """What these records of a definition were called."""
        if name not in self.catalog:
            return {}
        entity = self.catalog[name]
        if name not in self._known:
            self._known[name] = Versions(self.session, self.catalog, name)
        known = self._known[name]
        definition = known.at(self.version) or entity.definition
        hidden = {entity.definition.fields[n].origin for n in access.never_seen(self.actor, entity)}
        order = [
            [f for n in definition.label_of(code) if (f := definition.fields.get(n)) and f.origin not in hidden]
            for code in dict.fromkeys((self.language, "en"))
        ]
        states = rebuild(self.session, name, known, sorted(ids), self.on, self.version)
        self._complete(name, definition, states, [f for fields in order for f in fields])
        below: dict[str, Mapping[int, str]] = {}
        for item in (f for fields in order for f in fields if f.target and depth):
            numbers = {v for s in states.values() if isinstance(v := s.values.get(item.column), int)}
            below[item.name] = self.of(str(item.target), numbers, depth - 1)
        return {i: _label(state, order, below) for i, state in states.items()}

    def _complete(self, name: str, definition: Definition, states: dict[int, State], fields: Sequence[Field]) -> None:
        """Where no trail tells, what is stored today."""
        ids = [i for i, state in states.items() if not state.complete]
        stored = [f for f in {f.column: f for f in fields}.values() if f.stored]
        if not ids or not stored:
            return
        today = self.catalog[name].definition
        for record_id, values in hidden_values(self.session, name, stored, ids, today).items():
            states[record_id].values = {**values, **states[record_id].values}


def _pointed(item: Field, value: Any) -> Iterator[tuple[str, int]]:
    """The records that a value points at."""
    for entry in value if isinstance(value, list | tuple) else [value]:
        cells = [(f, entry.get(f.name)) for f in item.rows.values()] if isinstance(entry, Mapping) else [(item, entry)]
        yield from ((f.ref, cell) for f, cell in cells if f.ref and isinstance(cell, int))


def _told(item: Field, value: Any, names: Mapping[str, Mapping[Any, str]]) -> Any:
    """The label of a value: a text, for a list a tuple of texts, for a grid a tuple of mappings."""
    if item.rows:
        pointing = [f for f in item.rows.values() if f.ref]
        if not pointing:
            return None
        return tuple({f.name: names.get(str(f.ref), {}).get(row.get(f.name), "") for f in pointing} for row in value)
    if item.type == "attachment":
        return names[FILES].get(value)
    if not item.ref:
        return None
    if item.many:
        return tuple(names.get(item.ref, {}).get(entry, f"#{entry}") for entry in value)
    return names.get(item.ref, {}).get(value, f"#{value}")


def _label(state: State, order: Sequence[Sequence[Field]], below: Mapping[str, Mapping[int, str]]) -> str:
    for fields in order:
        words = [
            below.get(item.name, {}).get(value, str(value))
            for item in fields
            if (value := state.values.get(item.column)) is not None
        ]
        if text := " ".join(words).strip():
            return text
    return f"#{state.record_id}"
