"""What-if and the ledger for 100 000 people on PostgreSQL: `python -m tests.benchmarks.what_if [people]`.

The demo company is filled up with people; a browser's questions go over a socket to a real server. Prints the first
answer (the population is read), the 95th percentile of the moves of a slider after it, and posting everybody's sheet in
the ledger against COPY of the same rows in the same run.
"""

from __future__ import annotations

import http.client
import logging
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Flask
from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from metadata.access import system
from metadata.engine import make_engine, writing
from metadata.versions import load_catalog
from portal.app import bind_workflows
from tests.backends import find_postgresql
from tests.databases import Databases
from tests.portal.cycle_site import rows
from tests.portal.demo_site import logged_in, prepare, serving, site
from workflows.cycles import figures, ledger, sheets
from workflows.cycles.ledger import Posting
from workflows.cycles.terms import TermBand, TermLine, Terms
from workflows.score_store import score_ledger, score_sheets
from workflows.scorecards import content as contents
from workflows.scoring import Band, Rule
from workflows.whatif import trial
from workflows.whatif.crowd import Kept

PEOPLE, MOVES, CHUNK, LINES, COMPUTED = 100_000, 60, 5_000, 10, 500
WARM_AIM, COLD_AIM, COPY_AIM = 0.1, 1.5, 5.0
NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def fill(url: str, people: int) -> None:
    """More people, spread over all departments."""
    engine = make_engine(url)
    with Session(engine) as session, writing(), session.begin():
        catalog = load_catalog(session)
        units = session.execute(select(catalog["department"].table.c.id)).scalars().all()
        table, names = catalog["employee"].table, catalog["employee"].table.c
        for start in range(0, people, CHUNK):
            batch = [_person(number, units, names) for number in range(start, min(start + CHUNK, people))]
            session.execute(insert(table), batch)
    with engine.begin() as connection:
        connection.execute(text("ANALYZE"))
    engine.dispose()


def _person(number: int, units: Any, names: Any) -> dict[str, Any]:
    values = {
        "number": f"X{number:06}",
        "name": f"Person {number}",
        "department": units[number % len(units)],
        "hired_on": date(2020, 1, 1),
        "status": "active",
        "gender": ("female", "male")[number % 2],
        "birth_date": date(1960 + number % 40, 5, 1),
        "salary": Decimal(5000 + number % 3000),
        "_version": 1,
        "_created_at": NOW,
        "_changed_at": NOW,
        "_created_by": "benchmark",
        "_changed_by": "benchmark",
    }
    return {names[name].name: value for name, value in values.items() if name in names}


def moves(app: Flask, url: str) -> tuple[float, list[float]]:
    """Seconds of the first answer, and of each move after it."""
    client = logged_in(app, "hana")
    app.config["WTF_CSRF_ENABLED"] = False
    (card,) = rows(app, "scorecard", name="Whole company")
    engine = make_engine(url)
    with Session(engine) as session:
        catalog = load_catalog(session)
        content = contents.live(session, catalog, card["id"])
        t = catalog["scorecard"].table
        session.execute(t.update().where(t.c.id != card["id"]).values(status="retired"))  # so that it is everybody's
        session.commit()
    engine.dispose()
    cookie = "; ".join(f"{c.key}={c.value}" for c in client._cookies.values())
    headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    with serving(app) as address:
        place = urlsplit(address)

        def ask(weight: int) -> tuple[float, bytes]:
            connection = http.client.HTTPConnection(place.hostname or "", place.port)
            begun = time.perf_counter()
            connection.request("POST", f"/what-if/{card['id']}/answer", urlencode(_form(content, weight)), headers)
            answer = connection.getresponse()
            body = answer.read()
            took = time.perf_counter() - begun
            assert answer.status == 200, body[:500]
            connection.close()
            return took, body

        ask(33)  # a process compiles templates and statements on its first answer
        trial.KEPT = Kept()  # and now has read nobody
        cold, _body = ask(34)
        warm = [ask(10 + at)[0] for at in range(MOVES)]
    return cold, warm


