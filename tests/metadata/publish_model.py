"""What publishing must do to definitions and records, in plain Python and in memory: the reference of the machine.

No tables and no SQL: a definition is its document, a record a dictionary of cells by column. Slow and obvious; it
shares no code with `metadata`, so that both can't be wrong in the same way.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Any

FAIL = object()
INTEGER, NUMBER = re.compile(r"[+-]?\d+(\.0*)?"), re.compile(r"[+-]?\d+(\.\d*)?")
WORDS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
WIDER = {("integer", "number"), ("text", "long")}


class Refused(Exception):
    """The publish or the write is not allowed."""


@dataclass(frozen=True)
class F:
    """One field as its document says it."""

    name: str
    kind: str
    column: str
    was: tuple[str, ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    required: bool = False
    default: Any = None
    enum: tuple[str, ...] = ()
    longest: int | None = None
    least: float | None = None
    ref: str = ""

    @property
    def origin(self) -> str:
        return self.was[-1] if self.was else self.column


def fields(document: dict[str, Any]) -> dict[str, F]:
    return {n: _field(n, p, n in document.get("required", ())) for n, p in document["properties"].items()}


def _field(name: str, schema: dict[str, Any], required: bool) -> F:
    return F(
        name,
        _kind(schema),
        schema.get("x-id", name),
        tuple(schema.get("x-was", ())),
        tuple(schema.get("x-moves", {}).get("values", {}).items()),
        required,
        schema.get("default"),
        tuple(schema.get("enum", ())),
        schema.get("maxLength"),
        schema.get("minimum"),
        schema.get("$ref", ""),
    )


def _kind(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return "ref"
    if "enum" in schema:
        return "choice"
    if schema.get("format") == "date":
        return "date"
    if schema["type"] == "string":
        return "text" if "maxLength" in schema else "long"
    return str(schema["type"])


def converts(old: F, new: F) -> bool:
    return old.ref != new.ref or (
        old.kind != new.kind and (old.kind, new.kind) not in WIDER and (old.kind, new.kind) != ("long", "text")
    )


def _part(schemas: list[dict[str, Any]]) -> None:
    """A column is where one field lives, or came from; `schemas` has those that come first before the rest."""
    owners = {schema["x-id"]: id(schema) for schema in schemas}
    for schema in schemas:
        left = [c for c in schema.get("x-was", ()) if owners.setdefault(c, id(schema)) == id(schema)]
        _say(schema, schema["x-id"], tuple(left), tuple(schema.get("x-moves", {}).get("values", {}).items()))


def takes_back(old: F, new: F) -> bool:
    """Whether the old column takes every value back as it is."""
    if converts(old, new):
        return False
    longer = new.longest is None or (old.longest is not None and old.longest <= new.longest)
    lower = new.least is None or (old.least is not None and new.least <= old.least)
    return longer and lower and set(old.enum) <= set(new.enum) and (old.kind, new.kind) != ("long", "text")


def fits(item: F, value: Any) -> bool:
    """Whether a value may stand in the field."""
    if value is None:
        return True
    if item.kind == "integer" and (isinstance(value, bool) or int(value) != value):
        return False
    if item.enum and value not in item.enum:
        return False
    if item.longest is not None and len(value) > item.longest:
        return False
    return item.least is None or value >= item.least


@dataclass
class Row:
    """A record: what stands in each column it ever had."""

    cells: dict[str, Any]
    removed: bool = False


@dataclass
class Model:
    """The catalog's versions, and all records of all definitions."""

    versions: list[dict[str, Any]] = field(default_factory=lambda: [{}])
    rows: dict[str, dict[int, Row]] = field(default_factory=dict)
    columns: dict[str, list[str]] = field(default_factory=dict)
    past: dict[str, dict[str, F]] = field(default_factory=dict)
    last: dict[str, Any] = field(default_factory=dict)

    @property
    def now(self) -> dict[str, Any]:
        return self.versions[-1]

    def of(self, name: str) -> dict[str, F]:
        return fields(self.now[name])

    # Publishing

    def publish(self, documents: list[dict[str, Any]], confirm: bool = True, restoring: bool = False) -> None:
        """The next version, or Refused with nothing done; nothing at all when nothing changes."""
        made = copy.deepcopy(self)
        wanted = dict(made.now)
        for document in documents:
            name = document["$id"]
            wanted[name] = None if "x-withdrawn" in document else made._resolved(document, restoring)
        changed = [n for n in wanted if _said(wanted[n]) != _said(made.now.get(n))]
        for name in changed:
            before = made.now.get(name) or made.last.get(name)
            if wanted[name] is None or before is None:
                if before is not None and not confirm:
                    raise Refused(name)
                made._create(name, wanted[name])
                continue
            made._alter(name, fields(before), wanted[name], confirm)
        if changed:
            made.versions.append(wanted)
        self.__dict__.update(made.__dict__)

    def rollback(self, version: int) -> None:
        earlier = {n: d for n, d in self.versions[version].items() if d is not None}
        gone = [{"$id": n, "x-withdrawn": True} for n, d in self.now.items() if d is not None and n not in earlier]
        self.publish([*earlier.values(), *gone], restoring=True)

    def _create(self, name: str, document: dict[str, Any] | None) -> None:
        if document is None:
            return
        self.rows[name] = {}
        self._keep(name, document)

    def _keep(self, name: str, document: dict[str, Any]) -> None:
        self.last[name] = document
        for item in fields(document).values():
            self.past.setdefault(name, {})[item.column] = item
            if item.column not in self.columns.setdefault(name, []):
                self.columns[name].append(item.column)

    def _resolved(self, document: dict[str, Any], restoring: bool) -> dict[str, Any]:
        """The document with its columns: where each field's values are to live."""
        made, name = copy.deepcopy(document), document["$id"]
        current = self.now.get(name) or self.last.get(name)
        today = fields(current) if current else {}
        known = self.past.get(name, {})
        used = {c for p in made["properties"].values() for c in (p.get("x-id"), *p.get("x-was", ())) if c}
        used |= {c for f in today.values() for c in (f.column, *f.was)} | set(self.columns.get(name, ()))
        matched = _matched(made["properties"], today, known)
        for key, schema in made["properties"].items():
            old = matched.get(key)
            if old is None:
                earlier = known.get(schema.get("x-id", ""))
                if earlier is None:
                    schema.setdefault("x-id", _fresh(key, used))
                elif not restoring and "x-was" not in schema:
                    _say(schema, earlier.column, earlier.was, earlier.values)
            elif not restoring:
                wanted = _field(key, schema, key in made.get("required", ()))
                others = {p.get("x-id") for p in made["properties"].values() if p is not schema}
                self._place(name, schema, old, wanted, used, others)
        if not restoring:
            _part([*(made["properties"][k] for k in matched), *made["properties"].values()])
        return made

    def _place(
        self, name: str, schema: dict[str, Any], old: F, wanted: F, used: set[str], others: set[str | None]
    ) -> None:
        ordered = bool(wanted.values) and wanted.values != old.values
        if not ordered and not converts(old, wanted):
            _say(schema, old.column, old.was, old.values)
            return
        for position, column in enumerate(old.was if not ordered else ()):
            earlier = self.past[name].get(column)
            if earlier and column not in others and takes_back(earlier, wanted):
                _say(schema, column, old.was[position + 1 :], earlier.values)
                return
        _say(schema, _fresh(wanted.name, used), (old.column, *old.was), wanted.values if ordered else ())

    def _alter(self, name: str, before: dict[str, F], document: dict[str, Any], confirm: bool) -> None:
        after = fields(document)
        pairs = list(_pairs(before, after))
        if not confirm and any(new is None for _old, new in pairs):
            raise Refused(name)
        for old, new in pairs:
            if new is None:
                continue
            source = old or self._lived(name, new) or self._parted(name, new)
            if source is None:
                self._fill(name, new)
            elif source.column != new.column:
                self._move(name, source, new)
            else:
                if old is None and converts(self.past[name][new.column], new) and converts(new, source):
                    raise Refused(new.name)
                self._stay(name, new)
        self._keep(name, document)
        for names in document.get("x-unique", ()):
            keys = [tuple(r.cells.get(after[n].column) for n in names) for r in self.alive(name).values()]
            keys = [k for k in keys if len(k) > 1 or k[0] is not None]
            if len(set(keys)) < len(keys):
                raise Refused("unique")

    def _lived(self, name: str, new: F) -> F | None:
        """Where the values of a field that returns were last."""
        for document in reversed([v.get(name) for v in self.versions]):
            for item in fields(document).values() if document else ():
                if item.origin == new.origin:
                    return item
        return None

    def _parted(self, name: str, new: F) -> F | None:
        """What lived in the column of a field that returns without its origin, which is another field's by now."""
        return self.past[name][new.column] if new.column in self.columns[name] else None

    def _fill(self, name: str, new: F) -> None:
        for row in self.rows[name].values():
            row.cells[new.column] = self._required(new, None)

    def _stay(self, name: str, new: F) -> None:
        for row in self.rows[name].values():
            value = row.cells.get(new.column)
            if not fits(new, value):
                raise Refused(new.name)
            if value is not None and new.kind in ("integer", "number"):
                value = float(value) if new.kind == "number" else int(value)
            row.cells[new.column] = self._required(new, value)

    def _required(self, new: F, value: Any) -> Any:
        if value is None and new.required:
            if new.default is None:
                raise Refused(new.name)
            return new.default
        return value

    def _move(self, name: str, source: F, new: F) -> None:
        way = self._way(name, source, new)
        back = [(b, a, values, not undo) for a, b, values, undo in reversed(way)]
        stood_in = source.default if source.required else None
        there = new.column in self.columns[name]
        if there and converts(self.past[name][new.column], new) and converts(new, self.past[name][new.column]):
            raise Refused(new.name)
        for row in self.rows[name].values():
            given, held = row.cells.get(source.column), row.cells.get(new.column)
            if there and not (held is None and given is None):
                came = self._along(back, held)
                came = None if came is FAIL else came
                if came is None and held is not None and given is not None:
                    came = stood_in
                if came == given:
                    if not fits(new, held):
                        raise Refused(new.name)
                    continue
            value = self._along(way, given)
            row.cells[new.column] = self._required(new, None if value is FAIL else value)

    def _way(self, name: str, source: F, new: F) -> list[tuple[F, F, dict[str, str], bool]]:
        """The steps back along `was` to where two columns parted, then on."""
        up, down = (source.column, *source.was), (new.column, *new.was)
        meeting = next(c for c in up if c in down)
        known = {**self.past[name], source.column: source, new.column: new}
        back = [known[c] for c in up[: up.index(meeting) + 1]]
        on = [known[c] for c in reversed(down[: down.index(meeting) + 1])]
        steps = [(child, parent, dict(child.values), True) for child, parent in pairwise(back)]
        return steps + [(parent, child, dict(child.values), False) for parent, child in pairwise(on)]

    def _along(self, way: list[tuple[F, F, dict[str, str], bool]], value: Any) -> Any:
        for source, target, values, undo in way:
            if value is not None:
                value = self._step(source, target, values, undo, value)
            if value is FAIL:
                return FAIL
            if not fits(target, value):
                return FAIL
        return value

    def _step(self, source: F, target: F, values: dict[str, str], undo: bool, value: Any) -> Any:
        text = self._text(source, value)
        if undo:
            before = [old for old, new in values.items() if new == text]
            if text not in values:
                plain = self._plain(source, target, value, text)
                if plain is not FAIL and fits(target, plain):
                    return plain
            return self._parse(target, before[0]) if len(before) == 1 else FAIL if before else self._parse(target, text)
        return self._parse(target, values[text]) if text in values else self._plain(source, target, value, text)

    def _plain(self, source: F, target: F, value: Any, text: str) -> Any:
        if source.kind == target.kind and not target.enum and source.ref == target.ref:
            return value
        if isinstance(value, bool) and target.kind in ("integer", "number"):
            return int(value) if target.kind == "integer" else float(value)
        return self._parse(target, text)

    def _text(self, source: F, value: Any) -> str:
        if source.ref:
            return str(self.rows[source.ref][value].cells["code"])
        if isinstance(value, bool):
            return "true" if value else "false"
        return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)

    def _parse(self, target: F, text: str) -> Any:
        if not text.strip():
            return None
        if target.ref:
            found = [i for i, r in self.alive(target.ref).items() if r.cells["code"] == text.strip()]
            return found[0] if len(found) == 1 else FAIL
        return parsed(target.kind, target.enum, text)

    # Records

    def alive(self, name: str) -> dict[int, Row]:
        return {i: r for i, r in self.rows[name].items() if not r.removed}

    def visible(self, name: str) -> dict[int, dict[str, Any]]:
        """What people see of the records."""
        items = self.of(name)
        return {i: {n: r.cells.get(f.column) for n, f in items.items()} for i, r in self.alive(name).items()}

    def left(self, name: str, item: F) -> list[int]:
        """The records whose value stayed behind in an earlier column."""
        found = []
        for record_id, row in sorted(self.rows[name].items()):
            held = [c for c in item.was if row.cells.get(c) is not None]
            if row.cells.get(item.column) is None and held:
                old = self.past[name][held[0]]
                if self._along(self._way(name, old, item), row.cells[held[0]]) is FAIL:
                    found.append(record_id)
        return found

    def write(self, name: str, record_id: int | None, values: dict[str, Any]) -> dict[str, Any]:
        """The cells after a write, or Refused."""
        items = self.of(name)
        old = self.rows[name][record_id].cells if record_id is not None else {}
        start = {} if record_id is not None else {f.column: f.default for f in items.values() if f.default is not None}
        cells = {**old, **start, **{items[n].column: v for n, v in values.items()}}
        for item in items.values():
            value = cells.get(item.column)
            if (value is None and item.required) or not fits(item, value):
                raise Refused(item.name)
        self._collide(name, record_id, cells, items)
        return cells

    def _collide(self, name: str, record_id: int | None, cells: dict[str, Any], items: dict[str, F]) -> None:
        for names in self.now[name].get("x-unique", ()):
            key = [cells.get(items[n].column) for n in names]
            others = [r for i, r in self.alive(name).items() if i != record_id]
            if any(v is not None for v in key) and key in [
                [r.cells.get(items[n].column) for n in names] for r in others
            ]:
                raise Refused("unique")


