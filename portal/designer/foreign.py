"""A JSON Schema written elsewhere, as a document of the dialect; what can't be stored is named with what became of it.

Called by the designer's import page; pure. Local `$ref`s are put in place, `oneOf` of constants becomes an enum with
labels, a type with null becomes optional, names become names of ours. The result may still have problems, which
`dialect.check` names, as of any draft.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from metadata.parser.fields import FORMATS
from portal.designer.naming import named_after

DEEPEST = 12
KEPT = {
    "string": ("minLength", "maxLength", "pattern", "default"),
    "integer": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "default"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "default"),
    "boolean": ("default",),
}
TEXTS = {"title": 200, "description": 2000}
SILENT = {*TEXTS, "type", "format", "enum", "const", "oneOf", "anyOf", "$ref", "items", "properties", "required"} | {
    *("$comment", "examples", "additionalProperties", "uniqueItems", "minItems", "maxItems", "readOnly", "writeOnly"),
    *("$schema", "$id", "$defs", "definitions", "nullable", "deprecated"),
}
NO_FORMAT = "The format “%(what)s” is not known; it becomes text."
NO_KEYWORD = "“%(what)s” can't be stored and is left out."
NO_VARIANTS = "Several shapes for one field can't be stored; the first one is taken."
NO_SHAPE = "An object without named fields can't be stored; it becomes long text."
NO_LIST = "A list of plain values becomes a table with one field."
NO_REFERENCE = "The reference “%(what)s” leads out of the file; it becomes text."
NO_TYPE = "Nothing says what this holds; it becomes text."
RENAMED = "It is called “%(what)s” here."
DEEP = "It is nested too deeply; it becomes long text."


@dataclass(frozen=True)
class Note:
    """What became of something that can't be taken as it is: where, and the sentence."""

    pointer: str
    message: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class _Reader:
    root: Mapping[str, Any]
    notes: list[Note] = field(default_factory=list)

    def note(self, pointer: str, message: str, what: str = "") -> None:
        self.notes.append(Note(pointer, message, {"what": what} if what else {}))

    def fields(self, schema: Mapping[str, Any], pointer: str, depth: int) -> tuple[dict[str, Any], list[str]]:
        """The properties and which of them are required, under names of ours."""
        made: dict[str, Any] = {}
        names: dict[str, str] = {}
        for given, inner in schema.get("properties", {}).items():
            where = f"{pointer}/properties/{given}"
            name = named_after(str(given).replace("-", "_")) or f"field_{len(made) + 1}"
            while name in made:
                name = f"{name}_2"
            if name != given:
                self.note(where, RENAMED, name)
            names[given] = name
            found = self.field(inner if isinstance(inner, Mapping) else {}, where, depth)
            made[name] = {**found, "title": found.get("title") or _title(given)}
        return made, [names[n] for n in schema.get("required", ()) if n in names]

    def field(self, schema: Mapping[str, Any], pointer: str, depth: int) -> dict[str, Any]:
        """One property."""
        schema = self.plain(schema, pointer)
        texts = {k: str(schema[k])[:most] for k, most in TEXTS.items() if schema.get(k)}
        kind = _type(schema)
        allowed = {*SILENT, *KEPT.get(kind, ())}
        for word in schema:
            if word not in allowed and not word.startswith("x-"):
                self.note(f"{pointer}/{word}", NO_KEYWORD, word)
        return {**self.shape(schema, kind, pointer, depth), **texts}

    def plain(self, schema: Mapping[str, Any], pointer: str) -> Mapping[str, Any]:
        """The schema with its reference put in place and its variants decided."""
        for _round in range(DEEPEST):
            if "$ref" in schema:
                target = self.found(str(schema["$ref"]))
                if target is None:
                    self.note(pointer, NO_REFERENCE, str(schema["$ref"])[:80])
                    return {k: v for k, v in schema.items() if k in TEXTS} | {"type": "string"}
                schema = {**target, **{k: v for k, v in schema.items() if k != "$ref"}}
            elif "oneOf" in schema or "anyOf" in schema:
                schema = self.decided(schema, pointer)
            else:
                return schema
        return {"type": "string"}

    def found(self, reference: str) -> Mapping[str, Any] | None:
        """What a local reference points at."""
        place: Any = self.root
        if not reference.startswith("#/"):
            return None
        for key in reference[2:].split("/"):
            place = place.get(key.replace("~1", "/").replace("~0", "~")) if isinstance(place, Mapping) else None
        return place if isinstance(place, Mapping) else None

    def decided(self, schema: Mapping[str, Any], pointer: str) -> Mapping[str, Any]:
        """A choice of constants as an enum; of other variants the first that is not null."""
        word = "oneOf" if "oneOf" in schema else "anyOf"
        rest = {k: v for k, v in schema.items() if k not in ("oneOf", "anyOf")}
        variants = [v for v in schema[word] if isinstance(v, Mapping) and v.get("type") != "null"]
        if variants and all("const" in v for v in variants):
            labels = {str(v["const"]): str(v["title"])[:200] for v in variants if v.get("title")}
            made = {**rest, "enum": [v["const"] for v in variants]}
            return {**made, "x-enum-labels": labels} if labels else made
        if len(variants) > 1:
            self.note(pointer, NO_VARIANTS)
        return {**(variants[0] if variants else {"type": "string"}), **rest}

    def shape(self, schema: Mapping[str, Any], kind: str, pointer: str, depth: int) -> dict[str, Any]:
        """What is stored."""
        if depth > DEEPEST:
            self.note(pointer, DEEP)
            return {"type": "string"}
        if "const" in schema and "enum" not in schema:
            schema = {**schema, "enum": [schema["const"]]}
        if schema.get("enum"):
            return _choice(schema)
        if kind == "object":
            return self.group(schema, pointer, depth)
        if kind == "array":
            return self.listed(schema, pointer, depth)
        if not kind:
            self.note(pointer, NO_TYPE)
            return {"type": "string", "maxLength": 200}
        made = {"type": kind, **{k: schema[k] for k in KEPT[kind] if k in schema}}
        if kind == "string" and "format" in schema:
            if schema["format"] in FORMATS:
                return {"type": kind, "format": schema["format"]}
            self.note(f"{pointer}/format", NO_FORMAT, str(schema["format"]))
        return made

    def group(self, schema: Mapping[str, Any], pointer: str, depth: int) -> dict[str, Any]:
        """An object within the record."""
        if not isinstance(schema.get("properties"), Mapping) or not schema["properties"]:
            self.note(pointer, NO_SHAPE)
            return {"type": "string"}
        made, required = self.fields(schema, pointer, depth + 1)
        return {"type": "object", "properties": made, **({"required": required} if required else {})}

    def listed(self, schema: Mapping[str, Any], pointer: str, depth: int) -> dict[str, Any]:
        """Several choices, or a table of rows."""
        bounds = {k: schema[k] for k in ("minItems", "maxItems") if k in schema}
        given = schema.get("items")
        items = self.plain(given if isinstance(given, Mapping) else {}, f"{pointer}/items")
        if items.get("enum"):
            chosen = _choice({**items, "enum": [str(v) for v in items["enum"]]})
            labels = {"x-enum-labels": chosen.pop("x-enum-labels")} if "x-enum-labels" in chosen else {}
            return {"type": "array", "items": chosen, **bounds, **labels}
        if _type(items) == "object" and items.get("properties"):
            rows = self.group(items, f"{pointer}/items", depth)
            return {"type": "array", "items": rows, **bounds}
        self.note(pointer, NO_LIST)
        value = {
            **self.shape({**items, "type": _type(items) or "string"}, _type(items) or "string", pointer, depth + 1)
        }
        row = {"type": "object", "properties": {"value": {**value, "title": "Value"}}, "required": ["value"]}
        return {"type": "array", "items": row, **bounds}


