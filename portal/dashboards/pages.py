"""A board in words and charts: rows of tables, columns of charts, options of the filter.

Called by views. Everything is worded here, in the reader's language and number format; templates
only place it. The same rows feed a table and the chart beside it, so they can't differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from flask import url_for
from flask_babel import gettext

from metadata.deferred import Deferred
from portal.dashboards import formats
from portal.dashboards.board import Board
from portal.dashboards.filters import Half, Month
from portal.dashboards.series import Figure, Series
from portal.dashboards.subjects import Subject

if TYPE_CHECKING:
    from portal.dashboards import charts
else:
    charts = Deferred("portal.dashboards.charts")


@dataclass(frozen=True)
class Row:
    """One line of a table, worded."""

    label: str
    link: str
    plan: str
    actual: str
    attainment: str
    records: str
    below: str
    missed: bool
    expected: str = ""
    colour: str = ""
    status: str = ""


@dataclass(frozen=True)
class Panel:
    """A table and, where `kind` names one, the chart of the same figures."""

    id: str
    title: str
    head: str
    rows: Sequence[Row] = ()
    kind: str = ""
    counted: bool = False
    seasonal: bool = False
    data: Mapping[str, Any] = field(default_factory=dict)
    summary: str = ""


@dataclass(frozen=True)
class Card:
    """One KPI on the overview."""

    name: str
    title: str
    link: str
    total: Row
    attainment: float | None
    latest: tuple[str, str]
    before: tuple[str, str]
    months: Panel


@dataclass(frozen=True)
class Option:
    """A choice of the filter; `depth` indents it."""

    value: str
    label: str
    chosen: bool
    depth: int = 0


def title(item: Series, board: Board) -> str:
    return item.subject.definition.plural(board.reader.language)


def cards(board: Board) -> list[Card]:
    """One card for each KPI."""
    return [_card(board, item) for item in board.series]


def attainments(board: Board) -> Panel:
    """All KPIs side by side."""
    lines = [(title(item, board), item.total, _kpi_link(board, item)) for item in board.series]
    rows = [_row(board, item.subject, *line) for item, line in zip(board.series, lines, strict=True)]
    name = gettext("Attainment per KPI")
    data = charts.data("attainment", lines[::-1], "", board.reader.locale)
    return Panel("attainment", name, gettext("KPI"), rows, "attainment", data=data, summary=_summary(name, rows))


def panels(board: Board) -> list[Panel]:
    """The tables and charts of one KPI's page."""
    item = board.series[0]
    found = [_months(board, item), _halves(board, item)]
    if item.subject.unit:
        found.append(_units(board, item))
    found += [_dimension(board, item, name) for name in item.subject.dimensions]
    return found


def total(board: Board) -> Row:
    item = board.series[0]
    return _row(board, item.subject, title(item, board), item.total, "")


def latest_halves(board: Board) -> list[tuple[str, str, Row]]:
    """For each KPI its title, its page, and its figures in the last half-year that has any."""
    found = [(title(item, board), _kpi_link(board, item), _halves(board, item).rows) for item in board.series]
    return [(name, link, rows[-1]) for name, link, rows in found if rows]


def matrix(board: Board) -> tuple[list[str], list[tuple[str, str, list[Row]]]]:
    """Units by months: the heads of the columns, and per unit its label, link and rows."""
    found, heads = [], [formats.month(month, board.reader.locale) for month in _shown_months(board)]
    for item in board.series:
        for key, _figure in item.units:
            label = _unit_label(board, item, key)
            label = label if len(board.series) == 1 else f"{title(item, board)} · {label}"
            nothing = Figure(None, None, None)
            figures = [item.unit_months.get((key, month), nothing) for month in _shown_months(board)]
            rows = [_row(board, item.subject, label, figure, "") for figure in figures]
            found.append((label, _unit_link(board, item, key), rows))
    return heads, found


def options(board: Board) -> dict[str, list[Option]]:
    """What the filter's selects offer."""
    locale = board.reader.locale
    first, last = str(board.filters.first or ""), str(board.filters.last or "")
    months = [(str(month), formats.month(month, locale)) for month in board.months]
    return {
        "from": [Option(value, label, value == first) for value, label in months],
        "to": [Option(value, label, value == last) for value, label in months],
        "department": _departments(board),
    }


def periods(board: Board, endpoint: str, **view: str) -> list[tuple[str, str, bool]]:
    """Links to the whole span and to each half-year: label, address, whether it is shown now."""
    now = board.filters.first, board.filters.last
    whole = url_for(endpoint, **view, **board.filters.arguments(**{"from": "", "to": ""}))
    found = [(gettext("All months"), whole, now == (None, None))]
    for half in board.halves:
        ends = {"from": str(half.first), "to": str(half.last)}
        address = url_for(endpoint, **view, **board.filters.arguments(**ends))
        found.append((formats.half(half, board.reader.locale), address, now == (half.first, half.last)))
    return found


def path(board: Board) -> list[tuple[str, str]]:
    """The chosen unit and those above it, each with its link: the way back up."""
    item = board.series[0]
    if board.chosen_id is None or not item.subject.linked:
        return []
    return [(unit.label, _unit_link(board, item, str(unit.id))) for unit in board.units.path(board.chosen_id)]


