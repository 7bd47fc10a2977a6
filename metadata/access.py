"""Who may do what with which rows and fields: the only place where access is decided.

Three questions, one function each: `explain` (may I, and why), `rows` (a WHERE clause), `sight` (fields, and the
rows in which each may be seen or set). The record door asks them for pages, REST, exports, dashboards, search,
pick-lists and history alike. Order of evaluation: the system and `Admin` may everything; else the rules of all roles
are united, and what no rule grants is denied. A field is granted in a row only by the rules that grant that row, so a
narrow rule never opens a field on a wide set of rows; who can't tell rows apart asks `readable` and `writable`, which
name the fields granted in every row. A rule for others only keeps whoever has it from the record about themselves,
whatever their other roles grant. Single answers of an anonymous survey are open to nobody, whatever a rule says.
See docs/decisions/0047 and 0089.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import FromClause, and_, false, not_, or_, true
from sqlalchemy.sql.elements import ColumnElement

from metadata import scopes
from metadata.actors import ADMIN, NOBODY, Actor, load_actor, load_actors, system, units_below
from metadata.catalog import Catalog, Entity
from metadata.errors import NotAllowed
from metadata.model import SCOPES, Field, RoleAccess, RowScope

__all__ = [
    "ADMIN",
    "AUDITOR",
    "DESIGNER",
    "NOBODY",
    "Actor",
    "Sight",
    "Verdict",
    "explain",
    "granting",
    "load_actor",
    "load_actors",
    "may",
    "may_design",
    "may_read_definitions",
    "never_seen",
    "oversees",
    "readable",
    "readable_somewhere",
    "require",
    "roles_with",
    "rows",
    "sight",
    "system",
    "units_below",
    "widest",
    "writable",
    "writable_somewhere",
]

DESIGNER = "HR admin"
AUDITOR = "Auditor"


@dataclass(frozen=True)
class Verdict:
    """The answer to "may I": with the deciding rule as a sentence (a translation key with places)."""

    allowed: bool
    reason: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.allowed


@dataclass(frozen=True)
class Sight:
    """The fields granted in one row or more; `apart` says in which rows, for those not granted in all of them."""

    fields: tuple[Field, ...]
    apart: Mapping[str, ColumnElement[bool]] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        """The names of the fields."""
        return frozenset(f.name for f in self.fields)

    @property
    def certain(self) -> frozenset[str]:
        """The names of the fields granted in every row."""
        return self.names - self.apart.keys()


def may_design(actor: Actor, _catalog: Catalog | None = None) -> bool:
    """Whether `actor` may draft and publish definitions."""
    return bool(actor.unlimited or DESIGNER in actor.roles)


def may_read_definitions(actor: Actor, catalog: Catalog | None = None) -> bool:
    """Whether `actor` may see definitions as documents, and their history."""
    return may_design(actor, catalog) or AUDITOR in actor.roles


def explain(actor: Actor, entity: Entity, action: str) -> Verdict:
    """Whether `actor` may do `action` with any record of `entity`, and by which rule."""
    if actor.within is not None and not may(actor.within, entity, action):
        return explain(actor.within, entity, action)
    names = {"action": action, "definition": entity.name}
    if actor.system:
        return Verdict(True, "The system acts for a workflow.")
    if entity.definition.nameless:
        return Verdict(False, "Single answers of an anonymous survey are shown to nobody.", names)
    if ADMIN in actor.roles:
        return Verdict(True, "The role Admin may do everything.")
    found = granting(actor, entity, action)
    if found:
        role = max(found, key=lambda pair: SCOPES.index(pair[1].rows))
        return Verdict(True, "Role “%(role)s” may %(action)s these records.", {**names, "role": role[0]})
    if not actor.roles:
        return Verdict(False, "Nobody is logged in, or the account has no role.", names)
    roles = ", ".join(sorted(actor.roles))
    return Verdict(False, "None of the roles %(roles)s may %(action)s these records.", {**names, "roles": roles})


def may(actor: Actor, entity: Entity, action: str) -> bool:
    """`explain` without the reason."""
    if actor.within is not None and not may(actor.within, entity, action):
        return False
    return _everything(actor, entity) or bool(granting(actor, entity, action))


def standing(actor: Actor) -> tuple[Any, ...]:
    """What `may` depends on: equal for those who may do the same, in the same catalog."""
    return actor.system, actor.roles, None if actor.within is None else standing(actor.within)


def may_somewhere(actor: Actor, catalog: Catalog, action: str) -> bool:
    """Whether the actor may do `action` with any definition's records; found once for each standing."""
    key = ("somewhere", action, standing(actor))
    found: bool | None = catalog.prepared.get(key)
    if found is None:
        stored = (e for e in catalog.entities.values() if e.definition.stores_records)
        found = catalog.prepared[key] = any(may(actor, entity, action) for entity in stored)
    return found


