"""The structures of the charts, as Bokeh JSON without data, and the data that they take.

Loaded when the first dashboard is asked for (decision 0072). Called by views (`structures`, once per
language and theme, then kept by every browser) and by pages (`data`, the columns of one chart). Data
travels apart from structure, so that a live update is a few hundred bytes and no chart is built twice.
Plan and actual differ in shape as well as in colour: actual is a filled bar, plan a dashed line with
diamonds or an upright mark.

Promises: no callback in a structure (Bokeh would evaluate its text, which the site's
Content-Security-Policy forbids); static/js/dashboard.js listens to selections instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import pi
from pathlib import Path
from typing import Any

import bokeh
from babel import Locale
from bokeh.embed import json_item
from bokeh.models import ColumnDataSource, FactorRange, HoverTool, NumeralTickFormatter, Span, TapTool
from bokeh.plotting import figure
from flask_babel import force_locale, gettext

from portal.dashboards import formats
from portal.dashboards.series import Figure

VERSION = bokeh.__version__
SCRIPT = Path(bokeh.__file__).parent / "server" / "static" / "js" / "bokeh.min.js"
REVISION = 4  # raise when a structure changes: browsers keep structures by this number and Bokeh's version
COLUMNS = (
    *("label", "plan", "actual", "attainment", "expected"),
    *("plan_text", "actual_text", "attainment_text", "expected_text", "link"),
)


@dataclass(frozen=True)
class Palette:
    """Colours of one theme; each mark has at least 3:1 contrast to the ground, each text 4.5:1."""

    text: str
    grid: str
    actual: str
    plan: str


THEMES = {
    "light": Palette(text="#1f2937", grid="#d6dae0", actual="#2f6db5", plan="#a13d00"),
    "dark": Palette(text="#e5e7eb", grid="#3b4654", actual="#5b9bea", plan="#ffb86b"),
}


def edition() -> str:
    """The name under which browsers may keep the structures for ever."""
    return f"{VERSION}-{REVISION}"


@lru_cache(maxsize=16)
def structures(language: str, theme: str) -> dict[str, Any]:
    """Every kind of chart as a Bokeh JSON item."""
    palette = THEMES[theme]
    with force_locale(language):
        return {
            "months": json_item(_months(palette)),
            "season": json_item(_months(palette, seasonal=True)),
            "bars": json_item(_bars(palette)),
            "attainment": json_item(_attainment(palette)),
        }


def data(kind: str, rows: Sequence[tuple[str, Figure, str]], sign: str, locale: Locale) -> dict[str, Any]:
    """The columns of a chart: rows of label, figure and address to go to when tapped."""
    labels = _different([label for label, _figure, _link in rows])
    columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    for label, (_label, shown, link) in zip(labels, rows, strict=True):
        texts = formats.number(shown.plan, sign, locale), formats.number(shown.actual, sign, locale)
        values = (label, shown.plan, shown.actual, shown.attainment, shown.expected, *texts)
        told = formats.percent(shown.attainment, locale), formats.number(shown.expected, sign, locale)
        for name, value in zip(COLUMNS, (*values, *told, link), strict=True):
            columns[name].append(value)
    return {"kind": kind, "factors": labels, "columns": columns}


def _months(palette: Palette, *, seasonal: bool = False) -> figure:
    """Months side by side; `seasonal` ones with what the season expects of each, as a dotted line with squares."""
    chart = _blank(palette, x_range=FactorRange(name="factors"), height=280)
    source = _source()
    bars = chart.vbar(
        x="label", top="actual", width=0.7, source=source, color=palette.actual, legend_label=gettext("Actual")
    )
    line = {"line_color": palette.plan, "line_width": 2, "legend_label": gettext("Plan")}
    chart.line(x="label", y="plan", source=source, line_dash="dashed", **line)
    chart.scatter(x="label", y="plan", source=source, marker="diamond", size=9, fill_color=palette.plan, **line)
    if seasonal:
        season = {"line_color": palette.text, "line_width": 2, "legend_label": gettext("Expected by season")}
        chart.line(x="label", y="expected", source=source, line_dash="dotted", **season)
        chart.scatter(
            x="label", y="expected", source=source, marker="square", size=6, fill_color=palette.text, **season
        )
    chart.xaxis.major_label_orientation = pi / 4
    chart.yaxis.formatter = _numbers()
    return _finished(chart, palette, bars, seasonal=seasonal)


def _bars(palette: Palette) -> figure:
    chart = _blank(palette, y_range=FactorRange(name="factors"), height=200)
    source = _source()
    bars = chart.hbar(
        y="label", right="actual", height=0.6, source=source, color=palette.actual, legend_label=gettext("Actual")
    )
    chart.scatter(
        x="plan", y="label", source=source, marker="dash", angle=pi / 2, size=30, line_width=4,
        line_color=palette.plan, legend_label=gettext("Plan"),
    )  # fmt: skip
    chart.xaxis.formatter = _numbers()
    chart.xaxis.ticker.desired_num_ticks = 4  # more would run into each other on a phone
    return _finished(chart, palette, bars)


def _attainment(palette: Palette) -> figure:
    chart = _blank(palette, y_range=FactorRange(name="factors"), height=200)
    bars = chart.hbar(
        y="label", right="attainment", height=0.6, source=_source(), color=palette.actual,
        legend_label=gettext("Attainment"),
    )  # fmt: skip
    chart.add_layout(Span(location=1, dimension="height", line_color=palette.plan, line_dash="dashed", line_width=2))
    chart.xaxis.formatter = NumeralTickFormatter(format="0%")
    return _finished(chart, palette, bars)


def _blank(palette: Palette, **options: Any) -> figure:
    chart = figure(
        sizing_mode="stretch_width", tools="", toolbar_location=None, background_fill_color=None,
        border_fill_color=None, outline_line_color=None, min_border_right=16, **options,
    )  # fmt: skip
    for axis in chart.axis:
        axis.major_label_text_color = palette.text
        axis.major_label_text_font_size = "12px"
        axis.axis_line_color = axis.major_tick_line_color = palette.grid
        axis.minor_tick_line_color = None
    chart.grid.grid_line_color = palette.grid
    return chart


def _finished(chart: figure, palette: Palette, bars: Any, *, seasonal: bool = False) -> figure:
    """Add what needs the glyphs: legend above the plot, hover, tap."""
    legend = chart.legend[0]
    chart.add_layout(legend, "above")
    legend.orientation = "horizontal"
    legend.label_text_color = palette.text
    legend.background_fill_alpha = legend.border_line_alpha = 0
    legend.margin = legend.padding = 2
    legend.spacing = 14
    tips = [(gettext("Plan"), "@plan_text"), (gettext("Actual"), "@actual_text")]
    tips += [(gettext("Attainment"), "@attainment_text")]
    tips += [(gettext("Expected by season"), "@expected_text")] if seasonal else []
    chart.add_tools(HoverTool(renderers=[bars], tooltips=[("", "@label"), *tips]), TapTool(renderers=[bars]))
    bars.nonselection_glyph = bars.selection_glyph = None
    return chart


def _source() -> ColumnDataSource:
    return ColumnDataSource(data={name: [] for name in COLUMNS}, name="source")


def _numbers() -> NumeralTickFormatter:
    return NumeralTickFormatter(format="0,0.[00]")


def _different(labels: Sequence[str]) -> list[str]:
    """An axis needs names that differ; two departments may be called the same."""
    seen: dict[str, int] = {}
    found = []
    for label in labels:
        seen[label] = seen.get(label, 0) + 1
        found.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return found
