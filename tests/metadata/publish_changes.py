"""Random changes of a definition's document, as a person might make them in the designer or in a file."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

from tests.metadata.publish_model import Model, fields

NAMES = ("fa", "fb", "fc", "fd")
DAYS = ("2026-01-05", "2026-02-01")
TEXTS = ("1", "2", "0", "a", "B", "c", DAYS[0], "true", "North", "West", "7.5", " 2")
CHOICES = ("a", "b", "c", "d", "1", "true")
POOLS: dict[str, tuple[Any, ...]] = {
    "text": TEXTS,
    "long": TEXTS,
    "integer": (0, 1, 2, 7),
    "number": (0.0, 1.0, 2.5, 7.0),
    "boolean": (True, False),
    "date": DAYS,
}
SCHEMAS: dict[str, dict[str, Any]] = {
    "text": {"type": "string", "maxLength": 12},
    "long": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "choice": {"type": "string"},
    "ref": {},
}
CODE = {"type": "string", "maxLength": 10}


def start(name: str) -> dict[str, Any]:
    """A definition with a code alone."""
    return {"$id": name, "title": name, "type": "object", "properties": {"code": dict(CODE)}, "required": ["code"]}


def schema(draw: Any) -> dict[str, Any]:
    """A field of any kind."""
    kind = draw(st.sampled_from(tuple(SCHEMAS)))
    made = dict(SCHEMAS[kind])
    if kind == "choice":
        made["enum"] = draw(st.lists(st.sampled_from(CHOICES), min_size=1, max_size=4, unique=True))
    if kind == "ref":
        made["$ref"] = draw(st.sampled_from(("place", "site")))
    if kind in ("integer", "number") and draw(st.integers(0, 3)) == 0:
        made["minimum"] = draw(st.sampled_from((0, 1, 5)))
    return made


def changed(draw: Any, model: Model, document: dict[str, Any]) -> dict[str, Any]:
    """The document after one to three changes."""
    made = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 3))):
        change = draw(st.sampled_from(CHANGES))
        change(draw, model, made)
    return tidy(made)


def _some(draw: Any, document: dict[str, Any]) -> str | None:
    names = [name for name in document["properties"] if name != "code"]
    return draw(st.sampled_from(names)) if names else None


def add(draw: Any, model: Model, document: dict[str, Any]) -> None:
    """A new field, or one that was there before with its column."""
    free = [name for name in NAMES if name not in document["properties"]]
    if not free:
        return
    name, made = draw(st.sampled_from(free)), schema(draw)
    hidden = _hidden(model, document)
    if hidden and draw(st.booleans()):
        column = draw(st.sampled_from(hidden))
        made["x-id"] = column
        if draw(st.integers(0, 3)):
            made = {**_written(model, document["$id"], column), "x-id": column}
    document["properties"][name] = made
    if draw(st.integers(0, 2)) == 0:
        require(draw, model, document, name)


def _hidden(model: Model, document: dict[str, Any]) -> list[str]:
    """Columns whose values no field of the document has, under whatever column."""
    past = model.past.get(document["$id"], {})
    used = {f.origin for f in fields(document).values()}
    used |= {past[f.column].origin for f in fields(document).values() if f.column in past}
    return sorted(c for c, f in past.items() if f.origin not in used and c != "code")


def _written(model: Model, name: str, column: str) -> dict[str, Any]:
    """How a field said what it was when its column was used last."""
    for version in reversed(model.versions):
        for given in (version.get(name) or {"properties": {}})["properties"].values():
            if given["x-id"] == column:
                return {k: v for k, v in given.items() if k not in ("x-id", "x-was", "x-moves")}
    return {}


def remove(draw: Any, model: Model, document: dict[str, Any]) -> None:
    name = _some(draw, document)
    if name:
        del document["properties"][name]


def rename(draw: Any, model: Model, document: dict[str, Any]) -> None:
    name = _some(draw, document)
    free = [n for n in NAMES if n not in document["properties"]]
    if name and free and "x-id" in document["properties"][name]:
        new = draw(st.sampled_from(free))
        document["properties"] = {new if n == name else n: p for n, p in document["properties"].items()}
        for groups in (document["required"], *document.get("x-unique", ())):
            groups[:] = [new if n == name else n for n in groups]


def convert(draw: Any, model: Model, document: dict[str, Any]) -> None:
    """Another type; the column is named, or left to the name of the field."""
    name = _some(draw, document)
    if name:
        old, made = document["properties"][name], schema(draw)
        keep = draw(st.booleans())
        document["properties"][name] = {**made, **({"x-id": old["x-id"]} if keep and "x-id" in old else {})}
        if "default" in old and draw(st.booleans()):
            document["properties"][name]["default"] = old["default"]


def merge(draw: Any, model: Model, document: dict[str, Any]) -> None:
    """Choices renamed and merged."""
    name = _some(draw, document)
    old = document["properties"].get(name, {}) if name else {}
    if "enum" in old:
        enum = draw(st.lists(st.sampled_from(CHOICES), min_size=1, max_size=3, unique=True))
        moved = draw(st.lists(st.sampled_from(old["enum"]), min_size=1, unique=True))
        values = {value: draw(st.sampled_from(enum)) for value in moved}
        old |= {"enum": enum, "x-moves": {"values": values}}


def extend(draw: Any, model: Model, document: dict[str, Any]) -> None:
    """Choices more or fewer, in place."""
    name = _some(draw, document)
    old = document["properties"].get(name, {}) if name else {}
    if "enum" in old:
        old["enum"] = draw(st.lists(st.sampled_from(CHOICES), min_size=1, max_size=5, unique=True))


def limit(draw: Any, model: Model, document: dict[str, Any]) -> None:
    name = _some(draw, document)
    old = document["properties"].get(name, {}) if name else {}
    if old.get("type") in ("integer", "number") and "enum" not in old:
        old["minimum"] = draw(st.sampled_from((-1, 0, 1, 2)))
    elif "maxLength" in old:
        old["maxLength"] = draw(st.sampled_from((1, 5, 12, 20)))


def require(draw: Any, model: Model, document: dict[str, Any], name: str | None = None) -> None:
    """Required or optional, with a start value or without."""
    name = name or _some(draw, document)
    if not name:
        return
    if name in document["required"]:
        document["required"].remove(name)
        return
    document["required"].append(name)
    given = document["properties"][name]
    pool = given.get("enum") or POOLS.get(fields(document)[name].kind)
    if pool and draw(st.integers(0, 3)):
        given["default"] = draw(st.sampled_from(list(pool)))


def unique(draw: Any, model: Model, document: dict[str, Any]) -> None:
    name = _some(draw, document)
    if name:
        group = [name] if draw(st.booleans()) else ["code", name]
        groups = document.setdefault("x-unique", [])
        groups.remove(group) if group in groups else groups.append(group)


def retitle(draw: Any, model: Model, document: dict[str, Any]) -> None:
    document["title"] = draw(st.sampled_from(("One", "Two", "Three")))


CHANGES = (add, add, remove, rename, convert, convert, convert, merge, extend, limit, require, unique, retitle)


def tidy(document: dict[str, Any]) -> dict[str, Any]:
    """Without what a checker would refuse: names of fields that went, start values that are none."""
    properties = document["properties"]
    document["required"] = [n for n in dict.fromkeys(document["required"]) if n in properties]
    kept = []
    for group in document.get("x-unique", ()):
        known = all(n in properties for n in group) and all(fields(document)[n].kind != "long" for n in group)
        if known and group not in kept:
            kept.append(group)
    document.pop("x-unique", None)
    if kept:
        document["x-unique"] = kept
    for name, given in properties.items():
        item = fields(document)[name]
        pool = given.get("enum") or POOLS.get(item.kind, ())
        default = given.get("default")
        short = item.longest is not None and isinstance(default, str) and len(default) > item.longest
        low = item.least is not None and isinstance(default, int | float) and default < item.least
        right = any(type(default) is type(value) and default == value for value in pool)
        if "default" in given and (short or low or not right):
            del given["default"]
        moves = given.get("x-moves", {}).get("values", {})
        if any(value not in given.get("enum", ()) for value in moves.values()):
            del given["x-moves"]
    return document
