"""Flask-AppBuilder's security, tamed: one statement for a person, headers, and who is told of changes.

`PortalSecurityManager` asks for an account's login, what it prefers and the versions in force at once. Name and roles
are remembered by process for one access version (portal/accounts/signed_in.py): a change of accounts or roles raises
it in the same transaction, so every process forgets what it remembered. Of the framework's own pages only the
login stays; ours for accounts and roles are in portal/views/accounts.py and roles.py.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, abort, current_app, g, request, session
from flask_appbuilder.security.sqla.manager import SecurityManager
from flask_appbuilder.security.sqla.models import Role, User
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from sqlalchemy import and_, bindparam, event, select
from sqlalchemy.orm import Session

from metadata import versions
from metadata.engine import writing
from metadata.store import ACCESS, CATALOG, state
from portal.accounts.login import LOGIN_KEY, LoginView
from portal.accounts.rules import ROLES, may_use_pages
from portal.accounts.signed_in import Known, SignedIn
from workflows import accounts, store

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
GUESSED = frozenset({LoginView.name, "api_tokens"})
RETIRED = frozenset({"LocaleView.index", "UtilView.back", "MenuApi.get_menu_data"})


def _account(which: Any, *more: Any) -> Any:
    """An active account's number, what it prefers, its login, and the versions in force; made once."""
    kept, login, user = store.accounts.c, store.logins.c, User.__table__.c
    mine = and_(login.account == user.username, login.key == bindparam("key"), login.until > bindparam("now"))
    return (
        select(user.id, kept.language, kept.theme, kept.timezone, kept.must_change, login.id, *_in_force())
        .select_from(User.__table__)
        .outerjoin(store.accounts, kept.account == user.username)
        .outerjoin(store.logins, mine)
        .where(which, user.active.is_(True), *more)
    )


def _in_force() -> list[Any]:
    names = (CATALOG, ACCESS)
    return [select(state.c.version).where(state.c.name == name).scalar_subquery() for name in names]


