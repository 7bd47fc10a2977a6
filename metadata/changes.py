"""What publishing would do, as a list of changes: found by comparing two definitions, nothing else.

Fields are matched by the column their values were born in (`x-id` and `x-was`), so another name is a rename and
another column a conversion. Each change says its class (how far it goes) and its effect (what happens to stored
values); `publish` adds counts, examples and, where values are converted, the plan.
Messages are English sentences with places, the key of their translation.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from metadata import access_changes
from metadata.errors import Filled
from metadata.model import Definition, Field, Title

Effect = Literal["safe", "narrows", "converts", "hides"]
Class = Literal["additive", "widening", "narrowing", "converting", "hiding"]
WIDER_TYPES = {("integer", "number"), ("integer", "decimal"), ("decimal", "number"), ("text", "long_text")}
SHORTER_TYPES = {("long_text", "text")}


@dataclass(frozen=True)
class Sample:
    """One record's value before and after a conversion, as text; `reason` says why it does not convert."""

    record_id: int
    before: str
    after: str = ""
    reason: str = ""
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Conversion:
    """What becomes of a field's values, counted over all records: of each kind how many, and some of them.

    `returns` come back as they were before an earlier conversion; `filled` had none, or none that converts, and get
    one; `fails` stay in the old column, out of sight, and can be listed afterwards; `misfits` stand in the way.
    """

    records: int = 0
    converts: int = 0
    returns: int = 0
    empty: int = 0
    filled: int = 0
    fails: int = 0
    misfits: int = 0
    samples: tuple[Sample, ...] = ()
    failing: tuple[Sample, ...] = ()


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
    plan: Conversion | None = None

    @property
    def text(self) -> Filled:
        """The English sentence."""
        return Filled(self.message, self.params)


def compare(old: Definition | None, new: Definition | None) -> list[Change]:
    """All differences between two versions of one definition, in reading order."""
    if old is None and new is not None:
        params = {"title": new.texts.named()}
        return [Change("definition added", "additive", "safe", new.name, "“%(title)s” is new.", params=params)]
    if new is None and old is not None:
        params = {"title": old.texts.named()}
        message = "“%(title)s” disappears; its records are kept."
        return [Change("definition removed", "hiding", "hides", old.name, message, params=params)]
    if old is None or new is None:
        return []
    return [*_fields(old, new), *_whole(old, new)]


def returned(old: Definition) -> Change:
    """The difference that a withdrawn definition is in force again."""
    message = "“%(title)s” returns with its records."
    return Change("definition returned", "additive", "safe", old.name, message, params={"title": old.texts.named()})


def pairs(old: Definition, new: Definition) -> Iterator[tuple[Field | None, Field | None]]:
    """Each field as it was and as it will be: those of the new definition in its order, then those that go."""
    yield from paired(old.fields, new.fields)


def paired(old: Mapping[str, Field], new: Mapping[str, Field]) -> Iterator[tuple[Field | None, Field | None]]:
    """The same for the fields of one level: of the record, or of the rows of a list."""
    by_column = {f.column: f for f in old.values()}
    by_origin = {f.origin: f for f in old.values()}
    kept = {f.column for f in new.values()} & by_column.keys()
    for item in new.values():
        before = by_column.pop(item.column, None)
        if before is None and by_origin.get(item.origin) in by_column.values():
            candidate = by_origin[item.origin]
            before = None if candidate.column in kept else by_column.pop(candidate.column)
        yield before, item
    yield from ((item, None) for item in by_column.values())


def converts(old: Field, new: Field) -> bool:
    """Whether values of `old` can't simply stay where they are as values of `new`."""
    kinds = (old.type, new.type)
    if (old.formula is None) != (new.formula is None):
        return True
    return old.ref != new.ref or (old.type != new.type and kinds not in WIDER_TYPES and kinds not in SHORTER_TYPES)


def share_column(old: Field, new: Field) -> bool:
    """Whether a column that held `old` can hold `new`: its type may have to be altered, its values may be too many."""
    return not converts(old, new) or not converts(new, old)


