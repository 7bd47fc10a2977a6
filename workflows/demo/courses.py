# ruff: noqa: E501 - a table reads best with a row to a line
"""The demo's training: courses, sessions past and coming, who takes part, and onboarding.

Pure: the same arguments give the same rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta, timezone
from random import Random
from typing import Any

from workflows.demo.people import Company
from workflows.demo.rows import Batch, Row

FACTORY = timezone(timedelta(hours=8))

# code, English, Chinese, delivery, hours, valid for months, mandatory, what it is about in both languages
COURSES: tuple[tuple[str, str, str, str, float, int | None, bool, str, str], ...] = (
    ("SAFE-1", "Safety at the line", "生产线安全", "classroom", 4, 12, True, "Guards, lock-out and what to do in an emergency.", "防护装置、上锁挂牌与应急处理。"),
    ("QUAL-1", "Right the first time", "一次做好", "classroom", 6, 24, False, "Causes of rejects and how the line finds them itself.", "废品成因及生产线自检方法。"),
    ("PROD-1", "Product knowledge, basics", "产品知识基础", "online", 3, None, True, "What we make and what it does in a car.", "我们的产品及其在汽车中的作用。"),
    ("PROD-2", "Product knowledge, advanced", "产品知识进阶", "online", 5, 24, False, "Materials, tolerances and the questions that customers ask.", "材料、公差与客户常见问题。"),
    ("SALE-1", "Talking to carmakers", "与整车厂沟通", "classroom", 8, None, False, "From the first visit to the frame contract.", "从首次拜访到框架合同。"),
    ("LEAD-1", "Team leadership", "团队领导力", "classroom", 12, None, False, "Goals, feedback and fair reviews.", "目标、反馈与公平考核。"),
    ("DATA-1", "Reading dashboards", "解读仪表盘", "online", 1.5, None, False, "Plan, actual, deviation, and what to ask next.", "计划、实际、偏差以及下一步该问什么。"),
    ("COACH-1", "Guidance at the workplace", "岗位一对一辅导", "one_to_one", 2, 12, False, "An experienced colleague beside you.", "由资深同事在岗指导。"),
)  # fmt: skip
# key, course, name, days from today, starts at, place, seats, status, departments it is held for
SESSIONS: tuple[tuple[str, str, str, int, int, str, int | None, str, tuple[str, ...]], ...] = (
    ("s1", "SAFE-1", "Safety, group A", -120, 9, "Room 1.01", 20, "held", ("PRD-S", "PRD-C")),
    ("s2", "QUAL-1", "Quality, group A", -60, 13, "Room 1.02", 16, "held", ("PRD-A", "QUA")),
    (
        "s3",
        "DATA-1",
        "Dashboards for heads",
        -20,
        10,
        "https://meet.hengzhun.example/data",
        None,
        "held",
        ("PRD", "SAL"),
    ),
    ("s4", "SAFE-1", "Safety, group B", 6, 9, "Room 1.01", 20, "open", ("PRD-A",)),
    ("s5", "SALE-1", "Carmakers, East", 13, 9, "Room 2.10", 12, "open", ("SAL-E",)),
    ("s6", "LEAD-1", "Leadership, spring", 27, 9, "Room 2.11", 10, "planned", ()),
)
MOST = 12
ALWAYS = {"s2": ("emma",), "s4": ("emma",), "s5": ("liwei",)}
PLANS = (("welcome", "Welcome", "欢迎入职", None), ("welcome-prd", "Welcome to production", "生产部入职", "PRD"))
# plan, English, Chinese, kind, course, tour, days
STEPS: tuple[tuple[str, str, str, str, str | None, str | None, int], ...] = (
    ("welcome", "Your week in Plumbline", "在 Plumbline 中的一周", "tour", None, "my_week", 1),
    ("welcome", "Collect badge and work clothes", "领取工牌和工作服", "task", None, None, 1),
    ("welcome", "Sign the safety instructions", "签署安全须知", "task", None, None, 3),
    ("welcome", "Product knowledge, basics", "产品知识基础", "course", "PROD-1", None, 14),
    ("welcome", "Agree goals with your manager", "与上级商定目标", "task", None, None, 30),
    ("welcome-prd", "Safety at the line", "生产线安全", "course", "SAFE-1", None, 7),
    ("welcome-prd", "Walk through the shop with your team lead", "由班组长带领熟悉车间", "task", None, None, 2),
)


def training(company: Company, now: datetime, seed: int) -> Iterator[Batch]:
    """Courses, sessions, enrolments, onboarding plans and steps, and the newest employee's checklist."""
    random = Random(f"{seed} training")
    yield Batch("course", tuple(_course(*row) for row in COURSES))
    yield Batch("training_session", tuple(_session(row, now) for row in SESSIONS))
    yield Batch("enrolment", tuple(_enrolments(company, now, random)))
    yield Batch("onboarding_plan", tuple(_plan(*row) for row in PLANS))
    steps = _steps()
    yield Batch("onboarding_step", steps)
    yield Batch("onboarding_task", tuple(_tasks(company, steps)))


