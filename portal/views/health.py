"""For those who watch the installation: alive, ready, and why not."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, jsonify
from sqlalchemy.exc import SQLAlchemyError

from metadata import versions
from portal.extensions import db
from workflows import queue

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def alive() -> Response:
    """The process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def ready() -> tuple[Response, int]:
    """Database, broker and catalog, each with what is wrong."""
    parts = {"database": _database(), "broker": queue.check(current_app.config["PLUMBLINE"].broker_url) or "ok"}
    good = all(state == "ok" for state in parts.values())
    return jsonify(status="ok" if good else "not ready", **parts), 200 if good else 503


def _database() -> str:
    try:
        version = versions.read(db.session()).catalog
    except SQLAlchemyError as error:
        db.session.rollback()
        return f"unreachable: {type(error).__name__}"
    return "ok" if version else "no catalog yet: run plumbline migrate"
