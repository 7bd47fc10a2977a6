"""Conditions as people say them, “Note must be filled when Produced is 0”: read from a document, written into one.

Called by the designer's pages; pure. A condition is one entry of `allOf` (or the `if` at the root, a
`dependentRequired`, an entry of `x-rules`). What the sentences can't say is kept as it is and shown as JSON.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metadata import validation
from metadata.model import Definition

# required then, shown always; required then, not shown else; shown then, not shown else; the record is refused
REQUIRE, ASK, SHOW, REFUSE = "require", "ask", "show", "refuse"
BOUNDS = {"at_least": "minimum", "at_most": "maximum", "more": "exclusiveMinimum", "less": "exclusiveMaximum"}
OPERATORS = ("is", "is_not", "one_of", *BOUNDS, "filled", "empty")
Block = Mapping[str, Any]
Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Test:
    """What one field must be; `values` are JSON values, none for `filled` and `empty`."""

    field: str
    operator: str
    values: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Condition:
    """What happens when all of the tests hold, or any of them (`any_of`)."""

    effect: str
    targets: tuple[str, ...]
    tests: tuple[Test, ...]
    any_of: bool = False
    message: str = ""
    message_zh: str = ""


@dataclass(frozen=True)
class Entry:
    """A condition where it stands in the document; `condition` is None where sentences can't say it."""

    place: Place
    condition: Condition | None
    text: str


def entries(document: Mapping[str, Any]) -> list[Entry]:
    """All conditions of a document, in its order."""
    found = []
    if "if" in document:
        whole = {word: document[word] for word in ("if", "then", "else") if word in document}
        found.append(_entry(("if",), whole, _branch(whole)))
    found += [_entry(("allOf", n), block, _branch(block)) for n, block in enumerate(document.get("allOf", ()))]
    for name, needed in document.get("dependentRequired", {}).items():
        condition = Condition(ASK, tuple(needed), (Test(name, "filled"),))
        found.append(_entry(("dependentRequired", name), {name: needed}, condition))
    if "not" in document:
        found.append(_entry(("not",), {"not": document["not"]}, None))
    found += [_entry(("x-rules", n), rule, _rule(rule)) for n, rule in enumerate(document.get("x-rules", ()))]
    return found


def put(document: Mapping[str, Any], condition: Condition, place: Place | None = None) -> dict[str, Any]:
    """The document with the condition at `place`, or as one more."""
    made = copy.deepcopy(dict(document))
    keyword, block = ("x-rules", _as_rule(condition)) if condition.effect == REFUSE else ("allOf", _as_block(condition))
    if place is not None and place[0] == keyword and isinstance(place[1], int):
        made[keyword][place[1]] = block
        return made
    if place is not None:
        made = drop(made, place)
    made[keyword] = [*made.get(keyword, ()), block]
    return made


def drop(document: Mapping[str, Any], place: Place) -> dict[str, Any]:
    """The document without the condition at `place`."""
    made = copy.deepcopy(dict(document))
    if len(place) == 1:
        for word in ("if", "then", "else") if place[0] == "if" else ("not",):
            made.pop(word, None)
        return made
    keyword = str(place[0])
    del made[keyword][place[1]]
    if not made[keyword]:
        del made[keyword]
    return made


def value_of(definition: Definition, name: str, text: str) -> Any:
    """The JSON value that was typed for a field; None where it can't be one."""
    values, problems = validation.read(definition, {name: text}, "text")
    return None if problems else validation.as_json(definition, values).get(name)


def _entry(place: Place, block: Any, condition: Condition | None) -> Entry:
    return Entry(place, condition, json.dumps(block, ensure_ascii=False, indent=2))


def _branch(block: Block) -> Condition | None:
    """`if` with a `then` that requires fields, or with an `else` in which they must have no value.

    A field that only a `then` requires is not shown else; an `else` that names it keeps it shown.
    """
    tests = _tests(block.get("if", {}))
    if tests is None:
        return None
    if {"if", "then"} <= set(block) and set(block["then"]) == {"required"}:
        targets = tuple(block["then"]["required"])
        shown = {"properties": {name: {} for name in targets}}
        if block.get("else", shown) != shown:
            return None
        return Condition(REQUIRE if "else" in block else ASK, targets, *tests)
    if set(block) == {"if", "else"} and set(block["else"]) == {"not"}:
        hidden = tuple(validation.forbidden(block["else"]["not"]))
        return Condition(SHOW, hidden, *tests) if hidden else None
    return None


