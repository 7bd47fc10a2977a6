"""A child table in a form: rows of cells, each with its text, its choices and its problems; and the totals below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from metadata import fieldtypes
from metadata.model import EnumValue, Field
from metadata.records import Record
from portal.entry.picks import from_tree
from portal.entry.typed import Line, blank_line, lines
from portal.formats import shown_value

SPARE = 3  # empty rows for those who fill the form without script
Wrong = Mapping[str, list[str]]  # sentences by JSON pointer
Known = Mapping[tuple[str, str], str]  # what people read for (definition, id)


@dataclass(frozen=True)
class Cell:
    """One cell as an input; it answers to the same names as the input of a field."""

    field: Field
    name: str
    widget: str
    text: str
    picked: str
    choices: tuple[EnumValue, ...]
    problems: tuple[str, ...]
    labelled: str
    required: bool
    tree: bool

    @property
    def id(self) -> str:
        """The id of the HTML element."""
        return f"field-{self.name}"


@dataclass(frozen=True)
class Row:
    """One row: `key` tells its inputs from those of others, `number` is the stored row's id."""

    key: str
    number: str
    cells: tuple[Cell, ...]
    problems: tuple[str, ...] = ()
    spare: bool = False


@dataclass(frozen=True)
class Grid:
    """The whole table; `blank` is the pattern of a new row."""

    field: Field
    columns: tuple[Field, ...]
    rows: tuple[Row, ...]
    blank: Row
    totals: Mapping[str, str]


def grid(field: Field, text: str, wrong: Wrong, known: Known, record: Record | None = None) -> Grid:
    """The child table that `text` holds, with spare rows after its own.

    A row that somebody else took out meanwhile is a new one when it is saved again: its number means nothing any more.
    """
    stored = {str(row["id"]) for row in (record.get(field.name) if record else None) or ()}
    filled = [line if line.get("id") in stored else {**line, "id": ""} for line in lines(text)]
    rows = [_row(field, str(i), line, wrong, known) for i, line in enumerate(filled)]
    start = blank_line(field)
    spare = [_row(field, str(len(rows) + i), start, {}, {}, spare=True) for i in range(SPARE)]
    blank = _row(field, "__key__", start, {}, {})
    columns = tuple(field.rows.values())
    totals = {f.name: shown_value(f, _total(f, filled)) for f in columns if fieldtypes.of(f).numeric}
    return Grid(field, columns, (*rows, *spare), blank, totals)


def _row(field: Field, key: str, line: Line, wrong: Wrong, known: Known, *, spare: bool = False) -> Row:
    place = f"/{field.name}/{key}"
    cells = tuple(_cell(field, f, key, line, wrong.get(f"{place}/{f.name}", []), known) for f in field.rows.values())
    return Row(key, line.get("id", ""), cells, tuple(wrong.get(place, ()) or wrong.get(f"{place}/id", ())), spare)


def _cell(table: Field, field: Field, key: str, line: Line, problems: Sequence[str], known: Known) -> Cell:
    text = line.get(field.name, "")
    return Cell(
        field,
        name=f"{table.name}-{key}-{field.name}",
        widget=field.widget if field.widget == "textarea" else fieldtypes.of(field).widget,
        text=text,
        picked=known.get((field.ref or "", text), f"#{text}") if text else "",
        choices=tuple(c for c in field.enum if not c.retired or str(c.value) == text),
        problems=tuple(problems),
        labelled=f"head-{table.name}-{field.name} row-{table.name}-{key}",
        required=field.required,
        tree=from_tree(field.ref),
    )


def _total(field: Field, filled: Sequence[Line]) -> Decimal:
    total = Decimal(0)
    for line in filled:
        try:
            total += Decimal(line.get(field.name) or 0)
        except InvalidOperation:
            continue  # its cell says what is wrong with it
    return total
