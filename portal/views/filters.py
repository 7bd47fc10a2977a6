"""The filters of a list as values for the template: choices, references, yes or no, days and numbers from and until.

Called by the list page. What the list shows comes first, everything else under "More filters"; all of it stands in
the address. A chosen reference costs one statement, for its name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from metadata import access, records
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.model import Field
from portal import catalogs
from portal.access import language
from portal.extensions import db
from portal.views import question

FIRST = 3
DAY = re.compile(r"\d{4}-\d\d-\d\d")  # anything else a date input would swallow
WORDS = {
    "eq": "=",
    "ne": "≠",
    "lt": "<",
    "lte": "≤",
    "gt": ">",
    "gte": "≥",
    "in": _l("is one of"),
    "contains": _l("contains"),
    "starts": _l("begins with"),
}
SPANS = {"date": "date", "integer": "text", "decimal": "text", "number": "text"}


@dataclass(frozen=True)
class FilterInput:
    """One filter: how it is called in the address, how it is asked for, what was chosen."""

    name: str
    label: str
    kind: str  # "select", "reference", "date" or "text"
    value: str
    choices: Sequence[tuple[str, str]] = ()
    url: str = ""
    picked: str = ""

    @property
    def id(self) -> str:
        """The id of the HTML element."""
        return f"filter-{self.name}"


@dataclass(frozen=True)
class OtherFilter:
    """A filter of the address that no input shows: in words, and what is left of its argument without it."""

    name: str
    value: str
    words: str
    rest: Sequence[str]


@dataclass(frozen=True)
class Filters:
    """The filters that are always seen, and the others; `chosen` counts what narrows the list."""

    first: Sequence[FilterInput]
    more: Sequence[FilterInput]
    others: Sequence[OtherFilter]
    chosen: int

    @property
    def more_chosen(self) -> bool:
        """Whether one of the others is in use, so that it must be seen."""
        return any(item.value for item in self.more)


def filters(visible: Sequence[Field], listed: Sequence[str], arguments: Mapping[str, Any], actor: Actor) -> Filters:
    """The filters for these fields, those of the listed columns first."""
    catalog = catalogs.current()
    pointed = [f for f in visible if f.enum or f.type == "boolean" or (f.ref and _may_pick(catalog, actor, f.ref))]
    in_list = sorted((f for f in pointed if f.name in listed), key=lambda f: listed.index(f.name))
    first = in_list[:FIRST]
    others = [f for f in pointed if f not in first]
    spans = [f for f in visible if f.type in SPANS and not f.enum and not f.ref]
    shown = [_pointed(f, arguments, actor, catalog) for f in first]
    more = [_pointed(f, arguments, actor, catalog) for f in others]
    more += [item for field in spans for item in _span(field, arguments)]
    asked = _others(visible, arguments, {item.name for item in (*shown, *more)})
    chosen = sum(1 for item in (*shown, *more) if item.value) + len(asked) + bool(_value(arguments, "search"))
    return Filters(shown, more, asked, chosen)


def _others(visible: Sequence[Field], arguments: Mapping[str, Any], asked: set[str]) -> list[OtherFilter]:
    """What narrows the list besides the inputs: it is said, kept, and can be taken away."""
    fields = {f.name: f for f in visible}
    found = []
    for key in arguments:
        field, operator = question.split(key)
        if key in question.RESERVED or field not in fields:
            continue
        values = [str(v) for v in arguments[key] if v != ""][1 if key in asked else 0 :]
        for value in values:
            rest = [v for v in arguments[key] if v not in ("", value)]
            found.append(OtherFilter(key, value, _said(fields[field], operator, value), rest))
    return found


def _said(field: Field, operator: str, value: str) -> str:
    title = field.title(language())
    if operator == "null":
        return _("%(field)s is empty", field=title) if value != "false" else _("%(field)s is not empty", field=title)
    choice = next((c for c in field.enum if str(c.value) == value), None)
    return f"{title} {WORDS.get(operator, operator)} {choice.label(language()) if choice else value}"


def _may_pick(catalog: Catalog, actor: Actor, name: str) -> bool:
    return name in catalog and access.may(actor, catalog[name], "list")


def _pointed(field: Field, arguments: Mapping[str, Any], actor: Actor, catalog: Catalog) -> FilterInput:
    value, label = _value(arguments, field.name), field.title(language())
    if field.ref:
        picked = ""
        if value.isdecimal() and len(value) < 16:
            found = records.pick(db.session(), catalog, field.ref, actor, ids=[int(value)], language=language())
            picked = dict(found).get(int(value), f"#{value}")
        return FilterInput(field.name, label, "reference", value, url=_pick_url(field.ref), picked=picked or value)
    if field.enum:
        choices = [(str(choice.value), choice.label(language())) for choice in field.enum]
    else:
        choices = [("true", _("Yes")), ("false", _("No"))]
    return FilterInput(field.name, label, "select", value, choices)


def _pick_url(name: str) -> str:
    return url_for("records.pick", definition=name)


def _span(field: Field, arguments: Mapping[str, Any]) -> list[FilterInput]:
    kind, title = SPANS[field.type], field.title(language())
    low, high = _("%(field)s from", field=title), _("%(field)s to", field=title)
    ends = ((f"{field.name}__gte", low), (f"{field.name}__lte", high))
    values = [_value(arguments, name) for name, _label in ends]
    return [
        FilterInput(name, label, kind if not value or DAY.fullmatch(value) else "text", value)
        for (name, label), value in zip(ends, values, strict=True)
    ]


def _value(arguments: Mapping[str, Any], name: str) -> str:
    found = arguments.get(name) or [""]
    return str(found[0] if isinstance(found, list) else found)
