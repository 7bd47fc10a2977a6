"""A field's form and its property: what is read from a document and sent back unchanged is the same document."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from werkzeug.datastructures import MultiDict

from metadata import dialect
from portal.designer import fieldform
from portal.designer.fieldform import FieldForm

PACKS = Path(__file__).parents[2] / "metadata" / "packs"
SHIPPED = [json.loads(p.read_text(encoding="utf-8")) for p in sorted(PACKS.glob("*/*.json")) if p.stem != "pack"]
DOCUMENTS = [d for d in SHIPPED if d.get("properties")]
LISTS = {
    "$id": "visit",
    "title": "Visit",
    "type": "object",
    "properties": {
        "seen": {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}, "x-retired": ["b"], "maxItems": 2, "title": "Seen"},
        "others": {"type": "array", "items": {"$ref": "visit"}, "minItems": 1, "title": "Others"},
        "above": {"$ref": "visit", "x-tree": True, "title": "Above"},
        "who": {"type": "integer", "x-format": "person", "$ref": "visit", "title": "Who"},
        "points": {"type": "integer", "minimum": 0, "title": "Points"},
        "double": {"type": "integer", "x-formula": "points * 2", "title": "Double"},
        "share": {"type": "number", "multipleOf": 0.1, "x-formula": "points / 3", "title": "Share"},
        "moved": {
            "type": "string", "enum": ["x", "y"], "title": "Moved", "x-id": "moved",
            "x-moves": {"values": {"z": "y"}, "fill": "concat('x')"},
        },
        "lines": {
            "type": "array", "title": "Lines",
            "items": {
                "type": "object", "required": ["what"],
                "properties": {
                    "what": {"type": "string", "maxLength": 80, "title": "What"},
                    "kind": {"type": "string", "enum": ["p", "q"], "x-enum-labels": {"p": "P"}, "title": "Kind"},
                    "at": {"$ref": "visit", "title": "At"}, "price": {"type": "number", "multipleOf": 0.001, "title": "Price"},
                },
            },
        },
    },
}  # fmt: skip


@pytest.mark.parametrize("document", [*DOCUMENTS, LISTS], ids=lambda d: d["$id"])
def test_every_field_comes_back_as_it_was(document):
    for name, schema in document["properties"].items():
        if schema.get("type") == "object":
            continue
        made = fieldform.read(fieldform.filled(document, name), schema, [])
        assert [p for _at, p in made.problems] == []
        expected = {k: v for k, v in schema.items() if k != "$ref" or "x-format" not in schema}
        if schema.get("type") == "string" and not {"maxLength", "format", "enum"} & schema.keys():
            expected.pop("pattern", None)
        assert {k: made.schema.get(k) for k in expected} == expected, name


def sent(**texts):
    return fieldform.typed(MultiDict({"title": "New", **texts}))


@pytest.mark.parametrize(
    ("at", "form"),
    [
        ("lines", sent(type="rows")),
        ("lines", sent(type="rows", row_title="A", row_type="choice")),
        ("lines", sent(type="rows", row_title="A", row_type="reference")),
        ("lines", sent(type="rows", row_title="质量")),
        ("formula", sent(type="formula", result="integer")),
        ("result", sent(type="formula", formula="1", result="wish")),
        ("target", sent(type="references")),
        ("least", sent(type="references", target="x", least="few")),
        ("choices", sent(type="choices")),
        ("default", sent(type="person", default="1")),
    ],
)
def test_what_is_wrong_is_told_at_its_input(at, form):
    assert at in [where for where, _problem in fieldform.read(form, None, []).problems]


def test_a_formula_that_cannot_be_read_is_told_at_the_formula():
    made = fieldform.read(sent(type="formula", formula="points * ", result="integer"), None, [])
    document = {**LISTS, "properties": {**LISTS["properties"], "new": made.schema}}
    wrong = [p for p in dialect.check([document]) if p.pointer.startswith("/properties/new")]
    assert [fieldform.input_of(p.pointer, "new") for p in wrong] == ["formula"]


def test_another_type_keeps_the_column_and_drops_what_does_not_fit():
    before = {"type": "string", "maxLength": 20, "pattern": "^a", "x-id": "code", "title": "Code"}
    form = FieldForm({**dict.fromkeys(fieldform.TEXTS, ""), "name": "code", "title": "Code", "type": "integer"})
    assert fieldform.read(form, before, []).schema == {"x-id": "code", "type": "integer", "title": "Code"}