def _form(content: dict[str, Any], weight: int) -> dict[str, str]:
    found = {name: content[name] for name in ("no_data", "decimals", "minimum_service_days")}
    for part in ("line", "band"):
        for place, item in enumerate(content[f"{part}s"]):
            found |= {f"{part}-{place}-{name}": value for name, value in item.items() if name != "high"}
    return found | {"line-0-weight": str(weight)}


def known_terms() -> Terms:
    """Ten lines."""
    lines = tuple(
        TermLine(f"kpi{i}", f"KPI {i}", f"指标{i}", Decimal(10), "day", "sum(a)", "sum(b)", "", Rule(floor=Fraction(0)))
        for i in range(LINES)
    )
    bands = tuple(
        TermBand(Band(label, Decimal(low), None if high is None else Decimal(high)), "")
        for label, low, high in (("Low", 0, 60), ("Mid", 60, 90), ("High", 90, None))
    )
    return Terms(1, 1, date(2026, 1, 1), date(2026, 6, 30), "UTC", lines, bands, 1, "redistribute", 90)


def postings(known: Terms, people: int) -> Iterator[Posting]:
    """A sheet for everybody, each with figures of their own; what is computed from them is that of one in `COMPUTED`."""
    digest = sheets.terms_digest(known)
    results = []
    for person in range(COMPUTED):
        measured = {line.kpi: [100.0, float(60 + (person * 7 + at) % 50), 12] for at, line in enumerate(known.lines)}
        results.append((measured, figures.computed(known, measured).result))
    for person in range(people):
        measured, result = results[person % COMPUTED]
        own = {**measured, "kpi0": [100.0, person / 1000, 12]}
        yield Posting(person + 1, person + 1, *sheets.sheet_of(known, digest, 1, own, result))


def posting(url: str, people: int) -> tuple[float, float]:
    """Seconds to post everybody's sheet, and to COPY the same rows."""
    engine = make_engine(url)
    found = list(postings(known_terms(), people))
    with Session(engine) as session, writing(), session.begin():
        begun = time.perf_counter()
        for start in range(0, people, CHUNK):
            ledger.post(session, 1, found[start : start + CHUNK], system("benchmark"), NOW)
        session.flush()
        posted = time.perf_counter() - begun
        session.rollback()
    with engine.begin() as connection:
        driver: Any = connection.connection.driver_connection
        begun = time.perf_counter()
        with driver.cursor() as cursor:
            with cursor.copy(f'COPY {score_sheets.name} ("hash", content) FROM STDIN') as copy:
                for one in found:
                    copy.write_row((one.digest, one.content))
            columns = '(review_id, cycle_id, employee_id, at, "by", sheet)'
            with cursor.copy(f"COPY {score_ledger.name} {columns} FROM STDIN") as copy:
                for one in found:
                    copy.write_row((one.review_id, 1, one.employee_id, NOW, "benchmark", one.digest))
        copied = time.perf_counter() - begun
        connection.rollback()
    engine.dispose()
    return posted, copied


def main(people: int = PEOPLE) -> None:
    """Print seconds, ratios and aims."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # the figures, not each question
    with ExitStack() as stack:
        backends = {"postgresql": find_postgresql(stack, durable=True)}
        if backends["postgresql"].url is None:
            raise SystemExit(f"PostgreSQL is not available: {backends['postgresql'].how}")
        databases = Databases(backends, stack)
        url = stack.enter_context(databases.copy("postgresql", "demo site", prepare))
        fill(url, people)
        app = site(url, Path(stack.enter_context(tempfile.TemporaryDirectory())))
        bind_workflows(app)
        cold, warm = moves(app, url)
        late = sorted(warm)[int(len(warm) * 0.95) - 1]
        print(f"what-if for {people} people: cold {cold:.2f} s (aim {COLD_AIM}), p95 warm {late * 1000:.0f} ms", end="")
        print(f" (aim {WARM_AIM * 1000:.0f}), median {sorted(warm)[len(warm) // 2] * 1000:.0f} ms")
        posted, copied = posting(url, people)
        print(f"ledger of {people}: posted in {posted:.1f} s, COPY of the same rows {copied:.1f} s, ratio ", end="")
        print(f"{posted / copied:.1f} (aim {COPY_AIM})")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else PEOPLE)
