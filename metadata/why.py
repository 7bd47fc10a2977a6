"""Why somebody may or may not do something: every rule of a definition weighed for one person, record and field.

Called by the page and by REST for HR. The verdict is `access`'s own; here each rule is asked by itself, in one
statement, so that the deciding one can be named in words, and those of other roles that would grant it. Sentences are
translation keys with places.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, case, select, true
from sqlalchemy.orm import Session

from metadata import conditions, scopes
from metadata.access import ADMIN, Actor
from metadata.catalog import Catalog, Entity
from metadata.errors import NotFound
from metadata.model import ACTIONS, Field, RoleAccess

GRANTS = {
    "all": "“%(role)s” grants it for all records.",
    "own": "“%(role)s” grants it for records about the person.",
    "assigned": "“%(role)s” grants it for records that name the person under %(fields)s.",
    "reports": "“%(role)s” grants it for records about people whose manager is the person.",
    "unit": "“%(role)s” grants it for records of the department in which the person works.",
    "department": "“%(role)s” grants it for records of departments that the person heads, and of those below.",
}
MADE = "“%(role)s” grants it for records that the person made."
GRANTS_IF = "“%(role)s” grants it for all records that meet a condition on %(fields)s."
MISSES = {
    "all": GRANTS["all"],
    "own": "“%(role)s” grants it only for records about the person; this one is not.",
    "assigned": "“%(role)s” grants it only for records that name the person under %(fields)s; this one does not.",
    "reports": "“%(role)s” grants it only for records about people whose manager is the person; this one is not.",
    "unit": "“%(role)s” grants it only for records of the department in which the person works; this one is not.",
    "department": "“%(role)s” grants it only for records of departments that the person heads, or of those below.",
}
NOT_MADE = "“%(role)s” grants it only for records that the person made; this one is not."
FAILS_IF = "“%(role)s” grants it only for records that meet a condition on %(fields)s; this one does not."
NO_ACTION = "“%(role)s” does not grant it for any record."
HIDDEN = "“%(role)s” grants it, but hides the field."
READ_ONLY = "“%(role)s” grants it, but the field can only be read."
APART = "“%(role)s” keeps whoever has it from the record about themselves."
NO_RULE = "The definition says nothing about the role “%(role)s”, so it has nothing."
NO_ROLE = "The account has no role."
EVERYTHING = "The role Admin may do everything."
NO_PERSON = "No record of a person names this account, so no record is about it, assigned to it or of its team."
IN_BIN = "The record is in the recycle bin; only who may remove it finds it there."


@dataclass(frozen=True)
class Sentence:
    """One thing to say: a translation key, its places, and the role and the rule's place among those of the role."""

    message: str
    params: Mapping[str, Any] = field(default_factory=dict)
    role: str = ""
    position: int = 0
    grants: bool = False


@dataclass(frozen=True)
class Answer:
    """One action: whether it is allowed, the rules that decide, and those of other roles that would grant it."""

    action: str
    allowed: bool
    reasons: tuple[Sentence, ...]
    would: tuple[Sentence, ...]


@dataclass(frozen=True)
class Explained:
    """The answers for all actions, and what else there is to know."""

    answers: tuple[Answer, ...]
    notes: tuple[Sentence, ...]


@dataclass(frozen=True)
class _Weighed:
    """One rule with what the database says: whether its scope and its condition hold for the record."""

    role: str
    position: int
    rule: RoleAccess
    in_scope: bool
    meets: bool


def explain(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    entity: Entity,
    *,
    record_id: int | None = None,
    item: Field | None = None,
) -> Explained:
    """Every action of `actor` on any record of `entity`, or on this one, or on this field of it. One statement."""
    rules = [
        (role, position, rule)
        for role, said in sorted(entity.definition.access.items())
        for position, rule in enumerate(said)
    ]
    weighed, about_self, removed = _weigh(session, catalog, actor, entity, rules, record_id)
    notes = [Sentence(IN_BIN)] if removed else []
    if actor.person_id is None and any(rule.rows in scopes.PERSONAL for _role, _position, rule in rules):
        notes.append(Sentence(NO_PERSON))
    answers = tuple(_answer(actor, entity, action, weighed, item, about_self=about_self) for action in ACTIONS)
    return Explained(answers, tuple(notes))


