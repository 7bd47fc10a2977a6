"""The demo company's departments, positions and employees as plain rows.

An automotive-parts manufacturer: one tree of departments, a cast that is always there and as many more
people as asked for, shared out by department. Pure: the same arguments give the same rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from workflows.demo import names
from workflows.demo.cast import CAST, DOMAIN
from workflows.demo.rows import Batch, Row

SMALLEST = 24

# code, English, Chinese, part of
DEPARTMENTS = (
    ("HQ", "Hengzhun Auto Parts", "衡准汽车零部件", ""),
    ("PRD", "Production", "生产部", "HQ"),
    ("SAL", "Sales", "销售部", "HQ"),
    ("RND", "R&D", "研发部", "HQ"),
    ("QUA", "Quality", "质量部", "HQ"),
    ("HR", "HR", "人力资源部", "HQ"),
    ("FIN", "Finance", "财务部", "HQ"),
    ("PRD-S", "Stamping shop", "冲压车间", "PRD"),
    ("PRD-C", "Casting shop", "铸造车间", "PRD"),
    ("PRD-A", "Assembly shop", "装配车间", "PRD"),
    ("SAL-N", "Sales North", "北方销售区", "SAL"),
    ("SAL-E", "Sales East", "东部销售区", "SAL"),
    ("SAL-S", "Sales South", "南方销售区", "SAL"),
    ("SAL-X", "Export", "海外销售", "SAL"),
)
# code, English, Chinese, level, monthly pay from
POSITIONS = (
    ("GM", "General manager", "总经理", 10, 60000),
    ("HEAD", "Head of department", "部门负责人", 8, 32000),
    ("LEAD", "Team lead", "班组长", 6, 18000),
    ("ENG", "Engineer", "工程师", 5, 15000),
    ("INS", "Quality inspector", "质量检验员", 4, 9500),
    ("OPR", "Operator", "操作工", 3, 7500),
    ("REP", "Sales representative", "销售代表", 4, 10000),
    ("HRP", "HR partner", "人力资源伙伴", 5, 12000),
    ("TRN", "Trainer", "培训师", 5, 13000),
    ("ACC", "Accountant", "会计", 5, 12000),
    ("AUD", "Auditor", "审计员", 6, 16000),
)
# department, position, share of the people who are not in the cast
STAFFING = (
    *(("PRD-S", "OPR", 17), ("PRD-C", "OPR", 13), ("PRD-A", "OPR", 17)),
    *(("SAL-N", "REP", 5), ("SAL-E", "REP", 5), ("SAL-S", "REP", 4), ("SAL-X", "REP", 4)),
    *(("RND", "ENG", 14), ("QUA", "INS", 11), ("HR", "HRP", 4), ("FIN", "ACC", 6)),
)
PAY: Mapping[str, int] = {code: pay for code, _en, _zh, _level, pay in POSITIONS}


@dataclass(frozen=True)
class Company:
    """Rows in the order in which they can be written, and what other generators ask about."""

    batches: tuple[Batch, ...]
    heads: Mapping[str, str]  # department → key of the employee who heads it
    staff: Mapping[str, tuple[str, ...]]  # department → keys of those at work in it
    newest: str

    @property
    def employees(self) -> Iterator[Row]:
        """Every employee's row."""
        return (row for batch in self.batches if batch.definition == "employee" for row in batch.rows)


def company(today: date, employees: int, seed: int) -> Company:
    """The whole organisation as of `today`."""
    if employees < SMALLEST:
        raise ValueError(f"the demo company needs at least {SMALLEST} people")
    random = Random(f"{seed} people")
    heads = {role.heads: role.key for role in CAST if role.heads}
    cast = [_cast_row(position, random, today) for position in range(len(CAST))]
    crowd = _crowd(random, today, employees - len(CAST), heads)
    everybody = [*cast, *crowd]
    return Company(
        batches=(
            *_departments(),
            Batch("position", tuple(_position(*row[:4]) for row in POSITIONS)),
            *_by_rank(cast),
            Batch("employee", tuple(crowd)),
        ),
        heads=heads,
        staff=_staff(everybody),
        newest=crowd[-1].key,
    )


