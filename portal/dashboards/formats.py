"""Numbers, months and labels as people read them, in their language.

Called by board.py and the templates. What has no data says so.
"""

from __future__ import annotations

from babel import Locale
from babel.dates import format_skeleton
from babel.numbers import format_decimal, format_percent
from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from metadata.kinds import Colour
from metadata.model import Field
from portal.dashboards.filters import Half, Month

STATUS = {"green": _l("On track"), "amber": _l("At risk"), "red": _l("Behind")}
PATTERNS = ((1000.0, "#,##0"), (10.0, "#,##0.0"), (1.0, "0.00"), (0.0, "0.000"))
TRUE_TEXTS = ("1", "true")


def number(value: float | None, sign: str, locale: Locale) -> str:
    """A value with its unit; large ones without decimals, small ones with three."""
    if value is None:
        return gettext("no data")
    pattern = next(pattern for least, pattern in PATTERNS if abs(value) >= least) if value else "0"
    text = format_decimal(value, pattern, locale)
    return f"{text} {sign}" if sign else text


def percent(value: float | None, locale: Locale) -> str:
    """An attainment; 1 is 100 %."""
    return gettext("no data") if value is None else format_percent(value, "#,##0.0 %", locale)


def status(colour: Colour | None) -> str:
    """The word for a colour; empty for none."""
    return str(STATUS[colour]) if colour else ""


def count(value: int, locale: Locale) -> str:
    return format_decimal(value, "#,##0", locale)


def month(value: Month, locale: Locale) -> str:
    return format_skeleton("yMMM", value.first_day, locale=locale)


def half(value: Half, locale: Locale) -> str:
    return f"{month(value.first, locale)} – {month(value.last, locale)}"


def value_label(field: Field, value: str | None, language: str) -> str:
    """A value of a dimension as its definition words it."""
    if value is None:
        return gettext("(empty)")
    for choice in field.enum:
        if str(choice.value) == value:
            return choice.label(language)
    if field.type == "boolean":
        return gettext("Yes") if value in TRUE_TEXTS else gettext("No")
    return value
