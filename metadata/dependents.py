"""What depends on a definition or a field: asked in previews, so that nobody is surprised by a publish.

`publish.preview` asks `find` for what its changes take away, convert or rename. This floor knows documents: roles,
formulas, rules, measures, lists and forms. Other floors register what they keep themselves (`@dependents("cycles")`):
running cycles, scorecards, saved views. Finders read only; what they tell is data, worded by the portal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from metadata import following
from metadata.catalog import Catalog
from metadata.changes import Change
from metadata.model import Definition, Title

SHOWN = 5
TELLING = frozenset(
    {"field removed", "converted", "renamed", "type", "enum value removed", "definition removed", "required"}
)


@dataclass(frozen=True)
class Touched:
    """A definition of which something changes: these of its fields, or all of it where it goes."""

    definition: Definition
    fields: frozenset[str]
    columns: frozenset[str]
    whole: bool = False


@dataclass(frozen=True)
class Dependent:
    """Something that relies on what changes: a sentence with places, how many there are, the names of some."""

    kind: str
    definition: str
    message: str
    params: Mapping[str, Any] = field(default_factory=dict)
    count: int = 1
    names: tuple[str, ...] = ()


Finder = Callable[[Session, Catalog, Touched], Iterable[Dependent]]
FINDERS: dict[str, Finder] = {}


def dependents(kind: str) -> Callable[[Finder], Finder]:
    """Register who knows the dependents of one kind."""

    def register(finder: Finder) -> Finder:
        FINDERS[kind] = finder
        return finder

    return register


def find(session: Session, catalog: Catalog, changes: Iterable[Change]) -> list[Dependent]:
    """All that depends on what these changes touch, in the order of definitions and kinds."""
    touched: dict[str, set[str]] = {}
    whole: set[str] = set()
    for change in changes:
        if change.kind in TELLING and change.definition in catalog:
            touched.setdefault(change.definition, set()).add(_today(change))
            whole |= {change.definition} if change.kind == "definition removed" else set()
    found: list[Dependent] = []
    for name, fields in touched.items():
        definition = catalog[name].definition
        known = frozenset(fields & definition.fields.keys())
        columns = frozenset(definition.fields[n].column for n in known)
        one = Touched(definition, known, columns, name in whole)
        for finder in FINDERS.values():
            found += finder(session, catalog, one)
    return found


def _today(change: Change) -> str:
    """The field's name in force: a renamed one is told by its new name."""
    return str(change.params.get("was", change.field))


def some(kind: str, touched: Touched, message: str, names: Iterable[str], word: str = "names") -> Iterator[Dependent]:
    """One dependent for all of a kind, where there are any; the message calls their names `word`."""
    listed = list(dict.fromkeys(names))
    if listed:
        shown = Title.joined(", ", [*listed[:SHOWN], *(["…"] if len(listed) > SHOWN else [])])
        params = {"count": len(listed), word: shown, "title": touched.definition.texts.named()}
        yield Dependent(kind, touched.definition.name, message, params, len(listed), tuple(listed[:SHOWN]))


def _called(definition: Definition, field: str) -> Title:
    """A field of another definition."""
    return Title.joined(": ", [definition.texts.named(), field])


@dependents("references")
def _references(_session: Session, catalog: Catalog, touched: Touched) -> Iterator[Dependent]:
    if touched.whole:
        pairs = catalog.referrers.get(touched.definition.name, ())
        names = [_called(catalog[name].definition, item) for name, item in pairs]
        yield from some("references", touched, "%(count)s fields refer to its records: %(names)s.", names)


@dependents("roles")
def _roles(_session: Session, _catalog: Catalog, touched: Touched) -> Iterator[Dependent]:
    access: Mapping[str, Any] = touched.definition.document.get("x-access", {})
    names = [role for role, said in access.items() if touched.whole or _names(said, touched.fields)]
    yield from some("roles", touched, "The access of %(count)s roles is told by it: %(role)s.", names, "role")


@dependents("formulas")
def _formulas(_session: Session, catalog: Catalog, touched: Touched) -> Iterator[Dependent]:
    name, fields = touched.definition.name, touched.fields
    names = [
        _called(definition, item.name)
        for definition in catalog.definitions
        for item in definition.formulas.values()
        if following.reads(definition, str(item.formula), catalog, name, fields)
    ]
    yield from some("formulas", touched, "%(count)s formulas read it: %(names)s.", names)


@dependents("parts")
def _parts(_session: Session, _catalog: Catalog, touched: Touched) -> Iterator[Dependent]:
    """The definition's own words that name a field: conditions, rules, what is unique, how it is measured."""
    document = touched.definition.document
    words = {
        "conditions": ("if", "then", "else", "not", "allOf", "dependentRequired"),
        "rules": ("x-rules",),
        "uniques": ("x-unique",),
        "label": ("x-label",),
        "lists and forms": ("x-screen",),
        "import": ("x-import",),
        "settings of its kind": ("x-okr", "x-catalog", "x-review", "x-survey"),
    }
    named = [part for part, keys in words.items() if any(_names(document.get(k), touched.fields) for k in keys)]
    if any(_worded(value, touched.fields) for value in dict(document.get("x-measure", {})).values()):
        named.append("measure")
    yield from some("parts", touched, "The definition itself names it in: %(parts)s.", named, "parts")


def _names(value: Any, fields: Iterable[str]) -> bool:
    """Whether a JSON value names one of the fields, as a key or a text or within a formula."""
    wanted = frozenset(fields)
    if isinstance(value, Mapping):
        return any(key in wanted or _names(item, wanted) for key, item in value.items())
    if isinstance(value, list | tuple):
        return any(_names(item, wanted) for item in value)
    return isinstance(value, str) and (value.removeprefix("-") in wanted)


def _worded(text: Any, names: Iterable[str]) -> bool:
    if not isinstance(text, str):
        return False
    return any(re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", text) for name in names)
