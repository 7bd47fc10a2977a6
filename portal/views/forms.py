"""A record's form as values for the template: sections of inputs, each with what was typed and what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metadata import fieldtypes
from metadata.catalog import Entity
from metadata.errors import Problem, ProductError
from metadata.model import EnumValue, Field
from metadata.records import Outlook, Record
from metadata.visibility import Asked
from portal.access import language
from portal.entry import grids, picks
from portal.entry.grids import Grid, Wrong
from portal.entry.picks import Known
from portal.entry.typed import entries, texts, typed, zone
from portal.errors import worded
from portal.formats import shown, shown_value

__all__ = ["FormSection", "FormView", "Input", "label", "state", "texts", "typed", "view", "zone"]


@dataclass(frozen=True)
class Input:
    """One input: the field, how it is asked for, its text, and what is wrong with it.

    `shown` and `required` are with the values as they stand; `left` says that only its value keeps it in sight.
    `picked` are the words for a record pointed at, `entries` the texts and words of a list, `grid` a child table,
    and `tree` says that what it points at is chosen from a tree.
    """

    field: Field
    widget: str
    text: str
    problems: tuple[str, ...]
    choices: tuple[EnumValue, ...]
    picked: str
    theirs: str
    shown: bool
    required: bool
    left: bool
    entries: tuple[tuple[str, str], ...] = ()
    grid: Grid | None = None
    tree: bool = False

    @property
    def id(self) -> str:
        """The id of the HTML element."""
        return f"field-{self.field.name}"


@dataclass(frozen=True)
class FormSection:
    """A titled group of inputs."""

    title: str
    inputs: tuple[Input, ...]
    columns: int = 2


@dataclass(frozen=True)
class FormView:
    """The whole form; `problems` belong to no single input, `reads` are the inputs that decide about others."""

    sections: tuple[FormSection, ...]
    problems: tuple[str, ...]
    reads: tuple[str, ...]

    @property
    def has_files(self) -> bool:
        """Whether it asks for a file."""
        return any(one.widget == "file" for section in self.sections for one in section.inputs)


def label(entity: Entity, record: Record) -> str:
    """What people call this record."""
    names = [n for n in entity.definition.label_of(language()) if n in record.values]
    words = [shown(entity.definition.fields[n], record) for n in names]
    return " ".join(word for word in words if word) or f"#{record.id}"


def view(
    entity: Entity,
    record: Record | None,
    fields: Sequence[Field],
    given: Mapping[str, str],
    error: ProductError | None,
    outlook: Outlook,
) -> FormView:
    """The form for the template; `outlook` is what the values as they stand come to."""
    free = {f.name for f in fields}
    wrong = _by_place(error.problems if error else ())
    known = picks.known(fields, given, record)
    sections = []
    for section in entity.definition.screen.sections:
        inputs = tuple(
            _input(entity.definition.fields[n], given, known, wrong, record, outlook)
            for n in section.fields
            if n in free
        )
        if inputs:
            sections.append(FormSection(section.texts.get("title", language()), inputs, section.columns))
    rest = tuple(worded(p) for p in (error.problems if error else ()) if p.field_name not in free)
    return FormView(tuple(sections), rest, tuple(sorted(outlook.deciding & free)))


def lone(field: Field, given: Mapping[str, str], error: ProductError | None) -> Input:
    """An input that stands by itself, for no record in particular."""
    wrong, asked = _by_place(error.problems if error else ()), frozenset({field.name})
    outlook = Outlook(Asked(asked, frozenset(), frozenset()), ())
    return _input(field, given, picks.known([field], given, None), wrong, None, outlook)


def state(entity: Entity, fields: Iterable[Field], outlook: Outlook) -> dict[str, Any]:
    """The form as it stands, for the page's script: of each field what `Input` says of it, cells by `row/column`."""
    fields_of = entity.definition.fields
    asked, wrong = outlook.asked, _by_place(outlook.problems)
    return {
        "fields": {
            f.name: {
                "shown": f.name in asked.shown,
                "required": f.name in asked.required,
                "left": f.name in asked.left,
                "problems": _of(f, wrong),
                "cells": {k.removeprefix(f"/{f.name}/"): v for k, v in wrong.items() if k.startswith(f"/{f.name}/")},
            }
            for f in fields
        },
        "problems": wrong.get("", []),
        "computed": {name: shown_value(fields_of[name], value) for name, value in outlook.computed.items()},
    }


def _by_place(problems: Iterable[Problem]) -> dict[str, list[str]]:
    """The sentences by the pointer that they stand at."""
    found: dict[str, list[str]] = {}
    for problem in problems:
        found.setdefault(problem.pointer.rstrip("/"), []).append(worded(problem))
    return found


def _of(field: Field, wrong: Wrong) -> list[str]:
    """What is wrong with a field as a whole; a grid says at its cells what is wrong with them."""
    place = f"/{field.name}"
    within = [] if field.rows else [words for where, words in wrong.items() if where.startswith(f"{place}/")]
    return list(dict.fromkeys(wrong.get(place, []) + [text for words in within for text in words]))


def _widget(field: Field) -> str:
    if field.formula is not None:
        return "computed"
    return field.widget if field.widget == "textarea" else fieldtypes.of(field).widget


def _picked(field: Field, text: str, known: Known) -> str:
    if not text:
        return ""
    if field.type == "attachment":
        return known.get((picks.FILE, text), "")
    return known.get((field.ref or "", text), f"#{text}")


def _input(
    field: Field,
    given: Mapping[str, str],
    known: Known,
    wrong: Wrong,
    record: Record | None,
    outlook: Outlook,
) -> Input:
    text, problems, asked = given.get(field.name, ""), tuple(_of(field, wrong)), outlook.asked
    listed = entries(text) if field.many and not field.rows else []
    mine = {text, *listed}
    return Input(
        field,
        widget=_widget(field),
        text=text if field.formula is None else shown_value(field, outlook.computed.get(field.name)),
        problems=problems,
        choices=tuple(c for c in field.enum if not c.retired or str(c.value) in mine),
        picked=_picked(field, text, known),
        theirs=shown(field, record) if record is not None else "",
        shown=field.name in asked.shown or any(where.startswith(f"/{field.name}") for where in wrong),
        required=field.name in asked.required,
        left=field.name in asked.left,
        entries=tuple((one, known.get((field.ref or "", one), f"#{one}" if field.ref else one)) for one in listed),
        tree=picks.from_tree(field.ref),
        grid=grids.grid(field, text, wrong, known, record) if field.rows else None,
    )
