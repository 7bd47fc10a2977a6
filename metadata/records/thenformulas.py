"""Computed fields as they were at a moment: by the formula of that day, over the values of that day.

Called by `then`. What lies behind a reference is rebuilt for the same moment, once for each record. Access to the
computed field itself was decided before; the values that it is made of may be hidden, as in any SELECT.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from metadata.catalog import Catalog
from metadata.formula import FormulaError, bind, evaluate
from metadata.formula.binding import as_field
from metadata.model import Definition, Field
from metadata.records.rebuilding import State, rebuild
from metadata.records.republishing import Versions
from metadata.records.thenlabels import hidden_values, value_of


class World(Mapping[str, Definition]):
    """The definitions of a catalog version, read when asked; of one that is gone, as it is today."""

    def __init__(self, session: Session, catalog: Catalog, version: int) -> None:
        self._session, self._catalog, self._version = session, catalog, version
        self._known: dict[str, Versions] = {}

    def versions(self, name: str) -> Versions:
        """Every version of one definition."""
        if name not in self._known:
            self._known[name] = Versions(self._session, self._catalog, name)
        return self._known[name]

    def __getitem__(self, name: str) -> Definition:
        found = self.versions(name).at(self._version)
        return found if found is not None else self._catalog[name].definition

    def __iter__(self) -> Iterator[str]:
        return iter(self._catalog)

    def __len__(self) -> int:
        return len(self._catalog.entities)


class Computing:
    """The computed fields of one moment."""

    def __init__(self, session: Session, catalog: Catalog, on: datetime, version: int) -> None:
        self.session, self.on, self.version = session, on, version
        self.world = World(session, catalog, version)
        self._followed: dict[tuple[str, int], dict[str, Any] | None] = {}

    def value(self, definition: Definition, item: Field, state: State) -> Any:
        """The value of a computed field; None where it is missing, or where its formula reads what is gone."""
        try:
            bound = as_field(bind(definition, str(item.formula), self.world, here=item.name), item)
        except (FormulaError, KeyError):
            return None
        return _typed(item, evaluate(bound, _values(definition, state), self._follow))

    def _follow(self, name: str, record_id: int) -> dict[str, Any] | None:
        key = (name, record_id)
        if key not in self._followed:
            definition = self.world[name]
            state = rebuild(self.session, name, self.world.versions(name), [record_id], self.on, self.version)[
                record_id
            ]
            if not state.complete:
                stored = list(definition.columns.values())
                today = hidden_values(self.session, name, stored, [record_id]).get(record_id, {})
                state.values = {**today, **state.values}
            self._followed[key] = _values(definition, state) if state.existed else None
        return self._followed[key]


def _values(definition: Definition, state: State) -> dict[str, Any]:
    return {f.name: value_of(f, state.values.get(f.column)) for f in definition.fields.values() if f.formula is None}


def _typed(item: Field, value: Any) -> Any:
    """The value as its type has it."""
    if value is None:
        return None
    if item.type == "integer":
        return int(value)
    if item.type == "decimal":
        return Decimal(repr(value)).quantize(Decimal(1).scaleb(-(item.scale or 0)))
    return value