def _weigh(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    entity: Entity,
    rules: list[tuple[str, int, RoleAccess]],
    record_id: int | None,
) -> tuple[list[_Weighed], bool, bool]:
    if record_id is None:
        return [_Weighed(*given, in_scope=given[2].rows != "none", meets=True) for given in rules], False, False
    table = entity.table
    asked: list[ColumnElement[bool]] = [scopes.own(actor, entity, table), table.c._removed_at.is_not(None)]
    for _role, _position, rule in rules:
        asked.append(scopes.in_scope(actor, catalog, entity, rule, table))
        asked.append(conditions.clause(entity.definition, table, rule.where) if rule.where else true())
    columns = [case((clause, 1), else_=0).label(f"a{i}") for i, clause in enumerate(asked)]
    row = session.connection().execute(select(*columns).where(table.c.id == record_id)).first()
    if row is None:
        raise NotFound("There is no such record, or you may not see it.")
    told = [bool(cell) for cell in row]
    pairs = zip(told[2::2], told[3::2], strict=True)
    weighed = [_Weighed(*given, *pair) for given, pair in zip(rules, pairs, strict=True)]
    return weighed, told[0], told[1]


def _answer(
    actor: Actor, entity: Entity, action: str, weighed: list[_Weighed], item: Field | None, *, about_self: bool
) -> Answer:
    if ADMIN in actor.roles:
        return Answer(action, True, (Sentence(EVERYTHING, grants=True),), ())
    mine = [one for one in weighed if one.role in actor.roles]
    reasons = [_judged(entity, one, action, item) for one in mine]
    apart = next((one for one in mine if one.rule.others_only and _gives(one.rule, action)), None)
    kept = apart is not None and about_self
    would = (_judged(entity, one, action, item) for one in weighed if one.role not in actor.roles)
    if apart is not None and kept:
        reasons = [Sentence(APART, {"role": apart.role}, apart.role, apart.position)]
    allowed = not kept and any(reason.grants for reason in reasons)
    reasons += _silent(actor, entity) if not allowed else []
    reasons.sort(key=lambda reason: not reason.grants)
    return Answer(action, allowed, tuple(reasons), tuple(s for s in would if s.grants and not allowed and not kept))


def _silent(actor: Actor, entity: Entity) -> Iterator[Sentence]:
    """Roles of which the definition says nothing."""
    if not actor.roles:
        yield Sentence(NO_ROLE)
    for role in sorted(actor.roles - entity.definition.access.keys()):
        yield Sentence(NO_RULE, {"role": role}, role)


def _gives(rule: RoleAccess, action: str) -> bool:
    return action in rule.can and rule.rows != "none"


def _judged(entity: Entity, one: _Weighed, action: str, item: Field | None) -> Sentence:
    """What one rule says to it."""
    rule, titles = one.rule, entity.definition.fields
    condition = [titles[n].title() for n in sorted(conditions.names(rule.where)) if n in titles]
    named = [titles[n].title() for n in rule.assigned if n in titles]
    made = rule.rows == "own" and entity.definition.owner.person is None

    def say(message: str, names: list[str], *, grants: bool = False) -> Sentence:
        return Sentence(message, {"role": one.role, "fields": ", ".join(names)}, one.role, one.position, grants)

    if not _gives(rule, action):
        return say(NO_ACTION, [])
    if not one.in_scope:
        return say(NOT_MADE if made else MISSES[rule.rows], named)
    if not one.meets:
        return say(FAILS_IF, condition)
    if item is not None and item.name in rule.hides:
        return say(HIDDEN, [])
    if item is not None and action in ("add", "edit", "import") and item.name in rule.locks:
        return say(READ_ONLY, [])
    if rule.where and rule.rows == "all":
        return say(GRANTS_IF, condition, grants=True)
    return say(MADE if made else GRANTS[rule.rows], named, grants=True)
