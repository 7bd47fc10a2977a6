"""One access rule as a form: rows, actions, fields and a condition, filled from a rule and read back into one.

Called by the matrix page. A condition of up to two simple comparisons has inputs of its own; any other is edited as
the block of the dialect that it is. Nothing is judged here but whether the text is JSON; `dialect.check` does the rest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict

from metadata import fieldtypes
from metadata.model import ACTIONS, Definition, Field
from metadata.validation import UTC_ZONE

COMPARISONS = ("is", "not", "least", "most", "filled")
SIMPLE = 2
MOST_RULES = 8
NOT_JSON = "This is no readable JSON object."
READ, LOCKED, HIDDEN = "write", "read", "none"


@dataclass(frozen=True)
class Comparison:
    """One line of a simple condition."""

    field: str = ""
    op: str = "is"
    value: str = ""


@dataclass
class RuleForm:
    """One rule as it stands in the form; `raw` is the condition as JSON where it is not simple."""

    rows: str = "own"
    can: frozenset[str] = frozenset()
    assigned: frozenset[str] = frozenset()
    fields: dict[str, str] = field(default_factory=dict)
    others_only: bool = False
    simple: tuple[Comparison, ...] = ()
    raw: str = ""
    problems: list[str] = field(default_factory=list)

    @property
    def lines(self) -> tuple[Comparison, ...]:
        """The lines of the simple condition, filled up with empty ones."""
        return (*self.simple, *(Comparison() for _ in range(SIMPLE - len(self.simple))))


def filled(definition: Definition, rule: Mapping[str, Any]) -> RuleForm:
    """The form of a rule."""
    where = rule.get("where", {})
    simple = _simple(definition, where)
    states = dict.fromkeys(definition.fields, READ)
    states |= dict.fromkeys((n for n in rule.get("locks", ()) if n in states), LOCKED)
    states |= dict.fromkeys((n for n in rule.get("hides", ()) if n in states), HIDDEN)
    return RuleForm(
        rows=rule["rows"],
        can=frozenset(rule.get("can", ())),
        assigned=frozenset(rule.get("assigned", ())),
        fields=states,
        others_only=bool(rule.get("others_only")),
        simple=simple or (),
        raw="" if simple is not None else json.dumps(where, ensure_ascii=False, indent=1),
    )


def _simple(definition: Definition, where: Mapping[str, Any]) -> tuple[Comparison, ...] | None:
    """The condition as lines; None where it says more than lines can."""
    if not where:
        return ()
    asked, needed = where.get("properties", {}), list(where.get("required", ()))
    if set(where) - {"properties", "required"} or not set(asked) <= set(needed) or len(needed) > SIMPLE:
        return None
    lines = []
    for name in needed:
        line = _line(definition.fields.get(name), asked.get(name))
        if line is None:
            return None
        lines.append(line)
    return tuple(lines)


def _line(item: Field | None, condition: Mapping[str, Any] | None) -> Comparison | None:
    if item is None:
        return None
    if condition is None:
        return Comparison(item.name, "filled")
    words = {"const": "is", "minimum": "least", "maximum": "most"}
    word = next(iter(condition)) if len(condition) == 1 else ""
    if word == "not" and set(condition["not"]) == {"const"}:
        return Comparison(item.name, "not", _text(condition["not"]["const"]))
    return Comparison(item.name, words[word], _text(condition[word])) if word in words else None


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


def typed(definition: Definition, form: MultiDict[str, str], position: int) -> RuleForm:
    """The rule at `position` as it was typed."""
    at = f"r{position}_"
    lines = [Comparison(*(form.get(f"{at}{part}{i}", "").strip() for part in ("f", "o", "v"))) for i in range(SIMPLE)]
    return RuleForm(
        rows=form.get(f"{at}rows", "none"),
        can=frozenset(form.getlist(f"{at}can")) & frozenset(ACTIONS),
        assigned=frozenset(form.getlist(f"{at}assigned")),
        fields={name: form.get(f"{at}field_{name}", READ) for name in definition.fields},
        others_only=bool(form.get(f"{at}others_only")),
        simple=tuple(line for line in lines if line.field),
        raw=form.get(f"{at}raw", "").strip(),
    )


def read(definition: Definition, form: RuleForm) -> dict[str, Any]:
    """The rule that the form says; what can't be read is noted in its `problems`."""
    rule: dict[str, Any] = {"rows": form.rows, "can": [action for action in ACTIONS if action in form.can]}
    if form.rows == "assigned":
        rule["assigned"] = [name for name in definition.fields if name in form.assigned]
    rule["hides"] = [name for name, state in form.fields.items() if state == HIDDEN]
    rule["locks"] = [name for name, state in form.fields.items() if state == LOCKED]
    rule["others_only"] = form.others_only
    where = _raw(form) if form.raw else _block(definition, form.simple, form)
    return {**rule, "where": where} if where else rule


def _raw(form: RuleForm) -> dict[str, Any]:
    try:
        block = json.loads(form.raw)
    except (ValueError, RecursionError):
        block = None
    if not isinstance(block, dict):
        form.problems.append(NOT_JSON)
        return {}
    return block


def _block(definition: Definition, lines: Sequence[Comparison], form: RuleForm) -> dict[str, Any]:
    asked: dict[str, Any] = {}
    for line in lines:
        item = definition.fields.get(line.field)
        if item is None or line.op == "filled":
            continue
        value = _value(item, line.value, form)
        condition = {"is": {"const": value}, "not": {"not": {"const": value}}}
        asked[line.field] = condition.get(line.op) or {"least": {"minimum": value}, "most": {"maximum": value}}[line.op]
    needed = list(dict.fromkeys(line.field for line in lines if line.field in definition.fields))
    return {**({"properties": asked} if asked else {}), **({"required": needed} if needed else {})}


def _value(item: Field, text: str, form: RuleForm) -> Any:
    kind = fieldtypes.of(item)
    try:
        return kind.to_json(kind.from_text(item, text, UTC_ZONE))
    except fieldtypes.BadValue as bad:
        form.problems.append(bad.message % bad.params if bad.params else bad.message)
        return text
