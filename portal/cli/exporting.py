"""`plumbline records export`: all records of a definition that answer the filters, to a file or to stdout."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
from sqlalchemy.orm import Session

from metadata import access, records, versions
from metadata.catalog import Catalog, Entity
from metadata.errors import Invalid, Problem
from metadata.records import Filter, Query, Record
from metadata.records.query import OPERATORS
from portal import app as portal_app
from portal import config
from portal.cli.output import answer, json_option, whole_file
from portal.extensions import db
from workflows import exporting

OPERATOR = access.system("plumbline")


@click.command("export")
@click.argument("definition")
@click.option("--format", "form", type=click.Choice(exporting.FORMATS), help="Default: as FILE ends, else csv.")
@click.option("--filter", "filters", multiple=True, metavar="FIELD=VALUE", help="Also FIELD__gte=VALUE and so on.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Default is stdout.")
@json_option
def export_records(
    definition: str, form: str | None, filters: tuple[str, ...], output: Path | None, as_json: bool
) -> None:
    """All records of a definition. Example: plumbline records export employee --filter status=active"""
    chosen = form or ("json" if as_json and output is None else _by_ending(output))
    if chosen == "xlsx" and output is None and sys.stdout.isatty():
        raise click.UsageError("XLSX is not for the screen; name a file with --output.")
    settings = config.load()
    with portal_app.create_app(settings).app_context():
        session = db.session()
        catalog = versions.load_catalog(session)
        entity = catalog[definition]
        if not entity.definition.stores_records:
            raise Invalid("“%(name)s” has no records.", params={"name": definition})
        query = Query(filters=tuple(_filter(session, catalog, entity, one) for one in filters))
        counted = _Counted(records.stream(session, catalog, definition, OPERATOR, query))
        fields, titles = list(entity.definition.fields.values()), list(entity.definition.fields)
        with whole_file(output) as target:
            if chosen == "xlsx":
                exporting.write_xlsx(target, definition, fields, counted, titles, zone=settings.zone)
            else:
                lines: Iterable[str] = (
                    exporting.json_lines(fields, counted)
                    if chosen == "json"
                    else exporting.csv_lines(fields, counted, titles)
                )
                target.writelines(line.encode() for line in lines)
    if output is not None:
        told = {"file": str(output), "format": chosen, "records": counted.count}
        answer(told, [f"{counted.count} records were written to {output}."], as_json)


def _by_ending(output: Path | None) -> str:
    ending = output.suffix.removeprefix(".").casefold() if output else ""
    return ending if ending in exporting.FORMATS else "csv"


class _Counted:
    """The rows, counted as they pass."""

    def __init__(self, rows: Iterator[Record]) -> None:
        self.rows, self.count = rows, 0

    def __iter__(self) -> Iterator[Record]:
        for row in self.rows:
            self.count += 1
            yield row


def _filter(session: Session, catalog: Catalog, entity: Entity, given: str) -> Filter:
    """FIELD=VALUE or FIELD__op=VALUE; a reference may be given by what people read of it."""
    key, mark, value = given.partition("=")
    if not mark or not key:
        raise click.UsageError(f"--filter takes FIELD=VALUE, and “{given}” is none.")
    name, _mark, operator = key.rpartition("__")
    if not name or operator not in OPERATORS:
        name, operator = key, "eq"
    item = entity.definition.fields.get(name)
    if item is None and name != "id":
        known = ", ".join(entity.definition.fields)
        message = "There is no field called “%(name)s”; the fields are: %(known)s."
        raise Invalid(message, params={"name": name, "known": known})
    if item is not None and item.ref and operator in ("eq", "ne") and value and not value.isdecimal():
        value = str(_referred(session, catalog, item.ref, name, value))
    return Filter(name, operator, value)


def _referred(session: Session, catalog: Catalog, target: str, field: str, words: str) -> int:
    found = records.pick(session, catalog, target, OPERATOR, words=words)
    exact = [number for number, label in found if label.casefold() == words.casefold()]
    chosen = exact or [number for number, _label in found]
    if len(chosen) == 1:
        return chosen[0]
    message = "“%(words)s” names no record of %(target)s; give its id or its full name."
    if chosen:
        message = "“%(words)s” names several records of %(target)s; give the id of one."
    problem = Problem(f"/{field}", message, {"words": words, "target": target})
    raise Invalid(problem.message, params=problem.params, problems=[problem])
