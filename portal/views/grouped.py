"""A grouped list as values for templates and files: each group's name, figures, and the address of its records.

Called by the list page and by exports. The groups themselves come from the record door; here they only get words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from flask_babel import format_date
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from metadata.catalog import Entity
from metadata.model import Field
from metadata.records import Figures, Group, Grouping, Groups
from metadata.records.grouping import DATED, PERIODS, added, groupable, span
from portal.access import language
from portal.formats import shown_value
from portal.views.question import GROUP, TOTALS, Question, address

NOTHING = _l("(empty)")
PERIOD_NAMES = {"month": _l("by month"), "quarter": _l("by quarter"), "year": _l("by year")}


@dataclass(frozen=True)
class Line:
    """One group on the page: how deep it stands, its name, its figures, where its records are."""

    level: int
    title: str
    figures: Figures
    url: str
    rows_url: str


def choices(visible: Sequence[Field]) -> list[tuple[str, str]]:
    """What a list can be grouped by: (as it stands in the address, in words)."""
    found = []
    for field in visible:
        if groupable(field):
            title = field.title(language())
            found.append((field.name, title))
            if field.type in DATED:
                found += [(f"{field.name}:{by}", f"{title} {PERIOD_NAMES[by]}") for by in PERIODS]
    return found


def heading(entity: Entity, by: Sequence[Grouping]) -> str:
    """What it is grouped by, in words."""
    return " / ".join(title_of(entity, item) for item in by)


def title_of(entity: Entity, item: Grouping) -> str:
    """One level in words."""
    title = entity.definition.fields[item.field].title(language())
    return f"{title} {PERIOD_NAMES[item.by]}" if item.by else title


def lines(entity: Entity, asked: Question, groups: Groups) -> Iterator[Line]:
    """The groups from top to bottom; with two levels, each of the first before its own."""
    fields = [entity.definition.fields[item.field] for item in asked.group]
    if len(fields) < 2:
        yield from (_line(entity, asked, fields, group, group.figures, 1) for group in groups.groups)
        return
    for _key, some in groupby(groups.groups, key=lambda group: (group.keys[0],)):
        inner = list(some)
        yield _line(entity, asked, fields, inner[0], added(g.figures for g in inner), 1)
        yield from (_line(entity, asked, fields, group, group.figures, 2) for group in inner)


def mean(field: Field, figures: Figures) -> str:
    """The average as people read it: two places are enough beside a sum."""
    value = figures.average(field)
    return "" if value is None else shown_value(None, round(float(value), max(2, field.scale or 0)))


def words(field: Field, item: Grouping, key: Any, label: str | None) -> str:
    """A group's key as people read it."""
    if key is None:
        return str(NOTHING)
    if field.ref:
        return label or f"#{key}"
    if field.type in DATED:
        return _period(item, key)
    return shown_value(field, key)


def _period(item: Grouping, start: date) -> str:
    if item.by == "year":
        return str(start.year)
    if item.by == "quarter":
        return _("Q%(number)s %(year)s", number=(start.month + 2) // 3, year=start.year)
    if item.by == "month":
        return str(format_date(start, "yyyy年M月" if language() == "zh" else "MMMM yyyy"))
    return str(format_date(start, "medium"))


def _line(entity: Entity, asked: Question, fields: Sequence[Field], group: Group, figures: Figures, level: int) -> Line:
    at = level - 1
    title = words(fields[at], asked.group[at], group.keys[at], group.labels[at])
    chosen = _narrowed(asked, fields[:level], group)
    rows = address(entity.name, chosen, "records.group_rows")
    return Line(level, title, figures, address(entity.name, chosen), rows)


def _narrowed(asked: Question, fields: Sequence[Field], group: Group) -> dict[str, Any]:
    """The question of this group alone: the list's own, and what makes the group."""
    found = {k: list(v) for k, v in asked.arguments.items() if k not in (GROUP, TOTALS, "page")}
    for field, item, key in zip(fields, asked.group, group.keys, strict=False):
        for name, value in _condition(field, item, key).items():
            held = [v for v in found.get(name, []) if v not in ("", value)]
            found[name] = [*held, value]
    return found


def _condition(field: Field, item: Grouping, key: Any) -> Mapping[str, str]:
    if key is None:
        return {f"{field.name}__null": "true"}
    if field.type in DATED:
        start, end = span(item, key)
        return {f"{field.name}__gte": start.isoformat(), f"{field.name}__lt": end.isoformat()}
    if isinstance(key, bool):
        return {field.name: "true" if key else "false"}
    return {field.name: str(key)}
