"""Definitions as code: diff, publish, history, rollback, export."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import orjson
from flask import Flask
from sqlalchemy.orm import Session

from metadata import access, publish, purging, revisions, versions
from metadata.catalog import Catalog
from metadata.changes import Change
from metadata.engine import publishing
from metadata.errors import NotFound
from metadata.parser import load_text, thawed
from metadata.telling import english
from portal import app as portal_app
from portal.cli.output import answer, json_option
from portal.extensions import db

OPERATOR = access.system("plumbline")


def _app() -> Flask:
    return portal_app.create_app()


def _catalog(session: Session) -> Catalog:
    return versions.load_catalog(session)


@click.group()
def definitions() -> None:
    """Definitions and their versions. Example: plumbline definitions list"""


@definitions.command("list")
@json_option
def list_definitions(as_json: bool) -> None:
    """Every definition in force. Example: plumbline definitions list --json"""
    with _app().app_context():
        found = [{"name": d.name, "kind": d.kind, "title": d.title()} for d in _catalog(db.session()).definitions]
    answer(found, [f"{d['name']:28} {d['kind']:12} {d['title']}" for d in found], as_json)


@definitions.command()
@click.argument("name")
@click.option("--version", type=int, help="The catalog version; default is the one in force.")
@json_option
def show(name: str, version: int | None, as_json: bool) -> None:  # noqa: ARG001 (it is JSON in any case)
    """One definition as JSON. Example: plumbline definitions show employee"""
    with _app().app_context():
        document = versions.documents(db.session(), version).get(name)
    if document is None:
        raise NotFound("There is no definition called “%(name)s”.", params={"name": name})
    click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())


@definitions.command()
@click.argument("name", required=False)
@click.option("--from", "first", type=int, metavar="VERSION", help="Tell what changed from this version on.")
@click.option("--to", "last", type=int, metavar="VERSION", help="Up to this version; default is the one in force.")
@json_option
def history(name: str | None, first: int | None, last: int | None, as_json: bool) -> None:
    """Published versions, newest first. Example: plumbline definitions history employee --from 3 --to 5"""
    with _app().app_context():
        session = db.session()
        if first is not None or last is not None:
            end = versions.read(session).catalog if last is None else last
            found = revisions.between(session, end - 1 if first is None else first, end, (name,) if name else ())
            told = [{"definition": one.name, "lines": [english(line) for line in one.lines()]} for one in found]
            answer(told, [f"{one['definition']}: {line}" for one in told for line in one["lines"]], as_json)
            return
        rows = publish.history(session, name)
    answer(rows, [f"{r['version']:5} {r['at']:%Y-%m-%d %H:%M} {r['author']:16} {r['comment']}" for r in rows], as_json)


@definitions.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@json_option
def export(folder: Path, as_json: bool) -> None:
    """Write every definition to a folder, one file each. Example: plumbline definitions export ./definitions"""
    folder.mkdir(parents=True, exist_ok=True)
    written: list[str] = []
    with _app().app_context():
        for definition in _catalog(db.session()).definitions:
            text = orjson.dumps(thawed(definition.document), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
            (folder / f"{definition.name}.json").write_bytes(text)
            written.append(f"{definition.name}.json")
    answer({"folder": str(folder), "files": written}, [f"{len(written)} definitions are in {folder}."], as_json)


def _documents(paths: tuple[Path, ...]) -> list[dict[str, Any]]:
    files = [f for p in paths for f in (sorted(p.glob("*.json")) if p.is_dir() else [p]) if f.name != "pack.json"]
    return [load_text(file.read_bytes()) for file in files]


PATHS = click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))


@definitions.command()
@PATHS
@click.option("--confirm", multiple=True, help="The name of a definition of which something may disappear.")
@json_option
def diff(paths: tuple[Path, ...], confirm: tuple[str, ...], as_json: bool) -> None:
    """What publishing files would do. Example: plumbline definitions diff ./definitions"""
    with _app().app_context():
        session = db.session()
        seen = publish.preview(session, _catalog(session), _documents(paths), confirm)
    _preview(seen, as_json)


def _preview(seen: publish.Preview, as_json: bool) -> None:
    value = {
        "changes": [
            {
                "definition": c.definition,
                "field": c.field,
                "effect": c.effect,
                "text": c.text,
                "records": c.count,
                "examples": c.examples,
            }
            for c in seen.changes
        ],
        "dependents": seen.dependents,
        "problems": [
            {"definition": p.source, "pointer": p.pointer, "message": p.text, "hint": p.hint} for p in seen.problems
        ],
    }
    lines = [f"{c.effect:9} {c.definition}: {c.text}{_met(c)}" for c in seen.changes]
    lines += [f"concerns  {name}" for name in seen.dependents]
    lines += [f"problem   {p.source}{p.pointer}: {p.text} {p.hint}".rstrip() for p in seen.problems]
    answer(value, lines or ["Nothing changes."], as_json)
    if seen.problems:
        sys.exit(1)


def _met(change: Change) -> str:
    """How many records a change meets, with examples."""
    some = f": {', '.join(change.examples)}" if change.examples else ""
    return f" ({change.count} records{some})" if change.count else ""


@definitions.command("publish")
@PATHS
@click.option("--comment", required=True, help="Why; kept in the history.")
@click.option("--confirm", multiple=True, help="The name of a definition of which something may disappear.")
@json_option
def publish_files(paths: tuple[Path, ...], comment: str, confirm: tuple[str, ...], as_json: bool) -> None:
    """Publish files, all or nothing. Example: plumbline definitions publish employee.json --comment New"""
    with _app().app_context(), publishing():
        session = db.session()
        done = publish.publish(
            session,
            _catalog(session),
            _documents(paths),
            actor=OPERATOR,
            comment=comment,
            now=datetime.now(UTC),
            confirm=confirm,
        )
        session.commit()
    answer({"catalog_version": done.version}, [f"The catalog is at version {done.version}."], as_json)


@definitions.command()
@click.argument("version", type=int)
@click.option("--comment", help="Why; kept in the history.")
@click.option("--only", multiple=True, metavar="NAME", help="This definition alone; may be given again.")
@click.option("--dry-run", is_flag=True, help="Say what would happen; change nothing.")
@json_option
def rollback(version: int, comment: str | None, only: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Publish an earlier version again. Example: plumbline definitions rollback 3 --only employee --comment Back"""
    if not dry_run and not comment:
        raise click.UsageError("Say why with --comment, or ask with --dry-run what would happen.")
    with _app().app_context(), publishing():
        session = db.session()
        catalog = _catalog(session)
        if dry_run:
            documents = versions.earlier(session, catalog, version, only)
            _preview(publish.preview(session, catalog, documents, [*catalog], restoring=True), as_json)
            return
        done = publish.rollback(
            session, catalog, version, actor=OPERATOR, comment=comment or "", now=datetime.now(UTC), only=only
        )
        session.commit()
    answer({"catalog_version": done.version}, [f"The catalog is at version {done.version}."], as_json)


