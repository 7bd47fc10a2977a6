"""Three versions of one definition made into one: as shipped, as HR has it now, as the pack ships it today.

Called by `packs.installing`. Pure. What only one side changed is taken; where both changed the same thing
HR's stays and the clash is told (or the pack's, if asked for). `aligning` has matched the fields before, so one that
either side renamed is still the same field, within objects and rows too. See docs/decisions/0028.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from metadata import aligning
from metadata.dialect.plain import step
from metadata.editing import drop_field
from metadata.parser import thawed
from metadata.renaming import rename_fields

Document = dict[str, Any]


class _Nothing:
    """Stands where a version has no such entry."""


NOTHING: Final = _Nothing()


@dataclass(frozen=True)
class Clash:
    """One place that both sides changed: a JSON pointer, and what each side says (None: nothing)."""

    pointer: str
    shipped: Any
    ours: Any
    theirs: Any


@dataclass(frozen=True)
class Merged:
    """The document, what clashed, and under which name each field of the pack goes where it was renamed."""

    document: Document
    clashes: tuple[Clash, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)


def merge(
    base: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any], *, prefer_theirs: bool = False
) -> Merged:
    """`ours` with what `theirs` changed since `base`; `ours` carries its `x-id`s, `theirs` may not."""
    before, mine, their = thawed(base), thawed(ours), thawed(theirs)
    found = aligning.align(before, mine, their, prefer_theirs=prefer_theirs)
    for path in found.dropped:
        their = _without(their, path)
    before_named = rename_fields(before, found.base)
    mine_named, their_named = rename_fields(mine, found.ours), rename_fields(their, found.theirs)
    merger = _Merger(prefer_theirs)
    made: Document = merger.mapping(before_named, mine_named, their_named, "")
    for path in dict.fromkeys((*aligning.paths(before_named), *aligning.paths(their_named))):
        if path not in set(aligning.paths(made)):
            made = _without(made, path)
    _each_once(made, (their_named if prefer_theirs else mine_named))
    clashes = tuple(Clash(*clash) for clash in found.clashes)
    return Merged(made, (*clashes, *merger.clashes), found.theirs)


def _without(document: Document, path: str) -> Document:
    """The document without the field, also where access rules and files name it."""
    made = drop_field(document, path)
    headers = made.get("x-import", {}).get("headers")
    if headers:
        made["x-import"]["headers"] = {header: n for header, n in headers.items() if n != path}
    return made


def _each_once(document: Document, deciding: Document) -> None:
    """A field stands in one section of the form: where `deciding` has it, else in the first that names it."""
    sections = document.get("x-screen", {}).get("sections", [])
    place = {
        name: section.get("title", "")
        for section in deciding.get("x-screen", {}).get("sections", ())
        for name in section["fields"]
    }
    seen: set[str] = set()
    titles = {section.get("title", "") for section in sections}
    for section in sections:
        kept = [n for n in section["fields"] if place.get(n) not in titles - {section.get("title", "")}]
        section["fields"] = [n for n in kept if n not in seen]
        seen.update(kept)
    if sections:
        document["x-screen"]["sections"] = [section for section in sections if section["fields"]]


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON text, since Python takes true for 1; the order of keys counts, it is that of fields."""
    if isinstance(one, _Nothing) or isinstance(other, _Nothing):
        return one is other
    return json.dumps(one) == json.dumps(other)


def _told(value: Any) -> Any:
    return None if isinstance(value, _Nothing) else value


class _Merger:
    """Walks three values at once and remembers where they clash."""

    def __init__(self, prefer_theirs: bool) -> None:
        self.prefer_theirs = prefer_theirs
        self.clashes: list[Clash] = []

    def value(self, base: Any, ours: Any, theirs: Any, pointer: str) -> Any:
        """What the three become; NOTHING where the entry goes."""
        if _same(theirs, base) or _same(ours, theirs):
            return ours
        if _same(ours, base):
            return theirs
        if isinstance(ours, dict) and isinstance(theirs, dict):
            return self.mapping(base if isinstance(base, dict) else {}, ours, theirs, pointer)
        if isinstance(ours, list) and isinstance(theirs, list):
            listed = self._list(base if isinstance(base, list) else [], ours, theirs, pointer)
            if listed is not None:
                return listed
        self.clashes.append(Clash(pointer, _told(base), _told(ours), _told(theirs)))
        return theirs if self.prefer_theirs else ours

    def mapping(
        self, base: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any], pointer: str
    ) -> dict[str, Any]:
        """Entry by entry."""
        made = {
            key: self.value(
                base.get(key, NOTHING), ours.get(key, NOTHING), theirs.get(key, NOTHING), step(pointer, key)
            )
            for key in {**ours, **theirs}
        }
        kept = {key for key, value in made.items() if value is not NOTHING}
        return {key: made[key] for key in _ordered(list(base), list(ours), list(theirs), kept)}

    def _list(self, base: list[Any], ours: list[Any], theirs: list[Any], pointer: str) -> list[Any] | None:
        """Element by element where each can be told from the others; None where they can't."""
        keyed = [_keyed(items) for items in (base, ours, theirs)]
        if any(found is None for found in keyed):
            return None
        before, mine, their = (found or {} for found in keyed)
        made = {
            key: self.value(
                before.get(key, NOTHING), mine.get(key, NOTHING), their.get(key, NOTHING), step(pointer, key)
            )
            for key in {**mine, **their}
        }
        kept = {key for key, value in made.items() if value is not NOTHING}
        return [made[key] for key in _ordered(list(before), list(mine), list(their), kept)]


def _keyed(items: Sequence[Any]) -> dict[str, Any] | None:
    """Elements by what tells them apart: their title, else all they say."""
    found = {
        str(item["title"]) if isinstance(item, dict) and "title" in item else json.dumps(item): item for item in items
    }
    return found if len(found) == len(items) else None


def _ordered(base: list[str], ours: list[str], theirs: list[str], kept: set[str]) -> list[str]:
    """The kept keys in the order of the side that changed it (HR's where both did); others follow their neighbour."""
    guide, other = (theirs, ours) if _common(ours, base) == _common(base, ours) else (ours, theirs)
    made = [key for key in guide if key in kept]
    for at, key in enumerate(other):
        if key in kept and key not in made:
            before = [k for k in other[:at] if k in made]
            made.insert(made.index(before[-1]) + 1 if before else 0, key)
    return made


def _common(one: list[str], other: list[str]) -> list[str]:
    return [key for key in one if key in set(other)]
