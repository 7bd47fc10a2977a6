"""Access rules on their way: drafts that change who may do what, made for one definition or many, and their effect.

Called by the matrix page. Drafts are those of the designer, so rules are published, shown in history and rolled back
like everything else in a definition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from metadata import access_changes, access_effects, drafts, parser
from metadata.access import Actor, load_actors
from metadata.access_effects import Effect
from metadata.catalog import Catalog, Entity
from metadata.drafts import Draft
from metadata.model import Definition
from metadata.parser import thawed
from portal import units
from portal.accounts.holders import holders

MOST_PEOPLE = 20
MOST_COUNTED = 12
Edit = Callable[[Mapping[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True)
class Pending:
    """A draft whose rules differ from those in force: what changes in words, and for whom how much."""

    entity: Entity
    draft: Draft
    definition: Definition
    told: tuple[access_changes.Told, ...]
    effects: tuple[Effect, ...] = ()
    looked_at: int = 0
    holders: int = 0
    counted: bool = False


def readable(draft: Draft | None) -> Definition | None:
    """The draft as a definition; None where there is none, or it can't be read as one."""
    if draft is None:
        return None
    try:
        return parser.parse(draft.document)
    except (KeyError, TypeError, ValueError, AttributeError):  # saved over REST with whatever it says
        return None


def change(names: Sequence[str], edit: Edit, actor: Actor, revision: int | None = None) -> list[str]:
    """Edit the documents of these definitions, drafts where there are some; the names that really change.

    With `revision` the one draft must still be that (0: none). Raises Conflict where somebody was faster.
    """
    return units.write(lambda session, catalog: _change(session, catalog, names, edit, actor, revision))


def _change(
    session: Session, catalog: Catalog, names: Sequence[str], edit: Edit, actor: Actor, revision: int | None
) -> list[str]:
    held = {draft.name: draft for draft in drafts.listing(session)}
    touched = []
    for name in names:
        draft = held.get(name)
        before = thawed(draft.document) if draft else thawed(catalog[name].definition.document)
        after = dict(edit(before))
        if after == before:
            continue
        seen = (draft.revision if draft else None) if revision is None else revision or None
        base = draft.base_version if draft else catalog.version
        drafts.save(
            session,
            name=name,
            document=after,
            base_version=base,
            actor=actor,
            now=units.utcnow(),
            revision=seen,
        )
        touched.append(name)
    return touched


def pending(session: Session, catalog: Catalog, *, counted: bool = True) -> list[Pending]:
    """Every draft that changes rules of a definition in force; with `counted` whom it touches, too."""
    found = []
    for draft in drafts.listing(session):
        definition = readable(draft)
        if definition is None or draft.name not in catalog or not definition.stores_records:
            continue
        entity = catalog[draft.name]
        told = tuple(access_changes.told(entity.definition, definition))
        if told:
            one = Pending(entity, draft, definition, told)
            found.append(_counted(session, catalog, one) if counted and len(found) < MOST_COUNTED else one)
    return found


def _counted(session: Session, catalog: Catalog, one: Pending) -> Pending:
    after = access_effects.countable(one.entity, one.definition)
    roles = access_changes.changed_roles(one.entity.definition, one.definition)
    accounts, number = holders(session, roles, MOST_PEOPLE)
    if after is None:
        return Pending(one.entity, one.draft, one.definition, one.told, holders=number)
    actors = list(load_actors(session, catalog, accounts).values())
    found = tuple(access_effects.effects(session, catalog, one.entity, after, actors))
    return Pending(one.entity, one.draft, one.definition, one.told, found, len(actors), number, counted=True)
