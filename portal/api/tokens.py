"""Logging in by program: name and password for a token, a refresh token for a new one.

The addresses and bodies are Flask-AppBuilder's, whose own API can't be switched on: with the marshmallow
in use it breaks at the start. Wrong name, wrong password and a closed account answer alike.
"""

from __future__ import annotations

from flask import Blueprint, Flask, Response, current_app
from flask_babel import gettext as _
from flask_jwt_extended import create_access_token, create_refresh_token

from metadata.engine import writing
from portal.api import entry
from portal.api.answers import answer, body_object
from portal.api.openapi import describe

blueprint = Blueprint("api_tokens", __name__, url_prefix="/api/v1/security")
TOKENS = {
    "type": "object",
    "properties": {"access_token": {"type": "string"}, "refresh_token": {"type": "string"}},
    "required": ["access_token"],
}
CREDENTIALS = {
    "type": "object",
    "properties": {
        "username": {"type": "string"},
        "password": {"type": "string", "format": "password"},
        "provider": {"type": "string", "enum": ["db"], "default": "db"},
        "refresh": {"type": "boolean", "description": "Whether a refresh token is wanted too."},
    },
    "required": ["username", "password"],
}


def register(app: Flask) -> None:
    """Attach the addresses, guessing of passwords slowed down."""
    app.register_blueprint(blueprint)
    if app.config["AUTH_RATE_LIMITED"]:
        limiter = app.appbuilder.sm.limiter  # type: ignore[attr-defined]
        limiter.limit(app.config["AUTH_RATE_LIMIT"], methods=["POST"])(blueprint)


@blueprint.post("/login")
@describe(body=CREDENTIALS, result=TOKENS, public=True)
def login() -> Response:
    """Exchange name and password for an access token (and a refresh token)."""
    given = body_object()
    name, password = given.get("username"), given.get("password")
    user = None
    if isinstance(name, str) and isinstance(password, str):
        with writing():  # a login counts itself
            user = current_app.appbuilder.sm.auth_user_db(name, password)  # type: ignore[attr-defined]
    if user is None:
        return entry.unknown(_("The name or the password is wrong."))
    identity, claims = str(user.id), {entry.PROOF: entry.proof(user)}
    tokens = {"access_token": create_access_token(identity=identity, fresh=True, additional_claims=claims)}
    if given.get("refresh") is True:
        tokens["refresh_token"] = create_refresh_token(identity=identity, additional_claims=claims)
    return _secret(answer(tokens))


@blueprint.post("/refresh")
@describe(result=TOKENS, public=True)
def refresh() -> Response:
    """Exchange a refresh token, sent as bearer, for a new access token."""
    user = entry.by_refresh_token()
    if user is None:
        return entry.unknown(_("The refresh token is wrong or has expired; log in again."))
    claims = {entry.PROOF: entry.proof(user)}
    token = create_access_token(identity=str(user.id), fresh=False, additional_claims=claims)
    return _secret(answer({"access_token": token}))


def _secret(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
