"""How a form and a list are divided: sections, the place of each field, the columns; edits of a document.

Called by the designer beside `editing`. Pure: a plain document in, a new one out. The order of the properties follows
the form, so that a list, the API and an export name fields in the order in which people meet them.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]


@dataclass(frozen=True)
class Group:
    """A part of the form: a section by its number, or what stands in no section (`number` is None)."""

    number: int | None
    title: str
    fields: tuple[str, ...]
    columns: int = 2


def names(document: Mapping[str, Any]) -> list[str]:
    """The fields in their order, those of objects as `object.field`."""
    return list(_names(document, ""))


def _names(schema: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for key, inner in schema.get("properties", {}).items():
        if _is_object(inner):
            yield from _names(inner, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def _is_object(schema: Any) -> bool:
    return isinstance(schema, Mapping) and schema.get("type") == "object" and isinstance(schema.get("properties"), dict)


def groups(document: Mapping[str, Any]) -> list[Group]:
    """The sections in order; the fields that stand in none come last, or are all there is."""
    fields = names(document)
    sections = document.get("x-screen", {}).get("sections", ())
    found = [
        Group(n, s["title"], tuple(f for f in s["fields"] if f in fields), s.get("columns", 2))
        for n, s in enumerate(sections)
    ]
    placed = {name for group in found for name in group.fields}
    rest = tuple(name for name in fields if name not in placed)
    return [*found, Group(None, "", rest)] if rest or not found else found


def place(document: Mapping[str, Any], name: str, section: int | None, position: int) -> Document:
    """The document with the field at `position` of a section (None: of those in no section)."""
    parts = [[n for n in group.fields if n != name] for group in groups(document)]
    numbers = [group.number for group in groups(document)]
    if section not in numbers:
        numbers.append(None)
        parts.append([])
        section = None
    there = parts[numbers.index(section)]
    there.insert(min(max(position, 0), len(there)), name)
    return _laid_out(document, dict(zip(numbers, parts, strict=True)))


def step(document: Mapping[str, Any], name: str, by: int) -> Document:
    """The document with the field one place down (`by` 1) or up (-1); at the edge of a section into the next one."""
    found = groups(document)
    at = next(i for i, group in enumerate(found) if name in group.fields)
    position = found[at].fields.index(name) + by
    if 0 <= position < len(found[at].fields):
        return place(document, name, found[at].number, position)
    if not 0 <= at + by < len(found):
        return copy.deepcopy(dict(document))
    other = found[at + by]
    return place(document, name, other.number, 0 if by > 0 else len(other.fields))


def where(document: Mapping[str, Any], name: str) -> tuple[int, int, str]:
    """The place of the field in its part of the form, counted from 1; how many there are; the part's title."""
    group = next(g for g in groups(document) if name in g.fields)
    return group.fields.index(name) + 1, len(group.fields), group.title


def add_section(document: Mapping[str, Any], title: str, words: Mapping[str, str]) -> Document:
    """The document with one more section, the last; the first one takes over all fields."""
    made = copy.deepcopy(dict(document))
    sections = made.setdefault("x-screen", {}).setdefault("sections", [])
    sections.append({"title": title, "fields": [] if sections else names(made)})
    _say(made, title, words)
    return made


def name_section(document: Mapping[str, Any], number: int, title: str, words: Mapping[str, str]) -> Document:
    """The document whose section has another title."""
    made = copy.deepcopy(dict(document))
    section = made["x-screen"]["sections"][number]
    for spoken in made.get("x-i18n", {}).values():
        spoken.get("sections", {}).pop(section["title"], None)
    section["title"] = title
    _say(made, title, words)
    return made


def widen_section(document: Mapping[str, Any], number: int, columns: int) -> Document:
    """The document whose section sets so many fields side by side."""
    made = copy.deepcopy(dict(document))
    made["x-screen"]["sections"][number]["columns"] = columns
    return made


def move_section(document: Mapping[str, Any], number: int, by: int) -> Document:
    """The document with the section `by` places further down (up when negative)."""
    made = copy.deepcopy(dict(document))
    sections = made["x-screen"]["sections"]
    moved = sections.pop(number)
    sections.insert(min(max(number + by, 0), len(sections)), moved)
    parts: dict[int | None, list[str]] = {i: list(s["fields"]) for i, s in enumerate(sections)}
    return _laid_out(made, parts | _rest(made))


def drop_section(document: Mapping[str, Any], number: int) -> Document:
    """The document without the section; its fields go to the one before, else to the one after."""
    made = copy.deepcopy(dict(document))
    sections = made["x-screen"]["sections"]
    gone = sections.pop(number)
    if sections:
        heir = sections[max(number - 1, 0)]
        heir["fields"] = [*heir["fields"], *gone["fields"]] if number else [*gone["fields"], *heir["fields"]]
    else:
        del made["x-screen"]["sections"]
    for spoken in made.get("x-i18n", {}).values():
        spoken.get("sections", {}).pop(gone["title"], None)
    return _laid_out(made, {group.number: list(group.fields) for group in groups(made)})


def column(document: Mapping[str, Any], listed: Sequence[str], name: str, position: int | None) -> Document:
    """The document whose list, today `listed`, has the column at `position`; None takes it out."""
    names = [n for n in listed if n != name]
    if position is not None:
        names.insert(min(max(position, 0), len(names)), name)
    made = copy.deepcopy(dict(document))
    made["x-screen"] = {**made.get("x-screen", {}), "list": names}
    return made


def _rest(document: Mapping[str, Any]) -> dict[int | None, list[str]]:
    return {group.number: list(group.fields) for group in groups(document) if group.number is None}


def _laid_out(document: Mapping[str, Any], parts: Mapping[int | None, Sequence[str]]) -> Document:
    """The document with these fields in its sections, and its properties in the order of the form."""
    made = copy.deepcopy(dict(document))
    sections = made.get("x-screen", {}).get("sections", ())
    for number, section in enumerate(sections):
        section["fields"] = list(parts.get(number, ()))
    order = [name for number in range(len(sections)) for name in parts.get(number, ())]
    order += [name for name in (*parts.get(None, ()), *names(made)) if name not in order]
    made["properties"] = _in_order(made.get("properties", {}), order)
    return made


def _in_order(fields: Mapping[str, Any], order: Sequence[str]) -> Document:
    """The properties in this order, and those of objects too."""
    made = {}
    for name in dict.fromkeys(path.partition(".")[0] for path in order):
        if name in fields:
            inner = [rest for head, _dot, rest in (path.partition(".") for path in order) if head == name and rest]
            whole = fields[name]
            made[name] = {**whole, "properties": _in_order(whole["properties"], inner)} if inner else whole
    return made


def _say(document: Document, title: str, words: Mapping[str, str]) -> None:
    for language, text in words.items():
        if text:
            document.setdefault("x-i18n", {}).setdefault(language, {}).setdefault("sections", {})[title] = text
