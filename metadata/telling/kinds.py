"""What changed about what a kind adds: how a KPI is measured, how objectives are graded, …

One sentence for each part that differs, however deep it stands under its keyword.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from metadata.model import Definition
from metadata.parser import thawed
from metadata.telling.said import Line, Said, shown

KEYWORDS = {
    "x-measure": ("measure", "How it is measured: %(what)s is %(after)s (before: %(before)s)."),
    "x-survey": ("survey", "As a survey: %(what)s is %(after)s (before: %(before)s)."),
    "x-catalog": ("catalog", "As a catalog: %(what)s is %(after)s (before: %(before)s)."),
    "x-review": ("review", "As a review form: %(what)s is %(after)s (before: %(before)s)."),
    "x-okr": ("okr", "As a level of goals: %(what)s is %(after)s (before: %(before)s)."),
}
PARTS = {
    "time": "the day it belongs to",
    "plan": "the plan",
    "actual": "the actual figure",
    "direction": "the good direction",
    "unit": "the unit",
    "baseline": "the baseline",
    "floor": "the lowest attainment",
    "cap": "the highest attainment",
    "high": "the upper end of the good range",
    "baseline_given": "whether a baseline is given",
    "thresholds.amber": "where amber begins",
    "thresholds.green": "where green begins",
    "curve": "the season, from January to December",
    "level": "its number",
    "parent": "the level above",
    "owner": "who owns",
    "score": "the field of the score",
    "commitment": "the field of the commitment",
    "rollup": "how progress and score are taken together",
    "from": "the first day",
    "to": "the last day",
    "anonymous": "whether nobody knows who answered what",
    "minimum": "the fewest answers of which anything is shown",
    "split": "the department by which results are divided",
    "audience.roles": "the roles that are asked",
    "audience.units": "the departments that are asked",
    "audience.where": "what must be true of those who are asked",
    "delivery": "the field of the delivery",
    "validity": "the field of the months for which it counts",
    "prerequisites": "the list of courses that come before",
    "quiz.field": "the rows of the quiz",
    "quiz.question": "the question in each row",
    "quiz.choices": "the choices in each row",
    "quiz.right": "the right choice in each row",
    "quiz.pass_mark": "the field of the pass mark",
    "review": "the reference to the review",
    "sections": "the sections",
    "scales": "the scales",
    "grades.amber": "where amber begins",
    "grades.green": "where green begins",
    "expects.committed": "what is expected of committed objectives",
    "expects.aspirational": "what is expected of aspirational objectives",
}


def kind_lines(old: Definition, new: Definition) -> Iterator[Line]:
    """Every difference under the keyword of a kind."""
    for keyword, (kind, message) in KEYWORDS.items():
        was, now = (_flat(thawed(d.document.get(keyword, {}))) for d in (old, new))
        for key in dict.fromkeys((*was, *now)):
            if was.get(key) != now.get(key):
                what = Said(PARTS[key]) if key in PARTS else key
                params = {"what": what, "before": shown(was.get(key)), "after": shown(now.get(key))}
                yield Line("rules", Said(message, params), kind=kind)


def _flat(given: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """The parts by their path, those of a part of parts too."""
    found: dict[str, Any] = {}
    for key, value in given.items():
        path = f"{above}{key}"
        deeper = isinstance(value, dict) and key != "where"
        found |= _flat(value, f"{path}.") if deeper else {path: _plain(value)}
    return found


def _plain(value: Any) -> Any:
    """A condition, or a list of parts, as it is written; everything else as it is."""
    parts = isinstance(value, dict) or (isinstance(value, list) and any(isinstance(one, dict) for one in value))
    return json.dumps(value, ensure_ascii=False) if parts else value
