"""The computed fields of a record as a form holds it, before anything is stored; and which fields decide about others.

Called by `rehearse`. What is stored is computed by the database when it is read (`columns`); here Python computes the
same from typed values. A record that was just chosen is looked at only where the actor may list it, so that a formula
tells nothing of records that a pick-list would not offer; what the stored record points at counts as when it is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from metadata import access, fieldtypes, formula
from metadata.access import Actor
from metadata.catalog import Catalog, Entity
from metadata.errors import NotFound
from metadata.formula.binding import Bound, as_field
from metadata.model import Definition, Field
from metadata.records.read import find
from metadata.visibility import fields_in

Values = Mapping[str, Any]


def deciding(catalog: Catalog, entity: Entity) -> frozenset[str]:
    """The fields that conditions, rules or formulas look at: when one changes, others may have to be shown anew."""
    key = ("deciding", entity.name)
    found: frozenset[str] | None = catalog.prepared.get(key)
    if found is None:
        found = catalog.prepared[key] = entity.visibility.reads | frozenset(_looked_at(catalog, entity))
    return found


def _looked_at(catalog: Catalog, entity: Entity) -> Iterator[str]:
    for rule in entity.definition.rules:
        yield from fields_in(rule.block or {})
    texts = [rule.formula for rule in entity.definition.rules if rule.formula is not None]
    world = _world(catalog)
    bounds = [formula.bind(entity.definition, text, world) for text in texts]
    bounds += [_bound(catalog, entity, field) for field in entity.definition.formulas.values()]
    for bound in bounds:
        yield from (field.name for field in formula.fields_read(bound))


def computed(
    session: Session, catalog: Catalog, entity: Entity, actor: Actor, values: Values, stored: Values
) -> dict[str, Any]:
    """The values of the computed fields; `stored` are the record's values as they are kept, empty for a new one."""
    follow = _Follow(session, catalog, actor, frozenset(_pointed(entity.definition, stored)))
    fields = entity.definition.formulas
    return {name: _typed(f, formula.evaluate(_bound(catalog, entity, f), values, follow)) for name, f in fields.items()}


def _bound(catalog: Catalog, entity: Entity, field: Field) -> Bound:
    key = ("foreseen", entity.name, field.name)
    found: Bound | None = catalog.prepared.get(key)
    if found is None:
        text = str(field.formula)
        found = catalog.prepared[key] = as_field(formula.bind(entity.definition, text, _world(catalog)), field)
    return found


def _world(catalog: Catalog) -> dict[str, Definition]:
    return {definition.name: definition for definition in catalog.definitions}


def _typed(field: Field, value: Any) -> Any:
    """The value as its type keeps it; a number that the type can't hold is missing."""
    if value is None or field.type not in ("integer", "decimal"):
        return value
    if field.type == "integer":
        return int(value) if abs(value) < fieldtypes.LARGEST_INTEGER else None
    if abs(value) >= 10.0 ** (fieldtypes.DECIMAL_DIGITS - (field.scale or 0)):
        return None
    return Decimal(repr(value)).quantize(Decimal(1).scaleb(-(field.scale or 0)))


def _pointed(definition: Definition, values: Values) -> Iterator[tuple[str, int]]:
    """The records that these values point at."""
    for name, field in definition.fields.items():
        if field.ref and values.get(name) is not None:
            yield from ((field.ref, one) for one in (values[name] if field.many else [values[name]]))


class _Follow:
    """What lies behind references, each record read once."""

    def __init__(self, session: Session, catalog: Catalog, actor: Actor, known: frozenset[tuple[str, int]]) -> None:
        self.session, self.catalog, self.actor = session, catalog, actor
        self.known = set(known)
        self.read: dict[tuple[str, int], Values | None] = {}

    def __call__(self, name: str, record_id: int) -> Values | None:
        """The record's values; None where there is none, or none that the actor may choose."""
        key = (name, record_id)
        if key not in self.read:
            self.read[key] = self._values(name, record_id)
        return self.read[key]

    def _values(self, name: str, record_id: int) -> Values | None:
        try:
            if (name, record_id) not in self.known:
                find(self.session, self.catalog, name, self.actor, record_id, action="list")
            values = find(self.session, self.catalog, name, access.system(self.actor.username), record_id).values
        except NotFound:
            return None
        self.known |= set(_pointed(self.catalog[name].definition, values))
        return values
