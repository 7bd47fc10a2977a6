"""Scores of 100 000 people published with their ledger: `python -m tests.benchmarks.score_publishing [people]`.

A running cycle is filled up with people, each with a mark of their own, so that no two share a computation. The job of
"compute again" then writes everybody's score through the record door: reviews, their history, events, sheets and
ledger. The reference is COPY of the very rows that it wrote into tables with the same indexes, in the same run.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Engine, Table, func, insert, select, text, update
from sqlalchemy.orm import Session

from metadata import store
from metadata.access import system
from metadata.catalog import Catalog
from metadata.engine import make_engine, writing
from metadata.versions import load_catalog
from portal.app import bind_workflows
from tests.backends import find_postgresql
from tests.benchmarks.what_if import fill
from tests.databases import Databases
from tests.portal.cycle_site import prepare_launched
from tests.portal.demo_site import site
from workflows import job_runner
from workflows.cycles import scoring
from workflows.installation import bound
from workflows.score_store import person_figures, score_ledger, score_sheets
from workflows.store import cycle_pins

PEOPLE, CHUNK, AIM = 100_000, 5_000, 5.0
NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
MANUAL = "benchmark_mark"


def take_part(session: Session, catalog: Catalog) -> int:
    """Everybody gets a review and a mark in the one running cycle, and the cycle a line for the mark; the cycle's id."""
    cycle, review = catalog["cycle"].table, catalog["review"].table
    cycle_id = int(session.execute(select(review.c.cycle).limit(1)).scalar_one())
    start = session.execute(select(cycle.c.period_start).where(cycle.c.id == cycle_id)).scalar_one()
    there = select(review.c.employee).where(review.c.cycle == cycle_id)
    staff = catalog["employee"].table.c
    rows = session.execute(select(staff.id, staff.department).where(staff.id.not_in(there))).all()
    stamp = {"_version": 1, "_created_at": NOW, "_changed_at": NOW, "_created_by": "benchmark"}
    stamp["_changed_by"] = "benchmark"
    for some in _parts(iter(rows)):
        reviews = [{"cycle": cycle_id, "employee": i, "department": unit, "step": "pending"} for i, unit in some]
        session.execute(insert(review), [{**one, **stamp} for one in reviews])
        marks = [{"employee": i, "line": MANUAL, "day": start, "target": 100, "actual": i / 1000} for i, _ in some]
        session.execute(insert(catalog["appraisal_mark"].table), [{**one, **stamp} for one in marks])
    terms = dict(session.execute(select(cycle_pins.c.terms).where(cycle_pins.c.cycle_id == cycle_id)).scalar_one())
    terms["lines"] = [*terms["lines"], {**terms["lines"][0], "kpi": MANUAL, "kind": "manual", "weight": "20"}]
    session.execute(update(cycle_pins).where(cycle_pins.c.cycle_id == cycle_id).values(terms=terms))
    return cycle_id


def _parts(rows: Iterator[Any]) -> Iterator[list[Any]]:
    while some := list(islice(rows, CHUNK)):
        yield some


def publish(engine: Engine, cycle_id: int) -> float:
    """Seconds of the job, from its start to its last chunk."""
    with Session(engine) as session, writing(), session.begin():
        catalog = load_catalog(session)
        job_id = scoring.recompute(session, catalog, system("benchmark"), cycle_id, now=datetime.now(UTC))
    begun = time.perf_counter()
    while job_runner.run(bound(), job_id, "benchmark"):
        pass
    took = time.perf_counter() - begun
    with Session(engine) as session:
        state, done, error = session.execute(
            text("SELECT state, done, error FROM plumbline_job WHERE id = :id"), {"id": job_id}
        ).one()
    if state != "done":
        raise SystemExit(f"The job is {state}: {error}")
    print(f"{done} reviews scored in {took:.1f} s")
    return took


def marks(engine: Engine, tables: list[Table]) -> dict[str, int]:
    """The last id of each table that counts up."""
    with engine.connect() as connection:
        return {t.name: connection.execute(select(func.coalesce(func.max(t.c.id), 0))).scalar_one() for t in tables}


def copied(engine: Engine, review: Table, cycle_id: int, since: dict[str, int]) -> tuple[float, int]:
    """Seconds to COPY what the job wrote into empty tables with the same columns and indexes, and how many rows."""
    wanted = {
        review: review.c.cycle == cycle_id,
        store.audit: store.audit.c.id > since[store.audit.name],
        store.outbox: store.outbox.c.id > since[store.outbox.name],
        score_ledger: score_ledger.c.id > since[score_ledger.name],
        score_sheets: score_sheets.c.hash.in_(select(score_ledger.c.sheet)),
        person_figures: person_figures.c.cycle_id == cycle_id,
    }
    took, count = 0.0, 0
    with engine.begin() as connection:
        driver: Any = connection.connection.driver_connection
        for table, where in wanted.items():
            name = f"reference_{table.name}"
            connection.execute(text(f'CREATE TABLE "{name}" (LIKE "{table.name}" INCLUDING ALL)'))
            chosen = select(table).where(where).compile(engine, compile_kwargs={"literal_binds": True})
            with driver.cursor() as cursor:
                with cursor.copy(f"COPY ({chosen}) TO STDOUT") as out:
                    blocks = [bytes(block) for block in out]
                begun = time.perf_counter()
                with cursor.copy(f'COPY "{name}" FROM STDIN') as into:
                    for block in blocks:
                        into.write(block)
                count += cursor.rowcount
                took += time.perf_counter() - begun
    return took, count


def main(people: int = PEOPLE) -> None:
    """Print seconds, rows, the ratio and the aim."""
    with ExitStack() as stack:
        backends = {"postgresql": find_postgresql(stack, durable=True)}
        if backends["postgresql"].url is None:
            raise SystemExit(f"PostgreSQL is not available: {backends['postgresql'].how}")
        url = stack.enter_context(Databases(backends, stack).copy("postgresql", "launched site", prepare_launched))
        fill(url, people)
        engine = make_engine(url)
        with Session(engine) as session, writing(), session.begin():
            catalog = load_catalog(session)
            cycle_id = take_part(session, catalog)
        with engine.begin() as connection:
            connection.execute(text("ANALYZE"))
        bind_workflows(site(url, Path(stack.enter_context(TemporaryDirectory()))))
        since = marks(engine, [store.audit, store.outbox, score_ledger])
        took = publish(engine, cycle_id)
        reference, rows = copied(engine, catalog["review"].table, cycle_id, since)
        engine.dispose()
        print(f"scores of {people} with ledger: {took:.1f} s, COPY of the same {rows} rows {reference:.1f} s, ", end="")
        print(f"ratio {took / reference:.1f} (aim {AIM})")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else PEOPLE)
