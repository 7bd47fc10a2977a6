"""Ours against a hand-written Flask-AppBuilder and a bare Flask, on one PostgreSQL table of 100 000 rows.

`python -m tests.benchmarks.rest [rounds]` makes a database through the engine, serves all three with the same
server settings and the same cookie, asks them in turn, and prints medians and ratios of one run. `serve` is
what the server processes call.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.request import urlopen

import orjson
from flask import Flask, Response, abort, request, session
from flask.sessions import SecureCookieSessionInterface
from flask_appbuilder import AppBuilder, Model, ModelRestApi, ModelView
from flask_appbuilder.models.sqla.base import SQLA
from flask_appbuilder.models.sqla.interface import SQLAInterface
from gunicorn.app.base import BaseApplication
from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Integer,
    Numeric,
    String,
    create_engine,
    text,
)
from sqlalchemy.orm import Session, relationship

from metadata import records
from metadata.access import system
from metadata.engine import make_engine, writing
from metadata.versions import load_catalog
from portal import app as portal_app
from portal import config
from portal.accounts.login import LOGIN_KEY
from portal.extensions import db
from tests.backends import find_postgresql, free_port
from tests.databases import Databases
from tests.waiting import eventually
from tests.workflows.demo_company import install_packs
from workflows import accounts

ROWS, DEPARTMENTS, CHUNK = 100_000, 20, 5_000
BLOCK = 10  # requests to one server before the next has its turn: none is judged by the caches that another emptied
LINES, SHIFTS = ("stamping", "casting", "assembly"), ("early", "late")
SECRET = "for-benchmarks-only-0123456789abcdefghijklmnopqrstuvwxyz"
NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
AIMS = {"list": (1.5, 0.4), "one": (2.5, 0.3), "change": (4.0, 0.7), "html": (None, 0.5)}
SYSTEMS = ("ours", "bare", "fab")


@dataclass(frozen=True)
class Place:
    """What the three need to know: the database, the cookie's content, and one department."""

    url: str
    user: int
    login: str
    department: int
    columns: dict[str, str]


def fill(url: str) -> Place:
    """The table, an account, and a login."""
    engine = make_engine(url)
    catalog = install_packs(engine)
    actor = system("benchmark")
    with writing(), Session(engine) as unit, unit.begin():
        rows = [{"code": f"D{i:02}", "name": f"Department {i}", "name_zh": f"部门{i}"} for i in range(DEPARTMENTS)]
        made = records.create_many(unit, catalog, "department", actor, rows, now=NOW).created
    batch: list[dict[str, Any]] = []
    for number, row in enumerate(_observations(made)):
        batch.append(row)
        if len(batch) == CHUNK or number + 1 == ROWS:
            with Session(engine) as unit, unit.begin():
                records.create_many(unit, catalog, "production_output", actor, batch, now=NOW, form="python")
            batch = []
    engine.dispose()
    with tempfile.TemporaryDirectory() as folder:
        return Place(url, *_account(url, folder), made[3], _columns(url))


