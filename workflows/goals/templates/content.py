"""A template as it was written, and the goals that it makes for one person. Pure.

Called by `asking` and `giving`. Promises: the same template, person, period and figures above make the same goals; what
a level has no field for is left out; a place in a title that nobody knows is a problem, not a hole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from string import Formatter
from typing import Any

from metadata.errors import Problem
from workflows.goals.levels import COMMITMENT, END, RESULTS, SHARE, START, STATUS, VISIBILITY, Alignment, Level
from workflows.goals.results import Result, alike, read
from workflows.scoring import exact, round_half_up

OBJECTIVES, OBJECTIVE, TARGET_SHARE = "objectives", "objective", "target_share"
TITLES = ("title", "title_zh")
PLACES = ("name", "department", "position", "period")
RUNNING = "active"
WHOLE = 100
NO_OBJECTIVE = "The template has no objectives yet; add some first."
NO_NUMBER = "The key result “%(title)s” names objective %(number)s; the template has %(count)s."
NO_TARGET = "The key result “%(title)s” needs a target, or a share of the target above."
TWO_TARGETS = "The key result “%(title)s” has a target and a share of the one above; keep one of them."
NOTHING_ABOVE = (
    "“%(title)s” takes a share of the target above, but no goal above measures the same; choose another one."
)
NO_PLACE = "“%(title)s” has a place that nobody knows: {%(place)s}. Known are %(known)s."
TOO_LATE = "“%(title)s” would begin after the period has ended; choose a longer one."


@dataclass(frozen=True)
class Template:
    """What a template says; `objectives` and `results` are the rows of its child tables."""

    name: Mapping[str, str]
    level: str
    objectives: tuple[Mapping[str, Any], ...]
    results: tuple[Mapping[str, Any], ...]

    def results_of(self, place: int) -> list[Mapping[str, Any]]:
        """The key results of the objective at this place, counted from 0."""
        return [row for row in self.results if row.get(OBJECTIVE) == place + 1]


@dataclass(frozen=True)
class Person:
    """Who gets goals: number, and the words of each language that titles may name."""

    id: int
    unit_id: int | None
    account: str
    words: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Terms:
    """What a giving adds to its template: the period, and the goal above with its key results."""

    start: date
    end: date
    way: Alignment | None = None
    parent_id: int | None = None
    above: tuple[Result, ...] = ()

    @property
    def period(self) -> str:
        """As titles name it."""
        return f"{self.start:%Y-%m-%d} – {self.end:%Y-%m-%d}"


def template_of(values: Mapping[str, Any]) -> Template:
    """A template from the values of its record, in Python or in JSON."""
    english = str(values.get("name") or "")
    return Template(
        {"en": english, "zh": str(values.get("name_zh") or english)},
        str(values.get("level") or ""),
        tuple(values.get(OBJECTIVES) or ()),
        tuple(values.get(RESULTS) or ()),
    )


def plan_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a template when it is given, as JSON: `template_of` reads it again."""
    plain = {name: values.get(name) for name in ("name", "name_zh", "level")}
    rows = {name: [_plain(row) for row in values.get(name) or ()] for name in (OBJECTIVES, RESULTS)}
    return {**plain, **rows}


def problems(template: Template, terms: Terms) -> list[Problem]:
    """Why the template can't be given with these terms to anybody."""
    if not template.objectives:
        return [Problem("/template", NO_OBJECTIVE)]
    found = [*_misplaced(template), *_aimless(template, terms)]
    for row in (*template.objectives, *template.results):
        found += [_unknown(row, place) for place in _places(row) if place not in PLACES]
    found += [
        Problem("/period_end", TOO_LATE, {"title": row["title"]})
        for row in template.objectives
        if _window(row, terms)[0] > terms.end
    ]
    return found


def goals_for(template: Template, level: Level, person: Person, terms: Terms) -> list[dict[str, Any]]:
    """The values of each goal that the person gets, in the order of the template."""
    return [_goal(template, place, level, person, terms) for place in range(len(template.objectives))]