def parsed(kind: str, enum: tuple[str, ...], text: str) -> Any:
    """Text as a value of a kind, as a person would type it."""
    word = text.strip()
    if kind in ("text", "long"):
        return text
    if kind == "integer":
        return int(float(word)) if INTEGER.fullmatch(word) else FAIL
    if kind == "number":
        return float(word) if NUMBER.fullmatch(word) else FAIL
    if kind == "boolean":
        return WORDS.get(word.lower(), FAIL)
    if kind == "choice":
        return next((e for e in enum if e == word), next((e for e in enum if e.lower() == word.lower()), FAIL))
    try:
        return date.fromisoformat(word).isoformat()
    except ValueError:
        return FAIL


def _said(document: dict[str, Any] | None) -> Any:
    """What makes a version: the order of fields is part of it."""
    return document and (document, list(document["properties"]))


def _fresh(name: str, used: set[str]) -> str:
    column, number = name, 2
    while column in used:
        column, number = f"{name}_{number}", number + 1
    used.add(column)
    return column


def _say(schema: dict[str, Any], column: str, was: tuple[str, ...], values: tuple[tuple[str, str], ...]) -> None:
    schema["x-id"] = column
    for word, said in (("x-was", list(was)), ("x-moves", {"values": dict(values)} if values else None)):
        if said:
            schema[word] = said
        else:
            schema.pop(word, None)


def _matched(properties: dict[str, Any], today: dict[str, F], known: dict[str, F]) -> dict[str, F]:
    columns = {f.column: f for f in today.values()}
    origins = {f.origin: f for f in today.values()}
    found = {n: columns[p["x-id"]] for n, p in properties.items() if p.get("x-id") in columns}
    for name, schema in properties.items():
        if name in found:
            continue
        given = schema.get("x-id")
        if given is None:
            item = today.get(name)
        elif schema.get("x-was"):
            item = origins.get(schema["x-was"][-1])
        else:
            item = origins.get(known[given].origin if given in known else given)
        if item is not None and item not in found.values():
            found[name] = item
    return found


def _pairs(before: dict[str, F], after: dict[str, F]) -> Iterator[tuple[F | None, F | None]]:
    left = dict(before)
    staying = {f.column for f in after.values()}
    for new in after.values():
        old = next((f for f in left.values() if f.column == new.column), None) or next(
            (f for f in left.values() if f.origin == new.origin and f.column not in staying), None
        )
        if old is not None:
            del left[old.name]
        yield old, new
    yield from ((old, None) for old in left.values())
