"""Whether values that must be unique after a publish will be: asked with the values that records will have then.

Called by `weighing`, when a unique is new or a field of one is converted, filled or returns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import ColumnElement, case, column, func, literal, null, select, table
from sqlalchemy.orm import Session

from metadata import fieldtypes
from metadata.errors import Problem
from metadata.model import Definition, Field
from metadata.past import Past
from metadata.transfer import Looked


def fields(definition: Definition) -> frozenset[str]:
    """The fields that stand in a unique."""
    return frozenset(name for names in definition.unique for name in names)


def problems(
    session: Session, old: Definition, new: Definition, looked: Mapping[str, Looked], past: Past
) -> Iterator[Problem]:
    """A problem for each unique of `new` that stored records would break."""
    if not old.stores_records or not past.columns:
        return
    before = {f.column: f for f in old.fields.values()}
    kept = {tuple(old.fields[n].column for n in names) for names in old.unique}
    for names in new.unique:
        items = [new.fields[n] for n in names]
        same = tuple(f.column for f in items) in kept
        if same and not any(f.required and not before[f.column].required for f in items):
            continue
        count = _twice(session, new, items, looked, past)
        if count:
            sentence = "%(count)s combinations of %(fields)s stand more than once."
            params = {"count": count, "fields": ", ".join(names)}
            yield Problem("/x-unique", sentence, params, "Mend these records first.", new.name)


def _twice(session: Session, new: Definition, items: list[Field], looked: Mapping[str, Looked], past: Past) -> int:
    """How many keys more than one record has that is not in the bin."""
    records = table(new.table_name, column("id"), column("_removed_at"), *(column(name) for name in past.columns))
    source: Any = records
    for item in items:
        kept = looked[item.name].kept if item.name in looked else None
        if kept is not None:
            source = source.outerjoin(kept, kept.c.id == records.c.id)
    keys = [_value(records, item, looked.get(item.name), past) for item in items]
    alive = select(*(key.label(f"k{n}") for n, key in enumerate(keys))).select_from(source)
    wanted = alive.where(records.c._removed_at.is_(None)).subquery()
    grouped = select(func.count().label("n")).select_from(wanted).group_by(*wanted.c).having(func.count() > 1)
    if len(keys) == 1:  # a single empty field is no key
        grouped = grouped.where(wanted.c.k0.is_not(None))
    return int(session.execute(select(func.count()).select_from(grouped.subquery())).scalar_one())


def _value(records: Any, item: Field, looked: Looked | None, past: Past) -> ColumnElement[Any]:
    """What a record will have in the field."""
    held = records.c[item.column] if item.column in past.columns else null()
    if looked is not None and looked.kept is not None:
        kept = looked.kept
        if looked.move.held is None and not looked.move.staged:
            return kept.c.value
        return case((kept.c.id.is_not(None), kept.c.value), else_=held)
    if item.required and item.has_default:
        value = literal(fieldtypes.of(item).from_json(item, item.default), fieldtypes.of(item).sql(item))
        return func.coalesce(held, value) if item.column in past.columns else value
    return held
