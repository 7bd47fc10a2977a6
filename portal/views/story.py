"""A record's history as people read it: choices, dates and references in words, not as they are stored.

Called by the record page. Names of references cost one statement for each definition that is pointed at, those of
files one for all.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flask_babel import gettext

from metadata import access, fieldtypes, files, records
from metadata.access import Actor
from metadata.catalog import Entity
from metadata.model import Field
from metadata.records import Entry
from portal import catalogs
from portal.access import language
from portal.entry.picks import UUID
from portal.extensions import db
from portal.formats import shown_list, shown_value
from portal.views import row_story

NOTHING = "–"
FILES = "@files"  # stands for a definition where files are meant
Lines = list[tuple[str, str, str]]
Names = Mapping[str, Mapping[Any, str]]


def told(entity: Entity, entries: Iterable[Entry], actor: Actor) -> list[tuple[Entry, Lines]]:
    """Each entry with its changed values: (field, before, after)."""
    kept, fields = list(entries), entity.definition.fields
    names = _names(fields, kept, actor)
    return [(entry, _lines(fields, entry, names) if entry.action == "change" else []) for entry in kept]


def _lines(fields: Mapping[str, Field], entry: Entry, names: Names) -> Lines:
    return [line for n, value in entry.after.items() if n in fields for line in _of(fields[n], entry, value, names)]


def _of(field: Field, entry: Entry, value: Any, names: Names) -> Lines:
    before = entry.before.get(field.name)
    if field.rows and all(isinstance(one, list | None) for one in (before, value)):
        return list(row_story.lines(field, before or [], value or [], lambda f, cell: _word(f, cell, names)))
    return [(field.title(language()), _word(field, before, names), _word(field, value, names))]


def _word(field: Field, value: Any, names: Names) -> str:
    if value is None or value == "":
        return NOTHING
    if field.target:
        return names.get(field.target, {}).get(value, f"#{value}")
    if field.type == "attachment":
        return names.get(FILES, {}).get(value) or gettext("a file that is gone")
    if field.many and isinstance(value, list):
        return shown_list(field, value, _labels(field, value, names)) or NOTHING
    try:
        return shown_value(field, fieldtypes.of(field).from_json(field, value)) or NOTHING
    except fieldtypes.BadValue:  # from a time when the field had another type
        return str(value)


def _labels(field: Field, value: list[Any], names: Names) -> list[Any]:
    """The names of the records that entries point at, as far as they can be told."""
    if not field.rows:
        return [names.get(field.ref or "", {}).get(entry, "") for entry in value]
    pointing = [f for f in field.rows.values() if f.ref]
    return [
        {f.name: names.get(f.ref or "", {}).get(row.get(f.name), "") for f in pointing}
        for row in value
        if isinstance(row, dict)
    ]


def _names(fields: Mapping[str, Field], entries: list[Entry], actor: Actor) -> Names:
    wanted: dict[str, set[Any]] = {}
    for entry in entries:
        for values in (entry.before, entry.after) if entry.action == "change" else ():
            for name, value in values.items():
                if name in fields:
                    for target, number in _pointed(fields[name], value):
                        wanted.setdefault(target, set()).add(number)
    catalog = catalogs.current()
    kept = files.about(db.session(), map(uuid.UUID, wanted.pop(FILES, ())))
    return {FILES: {str(file_id): one.name for file_id, one in kept.items()}} | {
        name: dict(
            records.pick(db.session(), catalog, name, actor, ids=sorted(ids), language=language(), limit=len(ids))
        )
        for name, ids in wanted.items()
        if name in catalog and access.may(actor, catalog[name], "list")
    }


def _pointed(field: Field, value: Any) -> Iterator[tuple[str, Any]]:
    """The records, or the file, that a stored JSON value of `field` points at."""
    if field.type == "attachment" and isinstance(value, str) and UUID.fullmatch(value):
        yield FILES, value
        return
    for entry in value if isinstance(value, list) else [value]:
        cells = [(f, entry.get(f.name)) for f in field.rows.values()] if isinstance(entry, dict) else [(field, entry)]
        yield from ((f.ref, cell) for f, cell in cells if f.ref and isinstance(cell, int))
