"""How a draft looks to others: the record's form as a role sees it, in either language.

Called by the designer's pages. The form is drawn by the templates that draw it for records; here it is decided for
whom, in which language, and from the draft instead of what is in force.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from flask import g, session
from flask_babel import force_locale

from metadata import access
from metadata.access import Actor
from metadata.catalog import Catalog, Entity
from portal.access import language
from portal.accounts.rules import ROLES
from portal.designer import desk as desks
from portal.designer.desk import Desk

LANGUAGES = {"en": "English", "zh": "中文"}


@dataclass(frozen=True)
class Sight:
    """Whose eyes, in which language; `does` is the most that the role may: add, show, or nothing."""

    roles: tuple[str, ...]
    role: str
    language: str
    catalog: Catalog | None
    entity: Entity | None = None
    does: str = ""

    @property
    def actor(self) -> Actor:
        """Somebody who has the role and no place in the organisation."""
        return Actor("preview", frozenset({self.role}))


def of(desk: Desk, catalog: Catalog) -> Sight:
    """The draft as the role that this browser chose last sees it."""
    role, spoken = [*session.get("designer_sight", ()), "", ""][:2]
    known = [r for r in ROLES if r in desk.definition.access]
    roles = (*known, *sorted(r for r in desk.definition.access if r not in known))
    role = role if role in roles else next(iter(roles), "")
    spoken = spoken if spoken in LANGUAGES else language()
    after = desks.once_published(desk, catalog)
    seen = Sight(roles, role, spoken, after, after[desk.name] if after is not None else None)
    if seen.entity is None or not seen.entity.definition.stores_records:
        return seen
    entity = seen.entity
    return replace(seen, does=next((a for a in ("add", "edit", "show") if access.may(seen.actor, entity, a)), ""))


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Within it, everything is said in the language `code`."""
    before = language()
    g.language = code
    try:
        with force_locale("zh" if code == "zh" else "en"):
            yield
    finally:
        g.language = before
