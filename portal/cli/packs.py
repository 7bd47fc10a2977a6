"""`plumbline pack`: list, install, upgrade and uninstall packs of definitions."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click

from metadata import access, publish
from metadata.engine import publishing
from metadata.merging import Clash
from metadata.packs import installing
from metadata.packs.installing import Plan
from portal import app as portal_app
from portal.cli.output import answer, json_option
from portal.extensions import db
from workflows.cycles import reliance

OPERATOR = access.system("plumbline")


@click.group()
def pack() -> None:
    """Packs of definitions. Example: plumbline pack list"""


@pack.command("list")
@json_option
def list_packs(as_json: bool) -> None:
    """Packs that ship or are installed, with versions. Example: plumbline pack list"""
    with portal_app.create_app().app_context():
        found = installing.listing(db.session())
    value = [
        {
            "name": p.name,
            "title": p.title,
            "version": p.shipped or p.installed,
            "installed": p.installed or None,
            "newer": p.shipped if p.newer else None,
        }
        for p in found
    ]
    answer(value, [f"{p.name:16} {_state(p):32} {p.title}" for p in found], as_json)


def _state(one: installing.Listed) -> str:
    if not one.installed:
        return f"{one.shipped:8} not installed"
    return f"{one.installed:8} installed" + (f", {one.shipped} available" if one.newer else "")


@pack.command("install")
@click.argument("name")
@click.option("--adopt", is_flag=True, help="Definitions of these names that are there already count as the pack's.")
@json_option
def install_pack(name: str, adopt: bool, as_json: bool) -> None:
    """Publish a pack, by name or folder, and those it requires. Example: plumbline pack install garments"""
    app = portal_app.create_app()
    with app.app_context(), publishing():
        session = db.session()
        catalog = app.extensions["plumbline_catalogs"].current(session)
        done = installing.install(session, catalog, name, actor=OPERATOR, now=datetime.now(UTC), adopt=adopt)
        session.commit()
    lines = [f"Pack {one} {version} is installed." for one, version in done.packs.items()]
    value = {"packs": dict(done.packs), "catalog_version": done.catalog.version}
    answer(value, [*lines, f"The catalog is at version {done.catalog.version}."], as_json)


@pack.command("upgrade")
@click.argument("name")
@click.option("--theirs", is_flag=True, help="Where both changed the same thing, take the pack's side.")
@click.option("--confirm", multiple=True, help="The name of a definition of which something may disappear.")
@click.option("--dry-run", is_flag=True, help="Say what would happen; change nothing.")
@json_option
def upgrade_pack(name: str, theirs: bool, confirm: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Bring a newer version in and keep what was changed here. Example: plumbline pack upgrade garments --dry-run"""
    app = portal_app.create_app()
    with app.app_context(), publishing():
        session = db.session()
        catalog = app.extensions["plumbline_catalogs"].current(session)
        plan = installing.plan_upgrade(session, catalog, name, prefer_theirs=theirs)
        seen = publish.preview(session, catalog, plan.documents, confirm)
        version = catalog.version
        if not dry_run and not seen.problems:
            done = installing.upgrade(session, catalog, plan, actor=OPERATOR, now=datetime.now(UTC), confirm=confirm)
            version = done.catalog.version
            session.commit()
    clashes = [_clash(definition, c, theirs) for definition, found in plan.clashes.items() for c in found]
    value = {
        "pack": plan.pack.name,
        "before": plan.before,
        "version": plan.pack.manifest.version,
        "catalog_version": version,
        "changes": [{"definition": c.definition, "effect": c.effect, "text": c.text} for c in seen.changes],
        "clashes": clashes,
        "problems": [{"definition": p.source, "pointer": p.pointer, "message": p.text} for p in seen.problems],
        "done": not dry_run and not seen.problems,
    }
    lines = [f"{c.effect:9} {c.definition}: {c.text}" for c in seen.changes]
    lines += [
        f"clash     {c['definition']}{c['pointer']}: here {c['here']}, pack {c['pack']}; {c['kept']}" for c in clashes
    ]
    lines += [f"problem   {p.source}{p.pointer}: {p.text} {p.hint}" for p in seen.problems]
    answer(value, [*lines, _outcome(plan, dry_run or bool(seen.problems))], as_json)
    if seen.problems:
        sys.exit(1)


def _clash(definition: str, clash: Clash, theirs: bool) -> dict[str, Any]:
    kept = "the pack's was taken" if theirs else "what is here stays"
    return {
        "definition": definition,
        "pointer": clash.pointer,
        "before": clash.shipped,
        "here": clash.ours,
        "pack": clash.theirs,
        "kept": kept,
    }


def _outcome(plan: Plan, dry_run: bool) -> str:
    versions = f"{plan.pack.name} from {plan.before} to {plan.pack.manifest.version}"
    return f"Nothing was changed; this would bring {versions}." if dry_run else f"Brought {versions}."


@pack.command("uninstall")
@click.argument("name")
@click.option("--confirm", default="", metavar="NAME", help="The name of the pack once more.")
@json_option
def uninstall_pack(name: str, confirm: str, as_json: bool) -> None:
    """Hide a pack's definitions; records are kept. Example: plumbline pack uninstall garments --confirm garments"""
    app = portal_app.create_app()
    with app.app_context(), publishing():
        session = db.session()
        catalog = app.extensions["plumbline_catalogs"].current(session)
        done = installing.uninstall(
            session,
            catalog,
            name,
            actor=OPERATOR,
            now=datetime.now(UTC),
            confirm=confirm,
            guards=[reliance.running_on],
        )
        session.commit()
    hidden: Sequence[str] = sorted(set(catalog) - set(done.catalog))
    value = {"pack": name, "hidden": hidden, "catalog_version": done.catalog.version}
    lines = [f"Hidden, with their records kept: {', '.join(hidden) or 'nothing'}."]
    answer(value, [*lines, f"Pack {name} is uninstalled; the catalog is at version {done.catalog.version}."], as_json)
