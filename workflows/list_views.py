"""Saved views of lists: what a person named to find it again, alone or together with roles.

Called by the list pages and REST. A view keeps fields by their column, which a rename leaves alone, so a view
never names what is no more without saying so. A view widens nobody's access: it is a question, and the
record door answers it for whoever asks. Functions here never commit and never read the clock.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, Select, and_, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from metadata import access
from metadata.access import Actor
from metadata.catalog import Catalog, Entity
from metadata.errors import Invalid, NotAllowed, NotFound, StaleVersion
from workflows.layouts import Layout, resolve, stored
from workflows.store import insert_new, list_defaults, list_views

MOST = 200
LONGEST_NAME = 100
NO_VIEW = "There is no such view, or it is not shared with you."
NOT_YOURS = "Only who saved this view, or HR, may change it."
SAME_NAME = "You have a view of this name already; choose another name, or update that view."


@dataclass(frozen=True)
class ListView:
    """One saved view; `roles` is empty where it is private, `default` says that my list opens with it."""

    id: int
    definition: str
    name: str
    owner: str
    roles: tuple[str, ...]
    state: Mapping[str, Any]
    version: int
    at: datetime
    default: bool = False

    def layout(self, entity: Entity, actor: Actor) -> tuple[Layout, int]:
        """What it asks of today's fields that this person may see, and how many of its parts had to be left out."""
        return resolve(self.state, access.readable_somewhere(actor, entity, "list"))


def visible(session: Session, actor: Actor, definition: str) -> list[ListView]:
    """The views of a list that this person may open, by name: their own, and those shared with a role of theirs."""
    return [view for view in _read(session, actor, list_views.c.definition == definition) if _sees(actor, view)]


def every(session: Session, catalog: Catalog, actor: Actor) -> list[ListView]:
    """The views of all lists that this person may open."""
    names = [n for n in catalog if access.may(actor, catalog[n], "list")]
    return [v for v in _read(session, actor, list_views.c.definition.in_(names)) if _sees(actor, v)]


def find(session: Session, catalog: Catalog, actor: Actor, view_id: int) -> ListView:
    """One view; raises NotFound alike for a missing one, a foreign one, and one of a list that is not this person's."""
    for view in _read(session, actor, list_views.c.id == view_id):
        may_list = view.definition in catalog and access.may(actor, catalog[view.definition], "list")
        if may_list and _sees(actor, view):
            return view
    raise NotFound(NO_VIEW)


def shareable(actor: Actor, entity: Entity) -> tuple[str, ...]:
    """The roles with which this person may share: their own, for HR every role, that may see the list at all."""
    roles = access.roles_with(entity, "list")
    return tuple(role for role in roles if access.may_design(actor) or role in actor.roles)


def may_change(actor: Actor, view: ListView) -> bool:
    """Whether the view is this person's to change: their own, for HR also what is shared."""
    return view.owner == actor.username or (bool(view.roles) and access.may_design(actor))


def save(
    session: Session,
    catalog: Catalog,
    entity: Entity,
    actor: Actor,
    name: str,
    layout: Layout,
    *,
    roles: Sequence[str] = (),
    now: datetime,
) -> int:
    """Keep a layout under a name; its id. Raises Invalid for a name, a role or a part that can't be."""
    access.require(actor, entity, "list")
    _room(session, actor, entity)
    row = {
        "definition": entity.name,
        "name": _named(name),
        "owner": actor.username,
        "state": stored(catalog, entity, layout, access.readable_somewhere(actor, entity, "list")),
        "at": now,
        **_shared(actor, entity, roles),
    }
    made = insert_new(session, list_views, [row], list_views.c.id)
    if not made:
        raise Invalid(SAME_NAME, field="name")
    return int(made[0][0])


