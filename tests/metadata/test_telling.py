"""What changed for whom, in sentences: the examples that HR reads, and that no difference goes without words."""

from __future__ import annotations

import ast
import copy
import json
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from hypothesis import given, settings
from hypothesis import strategies as st

from metadata import dialect, packs
from metadata.catalog import compile_catalog
from metadata.parser import parse
from metadata.telling import english, tell
from metadata.telling.said import TOPICS

ROOT = Path(__file__).parents[2]
SHIPPED = [d for pack in packs.available() for d in pack.documents]
KNOWN = compile_catalog(1, {d["$id"]: parse(d) for d in SHIPPED})
OUTPUT = next(d for d in SHIPPED if d["$id"] == "production_output")
EMPLOYEE = next(d for d in SHIPPED if d["$id"] == "employee")


def said(document, change, language="en"):
    """The sentences about what `change` does to a copy of the document."""
    changed = copy.deepcopy(document)
    change(changed)
    return [english(line) for line in tell(parse(document), parse(changed), language)]


def at(*path, value):
    """A change that puts `value` at the end of `path`; None takes away what is there."""

    def change(document):
        place = document
        for step in path[:-1]:
            place = place.setdefault(step, {})
        if value is None:
            place.pop(path[-1], None)
        else:
            place[path[-1]] = value

    return change


EXAMPLES = [
    (
        EMPLOYEE,
        at("x-access", "HR admin", "hides", value=["birth_date", "gender"]),
        "“HR admin” can no longer see “Date of birth”, “Gender”.",
    ),
    (OUTPUT, at("properties", "shift", "enum", value=["early", "late", "night", "extra"]), "Choices of “Shift”: added night, extra."),
    (OUTPUT, at("properties", "note", "maxLength", value=50), "“Note” takes 50 characters at most (before: 500)."),
    (OUTPUT, at("x-measure", "cap", value=1.5), "How it is measured: the highest attainment is 1.5 (before: 1.2)."),
    (OUTPUT, at("properties", "line", "x-formula", value="a + b"), "“Line” is computed as a + b (before: –)."),
    (OUTPUT, at("x-access", "Employee", value={"rows": "own", "can": ["list"]}), "“Employee” can now: see the list."),
    (OUTPUT, at("x-access", "Auditor", value=None), "“Auditor” has no access any more (before: all records: see the list, open records, export)."),
    (
        OUTPUT,
        at("x-access", "Employee", value=[{"rows": "all", "can": ["list"], "where": {"properties": {"line": {"const": "casting"}}}}]),
        "“Employee” reaches all records where Line = Casting (before: no records).",
    ),
    (OUTPUT, at("x-screen", "list", value=["day", "line"]), "The list no longer shows “Department”, “Shift”, “Planned”, “Produced”."),
    (
        OUTPUT,
        at("then", value={"required": ["note", "line"]}),
        "Holds from now on: where Produced = 0: “Note”, “Line” must be filled; else: “Note” may be filled",
    ),
    (OUTPUT, at("x-unique", value=[["day"]]), "No two records may have the same “Day”."),
    (OUTPUT, at("title", value="Output"), "Its title: Production output → Output."),
    (OUTPUT, at("properties", "line", "title", value="Belt"), "“Line” is called “Belt” from here on."),
    (OUTPUT, at("x-icon", value="star"), "Its icon is star (before: {icon}).".format(icon=OUTPUT.get("x-icon", "–"))),
    (OUTPUT, at("x-import", value={"headers": {"Tag": "day"}}), 'Files are read with other headers or dates: {"headers": {"Tag": "day"}} (before: –).'),
]  # fmt: skip


class TestTell:
    @pytest.mark.parametrize(("document", "change", "sentence"), EXAMPLES, ids=[e[2][:40] for e in EXAMPLES])
    def test_says_what_changed_for_whom(self, document, change, sentence):
        assert sentence in said(document, change)

    def test_names_fields_and_choices_in_the_readers_language(self):
        sentences = said(OUTPUT, at("properties", "note", "maxLength", value=50), "zh")
        assert "“备注” takes 50 characters at most (before: 500)." in sentences

    def test_a_renamed_field_that_stays_hidden_is_no_change_of_access(self):
        def rename(document):
            document["properties"] = {
                ("pay" if name == "salary" else name): ({**item, "x-id": "salary"} if name == "salary" else item)
                for name, item in document["properties"].items()
            }
            for rule in document["x-access"].values():
                if "salary" in rule.get("hides", ()):
                    rule["hides"] = ["pay" if n == "salary" else n for n in rule["hides"]]

        assert not [s for s in said(EMPLOYEE, rename) if "see" in s]

    def test_the_columns_of_a_grid_are_told_one_by_one(self):
        def grid(**columns):
            items = {"type": "object", "properties": columns}
            return {
                "$id": "a",
                "title": "A",
                "properties": {"lines": {"type": "array", "title": "Lines", "items": items}},
            }

        weight = {"type": "number", "title": "Weight", "minimum": 0}
        before, after = grid(weight=weight), grid(weight={**weight, "minimum": 5}, note={"type": "string"})
        lines = [english(line) for line in tell(_grid(before), _grid(after))]
        assert "Field “Lines › Note” is new." in lines
        assert "“Lines › Weight” must be at least 5 (before: 0)." in lines

    def test_equal_documents_have_nothing_to_tell(self):
        assert all(tell(parse(d), parse(copy.deepcopy(d))) == [] for d in SHIPPED)


def _grid(document):
    """A definition with a property that the dialect may not store yet; only what is told of it matters."""
    plain = copy.deepcopy(document)
    definition = parse({**plain, "properties": {}})
    object.__setattr__(definition, "document", document)
    return definition


@st.composite
def edits(draw):
    """A shipped definition, and the same after something at a random place was replaced, removed or moved."""
    document = draw(st.sampled_from(SHIPPED))
    changed = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 4))):
        key = draw(st.sampled_from(sorted(set(changed) - {"$id", "type", "x-kind"})))
        place, path = changed, key
        while isinstance(place[path], dict) and place[path] and draw(st.booleans()):
            place, path = place[path], draw(st.sampled_from(sorted(place[path])))
        value = place[path]
        if isinstance(value, list) and len(value) > 1 and draw(st.booleans()):
            place[path] = value[::-1]
        elif isinstance(value, str) and draw(st.booleans()):
            place[path] = value + "x"
        elif isinstance(value, dict) and len(value) > 1 and draw(st.booleans()):
            place[path] = dict(reversed(value.items()))
        elif path not in ("title", "properties", "rows", "time", "plan", "actual", "type", "$ref", "fields", "format"):
            place.pop(path)
    return document, changed


@settings(max_examples=150, deadline=None)
@given(edits())
def test_no_difference_goes_without_words(pair):
    document, changed = pair
    if dialect.check([changed], KNOWN):
        return  # no definition any more, or one that does not fit the others
    old, new = parse(document), parse(changed)
    lines = tell(old, new)
    same = json.dumps(document) == json.dumps(changed)
    assert bool(lines) != same
    assert all(english(line) and line.topic in TOPICS and "Other settings" not in english(line) for line in lines)
    assert all(english(line) for line in tell(new, old, "zh"))


def test_every_sentence_is_said_in_chinese():
    with (ROOT / "portal" / "translations" / "zh" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        chinese = {message.id for message in read_po(file) if message.string}
    spoken = set()
    for path in (ROOT / "metadata" / "telling").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "%(" in node.value:
                spoken.add(node.value)
    assert spoken - chinese == set()
