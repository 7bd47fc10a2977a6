"""Goals for 60 people from one template: `python -m tests.benchmarks.goal_templates`.

25 objectives with four key results each make 1 500 goals with 6 000 key results; five objectives make the 1 500 rows that
a reader who counts key results as goals has in mind. Each is given by its head through the job, record door, audit,
outbox and messages included, on SQLite and on PostgreSQL with durable commits, against writing the same rows of
objectives, key results and audit bare in the same run (COPY, `executemany` on SQLite).
"""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, delete, func, insert, select
from sqlalchemy.orm import Session, sessionmaker

from metadata import records
from metadata.access import Actor, system
from metadata.catalog import Catalog
from metadata.engine import make_engine, writing
from metadata.store import audit
from metadata.versions import load_catalog
from tests.backends import find_postgresql
from tests.databases import Databases
from tests.portal.demo_site import prepare
from workflows import job_runner, queue
from workflows.goals.templates import giving
from workflows.goals.templates.asking import Wanted
from workflows.goals.templates.recipients import Asked

PEOPLE, RESULTS, AIM = 60, 4, 5.0
SHIFT = 10_000_000  # the numbers of the bare rows begin there
NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
LEVEL = "objective_individual"
PERIOD = date(2026, 12, 1), date(2027, 5, 31)


def fill(engine: Engine, catalog: Catalog) -> tuple[int, Actor]:
    """A department of so many people, and who heads it."""
    actor = system("benchmark")
    with writing(), Session(engine) as session, session.begin():
        unit = records.create(session, catalog, "department", actor, {"code": "B", "name": "Bench"}, now=NOW).id
        row = {"department": unit, "hired_on": "2020-01-01", "status": "active"}
        rows = [{**row, "number": f"B{n}", "name": f"Person {n}", "account": f"b{n}"} for n in range(PEOPLE)]
        records.create_many(session, catalog, "employee", actor, rows, now=NOW)
    return unit, Actor("b0", frozenset({"Department head"}), None, unit, (unit,))


def template(engine: Engine, catalog: Catalog, unit: int, objectives: int) -> int:
    """A template with so many objectives."""
    goals = [
        {"title": f"Goal {n} of {{name}}", "title_zh": f"目标 {n}", "commitment": "committed"}
        for n in range(objectives)
    ]
    results = [
        {"objective": n + 1, "title": f"Result {m}", "start": 0, "target": 10 + m, "unit": "h"}
        for n in range(objectives)
        for m in range(RESULTS)
    ]
    values = {"name": f"{objectives} goals", "department": unit, "objectives": goals, "key_results": results}
    with writing(), Session(engine) as session, session.begin():
        return records.create(session, catalog, "goal_template", system("benchmark"), values, now=NOW).id


def bind(engine: Engine, catalog: Catalog, head: Actor, folder: str) -> None:
    """This process is the worker; whoever began a job is the head."""
    queue.make_celery(f"sqla+sqlite:///{Path(folder) / 'queue.sqlite3'}")
    queue.bind(
        queue.Installation(
            sessions=sessionmaker(engine),
            catalog=lambda _session: catalog,
            actor=lambda _session, _catalog, _account: head,
            person=lambda _session, _catalog, _account: None,
            clock=lambda: datetime.now(UTC),
        )
    )


def given(engine: Engine, catalog: Catalog, head: Actor, wanted: Wanted) -> float:
    """Seconds from the click to the end of the job."""
    begun = time.perf_counter()
    with writing(), Session(engine) as session, session.begin():
        giving_id = giving.start(session, catalog, head, wanted, NOW)
    with Session(engine) as session:
        job_id = giving.load(session, giving_id).job_id or 0
    while job_runner.run(queue.bound(), job_id, "benchmark"):
        pass
    took = time.perf_counter() - begun
    with Session(engine) as session:
        assert giving.load(session, giving_id).people == {giving.GIVEN: PEOPLE}
    return took


def tables(catalog: Catalog) -> tuple[Table, ...]:
    """Where a goal is written."""
    entity = catalog[LEVEL]
    return entity.table, entity.sides["key_results"], audit


def newest(engine: Engine, catalog: Catalog) -> list[int]:
    """The last number of each of the tables."""
    with Session(engine) as session:
        return [
            session.execute(select(func.max(one.c.id)).where(one.c.id < SHIFT)).scalar() or 0 for one in tables(catalog)
        ]


def bare(engine: Engine, catalog: Catalog, since: list[int]) -> float:
    """Seconds to write what came since then once more, under other numbers."""
    found = []
    with engine.connect() as connection:
        for table, last in zip(tables(catalog), since, strict=True):
            fresh = table.c.id > last, table.c.id < SHIFT
            rows = connection.execute(select(*(c.label(c.key) for c in table.c)).where(*fresh)).mappings()
            found.append((table, [_moved(row) for row in rows]))
    with writing(), engine.begin() as connection:
        begun = time.perf_counter()
        for table, rows in found:
            (_copied if engine.dialect.name == "postgresql" else _inserted)(connection, table, rows)
    took = time.perf_counter() - begun
    with writing(), engine.begin() as connection:  # numbers go on from the highest
        for table, _rows in reversed(found):
            connection.execute(delete(table).where(table.c.id >= SHIFT))
    return took


def _moved(row: Any) -> dict[str, Any]:
    linked = {"_record": row["_record"] + SHIFT} if "_record" in row else {}
    return {**row, "id": row["id"] + SHIFT, **linked}


def _inserted(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    connection.execute(insert(table), rows)


def _copied(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    names = ", ".join(f'"{c.name}"' for c in table.c)
    bound = [c.type.dialect_impl(connection.dialect).bind_processor(connection.dialect) for c in table.c]
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
        for row in rows:
            values = [row[c.key] for c in table.c]
            copy.write_row([b(v) if b is not None else v for b, v in zip(bound, values, strict=True)])


def main() -> None:
    """Print seconds, ratios and the aim."""
    with ExitStack() as stack:
        backends = {"postgresql": find_postgresql(stack, durable=True)}
        databases = Databases(backends, stack)
        for kind in ("sqlite", "postgresql"):
            if kind in backends and backends[kind].url is None:
                print(f"goals from a template: {kind} is not available: {backends[kind].how}")
                continue
            engine = make_engine(stack.enter_context(databases.copy(kind, "demo site", prepare)))
            with Session(engine) as session:
                catalog = load_catalog(session)
            unit, head = fill(engine, catalog)
            bind(engine, catalog, head, stack.enter_context(tempfile.TemporaryDirectory()))
            for objectives in (5, 25):
                number, since = template(engine, catalog, unit, objectives), newest(engine, catalog)
                took = given(engine, catalog, head, Wanted(number, Asked(unit), *PERIOD))
                reference = bare(engine, catalog, since)
                goals = objectives * PEOPLE
                print(f"{goals} goals with {goals * RESULTS} key results for {PEOPLE} people on {kind}: ", end="")
                print(f"{took:.2f} s (aim {AIM:.0f}), bare {reference:.2f} s, ratio {took / reference:.1f}")
            engine.dispose()


if __name__ == "__main__":
    main()
