# ruff: noqa: E501 - a table reads best with a row to a line
"""Key results, resources and a template of the demo's goals, and the clash that is planted among them.

Sales wants 50 % more revenue in the half-year in which production is to cost 20 % less: both need the hours of line 2,
and there are not enough. All else that goals share is harmless. Pure; called by `story`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflows.demo.rows import Batch, Row

LINE, TRIAL = "line-2", "trials"
RESOURCES: tuple[tuple[str, str, str, float, str, str], ...] = (
    (LINE, "Hours of line 2", "2 号线工时", 3600, "h", "PRD"),
    (TRIAL, "Customer trials", "客户试用名额", 40, "trials", "SAL"),
)

# goal → (English, Chinese, direction, start, target, now, unit, fed by, KPI, aggregation, filter)
Line = tuple[str, str, str, float | None, float, float | None, str, str, str, str, str]
RESULTS: Mapping[str, tuple[Line, ...]] = {
    "c1": (
        ("Market share", "市场份额", "higher", 20, 22, 21.6, "%", "check_in", "", "", ""),
        ("Repurchase rate", "复购率", "higher", 30, 40, 38, "%", "check_in", "repurchase_rate", "", ""),
    ),
    "c2": (("Pass rate", "合格率", "higher", 92, 95, 94.85, "%", "check_in", "pass_rate", "", ""),),
    "d1": (("Pass rate", "合格率", "higher", 92, 95, 94.7, "%", "check_in", "pass_rate", "", ""),),
    "d2": (("Repurchase rate", "复购率", "higher", 30, 40, 38.5, "%", "check_in", "repurchase_rate", "", ""),),
    "d3": (("Carmakers under contract", "已签约整车厂", "milestone", 0, 2, 1, "", "check_in", "", "", ""),),
    "d6": (("Hours a week for statistics", "每周统计工时", "lower", 15, 3, 3, "h", "check_in", "hr_hours", "", ""),),
    "d8": (("Revenue against last half-year", "销售额较上半年", "higher", 100, 150, 118, "%", "check_in", "", "", ""),),
    "d9": (("Cost of production against last half-year", "生产成本较上半年", "lower", 100, 80, 93, "%", "check_in", "", "", ""),),
    "p1": (("Set-up time", "换模时间", "lower", 35, 20, 24.5, "min", "check_in", "", "", ""),),
    "p2": (("Colleagues trained", "已培训同事", "milestone", 0, 2, 1, "", "check_in", "", "", ""),),
    "p4": (("Visits", "拜访次数", "higher", 0, 60, 48, "", "check_in", "", "", ""),),
    "p5": (("Contracts", "合同数", "higher", 0, 10, 3, "", "check_in", "", "", ""),),
}  # fmt: skip
DEMANDS: Mapping[str, tuple[tuple[str, float], ...]] = {
    "d8": ((LINE, 2600),),
    "d9": ((LINE, 1400),),
    "p4": ((TRIAL, 10),),
    "p5": ((TRIAL, 20),),
}
TEMPLATE, GIVEN_TO, GIVEN_UNDER = "improve", "FIN", "d7"
# English, Chinese, commitment, (result, Chinese, start, target, unit)…
TEMPLATE_GOALS: tuple[tuple[str, str, str, tuple[tuple[str, str, float, float, str], ...]], ...] = (
    ("{name}: one improvement a month", "{name}：每月一项改进", "committed", (("Improvements carried out", "已落实的改进", 0, 6, "improvements"),)),
    ("Learn what the next half-year needs", "学会下半年所需的技能", "aspirational", (
        ("Courses passed", "通过的课程", 0, 2, "courses"),
        ("Colleagues shown how it is done", "已带教的同事", 0, 1, "colleagues"),
    )),
)  # fmt: skip
SHARES: Mapping[str, float] = {"d2": 100, "d1": 100, "d8": 60}


def resources() -> Batch:
    """What several goals need."""
    return Batch("resource", tuple(
        Row(key, {"name": english, "name_zh": chinese, "capacity": capacity, "unit": unit, "department": department})
        for key, english, chinese, capacity, unit, department in RESOURCES
    ))  # fmt: skip


def templates() -> Batch:
    """Goals that many people get at once; heads of all departments may give them."""
    goals, results = [], []
    for number, (english, chinese, commitment, lines) in enumerate(TEMPLATE_GOALS, 1):
        goals.append({"title": english, "title_zh": chinese, "commitment": commitment})
        for title, title_zh, start, target, unit in lines:
            line = {"objective": number, "title": title, "title_zh": title_zh}
            results.append(line | {"start": start, "target": target, "unit": unit})
    values = {"name": "Improvement and learning", "name_zh": "改进与学习", "shared": True}
    return Batch("goal_template", (Row(TEMPLATE, values | {"objectives": goals, "key_results": results}),))


def measured(key: str) -> dict[str, Any]:
    """Key results, needs and share of a goal, by its key in `story`."""
    values: dict[str, Any] = {}
    if key in RESULTS:
        values["key_results"] = [_line(*line) for line in RESULTS[key]]
    if key in DEMANDS:
        values["demands"] = [{"resource": resource, "amount": amount} for resource, amount in DEMANDS[key]]
    if key in SHARES:
        values["share"] = SHARES[key]
    return values


def _line(*line: Any) -> dict[str, Any]:
    names = (
        "title",
        "title_zh",
        "direction",
        "start",
        "target",
        "current",
        "unit",
        "fed_by",
        "kpi",
        "kpi_measure",
        "kpi_filter",
    )
    return {name: value for name, value in zip(names, line, strict=True) if value not in ("", None)}