def require(actor: Actor, entity: Entity, action: str) -> None:
    """Raise NotAllowed with the reason unless `actor` may do `action`."""
    verdict = explain(actor, entity, action)
    if not verdict:
        raise NotAllowed(verdict.reason, params=verdict.params)


def rows(
    actor: Actor, catalog: Catalog, entity: Entity, action: str, table: FromClause | None = None
) -> ColumnElement[bool]:
    """The WHERE clause that leaves the rows of `entity` with which `actor` may do `action`.

    `table` is the entity's table or an alias of it. The recycle bin is not considered here.
    """
    source = entity.table if table is None else table
    mine: ColumnElement[bool] = true()
    if not _everything(actor, entity):
        found = [rule for _role, rule in granting(actor, entity, action)]
        mine = _united(actor, catalog, entity, source, found)
        if any(rule.others_only for rule in found):
            mine = and_(mine, not_(scopes.own(actor, entity, source)))
    return mine if actor.within is None else and_(mine, rows(actor.within, catalog, entity, action, source))


def _united(
    actor: Actor, catalog: Catalog, entity: Entity, source: FromClause, rules: list[RoleAccess]
) -> ColumnElement[bool]:
    """The rows that one of the rules grants."""
    if any(rule.rows == "all" and not rule.where for rule in rules):
        return true()
    apart: list[RoleAccess] = []
    for rule in rules:
        if not any(scopes.covers(other, rule) for other in apart):
            apart.append(rule)
    clauses = [scopes.granted(actor, catalog, entity, rule, source) for rule in apart]
    return or_(*clauses) if clauses else false()


def sight(
    actor: Actor,
    catalog: Catalog,
    entity: Entity,
    action: str,
    table: FromClause | None = None,
    *,
    setting: bool = False,
) -> Sight:
    """The fields that `actor` may see when doing `action`, or with `setting` set, and in which rows."""
    source = entity.table if table is None else table
    shares = _shares(actor, entity, action, setting)
    made: dict[tuple[int, ...], ColumnElement[bool]] = {}  # one clause for all fields with the same rules
    apart = {}
    for name, rules in shares.items():
        if rules is not None:
            key = tuple(map(id, rules))
            if key not in made:
                made[key] = _united(actor, catalog, entity, source, rules)
            apart[name] = made[key]
    withheld = frozenset(entity.definition.fields) - shares.keys()
    if actor.within is not None:
        real = sight(actor.within, catalog, entity, action, source, setting=setting)
        withheld |= frozenset(entity.definition.fields) - real.names
        apart = {n: and_(apart.get(n, true()), real.apart.get(n, true())) for n in {**apart, **real.apart}}
    fields = tuple(f for f in entity.definition.fields.values() if f.name not in withheld)
    return Sight(fields, {n: clause for n, clause in apart.items() if n not in withheld})


def roles_with(entity: Entity, action: str) -> tuple[str, ...]:
    """The roles that may do `action` with some rows at least."""
    rules = sorted(entity.definition.access.items())
    return tuple(role for role, some in rules if any(action in rule.can and rule.rows != "none" for rule in some))


def readable(actor: Actor, entity: Entity, action: str = "show") -> tuple[Field, ...]:
    """The fields that `actor` may see in every row open to them, in the definition's order."""
    return _granted(actor, entity, action, setting=False, everywhere=True)


def readable_somewhere(actor: Actor, entity: Entity, action: str = "show") -> tuple[Field, ...]:
    """The fields that `actor` may see in one row or more."""
    return _granted(actor, entity, action, setting=False, everywhere=False)


