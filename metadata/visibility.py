"""Which fields a form asks for, given what it holds: shown, required, or left over from before.

The same blocks that validation reads (`if/then/else`, `allOf`, `dependentRequired`, `not`) say what a form shows:

* A field that a `then`, an `else` or a `dependentRequired` requires is asked for while one of these holds; a branch
  that holds and only names it (`"else": {"properties": {"note": {}}}`) shows it without requiring it.
* A field that a block in force forbids (`"not": {"required": ["note"]}`) is not asked for.
* A field that only has other bounds in a branch is always asked for, and so is one that waits for itself:
  of two fields that require each other, neither could ever be filled.
* Whatever holds a value or has a problem is shown, so that nothing that was typed is out of sight, and no field that
  validation demands. A switch that is off, and an untouched `default`, count as no value.

Pure: asked by the record door with the values of a form and the problems that it found in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from jsonschema import Draft202012Validator

from metadata.errors import Problem
from metadata.model import Definition
from metadata.parser.freezing import thawed
from metadata.validation import as_json, forbidden

NOTHING: tuple[Any, ...] = (None, False, "", (), [], {})


@dataclass(frozen=True)
class Asked:
    """What a form asks for: `left` are fields shown for nothing but the value that they still hold."""

    shown: frozenset[str]
    required: frozenset[str]
    left: frozenset[str]


@dataclass(frozen=True)
class _Condition:
    """Something that must hold, or must not, of the record's JSON; `reads` are the fields it looks at."""

    block: Draft202012Validator
    wanted: bool
    reads: frozenset[str]

    def holds(self, plain: Mapping[str, Any]) -> bool:
        return self.block.is_valid(plain) is self.wanted


@dataclass(frozen=True)
class _Branch:
    """What a block says of fields while all of its conditions hold; `certain` is False within `anyOf`.

    `excluded` are those of a `not` that forbids a combination, and no single field.
    """

    given: tuple[_Condition, ...]
    required: frozenset[str] = frozenset()
    named: frozenset[str] = frozenset()
    forbidden: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()
    certain: bool = True

    def holds(self, plain: Mapping[str, Any]) -> bool:
        return all(condition.holds(plain) for condition in self.given)

    @property
    def reads(self) -> frozenset[str]:
        return frozenset().union(*(condition.reads for condition in self.given))


class Visibility:
    """The branches of one definition's logic, read once."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition

    @cached_property
    def branches(self) -> tuple[_Branch, ...]:
        """What each block says, with the conditions it stands under."""
        return tuple(_branches(thawed(self.definition.logic), ()))

    @cached_property
    def reads(self) -> frozenset[str]:
        """The fields whose values decide about others."""
        return frozenset().union(*(branch.reads for branch in self.branches))

    @cached_property
    def _waiting(self) -> frozenset[str]:
        """The fields that are asked for only while a branch holds."""
        wanted = frozenset().union(*(b.required for b in self.branches if b.given))
        always = {f.name for f in self.definition.fields.values() if f.required}
        always |= {n for b in self.branches if not b.given for n in b.required | b.excluded}
        return wanted - always - _in_circles(self.branches)

    def asked(self, values: Mapping[str, Any], problems: Iterable[Problem] = ()) -> Asked:
        """What the form of a record with these Python values asks for; `problems` are those found in it."""
        plain = as_json(self.definition, values)
        holding = [branch for branch in self.branches if branch.holds(plain)]
        needed = {n for b in holding if b.certain for n in b.required}
        required = frozenset(needed | {f.name for f in self.definition.fields.values() if f.required})
        called = required.union(*(b.required | b.named | b.excluded for b in holding if b.given))
        barred = frozenset().union(*(b.forbidden for b in holding)) - frozenset().union(*(b.required for b in holding))
        away = ((self._waiting - called) | barred) - required
        held = {name for name in away if self._holds_a_value(name, plain)}
        wrong = {problem.field_name for problem in problems}
        return Asked(frozenset(self.definition.fields) - (away - held - wrong), required, frozenset(held))

    def _holds_a_value(self, name: str, plain: Mapping[str, Any]) -> bool:
        field, value = self.definition.fields[name], plain.get(name)
        return value not in NOTHING and not (field.has_default and value == field.default)


def _branches(block: Mapping[str, Any], given: tuple[_Condition, ...], *, certain: bool = True) -> Iterator[_Branch]:
    barred = frozenset(forbidden(block.get("not", {})))
    excluded = frozenset(fields_in(block.get("not", {}))) - barred
    required, named = frozenset(block.get("required", ())), frozenset(block.get("properties", ()))
    yield _Branch(given, required, named, barred, excluded, certain)
    for name, needed in block.get("dependentRequired", {}).items():
        yield _Branch((*given, _condition({"required": [name]})), frozenset(needed), certain=certain)
    for inner in block.get("allOf", ()):
        yield from _branches(inner, given, certain=certain)
    for inner in block.get("anyOf", ()):
        yield from _branches(inner, given, certain=False)
    for word, wanted in (("then", True), ("else", False)):
        if word in block:
            yield from _branches(block[word], (*given, _condition(block["if"], wanted=wanted)), certain=certain)


def _condition(block: Mapping[str, Any], *, wanted: bool = True) -> _Condition:
    return _Condition(Draft202012Validator(block), wanted, frozenset(fields_in(block)))


def fields_in(block: Mapping[str, Any]) -> Iterator[str]:
    """Every field that a block looks at."""
    yield from block.get("required", ())
    yield from block.get("properties", ())
    for name, needed in block.get("dependentRequired", {}).items():
        yield from (name, *needed)
    for word in ("not", "if", "then", "else"):
        yield from fields_in(block[word]) if word in block else ()
    for word in ("allOf", "anyOf"):
        for inner in block.get(word, ()):
            yield from fields_in(inner)


def _in_circles(branches: Iterable[_Branch]) -> frozenset[str]:
    """The fields that wait, directly or through others, for themselves."""
    waits: dict[str, set[str]] = {}
    for branch in branches:
        for name in branch.required | branch.forbidden:
            waits.setdefault(name, set()).update(branch.reads)
    return frozenset(name for name in waits if name in _reached(waits, name))


def _reached(waits: Mapping[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    ahead = set(waits[start])
    while ahead:
        name = ahead.pop()
        found.add(name)
        ahead |= waits.get(name, set()) - found
    return found
