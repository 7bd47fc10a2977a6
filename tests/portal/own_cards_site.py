"""The demo portal with a cycle in which each person's own scorecard counts, and somebody who moved: draft or launched."""

from __future__ import annotations

import tempfile
from pathlib import Path

from flask import Flask
from sqlalchemy.orm import Session

from metadata import records
from metadata.access import system
from metadata.engine import make_engine, writing
from metadata.versions import load_catalog
from portal.app import bind_workflows
from portal.extensions import db
from tests.portal.cycle_site import production, rows, settle
from tests.portal.demo_site import logged_in, prepare, site
from tests.workflows.cycles.made_cards import make_card
from tests.workflows.demo_company import NOW
from workflows.cycles import opening

MOVED_ON = "2026-08-01"


def prepare_own(url: str) -> None:
    """Assembly has a scorecard of its own, Emma came from casting, and stamping has none."""
    prepare(url)
    with tempfile.TemporaryDirectory() as folder:
        app = site(url, Path(folder))
        units = {unit["code"]: unit["id"] for unit in rows(app, "department")}
        cards = {card["name"]: card["id"] for card in rows(app, "scorecard", status="active")}
        (emma,) = rows(app, "employee", account="emma")
        cycle = production(app)
        with app.app_context():
            db.engine.dispose()
    engine = make_engine(url)
    with writing(), Session(engine) as session, session.begin():
        catalog, by = load_catalog(session), system("test")

        def change(name: str, key: int, **values: object) -> None:
            records.change(session, catalog, name, by, key, values, now=NOW)

        make_card(session, catalog, "Assembly", [("production_output", 100, None)], NOW, department=units["PRD-A"])
        make_card(session, catalog, "Casting", [("pass_rate", 100, None)], NOW, department=units["PRD-C"])
        for name in ("Production", "Whole company"):
            change("scorecard", cards[name], status="retired")
        change("employee", emma["id"], department=units["PRD-C"], in_place_since="2026-01-05")
        change("employee", emma["id"], department=units["PRD-A"], in_place_since=MOVED_ON)
        change("cycle", cycle, **{opening.cards.CHOICE: opening.cards.OWN})
    engine.dispose()


def prepare_own_launched(url: str) -> None:
    """The same, launched by REST."""
    prepare_own(url)
    with tempfile.TemporaryDirectory() as folder:
        app = site(url, Path(folder))
        app.config["WTF_CSRF_ENABLED"] = False
        bind_workflows(app)
        assert logged_in(app, "derek").post(f"/api/v1/cycles/{production(app)}/launch").status_code == 202
        settle()
        forget(app)


def forget(app: Flask) -> None:
    """Let go of the database."""
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