def _observations(departments: list[int]) -> Iterator[dict[str, Any]]:
    combinations = [(d, line, shift) for d in departments for line in LINES for shift in SHIFTS]
    for number in range(ROWS):
        department, line, shift = combinations[number % len(combinations)]
        day = date(2024, 1, 1) + timedelta(days=number // len(combinations))
        yield {"day": day, "department": department, "line": line, "shift": shift, "planned": 100, "produced": 90}


def _columns(url: str) -> dict[str, str]:
    engine = make_engine(url)
    with Session(engine) as unit:
        catalog = load_catalog(unit)
        found = {f.name: f.column for f in catalog["production_output"].definition.fields.values()}
        found["department_name"] = catalog["department"].definition.fields["name"].column
    engine.dispose()
    return found


def _account(url: str, folder: str) -> tuple[int, str]:
    app = ours(url, folder)
    portal_app.migrate(app)
    with app.app_context():
        manager = app.appbuilder.sm  # type: ignore[attr-defined]
        roles = [manager.find_role("HR admin"), manager.add_role("Admin")]
        user = manager.add_user("bench", "Be", "Nch", "b@example.org", roles[:1], "bench-demo")
        fab_user = manager.add_user("fabbench", "Fab", "Bench", "f@example.org", roles[1:], "bench-demo")
        assert user, fab_user
        with writing():
            db.session.rollback()
            login = accounts.begin(db.session(), "bench", datetime.now(UTC))
            db.session.commit()
        number = user.id
        db.session.remove()
        db.engine.dispose()
    with create_engine(url).begin() as connection:
        connection.execute(text("ANALYZE"))
    return number, login


def ours(url: str, folder: str) -> Flask:
    """The portal."""
    return portal_app.create_app(
        config.load({"PLUMBLINE_DATABASE_URL": url, "PLUMBLINE_DATA_DIR": folder, "PLUMBLINE_SECRET_KEY": SECRET})
    )


def bare(place: Place) -> Flask:
    """Flask, SQLAlchemy Core and orjson: the least that answers the same questions behind the same cookie."""
    app = Flask("bare")
    app.secret_key = SECRET
    engine = create_engine(place.url, pool_size=10)
    c = place.columns
    allowed = text(
        "SELECT u.id FROM ab_user u JOIN plumbline_login l ON l.account = u.username"
        " WHERE u.id = :user AND l.key = :key AND l.until > now() AND u.active"
    )
    fields = ", ".join(f'o."{c[n]}" AS "{n}"' for n in ("day", "department", "line", "shift", "planned", "produced"))
    source = f'FROM rec_production_output o LEFT JOIN rec_department d ON d.id = o."{c["department"]}"'
    where = f'WHERE o._removed_at IS NULL AND o."{c["department"]}" = :department AND o."{c["line"]}" = :line'
    label = f'd."{c["department_name"]}" AS label'
    listed = text(
        f'SELECT o.id, o._version, {fields}, {label} {source} {where} ORDER BY o."{c["day"]}" DESC, o.id DESC LIMIT 25'
    )
    counted = text(f"SELECT count(*) FROM rec_production_output o {where}")
    found = text(f'SELECT o.id, o._version, {fields}, o."{c["note"]}" AS note, {label} {source} WHERE o.id = :id')
    held = text("SELECT _version FROM rec_production_output WHERE id = :id FOR UPDATE")
    changed = text(
        f'UPDATE rec_production_output SET "{c["note"]}" = :note, _version = _version + 1 WHERE id = :id'
        f' RETURNING id, _version, "{c["note"]}" AS note'
    )

    def check(connection: Any) -> None:
        key = accounts.hash_of(str(session.get(LOGIN_KEY, "")))
        if connection.execute(allowed, {"user": int(session.get("_user_id", 0)), "key": key}).first() is None:
            abort(401)

    def plain(row: Any) -> dict[str, Any]:
        return {k: float(v) if k in {"planned", "produced"} and v is not None else v for k, v in row.items()}

    @app.get("/list")
    def many() -> Response:
        given = {"department": int(request.args["department"]), "line": request.args["line"]}
        with engine.connect() as connection:
            check(connection)
            rows = [plain(row) for row in connection.execute(listed, given).mappings()]
            count = connection.execute(counted, given).scalar_one()
        body = {"count": count, "ids": [row["id"] for row in rows], "result": rows}
        return Response(orjson.dumps(body), mimetype="application/json")

    @app.get("/one/<int:number>")
    def one(number: int) -> Response:
        with engine.connect() as connection:
            check(connection)
            row = connection.execute(found, {"id": number}).mappings().one()
        return Response(orjson.dumps({"id": number, "result": plain(row)}), mimetype="application/json")

    @app.put("/one/<int:number>")
    def change(number: int) -> Response:
        note = orjson.loads(request.get_data())["note"]
        with engine.begin() as connection:
            check(connection)
            connection.execute(held, {"id": number}).one()
            row = connection.execute(changed, {"id": number, "note": note}).mappings().one()
            body = orjson.dumps({"id": number, "result": dict(row)})
        return Response(body, mimetype="application/json")

    return app


def fab(place: Place) -> Flask:
    """What a developer writes by hand with Flask-AppBuilder for the same table."""
    c = place.columns
    department = type(
        "Department",
        (Model,),
        {
            "__tablename__": "rec_department",
            "id": Column(BigInteger, primary_key=True),
            "name": Column(c["department_name"], String),
            "__str__": lambda self: self.name,
        },
    )
    output = type(
        "Output",
        (Model,),
        {
            "__tablename__": "rec_production_output",
            "id": Column(BigInteger, primary_key=True),
            "_version": Column(Integer, default=1),
            "_removed_at": Column(DateTime),
            "day": Column(c["day"], Date),
            # the framework finds a foreign key by its column's name, so the attribute is called the same
            c["department"]: Column(c["department"], BigInteger, ForeignKey("rec_department.id")),
            "unit": relationship(department),
            "line": Column(c["line"], String),
            "shift": Column(c["shift"], String),
            "planned": Column(c["planned"], Numeric),
            "produced": Column(c["produced"], Numeric),
            "note": Column(c["note"], String),
        },
    )
    app = Flask("fab")
    app.config.from_mapping(
        SECRET_KEY=SECRET,
        SQLALCHEMY_DATABASE_URI=place.url,
        SQLALCHEMY_ENGINE_OPTIONS={"pool_size": 10},
        FAB_ADD_SECURITY_VIEWS=True,
        WTF_CSRF_ENABLED=False,
    )
    base = SQLA(app)
    columns = ["day", "unit.name", "line", "shift", "planned", "produced"]

    class OutputApi(ModelRestApi):  # type: ignore[misc]
        resource_name = "output"
        datamodel = SQLAInterface(output, base.session)
        allow_browser_login = True
        list_columns = columns
        show_columns = [*columns, "note"]
        edit_columns = ["note"]
        add_columns = ["note"]
        search_columns = ["day", "unit", "line", "shift"]

    class OutputView(ModelView):  # type: ignore[misc]
        datamodel = SQLAInterface(output, base.session)
        page_size = 25
        list_columns = ["day", "unit.name", "line", "shift", "planned", "produced"]
        search_columns = ["day", "unit", "line", "shift"]

    with app.app_context():
        builder = AppBuilder(app, base.session)
        builder.add_api(OutputApi)
        builder.add_view(OutputView, "Output", category="Data")
    return app


class Server(BaseApplication):  # type: ignore[misc]
    """One process with four threads, for each of the three alike."""

    def __init__(self, make: Callable[[], Flask], port: int) -> None:
        self.make, self.port = make, port
        super().__init__()

    def load_config(self) -> None:
        options = {"bind": f"127.0.0.1:{self.port}", "workers": 1, "threads": 4, "worker_class": "gthread"}
        for name, value in {**options, "keepalive": 60, "timeout": 120, "loglevel": "error"}.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self.make()


def serve(which: str, port: int, place: Place, folder: str) -> None:
    make = {"ours": lambda: _bound(place, folder), "bare": lambda: bare(place), "fab": lambda: fab(place)}[which]
    Server(make, port).run()


def _bound(place: Place, folder: str) -> Flask:
    app = ours(place.url, folder)
    portal_app.bind_workflows(app)
    return app


@contextmanager
def running(which: str, place: Place, folder: str) -> Iterator[http.client.HTTPConnection]:
    """A server process, and one open connection to it."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "tests.benchmarks.rest",
        "serve",
        which,
        str(port),
        json.dumps(vars(place)),
        folder,
    ]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PLUMBLINE_")}
    process = subprocess.Popen(command, env=environment)
    try:
        eventually(lambda: _answers(port), f"{which} to answer", timeout=60)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        yield connection
        connection.close()
    finally:
        process.terminate()
        process.wait(20)


def _answers(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/static/none", timeout=5):
            return True
    except OSError as error:
        return getattr(error, "code", None) is not None


def cookie(user: int, login: str) -> str:
    """The same cookie for all three: they share the key that signs it."""
    signer_app = Flask("signer")
    signer_app.secret_key = SECRET
    signer = SecureCookieSessionInterface().get_signing_serializer(signer_app)
    assert signer is not None
    browser = hashlib.sha512(b"b'127.0.0.1'|None").hexdigest()  # as Flask-Login knows this client again
    content = {"_user_id": str(user), "_fresh": True, "_id": browser, LOGIN_KEY: login}
    return "session=" + str(signer.dumps(content))


def questions(place: Place, ids: list[int]) -> dict[str, dict[str, Callable[[int], tuple[str, str, Any]]]]:
    """What is asked of whom: operation → system → (method, address, body) of a round."""
    d = place.department
    rison = f"(filters:!((col:unit,opr:rel_o_m,value:{d}),(col:line,opr:eq,value:stamping)),order_column:day,order_direction:desc,page:0,page_size:25)"
    root = "/api/v1/production_output"

    def put(address: str) -> Callable[[int], tuple[str, str, Any]]:
        return lambda n: ("PUT", f"{address}{ids[n % len(ids)]}", {"note": f"round {n} {address}"})

    def get(address: str) -> Callable[[int], tuple[str, str, Any]]:
        return lambda n: ("GET", f"{address}{ids[n % len(ids)]}", None)

    plain = f"department={d}&line=stamping&order=-day"
    return {
        "list": {
            "ours": lambda _n: ("GET", f"{root}/?{plain}", None),
            "bare": lambda _n: ("GET", f"/list?department={d}&line=stamping", None),
            "fab": lambda _n: ("GET", f"/api/v1/output/?q={rison}", None),
        },
        "one": {"ours": get(f"{root}/"), "bare": get("/one/"), "fab": get("/api/v1/output/")},
        "change": {"ours": put(f"{root}/"), "bare": put("/one/"), "fab": put("/api/v1/output/")},
        "html": {
            "ours": lambda _n: ("GET", f"/records/production_output/list/?{plain}", None),
            "fab": lambda _n: (
                "GET",
                f"/outputview/list/?_flt_0_unit={d}&_flt_3_line=stamping&_oc_OutputView=day&_od_OutputView=desc",
                None,
            ),
        },
    }


def measure(place: Place, rounds: int) -> dict[str, dict[str, float]]:
    """Medians in milliseconds: operation → system."""
    engine = create_engine(place.url)
    with engine.connect() as connection:
        ids = list(connection.execute(text("SELECT id FROM rec_production_output ORDER BY id LIMIT 5000")).scalars())
        admin = connection.execute(text("SELECT id FROM ab_user WHERE username = 'fabbench'")).scalar_one()
    engine.dispose()
    cookies = {name: cookie(admin if name == "fab" else place.user, place.login) for name in SYSTEMS}
    times: dict[tuple[str, str], list[float]] = {}
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        open_to = {name: stack.enter_context(running(name, place, folder)) for name in SYSTEMS}
        for start in range(-BLOCK, rounds, BLOCK):
            for operation, systems in questions(place, ids).items():
                for name, ask in systems.items():
                    for number in range(start, min(start + BLOCK, rounds)):
                        took = _ask(open_to[name], cookies[name], *ask(number))
                        if number >= 0:
                            times.setdefault((operation, name), []).append(took)
    found: dict[str, dict[str, float]] = {}
    for (operation, name), values in times.items():
        found.setdefault(operation, {})[name] = statistics.median(values) * 1000
    return found


def _ask(connection: http.client.HTTPConnection, crumb: str, method: str, address: str, body: Any) -> float:
    headers = {"Cookie": crumb, "Content-Type": "application/json", "Accept": "application/json, text/html"}
    payload = orjson.dumps(body) if body is not None else None
    began = time.perf_counter()
    connection.request(method, address, payload, headers)
    answer = connection.getresponse()
    content = answer.read()
    took = time.perf_counter() - began
    if answer.status != 200:
        raise SystemExit(f"{method} {address} answered {answer.status}: {content[:500]!r}")
    return took


def report(found: dict[str, dict[str, float]]) -> None:
    print(f"{'':8} {'ours':>8} {'bare':>8} {'fab':>8}   ours/bare (aim)   ours/fab (aim)")
    for operation, by in found.items():
        to_bare, to_fab = AIMS[operation]
        against_bare = f"{by['ours'] / by['bare']:5.2f} ({to_bare})" if "bare" in by else "-"
        against_fab = f"{by['ours'] / by['fab']:5.2f} ({to_fab})"
        numbers = " ".join(f"{by[n]:8.2f}" if n in by else f"{'-':>8}" for n in SYSTEMS)
        print(f"{operation:8} {numbers}   {against_bare:>15}   {against_fab:>14}")


def main(rounds: int = 150) -> dict[str, dict[str, float]]:
    """Make the database, measure, print; the medians in milliseconds."""
    with ExitStack() as stack:
        backends = {"postgresql": find_postgresql(stack, durable=True)}
        if backends["postgresql"].url is None:
            raise SystemExit(f"PostgreSQL is not available: {backends['postgresql'].how}")
        with Databases(backends, stack).fresh("postgresql") as url:
            found = measure(fill(url), rounds)
    print(f"{ROWS} rows on PostgreSQL, medians of {rounds} rounds in ms")
    report(found)
    return found


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(sys.argv[2], int(sys.argv[3]), Place(**json.loads(sys.argv[4])), sys.argv[5])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 150)
