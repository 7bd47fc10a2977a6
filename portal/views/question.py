"""A list's question as it stands in the URL: filters, order, search, columns, groups, page; and back into a URL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import url_for
from werkzeug.datastructures import MultiDict

from metadata.catalog import Entity
from metadata.records import Filter, Grouping, Query
from metadata.records.query import OPERATORS
from workflows.layouts import Layout

PAGE_SIZES = (10, 25, 50, 100)
VIEW, NO_VIEW, GROUP, TOTALS, EDITING = "view", "all", "group", "_totals", "_edit"
RESERVED = frozenset({"q", "order", "page", "page_size", "columns", "search", "removed", VIEW, GROUP, TOTALS, EDITING})
PLACE = frozenset({VIEW, "page", EDITING})  # what says where in a list one is, not what it asks


@dataclass(frozen=True)
class Question:
    """A query together with the arguments it was read from; `plain` shows the columns that the definition shows."""

    query: Query
    arguments: Mapping[str, Any]
    group: tuple[Grouping, ...] = ()
    totals: bool = False
    editing: bool = False
    plain: bool = False

    def url(self, name: str, **changes: Any) -> str:
        """The list's address with some arguments changed; None removes one."""
        return address(name, {**self.arguments, **changes})

    def order_url(self, name: str, field: str) -> str:
        """The address that sorts by `field`, or turns the direction round."""
        down = (field, False) in self.query.order
        return self.url(name, order=f"-{field}" if down else field, page=None)

    @property
    def layout(self) -> Layout:
        """What a saved view keeps of it."""
        query, columns = self.query, () if self.plain else self.query.columns
        return Layout(query.filters, query.order, columns, self.group, query.search, query.page_size, self.totals)


def address(name: str, arguments: Mapping[str, Any], endpoint: str = "records.list_page", **more: Any) -> str:
    """The address of a list with these arguments, empty ones left out."""
    given = {k: v for k, v in arguments.items() if v not in (None, "", []) and k not in more}
    return url_for(endpoint, definition=name, **more, **given)


def read(entity: Entity, arguments: MultiDict[str, str], language: str) -> Question:
    """The question in the URL; what can't be read as a number counts as not given."""
    filters = tuple(
        Filter(*split(key), value)
        for key in arguments
        if key not in RESERVED
        for value in arguments.getlist(key)
        if value != ""
    )
    order = tuple((part.lstrip("-"), part.startswith("-")) for part in _parts(arguments, "order") if part.strip("-"))
    query = Query(
        filters=filters,
        order=order,
        search=arguments.get("search", ""),
        columns=tuple(_parts(arguments, "columns")) or entity.definition.screen.list,
        page=max(0, arguments.get("page", 0, type=int)),
        page_size=min(max(1, arguments.get("page_size", 25, type=int)), 1000),
        removed=arguments.get("removed") == "1",
        language=language,
    )
    group = tuple(Grouping(*_cut(part)) for part in _parts(arguments, GROUP))
    kept = {key: arguments.getlist(key) for key in arguments}
    plain = query.columns == entity.definition.screen.list
    return Question(query, kept, group, bool(arguments.get(TOTALS)), bool(arguments.get(EDITING)), plain)


def asks(arguments: MultiDict[str, str]) -> bool:
    """Whether the URL itself says what to show; one that only names a view, or nothing, does not."""
    return any(key not in PLACE for key in arguments)


def arguments_of(layout: Layout) -> MultiDict[str, str]:
    """A layout as arguments of a list's URL."""
    found: MultiDict[str, str] = MultiDict()
    for item in layout.filters:
        found.add(item.field if item.op == "eq" else f"{item.field}__{item.op}", _as_text(item.value))
    told = {
        "order": ",".join(f"-{name}" if down else name for name, down in layout.order),
        "columns": ",".join(layout.columns),
        GROUP: ",".join(item.text for item in layout.group),
        "search": layout.search,
        "page_size": str(layout.page_size) if layout.page_size != 25 else "",
        TOTALS: "1" if layout.totals else "",
    }
    for key, value in told.items():
        if value:
            found.add(key, value)
    return found


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(str(v) for v in value) if isinstance(value, list) else str(value)


def _parts(arguments: MultiDict[str, str], name: str) -> list[str]:
    return [part for value in arguments.getlist(name) for part in value.split(",") if part]


def _cut(part: str) -> tuple[str, str]:
    name, _colon, by = part.partition(":")
    return name, by


def split(key: str) -> tuple[str, str]:
    """The field and the comparison of an argument's name."""
    field, _mark, operator = key.rpartition("__")
    return (field, operator) if field and operator in OPERATORS else (key, "eq")
