"""What changed about the fields: types, bounds, choices, formulas, texts; the rows of a grid field by field.

Fields are matched by where their values were born, so another name is a rename. What `metadata.changes` says about
stored values is taken over; its general sentences are replaced by what exactly changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from metadata.changes import compare
from metadata.model import Definition
from metadata.telling.said import Line, Said, Topic, quoted, shown

# Kinds of change of which this package has better words.
COARSE = frozenset(
    {
        *(
            "texts",
            "title",
            "order",
            "screen",
            "access",
            "conditions",
            "measure",
            "okr",
            "survey",
            "catalog",
            "review",
            "unique",
            "other",
            "longer",
        ),
        *("shorter", "choices", "enum value added", "enum value removed", "rules", "formula"),
    }
)
BOUNDS = {
    "minLength": "“%(field)s” needs %(after)s characters or more (before: %(before)s).",
    "maxLength": "“%(field)s” takes %(after)s characters at most (before: %(before)s).",
    "minimum": "“%(field)s” must be at least %(after)s (before: %(before)s).",
    "maximum": "“%(field)s” must be at most %(after)s (before: %(before)s).",
    "exclusiveMinimum": "“%(field)s” must be more than %(after)s (before: %(before)s).",
    "exclusiveMaximum": "“%(field)s” must be less than %(after)s (before: %(before)s).",
    "multipleOf": "“%(field)s” goes in steps of %(after)s (before: %(before)s).",
    "pattern": "“%(field)s” must follow the pattern %(after)s (before: %(before)s).",
    "default": "“%(field)s” begins as %(after)s (before: %(before)s).",
    "minItems": "“%(field)s” needs %(after)s entries or more (before: %(before)s).",
    "maxItems": "“%(field)s” takes %(after)s entries at most (before: %(before)s).",
    "x-formula": "“%(field)s” is computed as %(after)s (before: %(before)s).",
    "x-accept": "“%(field)s” takes files of these kinds: %(after)s (before: %(before)s).",
    "x-max-size": "“%(field)s” takes files up to %(after)s bytes (before: %(before)s).",
    "x-widget": "“%(field)s” is entered through %(after)s (before: %(before)s).",
    "x-dimension": "“%(field)s” divides figures: %(after)s (before: %(before)s).",
    "x-core": "“%(field)s” is needed by the product: %(after)s (before: %(before)s).",
    "x-tree": "“%(field)s” makes a tree: %(after)s (before: %(before)s).",
}
RULES = frozenset({"x-formula"})
TOLD = frozenset(
    {
        *("title", "description", "x-enum-labels", "enum", "x-retired", "type", "format", "$ref", "items", "x-format"),
        *("properties", "required", "x-id", "x-was", "x-moves", "uniqueItems"),
    }
)
TYPE_WORDS = {
    "text": "Text",
    "long_text": "Long text",
    "choice": "Choice",
    "choice_integer": "Choice",
    "choices": "Several choices",
    "integer": "Whole number",
    "decimal": "Decimal number",
    "number": "Number",
    "boolean": "Yes or no",
    "date": "Date",
    "date_time": "Date and time",
    "time": "Time",
    "email": "E-mail address",
    "uri": "Web address",
    "uuid": "Identifier (UUID)",
    "reference": "Reference",
    "references": "Several references",
    "rows": "Rows of a grid",
    "attachment": "File",
    "person": "Person",
}
OTHER = "“%(field)s”: the setting %(keyword)s is %(after)s (before: %(before)s)."


def field_lines(old: Definition, new: Definition, language: str) -> Iterator[Line]:
    """Every difference of the fields, in reading order."""
    for change in compare(old, new):
        if change.kind in COARSE:
            continue
        source = new if change.field in new.fields else old
        item = source.fields.get(change.field)
        params: dict[str, Any] = dict(change.params) | ({"field": item.title(language)} if item else {})
        for key in {"before", "after"} & params.keys():
            params[key] = Said(TYPE_WORDS[params[key]]) if params[key] in TYPE_WORDS else params[key]
        yield Line("fields", Said(change.message, params), change.field, change.kind)
    before = _by_column(old.document.get("properties", {}))
    for name, schema in new.document.get("properties", {}).items():
        held = before.get(_origin(name, schema))
        if held is not None:
            words = [_spoken(d, n, language) for d, n in ((old.document, held[0]), (new.document, name))]
            yield from _schema_lines(name, held, (name, schema), (words[0], words[1]), "")
    yield from _moved(old, new, language)


def title_of(name: str, schema: Mapping[str, Any], words: Mapping[str, Any]) -> str:
    """The label of a property as its reader has it."""
    return str(words.get("title") or schema.get("title") or name.replace("_", " ").capitalize())


def _by_column(properties: Mapping[str, Any]) -> dict[str, tuple[str, Mapping[str, Any]]]:
    return {_origin(name, schema): (name, schema) for name, schema in properties.items()}


def _origin(name: str, schema: Mapping[str, Any]) -> str:
    """The column in which the field's values were born: the same through renames and conversions."""
    was = schema.get("x-was")
    return str(was[-1] if was else schema.get("x-id", name))


