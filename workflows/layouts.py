"""How a list is laid out: filters, order, columns, groups, page size; as people ask it, and as a saved view keeps it.

Called by list_views.py, list pages and REST. Kept, a field stands by its column (or a former one, `x-was`), so that
renaming it changes nothing; asked, it stands by the name that it has today.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metadata.catalog import Catalog, Entity
from metadata.errors import Invalid, Problem
from metadata.model import Field
from metadata.records import Filter, Grouping, Query
from metadata.records.grouping import refused
from metadata.records.query import SYSTEM_FIELDS, where

MOST_PARTS = 240


@dataclass(frozen=True)
class Layout:
    """A list's question without its page, by today's field names."""

    filters: tuple[Filter, ...] = ()
    order: tuple[tuple[str, bool], ...] = ()
    columns: tuple[str, ...] = ()
    group: tuple[Grouping, ...] = ()
    search: str = ""
    page_size: int = 25
    totals: bool = False


def stored(catalog: Catalog, entity: Entity, layout: Layout, visible: Sequence[Field]) -> dict[str, Any]:
    """The layout with columns in place of names; raises Invalid for a part that this person can't ask."""
    where(catalog, entity, entity.table, Query(layout.filters, search=layout.search), visible)
    problems = refused({f.name: f for f in visible}, layout.group)
    known = {f.name: f.column for f in visible} | {name: name for name in SYSTEM_FIELDS}
    named = [*(n for n, _down in layout.order), *layout.columns]
    unknown = [name for name in named if name not in known]
    problems += [Problem("/layout", "There is no field called “%(name)s”.", {"name": n}) for n in unknown]
    if len(named) + len(layout.filters) > MOST_PARTS:
        problems.append(Problem("/layout", "A view has at most %(count)s parts.", {"count": MOST_PARTS}))
    if problems:
        raise Invalid("This view can't be saved like this.", problems=problems)
    return {
        "filters": [[known[f.field], f.op, f.value] for f in layout.filters],
        "order": [[known[name], down] for name, down in layout.order],
        "columns": [known[name] for name in layout.columns],
        "group": [[known[g.field], g.by] for g in layout.group],
        "search": layout.search,
        "page_size": layout.page_size,
        "totals": layout.totals,
    }


def resolve(state: Mapping[str, Any], visible: Sequence[Field]) -> tuple[Layout, int]:
    """A kept layout by today's names; the parts whose field is gone, or not to be seen, are left out and counted."""
    name_of = _names(visible)
    lost: list[Any] = []

    def kept(parts: Sequence[Any], column: Callable[[Any], str]) -> list[tuple[str, Any]]:
        found = [(name_of.get(column(part), ""), part) for part in parts]
        lost.extend(part for name, part in found if not name)
        return [(name, part) for name, part in found if name]

    layout = Layout(
        tuple(Filter(name, part[1], part[2]) for name, part in kept(state.get("filters", ()), _first)),
        tuple((name, bool(part[1])) for name, part in kept(state.get("order", ()), _first)),
        tuple(name for name, _part in kept(state.get("columns", ()), str)),
        tuple(Grouping(name, part[1]) for name, part in kept(state.get("group", ()), _first)),
        str(state.get("search", "")),
        int(state.get("page_size", 25)),
        bool(state.get("totals", False)),
    )
    return layout, len(lost)


def _first(part: Sequence[Any]) -> str:
    return str(part[0])


def _names(visible: Sequence[Field]) -> dict[str, str]:
    """Today's name for each column; a converted field answers for the columns that it had before."""
    former = {column: f.name for f in visible for column in f.was}
    return {name: name for name in SYSTEM_FIELDS} | former | {f.column: f.name for f in visible}
