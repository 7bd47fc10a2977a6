"""What a change of access rules means, in sentences: which role gets or loses what, role by role.

Called by `changes` for previews and the history. Sentences are translation keys; the places `role`, `actions` and
`rows` hold words that are translated one by one, `fields` the titles of fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from metadata.model import ACTIONS, Definition, RoleAccess

GETS = "“%(role)s” gets %(actions)s: %(rows)s."
LOSES = "“%(role)s” loses %(actions)s: %(rows)s."
SEES = "“%(role)s” sees from now on: %(fields)s."
HIDES = "“%(role)s” no longer sees everywhere: %(fields)s."
SETS = "“%(role)s” can set from now on: %(fields)s."
LOCKS = "“%(role)s” can no longer set everywhere: %(fields)s."
OTHERWISE = "The rules of “%(role)s” change."
ROWS = {
    "own": "own records",
    "assigned": "assigned records",
    "reports": "records of direct reports",
    "unit": "records of the own department",
    "department": "records of the department",
    "all": "all records",
}
CONDITIONED = {
    "own": "own records that meet a condition",
    "assigned": "assigned records that meet a condition",
    "reports": "records of direct reports that meet a condition",
    "unit": "records of the own department that meet a condition",
    "department": "records of the department that meet a condition",
    "all": "all records that meet a condition",
}
Told = tuple[str, Mapping[str, Any]]


def told(old: Definition, new: Definition) -> Iterator[Told]:
    """The sentences, role by role."""
    for role in sorted({*old.access, *new.access}):
        before, after = old.access.get(role, ()), new.access.get(role, ())
        if before == after:
            continue
        found = [*_grants(role, before, after), *_fields(role, new, before, after)]
        yield from found or [(OTHERWISE, {"role": role})]


def changed_roles(old: Definition, new: Definition) -> frozenset[str]:
    """The roles whose rules differ."""
    roles = {*old.access, *new.access}
    return frozenset(role for role in roles if old.access.get(role, ()) != new.access.get(role, ()))


def _grants(role: str, before: tuple[RoleAccess, ...], after: tuple[RoleAccess, ...]) -> Iterator[Told]:
    had, has = _pairs(before), _pairs(after)
    for message, pairs in ((GETS, has - had), (LOSES, had - has)):
        for rows in dict.fromkeys(rows for _action, rows in sorted(pairs)):
            actions = [action for action in ACTIONS if (action, rows) in pairs]
            yield message, {"role": role, "actions": ", ".join(actions), "rows": rows}


def _pairs(rules: tuple[RoleAccess, ...]) -> set[tuple[str, str]]:
    given = [(rule, CONDITIONED if rule.where else ROWS) for rule in rules if rule.rows != "none"]
    return {(action, words[rule.rows]) for rule, words in given for action in rule.can}


def _fields(
    role: str, new: Definition, before: tuple[RoleAccess, ...], after: tuple[RoleAccess, ...]
) -> Iterator[Told]:
    """Fields that a rule of the role opens or closes, where the role had access and keeps it."""
    if not _pairs(before) or not _pairs(after):
        return
    hid, hides = (frozenset().union(*(rule.hides for rule in rules)) for rules in (before, after))
    held, holds = (frozenset().union(*(rule.locks for rule in rules)) for rules in (before, after))
    changes = ((SEES, hid - hides), (HIDES, hides - hid), (SETS, held - holds - hides), (LOCKS, holds - held - hides))
    for message, names in changes:
        titles = [field.title() for name, field in new.fields.items() if name in names]
        if titles:
            yield message, {"role": role, "fields": ", ".join(titles)}
