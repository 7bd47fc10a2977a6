"""Who is asking: the actor of the current request, remembered until somebody's roles or place change."""

from __future__ import annotations

import threading
from collections import OrderedDict

from flask import current_app, g, request, session
from flask_login import current_user

from metadata import access
from metadata.access import NOBODY, Actor
from portal import catalogs, seeing
from portal.extensions import db

KEPT = 5000


class Actors:
    """Actors by account, valid for one version of catalog and access."""

    def __init__(self) -> None:
        self._found: OrderedDict[tuple[object, ...], Actor] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, username: str, roles: frozenset[str]) -> Actor:
        """The actor behind an account, loaded at most once for each version."""
        versions = catalogs.now_in_force()
        key = (versions.catalog, versions.access, username, roles)
        found = self._found.get(key)
        if found is None:
            found = access.load_actor(db.session(), catalogs.current(), username, roles)
            with self._lock:
                self._found[key] = found
                if len(self._found) > KEPT:
                    self._found.popitem(last=False)
        return found


def real_actor() -> Actor:
    """Who is logged in, whomever they look as; `NOBODY` where nobody is."""
    actors: Actors = current_app.extensions["plumbline_actors"]
    known = current_user.is_authenticated
    return actors.get(current_user.username, frozenset(r.name for r in current_user.roles)) if known else NOBODY


def current_actor() -> Actor:
    """The actor of this request; `NOBODY` where nobody is logged in."""
    if "actor" not in g:
        mine = real_actor()
        g.actor = seeing.as_chosen(db.session(), catalogs.current(), mine) if g.get("seeing") else mine
    found: Actor = g.actor
    return found


def language() -> str:
    """The language of this request: "en" or "zh"."""
    if "language" not in g:
        g.language = chosen_language() if request else "en"
    return str(g.language)


def chosen_language() -> str:
    """What the person chose, now or on another day, else what the browser asks for, else the installation's."""
    chosen = session.get("locale") or preferred("language")
    if chosen in ("en", "zh"):
        return str(chosen)
    asked = request.accept_languages.best_match(["en", "zh"]) if request else None
    return asked or str(current_app.config["PLUMBLINE"].language)


def chosen_zone() -> str:
    """The time zone in which this person reads and types moments."""
    return str(preferred("timezone") or current_app.config["PLUMBLINE"].timezone)


def preferred(name: str) -> str | None:
    """What the account keeps as `language`, `theme` or `timezone`; None where nobody is logged in."""
    return getattr(current_user, name, None) if request and current_user.is_authenticated else None
