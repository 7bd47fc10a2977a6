# ruff: noqa: E501 - a table reads best with a row to a line
"""The demo's scorecards, review cycle and objectives: the upgrade that the two half-years tell of.

Until the upgrade production and sales were scored by output and revenue alone; since then pass rate and
repurchase rate count too. Pure: the same arguments give the same rows. `courses` has the training part.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from workflows.demo.goals import measured
from workflows.demo.people import Company
from workflows.demo.periods import Period
from workflows.demo.rows import Batch, Row

# key, English, Chinese, department, status, (KPI, English, Chinese, weight)…
OUTPUT = ("production_output", "Production output", "产量")
PASSED = ("pass_rate", "Pass rate", "合格率")
REVENUE = ("sales_revenue", "Sales revenue", "销售额")
REPURCHASE = ("repurchase_rate", "Repurchase rate", "复购率")
HOURS = ("hr_hours", "HR statistics hours", "人事统计工时")
SCORECARDS: tuple[tuple[str, str, str, str, str, tuple[tuple[tuple[str, str, str], float], ...]], ...] = (
    ("prd-old", "Production (before)", "生产（升级前）", "PRD", "retired", ((OUTPUT, 100),)),
    ("prd", "Production", "生产", "PRD", "active", ((OUTPUT, 60), (PASSED, 40))),
    ("sal-old", "Sales (before)", "销售（升级前）", "SAL", "retired", ((REVENUE, 100),)),
    ("sal", "Sales", "销售", "SAL", "active", ((REVENUE, 65), (REPURCHASE, 35))),
    ("hr", "HR", "人力资源", "HR", "active", ((HOURS, 100),)),
    (
        *("all", "Whole company", "全公司", "HQ", "active"),
        ((OUTPUT, 33.33), (REVENUE, 33.33), (PASSED, 16.67), (REPURCHASE, 16.67)),
    ),
)
BANDS: tuple[tuple[str, str, float, float | None], ...] = (
    ("Unsatisfactory", "不合格", 0, 60),
    ("Needs improvement", "待改进", 60, 75),
    ("Good", "良好", 75, 90),
    ("Excellent", "优秀", 90, 105),
    ("Outstanding", "卓越", 105, None),
)
SELF_DAYS, MANAGER_DAYS = 7, 14


def scorecards() -> tuple[Batch, ...]:
    """The scorecards with their lines and bands."""
    cards, lines, bands = [], [], []
    for key, english, chinese, department, status, items in SCORECARDS:
        values = {"name": english, "name_zh": chinese, "department": department, "status": status}
        cards.append(Row(key, values))
        for place, ((kpi, label, label_zh), weight) in enumerate(items, 1):
            line: dict[str, Any] = {"scorecard": key, "sequence": place, "kpi": kpi, "weight": weight}
            lines.append(Row("", line | {"label": label, "label_zh": label_zh}))
        for label, label_zh, low, high in BANDS:
            bands.append(Row("", {"scorecard": key, "label": label, "label_zh": label_zh, "low": low, "high": high}))
    return Batch("scorecard", tuple(cards)), Batch("scorecard_line", tuple(lines)), Batch("rating_band", tuple(bands))


def cycles(after: Period, today: date) -> Batch:
    """A cycle for production and one for sales, ready to be launched."""
    return Batch("cycle", tuple(_cycle(*row, after, today) for row in (
        ("prd", "PRD", "Production review", "生产部考核"),
        ("sal", "SAL", "Sales review", "销售部考核"),
    )))  # fmt: skip


def _cycle(scorecard: str, department: str, english: str, chinese: str, period: Period, today: date) -> Row:
    span = f"{period.start:%Y-%m} – {period.end:%Y-%m}"
    values = {
        "name": f"{english} {span}",
        "name_zh": f"{chinese} {span}",
        "scorecard": scorecard,
        "department": department,
        "period_start": period.start.isoformat(),
        "period_end": period.end.isoformat(),
        "self_due": (today + timedelta(days=SELF_DAYS)).isoformat(),
        "manager_due": (today + timedelta(days=MANAGER_DAYS)).isoformat(),
    }
    return Row(department, values)


# level, key, contributes to, department, owner, English, Chinese, commitment, progress, score
COMPANY, DEPARTMENT, PERSON = "objective_company", "objective_department", "objective_individual"
Goal = tuple[str, str, str, str, str, str, str, str, float, float | None]
BEFORE_GOALS: tuple[Goal, ...] = (
    (COMPANY, "share", "", "HQ", "grace", "Market share +15 %", "市场份额提升 15%", "aspirational", 0.45, 0.4),
    (COMPANY, "plan", "", "HQ", "grace", "Results meet the plan", "业绩达到计划", "committed", 0.65, 0.6),
    (
        DEPARTMENT,
        "output",
        "plan",
        "PRD",
        "derek",
        "Output reaches 90 % of plan",
        "产量达到计划的 90%",
        "committed",
        0.7,
        0.6,
    ),
    (
        DEPARTMENT,
        "revenue",
        "share",
        "SAL",
        "sofia",
        "Revenue reaches 85 % of plan",
        "销售额达到计划的 85%",
        "committed",
        0.65,
        0.5,
    ),
)
AFTER_GOALS: tuple[Goal, ...] = (
    (COMPANY, "c1", "", "HQ", "grace", "Market share +10 % and repurchase rate +20 %", "市场份额提升 10%，复购率提升 20%", "committed", 0.8, None),
    (COMPANY, "c2", "", "HQ", "grace", "Right the first time: pass rate of 95 %", "一次做好：合格率达到 95%", "committed", 0.95, None),
    (COMPANY, "c3", "", "HQ", "hana", "Figures without handwork", "数据统计自动化", "aspirational", 0.7, None),
    (DEPARTMENT, "d1", "c2", "PRD", "derek", "Output at 90 % of plan with fewer rejects", "产量达到计划的 90% 并减少废品", "committed", 0.9, None),
    (DEPARTMENT, "d2", "c1", "SAL", "sofia", "Every third customer buys again", "每三位客户中有一位复购", "committed", 0.85, None),
    (DEPARTMENT, "d3", "c1", "SAL", "sofia", "Two new carmakers abroad", "开发两家海外整车厂客户", "aspirational", 0.5, None),
    (DEPARTMENT, "d4", "c2", "RND", "rnd", "Brake caliper that is easier to cast", "更易铸造的制动钳", "aspirational", 0.55, None),
    (DEPARTMENT, "d5", "c2", "QUA", "quality", "Inspection results within the shift", "当班得出检验结果", "committed", 0.75, None),
    (DEPARTMENT, "d6", "c3", "HR", "hana", "Three hours a week for statistics", "每周统计工时降至 3 小时", "committed", 1, None),
    (DEPARTMENT, "d7", "c3", "FIN", "finance", "Monthly closing in four days", "四天完成月结", "committed", 0.6, None),
    (DEPARTMENT, "d8", "c1", "SAL", "sofia", "Sales +50 %", "销售额 +50%", "aspirational", 0.36, None),
    (DEPARTMENT, "d9", "c2", "PRD", "derek", "Production cost −20 %", "生产成本 −20%", "committed", 0.35, None),
    (PERSON, "p1", "d1", "PRD-A", "emma", "Set-up time of line 2 below 20 minutes", "2 号线换模时间低于 20 分钟", "committed", 0.7, None),
    (PERSON, "p2", "d1", "PRD-A", "emma", "Train two colleagues on the press", "培训两名同事操作压装机", "aspirational", 0.5, None),
    (PERSON, "p3", "d1", "PRD-C", "casting", "Furnace without unplanned stops", "熔炉无计划外停机", "committed", 0.6, None),
    (PERSON, "p4", "d2", "SAL-E", "liwei", "Visit every customer twice", "每位客户拜访两次", "committed", 0.8, None),
    (PERSON, "p5", "d2", "SAL-E", "liwei", "Service contract with ten customers", "与十位客户签订服务合同", "aspirational", 0.3, None),
    (PERSON, "p6", "d6", "HR", "tariq", "All heads trained on reading dashboards", "所有负责人学会解读仪表盘", "committed", 0.9, None),
    (PERSON, "p7", "d1", "PRD", "derek", "Weekly talk about deviations in every shop", "各车间每周讨论偏差", "committed", 0.85, None),
    (PERSON, "p8", "d3", "SAL", "sofia", "Frame contract signed in Stuttgart", "在斯图加特签订框架合同", "aspirational", 0.4, None),
)  # fmt: skip


def objectives(before: Period, after: Period, today: date) -> Iterator[Batch]:
    """The goal trees: one of the half-year that is over, and one that runs, level by level."""
    now = running(after, today)
    for level in (COMPANY, DEPARTMENT, PERSON):
        rows = [_objective(goal, before, "done") for goal in BEFORE_GOALS if goal[0] == level]
        rows += [_objective(goal, now, "active") for goal in AFTER_GOALS if goal[0] == level]
        yield Batch(level, tuple(rows))


def running(after: Period, today: date) -> Period:
    """The half-year whose goals run: it ends some time after today."""
    return Period(after.start, max(after.end, today + timedelta(days=30)))


def _objective(goal: Goal, period: Period, status: str) -> Row:
    level, key, parent, department, owner, english, chinese, commitment, progress, score = goal
    values = {
        "title": english,
        "title_zh": chinese,
        "department": department,
        "owner": owner,
        "period_start": period.start.isoformat(),
        "period_end": period.end.isoformat(),
        "commitment": commitment,
        "status": status,
        "progress": progress,
        "score": score,
    }
    return Row(key, values | measured(key) | ({} if level == COMPANY else {"parent": parent}))


def heads(company: Company) -> Batch:
    """Who heads which department: written last, because the two refer to each other."""
    return Batch("department", tuple(Row(code, {"code": code, "head": key}) for code, key in company.heads.items()))
