"""The demo company's portal for tests of pages and REST, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask

from metadata.engine import make_engine
from portal.extensions import db
from tests.portal.demo_site import prepare, site
from tests.portal.many_definitions import LARGE, bring_to


@pytest.fixture
def portal(database_kind, databases, tmp_path) -> Iterator[Flask]:
    with databases.copy(database_kind, "demo site", prepare) as url, _open(url, tmp_path) as app:
        yield app


@pytest.fixture
def large_portal(database_kind, databases, tmp_path) -> Iterator[Flask]:
    """The same with a catalog of `LARGE` definitions."""
    with databases.copy(database_kind, "large demo site", _prepare_large) as url, _open(url, tmp_path) as app:
        yield app


def _prepare_large(url: str) -> None:
    prepare(url)
    engine = make_engine(url)
    bring_to(engine, LARGE)
    engine.dispose()


@contextmanager
def _open(url: str, folder: Path) -> Iterator[Flask]:
    app = site(url, folder)
    app.config["WTF_CSRF_ENABLED"] = False
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
