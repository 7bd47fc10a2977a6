"""What several definitions must agree on: references that exist, one definition of a name, what packs rely on.

Called by `check` once all documents have been looked at one by one, with the catalog that they will join.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from metadata import conditions
from metadata.catalog import Catalog
from metadata.dialect import computed, granting, places
from metadata.dialect.plain import step
from metadata.errors import Problem
from metadata.model import Definition, Field

WITHDRAWN = "x-withdrawn"
UNKNOWN = "There is no definition called “%(name)s”."


def problems(
    changed: Mapping[str, Definition],
    withdrawn: frozenset[str],
    named: frozenset[str],
    known: Catalog | None,
    *,
    restoring: bool,
) -> Iterator[tuple[str, Problem]]:
    """Pairs of a definition's name and what is wrong with it among the others.

    `changed` are the documents as far as they could be read, `named` the names of all. `restoring` lifts
    what only holds for changes made by people, since an earlier catalog comes back as it was.
    """
    before = dict(known.entities) if known is not None else {}
    whole = {name: entity.definition for name, entity in before.items()} | dict(changed)
    whole = {name: definition for name, definition in whole.items() if name not in withdrawn}
    for name, definition in changed.items():
        yield from ((name, problem) for problem in _references(definition, whole, named - withdrawn))
        yield from ((name, problem) for problem in _level(definition, whole))
        yield from ((name, problem) for problem in _audience(definition, whole))
        yield from ((name, problem) for problem in computed.problems(definition, whole))
        if name in before:
            yield from ((name, problem) for problem in _kept(before[name].definition, definition, restoring))
    yield from _levels_below(whole, changed)
    yield from _granting(whole, changed)
    yield from _left_behind(whole, withdrawn, changed)
    first = next(iter((*changed, *withdrawn)), "")
    for name in whole.keys() - changed.keys():
        yield from ((first, problem) for problem in computed.broken(name, whole))
    yield from _directories(whole, changed)


def _references(definition: Definition, whole: Mapping[str, Definition], named: frozenset[str]) -> Iterator[Problem]:
    for pointer, field in _pointing(definition):
        target = whole.get(field.ref or "")
        if field.ref not in whole and field.ref not in named:
            hint = "Check the spelling, or publish that definition together with this one."
            yield Problem(pointer, UNKNOWN, {"name": field.ref}, hint)
        elif target is not None and target.kind == "walkthrough":
            yield Problem(pointer, "“%(name)s” has no records to refer to.", {"name": field.ref})
        elif field.type == "person" and target is not None and not _holds_people(target):
            hint = "Say with $ref which definition holds people, or use a plain reference."
            yield Problem(pointer, "“%(name)s” does not hold people.", {"name": field.ref}, hint)


def _holds_people(definition: Definition) -> bool:
    return definition.directory is not None and definition.directory.kind == "person"


def _pointing(definition: Definition) -> Iterator[tuple[str, Field]]:
    """Every field that points at records, with the pointer of what says so."""
    for name, field in definition.fields.items():
        here = places.pointer(name)
        if field.ref:
            yield (here if field.type == "person" else f"{here}{'/items' if field.many else ''}/$ref"), field
        for inner in field.rows.values():
            if inner.ref:
                where = step(f"{here}/items/properties", inner.name)
                yield (where if inner.type == "person" else f"{where}/$ref"), inner


def _level(definition: Definition, whole: Mapping[str, Definition]) -> Iterator[Problem]:
    given: Any = definition.document.get("x-okr") or {}
    parent = whole.get(given.get("parent", ""))
    if "parent" not in given:
        return
    if parent is None:
        yield Problem("/x-okr/parent", UNKNOWN, {"name": given["parent"]})
        return
    above: Any = parent.document.get("x-okr") or {}
    if parent.kind != "okr_level":
        yield Problem("/x-okr/parent", "“%(name)s” is no level of objectives.", {"name": parent.name})
    elif above.get("level", 0) >= given.get("level", 1):
        message = "“%(name)s” must be a level above this one."
        yield Problem("/x-okr/parent", message, {"name": parent.name})


def _audience(definition: Definition, whole: Mapping[str, Definition]) -> Iterator[Problem]:
    """Whom a survey asks: conditions over the people there are, and departments for its division."""
    survey = definition.survey
    if survey is None:
        return
    people = next((d for d in whole.values() if _holds_people(d)), None)
    for name in sorted(conditions.names(survey.where)):
        if people is not None and name not in people.columns:
            yield Problem("/x-survey/audience/where", "People have no field called “%(name)s”.", {"name": name})
    target = whole.get(definition.fields[survey.split].ref or "") if survey.split in definition.fields else None
    if target is not None and (target.directory is None or target.directory.kind != "unit"):
        yield Problem("/x-survey/split", "“%(name)s” does not hold departments.", {"name": target.name})


def _levels_below(whole: Mapping[str, Definition], changed: Mapping[str, Definition]) -> Iterator[tuple[str, Problem]]:
    """Levels in force that stand below one that moved: nobody may stand above their own parent."""
    for definition in whole.values():
        parent = definition.okr.parent if definition.okr else ""
        moved = changed.get(parent)
        if definition.name in changed or definition.okr is None or moved is None:
            continue
        if moved.okr is None:
            message = "“%(name)s” stands below this level of objectives."
            yield parent, Problem("/x-kind", message, {"name": definition.name})
        elif moved.okr.level >= definition.okr.level:
            message = "“%(name)s” stands below this level, so this one must be above it."
            yield parent, Problem("/x-okr/level", message, {"name": definition.name})


def _kept(old: Definition, new: Definition, restoring: bool) -> Iterator[Problem]:
    if old.stores_records and new.kind == "walkthrough":
        yield Problem("/x-kind", "A definition with records can't become a walkthrough.")
    if restoring:
        return
    for name, field in old.fields.items():
        if not field.core:
            continue
        pointer, now = places.pointer(name), new.fields.get(name)
        if name not in places.declared(new.document):
            message = "Workflows rely on the field “%(name)s”; it can be renamed in its title, not removed."
            yield Problem(pointer, message, {"name": name})
        elif now is not None and (now.type, now.ref) != (field.type, field.ref):
            message = "Workflows rely on the type of “%(name)s” (%(type)s); it can't become another."
            yield Problem(pointer, message, {"name": name, "type": field.type})
        elif now is not None:
            if not now.core:
                message = "Workflows rely on the field “%(name)s”; it stays marked x-core."
                yield Problem(f"{pointer}/x-core", message, {"name": name})
            for choice in field.enum:
                if now.choice(choice.value) is None:
                    message = "Workflows rely on the choice “%(name)s”; it can be labelled anew or retired."
                    yield Problem(f"{pointer}/enum", message, {"name": choice.value})


def _granting(whole: Mapping[str, Definition], changed: Mapping[str, Definition]) -> Iterator[tuple[str, Problem]]:
    people = next((d for d in whole.values() if d.directory is not None and d.directory.kind == "person"), None)
    managed = people is not None and people.directory is not None and bool(people.directory.manager)
    for name, definition in changed.items():
        yield from ((name, problem) for problem in granting.of_people(definition, people.name if people else None))
        if not managed:
            yield from ((name, problem) for problem in granting.without_managers(definition))


def _left_behind(
    whole: Mapping[str, Definition], withdrawn: frozenset[str], changed: Mapping[str, Definition]
) -> Iterator[tuple[str, Problem]]:
    for name, definition in whole.items():
        if name in changed:
            continue  # told where the reference stands
        if definition.okr is not None and definition.okr.parent in withdrawn:
            message = "“%(name)s” stands below this level of objectives."
            yield definition.okr.parent, Problem("", message, {"name": name})
        for _pointer, field in _pointing(definition):
            if field.ref in withdrawn:
                message = "“%(name)s” refers to these records with its field “%(field)s”."
                yield field.ref or "", Problem("", message, {"name": name, "field": field.name})


def _directories(whole: Mapping[str, Definition], changed: Mapping[str, Definition]) -> Iterator[tuple[str, Problem]]:
    for kind in ("person", "unit"):
        marked = [name for name, d in whole.items() if d.directory is not None and d.directory.kind == kind]
        for name in marked:
            if len(marked) > 1 and name in changed:
                message = "“%(name)s” is marked as this directory already; there can be one of each kind."
                other = next(one for one in marked if one != name)
                yield name, Problem("/x-directory/kind", message, {"name": other})