def change(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    view_id: int,
    *,
    now: datetime,
    name: str | None = None,
    layout: Layout | None = None,
    roles: Sequence[str] | None = None,
    version: int | None = None,
) -> None:
    """Rename a view, keep another layout in it, share it with other roles; what is not given stays."""
    view = _mine(session, catalog, actor, view_id)
    if version is not None and version != view.version:
        raise StaleVersion("Somebody changed this view in the meantime; nothing of yours was saved.")
    entity = catalog[view.definition]
    values: dict[str, Any] = {"version": view.version + 1, "at": now}
    if name is not None and _named(name) != view.name:
        values["name"] = _named(name)
        _unlike(session, view, values["name"])
    if layout is not None:
        values["state"] = stored(catalog, entity, layout, access.readable_somewhere(actor, entity, "list"))
    if roles is not None:
        values |= _shared(actor, entity, roles, view.roles)
    session.execute(update(list_views).where(list_views.c.id == view_id).values(values))


def remove(session: Session, catalog: Catalog, actor: Actor, view_id: int) -> None:
    """Forget a view, for everybody who saw it."""
    _mine(session, catalog, actor, view_id)
    session.execute(delete(list_defaults).where(list_defaults.c.view_id == view_id))
    session.execute(delete(list_views).where(list_views.c.id == view_id))


def set_default(session: Session, catalog: Catalog, actor: Actor, definition: str, view_id: int | None) -> None:
    """Open this person's list with a view from now on; None for the plain list."""
    if view_id is not None and find(session, catalog, actor, view_id).definition != definition:
        raise NotFound(NO_VIEW)
    mine = list_defaults.c.account == actor.username, list_defaults.c.definition == definition
    session.execute(delete(list_defaults).where(*mine))
    if view_id is not None:
        row = {"account": actor.username, "definition": definition, "view_id": view_id}
        session.execute(insert(list_defaults).values(row))


def _read(session: Session, actor: Actor, which: Any) -> list[ListView]:
    mine = and_(list_defaults.c.view_id == list_views.c.id, list_defaults.c.account == actor.username)
    statement = (
        _views(which, or_(list_views.c.owner == actor.username, list_views.c.shared.is_(True)))
        .add_columns(list_defaults.c.account.is_not(None).label("default"))
        .outerjoin(list_defaults, mine)
    )
    return [_view(row) for row in session.execute(statement).mappings()]


def _views(*which: Any) -> Select[Any]:
    return select(list_views).where(*which).order_by(func.lower(list_views.c.name), list_views.c.id)


def _view(row: RowMapping) -> ListView:
    names = ("id", "definition", "name", "owner", "state", "version", "at")
    given = {name: row[name] for name in names}
    return ListView(**given, roles=tuple(row["roles"]), default=bool(row.get("default")))


def _sees(actor: Actor, view: ListView) -> bool:
    return view.owner == actor.username or bool(actor.roles & set(view.roles)) or may_change(actor, view)


def _mine(session: Session, catalog: Catalog, actor: Actor, view_id: int) -> ListView:
    view = find(session, catalog, actor, view_id)
    if not may_change(actor, view):
        raise NotAllowed(NOT_YOURS)
    return view


def _named(name: str) -> str:
    words = " ".join(name.split())
    if not words:
        raise Invalid("A view needs a name.", field="name")
    if len(words) > LONGEST_NAME:
        raise Invalid("A name has at most %(count)s characters.", params={"count": LONGEST_NAME}, field="name")
    return words


def _shared(actor: Actor, entity: Entity, roles: Sequence[str], already: Collection[str] = ()) -> dict[str, Any]:
    """Whom it is shared with from now on; a role that it was shared with may stay."""
    allowed = {*shareable(actor, entity), *already}
    refused = sorted(set(roles) - allowed)
    if refused:
        message = "A view of this list can't be shared with %(roles)s: share it with your own roles that see the list."
        raise Invalid(message, params={"roles": ", ".join(refused)}, field="roles")
    kept = sorted(set(roles))
    return {"roles": kept, "shared": bool(kept)}


def _room(session: Session, actor: Actor, entity: Entity) -> None:
    mine = list_views.c.owner == actor.username, list_views.c.definition == entity.name
    if (session.scalar(select(func.count()).select_from(list_views).where(*mine)) or 0) >= MOST:
        raise Invalid("You have %(count)s views of this list; remove one first.", params={"count": MOST}, field="name")


def _unlike(session: Session, view: ListView, name: str) -> None:
    c = list_views.c
    same = c.owner == view.owner, c.definition == view.definition, c.name == name
    if session.execute(select(c.id).where(*same)).first() is not None:
        raise Invalid(SAME_NAME, field="name")