def _departments() -> Iterator[Batch]:
    """One batch for each depth of the tree: a parent is written before its parts."""
    done: set[str] = {""}
    left = list(DEPARTMENTS)
    while left:
        now = [row for row in left if row[3] in done]
        yield Batch("department", tuple(_department(*row) for row in now))
        done |= {row[0] for row in now}
        left = [row for row in left if row not in now]


def _department(code: str, english: str, chinese: str, parent: str) -> Row:
    return Row(code, {"code": code, "name": english, "name_zh": chinese, "parent": parent or None})


def _position(code: str, english: str, chinese: str, level: int) -> Row:
    return Row(code, {"code": code, "title": english, "title_zh": chinese, "level": level})


def _cast_row(position: int, random: Random, today: date) -> Row:
    role = CAST[position]
    name = names.Name(role.name, role.name_zh, role.gender, role.language)
    hired = today - timedelta(days=random.randrange(900, 4200))
    values = _employee(position + 1, name, role.department, role.position, hired, random)
    values |= {"manager": role.manager or None, "account": role.account or None}
    if role.account:
        values["email"] = f"{role.account}@{DOMAIN}"
    return Row(role.key, values)


def _crowd(random: Random, today: date, count: int, heads: Mapping[str, str]) -> list[Row]:
    """Everybody else. One in forty came in the last 80 days, the very last one this week; one in fifty has left."""
    rows = []
    for index, (department, position) in enumerate(_places(count)):
        number = len(CAST) + index + 1
        recent = index % 40 == 25
        days = 3 if index == count - 1 else random.randrange(10, 80) if recent else random.randrange(200, 4000)
        hired = today - timedelta(days=days)
        values = _employee(number, names.draw(random), department, position, hired, random)
        values["manager"] = heads[department]
        if index % 50 == 37 and not recent:
            left = today - timedelta(days=random.randrange(20, 150))
            values |= {"status": "left", "left_on": left.isoformat()}
        elif index % 60 == 11:
            values["status"] = "on_leave"
        rows.append(Row(values["number"], values))
    return rows


def _places(count: int) -> list[tuple[str, str]]:
    """Where each of `count` people works: shares as in STAFFING, spread evenly, whatever the count."""
    total = sum(share for _d, _p, share in STAFFING)
    credit = [0] * len(STAFFING)
    places = []
    for _ in range(count):
        for index, (_department, _position, share) in enumerate(STAFFING):
            credit[index] += share
        chosen = max(range(len(STAFFING)), key=lambda index: credit[index])
        credit[chosen] -= total
        places.append(STAFFING[chosen][:2])
    return places


def _employee(
    number: int, name: names.Name, department: str, position: str, hired: date, random: Random
) -> dict[str, Any]:
    pay = PAY[position] * (1 + random.randrange(0, 31) / 100)
    return {
        "number": f"E{number:05d}",
        "name": name.latin,
        "name_zh": name.chinese,
        "email": f"e{number:05d}@{DOMAIN}",
        "department": department,
        "position": position,
        "hired_on": hired.isoformat(),
        "language": name.language,
        "status": "active",
        "birth_date": (hired - timedelta(days=random.randrange(20 * 365, 40 * 365))).isoformat(),
        "gender": name.gender,
        "salary": round(pay, -2),
    }


def _by_rank(cast: Sequence[Row]) -> Iterator[Batch]:
    """Batches in which nobody is another one's manager."""
    done: set[str | None] = {None}
    left = list(cast)
    while left:
        now = [row for row in left if row.values["manager"] in done]
        yield Batch("employee", tuple(now))
        done |= {row.key for row in now}
        left = [row for row in left if row not in now]


def _staff(rows: Sequence[Row]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for row in rows:
        if row.values["status"] != "left":
            found.setdefault(row.values["department"], []).append(row.key)
    return {department: tuple(keys) for department, keys in found.items()}
