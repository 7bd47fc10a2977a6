"""Who a program is: a bearer token, an API key, or the browser's session; decided once, before any room of REST.

Registered for the whole application by `portal.app`, so a new room under /api/ has it without a word.
Credentials in a header outrank the session, and wrong ones are refused rather than overlooked.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import timedelta
from typing import Any

from flask import Flask, Response, current_app, request
from flask_babel import gettext as _
from flask_jwt_extended import decode_token
from flask_jwt_extended.exceptions import JWTExtendedException
from flask_login import current_user
from jwt.exceptions import PyJWTError
from sqlalchemy.exc import OperationalError

from metadata.engine import writing
from portal.errors import problem_json
from portal.extensions import db
from portal.units import utcnow
from workflows import api_keys

log = logging.getLogger(__name__)
OPEN = frozenset({"/api/v1/security/login", "/api/v1/security/refresh"})
PROOF = "proof"
SELDOM = timedelta(hours=1)


def register(app: Flask) -> None:
    """Ask for credentials before every request to REST."""
    app.before_request(_identify)


def _identify() -> Response | None:
    if not request.path.startswith("/api/v1/") or request.path in OPEN:
        return None
    if presented():
        user = presented_user()
        if user is None:
            return unknown(_("The token or API key is wrong, has expired or was revoked."))
        current_app.login_manager._update_request_context_with_user(user)  # type: ignore[attr-defined]
    if not current_user.is_authenticated:
        return unknown(_("Log in first: POST /api/v1/security/login, or use an API key or a browser session."))
    return None


def unknown(title: str) -> Response:
    """401, with the ways to log in."""
    refusal = problem_json(401, title)
    refusal.headers["WWW-Authenticate"] = 'Bearer realm="Plumbline"'
    return refusal


def presented() -> bool:
    """Whether the request carries credentials of its own, apart from the browser's session."""
    return "Authorization" in request.headers or "X-API-Key" in request.headers


def presented_user() -> Any:
    """The active account of the key or token in the request's headers; None where they are wrong."""
    return _by_key() or _by_token("access")


def by_refresh_token() -> Any:
    """The active account of a refresh token; None where it is none."""
    return _by_token("refresh")


def _bearer() -> str:
    kind, _space, value = request.headers.get("Authorization", "").partition(" ")
    return value.strip() if kind.lower() == "bearer" else ""


def _by_token(kind: str) -> Any:
    try:
        claims = decode_token(_bearer())
    except (PyJWTError, JWTExtendedException):
        return None
    if claims.get("type") != kind or not str(claims.get("sub", "")).isdecimal():
        return None
    user = _manager().load_account(int(claims["sub"]))
    return user if user is not None and claims.get(PROOF) == proof(user) else None


def proof(user: Any) -> str:
    """Ties a token to the password it was given for: a new password ends it."""
    return hashlib.sha256(str(user.password).encode()).hexdigest()[:16]


def _by_key() -> Any:
    key = request.headers.get("X-API-Key", "") or _bearer()
    if not key.startswith(api_keys.PREFIX):
        return None
    session, now = db.session(), utcnow()
    found = api_keys.valid(session, key, now)
    if found is None:
        return None
    user = _manager().account_called(found.account)
    if user is not None and (found.last_used_at is None or now - found.last_used_at > SELDOM):
        _note_use(found.id)
    return user


def _note_use(key_id: int) -> None:
    """Seldom, and never at the cost of the request."""
    session = db.session()
    session.rollback()
    try:
        with writing():
            api_keys.used(session, key_id, utcnow())
            session.commit()
    except OperationalError as error:
        session.rollback()
        log.warning("the last use of an API key was not noted: %s", error)


def _manager() -> Any:
    return current_app.appbuilder.sm  # type: ignore[attr-defined]
