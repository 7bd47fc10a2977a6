"""Row scopes: which rows one rule of `x-access` grants an actor, as a clause for a WHERE.

Called by `access` alone, which unites the rules. `own` and `reports` go by the person that the definition says a
record belongs to, `unit` and `department` by its unit, `assigned` by the references that the rule names; a condition
narrows any of them. What can't be decided (no such field, an account without a person) grants nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import FromClause, and_, false, or_, select, true
from sqlalchemy.sql.elements import ColumnElement

from metadata import conditions
from metadata.actors import Actor
from metadata.catalog import Catalog, Entity
from metadata.model import RoleAccess


def granted(
    actor: Actor, catalog: Catalog, entity: Entity, rule: RoleAccess, source: FromClause
) -> ColumnElement[bool]:
    """The rows that `rule` grants; `source` is the entity's table or an alias of it."""
    scope = in_scope(actor, catalog, entity, rule, source)
    return and_(scope, conditions.clause(entity.definition, source, rule.where)) if rule.where else scope


def in_scope(
    actor: Actor, catalog: Catalog, entity: Entity, rule: RoleAccess, source: FromClause
) -> ColumnElement[bool]:
    """The rows in the scope of `rule`, whatever its condition says."""
    return SCOPES[rule.rows](actor, catalog, entity, rule, source)


def covers(wide: RoleAccess, narrow: RoleAccess) -> bool:
    """Whether every row that `narrow` grants is certainly granted by `wide` too, whoever asks."""
    if wide.where and wide.where != narrow.where:
        return False
    if wide.rows == "assigned" and narrow.rows == "assigned":
        return set(wide.assigned) >= set(narrow.assigned)
    return wide.rows in ("all", narrow.rows) or narrow.rows == "none"


def own(actor: Actor, entity: Entity, source: FromClause) -> ColumnElement[bool]:
    """The records about the actor; where records belong to nobody, those that the actor made."""
    owner = entity.definition.owner
    if owner.person is None:
        return source.c._created_by == actor.username
    if actor.person_id is None:
        return false()
    column = source.c[owner.person] if owner.person else source.c.id
    return and_(column.is_not(None), column == actor.person_id)


def _own(actor: Actor, _catalog: Catalog, entity: Entity, _rule: RoleAccess, source: FromClause) -> ColumnElement[bool]:
    return own(actor, entity, source)


def _reports(
    actor: Actor, catalog: Catalog, entity: Entity, _rule: RoleAccess, source: FromClause
) -> ColumnElement[bool]:
    """Records about people whose manager is the actor."""
    owner, person = entity.definition.owner, catalog.person
    directory = person.definition.directory if person is not None else None
    if owner.person is None or person is None or directory is None or not directory.manager or actor.person_id is None:
        return false()
    if entity.name == person.name and not owner.person:
        column = source.c[directory.manager]
        return and_(column.is_not(None), column == actor.person_id)
    staff = person.table.alias("reports")
    members = select(staff.c.id).where(staff.c[directory.manager] == actor.person_id)
    column = source.c[owner.person] if owner.person else source.c.id
    return and_(column.is_not(None), column.in_(members))


def _assigned(
    actor: Actor, _catalog: Catalog, entity: Entity, rule: RoleAccess, source: FromClause
) -> ColumnElement[bool]:
    """Records that point at the actor with one of the fields that the rule names, or name them in such a list."""
    if actor.person_id is None or not rule.assigned:
        return false()
    return or_(*(_names(entity, name, actor.person_id, source) for name in rule.assigned))


def _names(entity: Entity, name: str, person_id: int, source: FromClause) -> ColumnElement[bool]:
    if entity.definition.fields[name].many:
        side = entity.sides[name]
        return source.c.id.in_(select(side.c._record).where(side.c.value == person_id))
    column = source.c[name]
    return and_(column.is_not(None), column == person_id)


def _in_units(
    actor: Actor, catalog: Catalog, entity: Entity, _rule: RoleAccess, source: FromClause
) -> ColumnElement[bool]:
    """Records of the units that the actor heads, and of all below them."""
    return _of_units(actor.unit_ids, catalog, entity, source)


def _in_own_unit(
    actor: Actor, catalog: Catalog, entity: Entity, _rule: RoleAccess, source: FromClause
) -> ColumnElement[bool]:
    """Records of the unit in which the actor works."""
    return _of_units(() if actor.unit_id is None else (actor.unit_id,), catalog, entity, source)


def _of_units(units: tuple[int, ...], catalog: Catalog, entity: Entity, source: FromClause) -> ColumnElement[bool]:
    owner = entity.definition.owner
    if not units:
        return false()
    if owner.unit is not None:
        column = source.c[owner.unit] if owner.unit else source.c.id
        return and_(column.is_not(None), column.in_(units))
    person = catalog.person
    if owner.person is None or person is None or not person.definition.owner.unit:
        return false()
    staff = person.table.alias("staff")
    members = select(staff.c.id).where(staff.c[person.definition.owner.unit].in_(units))
    column = source.c[owner.person] if owner.person else source.c.id
    return and_(column.is_not(None), column.in_(members))


PERSONAL = frozenset({"own", "assigned", "reports", "unit", "department"})
Scope = Callable[[Actor, Catalog, Entity, RoleAccess, FromClause], ColumnElement[bool]]
SCOPES: Mapping[str, Scope] = {
    "none": lambda *_given: false(),
    "own": _own,
    "assigned": _assigned,
    "reports": _reports,
    "unit": _in_own_unit,
    "department": _in_units,
    "all": lambda *_given: true(),
}
