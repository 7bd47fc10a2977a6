"""How values read on a page: dates, numbers, choices and references in the reader's language."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from flask import Flask
from flask_babel import format_date, format_datetime, format_decimal, format_time, gettext

from metadata.model import Field
from metadata.records import Record
from portal.access import language


def shown(field: Field, record: Record) -> str:
    """The value of a field as people read it; empty where there is none."""
    if field.ref:
        return record.labels.get(field.name, "")
    return shown_value(field, record.get(field.name))


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
        shown=shown, shown_value=shown_value, moment=moment, date_of=date_of, time_of=time_of, language=language
    )
