"""The properties of a checked document as frozen Fields: types, bounds, choices, texts.

Called by `definition.parse`. The one place that knows which JSON Schema keywords make which row of
`fieldtypes.TYPES`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from metadata.model import NOTHING, EnumValue, Field, Texts, frozen
from metadata.parser.freezing import PLAIN, frozen_deep

LONGEST_LINE = 500
PERSON = "employee"  # whom a field of format person points at, where it does not say
MOST_PLACES = 9
FORMATS = {
    "date": "date",
    "date-time": "date_time",
    "time": "time",
    "email": "email",
    "uri": "uri",
    "uuid": "uuid",
}

WORDS = {  # what a property's schema says of its field in so many words
    "maxLength": "max_length",
    "minLength": "min_length",
    "minimum": "minimum",
    "maximum": "maximum",
    "exclusiveMinimum": "exclusive_minimum",
    "exclusiveMaximum": "exclusive_maximum",
    "multipleOf": "multiple_of",
    "pattern": "pattern",
    "default": "default",
    "x-dimension": "dimension",
    "x-core": "core",
    "x-widget": "widget",
    "x-format": "format",
    "x-formula": "formula",
    "x-tree": "tree",
    "x-was": "was",
    "x-moves": "moves",
    "minItems": "min_items",
    "maxItems": "max_items",
    "x-accept": "accept",
    "x-max-size": "max_size",
}


def read_fields(document: Mapping[str, Any], i18n: Mapping[str, Any]) -> dict[str, Field]:
    """The fields of a document by name, in its order; those of a nested object as `object.field`."""
    said = {language: spoken.get("properties", {}) for language, spoken in i18n.items()}
    return dict(_read(document, said, "", required=True))


def _read(
    schema: Mapping[str, Any], said: Mapping[str, Mapping[str, Any]], prefix: str, *, required: bool
) -> Iterator[tuple[str, Field]]:
    needed = frozenset(schema.get("required", ())) if required else frozenset()
    for key, inner in schema.get("properties", {}).items():
        name = f"{prefix}{key}"
        if inner.get("type") == "object":
            yield from _read(inner, said, f"{name}.", required=key in needed)
        else:
            words = {language: spoken.get(name, {}) for language, spoken in said.items()}
            yield name, read_field(name, inner, words, required=key in needed)


def read_field(
    name: str, schema: Mapping[str, Any], words: Mapping[str, Mapping[str, Any]], *, required: bool
) -> Field:
    """One field; `words` is what each language says about it."""
    kind, items = type_of(schema), schema.get("items", NOTHING)
    said = {
        WORDS[word]: value if type(value) in PLAIN else frozen_deep(value)
        for word, value in schema.items()
        if word in WORDS
    }
    return Field(
        name=name,
        column=schema["x-id"] if "x-id" in schema else name.replace(".", "__"),
        type=kind,
        texts=_texts(name, schema, words),
        required=required,
        enum=_choices(schema, words) if "enum" in schema or "enum" in items else (),
        ref=_target(schema, items),
        scale=decimal_places(schema["multipleOf"]) if kind == "decimal" else None,
        has_default="default" in schema,
        rows=frozen(_entries(items, words)) if kind == "rows" else NOTHING,
        **said,
    )


def _entries(items: Mapping[str, Any], words: Mapping[str, Mapping[str, Any]]) -> dict[str, Field]:
    said = {language: spoken.get("properties", {}) for language, spoken in words.items()}
    return dict(_read(items, said, "", required=True))


def _target(schema: Mapping[str, Any], items: Mapping[str, Any]) -> str | None:
    """The definition pointed at, by a reference, a list of them, or a person."""
    found: str | None = schema.get("$ref", items.get("$ref"))
    return PERSON if found is None and schema.get("x-format") == "person" else found


def type_of(schema: Mapping[str, Any]) -> str:
    """The name of the field type that a property's schema asks for."""
    if schema.get("x-format") in ("person", "attachment"):
        return str(schema["x-format"])
    if "$ref" in schema:
        return "reference"
    written: str = schema["type"]
    if written == "array":
        return _list_type(schema["items"])
    if "enum" in schema:
        return "choice" if written == "string" else "choice_integer"
    if written == "string":
        if "format" in schema:
            return FORMATS[schema["format"]]
        if "x-formula" in schema:
            return "text"
        return "text" if schema.get("maxLength", LONGEST_LINE + 1) <= LONGEST_LINE else "long_text"
    if written == "number" and "multipleOf" in schema and decimal_places(schema["multipleOf"]) is not None:
        return "decimal"
    return written


def _list_type(items: Mapping[str, Any]) -> str:
    if "$ref" in items:
        return "references"
    return "choices" if "enum" in items else "rows"


@lru_cache
def decimal_places(step: float) -> int | None:
    """How many places a step of 1, 0.1, 0.01 ... keeps; None when it is not such a step."""
    _, digits, exponent = Decimal(repr(step)).normalize().as_tuple()
    is_step = digits == (1,) and isinstance(exponent, int) and -MOST_PLACES <= exponent <= 0
    return -exponent if is_step and isinstance(exponent, int) else None


def _texts(name: str, schema: Mapping[str, Any], words: Mapping[str, Mapping[str, Any]]) -> Texts:
    translated = {
        language: frozen({key: spoken[key] for key in ("title", "description") if key in spoken})
        for language, spoken in words.items()
    }
    title = schema.get("title") or name.rpartition(".")[2].replace("_", " ").capitalize()
    return Texts(title, description=schema.get("description", ""), translated=frozen(translated))


def _choices(schema: Mapping[str, Any], words: Mapping[str, Mapping[str, Any]]) -> tuple[EnumValue, ...]:
    said = {"en": schema.get("x-enum-labels", {})}
    said |= {language: spoken.get("x-enum-labels", {}) for language, spoken in words.items()}
    retired = schema.get("x-retired", ())
    return tuple(
        EnumValue(
            value,
            frozen({language: labels[str(value)] for language, labels in said.items() if str(value) in labels}),
            value in retired,
        )
        for value in schema.get("enum", schema.get("items", {}).get("enum", ()))
    )
