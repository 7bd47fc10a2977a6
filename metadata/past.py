"""What a definition's table held before: the columns that are there and the fields of all versions that used them.

Made by `publish` for each definition that it looks at; reads nothing until it is asked, and each thing once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from metadata import side_tables, store
from metadata.model import SYSTEM_COLUMNS, Field
from metadata.parser import parse


class Lived(Protocol):
    """Where values lived: in the records of a definition, or in the rows of one of its lists."""

    @property
    def columns(self) -> frozenset[str]:
        """The columns that are there, in sight or not."""

    @property
    def fields(self) -> Mapping[str, Field]:
        """For each column the field as the last version had it that used the column."""

    def last(self, origin: str) -> Field | None:
        """The field whose values were born in the column `origin`, as it was in force last."""


@dataclass(frozen=True)
class PastRows:
    """The columns and fields that the rows of one list ever had."""

    fields: Mapping[str, Field]

    @property
    def columns(self) -> frozenset[str]:
        """See `Lived`."""
        return frozenset(self.fields)

    def last(self, origin: str) -> Field | None:
        """See `Lived`."""
        return next((item for item in self.fields.values() if item.origin == origin), None)


class Past:
    """The columns and fields of one definition, back to its first version."""

    def __init__(self, session: Session, name: str) -> None:
        self._session = session
        self._name = name

    @cached_property
    def columns(self) -> frozenset[str]:
        """The columns of the table, in sight or not; none where there is no table."""
        inspector = inspect(self._session.connection())
        table = f"rec_{self._name}"
        if not inspector.has_table(table):
            return frozenset()
        own = frozenset(found["name"] for found in inspector.get_columns(table)) - set(SYSTEM_COLUMNS)
        return own | side_tables.columns(self._session.connection(), self._name)

    def rows(self, column: str) -> PastRows:
        """What the rows of the list in this column were, back to its first version."""
        return PastRows(self._rows.get(column, {}))

    @cached_property
    def _rows(self) -> dict[str, dict[str, Field]]:
        found: dict[str, dict[str, Field]] = {}
        for item in self._newest_first():
            for inner in item.rows.values():
                found.setdefault(item.column, {}).setdefault(inner.column, inner)
        return found

    @cached_property
    def fields(self) -> dict[str, Field]:
        """For each column the field as the last version had it that used the column."""
        found: dict[str, Field] = {}
        for item in self._newest_first():
            found.setdefault(item.column, item)
        return found

    def last(self, origin: str) -> Field | None:
        """The field whose values were born in the column `origin`, as it was in force last."""
        return next((item for item in self.fields.values() if item.origin == origin), None)

    def _newest_first(self) -> Iterator[Field]:
        table = store.definition
        statement = select(table.c.document).where(table.c.name == self._name).order_by(table.c.catalog_version.desc())
        for document in self._session.execute(statement).scalars():
            if document is not None:
                yield from parse(document).fields.values()
