"""What the dialect does with documents that nobody would write: it answers with Problems, soon, and lets nothing unsound through."""

from __future__ import annotations

import copy
import json
import re
import time
from contextlib import suppress
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from metadata import dialect, packs, publish, records
from metadata.access import system
from metadata.dialect import patterns
from metadata.dialect.shape import DIALECT
from metadata.engine import make_engine, publishing
from metadata.errors import Problem, ProductError
from metadata.versions import load_catalog
from tests import hostile
from tests.metadata.conftest import HANA, NOW
from tests.workflows.demo_company import install_packs

SHIPPED = [json.loads(json.dumps(d, default=dict)) for pack in packs.available() for d in pack.documents]
ROOT = {"$id": "shift", "title": "Shift", "type": "object", "properties": {"day": {"type": "string", "format": "date"}}}
SECONDS = 1.0


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"not": value}
    return value


def looped() -> dict[str, Any]:
    document: dict[str, Any] = dict(ROOT)
    document["x-screen"] = document
    return document


HOSTILE: dict[str, Any] = {
    "not a mapping": [1],
    "nothing": None,
    "text": "{}",
    "empty": {},
    "ten megabytes of text": {**ROOT, "title": "x" * 10_000_000},
    "a million entries": {**ROOT, "required": ["day"] * 1_000_000},
    "a hundred thousand fields": {**ROOT, "properties": {f"f{i}": {"type": "string"} for i in range(100_000)}},
    "a large enum": {**ROOT, "properties": {"a": {"type": "string", "enum": [str(i) for i in range(19_000)]}}},
    "many unknown words": {**ROOT, **{f"w{i}": 1 for i in range(900)}},
    "many near words": {**ROOT, **{f"x-scree{i}": 1 for i in range(900)}},
    "many wrong fields": {**ROOT, "properties": {f"f{i}": {f"typ{j}": 1 for j in range(18)} for i in range(900)}},
    "many wrong steps": {**ROOT, "allOf": [{"if": {"properties": {f"g{i}": {"const": []}}}} for i in range(900)]},
    "depth": {**ROOT, "if": deep(5_000)},
    "depth within the limit": {**ROOT, "if": deep(20)},
    "a loop": looped(),
    "not a number": {**ROOT, "properties": {"a": {"type": "number", "minimum": float("nan")}}},
    "infinity": {**ROOT, "properties": {"a": {"type": "number", "default": float("inf")}}},
    "a huge number": {**ROOT, "properties": {"a": {"type": "integer", "default": 10**5000}}},
    "a name that is no text": {**ROOT, 7: 8},
    "a value that is no JSON": {**ROOT, "title": object()},
    "a set": {**ROOT, "required": {"day"}},
    "bytes": {**ROOT, "title": b"Shift"},
    "a zero byte": {**ROOT, "title": "Shi\x00ft"},
    "half a character": {**ROOT, "title": "Shi\ud800ft"},
    "an $id that is no text": {**ROOT, "$id": {"a": 1}},
    "a long $id": {**ROOT, "$id": "a" * 5_000},
    "a hostile $id": {**ROOT, "$id": 'a"; DROP TABLE rec_employee; --'},
    "withdrawn by a number": {"$id": "shift", "x-withdrawn": 1},
    "withdrawn unknown": {"$id": ["shift"], "x-withdrawn": True},
    "true for one": {**ROOT, "properties": {"a": {"type": "integer", "minimum": True}}},
}


def asked(documents: Any) -> list[Problem]:
    """The problems, found with less than a second of this thread's work, however busy the machine is."""
    started = time.thread_time()
    problems = dialect.check(documents)
    assert time.thread_time() - started < SECONDS
    assert all(p.text and p.hint is not None for p in problems)
    return problems