def _rule(rule: Block) -> Condition | None:
    tests = _tests(rule.get("if", {}))
    if tests is None or set(rule) - {"if", "message", "at", "x-i18n"}:
        return None
    at = (rule["at"],) if "at" in rule else ()
    return Condition(REFUSE, at, *tests, message=rule["message"], message_zh=rule.get("x-i18n", {}).get("zh", ""))


def _tests(block: Block) -> tuple[tuple[Test, ...], bool] | None:
    """The tests that a block makes, and whether one of them is enough."""
    for word in ("anyOf", "allOf"):
        if set(block) == {word}:
            parts = [_tests(inner) for inner in block[word]]
            if any(part is None or len(part[0]) != 1 for part in parts):
                return None
            return tuple(test for part in parts if part for test in part[0]), word == "anyOf"
    if set(block) == {"not"}:
        inner = _tests(block["not"])
        opposite = {"is": "is_not", "filled": "empty"}
        if inner is None or len(inner[0]) != 1 or inner[0][0].operator not in opposite:
            return None
        test = inner[0][0]
        return (Test(test.field, opposite[test.operator], test.values),), False
    if not block or set(block) - {"properties", "required"}:
        return None
    asked, needed = block.get("properties", {}), list(block.get("required", ()))
    tests = [_test(name, condition) for name, condition in asked.items()]
    if None in tests or not set(asked) <= set(needed):
        return None
    return (*(t for t in tests if t), *(Test(name, "filled") for name in needed if name not in asked)), False


def _test(name: str, condition: Block) -> Test | None:
    if set(condition) == {"const"}:
        return Test(name, "is", (condition["const"],))
    if set(condition) == {"enum"}:
        return Test(name, "one_of", tuple(condition["enum"]))
    for operator, keyword in BOUNDS.items():
        if set(condition) == {keyword}:
            return Test(name, operator, (condition[keyword],))
    return None


def _as_block(condition: Condition) -> dict[str, Any]:
    asked = _joined(condition)
    if condition.effect in (REQUIRE, ASK):
        made = {"if": asked, "then": {"required": list(condition.targets)}}
        shown: dict[str, Any] = {name: {} for name in condition.targets}
        return {**made, "else": {"properties": shown}} if condition.effect == REQUIRE else made
    away = [{"required": [name]} for name in condition.targets]
    return {"if": asked, "else": {"not": away[0] if len(away) == 1 else {"anyOf": away}}}


def _as_rule(condition: Condition) -> dict[str, Any]:
    made: dict[str, Any] = {"if": _joined(condition), "message": condition.message}
    if condition.message_zh:
        made["x-i18n"] = {"zh": condition.message_zh}
    return {**made, "at": condition.targets[0]} if condition.targets else made


def _joined(condition: Condition) -> dict[str, Any]:
    blocks = [_one(test) for test in condition.tests]
    if len(blocks) == 1:
        return blocks[0]
    plain = all("not" not in block for block in blocks)
    if not condition.any_of and plain and len({t.field for t in condition.tests}) == len(blocks):
        return _merged(blocks)
    return {"anyOf" if condition.any_of else "allOf": blocks}


def _merged(blocks: Sequence[Block]) -> dict[str, Any]:
    asked = {name: c for block in blocks for name, c in block.get("properties", {}).items()}
    needed = [name for block in blocks for name in block["required"]]
    return {"properties": asked, "required": needed} if asked else {"required": needed}


def _one(test: Test) -> dict[str, Any]:
    present: dict[str, Any] = {"required": [test.field]}
    if test.operator == "filled":
        return present
    if test.operator == "empty":
        return {"not": present}
    if test.operator == "one_of":
        return {"properties": {test.field: {"enum": list(test.values)}}, **present}
    keyword = BOUNDS.get(test.operator, "const")
    block = {"properties": {test.field: {keyword: test.values[0]}}, **present}
    return {"not": block} if test.operator == "is_not" else block