def takes_back(old: Field, new: Field) -> bool:
    """Whether every value that `old` could hold is one of `new`, in the same column."""
    return not converts(old, new) and all(
        change.effect == "safe" for change in (*_type("", old, new), *_enum("", old, new), *_limits("", old, new))
    )


def _widens(old: Field, new: Field) -> bool:
    return (old.type, new.type) in WIDER_TYPES


def _fields(old: Definition, new: Definition) -> list[Change]:
    return [change for pair in pairs(old, new) for change in _change(new.name, *pair)]


def _change(name: str, before: Field | None, after: Field | None) -> list[Change]:
    if after is None and before is not None:
        message = "Field “%(field)s” disappears; its values are kept."
        return [_of(name, before, "field removed", "hiding", "hides", message)]
    if after is not None and before is None:
        return [_of(name, after, "field added", "additive", "safe", "Field “%(field)s” is new.")]
    return _field(name, before, after) if before is not None and after is not None else []


def _of(
    definition: str, item: Field, kind: str, change_class: Class, effect: Effect, message: str, **more: Any
) -> Change:
    return Change(kind, change_class, effect, definition, message, item.name, {"field": item.texts.named(), **more})


def _field(name: str, old: Field, item: Field) -> list[Change]:
    found: list[Change] = []
    if old.name != item.name:
        message = "Field “%(field)s” is now called %(name)s in the API; values stay."
        found.append(_of(name, item, "renamed", "widening", "safe", message, name=item.name, was=old.name))
    if old.texts != item.texts:
        found.append(_of(name, item, "texts", "additive", "safe", "The texts of “%(field)s” change."))
    if old.column != item.column:
        found.append(_converted(name, old, item))
    else:
        found += [*_type(name, old, item), *_enum(name, old, item)]
    if item.required and not old.required:
        message = "“%(field)s” must be filled from now on."
        found.append(_of(name, item, "required", "narrowing", "narrows", message))
    if old.required and not item.required:
        found.append(_of(name, item, "optional", "widening", "safe", "“%(field)s” may stay empty from now on."))
    if old.column == item.column:
        found += [*_limits(name, old, item), *_rows(name, old, item)]
    return found


def _rows(name: str, old: Field, item: Field) -> list[Change]:
    """The fields of a child table, told under the name of the table and theirs."""
    if not (old.rows and item.rows):
        return []
    found = [c for pair in paired(old.rows, item.rows) for c in _change(name, *pair)]
    return [_of_rows(item, change) for change in found]


def _of_rows(item: Field, change: Change) -> Change:
    named = {**change.params, "field": Title.joined(": ", [item.texts.named(), change.params["field"]])}
    told = dataclasses.replace(change, kind=f"row {change.kind}", field=f"{item.name}.{change.field}", params=named)
    inner = item.rows.get(change.field)
    if change.kind == "field added" and inner is not None and inner.required:  # rows that are there lack it
        return dataclasses.replace(told, change_class="narrowing", effect="narrows")
    return told


def _converted(name: str, old: Field, item: Field) -> Change:
    if old.ref and item.ref and old.ref != item.ref:
        message = "“%(field)s” points at other records (%(before)s → %(after)s): those with the same label."
        return _of(name, item, "converted", "converting", "converts", message, before=old.ref, after=item.ref)
    if old.type != item.type:
        message = "“%(field)s” changes its type (%(before)s → %(after)s) and its values are converted."
        return _of(name, item, "converted", "converting", "converts", message, before=old.type, after=item.type)
    message = "The values of “%(field)s” are replaced by others."
    return _of(name, item, "converted", "converting", "converts", message)


def _type(name: str, old: Field, item: Field) -> list[Change]:
    if old.type == item.type and (old.scale or 0) == (item.scale or 0):
        return []
    kinds = {"before": old.type, "after": item.type}
    if _widens(old, item) or (old.type == item.type and (old.scale or 0) < (item.scale or 0)):
        message = "“%(field)s” takes more kinds of values (%(before)s → %(after)s)."
        return [_of(name, item, "type", "widening", "safe", message, **kinds)]
    message = "“%(field)s” takes fewer kinds of values (%(before)s → %(after)s)."
    return [_of(name, item, "type", "narrowing", "narrows", message, **kinds)]


