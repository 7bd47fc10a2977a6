"""Records as a file: CSV, XLSX or JSON, written row by row as the record door gives them.

Called by the list page and by `plumbline records export`, so both write alike; for a `Reader` values stand in words,
else as they are stored. Promises: a text that a spreadsheet would run as a formula is held back
(docs/decisions/0030); no more than a chunk of rows is in memory, except what XLSX itself keeps in a temporary file. Who
may see what was decided by the door.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import IO, TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import orjson

from metadata import fieldtypes
from metadata.deferred import Deferred
from metadata.model import Field
from metadata.records import Record

if TYPE_CHECKING:
    import openpyxl
    from openpyxl import cell as cells
else:
    openpyxl, cells = Deferred("openpyxl"), Deferred("openpyxl.cell")

FORMATS = ("csv", "xlsx", "json")
MIME = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}
FORMULA = frozenset("=+-@\t\r")
LONGEST_SHEET = 1_048_576
EXACT_DIGITS = 10**15  # what a spreadsheet keeps of a number
OLDEST_YEAR = 1900  # a spreadsheet knows no earlier day
LONGEST_CELL = 32_767


@dataclass(frozen=True)
class Reader:
    """For whom values are put into words: choices, yes or no and references in a language, moments in a time zone."""

    language: str
    zone: ZoneInfo
    yes: str = "Yes"
    no: str = "No"


@dataclass(frozen=True)
class Plain:
    """A small table of finished cells, such as the groups of a list; `name` is that of its sheet."""

    name: str
    titles: Sequence[str]
    rows: Sequence[Sequence[Any]]


def csv_lines(
    fields: Sequence[Field],
    rows: Iterable[Record],
    titles: Sequence[str],
    reader: Reader | None = None,
    last: Sequence[Any] = (),
) -> Iterator[str]:
    """The file line by line; `last` is a line of finished cells at its end."""
    yield _line(["id", *map(_plain_text, titles)])
    for record in rows:
        yield _line([record.id, *(guarded(field, _text(field, record, reader)) for field in fields)])
    if last:
        yield _line([_plain_text(cell) for cell in last])


def plain_lines(table: Plain) -> Iterator[str]:
    """A small table as CSV."""
    yield _line(table.titles)
    for row in table.rows:
        yield _line([_plain_text(cell) for cell in row])


def _line(cells: Iterable[Any]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()


def _plain_text(cell: Any) -> Any:
    text = "" if cell is None else str(cell)
    return f"'{text}" if isinstance(cell, str) and text[:1] in FORMULA and not _is_number(text) else text


def json_lines(fields: Sequence[Field], rows: Iterable[Record]) -> Iterator[str]:
    """One JSON array with a record on each line, values as REST gives them."""
    start = "[\n"
    for record in rows:
        values = {f.name: None if (v := record.values[f.name]) is None else fieldtypes.of(f).to_json(v) for f in fields}
        yield start + orjson.dumps({"id": record.id, **values}).decode()
        start = ",\n"
    yield "[]\n" if start == "[\n" else "\n]\n"


def write_xlsx(
    target: IO[bytes],
    name: str,
    fields: Sequence[Field],
    rows: Iterable[Record],
    titles: Sequence[str],
    *,
    zone: ZoneInfo,
    reader: Reader | None = None,
    before: Sequence[Plain] = (),
    last: Sequence[Any] = (),
) -> int:
    """A workbook with numbers as numbers and days as days; a second sheet where one is full. How many records.

    The tables in `before` get sheets of their own in front; `last` is a line of finished cells at the end.
    """
    book = openpyxl.Workbook(write_only=True)
    for table in before:
        _plain_sheet(book, table)
    count, sheet = 0, None
    for record in rows:
        if sheet is None or count % (LONGEST_SHEET - 1) == 0:
            sheet = _sheet(book, name, titles)
        sheet.append([record.id, *(_cell(sheet, field, record, reader, zone) for field in fields)])
        count += 1
    if sheet is None:
        sheet = _sheet(book, name, titles)
    if last:
        sheet.append([_as_text(sheet, cell) if isinstance(cell, str) else cell for cell in last])
    book.save(target)
    return count


def guarded(field: Field, text: str) -> str:
    """The text; with an apostrophe before what a spreadsheet would run, unless it is a number.

    A text that looks as if that had been done gets one more, so that an import takes off exactly what was added.
    """
    bare = text.lstrip("'")
    if bare and bare[0] in FORMULA and (bare != text or not (fieldtypes.of(field).numeric or _is_number(text))):
        return f"'{text}"
    return text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text[0] not in "\t\r"


def _text(field: Field, record: Record, reader: Reader | None) -> str:
    value = record.values.get(field.name)
    if value is None:
        return ""
    told = _file_name(field, record) or (_words(field, record, value, reader) if reader else None)
    if told is not None:
        return told
    if reader and isinstance(value, datetime):
        return value.astimezone(reader.zone).strftime("%Y-%m-%d %H:%M:%S")
    return fieldtypes.of(field).to_text(value)


def _file_name(field: Field, record: Record) -> str | None:
    """Of a file its name, for whoever reads the table: no import takes a file, so its id would serve nobody."""
    return str(record.labels.get(field.name, "")) if field.type == "attachment" else None


def _words(field: Field, record: Record, value: Any, reader: Reader) -> str | None:
    """What people read instead of what is stored; None where a value speaks for itself."""
    if field.ref and field.many:
        told = record.labels.get(field.name) or ("",) * len(value)
        return fieldtypes.joined([word or f"#{one}" for one, word in zip(value, told, strict=True)])
    if field.ref:
        return str(record.labels.get(field.name) or f"#{value}")
    if field.enum and field.many:
        return fieldtypes.joined([c.label(reader.language) for c in field.enum if c.value in value])
    if field.enum:
        choice = field.choice(value)
        return choice.label(reader.language) if choice else str(value)
    if isinstance(value, bool):
        return reader.yes if value else reader.no
    return None


def _plain_sheet(book: openpyxl.Workbook, table: Plain) -> None:
    sheet = book.create_sheet(table.name[:28])
    sheet.freeze_panes = "A2"
    sheet.append([_as_text(sheet, title) for title in table.titles])
    for row in table.rows:
        sheet.append([_as_text(sheet, cell) if isinstance(cell, str) else cell for cell in row])


def _sheet(book: openpyxl.Workbook, name: str, titles: Sequence[str]) -> Any:
    sheet = book.create_sheet(name[:28])  # a number may follow; 31 are the most
    sheet.freeze_panes = "A2"
    sheet.append(["id", *(_as_text(sheet, title) for title in titles)])
    return sheet


def _cell(sheet: Any, field: Field, record: Record, reader: Reader | None, zone: ZoneInfo) -> Any:
    value = record.values.get(field.name)
    if value is None:
        return None
    told = _file_name(field, record) or (_words(field, record, value, reader) if reader else None)
    if told is not None:
        return _as_text(sheet, told)
    if field.many:
        return _as_text(sheet, fieldtypes.of(field).to_text(value))
    if isinstance(value, bool):
        return value
    if isinstance(value, datetime):
        value = value.astimezone(zone).replace(tzinfo=None)
    if isinstance(value, date) and value.year < OLDEST_YEAR:
        return _as_text(sheet, value.isoformat())
    if isinstance(value, int) and abs(value) >= EXACT_DIGITS:
        return _as_text(sheet, str(value))
    kind = fieldtypes.of(field)
    return (
        value if kind.numeric or (not isinstance(value, str) and kind.name != "uuid") else _as_text(sheet, str(value))
    )


def _as_text(sheet: Any, text: str) -> Any:
    """A cell that is never a formula, whatever it begins with."""
    cell = cells.WriteOnlyCell(sheet, cells.cell.ILLEGAL_CHARACTERS_RE.sub("", text)[:LONGEST_CELL])
    if text:
        cell.data_type = "s"
    return cell
