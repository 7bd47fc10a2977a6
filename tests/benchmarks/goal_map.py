"""The alignment map with 5 000 goals on PostgreSQL: `python -m tests.benchmarks.goal_map [goals]`.

The demo company gets goals of people below the goals of its departments, each with two key results. A head's questions
go through the application: the first page of the tree, opening a branch, searching a level. Prints medians and their
ratio to a bare SELECT of the rows of all goals in the same run.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from metadata import records
from metadata.access import system
from metadata.engine import make_engine, writing
from metadata.versions import load_catalog
from tests.backends import find_postgresql
from tests.databases import Databases
from tests.portal.demo_site import logged_in, prepare, site

GOALS, ROUNDS, CHUNK = 5_000, 15, 1_000
AIM = 0.3
NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
LEVEL, ABOVE = "objective_individual", "objective_department"


def fill(engine: Engine, goals: int) -> int:
    """The goals, in turn below each goal of a department; the number of one that has many below it."""
    with Session(engine) as session, writing(), session.begin():
        catalog = load_catalog(session)
        tops = session.execute(select(catalog[ABOVE].table.c.id).order_by(catalog[ABOVE].table.c.id)).scalars().all()
        people = session.execute(select(catalog["employee"].table.c.id)).scalars().all()
        for start in range(0, goals, CHUNK):
            rows = [_goal(number, tops, people) for number in range(start, min(start + CHUNK, goals))]
            records.create_many(session, catalog, LEVEL, system("benchmark"), rows, now=NOW)
    with engine.begin() as connection:
        connection.execute(text("ANALYZE"))
    return int(tops[0])


def _goal(number: int, tops: Any, people: Any) -> dict[str, Any]:
    results = [
        {"title": f"Result {place}", "start": 0, "target": 100, "current": (number * 7 + place) % 100, "unit": "pcs"}
        for place in (1, 2)
    ]
    return {
        "title": f"Goal {number} of many",
        "parent": tops[number % len(tops)],
        "owner": people[number % len(people)],
        "period_start": "2026-10-01",
        "period_end": "2026-12-31",
        "commitment": "committed",
        "status": "active",
        "visibility": "public",
        "key_results": results,
    }


def bare(engine: Engine) -> Callable[[], None]:
    """All goals of all levels, their plain columns, read and thrown away."""
    with Session(engine) as session:
        catalog = load_catalog(session)
    tables = [catalog[name].table for name in ("objective_company", ABOVE, LEVEL)]

    def ask() -> None:
        with engine.connect() as connection:
            for table in tables:
                connection.execute(select(table)).all()

    return ask


def asked(app: Flask, path: str) -> Callable[[], None]:
    """One page, as a head of a department asks for it."""
    client = logged_in(app, "derek")

    def ask() -> None:
        assert client.get(path).status_code == 200, path

    return ask


def timed(ask: Callable[[], None]) -> tuple[float, float]:
    """Seconds of the first time, and the median of the others."""
    found = []
    for _round in range(ROUNDS):
        begun = time.perf_counter()
        ask()
        found.append(time.perf_counter() - begun)
    return found[0], statistics.median(found[1:])


def main(goals: int = GOALS) -> None:
    """Print milliseconds and ratios."""
    with ExitStack() as stack:
        backends = {"postgresql": find_postgresql(stack, durable=True)}
        if backends["postgresql"].url is None:
            raise SystemExit(f"PostgreSQL is not available: {backends['postgresql'].how}")
        url = stack.enter_context(Databases(backends, stack).copy("postgresql", "demo site", prepare))
        engine = make_engine(url)
        stack.callback(engine.dispose)
        top = fill(engine, goals)
        app = site(url, Path(stack.enter_context(tempfile.TemporaryDirectory())))
        _first, base = timed(bare(engine))
        print(f"a map of {goals} goals; a bare SELECT of them {base * 1000:.0f} ms")
        pages = {
            "first page": "/goals/",
            "opening a branch": f"/goals/{ABOVE}/{top}/branch",
            "searching": f"/goals/{LEVEL}/?q=Goal+77",
        }
        for name, path in pages.items():
            first, median = timed(asked(app, path))
            print(f"{name}: first {first * 1000:.0f} ms, median {median * 1000:.0f} ms", end="")
            print(f" (aim {AIM * 1000:.0f}), ratio {median / base:.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else GOALS)
