"""The KPIs that somebody may look at, each with its measures read and its ways to be divided.

Called by views. A KPI counts as visible when the actor may list its records and may read every
field that its figures are made of; a field that is hidden from the actor divides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache

from metadata import access, measure
from metadata.access import Actor
from metadata.catalog import Catalog, Entity
from metadata.kinds import Colour
from metadata.measure import Measure
from metadata.model import Definition
from workflows.scoring import Rule, rule_of

ACTION = "list"
SHOWN = Decimal("0.001")


@dataclass(frozen=True)
class Subject:
    """One KPI. `unit` is the field that divides it by unit; `linked` tells whether that is a reference."""

    entity: Entity
    plan: Measure
    actual: Measure
    rule: Rule
    time: str
    sign: str
    unit: str
    linked: bool
    dimensions: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.entity.name

    @property
    def definition(self) -> Definition:
        return self.entity.definition

    @property
    def curve(self) -> tuple[Decimal, ...]:
        """The KPI's season; empty where it has none."""
        return self.definition.measure.curve if self.definition.measure else ()

    def colour(self, attainment: float | None) -> Colour | None:
        """The status of an attainment as it is shown: with one place of a per cent, rounded as Babel does."""
        spec = self.definition.measure
        if spec is None or spec.thresholds is None or attainment is None:
            return None
        return spec.thresholds.colour(Decimal(str(attainment)).quantize(SHOWN, ROUND_HALF_EVEN))


def visible(actor: Actor, catalog: Catalog) -> list[Subject]:
    """The KPIs that `actor` may look at, in the order of their names."""
    found = (subject(actor, catalog, entity) for entity in catalog.entities.values())
    return [item for item in found if item is not None]


def may_see(actor: Actor, catalog: Catalog) -> bool:
    """Whether there is any dashboard for `actor`; found once for each standing, as every page asks."""
    key = ("dashboards", access.standing(actor))
    found: bool | None = catalog.prepared.get(key)
    if found is None:
        found = any(subject(actor, catalog, entity) for entity in catalog.entities.values())
        catalog.prepared[key] = found
    return found


def subject(actor: Actor, catalog: Catalog, entity: Entity) -> Subject | None:
    """The KPI as `actor` may see it; None if it is none, or not for them."""
    definition = entity.definition
    spec = definition.measure
    if spec is None or not access.may(actor, entity, ACTION):
        return None
    readable = {field.name for field in access.readable(actor, entity, ACTION)}
    plan, actual = _parsed(spec.plan), _parsed(spec.actual)
    if not {spec.time, *plan.fields, *actual.fields} <= readable:
        return None
    unit, linked = _unit(definition, catalog)
    dividing = tuple(
        field.name
        for field in definition.fields.values()
        if field.dimension and field.name in readable and field.name != unit and not field.ref
    )
    if unit not in readable:
        unit, linked = "", False
    return Subject(entity, plan, actual, rule_of(spec), spec.time, spec.unit, unit, linked, dividing)


def _unit(definition: Definition, catalog: Catalog) -> tuple[str, bool]:
    """A reference to a unit; else a dimension that is called like the definition of units."""
    directory = catalog.unit
    owner = definition.owner.unit
    if directory is not None and owner and definition.fields[owner].ref == directory.name:
        return owner, True
    name = directory.name if directory is not None else "department"
    field = definition.fields.get(name)
    return (name, False) if field is not None and field.dimension and not field.ref else ("", False)


@lru_cache(maxsize=1024)
def _parsed(text: str) -> Measure:
    return measure.parse(text)
