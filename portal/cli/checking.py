"""`plumbline definitions check`: every problem of definition files, before anybody publishes them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
from sqlalchemy.exc import DBAPIError

from metadata import dialect, versions
from metadata.catalog import Catalog
from metadata.errors import DefinitionError, NotFound, Problem
from metadata.packs.reading import MANIFEST
from metadata.parser import load_file
from portal import app as portal_app
from portal.cli.output import answer, json_option
from portal.extensions import db


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--alone", is_flag=True, help="Judge the files by themselves, without the definitions in force.")
@json_option
def check(paths: tuple[Path, ...], alone: bool, as_json: bool) -> None:
    """All problems of definition files and folders, at once. Example: plumbline definitions check ./definitions"""
    files = [file for path in paths for file in (sorted(path.rglob("*.json")) if path.is_dir() else [path])]
    files = [file for file in files if file.name != MANIFEST]
    found, documents = _read(files)
    known = None if alone else _in_force()
    holders = {str(document.get("$id")): file for file, document in documents}
    order = [file for file, _document in documents]
    for problem in dialect.check((document for _file, document in documents), known):
        place = problem.source.removeprefix("#")
        found.append((holders.get(problem.source) or order[int(place) - 1 if place.isdecimal() else 0], problem))
    listed: list[dict[str, Any]] = [
        {"file": str(file), "definition": p.source, "pointer": p.pointer, "message": p.text, "hint": p.hint}
        for file, p in found
    ]
    lines = [f"{p['file']}: {p['pointer'] or '/'}: {' '.join(filter(None, (p['message'], p['hint'])))}" for p in listed]
    total = f"{len(files)} files, {len(listed)} problems"
    answer({"files": len(files), "problems": listed}, [*lines, total], as_json)
    if listed:
        sys.exit(1)


def _read(files: list[Path]) -> tuple[list[tuple[Path, Problem]], list[tuple[Path, dict[str, Any]]]]:
    """What can't be read as JSON, and the documents that can."""
    found: list[tuple[Path, Problem]] = []
    documents = []
    for file in files:
        try:
            documents.append((file, load_file(file)))
        except DefinitionError as error:
            found += [(file, problem) for problem in error.problems]
    return found, documents


def _in_force() -> Catalog:
    with portal_app.create_app().app_context():
        try:
            return versions.load_catalog(db.session())
        except DBAPIError:
            message = "The database of this installation holds no catalog; --alone judges the files without it."
            raise NotFound(message) from None
