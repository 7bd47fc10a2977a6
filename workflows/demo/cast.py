"""Who can sign in to the demo, and the people who lead it.

The accounts are made by the portal's demo command; `people` makes the employee records that belong
to them. A password is the account's name followed by "-demo".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

DOMAIN = "hengzhun.example"


class Login(NamedTuple):
    """One account of the demo."""

    username: str
    role: str
    first_name: str
    last_name: str
    email: str
    language: str


def _login(username: str, role: str, first: str, last: str, language: str = "en") -> Login:
    return Login(username, role, first, last, f"{username}@{DOMAIN}", language)


DEMO_LOGINS: tuple[Login, ...] = (
    _login("hana", "HR admin", "Hana", "Weber"),
    _login("derek", "Department head", "Derek", "Miller"),
    _login("sofia", "Department head", "Sofia", "Rossi"),
    _login("tariq", "Trainer", "Tariq", "Hassan"),
    _login("emma", "Employee", "Emma", "Clarke"),
    _login("liwei", "Employee", "Li", "Wei", "zh"),
    _login("audrey", "Auditor", "Audrey", "Laurent"),
)


@dataclass(frozen=True)
class Role:
    """A person who is always there, however small the company; `account` only for those who sign in."""

    key: str
    name: str
    name_zh: str
    gender: str
    department: str
    position: str
    manager: str = ""
    heads: str = ""
    account: str = ""
    language: str = "en"


# Each stands after the person who is their manager.
CAST: tuple[Role, ...] = (
    Role("grace", "Lin Jing", "林静", "female", "HQ", "GM", heads="HQ", language="zh"),
    Role("hana", "Hana Weber", "哈娜·韦伯", "female", "HR", "HEAD", "grace", "HR", "hana"),
    Role("derek", "Derek Miller", "德里克·米勒", "male", "PRD", "HEAD", "grace", "PRD", "derek"),
    Role("sofia", "Sofia Rossi", "索菲娅·罗西", "female", "SAL", "HEAD", "grace", "SAL", "sofia"),
    Role("rnd", "Chen Yuan", "陈远", "male", "RND", "HEAD", "grace", "RND", language="zh"),
    Role("quality", "Zhao Min", "赵敏", "female", "QUA", "HEAD", "grace", "QUA", language="zh"),
    Role("finance", "Wu Hao", "吴昊", "male", "FIN", "HEAD", "grace", "FIN", language="zh"),
    Role("stamping", "Liu Qiang", "刘强", "male", "PRD-S", "LEAD", "derek", "PRD-S", language="zh"),
    Role("casting", "Marco Bauer", "马尔科·鲍尔", "male", "PRD-C", "LEAD", "derek", "PRD-C"),
    Role("assembly", "Yang Li", "杨丽", "female", "PRD-A", "LEAD", "derek", "PRD-A", language="zh"),
    Role("north", "Sun Lei", "孙磊", "male", "SAL-N", "LEAD", "sofia", "SAL-N", language="zh"),
    Role("east", "Zhou Ting", "周婷", "female", "SAL-E", "LEAD", "sofia", "SAL-E", language="zh"),
    Role("south", "Huang Jie", "黄杰", "male", "SAL-S", "LEAD", "sofia", "SAL-S", language="zh"),
    Role("export", "Ingrid Larsen", "英格丽德·拉森", "female", "SAL-X", "LEAD", "sofia", "SAL-X"),
    Role("tariq", "Tariq Hassan", "塔里克·哈桑", "male", "HR", "TRN", "hana", account="tariq"),
    Role("audrey", "Audrey Laurent", "奥黛丽·洛朗", "female", "FIN", "AUD", "finance", account="audrey"),
    Role("emma", "Emma Clarke", "艾玛·克拉克", "female", "PRD-A", "OPR", "derek", account="emma"),
    Role("liwei", "Li Wei", "李伟", "male", "SAL-E", "REP", "sofia", account="liwei", language="zh"),
)
