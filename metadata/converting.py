"""One value of a field as a value of what the field becomes: by mapping, directly, or through text.

Called by `moving`. Pure. `value` gives None for "no value" and raises BadValue where there is none to be had;
nothing is ever rounded, cut off or guessed. Choices are found by value or by label in any language, records by
their label; a file becomes its name, and nothing becomes a file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cached_property
from typing import Any

from metadata import fieldtypes, validation
from metadata.errors import fill
from metadata.fieldtypes import BadValue
from metadata.model import Field

NO_RECORD = "There is no record called “%(value)s”."
SEVERAL_RECORDS = "Several records are called “%(value)s”."
ONLY_ONE = "Only one value has room here: %(values)s."
NO_ROWS = "The rows of a table are no single value, and no single value is rows."
NO_FILE = "A value can't become a file."
FILES = "@files"  # where labels are asked for, the names of files
SEVERAL_VALUES = "“%(value)s” came from several values: %(values)s."


@dataclass(frozen=True)
class Labelled:
    """The records of a definition: the label of each, and by label the one that has it (None: several have).

    Of files (`FILES`) the names alone.
    """

    labels: Mapping[Any, str] = field(default_factory=dict)
    ids: Mapping[str, int | None] = field(default_factory=dict)


Labels = Callable[[str], Labelled]


def no_labels(_definition: str) -> Labelled:
    """Where no reference is converted."""
    return Labelled()


@dataclass(frozen=True)
class Step:
    """From one field to the next that its values live in; `values` maps the text of old values to new ones.

    `back` says that the step undoes one: then `values` is that of the step that it undoes.
    """

    source: Field
    target: Field
    values: Mapping[str, Any] = field(default_factory=dict)
    back: bool = False
    labels: Labels = no_labels

    def value(self, given: Any) -> Any:
        """The value of the target; raises BadValue when there is none to be had."""
        if given is None:
            return None
        if self.source.many or self.target.many:
            return self._fitting(self._listed(given))
        key = self.text(given)
        if self.back:
            made = self._undone(given, key)
        elif key in self.values:
            made = self._read(self.values[key])
        else:
            made = self._plain(given, key)
        return self._fitting(made)

    def text(self, given: Any) -> str:
        """A value of the source as people read and write it: of a reference its record's label, of a file its name."""
        if self.source.rows:
            return fieldtypes.of(self.source).to_text(given)
        if self.source.many:
            return "; ".join(self._entries.text(entry) for entry in given)
        if self.source.ref:
            return self.labels(self.source.ref).labels.get(given, f"#{given}")
        if self.source.type == "attachment":
            return self.labels(FILES).labels.get(given, str(given))
        return _text(given, self.source)

    def _listed(self, given: Any) -> Any:
        """Entry by entry: one value is a list of one, a list of one is one value; several convert all or not at all."""
        if self.source.rows or self.target.rows:
            raise BadValue(NO_ROWS)
        entries = given if self.source.many else (given,)
        made = [value for entry in entries if (value := self._entries.value(entry)) is not None]
        if self.target.many:
            return fieldtypes.of(self.target).from_json(self.target, list(dict.fromkeys(made)))
        if len(made) > 1:
            raise BadValue(ONLY_ONE, values=self.text(given))
        return made[0] if made else None

    @cached_property
    def _entries(self) -> Step:
        return replace(self, source=_entry(self.source), target=_entry(self.target))

    def _undone(self, given: Any, key: str) -> Any:
        before = [old for old, new in self.values.items() if _same_text(new, key)]
        if key not in self.values:  # what was not mapped came over as it is
            try:
                return self._fitting(self._plain(given, key))
            except BadValue:
                if not before:
                    raise
        if len(before) > 1:
            raise BadValue(SEVERAL_VALUES, value=key, values=", ".join(before))
        return self._read(before[0] if before else key)

    def _read(self, given: Any) -> Any:
        """A value of the target as a mapping writes it: JSON, or the label of a record."""
        if self.target.type == "attachment":
            raise BadValue(NO_FILE)
        if self.target.ref:
            return self._record(str(given))
        form: validation.Form = "text" if isinstance(given, str) else "json"
        return validation.value_of(self.target, given, form)

    def _plain(self, given: Any, key: str) -> Any:
        if self.target.type == "attachment":
            return self._file(given)
        if self.source.ref and self.source.ref == self.target.ref:
            return given
        if self.target.ref:
            return self._record(key)
        if self.source.type == self.target.type and not self.target.enum:
            return validation.value_of(self.target, given, "json")
        made = None if self.source.ref else _direct(given, self.target.type)  # a record's number says nothing
        if made is not None:
            return validation.value_of(self.target, made, "json")
        return self._worded(given, key)

    def _worded(self, given: Any, key: str) -> Any:
        """Through text; a choice that is not known by its value is looked for by its labels."""
        choice = self.source.choice(given) if self.source.enum else None
        words = [key, *(choice.labels.values() if choice and self.target.enum else ())]
        for position, word in enumerate(words):
            try:
                return validation.value_of(self.target, word, "text")
            except BadValue:
                if position + 1 == len(words):
                    raise
        return None

    def _file(self, given: Any) -> Any:
        if self.source.type != "attachment":
            raise BadValue(NO_FILE)
        return given

    def _record(self, label: str) -> int | None:
        if not label.strip():
            return None
        ids = self.labels(str(self.target.ref)).ids
        found = ids.get(label.strip())
        if found is None:
            raise BadValue(SEVERAL_RECORDS if label.strip() in ids else NO_RECORD, value=label.strip())
        return found

    @cached_property
    def _single(self) -> validation.Single:
        return validation.Single(self.target)

    def _fitting(self, made: Any) -> Any:
        problem = None if made is None else self._single.problem(made)
        if problem is not None:
            raise BadValue(problem.message, **problem.params)
        return made


def _entry(item: Field) -> Field:
    """The field as if it had one entry only."""
    return replace(item, type={"references": "reference", "choices": "choice"}.get(item.type, item.type))


def said(bad: BadValue) -> str:
    """The English sentence of a value that can't be had."""
    return fill(bad.message, bad.params)


def _same_text(value: Any, key: str) -> bool:
    return str(value).lower() == key if isinstance(value, bool) else str(value) == key


def _text(given: Any, source: Field) -> str:
    """As the type writes it, but whole numbers without a point, as people do."""
    if isinstance(given, float) and given.is_integer() and abs(given) < 1e15:  # beyond it repr has an exponent
        return str(int(given))
    return fieldtypes.of(source).to_text(given)


def _direct(given: Any, wanted: str) -> Any:
    """The value as JSON or Python of the wanted type where text would be a detour or lose something; None where not."""
    if isinstance(given, datetime):
        given = given.astimezone(UTC)
        return {"date": given.date(), "time": given.time()}.get(wanted)
    if isinstance(given, date) and wanted == "date_time":
        return datetime.combine(given, time(), UTC)
    if isinstance(given, bool):
        return int(given) if wanted in ("integer", "number", "decimal") else None
    if isinstance(given, int | float | Decimal) and wanted == "boolean" and given in (0, 1):
        return bool(given)
    return None
