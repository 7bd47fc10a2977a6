"""The two half-years that the demo compares: before and after the upgrade of the scorecards.

Whole months only, and none of the future: the year ends with the last month that is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

MONTHS = 6
SATURDAY = 5


@dataclass(frozen=True)
class Period:
    """From the first day to the last, both included."""

    start: date
    end: date

    @property
    def days(self) -> list[date]:
        """Every day of the period."""
        return [self.start + timedelta(days=n) for n in range((self.end - self.start).days + 1)]

    @property
    def workdays(self) -> list[date]:
        """Monday to Friday."""
        return [day for day in self.days if day.weekday() < SATURDAY]

    @property
    def mondays(self) -> list[date]:
        """The days on which a week of the period begins."""
        return [day for day in self.days if day.weekday() == 0]

    def month(self, day: date) -> int:
        """Which month of the period `day` is in, counted from 0."""
        return (day.year - self.start.year) * 12 + day.month - self.start.month


def half_years(now: datetime) -> tuple[Period, Period]:
    """The half-year before the upgrade, and the one after it that ends with the last full month."""
    this_month = now.date().replace(day=1)
    middle = months_back(this_month, MONTHS)
    before = Period(months_back(middle, MONTHS), middle - timedelta(days=1))
    return before, Period(middle, this_month - timedelta(days=1))


def months_back(first: date, months: int) -> date:
    """The first day of the month that many months earlier."""
    count = first.year * 12 + first.month - 1 - months
    return date(count // 12, count % 12 + 1, 1)