def writable(actor: Actor, entity: Entity, action: str) -> tuple[Field, ...]:
    """The fields that `actor` may set in every row when doing `action` ("add", "edit" or "import")."""
    return _granted(actor, entity, action, setting=True, everywhere=True)


def writable_somewhere(actor: Actor, entity: Entity, action: str) -> tuple[Field, ...]:
    """The fields that `actor` may set in one row or more."""
    return _granted(actor, entity, action, setting=True, everywhere=False)


def never_seen(actor: Actor, entity: Entity) -> frozenset[str]:
    """Fields that every rule for the actor hides: they stay out of labels too."""
    hidden: frozenset[str] = frozenset()
    if not _everything(actor, entity):
        rules = [rule for role in actor.roles for rule in entity.definition.access.get(role, ())]
        hidden = frozenset.intersection(*(rule.hides for rule in rules)) if rules else hidden
    return hidden if actor.within is None else hidden | never_seen(actor.within, entity)


def widest(actor: Actor, entity: Entity, action: str) -> RowScope:
    """The widest row scope that any of the actor's roles has for `action`; "all" really means every row."""
    scope: RowScope = "all"
    if not _everything(actor, entity):
        rules = [rule for _role, rule in granting(actor, entity, action)]
        apart = any(rule.others_only for rule in rules)
        kept = [_really(rule, apart=apart) for rule in rules]
        scope = SCOPES[max((SCOPES.index(one) for one in kept), default=0)]
    return scope if actor.within is None else min(scope, widest(actor.within, entity, action), key=SCOPES.index)


def granting(actor: Actor, entity: Entity, action: str) -> list[tuple[str, RoleAccess]]:
    """The rules of the actor's roles that grant `action` in some rows, each with its role."""
    rules = {} if entity.definition.nameless else entity.definition.access
    return [
        (role, rule)
        for role in sorted(actor.roles)
        for rule in rules.get(role, ())
        if action in rule.can and rule.rows != "none"
    ]


def oversees(actor: Actor, entity: Entity) -> bool:
    """Whether the rules open every record to the actor, were they not closed to all: who knows the results."""
    if actor.within is not None and not oversees(actor.within, entity):
        return False
    rules = [rule for role in actor.roles for rule in entity.definition.access.get(role, ())]
    whole = any(rule.rows == "all" and not rule.where and "list" in rule.can and not rule.hides for rule in rules)
    return actor.system or ADMIN in actor.roles or whole


def _everything(actor: Actor, entity: Entity) -> bool:
    """Whether no rule limits the actor, apart from who really asks."""
    return actor.system or (ADMIN in actor.roles and not entity.definition.nameless)


def _really(rule: RoleAccess, *, apart: bool) -> RowScope:
    return "department" if rule.rows == "all" and (apart or rule.where) else rule.rows


def _shares(actor: Actor, entity: Entity, action: str, setting: bool) -> Mapping[str, list[RoleAccess] | None]:
    """The fields granted somewhere: None where it is in every row, else the rules that grant the field."""
    fields = entity.definition.held if setting else entity.definition.fields  # nobody sets what is computed
    if _everything(actor, entity):
        return dict.fromkeys(fields)
    rules = [rule for _role, rule in granting(actor, entity, action)]
    withheld = [rule.hides | rule.locks if setting else rule.hides for rule in rules]
    found: dict[str, list[RoleAccess] | None] = {}
    for name in fields:
        open_ = [rule for rule, names in zip(rules, withheld, strict=True) if name not in names]
        if len(open_) == len(rules) or all(any(scopes.covers(o, rule) for o in open_) for rule in rules):
            found[name] = None
        elif open_:
            found[name] = open_
    return found if rules else {}


def _granted(actor: Actor, entity: Entity, action: str, *, setting: bool, everywhere: bool) -> tuple[Field, ...]:
    shares = _shares(actor, entity, action, setting)
    names = {name for name, rules in shares.items() if rules is None or not everywhere}
    if actor.within is not None:
        names &= {f.name for f in _granted(actor.within, entity, action, setting=setting, everywhere=everywhere)}
    return tuple(f for f in entity.definition.fields.values() if f.name in names)