def converted(schema: Mapping[str, Any]) -> tuple[dict[str, Any], list[Note]]:
    """The fields of a document, `required` with them, and what became of the rest."""
    reader = _Reader(schema)
    for word in schema:
        if word not in SILENT:
            reader.note(f"/{word}", NO_KEYWORD, word)
    properties, required = reader.fields(reader.plain(schema, ""), "", 1)
    return {"properties": properties, **({"required": required} if required else {})}, reader.notes


def _type(schema: Mapping[str, Any]) -> str:
    """The one type that a value has besides null; empty where nothing says it."""
    given = schema.get("type")
    named = [t for t in given if t != "null"] if isinstance(given, list) else [given] if given else []
    if named:
        return str(named[0]) if named[0] in (*KEPT, "object", "array") else "string"
    return "object" if "properties" in schema else "array" if "items" in schema else ""


def _choice(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Whole numbers stay numbers, anything else becomes text."""
    values = [v for v in schema["enum"] if v is not None]
    whole = all(isinstance(v, int) and not isinstance(v, bool) for v in values)
    made: dict[str, Any] = {
        "type": "integer" if whole else "string",
        "enum": list(dict.fromkeys(values if whole else [str(v).strip() for v in values])),
    }
    labels = schema.get("x-enum-labels")
    return {**made, "x-enum-labels": labels} if labels else made


def _title(name: str) -> str:
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in str(name)).replace("_", " ").replace("-", " ")
    return " ".join(words.split()).capitalize()[:200] or "Field"
