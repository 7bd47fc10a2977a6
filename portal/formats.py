"""How values read on a page: dates, numbers, choices and references in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from flask import Flask
from flask_babel import format_date, format_datetime, format_decimal, format_time, gettext

from metadata import fieldtypes
from metadata.files.kinds import worded
from metadata.model import Field
from metadata.records import Record
from portal.access import language


def shown(field: Field, record: Record) -> str:
    """The value of a field as people read it; empty where there is none."""
    if field.target or field.type == "attachment":
        return str(record.labels.get(field.name, ""))
    if field.many:
        return shown_list(field, record.get(field.name), record.labels.get(field.name, ()))
    return shown_value(field, record.get(field.name))


def shown_list(field: Field, value: Any, labels: Sequence[Any] = ()) -> str:
    """The entries of a list, one after the other; `labels` are those of the records it points at."""
    entries = value or ()
    told = labels or ({} if field.rows else "",) * len(entries)
    if field.rows:
        return "; ".join(_row(field, row, words) for row, words in zip(entries, told, strict=False))
    if field.ref:
        return ", ".join(words or f"#{entry}" for entry, words in zip(entries, told, strict=False))
    return ", ".join(shown_value(field, entry) for entry in entries)


def _row(field: Field, row: Mapping[str, Any], labels: Mapping[str, Any]) -> str:
    cells = (labels.get(f.name) or shown_value(f, row.get(f.name)) for f in field.rows.values())
    return ", ".join(cell for cell in cells if cell)


def shown_value(field: Field | None, value: Any) -> str:
    """A Python value as people read it."""
    if value is None:
        return ""
    if field is not None and field.enum:
        choice = field.choice(value)
        return choice.label(language()) if choice else str(value)
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if isinstance(value, datetime):
        return str(format_datetime(value, "medium"))
    if isinstance(value, date):
        return str(format_date(value, "medium"))
    if isinstance(value, time):
        return str(format_time(datetime.combine(date.min, value), "short", rebase=False))
    if isinstance(value, Decimal | float | int):
        return str(format_decimal(value))
    return str(value)


def is_numeric(field: Field) -> bool:
    """Whether its values stand right-aligned in a column."""
    return fieldtypes.of(field).numeric


def moment(value: datetime) -> str:
    """A moment without its seconds, as people make appointments."""
    return f"{format_date(value, 'medium')} {format_time(value, 'short')}"


def date_of(value: datetime) -> str:
    """The day of a moment, where the reader is."""
    return str(format_date(value, "medium"))


def time_of(value: datetime) -> str:
    """The time of day of a moment, for the end of a span whose day was said."""
    return str(format_time(value, "short"))


def register(app: Flask) -> None:
    """Give templates the words of this module."""
    app.jinja_env.globals.update(
        shown=shown,
        shown_list=shown_list,
        shown_value=shown_value,
        is_numeric=is_numeric,
        moment=moment,
        date_of=date_of,
        time_of=time_of,
        language=language,
        bytes_worded=worded,
    )
