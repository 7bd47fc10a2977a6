"""The demo company's portal for tests of pages and REST, on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from portal.extensions import db
from tests.portal.demo_site import prepare, site


@pytest.fixture
def portal(database_kind, databases, tmp_path) -> Iterator[Flask]:
    with databases.copy(database_kind, "demo site", prepare) as url:
        app = site(url, tmp_path)
        app.config["WTF_CSRF_ENABLED"] = False
        yield app
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
