"""Twelve months of daily figures, so made that each half-year comes out at exactly the figures of the story.

Before the upgrade production reaches 70 % of its plan, sales 65 %, pass rate 92 %, repurchase 30 %, and HR
spends 15 hours a week on statistics; after it 90, 85, 95, 40 and 3. Days differ, months rise, some lines,
shifts and regions lag behind: there is something to find. Pure: the same arguments give the same rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from workflows.demo.people import Company
from workflows.demo.periods import Period
from workflows.demo.rows import Batch, Row

TARGET_PASS, TARGET_REPURCHASE, TARGET_HOURS, TARGET_SATISFIED = 95, 40, 3, 90

# line, department, pieces planned per shift, how far it leans from the mean
LINES = (("stamping", "PRD-S", 4000, 0.03), ("casting", "PRD-C", 2500, -0.06), ("assembly", "PRD-A", 1800, 0.02))
SHIFTS = (("early", 0.02), ("late", -0.02))
# region, department, yuan planned per day and product line, how far it leans, its customers a day
REGIONS = (
    ("north", "SAL-N", 42000, -0.04, 20),
    ("east", "SAL-E", 65000, 0.05, 40),
    ("south", "SAL-S", 38000, 0.01, 20),
    ("export", "SAL-X", 30000, -0.08, 10),
)
UNSERVED = "south"
PRODUCTS = (("brakes", 1.2, 0.02), ("engine", 1.0, -0.03), ("chassis", 0.8, 0.01))
STANDSTILL = "Furnace repair, no casting today. 熔炉检修，当日停产。"


@dataclass(frozen=True)
class Figures:
    """What a half-year comes out at: shares of the plan or of all, and hours a week."""

    production: float
    sales: float
    passed: float
    repurchased: float
    hours: float
    satisfied: float


BEFORE = Figures(production=0.70, sales=0.65, passed=0.92, repurchased=0.30, hours=15, satisfied=0.72)
AFTER = Figures(production=0.90, sales=0.85, passed=0.95, repurchased=0.40, hours=3, satisfied=0.81)


def observations(company: Company, halves: tuple[Period, Period], seed: int) -> tuple[Batch, ...]:
    """One batch for each KPI, both half-years in order of days."""
    makers = {
        "production_output": _production,
        "pass_rate": _passes,
        "sales_revenue": _sales,
        "repurchase_rate": _repurchases,
        "customer_satisfaction": _satisfaction,
        "hr_hours": _hours,
    }
    batches = []
    for definition, make in makers.items():
        random = Random(f"{seed} {definition}")
        rows: list[Row] = []
        for period, figures in zip(halves, (BEFORE, AFTER), strict=True):
            rows += [Row("", values) for values in make(company, period, figures, random)]
        batches.append(Batch(definition, tuple(rows)))
    return tuple(batches)


def settle(parts: Sequence[float], total: int) -> list[int]:
    """Whole numbers in the proportions of `parts` that add up to `total`; a part of nothing stays nothing."""
    whole = sum(parts)
    exact = [part * total / whole for part in parts]
    settled = [int(value) for value in exact]
    by_remainder = sorted(range(len(parts)), key=lambda i: (settled[i] - exact[i], i))
    open_places = [i for i in by_remainder if parts[i] > 0]
    for i in open_places[: total - sum(settled)]:
        settled[i] += 1
    return settled


def _rise(period: Period, day: Any) -> float:
    """A little worse than the mean at the start of a half-year, a little better at its end."""
    return 0.016 * (period.month(day) - 2.5)


def _production(_company: Company, period: Period, figures: Figures, random: Random) -> Iterator[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    wanted: list[float] = []
    repair = set(random.sample(period.workdays, 3 if figures is BEFORE else 1))
    for day in period.workdays:
        for line, department, base, lean in LINES:
            for shift, shift_lean in SHIFTS:
                planned = 10 * round(base * random.uniform(0.92, 1.08) / 10)
                share = figures.production + lean + shift_lean + _rise(period, day) + random.gauss(0, 0.03)
                still = line == "casting" and day in repair
                wanted.append(0.0 if still else planned * share)
                row = {"day": day.isoformat(), "department": department, "line": line, "shift": shift}
                rows.append(row | {"planned": planned} | ({"note": STANDSTILL} if still else {}))
    total = round(figures.production * sum(row["planned"] for row in rows))
    for row, produced in zip(rows, settle(wanted, total), strict=True):
        yield row | {"produced": produced}


def _passes(_company: Company, period: Period, figures: Figures, random: Random) -> Iterator[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    wanted: list[float] = []
    for day in period.workdays:
        for line, department, base, lean in LINES:
            inspected = 100 * round(base / 500 * random.uniform(0.8, 1.2))
            share = figures.passed + lean / 4 + _rise(period, day) / 8 + random.gauss(0, 0.004)
            wanted.append(inspected * min(share, 0.99))
            row = {"day": day.isoformat(), "department": department, "line": line}
            rows.append(row | {"inspected": inspected, "target": TARGET_PASS})
    total = round(figures.passed * sum(row["inspected"] for row in rows))
    for row, passed in zip(rows, settle(wanted, total), strict=True):
        yield row | {"passed": passed}


def _sales(company: Company, period: Period, figures: Figures, random: Random) -> Iterator[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    wanted: list[float] = []
    for day in period.workdays:
        for region, department, base, lean, _customers in REGIONS:
            sellers = company.staff[department][::-1]
            for place, (product, size, product_lean) in enumerate(PRODUCTS):
                planned = 100 * round(base * size * random.uniform(0.85, 1.15) / 100)
                share = figures.sales + lean + product_lean + _rise(period, day) + random.gauss(0, 0.06)
                wanted.append(planned * share)
                row = {"day": day.isoformat(), "department": department, "region": region, "product_line": product}
                rows.append(row | {"employee": sellers[place % len(sellers)], "planned": planned})
    cents = round(100 * figures.sales * sum(row["planned"] for row in rows))
    for row, revenue in zip(rows, settle(wanted, cents), strict=True):
        yield row | {"revenue": revenue / 100}


def _repurchases(_company: Company, period: Period, figures: Figures, random: Random) -> Iterator[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    wanted: list[float] = []
    for day in period.workdays:
        for region, department, _base, lean, usual in REGIONS:
            customers = usual + 10 * random.randrange(0, 3)
            share = figures.repurchased + lean + _rise(period, day) + random.gauss(0, 0.05)
            wanted.append(customers * max(share, 0.02))
            row = {"day": day.isoformat(), "department": department, "region": region}
            rows.append(row | {"customers": customers, "target": TARGET_REPURCHASE})
    total = round(figures.repurchased * sum(row["customers"] for row in rows))
    for row, repurchased in zip(rows, settle(wanted, total), strict=True):
        yield row | {"repurchased": repurchased}


def _satisfaction(_company: Company, period: Period, figures: Figures, random: Random) -> Iterator[dict[str, Any]]:
    """One survey a week in each region; where most is sold people wait longest, and the south has no workshop."""
    rows: list[dict[str, Any]] = []
    wanted: list[float] = []
    for day in period.workdays[::5]:
        for region, department, _base, lean, usual in REGIONS:
            asked = 5 * usual
            share = (
                figures.satisfied
                - 3 * lean
                - (0.18 if region == UNSERVED else 0.0)
                + _rise(period, day)
                + random.gauss(0, 0.02)
            )
            wanted.append(asked * min(share, 0.99))
            row = {"day": day.isoformat(), "department": department, "region": region}
            rows.append(row | {"asked": asked, "target": TARGET_SATISFIED})
    total = round(figures.satisfied * sum(row["asked"] for row in rows))
    for row, satisfied in zip(rows, settle(wanted, total), strict=True):
        yield row | {"satisfied": satisfied}


def _hours(_company: Company, period: Period, figures: Figures, random: Random) -> Iterator[dict[str, Any]]:
    mondays = period.mondays
    quarters = settle(
        [figures.hours * random.uniform(0.8, 1.2) for _ in mondays], round(4 * figures.hours * len(mondays))
    )
    for day, quarter in zip(mondays, quarters, strict=True):
        yield {"day": day.isoformat(), "department": "HR", "hours": quarter / 4, "target": TARGET_HOURS}
