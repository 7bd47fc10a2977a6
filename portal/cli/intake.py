"""Records from files, on the command line."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from metadata import access, versions
from metadata.engine import writing
from portal import app as portal_app
from portal import config
from portal.cli import exporting
from portal.cli.output import answer, json_option
from portal.extensions import db
from workflows import intake


@click.group("records")
def records_group() -> None:
    """Records in and out. Example: plumbline records export employee"""


@records_group.command("import")
@click.argument("definition")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--mapping", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="JSON: headers, dates.")
@click.option("--dry-run", is_flag=True, help="Say what would happen; keep nothing.")
@json_option
def import_records(definition: str, file: Path, mapping: Path | None, dry_run: bool, as_json: bool) -> None:
    """Records from a CSV or XLSX file. Example: plumbline records import team_productivity garments.csv"""
    settings = config.load()
    with portal_app.create_app(settings).app_context(), writing():
        session = db.session()
        versions.lock_shared(session)
        report = intake.import_file(
            session,
            versions.load_catalog(session),
            definition,
            access.system("plumbline"),
            file,
            now=datetime.now(UTC),
            mapping=intake.read_mapping(mapping) if mapping else None,
            zone=settings.zone,
        )
        if dry_run:
            session.rollback()
        else:
            session.commit()
    counts = {"created": report.created, "changed": report.changed, "unchanged": report.unchanged}
    rejected = [{"line": r.line, "field": r.field, "value": r.value, "reason": r.problem.text} for r in report.rejected]
    lines = [f"{header} → {name}" for header, name in report.mapping.headers.items()]
    lines += [f"{header} is not used" for header in report.mapping.ignored]
    lines += [f"line {r['line']}: {r['field']} “{r['value']}”: {r['reason']}" for r in rejected]
    lines.append(
        f"{report.created} new, {report.changed} changed, {report.unchanged} unchanged, {len(rejected)} rejected"
    )
    answer({**counts, "mapping": report.mapping.headers, "rejected": rejected}, lines, as_json)
    if rejected:
        sys.exit(1)


records_group.add_command(exporting.export_records)
