"""Scorecards that a test makes through the record door: active, with lines and three ratings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from metadata import records
from metadata.access import system
from metadata.catalog import Catalog

BANDS = (("Low", "低", 0, 60), ("Fair", "中", 60, 90), ("High", "高", 90, None))
Line = tuple[str, int, int | None]  # KPI, weight, target of its own


def make_card(session: Session, catalog: Catalog, name: str, lines: Sequence[Line], now: datetime, **scope: Any) -> int:
    """The scorecard's id; `scope` says for whom and when."""

    def create(definition: str, **values: Any) -> int:
        return records.create(session, catalog, definition, system("test"), values, now=now).id

    card = create("scorecard", name=name, name_zh=f"{name}卡", status="active", **scope)
    for place, (kpi, weight, target) in enumerate(lines, 1):
        values = {"scorecard": card, "sequence": place, "kpi": kpi, "weight": weight, "label": kpi}
        create("scorecard_line", **values, **({"target": target} if target else {}))
    for label, label_zh, low, high in BANDS:
        ends = {} if high is None else {"high": high}
        create("rating_band", scorecard=card, label=label, label_zh=label_zh, low=low, **ends)
    return card
