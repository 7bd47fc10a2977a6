"""A record's history as people read it: choices, dates and references in words, not as they are stored.

Called by the record page. Names of references cost one statement for each definition that is pointed at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from metadata import access, fieldtypes, records
from metadata.access import Actor
from metadata.catalog import Entity
from metadata.model import Field
from metadata.records import Entry
from portal import catalogs
from portal.access import language
from portal.extensions import db
from portal.formats import shown_value

NOTHING = "–"
Lines = list[tuple[str, str, str]]


def told(entity: Entity, entries: Iterable[Entry], actor: Actor) -> list[tuple[Entry, Lines]]:
    """Each entry with its changed values: (field, before, after)."""
    kept, fields = list(entries), entity.definition.fields
    names = _names(fields, kept, actor)
    return [(entry, _lines(fields, entry, names) if entry.action == "change" else []) for entry in kept]


def _lines(fields: Mapping[str, Field], entry: Entry, names: Mapping[str, Mapping[int, str]]) -> Lines:
    return [
        (fields[n].title(language()), _word(fields[n], entry.before.get(n), names), _word(fields[n], value, names))
        for n, value in entry.after.items()
        if n in fields
    ]


def _word(field: Field, value: Any, names: Mapping[str, Mapping[int, str]]) -> str:
    if value is None or value == "":
        return NOTHING
    if field.ref:
        return names.get(field.ref, {}).get(value, f"#{value}")
    try:
        return shown_value(field, fieldtypes.of(field).from_json(field, value)) or NOTHING
    except fieldtypes.BadValue:  # from a time when the field had another type
        return str(value)


def _names(fields: Mapping[str, Field], entries: list[Entry], actor: Actor) -> dict[str, dict[int, str]]:
    wanted: dict[str, set[int]] = {}
    for entry in entries:
        for values in (entry.before, entry.after) if entry.action == "change" else ():
            for name, value in values.items():
                field = fields.get(name)
                if field is not None and field.ref and isinstance(value, int):
                    wanted.setdefault(field.ref, set()).add(value)
    catalog = catalogs.current()
    return {
        name: dict(
            records.pick(db.session(), catalog, name, actor, ids=sorted(ids), language=language(), limit=len(ids))
        )
        for name, ids in wanted.items()
        if name in catalog and access.may(actor, catalog[name], "list")
    }