@pytest.mark.parametrize("document", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_documents_are_refused_in_a_second(document):
    assert asked([document])


@pytest.mark.parametrize("what", hostile.REFUSED)
def test_attacks_are_refused_at_their_place_with_the_reason(what):
    documents, pointer, sentence = hostile.REFUSED[what]
    problems = asked(documents())
    assert [p for p in problems if p.pointer.startswith(pointer) and sentence in p.text], problems[:3]
    assert len(problems) <= dialect.shape.MOST_PROBLEMS


@pytest.mark.parametrize("what", hostile.TAKEN)
def test_what_is_large_and_taken_is_stored_and_read(bare_door, what):
    """On both databases; SQLite joins no more than 64 tables."""
    documents = hostile.TAKEN[what]()
    assert asked(documents) == []
    bare_door.publish(*documents)
    made = bare_door.create("shift", a=1, t="x")
    assert bare_door.ids("shift") == [made.id]
    fields = bare_door.catalog["shift"].definition.fields
    if "r0" in fields:
        last = bare_door.create("shift", r0=made.id, r189=made.id)
        with Session(bare_door.engine) as session:
            found = records.find(session, bare_door.catalog, "shift", HANA, last.id)
            down = records.Query(order=(("r189", False),))
            listed = records.select(session, bare_door.catalog, "shift", HANA, down)
        assert found.labels["r0"] == found.labels["r189"]
        assert found.labels.keys() == {"r0", "r189"}
        assert [record.id for record in listed.rows] == [last.id, made.id]


@pytest.mark.parametrize("word", list(DIALECT["$defs"]["definition"]["properties"]))
@pytest.mark.parametrize(
    "value", [None, True, 3, 1.5, "x", [], [[]], [{}], [1], {}, {"a": None}, {"a": {"a": []}}], ids=str
)
def test_any_word_with_any_type_of_value_is_answered(word, value):
    asked([{**ROOT, word: value}])


def test_html_in_texts_is_only_text():
    html = "<script>alert(1)</script>"
    assert asked([{**ROOT, "title": html, "description": html}]) == []


def test_many_documents_are_refused_together():
    assert asked([ROOT] * 5_000)


def test_frozen_documents_are_taken():
    assert asked([MappingProxyType({**ROOT, "properties": MappingProxyType(ROOT["properties"])})]) == []


class TestPatterns:
    @pytest.mark.parametrize(
        "pattern",
        [
            *("^[A-Z]{2}-[0-9]{4}$", r"^\d+(\.\d+)?$", "^(AB|CD)[0-9]*$", r"^(\d{1,3}\.){3}\d{1,3}$", r"^1[3-9]\d{9}$"),
            *(r"^[A-Z]{1,3}(-\d{1,4}){0,3}$", "^(?:\\d{3},)*\\d{3}$", "^[^@]+@[^@]+$", "^[\u4e00-\u9fff]{2,20}$"),
        ],
    )
    def test_everyday_ones_are_taken(self, pattern):
        assert patterns.wrong_with(pattern, 500) is None

    @pytest.mark.parametrize(
        "pattern",
        [
            *("(a+)+$", "(a|ab)*c", "(.*)*", ".*.*.*x", "^(a?){50}a{50}$", "^" + "a?" * 60 + "a" * 60, r"(\w+\s?)*$"),
            *("(?=a)b", r"(a)\1", "^(?i)a", "^(x+){2}(x+){2}(x+){2}y$", "^(a{0,9}){9}b$", "^(?:a|b|)*$", "^(.*,){5}x"),
            *("^" + "(a?)?" * 33, "(" * 49 + "a?" + ")?" * 49, "[", "(?P<a>.)(?P<a>.)", "a{2,1}", "\\"),
        ],
    )
    def test_those_that_may_never_end_or_can_not_be_read_are_refused(self, pattern):
        started = time.thread_time()
        assert patterns.wrong_with(pattern, 500) is not None
        assert time.thread_time() - started < SECONDS

    @pytest.mark.filterwarnings("ignore:Possible nested set:FutureWarning")
    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.text("ab.*+?{}()|[]^$\\d2,-", max_size=24), st.lists(st.sampled_from(["a", "b", "2", "ab", "-"]), max_size=3)
    )
    def test_what_is_taken_ends_soon_on_bad_texts(self, pattern, parts):
        if patterns.wrong_with(pattern, 500) is not None:
            return
        for part in [*parts, "a", "ab", "2"]:
            text = (part * 500)[:499] + "!"
            started = time.thread_time()
            re.search(pattern, text)
            assert time.thread_time() - started < SECONDS


VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**20), 10**20),
        st.floats(),
        st.sampled_from(
            ["", "day", "string", "number", "date", "a:b :c", "100%", "it's", 'say "x"', "\\n", "{a}", "é中"]
        ),
        st.text(max_size=8),
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "enum", "x-id", "a"]), inner, max_size=3)
    ),
    max_leaves=6,
)
WORDS = sorted({w for kind in DIALECT["$defs"].values() for w in kind.get("properties", {})})
FIELDS = [schema for document in SHIPPED for schema in document["properties"].values()]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


@st.composite
def mutants(draw: Any) -> dict[str, Any]:
    """A shipped definition with a few things in it broken, replaced, moved or added."""
    document = copy.deepcopy(draw(st.sampled_from(SHIPPED)))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from([place for place in places(document) if place]))
        holder = document
        for key in path[:-1]:
            holder = holder[key]
        match draw(st.sampled_from(["drop", "value", "field", "word", "near", "number"])):
            case "drop":
                del holder[path[-1]]
            case "value":
                holder[path[-1]] = draw(VALUES)
            case "field":
                fields = document.get("properties")
                if isinstance(fields, dict):
                    name = draw(st.sampled_from([*fields, "extra", "y" * 40, "group", "date_x"]))
                    fields[name] = copy.deepcopy(draw(st.sampled_from(FIELDS)))
            case "word" if isinstance(holder, dict):
                holder[draw(st.sampled_from(WORDS))] = draw(VALUES)
            case "near" if isinstance(holder[path[-1]], str):
                holder[path[-1]] += draw(st.sampled_from([" ", "x", "'", ":x", "%", " :b", "\\:c", "é"]))
            case "number" if isinstance(holder[path[-1]], int | float):
                holder[path[-1]] = draw(st.sampled_from([0, -1, 1, 10**6, 0.1, 1e-9, 0.25, 2**62, 1e300]))
    return document


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    """A database on SQLite with the packs."""
    engine = make_engine(f"sqlite:///{tmp_path_factory.mktemp('dialect')}/packs.db")
    install_packs(engine)
    with Session(engine) as session:
        catalog = load_catalog(session)
    yield engine, catalog
    engine.dispose()


def use(session: Session, catalog: Any, document: dict[str, Any], **more: Any) -> None:
    """Publish it, compile all of it, and write one record by its defaults."""
    after = publish.publish(session, catalog, [document], actor=system("t"), comment="t", now=NOW, **more)
    entity = after[document["$id"]]
    entity.rules.check({})
    entity.visibility.asked({})
    if entity.definition.stores_records:
        assert entity.model.__table__ is entity.table
        try:
            records.create(session, after, entity.name, system("t"), {}, now=NOW)
        except ProductError:
            session.expire_all()
        records.select(session, after, entity.name, system("t"), records.Query())


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(mutants())
def test_what_is_taken_can_be_published_and_used(company, document):
    engine, catalog = company
    if dialect.check([document], catalog):
        return
    # What is in force weighs in here: converting, for example, is refused.
    with publishing(), Session(engine) as session, suppress(ProductError):
        use(session, catalog, document, confirm=[document["$id"]])
    fresh = {**document, "$id": "shift_book"}
    if dialect.check([fresh], catalog):
        return
    with publishing(), Session(engine) as session:
        use(session, catalog, fresh)
