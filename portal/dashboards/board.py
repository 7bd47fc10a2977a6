"""Gathers what one dashboard page shows: subjects, units, span and series, in two statements.

Called by views; `pages` words it. The unit that an address names must be one that the reader may
see: another answers like one that does not exist.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from babel import Locale
from sqlalchemy.orm import Session

from metadata import access
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.errors import NotFound
from portal.dashboards import formats, queries, units
from portal.dashboards.filters import Filters, Half, Month, half_of, last_full, months_between
from portal.dashboards.series import Series, series
from portal.dashboards.subjects import ACTION, Subject, subject, visible
from portal.dashboards.units import Units

MOST_MONTHS = 240  # an address can ask for more than a screen can show


@dataclass(frozen=True)
class Reader:
    """Who looks, by which catalog, in which language."""

    actor: Actor
    catalog: Catalog
    language: str

    @cached_property
    def locale(self) -> Locale:
        return Locale.parse(self.language.replace("-", "_"))


@dataclass(frozen=True)
class Board:
    """One page's content under one filter; `months` are those that a filter can usefully name.

    Half-years are counted back from `end`.
    """

    reader: Reader
    filters: Filters
    units: Units
    series: Sequence[Series]
    months: Sequence[Month]
    end: Month

    @cached_property
    def chosen_id(self) -> int | None:
        unit = self.units.chosen(self.filters.unit)
        return unit.id if unit else None

    @cached_property
    def halves(self) -> list[Half]:
        return sorted({half_of(month, self.end) for month in self.months})

    def unit_label(self, item: Subject, key: str) -> str:
        """A unit's name, or a dimension's value that stands for one; empty where it may not be seen."""
        if item.linked:
            unit = self.units.chosen(key)
            return unit.label if unit else ""
        field = item.definition.fields[item.unit]
        return formats.value_label(field, key, self.reader.language) if key else ""


def subjects_for(reader: Reader, name: str | None) -> list[Subject]:
    """The KPI called `name`, or all; NotFound where there is none for this reader."""
    if name is None:
        return visible(reader.actor, reader.catalog)
    entity = reader.catalog[name]
    found = subject(reader.actor, reader.catalog, entity)
    if found is None:
        raise NotFound("There is no such dashboard, or not for you.")
    return [found]


def gather(session: Session, reader: Reader, filters: Filters, name: str | None, today: date) -> Board:
    """The content of the overview (`name` None) or of one KPI's page."""
    shown = subjects_for(reader, name)
    tree = units.load(session, reader.catalog, reader.actor, reader.language)
    unit = tree.chosen(filters.unit)
    if filters.unit and unit is None and not _is_value(shown, filters.unit):
        raise NotFound("There is no such department, or not for you.")
    below = tree.below(unit.id) if unit else None
    dialect = session.get_bind().dialect.name
    question = queries.Question(reader.catalog, reader.actor, filters, below, dialect)
    found = queries.cells(session, question, shown, divided=name is not None)
    months = sorted({month for first, last in queries.spans(found) for month in months_between(first, last)})
    end = last_full(months, today)
    all_series = [series(item, found, tree, unit.id if unit else None, end) for item in shown]
    all_series.sort(key=lambda item: not item.months)  # a head sees first what the department is measured by
    return Board(reader, filters, tree, all_series, months[-MOST_MONTHS:], end)


def version(session: Session, reader: Reader, name: str | None) -> tuple[object, ...]:
    """What a page depends on beside its address: catalog, records, and whose rows it shows."""
    names = [item.name for item in subjects_for(reader, name)]
    if reader.catalog.unit is not None:
        names.append(reader.catalog.unit.name)
    entities = [reader.catalog[each] for each in names]
    everything = all(access.widest(reader.actor, entity, ACTION) == "all" for entity in entities)
    alike = everything and reader.actor.within is None
    whose = tuple(sorted(reader.actor.roles)) if alike else reader.actor
    return reader.catalog.version, whose, queries.versions(session, names, reader.catalog)


def _is_value(shown: Sequence[Subject], text: str) -> bool:
    """Whether a KPI that is divided by an enum knows this value as a unit."""
    divided = [item for item in shown if item.unit and not item.linked]
    return any(str(choice.value) == text for item in divided for choice in item.definition.fields[item.unit].enum)