def _enum(name: str, old: Field, item: Field) -> list[Change]:
    before, after = [e.value for e in old.enum], [e.value for e in item.enum]
    found = []
    added = [str(v) for v in after if v not in before]
    gone = [str(v) for v in before if v not in after]
    if old.enum and added:
        message = "“%(field)s” offers more: %(values)s."
        found.append(_of(name, item, "enum value added", "additive", "safe", message, values=", ".join(added)))
    if gone:
        message = "“%(field)s” no longer knows: %(values)s."
        found.append(_of(name, item, "enum value removed", "narrowing", "narrows", message, values=", ".join(gone)))
    if not added and not gone and old.enum != item.enum:
        found.append(
            _of(name, item, "choices", "additive", "safe", "The choices of “%(field)s” change in order or label.")
        )
    return found


def _limits(name: str, old: Field, item: Field) -> list[Change]:
    limits: tuple[str, ...] = (
        "max_length",
        "min_length",
        "minimum",
        "maximum",
        "exclusive_minimum",
        "exclusive_maximum",
        "pattern",
        "min_items",
        "max_items",
        "accept",
        "max_size",
    )
    if item.type in ("integer", "number"):  # of a decimal it is the number of places: another type
        limits += ("multiple_of",)
    changed = [n for n in limits if getattr(old, n) != getattr(item, n)]
    if not changed or (changed == ["max_length"] and item.type == "long_text"):
        return []
    if all(_looser(n, getattr(old, n), getattr(item, n)) for n in changed):
        return [_of(name, item, "longer", "widening", "safe", "“%(field)s” takes more than before.")]
    return [_of(name, item, "shorter", "narrowing", "narrows", "“%(field)s” takes less than before.")]


def _looser(name: str, before: Any, after: Any) -> bool:
    if after is None:
        return True
    if name == "accept":
        return not after or (bool(before) and set(before) <= set(after))
    if name == "multiple_of" and before is not None:
        return bool(Decimal(repr(before)) % Decimal(repr(after)) == 0)
    if before is None or name == "pattern":
        return bool(before == after)
    return bool(after >= before) if "max" in name else bool(after <= before)


def _keys(definition: Definition) -> set[tuple[str, ...]]:
    return {tuple(definition.fields[name].origin for name in names) for names in definition.unique}


def _whole(old: Definition, new: Definition) -> list[Change]:
    found: list[Change] = []

    def note(kind: str, message: str, change_class: Class = "additive", effect: Effect = "safe") -> None:
        found.append(Change(kind, change_class, effect, new.name, message))

    if old.rules != new.rules:
        note("rules", "The definition's own rules change.", "narrowing", "narrows")
    if old.texts != new.texts:
        note("title", "The title or description changes.")
    if _keys(new) - _keys(old):
        note("unique", "Some values must be unique from now on.", "narrowing", "narrows")
    if _keys(old) - _keys(new):
        note("unique", "Some values need no longer be unique.", "widening")
    before, after = ([f.origin for f in d.fields.values()] for d in (old, new))
    if [o for o in before if o in after] != [o for o in after if o in before]:
        note("order", "The order of the fields changes.")
    if old.screen != new.screen:
        note("screen", "Lists or forms are laid out differently.")
    if old.access != new.access:
        found += (
            Change("access", "additive", "safe", new.name, message, params=params)
            for message, params in access_changes.told(old, new)
        )
    if old.logic != new.logic:
        note("conditions", "Conditions between fields change.", "narrowing", "narrows")
    if old.measure != new.measure:
        note("measure", "The way it is measured changes.")
    if old.okr != new.okr:
        note("okr", "Its place among the levels of goals changes, or how its scores are read.")
    if old.courses != new.courses:
        note("catalog", "Which field plays which part in a course changes.")
    if old.form != new.form:
        note("review", "The questions of reviews are divided or rated differently; running cycles keep theirs.")
    if old.survey != new.survey:
        note("survey", "Who is asked or when changes, or what is promised about the answers.")
    if not found and old.document != new.document and not _fields(old, new):
        note("other", "Other settings change.")
    return found
