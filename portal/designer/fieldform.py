"""A field's form: texts as typed on one side, a property of the definition's document on the other.

Called by the designer's pages; pure. What the form does not know of (bounds set over REST, patterns,
formats of display) stays with the field as long as its type does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from werkzeug.datastructures import MultiDict

from metadata.dialect import places
from metadata.parser.fields import decimal_places, type_of
from portal.designer import fieldshape, rowform
from portal.designer.fieldshape import RESULTS, TEXTS, TYPES, WITHOUT_START, FieldForm, Made
from portal.designer.naming import named_after

__all__ = [
    "RESULTS",
    "TEXTS",
    "TYPES",
    "WITHOUT_START",
    "FieldForm",
    "Made",
    "filled",
    "input_of",
    "read",
    "typed",
]
OWN = {
    "type",
    "format",
    "enum",
    "x-enum-labels",
    "$ref",
    "maxLength",
    "minimum",
    "maximum",
    "multipleOf",
    "title",
    "description",
    "default",
    "items",
    "minItems",
    "maxItems",
    "uniqueItems",
    "x-format",
    "x-formula",
    "x-tree",
    "x-accept",
    "x-max-size",
    "x-retired",
    "x-moves",
}
LASTING = {"x-id", "x-core", "x-was"}
INPUTS = {
    "enum": "choices",
    "x-enum-labels": "choices",
    "$ref": "target",
    "maxLength": "length",
    "minimum": "minimum",
    "maximum": "maximum",
    "multipleOf": "places",
    "description": "help",
    "format": "type",
    "type": "type",
    "title": "title",
    "default": "default",
    "items": "lines",
    "minItems": "least",
    "maxItems": "most",
    "x-formula": "formula",
    "x-accept": "accept",
    "x-max-size": "size",
    "x-tree": "tree",
    "x-moves": "moves",
}
WORDS = {
    "title": "title",
    "help": "description",
    "default": "default",
    "length": "maxLength",
    "minimum": "minimum",
    "maximum": "maximum",
    "formula": "x-formula",
    "least": "minItems",
    "most": "maxItems",
    "size": "x-max-size",
}


def typed(form: MultiDict[str, str], called: str = "") -> FieldForm:
    """The form as it was sent; a name that was left empty is that of the field, `called`, or follows the title."""
    columns = [form.getlist(f"choice_{part}") for part in ("value", "en", "zh")]
    length = max(map(len, columns))
    lines = zip(*([text.strip() for text in column] + [""] * (length - len(column)) for column in columns), strict=True)
    texts = {name: form.get(name, "").strip() for name in TEXTS}
    return FieldForm(
        {**texts, "name": texts["name"] or called or named_after(texts["title"])},
        bool(form.get("required")),
        bool(form.get("listed")),
        tuple((a, b, c) for a, b, c in lines if a or b or c),
        form.get("target", ""),
        _retired(form, columns[0]),
        rowform.typed(form),
        tuple((a.strip(), b.strip()) for a, b in _pairs(form) if a.strip()),
    )


def _pairs(form: MultiDict[str, str]) -> Iterable[tuple[str, str]]:
    return zip(form.getlist("move_from"), form.getlist("move_to"), strict=False)


def _retired(form: MultiDict[str, str], values: Sequence[str]) -> tuple[str, ...]:
    """The values whose line has a mark: the page sends the numbers of the lines."""
    lines = [int(n) for n in form.getlist("choice_retired") if n.isdecimal() and int(n) < len(values)]
    return tuple(values[n].strip() for n in lines if values[n].strip())


def filled(document: Mapping[str, Any], name: str) -> FieldForm:
    """The form of a field that the document has."""
    schema = places.schema(document, name)
    above, _dot, last = name.rpartition(".")
    holder = places.schema(document, above) if above else document
    spoken = document.get("x-i18n", {}).get("zh", {}).get("properties", {}).get(name, {})
    kind = kind_of(schema)
    scale = decimal_places(schema["multipleOf"]) if "multipleOf" in schema and kind != "integer" else None
    said = {key: fieldshape.text_of(schema.get(word)) for key, word in WORDS.items()}
    texts = {
        **said,
        "name": name,
        "title_zh": spoken.get("title", ""),
        "help_zh": spoken.get("description", ""),
        "type": kind,
        "places": fieldshape.text_of(scale),
        "result": type_of({k: v for k, v in schema.items() if k != "x-formula"}) if kind == "formula" else "",
        "accept": ", ".join(schema.get("x-accept", ())),
        "tree": "1" if schema.get("x-tree") else "",
        "fill": schema.get("x-moves", {}).get("fill", ""),
    }
    items = schema.get("items", {})
    values = schema.get("enum", items.get("enum", ()))
    labels, labels_zh = schema.get("x-enum-labels", {}), spoken.get("x-enum-labels", {})
    choices = tuple((str(v), labels.get(str(v), ""), labels_zh.get(str(v), "")) for v in values)
    return FieldForm(
        texts,
        last in holder.get("required", ()),
        name in document.get("x-screen", {}).get("list", ()),
        choices,
        schema.get("$ref", items.get("$ref", "")),
        tuple(str(v) for v in schema.get("x-retired", ())),
        rowform.filled(schema, spoken) if kind == "rows" else (),
        tuple((a, str(b)) for a, b in schema.get("x-moves", {}).get("values", {}).items()),
    )


def kind_of(schema: Mapping[str, Any]) -> str:
    """The type as the form has it: a formula is one whatever it gives, and choices may be numbers."""
    if "x-formula" in schema:
        return "formula"
    kind = type_of(schema)
    return "choice" if kind == "choice_integer" else kind


def read(form: FieldForm, before: Mapping[str, Any] | None, taken: Collection[str]) -> Made:
    """The property that the form asks for; `before` is the one it changes, `taken` are names of other fields."""
    made, texts = Made(), form.texts
    fieldshape.check_name(made, texts["name"], taken)
    if not texts["title"]:
        made.refuse("title", "A field needs a title.")
    kind = texts["type"]
    if kind not in TYPES:
        made.refuse("type", "Choose one of the types.")
        return made
    was = type_of(before) if before else ""
    same = bool(before) and kind == kind_of(before or {})
    not_asked = {"multipleOf"} if kind in ("integer", "number") else set()
    not_asked |= {"maxLength"} if kind in ("email", "long_text") else set()
    own = OWN - not_asked
    made.schema = {k: v for k, v in (before or {}).items() if k not in own and (same or k in LASTING)}
    made.schema |= fieldshape.of_type(made, form, kind, before or {}, whole=was == "choice_integer" and same)
    made.schema["title"] = texts["title"]
    if texts["help"]:
        made.schema["description"] = texts["help"]
    if texts["default"]:
        fieldshape.start(made, texts["default"], kind)
    fieldshape.moves(made, form)
    made.words = {"zh": {**made.words.get("zh", {}), "title": texts["title_zh"], "description": texts["help_zh"]}}
    if kind in ("choice", "choices"):
        made.words["zh"]["x-enum-labels"] = {value: zh for value, _en, zh in form.choices if zh}
    return made


def input_of(pointer: str, name: str) -> str:
    """The input that a problem of the dialect at `pointer` belongs to; "" when it is none of field `name`."""
    parts, there = pointer.strip("/").split("/"), places.pointer(name).strip("/").split("/")
    if parts[: len(there)] == there:
        return INPUTS.get(parts[len(there)], "name") if len(parts) > len(there) else "name"
    if parts[:1] == ["x-i18n"] and parts[2:4] == ["properties", name]:
        return "choices" if "x-enum-labels" in parts else "help_zh" if "description" in parts else "title_zh"
    return "name" if name in parts else ""
