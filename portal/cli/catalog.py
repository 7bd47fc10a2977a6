"""Definitions as code: diff, publish, history, rollback, export."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import orjson
from flask import Flask
from sqlalchemy.orm import Session

from metadata import access, publish, purging, revisions, versions
from metadata import folder as folders
from metadata.catalog import Catalog
from metadata.changes import Change
from metadata.engine import publishing
from metadata.errors import NotFound
from metadata.packs.reading import MANIFEST
from metadata.parser import load_file, load_files, read_file
from metadata.telling import english
from portal import app as portal_app
from portal.cli import checking
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
@click.option("--whole", is_flag=True, help="Also what is as its pack ships it.")
@json_option
def export(folder: Path, whole: bool, as_json: bool) -> None:
    """Write the definitions to a folder, one stable file each. Example: plumbline definitions export ./definitions"""
    with _app().app_context():
        session = db.session()
        files = folders.write(session, _catalog(session), whole=whole)
    folder.mkdir(parents=True, exist_ok=True)
    before = folder / folders.MANIFEST
    old = load_file(before, folder).get("definitions", {}) if before.exists() else {}
    for name in old:  # what an export wrote before and does not write any more
        if name.isidentifier() and f"{name}.json" not in files:
            (folder / f"{name}.json").unlink(missing_ok=True)
    for name, text in files.items():
        (folder / name).write_bytes(text)
    written = [name for name in files if name != folders.MANIFEST]
    answer({"folder": str(folder), "files": written}, [f"{len(written)} definitions are in {folder}."], as_json)


def _folder(paths: tuple[Path, ...]) -> folders.Folder | None:
    """The one folder with a manifest that is meant; None where files are meant."""
    if len(paths) != 1 or not (paths[0] / folders.MANIFEST).exists():
        return None
    return folders.read({file.name: read_file(file, paths[0]) for file in paths[0].glob("*.json")})


def _documents(paths: tuple[Path, ...]) -> list[dict[str, Any]]:
    files = [(f, p) for p in paths if p.is_dir() for f in sorted(p.glob("*.json"))]
    single: list[tuple[Path, Path | None]] = [(p, None) for p in paths if not p.is_dir()]
    return load_files([*single, *(pair for pair in files if pair[0].name != MANIFEST)])


PATHS = click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))


FORCE = click.option("--force", multiple=True, metavar="NAME", help="Take the folder's, though it was changed here.")
PRUNE = click.option(
    "--prune", multiple=True, metavar="NAME", help="Withdraw this one, which the folder does not have."
)


@definitions.command()
@PATHS
@click.option("--confirm", multiple=True, help="The name of a definition of which something may disappear.")
@FORCE
@PRUNE
@json_option
def diff(
    paths: tuple[Path, ...], confirm: tuple[str, ...], force: tuple[str, ...], prune: tuple[str, ...], as_json: bool
) -> None:
    """What publishing files or an exported folder would do. Example: plumbline definitions diff ./definitions"""
    with _app().app_context():
        session, folder = db.session(), _folder(paths)
        catalog = _catalog(session)
        if folder is None:
            _preview(publish.preview(session, catalog, _documents(paths), confirm), as_json)
            return
        found = folders.compare(session, catalog, folder, force=force, prune=prune)
        seen = publish.preview(session, catalog, found.documents, [*confirm, *prune])
    more = [f"installs  the pack {name}" for name in found.packs]
    more += [f"only here {name} (--prune {name} withdraws it)" for name in found.only_here]
    _preview(replace(seen, problems=(*found.conflicts, *seen.problems)), as_json, more, only_here=list(found.only_here))


def _preview(seen: publish.Preview, as_json: bool, more: Sequence[str] = (), **also: Any) -> None:
    value = {
        **also,
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
    answer(value, [*(lines or ["Nothing changes."]), *more], as_json)
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
@FORCE
@PRUNE
@json_option
def publish_files(
    paths: tuple[Path, ...],
    comment: str,
    confirm: tuple[str, ...],
    force: tuple[str, ...],
    prune: tuple[str, ...],
    as_json: bool,
) -> None:
    """Publish files or a folder, all or nothing. Example: plumbline definitions publish employee.json --comment New"""
    with _app().app_context(), publishing():
        session, folder = db.session(), _folder(paths)
        before, now = _catalog(session), datetime.now(UTC)
        more: dict[str, Any] = {"actor": OPERATOR, "comment": comment, "now": now, "confirm": confirm}
        if folder is None:
            done = publish.publish(session, before, _documents(paths), **more)
        else:
            done = folders.publish_folder(session, before, folder, force=force, prune=prune, **more)
        session.commit()
    said = "Nothing to do: the catalog is" if done.version == before.version else "The catalog is"
    answer({"catalog_version": done.version}, [f"{said} at version {done.version}."], as_json)


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


definitions.add_command(checking.check)
