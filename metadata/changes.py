"""What publishing would do, as a list of changes: found by comparing two definitions, nothing else.

Fields are matched by their column (`x-id`), so another name is a rename. Each change says its class
(how far it goes) and its effect (what happens to stored values); `publish` adds counts and examples.
Messages are English sentences with places, the key of their translation.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from metadata.model import Definition, Field

Effect = Literal["safe", "narrows", "converts", "hides"]
Class = Literal["additive", "widening", "narrowing", "converting", "hiding"]
WIDER_TYPES = {("integer", "number"), ("integer", "decimal"), ("decimal", "number"), ("text", "long_text")}


@dataclass(frozen=True)
class Change:
    """One difference: where, of which class, and what it means for stored values."""

    kind: str
    change_class: Class
    effect: Effect
    definition: str
    message: str
    field: str = ""
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    count: int = 0
    examples: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The English sentence."""
        return self.message % self.params if self.params else self.message


def compare(old: Definition | None, new: Definition | None) -> list[Change]:
    """All differences between two versions of one definition, in reading order."""
    if old is None and new is not None:
        params = {"title": new.title()}
        return [Change("definition added", "additive", "safe", new.name, "“%(title)s” is new.", params=params)]
    if new is None and old is not None:
        params = {"title": old.title()}
        message = "“%(title)s” disappears; its records are kept."
        return [Change("definition removed", "hiding", "hides", old.name, message, params=params)]
    if old is None or new is None:
        return []
    return [*_fields(old, new), *_whole(old, new)]


def returned(old: Definition) -> Change:
    """The difference that a withdrawn definition is in force again."""
    message = "“%(title)s” returns with its records."
    return Change("definition returned", "additive", "safe", old.name, message, params={"title": old.title()})


def _fields(old: Definition, new: Definition) -> list[Change]:
    before = {f.column: f for f in old.fields.values()}
    after = {f.column: f for f in new.fields.values()}
    found: list[Change] = []
    for column, item in after.items():
        if column not in before:
            found.append(_of(new, item, "field added", "additive", "safe", "Field “%(field)s” is new."))
        else:
            found += _field(new, before[column], item)
    for column, item in before.items():
        if column not in after:
            message = "Field “%(field)s” disappears; its values are kept."
            found.append(_of(new, item, "field removed", "hiding", "hides", message))
    return found


def _of(
    new: Definition, item: Field, kind: str, change_class: Class, effect: Effect, message: str, **more: Any
) -> Change:
    return Change(kind, change_class, effect, new.name, message, item.name, {"field": item.title(), **more})


def _field(new: Definition, old: Field, item: Field) -> list[Change]:
    found: list[Change] = []
    if old.name != item.name:
        message = "Field “%(field)s” is now called %(name)s in the API; values stay."
        found.append(_of(new, item, "renamed", "widening", "safe", message, name=item.name))
    if old.texts != item.texts:
        found.append(_of(new, item, "texts", "additive", "safe", "The texts of “%(field)s” change."))
    found += _type(new, old, item)
    found += _enum(new, old, item)
    if item.required and not old.required:
        message = "“%(field)s” must be filled from now on."
        found.append(_of(new, item, "required", "narrowing", "narrows", message))
    if old.required and not item.required:
        found.append(_of(new, item, "optional", "widening", "safe", "“%(field)s” may stay empty from now on."))
    found += _limits(new, old, item)
    return found


def _type(new: Definition, old: Field, item: Field) -> list[Change]:
    if old.ref != item.ref:
        message = "“%(field)s” would point at other records (%(before)s → %(after)s)."
        return [_of(new, item, "type", "converting", "converts", message, before=old.ref, after=item.ref)]
    if old.type == item.type and (old.scale or 0) <= (item.scale or 0):
        return []
    kinds = {"before": old.type, "after": item.type}
    if (old.type, item.type) in WIDER_TYPES or (
        old.type == item.type == "decimal" and (old.scale or 0) < (item.scale or 0)
    ):
        message = "“%(field)s” takes more kinds of values (%(before)s → %(after)s)."
        return [_of(new, item, "type", "widening", "safe", message, **kinds)]
    if (item.type, old.type) in WIDER_TYPES or old.type == item.type == "decimal":
        message = "“%(field)s” takes fewer kinds of values (%(before)s → %(after)s)."
        return [_of(new, item, "type", "narrowing", "narrows", message, **kinds)]
    message = "“%(field)s” would change its type (%(before)s → %(after)s)."
    return [_of(new, item, "type", "converting", "converts", message, **kinds)]


def _enum(new: Definition, old: Field, item: Field) -> list[Change]:
    before, after = [e.value for e in old.enum], [e.value for e in item.enum]
    found = []
    added = [str(v) for v in after if v not in before]
    gone = [str(v) for v in before if v not in after]
    if old.enum and added:
        message = "“%(field)s” offers more: %(values)s."
        found.append(_of(new, item, "enum value added", "additive", "safe", message, values=", ".join(added)))
    if gone:
        message = "“%(field)s” no longer knows: %(values)s."
        found.append(_of(new, item, "enum value removed", "narrowing", "narrows", message, values=", ".join(gone)))
    if not added and not gone and old.enum != item.enum:
        found.append(
            _of(new, item, "choices", "additive", "safe", "The choices of “%(field)s” change in order or label.")
        )
    return found


def _limits(new: Definition, old: Field, item: Field) -> list[Change]:
    names: tuple[str, ...] = (
        "max_length",
        "min_length",
        "minimum",
        "maximum",
        "exclusive_minimum",
        "exclusive_maximum",
        "pattern",
    )
    if item.type in ("integer", "number"):  # of a decimal it is the number of places: another type
        names += ("multiple_of",)
    changed = [n for n in names if getattr(old, n) != getattr(item, n)]
    if not changed or (changed == ["max_length"] and item.type == "long_text"):
        return []
    if all(_looser(n, getattr(old, n), getattr(item, n)) for n in changed):
        return [_of(new, item, "longer", "widening", "safe", "“%(field)s” takes more than before.")]
    return [_of(new, item, "shorter", "narrowing", "narrows", "“%(field)s” takes less than before.")]


def _looser(name: str, before: Any, after: Any) -> bool:
    if after is None:
        return True
    if name == "multiple_of" and before is not None:
        return bool(Decimal(repr(before)) % Decimal(repr(after)) == 0)
    if before is None or name == "pattern":
        return bool(before == after)
    return bool(after >= before) if "max" in name else bool(after <= before)


def _whole(old: Definition, new: Definition) -> list[Change]:
    found: list[Change] = []

    def note(kind: str, message: str, change_class: Class = "additive", effect: Effect = "safe") -> None:
        found.append(Change(kind, change_class, effect, new.name, message))

    if old.texts != new.texts:
        note("title", "The title or description changes.")
    if set(new.unique) - set(old.unique):
        note("unique", "Some values must be unique from now on.", "narrowing", "narrows")
    if set(old.unique) - set(new.unique):
        note("unique", "Some values need no longer be unique.", "widening")
    if [f.column for f in old.fields.values()] != [
        f.column for f in new.fields.values() if f.column in {g.column for g in old.fields.values()}
    ]:
        note("order", "The order of the fields changes.")
    if old.screen != new.screen:
        note("screen", "Lists or forms are laid out differently.")
    if old.access != new.access:
        note("access", "Who may do what changes.")
    if old.logic != new.logic:
        note("conditions", "Conditions between fields change.", "narrowing", "narrows")
    if old.measure != new.measure:
        note("measure", "The way it is measured changes.")
    if not found and old.document != new.document and not _fields(old, new):
        note("other", "Other settings change.")
    return found
