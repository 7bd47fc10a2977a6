"""Publishing other access rules in a test's portal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Flask

from metadata import access, publish, versions
from metadata.engine import publishing
from metadata.parser import thawed
from portal.extensions import db


def with_rules(app: Flask, name: str, rules: dict[str, Any]) -> None:
    """Publish one definition with these rules."""
    with app.app_context():
        db.session.rollback()
        with publishing():
            session = db.session()
            catalog = versions.load_catalog(session)
            document = {**thawed(catalog[name].definition.document), "x-access": rules}
            publish.publish(session, catalog, [document], actor=access.system(), comment="rules", now=datetime.now(UTC))
            session.commit()
        db.session.remove()


def in_force(app: Flask, name: str) -> Any:
    """The access rules of a definition as its document has them."""
    with app.app_context():
        session = db.session()
        found = thawed(versions.load_catalog(session)[name].definition.document)["x-access"]
        db.session.remove()
    return found
