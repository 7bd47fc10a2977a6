"""Imports a CSV or XLSX file into one definition: headers to fields, trimming, dates as the file writes them.

Called by the command line and the import job. Which header fills which field is guessed from names and titles,
or said by a mapping or by the definition itself (`x-import`). Rows go through the record door in bulk: good
ones are kept, bad ones reported with line, field, value and reason; the same file twice changes nothing. What an
export wrote comes back as it was, if moments are read in the `zone` in which they were written.
Never commits and never reads the clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from metadata import records
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.errors import Invalid, Problem
from metadata.model import Definition
from metadata.parser import load_text
from metadata.validation import UTC_ZONE
from workflows.headers import meant, plain
from workflows.intake.tables import Rows

CHUNK = 5000
NO_FILES = "“%(name)s” takes files, and a table brings none; leave the column out and attach them to the records."


@dataclass(frozen=True)
class Mapping:
    """`headers`: the file's header → field; `dates`: field → the date formats that the file may use."""

    headers: dict[str, str]
    dates: dict[str, tuple[str, ...]] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rejected:
    """One value, or one row, that was not taken."""

    line: int
    field: str
    value: str
    problem: Problem


@dataclass
class Report:
    """What became of a file."""

    mapping: Mapping
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    rows: int = 0
    rejected: list[Rejected] = field(default_factory=list)

    def add(self, part: Report) -> None:
        """Take a further part of the same file in."""
        self.created += part.created
        self.changed += part.changed
        self.unchanged += part.unchanged
        self.rows += part.rows
        self.rejected += part.rejected


@dataclass(frozen=True)
class _Line:
    number: int
    values: dict[str, str]


def read_mapping(path: Path) -> Mapping:
    """A mapping file: JSON with `headers` and, where needed, `dates`."""
    given = load_text(path.read_bytes())
    return _mapping(given.get("headers", {}), given.get("dates", {}), ())


def guess(definition: Definition, headers: Sequence[str]) -> Mapping:
    """Which header fills which field: as the definition says, else by the field's name or a title of it."""
    own: Any = definition.extras.get("x-import", {})
    said = {str(key): str(value) for key, value in dict(own.get("headers", {})).items()}
    names = meant(definition)
    found: dict[str, str] = {}
    for header in headers:
        name = said.get(header) or names.get(plain(header), "")
        taken = name in found.values() or (header not in said and name in said.values())
        if _in_a_table(definition, name) and not taken:
            found[header] = name
    ignored = tuple(h for h in headers if h not in found)
    return _mapping(found, dict(own.get("dates", {})), ignored)


def _in_a_table(definition: Definition, name: str) -> bool:
    """Whether a cell can hold a value of the field: a computed one takes none, a file is in no cell."""
    return name in definition.held and definition.held[name].type != "attachment"


def import_file(
    session: Session,
    catalog: Catalog,
    name: str,
    actor: Actor,
    path: Path,
    *,
    now: datetime,
    mapping: Mapping | None = None,
    zone: ZoneInfo = UTC_ZONE,
) -> Report:
    """Import `path`; raises Invalid when the file or the mapping can't be used at all."""
    report, more = import_part(session, catalog, name, actor, path, now=now, mapping=mapping, zone=zone)
    while more:
        part, more = import_part(
            session, catalog, name, actor, path, now=now, mapping=report.mapping, zone=zone, start=report.rows
        )
        report.add(part)
    return report


def import_part(
    session: Session,
    catalog: Catalog,
    name: str,
    actor: Actor,
    path: Path,
    *,
    now: datetime,
    mapping: Mapping | None = None,
    zone: ZoneInfo = UTC_ZONE,
    start: int = 0,
    limit: int = CHUNK,
) -> tuple[Report, bool]:
    """Import up to `limit` rows after the first `start` ones; whether more may follow."""
    definition = catalog[name].definition
    reader, headers = _opened(path)
    used = mapping or guess(definition, headers)
    require_usable(definition, headers, used)
    report = Report(used)
    lines = _lines(reader, headers, used, report)
    for _line in islice(lines, start):
        pass
    report.rejected.clear()  # rows of another width among the skipped ones were told with their own part
    part = list(islice(lines, limit))
    rows = [line.values for line in part]
    outcome = records.merge_many(session, catalog, name, actor, rows, now=now, form="text", zone=zone, partial=True)
    report.rows = len(part)
    report.created, report.changed = len(outcome.created), len(outcome.changed)
    report.unchanged = outcome.unchanged
    for position, problems in outcome.problems.items():
        line = part[position]
        report.rejected += [Rejected(line.number, p.field_name, line.values.get(p.field_name, ""), p) for p in problems]
    report.rejected.sort(key=lambda item: item.line)
    return report, len(part) == limit


def head(path: Path, rows: int = 3) -> tuple[list[str], list[list[str]]]:
    """The file's headers and its first rows, for a person to look at."""
    reader, headers = _opened(path)
    return headers, [cells for cells in islice(reader, rows + 5) if any(cells)][:rows]


def size(path: Path) -> int:
    """How many rows the file has below its header."""
    reader, _headers = _opened(path)
    return sum(1 for cells in reader if any(cell.strip() for cell in cells))


def _opened(path: Path) -> tuple[Rows, list[str]]:
    reader = Rows(path)
    headers = [header.strip() for header in next(reader, [])]
    if not any(headers):
        raise Invalid("The file has no header line.")
    if len(set(headers)) != len(headers):
        twice = next(header for header in headers if headers.count(header) > 1)
        raise Invalid("The header “%(header)s” stands in the file twice.", params={"header": twice})
    return reader, headers


def _mapping(headers: dict[str, Any], dates: dict[str, Any], ignored: tuple[str, ...]) -> Mapping:
    formats = {key: (value,) if isinstance(value, str) else tuple(value) for key, value in dates.items()}
    return Mapping({key: str(value) for key, value in headers.items()}, formats, ignored)


def require_usable(definition: Definition, headers: Sequence[str], mapping: Mapping) -> None:
    """Raise Invalid unless the mapping leads from headers of the file to fields of the definition."""
    for header, name in mapping.headers.items():
        if header not in headers:
            raise Invalid(
                "The mapping names the header “%(header)s”, which the file has not.", params={"header": header}
            )
        if name not in definition.fields:
            raise Invalid("There is no field called “%(name)s”.", params={"name": name})
        if definition.fields[name].type == "attachment":
            raise Invalid(NO_FILES, params={"name": definition.fields[name].title()})
    if not mapping.headers:
        raise Invalid("No header of the file fits a field; give a mapping file.")


def _lines(reader: Rows, headers: Sequence[str], mapping: Mapping, report: Report) -> Iterator[_Line]:
    """The file's rows as texts by field; a row of another width is rejected as a whole."""
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(headers):
            params = {"found": len(cells), "expected": len(headers)}
            problem = Problem("", "The row has %(found)s values, the header %(expected)s.", params)
            report.rejected.append(Rejected(reader.line_num, "", ",".join(cells)[:80], problem))
            continue
        named = zip(headers, cells, strict=True)
        values = {mapping.headers[h]: cell.strip() for h, cell in named if h in mapping.headers}
        yield _Line(
            reader.line_num, {name: _dated(value, mapping.dates.get(name, ())) for name, value in values.items()}
        )


def _dated(value: str, formats: Sequence[str]) -> str:
    """A date in the file's writing as ISO text; what fits none is left for the door to refuse."""
    for pattern in formats:
        try:
            return datetime.strptime(value, pattern).date().isoformat()  # noqa: DTZ007 (a day has no zone)
        except ValueError:
            continue
    return value
