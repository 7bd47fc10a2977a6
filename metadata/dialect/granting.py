"""Access rules of one definition: fields that are there, scopes that can be decided, conditions that make sense.

Called by `meaning`; what needs the other definitions (who the people are) is asked by `together`. A rule that could
never grant anything is told rather than overlooked, since nobody would find out why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from metadata import visibility
from metadata.dialect import conditions
from metadata.dialect.fields import TWICE
from metadata.dialect.plain import step
from metadata.errors import Problem
from metadata.model import Definition, Field
from metadata.parser import rules_of

UNDECLARED = "There is no field called “%(name)s”."
NO_PERSON = "“%(name)s” is no reference to people."
NO_UNIT = "No field says to which department a record belongs."
NO_OWNER = "No field says about which person a record is."
HINT_UNIT = "Add a reference to department or employee, or name the field under x-owner."
HINT_OWNER = "Add a reference to employee, or name the field under x-owner."


def each(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The access rules of a document with their JSON pointers."""
    for role, said in document.get("x-access", {}).items():
        pointer = step("/x-access", role)
        if isinstance(said, Mapping):
            yield pointer, said
        else:
            yield from ((f"{pointer}/{position}", rule) for position, rule in enumerate(rules_of(said)))


def problems(definition: Definition, declared: frozenset[str]) -> Iterator[Problem]:
    """What is wrong with the access rules of a definition."""
    for pointer, rule in each(definition.document):
        for word in ("hides", "locks", "assigned"):
            yield from listed(f"{pointer}/{word}", rule.get(word, ()), declared)
        yield from _scope(pointer, rule, definition)
        yield from conditions.block_problems(f"{pointer}/where", rule.get("where", {}), definition, declared)
        for name in dict.fromkeys(visibility.fields_in(rule.get("where", {}))):
            if name in definition.fields and name not in definition.columns:
                message = "“%(name)s” can't decide about rows: it is a list or computed."
                yield Problem(f"{pointer}/where", message, {"name": name})


def _scope(pointer: str, rule: Mapping[str, Any], definition: Definition) -> Iterator[Problem]:
    owner, scope = definition.owner, rule["rows"]
    if definition.stores_records and scope in ("department", "unit") and owner.person is None and owner.unit is None:
        yield Problem(f"{pointer}/rows", NO_UNIT, hint=HINT_UNIT)
    if definition.stores_records and scope == "reports" and owner.person is None:
        yield Problem(f"{pointer}/rows", NO_OWNER, hint=HINT_OWNER)
    if scope == "assigned" and not rule.get("assigned"):
        yield Problem(f"{pointer}/assigned", "Name the fields that say to whom a record is assigned.")
    if scope != "assigned" and "assigned" in rule:
        message = "These fields count only for the rows “%(name)s”."
        yield Problem(f"{pointer}/assigned", message, {"name": "assigned"})


def of_people(definition: Definition, people: str | None) -> Iterator[Problem]:
    """The fields of `assigned` that do not point at people, who are the records of `people`."""
    for pointer, rule in each(definition.document):
        for position, name in enumerate(rule.get("assigned", ())):
            field = definition.fields.get(name)
            if field is not None and not _is_person(field, people):
                yield Problem(f"{pointer}/assigned/{position}", NO_PERSON, {"name": name})


def without_managers(definition: Definition) -> Iterator[Problem]:
    """A problem for each rule that goes by managers, where no field of the people names them."""
    for pointer, rule in each(definition.document):
        if rule.get("rows") == "reports":
            message = "No field says who somebody's manager is."
            yield Problem(f"{pointer}/rows", message, hint="Name it under x-directory of the people: manager.")


def _is_person(field: Field, people: str | None) -> bool:
    return field.ref is not None and field.ref == people


def listed(pointer: str, given: Sequence[str], declared: frozenset[str]) -> Iterator[Problem]:
    """A problem for each name in a list that is no field, or stands there twice."""
    seen = set()
    for position, name in enumerate(given):
        if name not in declared:
            yield Problem(f"{pointer}/{position}", UNDECLARED, {"name": name})
        elif name in seen:
            yield Problem(f"{pointer}/{position}", TWICE, {"name": name})
        seen.add(name)
