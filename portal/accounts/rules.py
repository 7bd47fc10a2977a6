"""What holds for accounts, as plain functions: who manages whom, which roles can be given, what a password must be.

HR manages accounts, except those of IT: whoever is not `Admin` neither touches an account that is nor makes one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from typing import Any

from metadata.access import ADMIN, Actor
from metadata.catalog import Catalog
from metadata.errors import Problem

HR = "HR admin"
INTEGRATION = "Integration"
PUBLIC = "Public"
ROLES = (HR, "Department head", "Trainer", "Employee", "Auditor", INTEGRATION)
BUILT_IN = frozenset({*ROLES, ADMIN, PUBLIC})
SHORTEST = 10
LONGEST = 128
OWN_WORDS_FROM = 4  # "li" as part of a password says nothing
# fmt: off
COMMON = frozenset({
    "password12", "password123", "qwertyuiop", "qwerty12345", "1234567890", "12345678910", "letmein123",
    "welcome123", "welcome1234", "iloveyou123", "administrator", "changeme123", "plumbline1", "abcdefghij",
    "abcd123456", "1q2w3e4r5t", "qazwsxedcrfv", "woaini1314", "woaini520520", "5201314520",
})
# fmt: on
USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}", re.IGNORECASE | re.ASCII)
EMAIL = re.compile(r"[^@\s<>\"]+@[^@\s<>\"]+\.[^@\s<>\"]+")


def may_manage(actor: Actor, _catalog: Catalog | None = None) -> bool:
    """Whether accounts and roles are this person's business at all."""
    return bool(actor.system or actor.roles & {ADMIN, HR})


def may_touch(actor: Actor, roles: Collection[str]) -> bool:
    """Whether an account with these roles is this person's business."""
    return may_manage(actor) and (ADMIN not in roles or actor.unlimited)


def grantable(actor: Actor, names: Iterable[str]) -> list[str]:
    """The roles that this person can give; nobody signs in as the public."""
    return [n for n in names if n != PUBLIC and (n != ADMIN or actor.unlimited) and may_manage(actor)]


def may_use_pages(roles: Collection[str]) -> bool:
    """Whether an account with these roles belongs to a person; those of programs only use the API."""
    return INTEGRATION not in roles


def password_problems(password: str, own: Iterable[Any] = (), *, field: str = "password") -> list[Problem]:
    """What is wrong with a new password; `own` are names and addresses of whom it is for."""
    if len(password) < SHORTEST:
        return [Problem(f"/{field}", "A password has at least %(count)s characters.", {"count": SHORTEST})]
    if len(password) > LONGEST:
        return [Problem(f"/{field}", "A password has at most %(count)s characters.", {"count": LONGEST})]
    folded = unicodedata.normalize("NFKC", password).casefold()
    if folded in COMMON or len(set(folded)) < SHORTEST // 2:
        return [Problem(f"/{field}", "This password is among the first that anybody tries; choose another.")]
    words = [str(word).casefold() for text in own for word in re.split(r"[@\s]", str(text or ""))]
    if any(len(word) >= OWN_WORDS_FROM and word in folded for word in words):
        return [Problem(f"/{field}", "The password must not contain the person's name or address.")]
    return []


def username_problem(username: str) -> Problem | None:
    """What is wrong with the form of a user name."""
    if USERNAME.fullmatch(username):
        return None
    return Problem("/username", "A user name has 2 to 64 letters a–z, digits, dots, hyphens or underscores.")
