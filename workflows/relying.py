"""What this floor keeps that relies on a definition or its fields: told in the preview of a publish.

Registered with `metadata.dependents`. Running cycles are pinned to the terms they were launched with and stay as they
are; scorecards, goals, saved views and files' mappings follow what is published.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from metadata.catalog import Catalog
from metadata.dependents import Dependent, Touched, dependents, some
from workflows.cycles import cards, desk, terms
from workflows.cycles.reliance import RESTING
from workflows.goals.levels import OVER, RESULTS, STATUS, levels
from workflows.store import list_views


@dependents("cycles")
def cycles(session: Session, catalog: Catalog, touched: Touched) -> Iterator[Dependent]:
    """Running cycles that score with the KPI, as it was when they were launched."""
    if desk.CYCLE not in catalog or touched.definition.measure is None:
        return
    entity = catalog[desk.CYCLE]
    running = desk.load(entity).where(entity.table.c.step.not_in(RESTING)).order_by(entity.table.c.id)
    rows = list(session.execute(running).mappings())
    if not rows:
        return
    lines = cards.pinned_lines(session, terms.pins_of(session, [row["id"] for row in rows]))
    names = [str(row["name"]) for row in rows if touched.definition.name in lines.get(row["id"], ())]
    message = "%(count)s running cycles score with it, as it was when they were launched: %(names)s."
    yield from some("cycles", touched, message, names)


@dependents("scorecards")
def scorecards(session: Session, catalog: Catalog, touched: Touched) -> Iterator[Dependent]:
    """Scorecards with a line for the KPI."""
    if terms.LINE not in catalog or terms.SCORECARD not in catalog or touched.definition.measure is None:
        return
    line, card = catalog[terms.LINE].table, catalog[terms.SCORECARD].table
    statement = (
        select(card.c.name)
        .join(line, line.c.scorecard == card.c.id)
        .where(line.c.kpi == touched.definition.name, line.c._removed_at.is_(None), card.c._removed_at.is_(None))
        .order_by(card.c.id)
    )
    names = [str(name) for name in session.execute(statement).scalars()]
    yield from some("scorecards", touched, "%(count)s scorecards weigh it: %(names)s.", names)


@dependents("goals")
def goals(session: Session, catalog: Catalog, touched: Touched) -> Iterator[Dependent]:
    """Objectives at work with a key result that the KPI feeds."""
    if touched.definition.measure is None:
        return
    names: list[str] = []
    for level in levels(catalog):
        side = level.entity.sides.get(RESULTS)
        if side is None or not {"fed_by", "kpi"} <= set(side.c.keys()):
            continue
        table, title = level.entity.table, level.entity.definition.label_of()[0]
        statement = (
            select(table.c[title])
            .join(side, side.c._record == table.c.id)
            .where(side.c.fed_by == "kpi", side.c.kpi == touched.definition.name, table.c._removed_at.is_(None))
            .order_by(table.c.id)
        )
        if level.has(STATUS):
            statement = statement.where(table.c[STATUS].not_in(OVER))
        names += [str(name) for name in session.execute(statement).scalars()]
    yield from some("goals", touched, "%(count)s key results are fed by it: %(names)s.", names)


@dependents("dashboards")
def dashboards(_session: Session, _catalog: Catalog, touched: Touched) -> Iterator[Dependent]:
    """The dashboards of a KPI are made from its measure."""
    measure = touched.definition.measure
    if measure is not None and (touched.whole or touched.fields):
        yield from some(
            "dashboards", touched, "The dashboards of %(names)s show it.", [touched.definition.texts.named()]
        )


@dependents("views")
def views(session: Session, _catalog: Catalog, touched: Touched) -> Iterator[Dependent]:
    """Saved views of its list that name one of the fields; those that people keep for themselves are only counted."""
    if not inspect(session.connection()).has_table(list_views.name):
        return  # a database of definitions and records alone
    t = list_views.c
    statement = select(t.name, t.shared, t.state).where(t.definition == touched.definition.name).order_by(t.id)
    found = [row for row in session.execute(statement) if touched.whole or _columns(row.state) & touched.columns]
    names = [row.name for row in found if row.shared]
    private = len(found) - len(names)
    yield from some("views", touched, "%(count)s shared views of the list use it: %(names)s.", names)
    if private:
        message = "%(count)s private views of the list use it."
        yield Dependent("views", touched.definition.name, message, {"count": private}, private)


def _columns(state: dict[str, list[list[str] | str]]) -> set[str]:
    """The columns that a kept layout names."""
    parts = [*state.get("filters", ()), *state.get("order", ()), *state.get("group", ()), *state.get("columns", ())]
    return {part if isinstance(part, str) else part[0] for part in parts}
