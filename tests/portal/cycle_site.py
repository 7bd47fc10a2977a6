"""The demo portal bound to this process's engine, for tests of cycle pages and REST: launched or still a draft."""

from __future__ import annotations

import tempfile
from pathlib import Path

from flask import Flask
from sqlalchemy import select

from metadata.versions import load_catalog
from portal.app import bind_workflows
from portal.extensions import db
from tests.portal.demo_site import logged_in, prepare, site
from workflows import tick
from workflows.installation import bound


def settle() -> None:
    """What the worker does, here and now."""
    tick.settle(bound())


def rows(app: Flask, definition: str, **equal: object) -> list[dict]:
    """Records as they are stored."""
    with app.app_context():
        session = db.session()
        session.rollback()
        table = load_catalog(session)[definition].table
        columns = [column.label(key) for key, column in table.c.items()]
        found = session.execute(select(*columns).where(*(table.c[k] == v for k, v in equal.items())))
        result = [dict(row) for row in found.mappings()]
        db.session.remove()
    return result


def production(app: Flask) -> int:
    """Derek's cycle."""
    (department,) = rows(app, "department", code="PRD")
    (cycle,) = rows(app, "cycle", department=department["id"])
    return cycle["id"]


def review_of(app: Flask, account: str) -> dict:
    """The review of somebody with an account in Derek's cycle."""
    (person,) = rows(app, "employee", account=account)
    (review,) = rows(app, "review", employee=person["id"], cycle=production(app))
    return review


def prepare_launched(url: str) -> None:
    """The demo site with Derek's cycle launched by REST, for `databases.copy`."""
    prepare(url)
    with tempfile.TemporaryDirectory() as folder:
        app = site(url, Path(folder))
        app.config["WTF_CSRF_ENABLED"] = False
        bind_workflows(app)
        assert logged_in(app, "derek").post(f"/api/v1/cycles/{production(app)}/launch").status_code == 202
        settle()
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
