"""`plumbline backup` and `plumbline restore`: the whole installation as one file, and back again."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import Engine

from metadata.errors import Conflict
from portal import app as portal_app
from portal import config
from portal.cli.needs import FIXED
from portal.cli.output import answer, json_option, whole_file
from portal.extensions import db
from workflows import backup as backups
from workflows.backup import Manifest
from workflows.backup.restoring import NOT_EMPTY

PRODUCT = version("plumbline")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@json_option
def backup(file: Path, as_json: bool) -> None:
    """Everything in one file, while people work. Example: plumbline backup plumbline.zip"""
    settings = config.load()
    with portal_app.create_app(settings).app_context(), whole_file(file) as target:
        engine: Engine = db.engine
        uploads = settings.data_dir / "uploads"
        made = backups.write(target, engine, FIXED, uploads, product=PRODUCT, now=datetime.now(UTC))
    size = file.stat().st_size
    line = f"{_counts(made)} are in {file} ({size} bytes)."
    answer({"file": str(file), "bytes": size, **_told(made)}, [line], as_json)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Put the backup in the place of what is there.")
@json_option
def restore(file: Path, replace: bool, as_json: bool) -> None:
    """A backup back, all or nothing; stop the portal first. Example: plumbline restore plumbline.zip"""
    settings = config.load()
    app = portal_app.create_app(settings)
    with file.open("rb") as source:
        manifest = backups.verify(source, PRODUCT)
        portal_app.migrate(app)
        with app.app_context():
            session = db.session()
            empty = backups.is_empty(session, User.__table__)
            session.rollback()
            if not empty and not replace:
                raise Conflict(NOT_EMPTY)
            in_force = backups.restore(
                source,
                manifest,
                db.engine,
                FIXED,
                settings.data_dir / "uploads",
                replacing=not empty,
                now=datetime.now(UTC),
            )
    portal_app.migrate(app)
    line = f"{_counts(manifest)} are back, as of {manifest.made_at}; the catalog is at version {in_force}."
    answer({**_told(manifest), "catalog_version": in_force}, [line], as_json)


def _counts(manifest: Manifest) -> str:
    return f"{manifest.rows} rows of {len(manifest.tables)} tables and {len(manifest.uploads)} uploads"


def _told(manifest: Manifest) -> dict[str, Any]:
    return {
        "made_at": manifest.made_at,
        "product": manifest.product,
        "database": manifest.database,
        "catalog_version": manifest.catalog_version,
        "tables": {name: member.rows for name, member in manifest.tables.items()},
        "uploads": len(manifest.uploads),
        "rows": manifest.rows,
    }
