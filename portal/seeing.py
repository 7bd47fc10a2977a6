"""Looking at the portal as a role or another person has it: who is chosen, and that nothing is written meanwhile.

`portal.access` asks `as_chosen` for the actor of a request; the guard here refuses every write and every room that
belongs to the account itself. Only who manages accounts may look, and never as somebody with more power; besides,
the actor stays within what the looker may see (`Actor.within`), so looking opens nothing. Begin and end are audited.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Flask, g, make_response, render_template, request, session
from flask_appbuilder.security.sqla.models import Role, User
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from metadata import audit
from metadata.access import ADMIN, Actor, load_actor
from metadata.audit import Happening
from metadata.catalog import Catalog
from metadata.errors import NotFound
from portal.accounts import rules
from portal.api.entry import presented
from portal.errors import problem_json, wants_json

KEY = "seeing"
LEAVE = "seeing.leave"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# Rooms of the account itself: its messages, keys, password, files and own drafts are not for others to look at.
PRIVATE = frozenset(
    {"inbox", "account", "account_keys", "jobs", "api_jobs", "api_tokens", "imports", "api_imports", "designer"}
)
ALLOWED = frozenset({LEAVE, "home.switch_language", "home.switch_theme"})  # these store nothing meanwhile
NOBODY_SUCH = "There is no such account or role, or it is not yours to look as."


@dataclass(frozen=True)
class Seen:
    """As whom somebody looks: a role ("role") or an account ("person"), by name, and the number of either."""

    kind: str
    name: str
    number: int


def chosen(mine: Actor) -> Seen | None:
    """As whom this request looks; None where it looks with its own eyes or brings credentials of its own."""
    given = session.get(KEY) if request else None
    if not given or given.get("by") != mine.username or presented() or not rules.may_manage(mine):
        return None
    return Seen(str(given["kind"]), str(given["name"]), int(given["number"]))


def as_chosen(database: Session, catalog: Catalog, mine: Actor) -> Actor:
    """The actor of this request: `mine`, or who was chosen, within what `mine` may see."""
    seen = chosen(mine)
    if seen is None:
        return mine
    if seen.kind == "role":
        return Actor(f"@{seen.name}", frozenset({seen.name}) - _withheld(mine), within=mine)
    account = _account(database, seen.name)
    roles = frozenset(r.name for r in account.roles) if account is not None else frozenset()
    powerful = not rules.may_touch(mine, roles)
    theirs = load_actor(database, catalog, seen.name, frozenset() if powerful else roles)
    return dataclasses.replace(theirs, within=mine)


def _withheld(mine: Actor) -> frozenset[str]:
    return frozenset() if mine.unlimited else frozenset({ADMIN})


def begin(database: Session, catalog: Catalog, mine: Actor, kind: str, name: str, now: datetime) -> Seen:
    """Note that `mine` begins to look as a role or a person; raises NotFound where that is not theirs to do."""
    seen = _found(database, mine, kind, name)
    if seen is None or (kind == "person" and seen.name == mine.username):
        raise NotFound(NOBODY_SUCH)
    _note(database, catalog, mine, seen, "see_as", now)
    return seen


def end(database: Session, catalog: Catalog, mine: Actor, seen: Seen, now: datetime) -> None:
    """Note that `mine` looks with their own eyes again."""
    _note(database, catalog, mine, seen, "see_end", now)


def keep(seen: Seen, mine: Actor) -> None:
    """Remember the choice in the browser's session."""
    session[KEY] = {"kind": seen.kind, "name": seen.name, "number": seen.number, "by": mine.username}


def _found(database: Session, mine: Actor, kind: str, name: str) -> Seen | None:
    if kind == "role":
        number = database.scalar(select(Role.id).where(Role.name == name))
        return Seen(kind, name, number) if number is not None and rules.grantable(mine, [name]) else None
    account = _account(database, name)
    if account is None or not rules.may_touch(mine, [r.name for r in account.roles]):
        return None
    return Seen("person", account.username, account.id)


def _account(database: Session, name: str) -> User | None:
    wanted = select(User).where(User.username == name, User.active.is_(True)).options(joinedload(User.roles))
    return database.execute(wanted).unique().scalar_one_or_none()


def _note(database: Session, catalog: Catalog, mine: Actor, seen: Seen, action: str, now: datetime) -> None:
    area = "@role" if seen.kind == "role" else "@account"
    happening = Happening(action, seen.number, 0, note=seen.name)
    audit.note(database, area, happening, catalog_version=catalog.version, actor=mine, now=now)


def register(app: Flask) -> None:
    """Attach the guard; after the credentials of programs were read."""
    app.before_request(_guard)


def _guard() -> Any:
    """Nothing is written while somebody looks as another, and what belongs to an account alone stays shut."""
    if KEY not in session or not current_user.is_authenticated:
        return None
    mine = Actor(current_user.username, frozenset(r.name for r in current_user.roles))
    seen = chosen(mine)
    if seen is None:
        return None
    g.seeing, g.read_only = seen, request.endpoint != LEAVE
    if request.endpoint in ALLOWED:
        return None
    if request.method not in SAFE_METHODS:
        return _refused(_("You are looking as somebody else: nothing can be changed. Leave first."))
    if request.blueprint in PRIVATE:
        return _refused(_("This belongs to the account alone and is not shown to who looks as it. Leave first."))
    return None


def _refused(message: str) -> Any:
    if wants_json():
        return problem_json(403, message)
    title = _("Only looking")
    return make_response(render_template("errors/error.html", status=403, title=title, message=message), 403)
