"""The catalog: every definition in force at one version, compiled, as one immutable value.

A request, task or import takes the current catalog at its start and works with that one to its end.
`compile_catalog` is pure: the same definitions give an equal catalog; what did not change is shared
with the catalog before. `versions.CatalogSource` holds the current one per process.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

from sqlalchemy import Table
from sqlalchemy.orm import registry

from metadata import side_tables, tables, validation, visibility
from metadata.errors import NotFound
from metadata.model import Definition


@dataclass(frozen=True, repr=False)
class Entity:
    """One definition with what is compiled from it; made on first use and shared between catalogs."""

    definition: Definition

    def __repr__(self) -> str:
        return f"<Entity {self.name}>"

    @property
    def name(self) -> str:
        """The definition's name."""
        return self.definition.name

    @cached_property
    def table(self) -> Table:
        """The table that statements are made of, columns keyed by field name."""
        return tables.runtime_table(self.definition)

    @cached_property
    def sides(self) -> Mapping[str, Table]:
        """The tables of its lists, by field."""
        return side_tables.runtime_tables(self.definition)

    @cached_property
    def rules(self) -> validation.Rules:
        """The validator of whole records."""
        return validation.Rules(self.definition)

    @cached_property
    def visibility(self) -> visibility.Visibility:
        """What its forms ask for."""
        return visibility.Visibility(self.definition)

    @cached_property
    def model(self) -> type[Any]:
        """A mapped class for Flask-AppBuilder, in a registry of its own."""
        name = "".join(part.capitalize() for part in self.name.split("_"))
        model = type(name, (), {"__str__": lambda record: str(record.id), "__module__": __name__})
        properties = {f.name: self.table.c[f.name] for f in self.definition.columns.values()}
        registry().map_imperatively(model, self.table, properties=properties)
        return model


@dataclass(frozen=True, repr=False)
class Catalog:
    """All entities in force at `version`. Iterating gives names in order.

    `prepared` holds parts of statements that the record door made before, so that they need not be made again.
    """

    version: int
    entities: Mapping[str, Entity] = field(default_factory=lambda: MappingProxyType({}))
    prepared: dict[Any, Any] = field(default_factory=dict, compare=False)

    def __getitem__(self, name: str) -> Entity:
        """The entity called `name`; raises NotFound for a person, who may have typed it."""
        try:
            return self.entities[name]
        except KeyError:
            raise NotFound("There is no definition called “%(name)s”.", params={"name": name}) from None

    def __repr__(self) -> str:
        return f"<Catalog {self.version}: {len(self.entities)} definitions>"

    def __contains__(self, name: object) -> bool:
        return name in self.entities

    def __iter__(self) -> Iterator[str]:
        return iter(self.entities)

    @property
    def definitions(self) -> Iterator[Definition]:
        """The definitions, in order of their names."""
        return (entity.definition for entity in self.entities.values())

    @cached_property
    def referrers(self) -> Mapping[str, tuple[tuple[str, str], ...]]:
        """For each definition the (definition, field) pairs that point at it."""
        found: dict[str, list[tuple[str, str]]] = {}
        for entity in self.entities.values():
            for item in entity.definition.fields.values():
                for target in dict.fromkeys(f.ref for f in (item, *item.rows.values()) if f.ref):
                    found.setdefault(target, []).append((entity.name, item.name))
        return MappingProxyType({name: tuple(pairs) for name, pairs in found.items()})

    @cached_property
    def person(self) -> Entity | None:
        """The definition that holds people."""
        return self._directory("person")

    @cached_property
    def unit(self) -> Entity | None:
        """The definition that holds the units people belong to."""
        return self._directory("unit")

    @cached_property
    def surveys(self) -> tuple[Entity, ...]:
        """The definitions of surveys."""
        return tuple(entity for entity in self.entities.values() if entity.definition.survey is not None)

    def _directory(self, kind: str) -> Entity | None:
        marked = (e for e in self.entities.values() if e.definition.directory and e.definition.directory.kind == kind)
        return next(marked, None)


EMPTY = Catalog(0)


def compile_catalog(version: int, definitions: Mapping[str, Definition | Entity]) -> Catalog:
    """Make the catalog of `version`; entities given as such are taken over as they are."""
    entities = {name: item if isinstance(item, Entity) else Entity(item) for name, item in sorted(definitions.items())}
    return Catalog(version, MappingProxyType(entities))