@definitions.command()
@click.argument("keys", nargs=-1, metavar="[KEY]...")
@click.option("--confirm", multiple=True, metavar="KEY", help="Each key once more; what is deleted is gone for good.")
@click.option("--comment", default="", help="Why; kept in the audit trail.")
@json_option
def purge(keys: tuple[str, ...], confirm: tuple[str, ...], comment: str, as_json: bool) -> None:
    """What is stored out of sight; with keys, delete it for good. Example: plumbline definitions purge employee.pay"""
    with _app().app_context(), publishing():
        session = db.session()
        found = purging.hidden(session, _catalog(session))
        if keys:
            found = purging.purge(
                session,
                _catalog(session),
                keys,
                actor=OPERATOR,
                now=datetime.now(UTC),
                comment=comment,
                confirm=confirm,
            )
            session.commit()
    value = [
        {
            "key": one.key,
            "kind": one.kind,
            "definition": one.definition,
            "field": one.field,
            "since": one.since,
            "count": one.count,
            "examples": list(one.examples),
        }
        for one in found
    ]
    verb = "deleted for good" if keys else "out of sight"
    lines = [f"{one.key:40} {one.count} {verb}{_since(one)}" for one in found]
    answer(value, lines or ["Nothing is stored out of sight."], as_json)


def _since(one: purging.Hidden) -> str:
    some = f": {', '.join(one.examples)}" if one.examples else ""
    return (f" since version {one.since}" if one.since else "") + some
