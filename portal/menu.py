"""The menu: what the current person may open, from the catalog and from what the rooms register.

Costs no SQL: grants come with the catalog. Called by the base template; what a long group leaves out is found
in portal/views/directory.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from flask import request, url_for
from flask_babel import gettext
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
MOST = 15  # entries of one group
ALL = "All %(count)s lists"
ANY = "any-definition"  # no definition is called so


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
    """The groups with their entries, empty ones left out; a long one ends with the way to all of it."""
    found: dict[str, list[Entry]] = {name: [] for name in GROUPS}
    for entry in FIXED:
        if entry.visible(actor, catalog):
            found[entry.group].append(_entry(str(entry.title), url_for(entry.endpoint), entry.endpoint.split(".")[0]))
    pattern = url_for("records.list_page", definition=ANY)
    for group, listed in lists(actor, catalog, language).items():
        found.setdefault(group, []).extend(_some(group, listed, pattern))
    nearest = max((e.url for entries in found.values() for e in entries if e.current), key=len, default="")
    return [
        (str(GROUPS.get(name, name)), [replace(e, current=e.current and e.url == nearest) for e in entries])
        for name, entries in found.items()
        if entries
    ]


def lists(actor: Actor, catalog: Catalog, language: str) -> Mapping[str, Sequence[tuple[str, str]]]:
    """(name, title) of every definition that the actor may list, by group; found once for each set of roles."""
    key = ("menu", language, access.standing(actor))
    found: dict[str, list[tuple[str, str]]] | None = catalog.prepared.get(key)
    if found is None:
        found = {}
        for entity in catalog.entities.values():
            definition = entity.definition
            known = definition.stores_records and definition.name not in WITH_ROOM
            if known and access.may(actor, entity, "list"):
                group = found.setdefault(definition.group or "data", [])
                group.append((definition.name, definition.plural(language)))
        catalog.prepared[key] = found
    return found


def _some(group: str, listed: Sequence[tuple[str, str]], pattern: str) -> Iterator[Entry]:
    """The first of a group, the one that is open, and the rest behind one entry."""
    short = len(listed) <= MOST + 1
    opened = _opened(pattern)
    head = listed if short else [*listed[:MOST], *(pair for pair in listed[MOST:] if pair[0] == opened)]
    for name, title in head:
        yield _entry(title, pattern.replace(ANY, name), name)
    if short:
        return
    url = url_for("directory.index", group=group)
    yield Entry(gettext(ALL, count=len(listed)), url, request.full_path == url, f"all-{group}")


def _opened(pattern: str) -> str:
    """The definition whose pages are open."""
    before = pattern.partition(ANY)[0]
    return request.path.removeprefix(before).partition("/")[0] if request.path.startswith(before) else ""


def _entry(title: str, url: str, key: str) -> Entry:
    return Entry(title, url, request.path.startswith(url.removesuffix("list/")), key)
