"""How publishing, starting and listing grow with the number of definitions: `python -m tests.benchmarks.publish_scale`.

Prints medians with what ships and with 200 definitions, on SQLite and on PostgreSQL where there is a
server (as the tests find it). The aims for 200 stand beside the figures.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy.orm import Session

from metadata.engine import make_engine
from metadata.versions import load_catalog
from portal.extensions import db
from tests.backends import find_all
from tests.databases import Databases
from tests.portal.demo_site import logged_in, prepare, site
from tests.portal.many_definitions import bring_to, published, statements, with_field

ROUNDS = 5
TOTALS = (0, 200)
LIST = "/records/production_output/list/"
START = (
    "from portal import config; from portal.app import create_app; from portal.extensions import db;"
    "app = create_app(config.load());\n"
    "with app.app_context(): app.extensions['plumbline_catalogs'].current(db.session())"
)


def median(work: Callable[[int], object]) -> float:
    """The middle duration of several runs, in seconds."""
    times = []
    for number in range(ROUNDS):
        started = time.perf_counter()
        work(number)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def measure(url: str, kind: str, total: int) -> None:
    """Print the figures of one database."""
    engine = make_engine(url)
    catalog = bring_to(engine, total)
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PLUMBLINE_DATABASE_URL": url, "PLUMBLINE_DATA_DIR": folder}
        command = [sys.executable, "-W", "ignore", "-c", START]
        started = median(lambda _n: subprocess.run(command, env=environment, check=True, stderr=subprocess.DEVNULL))
        with Session(engine) as session:
            loaded = median(lambda _n: load_catalog(session))

        def publish_one(number: int) -> None:
            nonlocal catalog
            catalog = published(engine, catalog, [with_field(catalog, f"extra_{number}")])

        changed = median(publish_one)
        app = site(url, Path(folder))
        client = logged_in(app, "hana")
        client.get(LIST)
        shown = median(lambda _n: client.get(LIST))
        with statements(app) as sent:
            client.get(LIST)
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
    engine.dispose()
    print(f"{kind}, {len(catalog.entities)} definitions:")
    print(f"  process starts with its catalog   {started:7.3f} s   (aim 3)")
    print(f"  catalog loaded from the database  {loaded:7.3f} s")
    print(f"  one changed field published       {changed:7.3f} s   (aim 0.5)")
    print(f"  list page                         {shown:7.3f} s, {len(sent)} statements (aim 6)")


def main() -> None:
    """All figures."""
    with ExitStack() as stack:
        backends = find_all(stack)
        databases = Databases(backends, stack)
        for kind in ("sqlite", "postgresql"):
            for total in TOTALS if backends[kind].url else ():
                with databases.copy(kind, "demo site", prepare) as url:
                    measure(url, kind, total)


if __name__ == "__main__":
    main()
