"""What a kind adds to a definition, from its keyword to frozen values; each function takes what stands under it.

Called by `definition`. The document has passed `metadata.dialect.check`; numbers become exact decimals as they were
written.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from metadata.kinds import Courses, FormSection, Grades, Okr, Quiz, ReviewForm, Survey
from metadata.model import EnumValue, Measure, RoleAccess, Texts, frozen
from metadata.parser.freezing import frozen_deep

_MEASURE = ("time", "plan", "actual", "direction", "unit", "baseline", "floor", "cap")
_READ = (*_MEASURE, "thresholds", "curve")
GRADES = {"amber": 0.4, "green": 0.7}
EXPECTED = {"committed": Decimal(1), "aspirational": Decimal("0.7")}

Given = Mapping[str, Any] | None
Rules = Mapping[str, tuple[RoleAccess, ...]]


def measure(given: Given) -> Measure | None:
    """How a KPI is measured."""
    if given is None:
        return None
    known = {key: str(given[key]) for key in _MEASURE if key in given}
    extra = {key: value for key, value in given.items() if key not in _READ}
    return Measure(
        **known,
        extra=frozen_deep(extra),
        thresholds=_grades(given["thresholds"]) if "thresholds" in given else None,
        curve=tuple(decimal(share) for share in given.get("curve", ())),
    )


def okr(given: Given) -> Okr | None:
    """The place of a level of objectives, and how its scores are read."""
    if given is None:
        return None
    names = ("level", "parent", "owner", "score", "commitment", "rollup")
    words = {key: given[key] for key in names if key in given}
    expects = {**EXPECTED, **{key: decimal(value) for key, value in given.get("expects", {}).items()}}
    return Okr(**words, grades=_grades(given.get("grades", GRADES)), expects=frozen(expects))


def form(given: Given) -> ReviewForm | None:
    """The questions of a review, by the side that answers them."""
    if given is None:
        return None
    scales: dict[str, list[EnumValue]] = {}
    for step in given.get("scales", ()):
        labels = {"en": step["label"], **({"zh": step["zh"]} if "zh" in step else {})}
        scales.setdefault(step["scale"], []).append(EnumValue(step["value"], frozen(labels)))
    sections = tuple(
        FormSection(
            one["group"],
            Texts(one["title"], translated=frozen({"zh": frozen({"title": one["zh"]})} if "zh" in one else {})),
            tuple(one["fields"]),
            frozenset(one.get("required", ())),
            tuple(scales.get(one.get("scale", ""), ())),
        )
        for one in given["sections"]
    )
    return ReviewForm(given["review"], sections)


def courses(given: Given) -> Courses | None:
    """Which field of a course plays which part."""
    if given is None:
        return None
    quiz = given.get("quiz")
    words = {key: given[key] for key in ("delivery", "validity", "prerequisites") if key in given}
    return Courses(**words, quiz=Quiz(**{**quiz, "choices": tuple(quiz["choices"])}) if quiz else None)


def guarded(access: Rules, found: Courses | None) -> Rules:
    """The rules, those that do not let a course be edited without its quiz: the right answers stand there."""
    quiz = found.quiz if found else None
    if quiz is None:
        return access
    return {
        role: tuple(rule if "edit" in rule.can else replace(rule, hides=rule.hides | {quiz.field}) for rule in rules)
        for role, rules in access.items()
    }


def survey(given: Given) -> Survey | None:
    """Who is asked, when, and what is promised about the answers."""
    if given is None:
        return None
    words = {key: given[key] for key in ("anonymous", "minimum", "split") if key in given}
    audience = given.get("audience", {})
    return Survey(
        first=_day(given.get("from")),
        last=_day(given.get("to")),
        roles=frozenset(audience.get("roles", ())),
        units=tuple(audience.get("units", ())),
        where=frozen_deep(audience.get("where", {})),
        **words,
    )


def _day(text: str | None) -> date | None:
    """A day of JSON; what is no day is told by the dialect and counts as none."""
    with suppress(ValueError):
        return date.fromisoformat(text) if text else None
    return None


def decimal(value: Any) -> Decimal:
    """A number of JSON as it was written."""
    return Decimal(str(value))


def _grades(given: Mapping[str, Any]) -> Grades:
    return Grades(decimal(given["amber"]), decimal(given["green"]))
