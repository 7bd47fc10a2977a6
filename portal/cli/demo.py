"""The demo company: its packs, its year of records, its logins."""

from __future__ import annotations

from datetime import UTC, datetime

import click
from flask import Flask
from sqlalchemy.orm import Session

from metadata import access
from metadata.engine import publishing, writing
from metadata.packs import installing
from portal import app as portal_app
from portal.cli.output import answer, json_option
from portal.extensions import db
from portal.security import PortalSecurityManager
from workflows import accounts
from workflows import demo as company


@click.group()
def demo() -> None:
    """The demo company. Example: plumbline demo load"""


@demo.command()
@click.option("--employees", type=click.IntRange(20, 100_000), default=240, show_default=True)
@click.option("--seed", type=int, default=2026, show_default=True)
@json_option
def load(employees: int, seed: int, as_json: bool) -> None:
    """Load the demo company into this installation. Example: plumbline demo load --employees 240"""
    made = portal_app.create_app()
    portal_app.migrate(made)
    fresh = load_if_empty(made, employees, seed)
    line = "The demo company is loaded." if fresh else "The demo company was there already."
    answer({"loaded": fresh}, [line], as_json)


def load_if_empty(app: Flask, employees: int = 240, seed: int = 2026) -> bool:
    """Install the packs and write the company, unless it is there; whether anything was written."""
    with app.app_context():
        session = db.session()
        _packs(session, app)
        session.rollback()
        with writing():
            catalog = app.extensions["plumbline_catalogs"].current(session)
            fresh = not company.is_loaded(session, catalog)
            if fresh:
                company.load(session, catalog, datetime.now(UTC), employees=employees, seed=seed)
            session.commit()
            _logins(app.appbuilder.sm)  # type: ignore[attr-defined]
        db.session.remove()
    return fresh


def _packs(session: Session, app: Flask) -> None:
    session.rollback()
    with publishing():
        catalog = app.extensions["plumbline_catalogs"].current(session)
        installing.ensure(session, catalog, company.PACKS, actor=access.system("plumbline"), now=datetime.now(UTC))
        session.commit()


def _logins(manager: PortalSecurityManager) -> None:
    for login in company.DEMO_LOGINS:
        if manager.find_user(username=login.username) is None:
            role = manager.find_role(login.role)
            manager.add_user(
                login.username, login.first_name, login.last_name, login.email, role, f"{login.username}-demo"
            )
            if login.language != "en":
                accounts.remember(db.session(), login.username, language=login.language)
    db.session.commit()
