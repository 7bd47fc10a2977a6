"""A record's form as values for the template: sections of inputs, each with what was typed and what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from metadata import fieldtypes, records
from metadata.access import Actor
from metadata.catalog import Entity
from metadata.errors import ProductError, StaleVersion
from metadata.model import EnumValue, Field
from metadata.records import Record
from portal import catalogs
from portal.access import chosen_zone, language
from portal.errors import worded
from portal.extensions import db
from portal.formats import shown


@dataclass(frozen=True)
class Input:
    """One input: the field, how it is asked for, its text, and what is wrong with it."""

    field: Field
    widget: str
    text: str
    problems: tuple[str, ...]
    choices: tuple[EnumValue, ...]
    picked: str
    theirs: str

    @property
    def id(self) -> str:
        """The id of the HTML element."""
        return f"field-{self.field.name}"


@dataclass(frozen=True)
class FormSection:
    """A titled group of inputs."""

    title: str
    inputs: tuple[Input, ...]


@dataclass(frozen=True)
class FormView:
    """The whole form; `problems` belong to no single input."""

    sections: tuple[FormSection, ...]
    problems: tuple[str, ...]


def zone() -> ZoneInfo:
    """The time zone in which moments are typed."""
    return ZoneInfo(chosen_zone())


def typed(fields: Iterable[Field], form: Mapping[str, str]) -> dict[str, str]:
    """What was typed for each field; a switch that is off sends nothing and means no."""
    found = {}
    for field in fields:
        if field.type == "boolean":
            found[field.name] = "true" if form.get(field.name) else "false"
        elif field.name in form:
            found[field.name] = form[field.name]
    return found


def texts(entity: Entity, values: Mapping[str, Any]) -> dict[str, str]:
    """Stored values as the texts of inputs."""
    fields = entity.definition.fields
    return {n: _text(fields[n], v) for n, v in values.items() if v is not None and n in fields}


def _text(field: Field, value: Any) -> str:
    if field.type == "date_time":
        return str(value.astimezone(zone()).strftime("%Y-%m-%dT%H:%M"))
    return fieldtypes.of(field).to_text(value)


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
    actor: Actor,
) -> FormView:
    """The form for the template."""
    free = {f.name for f in fields}
    wrong: dict[str, list[str]] = {}
    for problem in error.problems if error else ():
        wrong.setdefault(problem.field_name, []).append(worded(problem))
    theirs = record if isinstance(error, StaleVersion) else None
    sections = []
    for section in entity.definition.screen.sections:
        inputs = tuple(
            _input(entity.definition.fields[n], given, wrong, theirs, actor) for n in section.fields if n in free
        )
        if inputs:
            sections.append(FormSection(section.texts.get("title", language()), inputs))
    rest = tuple(text for name, found in wrong.items() if name not in free for text in found)
    return FormView(tuple(sections), rest)


def _input(
    field: Field, given: Mapping[str, str], wrong: Mapping[str, list[str]], theirs: Record | None, actor: Actor
) -> Input:
    text = given.get(field.name, "")
    choices = tuple(c for c in field.enum if not c.retired or str(c.value) == text)
    picked = _picked(field, text, actor) if field.ref else ""
    other = shown(field, theirs) if theirs is not None else ""
    widget = field.widget if field.widget == "textarea" else fieldtypes.of(field).widget
    return Input(field, widget, text, tuple(wrong.get(field.name, ())), choices, picked, other)


def _picked(field: Field, text: str, actor: Actor) -> str:
    catalog = catalogs.current()
    if not text.isdecimal():
        return ""
    found = dict(records.pick(db.session(), catalog, str(field.ref), actor, ids=[int(text)], language=language()))
    return found.get(int(text), f"#{text}")
