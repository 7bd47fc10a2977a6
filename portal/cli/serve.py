"""The parts of Plumbline one by one: web, worker and scheduler; and the tables that they need."""

from __future__ import annotations

import gc
import sys

import click
from flask import Flask
from gunicorn.app.base import BaseApplication

from portal import RUNNING, config
from portal import app as portal_app
from portal.cli.needs import require
from portal.cli.output import answer, json_option
from portal.extensions import db
from workflows import queue


class Web(BaseApplication):  # type: ignore[misc]
    """Gunicorn serving an application that is ready; its processes are forks of this one."""

    def __init__(self, app: Flask, workers: int) -> None:
        self.app, self.workers = app, workers
        super().__init__()

    def load_config(self) -> None:
        """Two processes with threads: a slow answer never blocks the others."""
        options = {
            "bind": self.app.config["PLUMBLINE"].bind,
            "workers": self.workers,
            "threads": 4,
            "worker_class": "gthread",
            "timeout": 120,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> object:
        """The same in each process: what is loaded is shared, and a process that died is back at once."""
        return self.app


def ready(part: str, *, as_json: bool = False) -> Flask:
    """The application of a process that stays: what is missing is said first, then the catalog is read.

    It is bound to the workflows and holds no connection, so it may be forked.
    """
    settings = config.load()
    made = portal_app.create_app(settings)
    require(made)
    if as_json:
        answer({"part": part, "address": f"http://{settings.bind}" if part == "web" else None}, [], as_json)
        sys.stdout.flush()
    portal_app.bind_workflows(made)
    with made.app_context():
        made.extensions["plumbline_catalogs"].current(db.session())
        db.session.remove()
        db.engine.dispose()
    gc.freeze()  # what is loaded now stays for good: requests need not wait while it is looked through
    gc.set_threshold(*RUNNING)
    return made


@click.command()
@click.option("--workers", type=int, default=2, show_default=True, help="Web processes.")
@json_option
def web(workers: int, as_json: bool) -> None:
    """Serve pages and REST. Example: plumbline web --workers 4"""
    Web(ready("web", as_json=as_json), workers).run()


@click.command()
@click.option("--concurrency", type=int, default=2, show_default=True, help="Tasks at the same time.")
@json_option
def worker(concurrency: int, as_json: bool) -> None:
    """Work on jobs, events and deliveries. Example: plumbline worker"""
    ready("worker", as_json=as_json)
    queue.run_worker(concurrency=concurrency)


@click.command()
@json_option
def scheduler(as_json: bool) -> None:
    """Give the beat. Example: plumbline scheduler"""
    ready("scheduler", as_json=as_json)
    queue.run_scheduler()


@click.command()
@json_option
def migrate(as_json: bool) -> None:
    """Bring the engine's own tables up to date. Example: plumbline migrate"""
    portal_app.migrate(portal_app.create_app())
    answer({"migrated": True}, ["The tables are up to date."], as_json)
