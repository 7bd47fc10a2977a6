"""What a part of Plumbline needs before it starts: a database that answers, its tables, a broker.

Called by the parts (`require`) and by `plumbline doctor`, which looks at these first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import click
from flask import Flask
from flask_appbuilder import Model
from sqlalchemy import inspect
from sqlalchemy.exc import DBAPIError

from metadata import store as metadata_store
from metadata.errors import Conflict
from portal.cli.failing import sentence
from portal.config import Settings
from portal.extensions import db
from workflows import queue
from workflows import store as workflows_store

FIXED = (metadata_store.tables, workflows_store.metadata_obj, Model.metadata)  # the engine's own tables
MIGRATE = "Run: plumbline migrate"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: ok, warn or fail, what was seen, and what to do."""

    name: str
    state: Literal["ok", "warn", "fail"]
    text: str
    todo: str = ""


def require(app: Flask) -> None:
    """Before a part starts: Conflict when the database is missing; a broker that is away is named and waited for."""
    with app.app_context():
        for look in (database, migrated):
            found = look()
            if found.state == "fail":
                raise Conflict("%(text)s %(todo)s", params={"text": found.text, "todo": found.todo})
        db.session.remove()
        db.engine.dispose()
    found = broker(app.config["PLUMBLINE"])
    if found.state == "fail":
        click.echo(f"{found.text} Work waits until it does. {found.todo}", err=True)


def database() -> Check:
    """Whether the database answers, and which it is; within the application."""
    try:
        with db.engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1")
            name = f"{connection.dialect.name} {'.'.join(map(str, connection.dialect.server_version_info or ()))}"
    except DBAPIError as error:
        return Check("database", "fail", sentence(error), "See whether it is running and may be reached.")
    return Check("database", "ok", f"{name.strip()} answers.")


def migrated() -> Check:
    """Whether the engine's own tables have all their columns; within the application."""
    with db.engine.connect() as connection:
        expected = {table.name: table for fixed in FIXED for table in fixed.sorted_tables}
        found = inspect(connection).get_multi_columns(filter_names=list(expected))
        held = {name: {column["name"] for column in columns} for (_schema, name), columns in found.items()}
        missing = [name for name in expected if name not in held]
        for name, names in held.items():
            missing += [f"{name}.{column.name}" for column in expected[name].columns if column.name not in names]
    if missing:
        return Check("migrated", "fail", f"The database is not set up for this version: {first_few(missing)}.", MIGRATE)
    return Check("migrated", "ok", "The engine's own tables are there.")


def broker(settings: Settings) -> Check:
    """Whether the queue takes messages."""
    wrong = queue.check(settings.broker_url)
    if wrong:
        return Check("broker", "fail", wrong, "Start it, or correct PLUMBLINE_BROKER_URL.")
    return Check("broker", "ok", "The queue takes messages.")


def first_few(names: list[str]) -> str:
    """The first five names and how many follow, for one sentence."""
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
