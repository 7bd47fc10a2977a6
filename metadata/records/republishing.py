"""What publishes did to the values of records, which no row of the trail tells: conversions, fillings, defaults.

Called by `rebuilding`, which goes through the trail of a record and asks for every publish in between. The rule is
that of `metadata.moving`, applied to the values as they were; labels of references are those of today.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from metadata import fieldtypes, filling, labelling, moving, parser, store
from metadata.catalog import Catalog
from metadata.fieldtypes import BadValue
from metadata.model import Definition, Field
from metadata.moving import Judge
from metadata.past import Past


@dataclass(frozen=True)
class Published:
    """One publish of a definition: what moved between columns, and what a default filled."""

    version: int
    judges: tuple[Judge, ...]
    filled: tuple[Field, ...]


class Versions:
    """The definition in each of its versions; one statement, more only where values moved."""

    def __init__(self, session: Session, catalog: Catalog, name: str) -> None:
        self._session, self._catalog, self._name = session, catalog, name
        t = store.definition.c
        statement = select(t.catalog_version, t.document).where(t.name == name).order_by(t.catalog_version)
        self._documents: list[tuple[int, Any]] = [(row[0], row[1]) for row in session.execute(statement)]
        self._read: dict[int, Definition | None] = {}
        self._published: list[Published] | None = None

    def at(self, version: int) -> Definition | None:
        """The definition in force in this catalog version; None where there was none."""
        place = sum(1 for published, _document in self._documents if published <= version) - 1
        return self._definition(place) if place >= 0 else None

    def fields(self, version: int) -> Mapping[str, Field]:
        """The fields by what they were called in this catalog version."""
        definition = self.at(version)
        return definition.fields if definition else {}

    def publishes(self, after: int, until: int) -> Iterator[Published]:
        """Those that touched values, later than `after` up to `until`."""
        if self._published is None:
            self._published = list(self._all())
        yield from (one for one in self._published if after < one.version <= until)

    def _definition(self, place: int) -> Definition | None:
        if place not in self._read:
            document = self._documents[place][1]
            self._read[place] = parser.parse(document) if document is not None else None
        return self._read[place]

    def _all(self) -> Iterator[Published]:
        past, labels = Past(self._session, self._name), labelling.labels(self._session, self._catalog)
        before: Definition | None = None
        for place, (version, _document) in enumerate(self._documents):
            after = self._definition(place)
            if before is not None and after is not None:
                moves = moving.planned(before, after, past, labels, filling.of)
                moved = {move.target.column for move in moves}
                filled = tuple(f for f in _newly_required(before, after) if f.column not in moved)
                if moves or filled:
                    yield Published(version, tuple(Judge(move) for move in moves), filled)
            before = after or before


def in_columns(item: Field, value: Any) -> Any:
    """The JSON value of a field with the cells of rows by their columns, as everything is kept here."""
    return _called(value, {f.name: f.column for f in item.rows.values()})


def in_names(item: Field, value: Any) -> Any:
    """The same back: the cells of rows by what the field calls them; those of columns that it has not are left out."""
    known = {f.column: f.name for f in item.rows.values()}
    return _called(value, known, known.keys() | {"id"}) if item.rows else value


def kept_apart(before: Any, now: Any) -> Any:
    """The rows of a list as they are now, with what columns that were out of sight then still hold of each."""
    if not isinstance(before, list) or not isinstance(now, list):
        return now
    known = {row.get("id"): row for row in before if isinstance(row, Mapping)}
    return [{**known.get(row.get("id"), {}), **row} if isinstance(row, Mapping) else row for row in now]


def _called(value: Any, names: Mapping[str, str], kept: Collection[str] | None = None) -> Any:
    if not names or not isinstance(value, list | tuple):
        return value
    return [
        {names.get(key, key): cell for key, cell in row.items() if kept is None or key in kept}
        if isinstance(row, Mapping)
        else row
        for row in value
    ]


def _newly_required(before: Definition, after: Definition) -> Iterator[Field]:
    held = {f.column: f.required for f in before.fields.values()}
    for item in after.fields.values():
        if item.required and item.has_default and not held.get(item.column, False) and item.stored:
            yield item


def apply(published: Published, values: dict[str, Any], *, complete: bool) -> None:
    """Do to `values` (JSON by column) what the publish did; `complete`: a column that is not there held nothing.

    Where a value is unknown, what comes from it is unknown too, and leaves `values`.
    """
    made: dict[str, Any] = {}
    for judge in published.judges:
        within = judge.move.within
        if within is None:
            made |= _moved(judge, values, complete=complete)
        elif isinstance(rows := values.get(within.column), list):
            for row in rows:
                row |= _moved(judge, row, complete=complete)
    values.update(made)
    for item in published.filled:
        if values.get(item.column) is None and (complete or item.column in values):
            values[item.column] = item.default


def _moved(judge: Judge, values: dict[str, Any], *, complete: bool) -> dict[str, Any]:
    """What one move made of the values of a record, or of a row."""
    move, source = judge.move, judge.move.source
    if not complete and source is not None and source.column not in values:
        values.pop(move.target.column, None)
        return {}
    whole = _python(move.definition, values) if move.fill or move.refill else {}
    given = _value(source, values.get(source.column)) if source else None
    held = _value(move.held, values.get(move.target.column)) if move.held else None
    return {move.target.column: _json(move.target, judge.row(given, held, whole).value)}


def _python(definition: Definition, values: Mapping[str, Any]) -> dict[str, Any]:
    return {f.name: _value(f, values.get(f.column)) for f in definition.fields.values()}


def _value(item: Field, value: Any) -> Any:
    try:
        return None if value is None else fieldtypes.of(item).from_json(item, in_names(item, value))
    except BadValue:
        return None


def _json(item: Field, value: Any) -> Any:
    try:
        return None if value is None else in_columns(item, fieldtypes.of(item).to_json(value))
    except (TypeError, ValueError, AttributeError):  # kept though it misfits
        return value
