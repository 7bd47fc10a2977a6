"""References in texts of a file: a record may be named by its label, as people read it, instead of its id.

Called by `bulk.merge_many` for rows of text, before they are read. Only records that a pick-list would offer the actor
have a name here, so a hidden and a missing one are answered alike. One statement for each definition pointed at, two
where numbers are names, however many rows there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from metadata import access, fieldtypes
from metadata.access import Actor
from metadata.catalog import Catalog, Entity
from metadata.errors import Problem
from metadata.fieldtypes import BadValue
from metadata.model import Definition, Field
from metadata.records.checks import reachable
from metadata.records.read import label_expression

CHUNK = 5000  # words of one statement
NOBODY = "There is no record called “%(value)s” here, or you may not see it."
SEVERAL = "Several records are called “%(value)s”; give the number of one, such as #12."
NUMBER_OR_NAME = "“%(value)s” is the number of one record and the name of another; write #%(value)s for the number."
Raw = Mapping[str, Any]
Found = Callable[[str, str], str]  # (definition, word) → the id as text; raises BadValue


@dataclass
class _Names:
    """What the words mean: by word the ids of the records that are called so, and the numbers that are ids."""

    called: dict[str, set[int]] = field(default_factory=dict)
    ids: set[int] = field(default_factory=set)


def resolved(
    session: Session, catalog: Catalog, entity: Entity, actor: Actor, rows: Iterable[Raw]
) -> tuple[list[Raw], dict[int, list[Problem]]]:
    """The rows with ids in the place of names, and by position what names no record; that field is left out."""
    given, definition = list(rows), entity.definition
    wanted: dict[str, set[str]] = {}

    def note(target: str, word: str) -> str:
        wanted.setdefault(target, set()).add(word)
        return word

    for row in given:
        for _name in _replaced(definition, row, note, {}, {}):
            pass
    names = {t: _names(session, catalog, catalog[t], actor, words) for t, words in wanted.items() if t in catalog}

    def find(target: str, word: str) -> str:
        return _meant(names.get(target, _Names()), word)

    made: list[Raw] = []
    problems: dict[int, list[Problem]] = {}
    for position, row in enumerate(given):
        changed: dict[str, str] = {}
        faults: dict[str, list[Problem]] = {}
        for name in _replaced(definition, row, find, changed, faults):
            if name in faults:
                changed.pop(name, None)
        made.append({name: value for name, value in row.items() if name not in faults} | changed)
        if faults:
            problems[position] = [problem for found in faults.values() for problem in found]
    return made, problems


def _replaced(
    definition: Definition, row: Raw, find: Found, changed: dict[str, str], faults: dict[str, list[Problem]]
) -> Iterator[str]:
    """Look at every field of a row that points somewhere; its new text goes to `changed`, what is wrong to `faults`."""
    for name, text in row.items():
        item = definition.fields.get(name)
        if item is None or not isinstance(text, str) or not text.strip() or not (item.ref or item.rows):
            continue
        wrong: list[Problem] = []

        def word_of(target: str, word: str, path: str, wrong: list[Problem] = wrong) -> str:
            try:
                return find(target, word)
            except BadValue as bad:
                wrong.append(Problem(path, bad.message, bad.params))
                return word

        try:
            new = _text(item, text, f"/{name}", word_of)
        except BadValue:
            continue  # the field's own reader says what is wrong with it
        if new != text:
            changed[name] = new
        if wrong:
            faults[name] = wrong
        yield name


def _text(item: Field, text: str, path: str, word_of: Callable[[str, str, str], str]) -> str:
    if item.rows:
        pointing = {f.name: f.ref for f in item.rows.values() if f.ref}
        entries = fieldtypes.listed(text) if pointing else []
        for place, entry in enumerate(entries if isinstance(entries, list) else ()):
            for name in pointing.keys() & entry.keys() if isinstance(entry, dict) else ():
                if isinstance(entry[name], str) and entry[name].strip():
                    entry[name] = word_of(str(pointing[name]), entry[name].strip(), f"{path}/{place}/{name}")
        return orjson.dumps(entries).decode() if entries else text
    if item.many:
        entries = fieldtypes.listed(text)
        words = [
            word_of(str(item.ref), entry.strip(), f"{path}/{place}") if isinstance(entry, str) else entry
            for place, entry in enumerate(entries if isinstance(entries, list) else ())
        ]
        return orjson.dumps(words).decode() if words else text
    return word_of(str(item.ref), text.strip(), path)


def _meant(names: _Names, word: str) -> str:
    """The id, as text, of the record that a word means; a number without a name is left to be looked up as an id."""
    if word.startswith("#") and word[1:].isdecimal():
        return word[1:]
    called = names.called.get(word, set())
    if word.isdecimal():
        number = int(word)
        if called and number in names.ids and called != {number}:
            raise BadValue(NUMBER_OR_NAME, value=word)
        if not called or number in names.ids:
            return word
    if not called:
        raise BadValue(NOBODY, value=word)
    if len(called) > 1:
        raise BadValue(SEVERAL, value=word)
    return str(next(iter(called)))


def _names(session: Session, catalog: Catalog, target: Entity, actor: Actor, words: set[str]) -> _Names:
    found = _Names()
    if not access.may(actor, target, "list"):
        return found
    table, seen = target.table, set(access.sight(actor, catalog, target, "list").certain)
    spoken = {target.definition.label_of(language): language for language in ("en", *target.definition.label_fields)}
    labels = [label_expression(catalog, target, table, seen, language) for language in spoken.values()]
    mine = reachable(catalog, actor, target)
    for part in _parts(sorted(words)):
        called = or_(*(label.in_(part) for label in labels))
        for record_id, *own in session.execute(select(table.c.id, *labels).where(called, mine)):
            for label in own:
                if label in words:
                    found.called.setdefault(label, set()).add(record_id)
    numbers = sorted(int(word) for word in found.called if word.isdecimal() and len(word) < 19)
    for some in _parts(numbers):
        found.ids.update(session.execute(select(table.c.id).where(table.c.id.in_(some), mine)).scalars())
    return found


def _parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))
