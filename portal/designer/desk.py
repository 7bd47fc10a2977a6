"""One definition on the desk: its draft, or the document in force, and how it is kept.

Called by the designer's pages. The draft may have problems; what can't be read as a definition is shown
by its document alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from metadata import drafts, parser
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.drafts import Draft
from metadata.errors import NotFound
from metadata.model import Definition
from metadata.parser import thawed
from portal import units

UNKNOWN = "There is no definition called “%(name)s”."


@dataclass(frozen=True)
class Desk:
    """What is worked on: the document, its reading, the draft behind it, the version that overtook the draft.

    `definition` is that of the draft; that in force where the draft can't be read as one (`readable` is False).
    """

    name: str
    document: Mapping[str, Any]
    definition: Definition
    draft: Draft | None
    overtaken: int | None
    readable: bool = True

    @property
    def revision(self) -> int:
        """The revision of the draft; 0 when there is none."""
        return self.draft.revision if self.draft else 0


def of(session: Session, catalog: Catalog, name: str) -> Desk:
    """The desk for `name`; raises NotFound when there is no such definition."""
    if name not in catalog:
        raise NotFound(UNKNOWN, params={"name": name})
    in_force = catalog[name].definition
    draft = drafts.load(session, name)
    if draft is None:
        return Desk(name, thawed(in_force.document), in_force, None, None)
    overtaken = drafts.overtaken(session, draft)
    try:
        read = parser.parse(draft.document)
    except (KeyError, TypeError, ValueError, AttributeError):  # saved over REST with whatever it says
        return Desk(name, thawed(in_force.document), in_force, draft, overtaken, readable=False)
    return Desk(name, thawed(draft.document), read, draft, overtaken)


def keep(desk: Desk, document: Mapping[str, Any], revision: int, actor: Actor) -> Draft:
    """Save `document` as the draft; `revision` is what the person's page was made from, 0 for none.

    Raises Conflict when somebody else saved, published or discarded since.
    """
    return units.write(lambda session, catalog: _save(session, catalog, desk, document, revision, actor))


def go_on(desk: Desk, revision: int, actor: Actor) -> Draft:
    """Keep an overtaken draft as one that begins with the version in force: what it says now counts."""
    return units.write(
        lambda session, catalog: _save(session, catalog, desk, desk.document, revision, actor, base=catalog.version)
    )


def _save(
    session: Session,
    catalog: Catalog,
    desk: Desk,
    document: Mapping[str, Any],
    revision: int,
    actor: Actor,
    base: int | None = None,
) -> Draft:
    begun = base or (desk.draft.base_version if desk.draft else catalog.version)
    return drafts.save(
        session,
        name=desk.name,
        document=document,
        base_version=begun,
        actor=actor,
        now=units.utcnow(),
        revision=revision or None,
    )
