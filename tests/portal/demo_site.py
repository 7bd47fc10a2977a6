"""The demo company's portal for tests that need its pages: database with accounts, application, server.

`prepare(url)` is for `databases.copy(kind, "demo site", prepare)`. Passwords are those of the demo.
"""

from __future__ import annotations

import gc
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import CodeType

from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache
from playwright.sync_api import Page
from werkzeug.serving import make_server

from metadata.engine import writing
from portal import RUNNING, config
from portal.accounts.login import LOGIN_KEY
from portal.app import create_app, migrate
from portal.extensions import db
from tests.workflows.demo_company import prepare as prepare_company
from workflows import accounts, demo


class Templates(BytecodeCache):
    """Compiled templates for all portals of this process: each test makes its own, of the same pages."""

    def __init__(self) -> None:
        self.compiled: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self.compiled.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.compiled[bucket.key, bucket.checksum] = bucket.code


TEMPLATES = Templates()


def site(url: str, folder: Path) -> Flask:
    """The portal on the database at `url`, with the collector at the pace of a process that serves."""
    gc.set_threshold(*RUNNING)
    app = create_app(config.load({"PLUMBLINE_DATABASE_URL": url, "PLUMBLINE_DATA_DIR": str(folder)}))
    app.config["RATELIMIT_ENABLED"] = False
    app.jinja_env.bytecode_cache = TEMPLATES
    return app


def prepare(url: str) -> None:
    """The company, the engine's tables, and an account for each demo login."""
    prepare_company(url)
    with tempfile.TemporaryDirectory() as folder:
        app = site(url, Path(folder))
        migrate(app)
        with app.app_context():
            manager = app.appbuilder.sm
            for login in demo.DEMO_LOGINS:
                manager.add_user(
                    login.username, login.first_name, login.last_name, login.email, [manager.find_role(login.role)],
                    f"{login.username}-demo",
                )  # fmt: skip
            db.session.remove()
            db.engine.dispose()


def logged_in(app: Flask, account: str) -> FlaskClient:
    """A client of the application, as this account."""
    client = app.test_client()
    with app.app_context():
        user = app.appbuilder.sm.find_user(account)
        number = user.id
        db.session.rollback()
        with writing():
            key = accounts.begin(db.session(), account, datetime.now(UTC))
            db.session.commit()
        db.session.remove()
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"], session[LOGIN_KEY] = str(number), True, key
    return client


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """The application on a port of its own; gives its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()


def log_in(page: Page, address: str, account: str) -> None:
    page.goto(f"{address}/login/")
    page.fill("input[name=username]", account)
    page.fill("input[name=password]", f"{account}-demo")
    page.click("main [type=submit]")
    page.wait_for_url(lambda url: "/login" not in url)