def _goal(template: Template, place: int, level: Level, person: Person, terms: Terms) -> dict[str, Any]:
    row = template.objectives[place]
    start, end = _window(row, terms)
    values: dict[str, Any] = {
        **_titled(row, person, terms),
        COMMITMENT: row.get(COMMITMENT),
        VISIBILITY: row.get(VISIBILITY),
        STATUS: RUNNING,
        START: start,
        END: end,
    }
    values = {name: value for name, value in values.items() if value is not None and level.has(name)}
    values |= {level.person: person.id} | ({level.unit: person.unit_id} if level.unit else {})
    if terms.way is not None and terms.parent_id is not None:
        values |= _aligned(level, terms.way, terms.parent_id, row.get(SHARE))
    results = [_result(one, level, person, terms) for one in template.results_of(place)]
    return values | ({RESULTS: results} if results and level.has(RESULTS) else {})


def _aligned(level: Level, way: Alignment, parent_id: int, share: Any) -> dict[str, Any]:
    part = {SHARE: _number(share)} if share is not None else {}
    if not way.inner:
        return {way.field: parent_id} | (part if level.has(SHARE) else {})
    known = level.entity.definition.fields[way.field].rows
    return {way.field: [{way.inner: parent_id} | (part if SHARE in known else {})]}


def _result(row: Mapping[str, Any], level: Level, person: Person, terms: Terms) -> dict[str, Any]:
    known = level.entity.definition.fields[RESULTS].rows
    values = {**row, **_titled(row, person, terms)}
    if row.get(TARGET_SHARE) is not None:
        values["target"] = _share_of_target(row, terms)
    kept = {name: value for name, value in values.items() if name in known and value is not None}
    return {name: _number(value) if known[name].type == "number" else value for name, value in kept.items()}


def _share_of_target(row: Mapping[str, Any], terms: Terms) -> Decimal | None:
    above = _measured_above(row, terms)
    if above is None or above.target is None:
        return None
    return round_half_up(exact(above.target) * exact(Decimal(str(row[TARGET_SHARE]))) / WHOLE, 2)


def _measured_above(row: Mapping[str, Any], terms: Terms) -> Result | None:
    [mine] = read([row])
    return next((one for one in terms.above if one.target is not None and alike(mine, one)), None)


def _window(row: Mapping[str, Any], terms: Terms) -> tuple[date, date]:
    start = terms.start + timedelta(days=int(row.get("begins_after") or 0))
    lasts = row.get("lasts")
    end = terms.end if lasts is None else min(terms.end, start + timedelta(days=int(lasts) - 1))
    return start, end


def _titled(row: Mapping[str, Any], person: Person, terms: Terms) -> dict[str, str]:
    found = {}
    for name in TITLES:
        text = str(row.get(name) or "")
        words = person.words["zh" if name.endswith("_zh") else "en"]
        if text:
            found[name] = " ".join(_filled(text, {**words, "period": terms.period}).split())
    return found


def _filled(text: str, words: Mapping[str, str]) -> str:
    for place in PLACES:
        text = text.replace(f"{{{place}}}", words.get(place, ""))
    return text


def _places(row: Mapping[str, Any]) -> Iterator[str]:
    for name in TITLES:
        try:
            yield from (place for _text, place, _spec, _how in Formatter().parse(str(row.get(name) or "")) if place)
        except ValueError:  # a brace that stands alone is a sign like any other
            continue


def _unknown(row: Mapping[str, Any], place: str) -> Problem:
    known = ", ".join(f"{{{one}}}" for one in PLACES)
    return Problem("/template", NO_PLACE, {"title": row["title"], "place": place, "known": known})


def _misplaced(template: Template) -> Iterator[Problem]:
    count = len(template.objectives)
    for row in template.results:
        if not 1 <= int(row.get(OBJECTIVE) or 0) <= count:
            params = {"title": row["title"], "number": row.get(OBJECTIVE) or 0, "count": count}
            yield Problem("/template", NO_NUMBER, params)


def _aimless(template: Template, terms: Terms) -> Iterator[Problem]:
    for row in template.results:
        own, part = row.get("target") is not None, row.get(TARGET_SHARE) is not None
        told = {"title": row["title"]}
        if own and part:
            yield Problem("/template", TWO_TARGETS, told)
        elif not own and not part:
            yield Problem("/template", NO_TARGET, told)
        elif part and _measured_above(row, terms) is None:
            yield Problem("/parent", NOTHING_ABOVE, told)


def _number(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: f"{value:f}" if isinstance(value, Decimal) else value
        for name, value in row.items()
        if name != "id" and value is not None
    }


def longest(goals: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The goal whose titles are longest: where one of them is refused, it is this."""
    return max(goals, key=lambda goal: max(len(str(goal.get(name) or "")) for name in TITLES))
