"""What a card of the start page is: whom it is for, and the lines it shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import current_app

from metadata import access, records
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.records import Filter, Page, Query
from portal.views.panels import Asked

LINES = 5


@dataclass(frozen=True)
class Reader(Asked):
    """Who looks, by which catalog, in which language, when."""

    now: datetime

    def ask(
        self, name: str, *filters: tuple[str, str, Any], columns: Sequence[str] = (), order: str = "", size: int = LINES
    ) -> Page:
        """Records of a definition as this reader may see them; one statement."""
        asked = Query(
            filters=tuple(Filter(*item) for item in filters),
            order=((order.lstrip("-"), order.startswith("-")),) if order else (),
            columns=tuple(columns),
            page_size=size,
            language=self.language,
        )
        return records.select(self.session, self.catalog, name, self.actor, asked, counted=False)


@dataclass(frozen=True)
class Line:
    """One line of a card: what, where it leads, what is said beside it."""

    text: str
    url: str = ""
    note: str = ""
    alarm: bool = False


@dataclass(frozen=True)
class Content:
    """What a card shows now; `more` leads to all of it."""

    lines: Sequence[Line] = field(default_factory=tuple)
    empty: str = ""
    more: str = ""
    more_text: str = ""


@dataclass(frozen=True)
class Card:
    """One card. `name` is its mark for guided tours; `visible` costs no statement; a `quiet` one hides when empty."""

    name: str
    title: Any
    visible: Callable[[Actor, Catalog], bool]
    content: Callable[[Reader], Content]
    wide: bool = False
    quiet: bool = False


CARDS: list[Card] = []


def shown(reader: Reader) -> list[tuple[Card, Content]]:
    """The cards for this reader, in the order in which they were registered."""
    meant = [(card, card.content(reader)) for card in CARDS if card.visible(reader.actor, reader.catalog)]
    return [(card, content) for card, content in meant if content.lines or not card.quiet]


def address(fallback: str, *paths: str) -> str:
    """The first of the paths that a room answers, else the fallback."""
    routes = current_app.url_map.bind("")
    return next((path for path in paths if routes.test(path, "GET")), fallback)


def readable(actor: Actor, catalog: Catalog, name: str, *fields: str) -> bool:
    """Whether the definition is there and this actor may list it and read these fields of it."""
    if name not in catalog or not access.may(actor, catalog[name], "list"):
        return False
    return {*fields} <= {f.name for f in access.readable(actor, catalog[name], "list")}