BY_COOKIE = _account(User.__table__.c.id == bindparam("pk"), store.logins.c.id.is_not(None))
BY_NUMBER = _account(User.__table__.c.id == bindparam("pk"))
BY_NAME = _account(User.__table__.c.username == bindparam("name"))
POLICY = {
    "default-src": ["'self'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "object-src": ["'none'"],
    "base-uri": ["'none'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
}


def _written(policy: Mapping[str, Sequence[str]]) -> str:
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in policy.items())


STRICT = _written(POLICY)


class GuessLimiter(Limiter):
    """Weighs attempts to log in; what no password can be guessed with passes at once."""

    def _check_request_limit(self, callable_name: str | None = None, in_middleware: bool = True) -> None:
        if request.method == "POST" and request.blueprint in GUESSED:
            super()._check_request_limit(callable_name, in_middleware)


class PortalSecurityManager(SecurityManager):
    """Accounts, roles and logins."""

    def register_views(self) -> None:
        """The login page; nothing else of the framework's. Programs log in through portal/api/tokens.py."""
        self.auth_view = LoginView()
        self.appbuilder.add_view_no_menu(self.auth_view, endpoint=LoginView.name)
        if self.is_auth_limited:
            self.limiter.limit(self.auth_rate_limit, methods=["POST"])(self.auth_view.blueprint)

    def create_limiter(self, app: Flask) -> Limiter:
        """Guesses of passwords are counted; no other request is asked about."""
        limiter = GuessLimiter(key_func=get_remote_address)
        limiter.init_app(app)
        return limiter

    def load_user(self, pk: Any) -> SignedIn | None:
        """The account behind the browser's session, only while its login lasts; one for programs has none."""
        if session.get("_user_id") != str(pk):
            return self.load_account(int(pk))
        key = accounts.hash_of(str(session.get(LOGIN_KEY, "")))
        user = self._active(BY_COOKIE, pk=int(pk), key=key)
        return user if user is not None and may_use_pages([role.name for role in user.roles]) else None

    def load_account(self, pk: int) -> SignedIn | None:
        """The active account behind a token."""
        return self._active(BY_NUMBER, pk=pk, key="")

    def account_called(self, username: str) -> SignedIn | None:
        """The active account behind a key."""
        return self._active(BY_NAME, name=username, key="")

    def _active(self, statement: Any, **values: Any) -> SignedIn | None:
        """The active account, in one statement; a second one where this process meets it for the first time."""
        connection = self.session.connection()
        row = connection.execute(statement, {**values, "now": datetime.now(UTC)}).first()
        if row is None:
            return None
        in_force = versions.Versions(int(row[6] or 0), int(row[7] or 0))
        if "versions" not in g:  # read along, so that a request need not ask for them again
            g.versions = in_force
        known: Known = current_app.extensions["plumbline_known"]
        user = known.get(connection, int(row[0]), in_force.access)
        return SignedIn(user, row[1], row[2], row[3], bool(row[4]), row[5]) if user is not None else None

    def update_user_auth_stat(self, user: User, success: bool = True) -> None:
        """Count a login or a failed one, in a transaction of its own."""
        number = user.id
        self.session.rollback()
        with writing():
            found = self.session.get(User, number)
            if found is not None and success:
                found.login_count = (found.login_count or 0) + 1
                found.fail_login_count, found.last_login = 0, datetime.now(UTC).replace(tzinfo=None)
            elif found is not None:
                found.fail_login_count = (found.fail_login_count or 0) + 1
            self.session.commit()

    def noop_user_update(self, user: User) -> None:
        """Take as long for an unknown name as for a known one."""
        self.session.rollback()
        with writing():
            self.session.execute(select(User.id).where(User.id == user.id))
            self.session.commit()


def register(app: Flask) -> None:
    """Attach nonce, policy, same-site check for the API and the access version."""
    app.extensions["plumbline_known"] = Known()
    app.login_manager.login_view = "AuthDBView.login"  # type: ignore[attr-defined]
    app.before_request(_nonce)
    app.before_request(_retired)
    app.before_request(_same_site)
    app.after_request(_headers)
    if not event.contains(Session, "before_flush", _tell):
        event.listen(Session, "before_flush", _tell)


def _nonce() -> None:
    g.csp_nonce = secrets.token_urlsafe(16)


def _retired() -> None:
    """What the framework brings and nobody needs is not there."""
    if request.endpoint in RETIRED:
        abort(404)


def _same_site() -> None:
    """A write to the API with the browser's session must come from our own pages."""
    if request.method in SAFE_METHODS or not request.path.startswith("/api/"):
        return
    if "Authorization" in request.headers or "X-API-Key" in request.headers:
        return  # then the session does not count (portal/api/entry.py)
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site in ("cross-site", "same-site") or (origin and origin.rstrip("/") != request.host_url.rstrip("/")):
        abort(403)


def _headers(response: Response) -> Response:
    page = response.mimetype == "text/html"
    response.headers.setdefault("Content-Security-Policy", _policy() if page else STRICT)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    if page:
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _policy() -> str:
    """What this page may load: our own files, the scripts with its nonce, and what its view asked for."""
    policy = {name: list(sources) for name, sources in POLICY.items()}
    if "csp_nonce" in g:
        policy["script-src"].append(f"'nonce-{g.csp_nonce}'")
    for name, sources in g.get("csp_extra", {}).items():
        policy[name] = [s for s in policy.get(name, []) if s != "'none'"] + list(sources)
    return _written(policy)


def _tell(session: Session, _context: Any, _instances: Any) -> None:
    """Roles of an account, or the account itself, changed: raise the access version with it."""
    touched = [*session.new, *session.deleted, *(o for o in session.dirty if session.is_modified(o))]
    relevant = [o for o in touched if isinstance(o, User | Role)]
    if any(isinstance(o, Role) or _matters(o, session) for o in relevant):
        versions.bump_access(session)


def _matters(user: User, session: Session) -> bool:
    """A login only counts itself; that is no change of access."""
    if user in session.new or user in session.deleted:
        return True
    counters = {"last_login", "login_count", "fail_login_count"}
    return any(attr.history.has_changes() for attr in _attributes(user) if attr.key not in counters)


def _attributes(user: User) -> list[Any]:
    return list(user._sa_instance_state.attrs)


def seed_roles(manager: PortalSecurityManager) -> None:
    """The product's roles, where they are missing."""
    with writing():
        for name in ROLES:
            if manager.find_role(name) is None:
                manager.add_role(name)
