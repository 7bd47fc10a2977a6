"""A record's form as values for the template: sections of inputs, each with what was typed and what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from werkzeug.datastructures import MultiDict

from metadata import fieldtypes, records
from metadata.catalog import Entity
from metadata.errors import Problem, ProductError, StaleVersion
from metadata.model import EnumValue, Field
from metadata.records import Outlook, Record
from portal import catalogs
from portal.access import chosen_zone, current_actor, language
from portal.errors import worded
from portal.extensions import db
from portal.formats import shown


@dataclass(frozen=True)
class Input:
    """One input: the field, how it is asked for, its text, and what is wrong with it.

    `shown` and `required` are with the values as they stand; `left` says that only its value keeps it in sight.
    `entries` are the chosen ones of a list of records or choices: what is sent, and what people read.
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
    """The whole form; `problems` belong to no single input, `reads` are the inputs that decide about others."""

    sections: tuple[FormSection, ...]
    problems: tuple[str, ...]
    reads: tuple[str, ...]


def zone() -> ZoneInfo:
    """The time zone in which moments are typed."""
    return ZoneInfo(chosen_zone())


def typed(fields: Iterable[Field], form: MultiDict[str, str]) -> dict[str, str]:
    """What was typed for each field; a switch that is off sends nothing and means no.

    The entries of a list are sent one by one, after an empty one that says that the list was asked for.
    """
    found = {}
    for field in fields:
        if field.type == "boolean":
            found[field.name] = "true" if form.get(field.name) else "false"
        elif field.name in form and field.many and not field.rows:
            sent = [entry for entry in form.getlist(field.name) if entry]
            found[field.name] = orjson.dumps(sent).decode() if sent else ""
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
    if field.many and not field.rows:
        return orjson.dumps([str(entry) for entry in value]).decode()
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
    outlook: Outlook,
) -> FormView:
    """The form for the template; `outlook` is what the values as they stand come to."""
    free = {f.name for f in fields}
    wrong = _by_field(error.problems if error else ())
    theirs = record if isinstance(error, StaleVersion) else None
    named = _named(fields, given, record)
    sections = []
    for section in entity.definition.screen.sections:
        inputs = tuple(
            _input(entity.definition.fields[n], given, named, wrong, theirs, outlook)
            for n in section.fields
            if n in free
        )
        if inputs:
            sections.append(FormSection(section.texts.get("title", language()), inputs))
    rest = tuple(text for name, found in wrong.items() if name not in free for text in found)
    return FormView(tuple(sections), rest, tuple(sorted(entity.visibility.reads & free)))


def state(fields: Iterable[Field], outlook: Outlook) -> dict[str, Any]:
    """The form as it stands, for the page's script: of each field what `Input` says of it."""
    asked, wrong = outlook.asked, _by_field(outlook.problems)
    return {
        "fields": {
            f.name: {
                "shown": f.name in asked.shown,
                "required": f.name in asked.required,
                "left": f.name in asked.left,
                "problems": wrong.get(f.name, []),
            }
            for f in fields
        },
        "problems": wrong.get("", []),
    }


def _by_field(problems: Iterable[Problem]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for problem in problems:
        found.setdefault(problem.field_name, []).append(worded(problem))
    return found


def _input(
    field: Field,
    given: Mapping[str, str],
    named: Mapping[tuple[str, str], str],
    wrong: Mapping[str, list[str]],
    theirs: Record | None,
    outlook: Outlook,
) -> Input:
    text, problems, asked = given.get(field.name, ""), tuple(wrong.get(field.name, ())), outlook.asked
    sent = _sent(field, text)
    entries = tuple((word, named.get((field.ref or "", word), word)) for word in sent if word)
    return Input(
        field,
        widget=field.widget if field.widget == "textarea" else fieldtypes.of(field).widget,
        text=text,
        problems=problems,
        choices=tuple(c for c in field.enum if not c.retired or str(c.value) in sent),
        picked=named.get((field.ref or "", text), ""),
        theirs=shown(field, theirs) if theirs is not None else "",
        shown=field.name in asked.shown or bool(problems),
        required=field.name in asked.required,
        left=field.name in asked.left,
        entries=entries if field.many and not field.rows else (),
    )


def _sent(field: Field, text: str) -> list[str]:
    """What the form sends for a field: one text, of a list one for each entry."""
    if not (field.many and not field.rows):
        return [text]
    try:
        sent = orjson.loads(text or "[]")
    except orjson.JSONDecodeError:  # an address that somebody typed
        return []
    return [str(entry) for entry in sent] if isinstance(sent, list) else []


Named = dict[tuple[str, str], str]


def _named(fields: Iterable[Field], given: Mapping[str, str], record: Record | None) -> Named:
    """What people read for the records that are chosen; those that the record does not name already are asked for.

    One statement for each definition that is pointed at, however many fields point there.
    """
    pointing = [f for f in fields if f.ref and not f.rows]
    chosen = {(str(f.ref), word) for f in pointing for word in _sent(f, given.get(f.name, "")) if word.isdecimal()}
    known: Named = {}
    for field in pointing:
        known.update(_told(field, record) if record else {})
    wanted: dict[str, set[int]] = {}
    for ref, word in chosen - known.keys():
        if int(word) <= fieldtypes.LARGEST_INTEGER:
            wanted.setdefault(ref, set()).add(int(word))
    found = {(ref, str(number)): words for ref, ids in wanted.items() for number, words in _labels(ref, ids)}
    return {key: known.get(key) or found.get(key) or f"#{key[1]}" for key in chosen}


def _told(field: Field, record: Record) -> Named:
    """The records that the stored one names with this field."""
    value, words = record.get(field.name), record.labels.get(field.name)
    pairs = zip(value or (), words or (), strict=False) if field.many else [(value, words)]
    return {(str(field.ref), str(number)): word for number, word in pairs if word}


def _labels(ref: str, ids: set[int]) -> list[tuple[int, str]]:
    actor, catalog = current_actor(), catalogs.current()
    return records.pick(db.session(), catalog, ref, actor, ids=sorted(ids), language=language(), limit=len(ids))