def _spoken(document: Mapping[str, Any], name: str, language: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = document.get("x-i18n", {}).get(language, {}).get("properties", {}).get(name, {})
    return found


def _schema_lines(
    field: str,
    old: tuple[str, Mapping[str, Any]],
    new: tuple[str, Mapping[str, Any]],
    words: tuple[Mapping[str, Any], Mapping[str, Any]],
    above: str,
) -> Iterator[Line]:
    (old_name, before), (name, after) = old, new
    title = above + title_of(name, after, words[1])
    for key in dict.fromkeys((*before, *after)):
        if key in TOLD or before.get(key) == after.get(key):
            continue
        topic: Topic = "rules" if key in RULES else "fields"
        params = {"field": title, "keyword": key, "before": shown(before.get(key)), "after": shown(after.get(key))}
        yield Line(topic, Said(BOUNDS.get(key, OTHER), params), field, key)
    yield from _choices(field, title, _choice_schema(before), _choice_schema(after), words)
    was, now = above + title_of(old_name, before, words[0]), title
    if was != now:
        yield Line(
            "texts", Said("“%(before)s” is called “%(after)s” from here on.", {"before": was, "after": now}), field
        )
    elif before.get("title") != after.get("title"):
        params = {"before": shown(before.get("title")), "after": shown(after.get("title"))}
        yield Line(
            "texts", Said("The English label of “%(field)s”: %(before)s → %(after)s.", {"field": now, **params}), field
        )
    if before.get("description") != after.get("description") or words[0].get("description") != words[1].get(
        "description"
    ):
        yield Line("texts", Said("The help text of “%(field)s” changes.", {"field": now}), field)
    yield from _rows(field, title, before.get("items") or before, after.get("items") or after)


def _rows(field: str, title: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Line]:
    """The columns of a grid, or the parts of a nested object."""
    held, now = _by_column(before.get("properties", {})), _by_column(after.get("properties", {}))
    for column, (name, schema) in now.items():
        named = {"field": f"{title} › {title_of(name, schema, {})}"}
        if column not in held:
            yield Line("fields", Said("Field “%(field)s” is new.", named), field)
            continue
        was = held[column][1]
        if {k: was.get(k) for k in ("type", "format", "$ref")} != {
            k: schema.get(k) for k in ("type", "format", "$ref")
        }:
            yield Line("fields", Said("“%(field)s” takes other kinds of values.", named), field)
        must = name in after.get("required", ()), held[column][0] in before.get("required", ())
        if must[0] != must[1]:
            message = (
                "“%(field)s” must be filled from now on." if must[0] else "“%(field)s” may stay empty from now on."
            )
            yield Line("fields", Said(message, named), field)
        yield from _schema_lines(field, held[column], (name, schema), ({}, {}), f"{title} › ")
    for column, (name, schema) in held.items():
        if column not in now:
            named = {"field": f"{title} › {title_of(name, schema, {})}"}
            yield Line("fields", Said("Field “%(field)s” disappears; its values are kept.", named), field)


def _choice_schema(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Where the choices stand: at the property, or at the items of a list, with the labels of the property."""
    items = schema.get("items", {})
    return {**schema, "enum": items["enum"]} if "enum" in items else schema


def _choices(
    field: str,
    title: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    words: tuple[Mapping[str, Any], Mapping[str, Any]],
) -> Iterator[Line]:
    old, new = list(before.get("enum", ())), list(after.get("enum", ()))
    if not old or not new:
        return
    labels = _labels(before, words[0]), _labels(after, words[1])
    retired = set(map(str, before.get("x-retired", ()))), set(map(str, after.get("x-retired", ())))
    groups = (
        ("Choices of “%(field)s”: added %(values)s.", [v for v in new if v not in old], 1, "enum value added"),
        ("Choices of “%(field)s”: gone %(values)s.", [v for v in old if v not in new], 0, "enum value removed"),
        (
            "Choices of “%(field)s”: %(values)s stays where it stands and is offered no more.",
            [v for v in new if str(v) in retired[1] - retired[0]],
            1,
            "choices",
        ),
        (
            "Choices of “%(field)s”: %(values)s is offered again.",
            [v for v in new if v in old and str(v) in retired[0] - retired[1]],
            1,
            "choices",
        ),
    )
    for message, values, side, kind in groups:
        if values:
            named = tuple(labels[side].get(str(v), str(v)) for v in values)
            yield Line("fields", Said(message, {"field": title, "values": named}), field, kind)
    for value in new:
        pair = [label.get(str(value), str(value)) for label in labels]
        if value in old and pair[0] != pair[1]:
            params = {"field": title, "before": pair[0], "after": pair[1]}
            yield Line("texts", Said("Choices of “%(field)s”: “%(before)s” reads “%(after)s”.", params), field)
    if [v for v in old if v in new] != [v for v in new if v in old]:
        yield Line("fields", Said("The choices of “%(field)s” stand in another order.", {"field": title}), field)


def _labels(schema: Mapping[str, Any], words: Mapping[str, Any]) -> dict[str, str]:
    return {**schema.get("x-enum-labels", {}), **words.get("x-enum-labels", {})}


def _moved(old: Definition, new: Definition, language: str) -> Iterator[Line]:
    """Which fields moved: those that must be lifted out so that the rest is in the order of before."""
    before = [f.origin for f in old.fields.values()]
    after = [f.origin for f in new.fields.values() if f.origin in before]
    before = [column for column in before if column in after]
    if before == after:
        return
    titles = {f.origin: f.title(language) for f in new.fields.values()}
    moved = [column for column in after if before.index(column) != after.index(column)]
    named = tuple(quoted(titles[column]) for column in moved)
    yield Line("screens", Said("The order of the fields changes: %(fields)s.", {"fields": named}), kind="order")
