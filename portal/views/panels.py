"""What the start page shows a person of their own: what is due, my goals, my reviews, my courses.

Each room adds what it has: a `Panel` with its own template, or a source of `Due` lines for the first panel. Nothing is
shown that the person may not see, and a panel costs one statement.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from metadata import access, records
from metadata.access import Actor
from metadata.catalog import Catalog, Entity
from metadata.records import Filter, Query
from portal.formats import shown_value
from portal.views.forms import label

FEW = 5
GOALS, REVIEWS = _l("My goals"), _l("My reviews")
DUE_TITLE = _l("What is due")


@dataclass(frozen=True)
class Asked:
    """Who asks, and on which day."""

    session: Session
    catalog: Catalog
    actor: Actor
    language: str
    today: date
    kept: dict[str, Any] = field(default_factory=dict, repr=False, kw_only=True)

    def once(self, name: str, ask: Callable[[], Any]) -> Any:
        """What `ask` answers, asked once for all panels of a page."""
        if name not in self.kept:
            self.kept[name] = ask()
        return self.kept[name]


@dataclass(frozen=True)
class Due:
    """Something that waits for the person until a day."""

    on: date
    title: str
    url: str
    source: Any

    def late(self, today: date) -> bool:
        """Whether the day has passed."""
        return self.on < today


@dataclass(frozen=True)
class Panel:
    """A card of the start page; `load` gives what its template needs, or None where it does not concern the person."""

    key: str
    title: Any
    template: str
    load: Callable[[Asked], Any]


@dataclass(frozen=True)
class Shown:
    """A panel with its content."""

    panel: Panel
    data: Any = field(repr=False)


PANELS: list[Panel] = []
DUE: list[Callable[[Asked], list[Due]]] = []


def shown(asked: Asked) -> list[Shown]:
    """The panels that concern the person, in the order of registration."""
    if asked.actor.person_id is None:
        return []
    found = [Shown(panel, panel.load(asked)) for panel in PANELS]
    return [item for item in found if item.data is not None]


def due(asked: Asked) -> list[Due]:
    """All that waits, the most urgent first."""
    return sorted((line for source in DUE for line in source(asked)), key=lambda line: line.on)


def goals(asked: Asked) -> Any:
    """My objectives: records of the objective levels that belong to people."""
    return _mine(asked, [e for e in asked.catalog.entities.values() if e.definition.kind == "okr_level"])


@dataclass(frozen=True)
class Mine:
    """One record of mine: what to call it, where it is, how far it is."""

    title: str
    url: str
    state: str


def _mine(asked: Asked, entities: list[Entity]) -> list[Mine] | None:
    found: list[Mine] | None = None
    for entity in entities:
        person = entity.definition.owner.person
        if not person or not entity.definition.stores_records or not access.may(asked.actor, entity, "list"):
            continue
        query = Query(
            (Filter(person, "eq", asked.actor.person_id),), (("id", True),), page_size=FEW, language=asked.language
        )
        page = records.select(asked.session, asked.catalog, entity.name, asked.actor, query, counted=False)
        found = [*(found or []), *(_line(entity, record) for record in page.rows)]
    return found


def _line(entity: Entity, record: records.Record) -> Mine:
    """A record that is called by its person's name says nothing among one's own: its first other reference does."""
    definition = entity.definition
    title = label(entity, record)
    if definition.label_of() == (definition.owner.person,):
        others = [record.labels.get(name) for name in definition.screen.list if name != definition.owner.person]
        title = next((text for text in others if text), title)
    states = [shown_value(definition.fields[n], record.get(n)) for n in ("step", "status") if n in record.values]
    url = url_for("records.show", definition=entity.name, record_id=record.id)
    return Mine(title, url, next(iter(states), ""))