def _departments(board: Board) -> list[Option]:
    chosen = board.filters.unit
    linked = any(item.subject.linked for item in board.series)
    if linked:
        return [Option(str(u.id), u.label, str(u.id) == chosen, depth) for depth, u in board.units.listed()]
    single = next((item for item in board.series if item.subject.unit), None)
    if single is None:
        return []
    choices = single.subject.definition.fields[single.subject.unit].enum
    language = board.reader.language
    return [Option(str(c.value), c.label(language), str(c.value) == chosen) for c in choices]


def _card(board: Board, item: Series) -> Card:
    name, link = title(item, board), _kpi_link(board, item)
    halves = [(row.label, f"{row.actual} · {row.attainment}") for row in _halves(board, item).rows]
    nothing = ("", "")
    latest, before = (*halves[:-3:-1], nothing, nothing)[:2]
    months = _months(board, item, panel_id=f"months-{item.subject.name}")
    total_row = _row(board, item.subject, name, item.total, link)
    return Card(item.subject.name, name, link, total_row, item.total.attainment, latest, before, months)


def _months(board: Board, item: Series, panel_id: str = "months") -> Panel:
    locale = board.reader.locale
    lines = [(formats.month(month, locale), figure, "") for month, figure in item.months]
    name = gettext("Plan and actual per month")
    seasonal = bool(item.subject.curve)
    kind = "season" if seasonal else "months"
    return _panel(board, item, Panel(panel_id, name, gettext("Month"), kind=kind, seasonal=seasonal), lines)


def _halves(board: Board, item: Series) -> Panel:
    lines = [
        (formats.half(half, board.reader.locale), figure, _half_link(board, item, half)) for half, figure in item.halves
    ]
    return _panel(board, item, Panel("halves", gettext("Plan and actual per half-year"), gettext("Half-year")), lines)


def _units(board: Board, item: Series) -> Panel:
    lines = [(_unit_label(board, item, key), figure, _unit_link(board, item, key)) for key, figure in item.units]
    name = gettext("Plan and actual per department")
    return _panel(board, item, Panel("units", name, gettext("Department"), kind="bars", counted=True), lines)


def _dimension(board: Board, item: Series, name: str) -> Panel:
    spec, language = item.subject.definition.fields[name], board.reader.language
    lines = [(formats.value_label(spec, value, language), figure, "") for value, figure in item.dimensions[name]]
    head = spec.title(language)
    heading = gettext("Plan and actual by “%(dimension)s”", dimension=head)
    return _panel(board, item, Panel(f"by-{name}", heading, head, kind="bars", counted=True), lines)


def _panel(board: Board, item: Series, bare: Panel, lines: list[tuple[str, Figure, str]]) -> Panel:
    """`bare` with the rows, the chart's data and the summary of `lines`."""
    sign = item.subject.sign
    rows = [_row(board, item.subject, *line) for line in lines]
    ordered = lines[::-1] if bare.kind == "bars" else lines  # an axis grows upwards, a table downwards
    data = charts.data(bare.kind, ordered, sign, board.reader.locale) if bare.kind else {}
    return replace(bare, rows=rows, data=data, summary=_summary(f"{title(item, board)}: {bare.title}", rows))


def _row(board: Board, subject: Subject, label: str, figure: Figure, link: str) -> Row:
    locale, sign, colour = board.reader.locale, subject.sign, subject.colour(figure.attainment)
    return Row(
        label,
        link,
        formats.number(figure.plan, sign, locale),
        formats.number(figure.actual, sign, locale),
        formats.percent(figure.attainment, locale),
        formats.count(figure.records, locale),
        formats.count(figure.below, locale),
        figure.attainment is not None and figure.attainment < 1,
        formats.number(figure.expected, sign, locale),
        colour or "",
        formats.status(colour),
    )


def _summary(name: str, rows: Sequence[Row]) -> str:
    """What a chart says, for those who don't see it; the table has it all."""
    if not rows:
        return gettext("%(name)s: no data.", name=name)
    ends = {"name": name, "first": rows[0].label, "last": rows[-1].label}
    values = {"start": rows[0].attainment, "end": rows[-1].attainment}
    return gettext("%(name)s. Attainment %(first)s: %(start)s, %(last)s: %(end)s.", **ends, **values)


def _shown_months(board: Board) -> list[Month]:
    return sorted({month for item in board.series for month, _figure in item.months})


def _unit_label(board: Board, item: Series, key: str) -> str:
    return board.unit_label(item.subject, key) or gettext("Other departments")


def _unit_link(board: Board, item: Series, key: str) -> str:
    if not key or key == board.filters.unit:
        return ""
    return url_for("dashboards.kpi", name=item.subject.name, **board.filters.arguments(department=key))


def _kpi_link(board: Board, item: Series) -> str:
    # The chosen unit goes along only where the KPI knows it: elsewhere the address would name nothing.
    kept = {} if item.subject.linked else {"department": ""}
    return url_for("dashboards.kpi", name=item.subject.name, **board.filters.arguments(**kept))


def _half_link(board: Board, item: Series, half: Half) -> str:
    ends = {"from": str(half.first), "to": str(half.last)}
    return url_for("dashboards.kpi", name=item.subject.name, **board.filters.arguments(**ends))
