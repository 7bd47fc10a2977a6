"""What a table from elsewhere might be: headers and rows of a CSV or XLSX file, and a field for each column.

Called by the designer, which shows the guesses before anything is made of them. A guess holds for every row that was
looked at; what is not certain stays text. Reads at most `MOST_ROWS` rows and never more than the file's limits allow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from metadata.errors import Invalid
from workflows.intake import tables

MOST_ROWS, MOST_COLUMNS = 5_000, 150
MOST_CHOICES, OFTEN_ENOUGH, LONGEST_CHOICE, LONGEST_LINE = 12, 4, 60, 500
DATES = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%d-%m-%Y", "%Y%m%d")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?")
EMAIL = re.compile(r"[^@\s;,]+@[^@\s;,]+\.[^@\s;,]+")
ADDRESS = re.compile(r"https?://\S+")
NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d{1,3})?")  # 007 is a number of something, and stays text
WHOLE = re.compile(r"-?(0|[1-9]\d{0,14})")
SWITCH = ({"true", "false"}, {"yes", "no"}, {"是", "否"})


@dataclass(frozen=True)
class Column:
    """A column of the file and the field that it might be.

    `choices` are its values where they are few; `form` is how the file writes dates, empty for ISO; `unsure` says that
    the days could as well be months.
    """

    header: str
    type: str
    required: bool
    examples: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    form: str = ""
    longest: int = 0
    unsure: bool = False


def read(path: Path, filename: str) -> tuple[list[str], list[list[str]]]:
    """The headers and the first rows as texts; raises Invalid when there is no table in the file."""
    if filename.lower().endswith(".xlsx") and not tables.packed(path):
        raise Invalid(tables.NO_TABLE, field="file")
    rows = tables.first(path, MOST_ROWS + 1)
    headers = [cell.strip() for cell in rows[0]] if rows else []
    while headers and not headers[-1]:
        headers.pop()
    if not headers or not all(headers):
        raise Invalid("The first line must name every column.", field="file")
    if len(headers) > MOST_COLUMNS:
        raise Invalid("At most %(limit)s columns can be taken.", params={"limit": MOST_COLUMNS}, field="file")
    twice = [header for header in headers if headers.count(header) > 1]
    if twice:
        params = {"header": twice[0]}
        raise Invalid("The header “%(header)s” stands in the file twice.", params=params, field="file")
    width = len(headers)
    body = [[cell.strip() for cell in row[:width]] + [""] * (width - len(row)) for row in rows[1:] if any(row)]
    return headers, body


def columns(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> list[Column]:
    """A guess for each column."""
    return [_column(header, [row[at] for row in rows]) for at, header in enumerate(headers)]


def _column(header: str, cells: Sequence[str]) -> Column:
    values = [cell for cell in cells if cell]
    distinct = tuple(dict.fromkeys(values))
    about: dict[str, Any] = {
        "required": bool(cells) and len(values) == len(cells),
        "examples": distinct[:3],
        "longest": max(map(len, values), default=0),
    }
    if not values:
        return Column(header, "text", **about)
    for kind, fits in (("boolean", _is_switch), ("integer", _all(WHOLE)), ("date_time", _all(MOMENT))):
        if fits(values):
            return Column(header, kind, **about)
    forms = [form for form in DATES if _dated(values, form)]
    if forms:
        form = "" if forms[0] == DATES[0] else forms[0]
        return Column(header, "date", form=form, unsure=len(forms) > 1, **about)
    if _all(NUMBER)(values):
        places = max(len(value.partition(".")[2]) for value in values)
        return Column(header, "decimal" if places <= 2 else "number", **about)
    for kind, pattern in (("email", EMAIL), ("uri", ADDRESS)):
        if _all(pattern)(values):
            return Column(header, kind, **about)
    few = len(distinct) <= MOST_CHOICES and len(values) >= OFTEN_ENOUGH * len(distinct)
    if few and max(map(len, distinct)) <= LONGEST_CHOICE and not any(";" in value for value in distinct):
        return Column(header, "choice", choices=tuple(sorted(distinct)), **about)
    return Column(header, "text" if about["longest"] <= LONGEST_LINE else "long_text", **about)


def _is_switch(values: Iterable[str]) -> bool:
    found = {value.casefold() for value in values}
    return any(found <= pair for pair in SWITCH)


def _all(pattern: re.Pattern[str]) -> Any:
    return lambda values: all(pattern.fullmatch(value) for value in values)


def _dated(values: Iterable[str], form: str) -> bool:
    try:
        return all(datetime.strptime(value, form) for value in values)  # noqa: DTZ007 (a day has no zone)
    except ValueError:
        return False
