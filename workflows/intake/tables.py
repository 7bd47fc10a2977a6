"""The rows of a CSV or XLSX file as texts, one after the other, whatever program wrote it.

Called by `files`, which imports them, and by `guessing`, which looks at the first ones. The content says what kind of
file it is, not the name. Texts that an export held back from spreadsheets (docs/decisions/0030) come back as they were.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from metadata.deferred import Deferred
from metadata.errors import Invalid

if TYPE_CHECKING:
    import openpyxl
    from openpyxl.utils import exceptions as openpyxl_errors
else:
    openpyxl, openpyxl_errors = Deferred("openpyxl"), Deferred("openpyxl.utils.exceptions")

ENCODINGS = ("utf-8-sig", "gb18030")
ARCHIVE = b"PK\x03\x04"
LARGEST, MOST_COLUMNS = 200_000_000, 1_000
SEPARATORS = ",;\t"
HELD_BACK = re.compile(r"'+[=+\-@\t\r]")
UNREADABLE = "Line %(line)s of the file can't be read: a value in it is too long, or a quotation mark is missing."
NO_TABLE = "The file can't be read as a table; save it as CSV or XLSX."


class Rows:
    """The rows of a file, each as its cells; what can't be read as such is said with its line."""

    def __init__(self, path: Path) -> None:
        self.line_num = 0
        self._rows = _sheet(path) if packed(path) else _separated(path)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> list[str]:
        try:
            self.line_num, cells = next(self._rows)
        except csv.Error:
            raise Invalid(UNREADABLE, params={"line": self.line_num + 1}) from None
        return cells


def packed(path: Path) -> bool:
    """Whether the file is an archive, as a workbook is."""
    with path.open("rb") as file:
        return file.read(len(ARCHIVE)) == ARCHIVE


def first(path: Path, most: int) -> list[list[str]]:
    """The first rows."""
    return list(islice(Rows(path), most))


def _separated(path: Path) -> Iterator[tuple[int, list[str]]]:
    text = _decoded(path.read_bytes())
    head = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(SEPARATORS, key=head.count))
    for cells in reader:
        yield reader.line_num, [cell[1:] if HELD_BACK.match(cell) else cell for cell in cells]


def _decoded(data: bytes) -> str:
    for encoding in ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Invalid("The file is neither UTF-8 nor GB 18030; save it as UTF-8.", field="file")


def _sheet(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The first sheet; an archive that would unpack to more than is reasonable is refused unread."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > LARGEST:
                raise Invalid("The file is too large.", field="file")
        with path.open("rb") as file:  # openpyxl would judge a path by its ending
            book = openpyxl.load_workbook(file, read_only=True, data_only=True)
            rows = book.worksheets[0].iter_rows(max_col=MOST_COLUMNS, values_only=True)
            width = 0
            for number, row in enumerate(rows, 1):
                cells = [_text(cell) for cell in row]
                while cells and not cells[-1] and len(cells) > width:
                    cells.pop()
                width = width or len(cells)
                yield number, cells + [""] * (width - len(cells))
    except (
        zipfile.BadZipFile,
        openpyxl_errors.InvalidFileException,
        KeyError,
        IndexError,
        ValueError,
        OSError,
    ) as error:
        raise Invalid(NO_TABLE, field="file") from error


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(sep=" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
