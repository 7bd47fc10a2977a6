"""What lies on the desk: a draft, or the document in force, and how it is kept.

Called by the designer's pages. Whoever has a draft of their own works on that one, unless they turned to the shared
one; a page says with each form which of the two it was made from. The draft may have problems; what can't be read as
a definition is shown by its document alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from metadata import draft_steps, drafts, parser, versions
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.draft_steps import Step
from metadata.drafts import Draft
from metadata.errors import NotFound
from metadata.model import Definition
from metadata.parser import thawed
from portal import units

UNKNOWN = "There is no definition called “%(name)s”."
SHARED, OWN = "shared", "own"


@dataclass(frozen=True)
class Done:
    """What an edit did, as a sentence with places: said to whoever listens, and named where it can be undone."""

    message: str = ""
    params: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Desk:
    """What is worked on: the document, its reading, the draft behind it, the version that overtook the draft.

    `definition` is that of the draft; that in force where the draft can't be read as one (`readable` is False).
    `side` is the draft that forms write to, `other` the draft of the other side. `fresh`: nothing is in force yet.
    """

    name: str
    document: Mapping[str, Any]
    definition: Definition
    draft: Draft | None
    overtaken: int | None
    readable: bool = True
    side: str = SHARED
    other: Draft | None = None
    fresh: bool = False
    undo: Step | None = None
    redo: Step | None = None

    @property
    def revision(self) -> int:
        """The revision of the draft; 0 when there is none."""
        return self.draft.revision if self.draft else 0

    @property
    def keeps_records(self) -> bool:
        """Whether this kind of definition has fields, also while there is none yet."""
        return self.definition.kind != "walkthrough"


def of(session: Session, catalog: Catalog, name: str, account: str = "", side: str = "") -> Desk:
    """The desk for `name`; raises NotFound when there is neither a definition nor a draft of that name.

    `side` says which draft is meant; without it the own one where there is one.
    """
    shared, own = drafts.both(session, name, account) if account else (drafts.load(session, name), None)
    mine = bool(account) and (side == OWN or (side != SHARED and own is not None))
    draft, other = (own, shared) if mine else (shared, own)
    if name not in catalog and draft is None and other is None:
        raise NotFound(UNKNOWN, params={"name": name})
    if name not in catalog and draft is None:
        return of(session, catalog, name, account, SHARED if mine else OWN)
    in_force = catalog[name].definition if name in catalog else None
    about: dict[str, Any] = {"side": OWN if mine else SHARED, "other": other, "fresh": in_force is None}
    if draft is None:
        assert in_force is not None
        return Desk(name, thawed(in_force.document), in_force, None, None, **about)
    about["undo"], about["redo"] = draft_steps.around(session, name, draft.owner)
    overtaken = drafts.overtaken(session, draft)
    try:
        read = parser.parse(draft.document)
    except (KeyError, TypeError, ValueError, AttributeError):  # saved over REST with whatever it says
        fallback = in_force or parser.parse({"$id": name, "title": name, "properties": {}})
        return Desk(name, thawed(fallback.document), fallback, draft, overtaken, readable=False, **about)
    return Desk(name, thawed(draft.document), read, draft, overtaken, **about)


def keep(desk: Desk, document: Mapping[str, Any], revision: int, actor: Actor, done: Done | None = None) -> Draft:
    """Save `document` as the draft; `revision` is what the person's page was made from, 0 for none.

    Raises Conflict when somebody else saved, published or discarded since.
    """
    return units.write(lambda session, catalog: _save(session, catalog, desk, document, revision, actor, done))


def go_on(desk: Desk, revision: int, actor: Actor) -> Draft:
    """Keep an overtaken draft as one that begins with the version in force: what it says now counts."""
    return units.write(
        lambda session, catalog: _save(session, catalog, desk, desk.document, revision, actor, base=catalog.version)
    )


def begin(document: Mapping[str, Any], actor: Actor, *, owner: str = "", base: int | None = None) -> Draft:
    """The first draft of a definition, or an own one beside the shared one."""
    return units.write(
        lambda session, catalog: drafts.save(
            session,
            name=str(document["$id"]),
            document=document,
            base_version=base or catalog.version,
            actor=actor,
            now=units.utcnow(),
            revision=None,
            owner=owner,
            before=document,
        )
    )


def once_published(desk: Desk, catalog: Catalog) -> Catalog | None:
    """The catalog as it would be with the draft in it; None where the draft can't be compiled."""
    if not desk.readable:
        return None
    return versions.apply(catalog, catalog.version, {desk.name: desk.document})


def _save(
    session: Session,
    catalog: Catalog,
    desk: Desk,
    document: Mapping[str, Any],
    revision: int,
    actor: Actor,
    done: Done | None = None,
    base: int | None = None,
) -> Draft:
    begun = base or (desk.draft.base_version if desk.draft else catalog.version)
    said = done or Done()
    return drafts.save(
        session,
        name=desk.name,
        document=document,
        base_version=begun,
        actor=actor,
        now=units.utcnow(),
        revision=revision or None,
        owner=actor.username if desk.side == OWN else "",
        before=desk.document,
        message=said.message,
        params=said.params or {},
    )
