"""Which column keeps a field's values: the same through every rename, another one after a conversion.

Called by `publish` with a document from anywhere. Pure but for what `Past` reads when it is asked. A column
keeps for life the values it was born with, so a field whose values must be converted gets a column of its own and
remembers in `x-was` where they came from; converted back, it returns to the column that still has them.
See docs/decisions/0040.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from metadata import changes, moving
from metadata.model import Definition, Field
from metadata.names import shortened
from metadata.parser import thawed
from metadata.parser.fields import read_fields
from metadata.past import Lived, Past

LONGEST_COLUMN = 55  # a number may follow
Document = Mapping[str, Any]
Aside = Callable[[Field, Field], bool]


def nowhere(_old: Field, _new: Field) -> bool:
    """Values stay where they can."""
    return False


def resolve(
    document: Document,
    current: Definition | None,
    past: Past,
    *,
    restoring: bool = False,
    aside: Aside = nowhere,
) -> dict[str, Any]:
    """A plain copy in which every property has its `x-id`, and `x-was` where its values lived elsewhere before.

    A property is the field of today with its column, else that of its name. `restoring`: the document was in
    force once, its columns are taken by their word. `aside` says of two forms of a field whether the new one gets a
    column of its own though its values could stay where they are.
    """
    plain: dict[str, Any] = json.loads(json.dumps(thawed(document)))
    properties, wanted = dict(_properties(plain, "")), read_fields(plain, {})
    today = _settle(properties, wanted, current.fields if current else {}, past, restoring, aside)
    for name, item in properties.items():
        if wanted[name].rows:
            field = today.get(name)
            same = field.rows if field is not None and field.column == item["x-id"] else {}
            _settle(item["items"]["properties"], wanted[name].rows, same, past.rows(item["x-id"]), restoring, nowhere)
    return plain


def _settle(
    properties: Mapping[str, dict[str, Any]],
    wanted: Mapping[str, Field],
    current: Mapping[str, Field],
    past: Lived,
    restoring: bool,
    aside: Aside,
) -> dict[str, Field]:
    """Give each property its column; for each the field of today that it is."""
    today = _matched(properties, current, past)
    names = _Names(properties, today.values(), past)
    for name, item in properties.items():
        field = today.get(name)
        if field is None:
            if "x-id" not in item:
                item["x-id"] = names.fresh(name)
            elif not restoring:
                _return(item, names)
        elif not restoring:
            _carry(item, field, wanted[name], names, aside)
    if not restoring:
        _part([*(properties[name] for name in today), *(p for name, p in properties.items() if name not in today)])
    return today


def _part(items: Collection[dict[str, Any]]) -> None:
    """No field comes from a column that another one lives in, or came from before it: it could not return there."""
    taken = {item["x-id"] for item in items}
    for item in items:
        kept = [column for column in item.get("x-was", ()) if column not in taken]
        taken.update(kept)
        _put(item, item["x-id"], kept, item.get("x-moves"))


def _properties(schema: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The properties that are fields, by the names of their fields: those of an object have its name before theirs."""
    for name, item in schema.get("properties", {}).items():
        if item.get("type") == "object":
            yield from _properties(item, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", item


def _fresh(name: str, used: Collection[str]) -> str:
    column = born = shortened(name.replace(".", "__"), LONGEST_COLUMN)
    number = 2
    while column in used:
        column, number = f"{born}_{number}", number + 1
    return column


def _matched(
    properties: Mapping[str, Mapping[str, Any]], current: Mapping[str, Field], past: Lived
) -> dict[str, Field]:
    """For each property the field of today that it is."""
    by_column = {f.column: f for f in current.values()}
    by_origin = {f.origin: f for f in current.values()}
    found = {name: by_column[p["x-id"]] for name, p in properties.items() if p.get("x-id") in by_column}
    for name, item in properties.items():
        if name in found:
            continue
        given = item.get("x-id")
        field = current.get(name) if given is None else by_origin.get(_origin(item, given, past))
        if field is not None and field not in found.values():
            found[name] = field
    return found


def _origin(item: Mapping[str, Any], given: str, past: Lived) -> str:
    if item.get("x-was"):
        return str(item["x-was"][-1])
    known = past.fields.get(given)
    return known.origin if known else given


class _Names:
    """Column names that nobody has: neither in the document nor in the table."""

    def __init__(self, properties: Mapping[str, Mapping[str, Any]], today: Iterable[Field], past: Lived) -> None:
        self.past = past
        self.given = {p["x-id"] for p in properties.values() if "x-id" in p}
        self.used = {column for p in properties.values() for column in (p.get("x-id"), *p.get("x-was", ())) if column}
        self.used |= {column for field in today for column in (field.column, *field.was)}

    def prepared(self, column: str) -> bool:
        """Whether a new column has this name already: in another installation, or because it is being filled."""
        return column not in self.past.columns or moving.marker(column) in self.past.columns

    def fresh(self, name: str) -> str:
        column = _fresh(name, self.used | self.past.columns)
        self.used.add(column)
        return column


def _carry(item: dict[str, Any], field: Field, wanted: Field, names: _Names, aside: Aside) -> None:
    """Say where the values of today's `field` are to live, now that it becomes `wanted`."""
    moves = item.get("x-moves") or None
    if moves == (thawed(field.moves) or None):  # said and done before
        moves = None
    if moves is None and not changes.converts(field, wanted) and not aside(field, wanted):
        _put(item, field.column, field.was, field.moves)
        return
    given = item.get("x-id")
    if given and field.column in item.get("x-was", ()) and names.prepared(given):
        _put(item, given, item["x-was"], moves)
        return
    for position, column in enumerate(field.was if moves is None else ()):
        earlier = names.past.fields.get(column)
        free = column == given or column not in names.given  # of no other field in the document
        if free and earlier and column in names.past.columns and changes.takes_back(earlier, wanted):
            _put(item, column, field.was[position + 1 :], earlier.moves)
            return
    _put(item, names.fresh(wanted.name), (field.column, *field.was), moves)


def _return(item: dict[str, Any], names: _Names) -> None:
    """A field that comes back by its column also remembers again where its values lived before."""
    earlier = names.past.fields.get(item["x-id"])
    if earlier is None or "x-was" in item or names.given & set(earlier.was):
        return
    _put(item, earlier.column, earlier.was, item.get("x-moves") or earlier.moves)


def _put(item: dict[str, Any], column: str, was: Iterable[str], moves: Any) -> None:
    item["x-id"] = column
    for word, value in (("x-was", list(was)), ("x-moves", thawed(moves))):
        if value:
            item[word] = value
        else:
            item.pop(word, None)
