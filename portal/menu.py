"""The menu: what the current person may open, from the catalog and from what the rooms register.

Costs no SQL: grants come with the catalog. Called by the base template.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import request, url_for
from flask_babel import lazy_gettext as _l

from metadata import access
from metadata.access import Actor
from metadata.catalog import Catalog

GROUPS = {
    "organisation": _l("Organisation"),
    "performance": _l("Performance"),
    "goals": _l("Goals"),
    "training": _l("Training"),
    "data": _l("Data"),
    "administration": _l("Administration"),
}


@dataclass(frozen=True)
class Fixed:
    """An entry that belongs to a room of the portal: shown when `visible` says so."""

    group: str
    title: str
    endpoint: str
    visible: Callable[[Actor, Catalog], bool]


@dataclass(frozen=True)
class Entry:
    """One line of the menu."""

    title: str
    url: str
    current: bool
    key: str  # what guided tours point at: the room's or the definition's name


FIXED: list[Fixed] = []
WITH_ROOM: set[str] = set()  # definitions whose records have a room of their own, which links to the plain list


def groups(actor: Actor, catalog: Catalog, language: str) -> list[tuple[str, list[Entry]]]:
    """The groups with their entries, empty ones left out."""
    found: dict[str, list[Entry]] = {name: [] for name in GROUPS}
    for entry in FIXED:
        if entry.visible(actor, catalog):
            found[entry.group].append(_entry(str(entry.title), url_for(entry.endpoint), entry.endpoint.split(".")[0]))
    for entity in catalog.entities.values():
        definition = entity.definition
        if definition.name in WITH_ROOM:
            continue
        if definition.stores_records and access.may(actor, entity, "list"):
            url = url_for("records.list_page", definition=definition.name)
            found.setdefault(definition.group or "data", []).append(
                _entry(definition.plural(language), url, definition.name)
            )
    return [(str(GROUPS.get(name, name)), entries) for name, entries in found.items() if entries]


def _entry(title: str, url: str, key: str) -> Entry:
    return Entry(title, url, request.path.startswith(url.removesuffix("list/")), key)
