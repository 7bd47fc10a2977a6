"""The first pass: one document against the meta-schema `metadata/dialect.json`, in sentences for people.

Called by `check` with plain JSON of a bounded size. jsonschema finds the places; the words are ours,
because its own speak of instances and schemas.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from metadata.dialect import later
from metadata.dialect.plain import step
from metadata.errors import Problem
from metadata.validation import BOUNDS, REQUIRED

DIALECT: Mapping[str, Any] = json.loads((Path(__file__).parent.parent / "dialect.json").read_text(encoding="utf-8"))
KINDS: tuple[str, ...] = tuple(DIALECT["properties"]["x-kind"]["enum"])
MOST_PROBLEMS = 100
LONGEST_SHOWN = 40

TYPES = {
    "string": "Text is expected here.",
    "integer": "A whole number is expected here.",
    "number": "A number is expected here.",
    "boolean": "True or false is expected here.",
    "array": "A list, written in [ ], is expected here.",
    "object": "An object, written in { }, is expected here.",
    "string integer": "Text or a whole number is expected here.",
    "string array": "Text or a list of texts is expected here.",
    "string null": "Text is expected here.",
    "string number boolean": "Text, a number, or true or false is expected here.",
}
COUNTS = {
    "minItems": "This list is too short: %(limit)s or more are expected.",
    "maxItems": "At most %(limit)s entries are possible here.",
    "maxProperties": "At most %(limit)s entries are possible here.",
}
# What the title of a sub-schema with a pattern stands for.
FORMS = {
    "name": "A name has up to 40 small letters, digits and single _, and begins with a letter.",
    "column": "A column has up to 60 small letters, digits and single _, and begins with a letter.",
    "language": "A language is written as browsers write it, for example zh or pt-BR.",
    "icon": "An icon is named by small letters, digits and -.",
    "order": "An order is a field's name, with - in front for the largest first.",
    "accept": "A kind of file is written as a media type or an ending, for example application/pdf, image/* or .docx.",
    "title": "A title is one line of up to 200 characters that can be seen.",
    "page": "A page is an address on this site that begins with /.",
}
UNKNOWN = "“%(name)s” is no word of the dialect here."
UNKNOWN_NEAR = "“%(name)s” is no word of the dialect here; did you mean “%(near)s”?"
MISSING = "“%(name)s” is missing."
UNFIT = "“%(name)s” does not go with this type of field."
# The way to say the same, for words of JSON Schema that the dialect leaves out.
HINTS = {
    "anyOf": "A field has one type. For one of several values use enum; for conditions use if and then at the root.",
    "oneOf": "For choices with labels use enum and x-enum-labels.",
    "const": "A field that never changes needs no field; put it into the title or the description.",
    "not": "Write conditions at the root of the definition, with if and then.",
    "allOf": "Write conditions at the root of the definition, with if and then.",
    "if": "Write conditions at the root of the definition, over the names of fields.",
    "patternProperties": "Name every field under properties.",
    "additionalProperties": "Name every field under properties; a record never has others.",
    "unevaluatedProperties": "Name every field under properties; a record never has others.",
    "$defs": "Make a definition of its own and refer to it by its name.",
    "definitions": "Make a definition of its own and refer to it by its name.",
    "exclusiveMinimum": "Leave it out, or use it with a number.",
    "nullable": "A field that is not listed under required may stay empty.",
    "x-enum": "Use enum and x-enum-labels.",
    "required": "List the names of required fields under required at the root.",
    "readOnly": "Say under x-access which roles see a field locked.",
    "writeOnly": "Say under x-access for which roles a field is hidden.",
    "examples": "Put an example into the description.",
    "$comment": "Put it into the description.",
}
REMOTE = "A reference names another definition, for example employee; nothing outside the catalog can be referred to."
FIELD_TYPES = "string, integer, number, boolean, array, object"
ONE_TYPE = "A field has a type (string, integer, number, boolean, array or object) or a $ref."
SEVERAL_TYPES = "A field has exactly one type; one that is not listed under required may stay empty."


def kind_of(document: Mapping[str, Any]) -> str:
    """The kind by whose rules the document is judged, also when its own word for it is unknown."""
    kind = document.get("x-kind", "entity")
    return kind if isinstance(kind, str) and kind in KINDS else "entity"


def problems(document: dict[str, Any]) -> list[Problem]:
    """Everything in which the document leaves the meta-schema, at most a hundred."""
    found: list[Problem] = []
    judged = dict(document)
    if "x-kind" in document and kind_of(document) != document["x-kind"]:
        found.append(Problem("/x-kind", BOUNDS["enum"], {"limit": ", ".join(KINDS)}))
        judged["x-kind"] = "entity"
    fields = document.get("properties")
    if isinstance(fields, dict):
        answers = {n: later.problems(step("/properties", n), s) for n, s in fields.items() if isinstance(s, dict)}
        found += [problem for answer in answers.values() for problem in answer]
        judged["properties"] = {n: {"type": "boolean"} if answers.get(n) else s for n, s in fields.items()}
    for word, limit in _lists().items():
        given = document.get(word)
        if isinstance(given, list) and len(given) > limit:  # said at once: looking at each entry would cost too much
            found.append(Problem(f"/{word}", COUNTS["maxItems"], {"limit": limit}))
            del judged[word]
    for error in _validator(kind_of(judged)).iter_errors(judged):
        found += _said(error)
        if len(found) >= MOST_PROBLEMS:
            break
    return found[:MOST_PROBLEMS]


@cache
def _lists() -> Mapping[str, int]:
    """How many entries the lists of a definition may have, by their word."""
    words = DIALECT["$defs"]["definition"]["properties"]
    schemas = {word: DIALECT["$defs"][s["$ref"].rsplit("/", 1)[1]] if "$ref" in s else s for word, s in words.items()}
    return {word: schema["maxItems"] for word, schema in schemas.items() if "maxItems" in schema}


@cache
def _validator(kind: str) -> Draft202012Validator:
    return Draft202012Validator({"$defs": DIALECT["$defs"], "$ref": f"#/$defs/{kind}"})


def _said(error: ValidationError) -> Iterator[Problem]:
    path = ""
    for part in error.absolute_path:
        path = step(path, part)
    if "propertyNames" in error.absolute_schema_path:
        path = step(path, error.instance)
    wanted: Any = error.validator_value
    given: Any = error.instance
    schema: Any = error.schema
    if error.validator in ("additionalProperties", "unevaluatedProperties"):
        known = set(schema.get("properties", ()))
        if error.validator == "unevaluatedProperties":
            known |= set(DIALECT["$defs"]["definition"]["properties"])
        yield from (_unknown(name, known, path) for name in islice((n for n in given if n not in known), MOST_PROBLEMS))
    elif error.validator == "required":
        hint = ONE_TYPE if "type" in wanted and path.startswith("/properties/") else ""
        yield from (Problem(step(path, name), MISSING, {"name": name}, hint) for name in wanted if name not in given)
    else:
        yield _of_keyword(str(error.validator), schema.get("title", ""), given, path, wanted)


def _of_keyword(keyword: str, title: str, given: Any, path: str, wanted: Any) -> Problem:
    if keyword in ("pattern", "maxLength") and title in FORMS:
        hint = REMOTE if path.endswith("/$ref") else ""
        return Problem(path, FORMS[title], hint=hint)
    if keyword == "type":
        types = wanted if isinstance(wanted, str) else " ".join(wanted)
        return Problem(path, TYPES[types], hint=SEVERAL_TYPES if path.endswith("/type") else "")
    if keyword in COUNTS:
        return Problem(path, COUNTS[keyword], {"limit": wanted})
    if keyword == "minProperties":
        return Problem(path, "At least one entry is needed here.")
    if keyword == "minLength" and wanted == 1:
        return Problem(path, REQUIRED)
    if keyword in ("const", "enum"):
        listed = wanted if isinstance(wanted, list) else [wanted]
        if path.startswith("/properties/") and path.endswith("/type"):
            hint = SEVERAL_TYPES if isinstance(given, list) else ""
            return Problem(path, BOUNDS["enum"], {"limit": FIELD_TYPES}, hint)
        return Problem(path, BOUNDS["enum"], {"limit": ", ".join(_shown(item) for item in listed)})
    if keyword in BOUNDS:
        return Problem(path, BOUNDS[keyword], {"limit": wanted})
    return Problem(path, "These values do not go together.")


def _shown(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


def _unknown(name: str, known: set[str], path: str) -> Problem:
    """A word that its place does not know: what it might have meant, or how the dialect says the same."""
    shown = name if len(name) <= LONGEST_SHOWN else name[:LONGEST_SHOWN] + "…"
    hint = HINTS.get(name, "")
    close = [] if hint else get_close_matches(name[:LONGEST_SHOWN], sorted(known), 1, 0.75)
    if close:
        return Problem(step(path, name), UNKNOWN_NEAR, {"name": shown, "near": close[0]})
    fits_elsewhere = path.startswith("/properties/") and name in _field_words()
    return Problem(step(path, name), UNFIT if fits_elsewhere else UNKNOWN, {"name": shown}, hint)


@cache
def _field_words() -> frozenset[str]:
    single = ("reference", "choice", "formatted", "line", "number", "switch", "person", "attachment", "formula")
    kinds = (*single, "references", "choices", "rows", "group")
    return frozenset(word for kind in kinds for word in DIALECT["$defs"][kind]["properties"])
