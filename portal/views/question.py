"""A list's question as it stands in the URL: filters, order, search, columns, page; and back into a URL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import url_for
from werkzeug.datastructures import MultiDict

from metadata.catalog import Entity
from metadata.records import Filter, Query
from metadata.records.query import OPERATORS

PAGE_SIZES = (10, 25, 50, 100)
RESERVED = frozenset({"q", "order", "page", "page_size", "columns", "search", "removed"})


@dataclass(frozen=True)
class Question:
    """A query together with the arguments it was read from."""

    query: Query
    arguments: Mapping[str, Any]

    def url(self, name: str, **changes: Any) -> str:
        """The list's address with some arguments changed; None removes one."""
        merged = {**self.arguments, **changes}
        return url_for(
            "records.list_page", definition=name, **{k: v for k, v in merged.items() if v not in (None, "", [])}
        )

    def order_url(self, name: str, field: str) -> str:
        """The address that sorts by `field`, or turns the direction round."""
        down = (field, False) in self.query.order
        return self.url(name, order=f"-{field}" if down else field, page=None)


def read(entity: Entity, arguments: MultiDict[str, str], language: str) -> Question:
    """The question in the URL; what can't be read as a number counts as not given."""
    filters = tuple(
        Filter(*_split(key), value)
        for key in arguments
        if key not in RESERVED
        for value in arguments.getlist(key)
        if value != ""
    )
    order = tuple(
        (part.lstrip("-"), part.startswith("-")) for part in arguments.get("order", "").split(",") if part.strip("-")
    )
    columns = tuple(c for value in arguments.getlist("columns") for c in value.split(",") if c)
    query = Query(
        filters=filters,
        order=order,
        search=arguments.get("search", ""),
        columns=columns or entity.definition.screen.list,
        page=max(0, arguments.get("page", 0, type=int)),
        page_size=min(max(1, arguments.get("page_size", 25, type=int)), 1000),
        removed=arguments.get("removed") == "1",
        language=language,
    )
    return Question(query, {key: arguments.getlist(key) for key in arguments})


def _split(key: str) -> tuple[str, str]:
    field, _mark, operator = key.rpartition("__")
    return (field, operator) if field and operator in OPERATORS else (key, "eq")
