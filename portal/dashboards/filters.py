"""What a dashboard is asked for in its address: first and last month, and a unit.

Called by views; queries turn it into SQL. A filter is a value that can be a key of a cache and
writes itself back into an address, so that a dashboard can be bookmarked and sent to somebody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from metadata.errors import Invalid

MONTHS_OF_HALF = 6
_MONTH = re.compile(r"([12]\d{3})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month; written as in `2026-07`."""

    year: int
    month: int

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"

    @property
    def first_day(self) -> date:
        return date(self.year, self.month, 1)

    def plus(self, months: int) -> Month:
        count = self.year * 12 + self.month - 1 + months
        return Month(count // 12, count % 12 + 1)

    def until(self, other: Month) -> int:
        """How many months lie between."""
        return (other.year - self.year) * 12 + other.month - self.month


@dataclass(frozen=True, order=True)
class Half:
    """Six months in a row, the period of the scorecards; they need not begin in January."""

    first: Month

    @property
    def last(self) -> Month:
        return self.first.plus(MONTHS_OF_HALF - 1)


def half_of(month: Month, end: Month) -> Half:
    """The half-year that `month` is in, where one of them ends with `end`."""
    return Half(end.plus(1 + (end.until(month) - 1) // MONTHS_OF_HALF * MONTHS_OF_HALF))


def last_full(months: Sequence[Month], today: date) -> Month:
    """The month that half-years are counted back from: the last one with data that is over.

    A single record of the month that has just begun must not move every half-year by a month.
    """
    now = Month(today.year, today.month)
    over = [month for month in months if month < now]
    return max(over or months, default=now)


@dataclass(frozen=True)
class Filters:
    """Both ends are included; an open end and an empty unit do not limit."""

    first: Month | None = None
    last: Month | None = None
    unit: str = ""

    @classmethod
    def of(cls, arguments: Mapping[str, str]) -> Filters:
        """Read an address; months in the wrong order are taken as meant."""
        first, last = _month(arguments, "from"), _month(arguments, "to")
        if first and last and last < first:
            first, last = last, first
        return cls(first, last, arguments.get("department", ""))

    def arguments(self, **changes: str) -> dict[str, str]:
        """The address again, with changes (an empty text drops a part)."""
        now = {"from": str(self.first or ""), "to": str(self.last or ""), "department": self.unit}
        return {name: value for name, value in {**now, **changes}.items() if value}


def months_between(first: Month, last: Month) -> Iterable[Month]:
    """Every month from first to last."""
    while first <= last:
        yield first
        first = first.plus(1)


def _month(arguments: Mapping[str, str], name: str) -> Month | None:
    text = arguments.get(name, "")
    if not text:
        return None
    found = _MONTH.fullmatch(text)
    if not found:
        raise Invalid("“%(text)s” is not a month such as 2026-07.", params={"text": text}, field=name)
    return Month(int(found[1]), int(found[2]))
