"""The labels of all records of a definition, for changes that find records by what they are called.

Called while publishing, with the catalog in force, so nothing is left out for want of access. Records in the recycle
bin have a label, but are not found by it.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from metadata import store
from metadata.catalog import Catalog
from metadata.converting import FILES, Labelled, Labels
from metadata.records.read import label_expression


def labels(session: Session, catalog: Catalog) -> Labels:
    """A function that gives the labels of a definition's records, read once when first asked for."""
    read: dict[str, Labelled] = {}

    def of(name: str) -> Labelled:
        if name not in read:
            read[name] = _read(session, catalog, name)
        return read[name]

    return of


def _read(session: Session, catalog: Catalog, name: str) -> Labelled:
    if name == FILES:
        return Labelled({row[0]: row[1] for row in session.execute(select(store.file.c.id, store.file.c.name))})
    if name not in catalog:
        return Labelled()
    entity = catalog[name]
    label = label_expression(catalog, entity, entity.table, set(entity.definition.fields), "en")
    statement = select(entity.table.c.id, label, entity.table.c._removed_at)
    found: dict[int, str] = {}
    ids: dict[str, int | None] = {}
    for record_id, text, removed in session.execute(statement.execution_options(yield_per=2000)):
        found[record_id] = str(text)
        if removed is None:
            ids[str(text)] = None if str(text) in ids else record_id
    return Labelled(found, ids)
