"""What people read for the records that a form points at: those that the record itself names, and those just chosen.

One statement for each definition that is pointed at by something new, however many fields and rows point there.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator, Mapping

from metadata import fieldtypes, files, records
from metadata.model import Definition, Field
from metadata.records import Record
from portal import catalogs
from portal.access import current_actor, language
from portal.entry.typed import entries, lines
from portal.extensions import db

Known = dict[tuple[str, str], str]
FILE = "@file"  # stands for a definition where a file is meant
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def tree_of(definition: Definition) -> Field | None:
    """The field by which a record of `definition` says under which other it stands."""
    return next((f for f in definition.fields.values() if f.tree), None)


def from_tree(ref: str | None) -> bool:
    """Whether records of this definition are chosen from a tree."""
    catalog = catalogs.current()
    return ref is not None and ref in catalog and tree_of(catalog[ref].definition) is not None


def known(fields: Iterable[Field], given: Mapping[str, str], record: Record | None) -> Known:
    """What people read for each (definition, id) in the texts of a form; what they may not see stays unnamed."""
    fields = list(fields)
    pointing = [f for f in fields if f.ref or f.rows]
    found: Known = dict(pair for f in pointing for pair in _told(f, record)) if record else {}
    wanted: dict[str, set[int]] = {}
    for ref, text in (pair for f in pointing for pair in _chosen(f, given.get(f.name, ""))):
        if (ref, text) not in found and text.isdecimal() and int(text) <= fieldtypes.LARGEST_INTEGER:
            wanted.setdefault(ref, set()).add(int(text))
    found |= _files([given.get(f.name, "") for f in fields if f.type == "attachment"])
    catalog = catalogs.current()
    for ref, ids in wanted.items():
        if ref in catalog:
            found |= {(ref, str(i)): words for i, words in _labels(ref, ids)}
    return found


def _files(texts: Iterable[str]) -> Known:
    """The names of the files with these ids, as far as this person may read them."""
    ids = [uuid.UUID(text) for text in texts if UUID.fullmatch(text)]
    if not ids:
        return {}
    there = files.known(db.session(), catalogs.current(), current_actor(), ids)
    return {(FILE, str(file_id)): one.name for file_id, one in there.items()}


def _labels(ref: str, ids: set[int]) -> list[tuple[int, str]]:
    actor, catalog = current_actor(), catalogs.current()
    return records.pick(db.session(), catalog, ref, actor, ids=sorted(ids), language=language(), limit=len(ids))


def _chosen(field: Field, text: str) -> Iterator[tuple[str, str]]:
    if field.rows:
        pointing = [f for f in field.rows.values() if f.ref]
        yield from ((str(f.ref), line.get(f.name, "")) for line in lines(text) for f in pointing)
    elif field.many:
        yield from ((str(field.ref), entry) for entry in entries(text))
    else:
        yield (str(field.ref), text)


def _told(field: Field, record: Record) -> Iterator[tuple[tuple[str, str], str]]:
    """What the record names already, with the labels that it was read with."""
    values, labels = record.get(field.name), record.labels.get(field.name)
    if values is None or not labels:
        return
    if field.rows:
        pointing = [f for f in field.rows.values() if f.ref]
        for value, label in zip(values, labels, strict=True):
            yield from (((str(f.ref), str(value[f.name])), label[f.name]) for f in pointing if label.get(f.name))
    elif field.many:
        yield from (((str(field.ref), str(i)), words) for i, words in zip(values, labels, strict=True) if words)
    else:
        yield (str(field.ref), str(values)), labels
