"""Conditions of a draft: what must be filled, what is shown, what is refused, and when; built without JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import abort, flash, request
from flask_babel import gettext as _

from metadata.errors import Conflict
from metadata.model import Definition
from portal import access
from portal.designer import conditions, sayings
from portal.designer import desk as desks
from portal.designer.conditions import REFUSE, Condition, Entry, Test
from portal.designer.desk import Desk, Done
from portal.errors import worded, wording
from portal.views.designer.base import SAVED, back_to, blueprint, desk_of, edited, new_problems, page, revision

LINES, MORE, LONGEST = 3, 3, 200
NEW = Condition(conditions.REQUIRE, (), ())
CHANGED, GONE = "Changed a condition.", "Took out a condition."


@blueprint.route("/<name>/condition", methods=["GET", "POST"], defaults={"number": None})
@blueprint.route("/<name>/condition/<int:number>", methods=["GET", "POST"])
def condition(name: str, number: int | None) -> Any:
    """A new condition, or one that is there; `number` counts them in the order of the page."""
    desk = desk_of(name)
    entry = _entry(desk, number)
    if not desk.definition.fields:
        abort(404)
    if request.method == "GET":
        return _page(desk, number, entry.condition if entry else NEW, _lines(entry))
    lines = list(zip(*(request.form.getlist(f"test_{p}") for p in ("field", "operator", "value")), strict=False))
    typed, wrong = _typed(desk.definition, lines)
    if "more" in request.form:
        return _page(desk, number, typed, lines, more=MORE)
    if wrong:
        return _page(desk, number, typed, lines, wrong), 422
    document = conditions.put(desk.document, typed, entry.place if entry else None)
    wrong = {"": [worded(p) for p in new_problems(desk, document)]}
    if wrong[""]:
        return _page(desk, number, typed, lines, wrong), 422
    try:
        desks.keep(desk, document, revision(), access.current_actor(), Done(CHANGED))
    except Conflict as error:
        return _page(desk_of(name), number, typed, lines, {"": [wording(error.message, error.params)]}), 409
    flash(str(SAVED), "success")
    return back_to(desk, "conditions")


@blueprint.post("/<name>/condition/<int:number>/remove")
def remove_condition(name: str, number: int) -> Any:
    """Take the condition out of the draft."""
    entry = _entry(desk_of(name), number)
    if entry is None:
        abort(404)

    def edit(desk: Desk) -> tuple[Mapping[str, Any], Done]:
        return conditions.drop(desk.document, entry.place), Done(GONE)

    return edited(name, edit, "conditions")


def _entry(desk: Desk, number: int | None) -> Entry | None:
    if number is None:
        return None
    found = conditions.entries(desk.document)
    if number >= len(found):
        abort(404)
    return found[number]


def _lines(entry: Entry | None) -> list[tuple[str, str, str]]:
    """The tests as they stand in the inputs."""
    if entry is None:
        return []
    if entry.condition is None:
        abort(404)
    return [(t.field, t.operator, "; ".join(_text(value) for value in t.values)) for t in entry.condition.tests]


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _typed(definition: Definition, lines: list[tuple[str, ...]]) -> tuple[Condition, dict[str, list[str]]]:
    """The condition that was put together, and what is wrong with it, by input."""
    wrong: dict[str, list[str]] = {}
    effect = request.form.get("effect", "")
    targets = tuple(n for n in request.form.getlist("targets") if n in definition.fields)
    if effect == REFUSE:
        targets = tuple(n for n in [request.form.get("at", "")] if n in definition.fields)
    elif not targets:
        wrong["targets"] = [_("Choose one field or more.")]
    tests = [t for n, line in enumerate(lines, 1) if line[0] and (t := _test(definition, line, n, wrong))]
    if not tests and not wrong.get("tests"):
        wrong["tests"] = [_("Say when: choose a field, and what it must be.")]
    message = request.form.get("message", "").strip()[:LONGEST]
    if effect == REFUSE and not message:
        wrong["message"] = [_("Say what is wrong, in a sentence that helps.")]
    if effect not in sayings.EFFECTS:
        wrong["effect"] = [_("Choose what happens.")]
    zh = request.form.get("message_zh", "").strip()[:LONGEST]
    return Condition(effect, targets, tuple(tests), request.form.get("join") == "or", message, zh), wrong


def _test(definition: Definition, line: tuple[str, ...], number: int, wrong: dict[str, list[str]]) -> Test | None:
    name, operator, text = line
    if name not in definition.fields or operator not in conditions.OPERATORS:
        wrong.setdefault("tests", []).append(_("Line %(n)s: choose a field and how it is compared.", n=number))
        return None
    if operator in ("filled", "empty"):
        return Test(name, operator)
    texts = [part.strip() for part in text.split(";")] if operator == "one_of" else [text.strip()]
    values = tuple(conditions.value_of(definition, name, part) for part in texts if part)
    if not values or None in values:
        title = definition.fields[name].title(access.language())
        wrong.setdefault("tests", []).append(_("Line %(n)s: this is no value of “%(field)s”.", n=number, field=title))
        return None
    return Test(name, operator, values)


def _page(
    desk: Desk,
    number: int | None,
    typed: Condition | None,
    lines: list[Any],
    wrong: dict[str, list[str]] | None = None,
    *,
    more: int = 0,
) -> str:
    shown = [line for line in lines if line[0]]
    return page(
        "condition",
        desk,
        number=number,
        typed=typed,
        lines=[*shown, *[("", "is", "")] * (max(LINES - len(shown), 1) + more)],
        wrong=wrong or {},
        effects=sayings.EFFECTS,
        operators=sayings.OPERATORS,
    )
