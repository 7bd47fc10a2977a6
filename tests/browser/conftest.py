"""The demo company's portal for tests in a browser, on SQLite: what the page does is told there, what SQL does elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from portal.app import bind_workflows
from portal.extensions import db
from tests.portal.demo_site import prepare, serving, site


@pytest.fixture
def app(databases, tmp_path) -> Iterator[Flask]:
    """The portal, and this process as its worker."""
    with databases.copy("sqlite", "demo site", prepare) as url:
        made = site(url, tmp_path)
        bind_workflows(made)
        yield made
        with made.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.fixture
def address(app) -> Iterator[str]:
    """Where it answers."""
    with serving(app) as address:
        yield address
