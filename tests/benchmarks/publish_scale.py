"""How publishing, starting and listing grow with the number of definitions: `python -m tests.benchmarks.publish_scale`.

Prints medians with 10, 200 and 1 000 definitions of one run, on SQLite and on PostgreSQL where there is a server (as
the tests find it): the aims beside the figures, and what 1 000 cost over 10. The list page is timed in blocks that take
turns with those of the smallest catalog's process, so that a busy machine slows both alike.
"""

from __future__ import annotations

import gc
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from metadata.engine import make_engine
from metadata.versions import load_catalog
from portal.extensions import db
from tests.backends import find_all
from tests.databases import Databases
from tests.portal.demo_site import logged_in, prepare, site
from tests.portal.many_definitions import bring_to, published, statements, with_field

ROUNDS, STARTS, BLOCKS, BLOCK = 5, 3, 8, 10
TOTALS = (10, 200, 1000)
LIST, OPENAPI = "/records/production_output/list/", "/api/v1/_openapi"
NOTHING = "from portal.cli.serve import ready"
START = NOTHING + "; ready('web')"  # all that `plumbline web` does before it takes requests


@dataclass(frozen=True)
class Portal:
    """One catalog's application, with a browser that is logged in."""

    total: int
    app: Flask
    client: FlaskClient


def median(work: Callable[[int], object]) -> float:
    """The middle duration of several runs, in seconds."""
    return statistics.median(took(work, number) for number in range(ROUNDS))


def took(work: Callable[[int], object], number: int) -> float:
    """How long one run lasts, in seconds."""
    started = time.perf_counter()
    work(number)
    return time.perf_counter() - started


def started(code: str, environment: dict[str, str]) -> tuple[float, float]:
    """How long a process needs for this code, in seconds; and how long it was at work, which a busy machine spares."""
    command, worked = [sys.executable, "-W", "ignore", "-c", code], []

    def run(_number: int) -> None:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, env=environment, check=True, stderr=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        worked.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

    lasted = statistics.median(took(run, number) for number in range(STARTS))
    return lasted, statistics.median(worked)


def measure(url: str, kind: str, total: int, folder: Path) -> None:
    """Print the figures of one catalog, all but the pages."""
    engine = make_engine(url)
    catalog = bring_to(engine, total)
    environment = {**os.environ, "PLUMBLINE_DATABASE_URL": url, "PLUMBLINE_DATA_DIR": str(folder)}
    with Session(engine) as session:
        loaded = median(lambda _n: load_catalog(session))

    def publish_one(number: int) -> None:
        nonlocal catalog
        catalog = published(engine, catalog, [with_field(catalog, f"extra_{number}")])

    changed = median(publish_one)
    engine.dispose()
    print(f"{kind}, {total} definitions:")
    (whole, worked), (bare, _worked) = started(START, environment), started(NOTHING, environment)
    print(f"  process starts with its catalog   {whole:7.3f} s   (aim 3), {worked:.3f} s of it at work")
    print(f"    of which Python and the imports {bare:7.3f} s")
    print(f"  catalog loaded from the database  {loaded:7.3f} s")
    print(f"  one changed field published       {changed:7.3f} s   (aim 0.5)")


def pages(kind: str, portals: list[Portal]) -> None:
    """Print what the list page and the API's description cost in each catalog."""
    times: dict[int, list[float]] = {one.total: [] for one in portals}
    for one in portals:
        one.client.get(LIST)
    gc.freeze()  # as a process that serves does
    for _block in range(BLOCKS):
        for one in portals:
            times[one.total] += [took(lambda _n, c=one.client: c.get(LIST), n) for n in range(BLOCK)]  # type: ignore[misc]
    few = statistics.median(times[portals[0].total])
    print(f"{kind}, pages:")
    for one in portals:
        with statements(one.app) as sent:
            one.client.get(LIST)
        shown = statistics.median(times[one.total])
        one.client.get(OPENAPI)
        described = median(lambda _n, c=one.client: c.get(OPENAPI))  # type: ignore[misc]
        print(
            f"  {one.total:5} definitions: list {shown * 1000:6.1f} ms, {shown / few:4.2f} of that with"
            f" {portals[0].total} (aim 1.2), {len(sent)} statements (aim 6); OpenAPI kept"
            f" {described * 1000:6.1f} ms (aim 50)"
        )


@contextmanager
def opened(url: str, total: int, folder: Path) -> Iterator[Portal]:
    """The portal on one catalog."""
    app = site(url, folder)
    yield Portal(total, app, logged_in(app, "hana"))
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def main(kinds: tuple[str, ...] = ("sqlite", "postgresql")) -> None:
    """All figures."""
    with ExitStack() as stack:
        backends = find_all(stack, durable=True)
        databases = Databases(backends, stack)
        for kind in (k for k in kinds if backends[k].url):
            with ExitStack() as held:
                portals = []
                for total in TOTALS:
                    url = held.enter_context(databases.copy(kind, "demo site", prepare))
                    folder = Path(held.enter_context(tempfile.TemporaryDirectory()))
                    measure(url, kind, total, folder)
                    portals.append(held.enter_context(opened(url, total, folder)))
                pages(kind, portals)


if __name__ == "__main__":
    main(tuple(sys.argv[1:]) or ("sqlite", "postgresql"))
