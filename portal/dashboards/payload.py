"""What a dashboard page is filled with, now and at each live update: charts' data and worded tables.

Called by views, which keep it per data version. One value serves the first page view and every
later one, so that both show the same.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import orjson
from flask import get_template_attribute

from portal.dashboards import pages
from portal.dashboards.board import Board
from portal.dashboards.pages import Card, Panel, Row

PARTS = "dashboards/_parts.html"


@dataclass(frozen=True)
class Filled:
    """A board worded: what templates place (`cards`, `panels`, …) with `charts` as JSON
    beside them; `json` is all of it for a live update.
    """

    board: Board
    cards: list[Card]
    panels: list[Panel]
    total: Row | None
    html: dict[str, str]
    json: bytes
    charts: bytes
    version: str


def fill(board: Board, version: tuple[object, ...], *, single: bool) -> Filled:
    """Word `board`: the page of its one KPI if `single`, else the overview."""
    cards = [] if single else pages.cards(board)
    panels = pages.panels(board) if single else [pages.attainments(board)]
    total = pages.total(board) if single else None
    html = {f"table-{panel.id}": _part("figures", panel) for panel in panels}
    html |= {f"card-{card.name}": _part("headline", card) for card in cards}
    html |= {f"table-{card.months.id}": _part("figures", card.months) for card in cards}
    html["matrix"] = _part("matrix", *pages.matrix(board))
    if total is not None:
        html["summary"] = _part("summary", total)
    drawn = [panel for panel in [*panels, *(card.months for card in cards)] if panel.kind]
    charts = {panel.id: {**panel.data, "summary": panel.summary} for panel in drawn}
    mark = tag(version)
    answer = {"version": mark, "charts": charts}
    return Filled(board, cards, panels, total, html, orjson.dumps({**answer, "html": html}), orjson.dumps(answer), mark)


def tag(version: tuple[object, ...]) -> str:
    """A short name for a version, fit for an ETag."""
    return hashlib.sha256(repr(version).encode()).hexdigest()[:20]


def _part(name: str, *values: Any) -> str:
    return str(get_template_attribute(PARTS, name)(*values)).strip()
