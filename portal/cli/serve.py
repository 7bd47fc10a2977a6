"""Starting things: everything at once, or web, worker and scheduler one by one."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import subprocess
import sys
import time
from types import FrameType

import click
from flask import Flask
from gunicorn.app.base import BaseApplication
from sqlalchemy.exc import SQLAlchemyError

from portal import RUNNING, config
from portal import app as portal_app
from portal.cli import doctor
from portal.cli.demo import load_if_empty
from portal.cli.output import answer, json_option
from portal.config import Settings
from portal.extensions import db
from workflows import queue
from workflows.demo import DEMO_LOGINS

POLL_SECONDS = 0.5
GRACE_SECONDS = 15


class Web(BaseApplication):  # type: ignore[misc]
    """Gunicorn serving the portal with the settings of this process."""

    def __init__(self, settings: Settings, workers: int) -> None:
        self.settings, self.workers = settings, workers
        super().__init__()

    def load_config(self) -> None:
        """Two processes with threads: a slow answer never blocks the others."""
        options = {
            "bind": self.settings.bind,
            "workers": self.workers,
            "threads": 4,
            "worker_class": "gthread",
            "timeout": 120,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> object:
        """Made in each worker process: no connection crosses a fork."""
        return loaded(self.settings)


def loaded(settings: Settings) -> Flask:
    """The application of a process that stays: bound to the workflows, with its catalog, the collector at its pace.

    A database that does not answer is no hindrance here: `/readyz` names it, and the first request reads the catalog.
    """
    made = portal_app.create_app(settings)
    portal_app.bind_workflows(made)
    with made.app_context(), contextlib.suppress(SQLAlchemyError):
        made.extensions["plumbline_catalogs"].current(db.session())
    gc.freeze()  # what is loaded now stays for good: requests need not wait while it is looked through
    gc.set_threshold(*RUNNING)
    return made


@click.command()
@click.option("--demo", is_flag=True, help="Load the demo company where there is none.")
@click.option("--port", type=int, help="The port to listen on; default is that of PLUMBLINE_BIND.")
@json_option
def up(demo: bool, port: int | None, as_json: bool) -> None:
    """Start web, worker and scheduler in one process tree. Example: plumbline up --demo"""
    if port:
        os.environ["PLUMBLINE_BIND"] = f"127.0.0.1:{port}"
    settings = config.load()
    made = portal_app.create_app(settings)
    portal_app.migrate(made)
    doctor.require(settings)
    if demo:
        load_if_empty(made)
    command = [sys.executable, "-m", "portal.cli.run"]
    parts = [subprocess.Popen([*command, part]) for part in ("web", "worker", "scheduler")]
    logins = {login.username: login.role for login in DEMO_LOGINS} if demo else {}
    lines = [f"Plumbline is at http://{settings.bind}"]
    if demo:
        told = ", ".join(f"{name} ({role})" for name, role in logins.items())
        lines.append(f"Demo logins (password: name-demo): {told}")
    answer({"address": f"http://{settings.bind}", "logins": logins}, lines, as_json)
    sys.stdout.flush()
    _watch(parts)


def _watch(parts: list[subprocess.Popen[bytes]]) -> None:
    """Stop all when one ends or when told to."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        while all(part.poll() is None for part in parts):
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        pass
    for part in parts:
        part.terminate()
    for part in parts:
        try:
            part.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            part.kill()


@click.command()
@click.option("--workers", type=int, default=2, show_default=True, help="Web processes.")
@json_option
def web(workers: int, as_json: bool) -> None:
    """Serve pages and REST. Example: plumbline web --workers 4"""
    settings = _ready("web", as_json)
    Web(settings, workers).run()


@click.command()
@click.option("--concurrency", type=int, default=2, show_default=True, help="Tasks at the same time.")
@json_option
def worker(concurrency: int, as_json: bool) -> None:
    """Work on jobs, events and deliveries. Example: plumbline worker"""
    loaded(_ready("worker", as_json))
    queue.run_worker(concurrency=concurrency)


@click.command()
@json_option
def scheduler(as_json: bool) -> None:
    """Give the beat. Example: plumbline scheduler"""
    loaded(_ready("scheduler", as_json))
    queue.run_scheduler()


def _ready(part: str, as_json: bool) -> Settings:
    """The settings, once the database is there; what is missing is said before anything starts."""
    settings = config.load()
    doctor.require(settings)
    if as_json:
        answer({"part": part, "address": f"http://{settings.bind}" if part == "web" else None}, [], as_json)
        sys.stdout.flush()
    return settings


@click.command()
@json_option
def migrate(as_json: bool) -> None:
    """Bring the engine's own tables up to date. Example: plumbline migrate"""
    portal_app.migrate(portal_app.create_app())
    answer({"migrated": True}, ["The tables are up to date."], as_json)
