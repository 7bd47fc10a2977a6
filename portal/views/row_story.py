"""What changed in a child table, row by row: cells with both values, rows that came, went or moved.

Called by story.py with the JSON that the audit keeps; a row is the same row as long as it keeps its id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _

from metadata.model import Field
from portal.access import language

NOTHING = "–"
Line = tuple[str, str, str]
Row = Mapping[str, Any]
Word = Callable[[Field, Any], str]


def lines(field: Field, before: Sequence[Row], after: Sequence[Row], word: Word) -> Iterator[Line]:
    """Each difference as (what, before, after); `word` says a cell's value as people read it."""
    old = {row.get("id"): row for row in before}
    kept = {row.get("id") for row in after}
    for place, row in enumerate(after, 1):
        known = old.get(row.get("id"))
        if known is None:
            yield _named(field, place), NOTHING, _whole(field, row, word)
        else:
            yield from _cells(field, place, known, row, word)
    for place, row in enumerate(before, 1):
        if row.get("id") not in kept:
            yield _named(field, place), _whole(field, row, word), NOTHING
    stayed = [
        [row.get("id") for row in rows if row.get("id") in old and row.get("id") in kept] for rows in (before, after)
    ]
    if stayed[0] != stayed[1]:
        title = _("%(title)s, order", title=field.title(language()))
        yield title, *("; ".join(_whole(field, row, word, 1) for row in rows) for rows in (before, after))


def _cells(field: Field, place: int, before: Row, after: Row, word: Word) -> Iterator[Line]:
    for name, column in field.rows.items():
        if before.get(name) != after.get(name):
            title = f"{_named(field, place)}, {column.title(language())}"
            yield title, word(column, before.get(name)), word(column, after.get(name))


def _named(field: Field, place: int) -> str:
    return _("%(title)s, row %(number)s", title=field.title(language()), number=place)


def _whole(field: Field, row: Row, word: Word, most: int | None = None) -> str:
    said = [word(f, row.get(name)) for name, f in field.rows.items() if row.get(name) not in (None, False)]
    return ", ".join(said[:most]) or NOTHING
