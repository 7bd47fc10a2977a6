# ruff: noqa: E501 - a table reads best with a row to a line
"""Key results and resources of the demo's goals, and the clash that is planted among them.

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
SHARES: Mapping[str, float] = {"d2": 100, "d1": 100, "d8": 60}


def resources() -> Batch:
    """What several goals need."""
    return Batch("resource", tuple(
        Row(key, {"name": english, "name_zh": chinese, "capacity": capacity, "unit": unit, "department": department})
        for key, english, chinese, capacity, unit, department in RESOURCES
    ))  # fmt: skip


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
