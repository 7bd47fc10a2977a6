"""The form of what a kind adds to a definition, drawn from the meta-schema: its keyword as inputs, and back.

Called by the designer's page of a kind. Pure but for words. An input is called like the path under the keyword
(`thresholds.amber`), so a problem's pointer finds it. What was typed and is no number comes through as text: the
dialect refuses it in its own words. What the meta-schema adds appears here by itself; only its label waits in LABELS.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict

from metadata.catalog import Catalog
from metadata.dialect.shape import DIALECT
from metadata.errors import Problem
from metadata.model import Definition

KEYWORDS = {
    "kpi": "x-measure",
    "okr_level": "x-okr",
    "survey": "x-survey",
    "catalog": "x-catalog",
    "review_form": "x-review",
}
MONTHS = 12
CELLS = {f"x-catalog.quiz.{word}" for word in ("question", "choices", "right")}
EMPTY_ROWS = 2
LABELS = {
    "x-measure.time": _l("Day it belongs to"),
    "x-measure.plan": _l("Plan, for example sum(planned)"),
    "x-measure.actual": _l("Actual figure, for example sum(made)"),
    "x-measure.direction": _l("Good direction"),
    "x-measure.unit": _l("Unit"),
    "x-measure.baseline": _l("Baseline"),
    "x-measure.baseline_given": _l("The baseline counts also where it is 0"),
    "x-measure.high": _l("Upper end of the good range"),
    "x-measure.floor": _l("Lowest attainment (1 is 100 %)"),
    "x-measure.cap": _l("Highest attainment (1 is 100 %)"),
    "x-measure.thresholds": _l("Status by attainment"),
    "x-measure.curve": _l("Season: per cent of a year's plan in each month, together 100"),
    "x-okr.level": _l("Number of the level, 1 at the top"),
    "x-okr.parent": _l("Level above"),
    "x-okr.owner": _l("Who owns an objective"),
    "x-okr.score": _l("Field of the score"),
    "x-okr.commitment": _l("Field that says committed or aspirational"),
    "x-okr.rollup": _l("How key results are taken together"),
    "x-okr.grades": _l("Colour of a score"),
    "x-okr.expects": _l("Expected score"),
    "x-okr.expects.committed": _l("Committed objectives"),
    "x-okr.expects.aspirational": _l("Aspirational objectives"),
    "x-survey.from": _l("First day"),
    "x-survey.to": _l("Last day"),
    "x-survey.anonymous": _l("Anonymous (yes, where nothing is chosen)"),
    "x-survey.minimum": _l("Fewest answers of which anything is shown, 3 to 10"),
    "x-survey.split": _l("Field for the person's department, to divide the results"),
    "x-survey.audience": _l("Who is asked (everybody where nothing is said)"),
    "x-survey.audience.roles": _l("Roles"),
    "x-survey.audience.units": _l("Departments, by their numbers, with all below them"),
    "x-survey.audience.where": _l("Condition over the people, as JSON"),
    "x-catalog.delivery": _l("Field of the delivery"),
    "x-catalog.validity": _l("Field of the months for which it counts"),
    "x-catalog.prerequisites": _l("List of courses that come before"),
    "x-catalog.quiz": _l("Quiz"),
    "x-catalog.quiz.field": _l("Rows of the quiz"),
    "x-catalog.quiz.question": _l("Question in each row"),
    "x-catalog.quiz.choices": _l("Choices in each row, in their order"),
    "x-catalog.quiz.right": _l("Number of the right choice in each row"),
    "x-catalog.quiz.pass_mark": _l("Field of the pass mark"),
    "x-review.review": _l("Reference to the review"),
    "x-review.sections": _l("Section"),
    "x-review.sections.group": _l("Who answers"),
    "x-review.sections.title": _l("Title in English"),
    "x-review.sections.zh": _l("Title in Chinese"),
    "x-review.sections.fields": _l("Questions"),
    "x-review.sections.required": _l("Questions that must be answered"),
    "x-review.sections.scale": _l("Scale of its whole numbers"),
    "x-review.scales": _l("Step of a scale"),
    "x-review.scales.scale": _l("Scale"),
    "x-review.scales.value": _l("Number"),
    "x-review.scales.label": _l("Label in English"),
    "x-review.scales.zh": _l("Label in Chinese"),
    "amber": _l("Amber from"),
    "green": _l("Green from"),
}
WORDS = {
    "higher": _l("More is better"),
    "lower": _l("Less is better"),
    "range": _l("Within a range"),
    "milestone": _l("Milestones"),
    "binary": _l("Reached or not"),
    "company": _l("Company"),
    "unit": _l("Department"),
    "person": _l("Person"),
    "self": _l("The person themselves"),
    "manager": _l("The manager"),
    "mean": _l("Weighted mean"),
    "worst": _l("The worst counts"),
    "sum": _l("Sum, up to the whole"),
}


@dataclass(frozen=True)
class Input:
    """One input: `form` is text, number, date, switch, choice, several or json; a heading of a group has none."""

    name: str
    label: str
    form: str = ""
    value: Any = ""
    options: Sequence[tuple[str, str]] = ()
    required: bool = False


@dataclass(frozen=True)
class Offers:
    """What can be chosen where a name is asked for."""

    definition: Definition
    catalog: Catalog
    language: str

    def names(self, path: str) -> list[tuple[str, str]]:
        """The values with their words for the part at `path`."""
        if path == "x-okr.parent":
            levels = (e.definition for e in self.catalog.entities.values() if e.definition.okr is not None)
            return [(d.name, d.title(self.language)) for d in levels if d.name != self.definition.name]
        fields = self.definition.fields
        if path in CELLS:
            cells = [cell for f in fields.values() for cell in f.rows.values()]
            return [(cell.name, cell.title(self.language)) for cell in cells]
        return [(f.name, f.title(self.language)) for f in fields.values()]


def inputs(keyword: str, given: Any, offers: Offers) -> list[Input]:
    """The keyword as a form, with what is given in it."""
    return list(_drawn(_schema(keyword), given, keyword, "", offers, required=True))


def read(keyword: str, form: MultiDict[str, str]) -> dict[str, Any]:
    """What was typed, as it would stand under the keyword; what was left empty is not there."""
    found = _typed(_schema(keyword), "", form)
    return found if isinstance(found, dict) else {}


def placed(keyword: str, problems: Iterable[tuple[Problem, str]], drawn: Sequence[Input]) -> dict[str, list[str]]:
    """Problems with their words by the input that they are about; "" for those about none."""
    names = {one.name for one in drawn if one.name}
    wrong: dict[str, list[str]] = {}
    for problem, words in problems:
        parts = problem.pointer.removeprefix(f"/{keyword}").strip("/").split("/") if keyword in problem.pointer else []
        while parts and ".".join(parts) not in names:
            parts.pop()
        told = wrong.setdefault(".".join(parts), [])
        if words not in told:
            told.append(words)
    return wrong


def _schema(keyword: str) -> Mapping[str, Any]:
    kind = next(kind for kind, word in KEYWORDS.items() if word == keyword)
    return _resolved(DIALECT["$defs"][kind]["properties"][keyword])


def _resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    name = reference.rsplit("/", 1)[-1]
    return {**DIALECT["$defs"][name], "x-part": name}


def _label(path: str) -> str:
    tail = path.rsplit(".", 1)[-1]
    return str(LABELS.get(path) or LABELS.get(tail) or tail)


def _drawn(
    schema: Mapping[str, Any], given: Any, path: str, name: str, offers: Offers, *, required: bool
) -> Iterator[Input]:
    part, type_ = schema.get("x-part"), schema.get("type")
    about = {"name": name, "label": _label(path), "required": required}
    if part == "block":
        held = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False) if given else ""
        yield Input(**about, form="json", value=held)
    elif type_ == "object":
        if name:
            yield Input(**{**about, "required": False})
        held = given if isinstance(given, Mapping) else {}
        for key, inner in schema["properties"].items():
            must = key in schema.get("required", ()) and required
            below = f"{name}.{key}" if name else key
            yield from _drawn(_resolved(inner), held.get(key), f"{path}.{key}", below, offers, required=must)
    elif type_ == "array":
        yield from _entries(schema, given if isinstance(given, list | tuple) else (), path, name, offers)
    elif part == "name":
        yield Input(**about, form="choice", value=given or "", options=[("", "–"), *offers.names(path)])
    elif "enum" in schema:
        options = [(one, str(WORDS.get(one, one))) for one in schema["enum"]]
        yield Input(**about, form="choice", value=given or "", options=[("", "–"), *options])
    elif type_ == "boolean":
        options = [("", "–"), ("true", _("Yes")), ("false", _("No"))]
        held = {True: "true", False: "false"}.get(given, "") if isinstance(given, bool) else given or ""
        yield Input(**about, form="choice", value=held, options=options)
    else:
        form = "date" if schema.get("format") == "date" else "number" if type_ in ("number", "integer") else "text"
        yield Input(**about, form=form, value="" if given is None else str(given))


def _entries(schema: Mapping[str, Any], given: Sequence[Any], path: str, name: str, offers: Offers) -> Iterator[Input]:
    """A list: one input for names, numbers one by one where their count is fixed, rows with some empty ones."""
    inner = _resolved(schema.get("items", {}))
    if schema.get("minItems") == schema.get("maxItems") == MONTHS:
        yield Input(name, _label(path))
        held = [*given, *([""] * MONTHS)][:MONTHS]
        for position, value in enumerate(held):
            yield Input(f"{name}.{position}", _("Month %(number)s", number=position + 1), "number", str(value))
    elif inner.get("type") == "object":
        for position in range(len(given) + EMPTY_ROWS):
            row = given[position] if position < len(given) else {}
            heading = f"{_label(path)}: {position + 1}"
            drawn = _drawn(inner, row, path, f"{name}.{position}", offers, required=False)
            next(drawn)
            yield Input(f"{name}.{position}", heading)
            yield from drawn
    elif inner.get("x-part") in ("name", "path"):
        yield Input(name, _label(path), "several", [str(one) for one in given], offers.names(path))
    else:
        yield Input(name, _label(path), "text", ", ".join(str(one) for one in given))


def _typed(schema: Mapping[str, Any], name: str, form: MultiDict[str, str]) -> Any:
    """The part called `name` as it was typed; None where nothing was."""
    text, type_ = form.get(name, "").strip(), schema.get("type")
    if schema.get("x-part") == "block":
        return _json(text)
    if type_ == "object":
        parts = {
            key: _typed(_resolved(inner), f"{name}.{key}" if name else key, form)
            for key, inner in schema["properties"].items()
        }
        return {key: value for key, value in parts.items() if value is not None} or None
    if type_ == "array":
        return _typed_list(schema, name, form)
    if not text:
        return None
    if type_ == "boolean":
        return {"true": True, "false": False}.get(text, text)
    return _number(text) if type_ in ("number", "integer") else text


def _typed_list(schema: Mapping[str, Any], name: str, form: MultiDict[str, str]) -> Any:
    inner = _resolved(schema.get("items", {}))
    if schema.get("minItems") == schema.get("maxItems") == MONTHS:
        months = [form.get(f"{name}.{position}", "").strip() for position in range(MONTHS)]
        return [_number(text or "0") for text in months] if any(months) else None
    if inner.get("type") == "object":
        last = max((int(key.split(".")[1]) for key in form if _row_of(key, name)), default=-1)
        rows = [_typed(inner, f"{name}.{position}", form) for position in range(last + 1)]
        return [row for row in rows if row is not None] or None
    if inner.get("x-part") in ("name", "path"):
        return [one for one in form.getlist(name) if one] or None
    parts = [part.strip() for part in form.get(name, "").split(",") if part.strip()]
    return [_number(part) if inner.get("type") == "integer" else part for part in parts] or None


def _row_of(key: str, name: str) -> bool:
    parts = key.split(".")
    return len(parts) > 1 and parts[0] == name and parts[1].isdecimal() and len(parts[1]) < 4


def _number(text: str) -> Any:
    """A number as JSON has it; what is none stays text."""
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
    return text


def _json(text: str) -> Any:
    if not text:
        return None
    with suppress(ValueError):
        return json.loads(text)
    return text
