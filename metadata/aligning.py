"""Which field is which in three versions of one document: as shipped, as HR has it now, as the pack ships it today.

Called by `merging`, which then lays the three side by side, and by `packs.installing` for the columns of what was
shipped. A field is known by the column that its values were born in, an object by those of the fields in it. Each level
is looked at by itself: the record, its objects, the rows of its lists. Promises: `theirs` gets the `x-id`s of the
fields that it shares with the others, and no field gets two names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from metadata.dialect.plain import step

Document = dict[str, Any]
Level = dict[str, Any]


@dataclass
class Aligned:
    """For each version the paths to be called anew; fields of `theirs` that give way; what both sides named (as the
    pointer, and what each version says).
    """

    base: dict[str, str] = field(default_factory=dict)
    ours: dict[str, str] = field(default_factory=dict)
    theirs: dict[str, str] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)
    clashes: list[tuple[str, Any, Any, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class _Place:
    """One level: its path in each version and under its final name, and its pointer."""

    base: str = ""
    ours: str = ""
    theirs: str = ""
    final: str = ""
    pointer: str = ""


def align(base: Document, ours: Document, theirs: Document, *, prefer_theirs: bool) -> Aligned:
    """What must be called anew so that one field has one name in all three."""
    give_columns(base)
    found = Aligned()
    _level(_fields(base), _fields(ours), _fields(theirs), _Place(), found, prefer_theirs)
    return found


def paths(document: Mapping[str, Any]) -> Iterator[str]:
    """Every field, object and field of rows by its path."""
    yield from (path for path, _item in items(document))


def items(schema: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every field, object and field of rows by its path, with what the document says of it."""
    for name, item in schema.get("properties", {}).items():
        yield f"{prefix}{name}", item
        yield from items(_inside(item), f"{prefix}{name}.")


def give_columns(document: Document) -> None:
    """What a document from before rows and objects were looked into leaves out: the columns of the fields in them."""
    for path, item in items(document):
        if "." in path and not _is_object(item):
            in_rows = "items" in _at(document, path.rpartition(".")[0])
            item.setdefault("x-id", path.rpartition(".")[2] if in_rows else path.replace(".", "__"))


def _at(document: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    found: Any = {"properties": document.get("properties", {})}
    for part in path.split("."):
        found = found.get("items", found)["properties"][part]
    return dict(found)


def _fields(schema: Mapping[str, Any]) -> Level:
    found: Level = schema.get("properties", {})
    return found


def _inside(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """What holds the fields of an object, or of the rows of a list."""
    return item if _is_object(item) else item.get("items", {})


def _is_object(item: Mapping[str, Any]) -> bool:
    return item.get("type") == "object"


def _columns(item: Mapping[str, Any]) -> frozenset[str]:
    """Where the values of a field were born, or those of all fields in an object."""
    if _is_object(item):
        return frozenset().union(*(_columns(inner) for inner in _fields(item).values()))
    column = (item.get("x-was") or [item.get("x-id")])[-1]
    return frozenset([column] if column else ())


def _same(one: Level, other: Level) -> dict[str, str]:
    """The fields of `one` by their names in `other`; objects that share no column are one by their name."""
    columns = {name: (_is_object(item), _columns(item)) for name, item in other.items()}
    found: dict[str, str] = {}
    for name, item in one.items():
        kind, own = _is_object(item), _columns(item)
        shared = {n: len(own & theirs) for n, (k, theirs) in columns.items() if k == kind and n not in found.values()}
        best = max(shared, key=lambda n: (shared[n], n == name), default=None)
        if best is not None and shared[best]:
            found[name] = best
        elif kind and columns.get(name, (False, own))[0] and name not in found.values():
            found[name] = name
    return found


def _give_ids(base: Level, ours: Level, theirs: Level) -> None:
    """Fields of the pack without an `x-id` are those of the same name in what it shipped before, else HR's."""
    shipped = frozenset().union(*map(_columns, base.values()))
    for source, never in ((base, frozenset[str]()), (ours, shipped)):
        taken = never.union(*map(_columns, theirs.values()))
        known = {n: c for n, item in source.items() if not _is_object(item) for c in _columns(item) - taken}
        for name, item in theirs.items():
            if not _is_object(item) and "x-id" not in item and name in known:
                item["x-id"] = known[name]


def _level(base: Level, ours: Level, theirs: Level, at: _Place, found: Aligned, prefer_theirs: bool) -> None:
    _give_ids(base, ours, theirs)
    mine, their, added = _same(base, ours), _same(base, theirs), _same(theirs, ours)
    final_of: dict[str, dict[str, str]] = {"base": {}, "ours": {}, "theirs": {}}
    for name in base:
        own, other = mine.get(name, name), their.get(name, name)
        final = other if own == name or (prefer_theirs and other != name) else own
        clash = (step(f"{at.pointer}/properties", own), name, own, other)
        if own not in (name, other) and other != name:
            found.clashes.append(clash)
        if final != own and final in ours:  # HR uses the new name for something else
            found.clashes.append(clash)
            final = own
        for side, today in (("base", name), ("ours", own), ("theirs", other)):
            final_of[side][today] = final
            if today != final:
                names: dict[str, str] = getattr(found, side)
                names[f"{getattr(at, side)}{today}"] = f"{at.final}{final}"
    moved = {side: {t: f for t, f in finals.items() if t != f} for side, finals in final_of.items()}
    for name in [n for n in theirs if n not in their.values() and added.get(n) != n]:
        if name in moved["theirs"].values() or (name in ours and name in moved["ours"].values()):
            found.clashes.append((step(f"{at.pointer}/properties", name), None, name, theirs[name]))
            found.dropped.append(f"{at.theirs}{name}")
    for name, item in list(theirs.items()):
        first = next((n for n, other in their.items() if other == name), "")
        own = mine.get(first, "") if first else added.get(name, "")
        final = final_of["theirs"].get(name, name)
        inner = _Place(
            f"{at.base}{first or name}.",
            f"{at.ours}{own or name}.",
            f"{at.theirs}{name}.",
            f"{at.final}{final}.",
            f"{step(f'{at.pointer}/properties', own or name)}{'' if _is_object(item) else '/items'}",
        )
        levels = [_fields(_inside(level.get(n, {}))) for level, n in ((base, first), (ours, own), (theirs, name))]
        if any(levels):
            _level(levels[0], levels[1], levels[2], inner, found, prefer_theirs)
