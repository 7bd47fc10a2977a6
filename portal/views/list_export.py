"""A list as a file: what the view shows, all pages of it, with its groups and totals, in the reader's words.

On the blueprint of records.py; the files are written by workflows/exporting.py.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import Response, request, send_file, stream_with_context
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from metadata import access, records
from metadata.catalog import Entity
from metadata.model import Field
from metadata.records import Figures, Groups, Record
from portal import catalogs
from portal.access import current_actor, language
from portal.extensions import db
from portal.views import forms, grouped, question
from portal.views.question import Question
from portal.views.records import blueprint, entity_for
from workflows import exporting, headers
from workflows.exporting import Plain, Reader

MOST_GROUPS = 100_000


@blueprint.get("/<definition>/export.<any(csv, xlsx):form>")
def export(definition: str, form: str) -> Response:
    """What the list shows, all pages of it, as a file that spreadsheets open."""
    entity = entity_for(definition, "export")
    asked = question.read(entity, request.args, language())
    session = Session(db.engine)  # its own: the request's session ends before the last row is sent
    whole = _whole(session, entity, asked)
    if form == "xlsx":
        return _workbook(session, entity, whole)
    lines = exporting.plain_lines(whole.groups) if whole.groups else whole.lines()
    named = {"Content-Disposition": f'attachment; filename="{definition}.csv"'}
    return Response(stream_with_context(_closing(session, lines)), content_type=exporting.MIME[form], headers=named)


@dataclass(frozen=True)
class Whole:
    """Everything that goes into the file."""

    fields: Sequence[Field]
    titles: Sequence[str]
    rows: Iterator[Record]
    reader: Reader
    groups: Plain | None
    last: Sequence[Any]

    def lines(self) -> Iterator[str]:
        """The records as CSV."""
        return exporting.csv_lines(self.fields, self.rows, self.titles, self.reader, self.last)


def _whole(session: Session, entity: Entity, asked: Question) -> Whole:
    catalog, actor = catalogs.current(), current_actor()
    seen = {f.name for f in access.readable_somewhere(actor, entity, "export")}
    fields = [entity.definition.fields[n] for n in asked.query.columns if n in seen]
    groups, last = None, list[Any]()
    if asked.group:
        found = records.group(
            session, catalog, entity.name, actor, asked.query, asked.group, action="export", most=MOST_GROUPS
        )
        groups = _groups(entity, asked, found)
        order = tuple((item.field, False) for item in asked.group)
        asked = replace(asked, query=replace(asked.query, order=(*order, *asked.query.order)))
    elif asked.totals:
        total = records.totals(session, catalog, entity.name, actor, asked.query, action="export").total
        last = [_("Total"), *(total.sums.get(f.name) for f in fields)]
    rows = records.stream(session, catalog, entity.name, actor, asked.query)
    reader = Reader(language(), forms.zone(), _("Yes"), _("No"))
    return Whole(fields, headers.titled(entity.definition, fields, language()), rows, reader, groups, last)


def _groups(entity: Entity, asked: Question, found: Groups) -> Plain:
    """One line for each group, and one for all of them."""
    fields = [entity.definition.fields[item.field] for item in asked.group]
    titles = [grouped.title_of(entity, item) for item in asked.group] + [_("Count")]
    for field in found.measured:
        title = field.title(language())
        titles += [_("Sum of %(field)s", field=title), _("Average of %(field)s", field=title)]
    rows = [
        [
            *(grouped.words(*level) for level in zip(fields, asked.group, group.keys, group.labels, strict=True)),
            *_figures(found.measured, group.figures),
        ]
        for group in found.groups
    ]
    blank = [""] * (len(fields) - 1)
    return Plain(_("Groups"), titles, [*rows, [_("Total"), *blank, *_figures(found.measured, found.total)]])


def _figures(measured: Sequence[Field], figures: Figures) -> list[Any]:
    told: list[Any] = [figures.count]
    for field in measured:
        told += [figures.sums.get(field.name), figures.average(field)]
    return told


def _workbook(session: Session, entity: Entity, whole: Whole) -> Response:
    file = tempfile.TemporaryFile()  # noqa: SIM115 (closed when the answer was sent)
    before = [whole.groups] if whole.groups else []
    with session:
        exporting.write_xlsx(
            file,
            entity.name,
            whole.fields,
            whole.rows,
            whole.titles,
            zone=whole.reader.zone,
            reader=whole.reader,
            before=before,
            last=whole.last,
        )
    file.seek(0)
    return send_file(file, exporting.MIME["xlsx"], as_attachment=True, download_name=f"{entity.name}.xlsx")


def _closing(session: Session, lines: Iterator[str]) -> Iterator[str]:
    yield "\ufeff"  # by which spreadsheets know UTF-8
    with session:
        yield from lines