def _course(
    code: str, title: str, title_zh: str, delivery: str, hours: float, months: int | None, mandatory: bool, *about: str
) -> Row:
    values = {"code": code, "title": title, "title_zh": title_zh, "delivery": delivery, "hours": hours}
    values |= {"validity_months": months, "mandatory": mandatory, "trainer": "tariq"}
    return Row(code, values | {"description": about[0], "description_zh": about[1]})


def _session(row: tuple[Any, ...], now: datetime) -> Row:
    key, course, title, _days, _hour, place, seats, status, _departments = row
    starts, ends = _times(row, now)
    values = {"course": course, "title": title, "starts_at": starts.isoformat(), "ends_at": ends.isoformat()}
    return Row(key, values | {"place": place, "capacity": seats, "status": status, "trainer": "tariq"})


def _times(row: tuple[Any, ...], now: datetime) -> tuple[datetime, datetime]:
    hours = next(course[4] for course in COURSES if course[0] == row[1])
    day = now.astimezone(FACTORY).date() + timedelta(days=row[3])
    starts = datetime.combine(day, time(row[4]), FACTORY)
    return starts, starts + timedelta(hours=hours)


def _enrolments(company: Company, now: datetime, random: Random) -> Iterator[Row]:
    for row in SESSIONS:
        key, status, departments = row[0], row[7], row[8]
        people = [person for department in departments for person in company.staff.get(department, ())]
        chosen = dict.fromkeys((*ALWAYS.get(key, ()), *random.sample(people, min(MOST - 2, len(people)))))
        for person in chosen:
            values: dict[str, Any] = {"session": key, "employee": person}
            yield Row("", values | (_outcome(row, now, random) if status == "held" else {}))


def _outcome(row: tuple[Any, ...], now: datetime, random: Random) -> dict[str, Any]:
    if random.random() < 0.1:
        return {"status": "absent"}
    starts, ends = _times(row, now)
    values = {"status": "completed", "attended_at": starts.isoformat(), "completed_at": ends.isoformat()}
    return values | {"result": random.choice(("passed", "passed with distinction"))}


def _plan(key: str, english: str, chinese: str, department: str | None) -> Row:
    return Row(key, {"name": english, "name_zh": chinese, "department": department})


def _steps() -> tuple[Row, ...]:
    counts: dict[str, int] = {}
    rows = []
    for plan, english, chinese, kind, course, tour, days in STEPS:
        counts[plan] = counts.get(plan, 0) + 1
        values: dict[str, Any] = {"plan": plan, "sequence": counts[plan], "title": english, "title_zh": chinese}
        values |= {"kind": kind, "course": course, "tour": tour, "due_days": days}
        rows.append(Row(f"{plan}-{counts[plan]}", values))
    return tuple(rows)


def _tasks(company: Company, steps: tuple[Row, ...]) -> Iterator[Row]:
    """The newest colleague is in the middle of the general plan."""
    person = next(row for row in company.employees if row.key == company.newest)
    hired = datetime.fromisoformat(person.values["hired_on"])
    for step in steps:
        if step.values["plan"] != "welcome":
            continue
        due = hired + timedelta(days=step.values["due_days"])
        values = {"employee": person.key, "step": step.key, "due_on": due.date().isoformat()}
        values |= {name: step.values[name] for name in ("title", "title_zh")}
        done = step.values["kind"] == "tour"
        state = {"status": "done", "done_at": hired.replace(hour=6, tzinfo=FACTORY).isoformat()} if done else {}
        yield Row("", values | state)
