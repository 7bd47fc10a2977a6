"""What only the database can answer about a record: hidden references and collisions with others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import Session

from metadata import access
from metadata.access import Actor
from metadata.catalog import Catalog, Entity
from metadata.errors import Problem
from metadata.model import Definition
from metadata.records.read import label_expression

LOCKED = "Your role may not set this field."
NO_SUCH = "There is no such record in “%(definition)s”, or you may not see it; choose one from the list."
MOST_COLUMNS = 500  # of one statement
TWICE = "“%(label)s” (number %(id)s) already has these values: %(fields)s."


def hidden_references(
    session: Session,
    catalog: Catalog,
    entity: Entity,
    actor: Actor,
    values: Mapping[str, Any],
    changed: Iterable[str],
) -> list[Problem]:
    """A problem for each newly set reference to a record that is not there for this actor; mostly one statement."""
    asked = list(pointed(entity.definition, values, changed))
    if not asked:
        return []
    columns = [
        exists(select(t.c.id).where(t.c.id == value, reachable(catalog, actor, catalog[name]))).label(f"r{i}")
        for i, (_path, name, value) in enumerate(asked)
        for t in (catalog[name].table,)
    ]
    found: list[Any] = []
    for start in range(0, len(columns), MOST_COLUMNS):
        found += session.connection().execute(select(*columns[start : start + MOST_COLUMNS])).one()
    return [
        Problem(path, NO_SUCH, {"definition": catalog[name].definition.texts.named()})
        for (path, name, _value), there in zip(asked, found, strict=True)
        if not there
    ]


def pointed(
    definition: Definition, values: Mapping[str, Any], changed: Iterable[str]
) -> Iterator[tuple[str, str, int]]:
    """Every record that these fields point at: where (a pointer), of which definition, which id."""
    for name in changed:
        field, value = definition.fields[name], values.get(name)
        if value is None:
            continue
        if field.rows:
            for place, row in enumerate(value):
                for item in field.rows.values():
                    if item.ref and row.get(item.name) is not None:
                        yield f"/{name}/{place}/{item.name}", item.ref, row[item.name]
        elif field.ref and field.many:
            yield from ((f"/{name}/{place}", field.ref, one) for place, one in enumerate(value))
        elif field.ref:
            yield f"/{name}", field.ref, value


def reachable(catalog: Catalog, actor: Actor, target: Entity) -> ColumnElement[bool]:
    """The rows of `target` that the actor may link to: those that a pick-list would offer."""
    return and_(target.table.c._removed_at.is_(None), access.rows(actor, catalog, target, "list"))


def collisions(
    session: Session,
    catalog: Catalog,
    entity: Entity,
    values: Mapping[str, Any],
    *,
    language: str,
    but: int | None = None,
) -> list[Problem]:
    """A problem for each `x-unique` that another record already holds, naming that record."""
    problems = []
    table = entity.table
    for names in entity.definition.unique:
        if all(values.get(n) is None for n in names):
            continue  # nothing is not a key: many employees have no account
        same = [same_value(table.c[n], values.get(n)) for n in names]
        label = label_expression(catalog, entity, table, set(entity.definition.fields), language)
        statement = select(table.c.id, label).where(table.c._removed_at.is_(None), *same)
        if but is not None:
            statement = statement.where(table.c.id != but)
        other = session.connection().execute(statement.limit(1)).first()
        if other is not None:
            problems.append(collision(entity, names, other[0], other[1]))
    return problems


def collision(entity: Entity, names: Sequence[str], record_id: int, label: str) -> Problem:
    """The sentence that says which record is in the way."""
    fields = ", ".join(entity.definition.fields[n].title() for n in names)
    return Problem(f"/{names[0]}", TWICE, {"label": label, "id": record_id, "fields": fields})


def same_value(column: ColumnElement[Any], value: Any) -> ColumnElement[bool]:
    """Equality in which "no value" equals "no value", as the unique indexes have it."""
    return column.is_(None) if value is None else column == value
