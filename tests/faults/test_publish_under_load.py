"""Forty publishes of one definition while eight clients read and write it through two web processes."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from metadata import publish, store
from metadata.access import system
from metadata.catalog import Catalog
from metadata.engine import make_engine, publishing
from metadata.parser import thawed
from metadata.versions import load_catalog
from tests.faults.clients import LIST, REST, Client
from tests.portal.demo_site import prepare
from tests.processes import product_environment, running_product
from tests.waiting import eventually

CLIENTS, PUBLISHES, PROCESSES = 8, 40, 2
BETWEEN = 12  # requests answered between two publishes


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on at the moment."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


@pytest.fixture
def company(database_kind, databases, tmp_path) -> Iterator[tuple[Engine, list[str]]]:
    """A database with the demo company, and the addresses of two web processes on it."""
    with databases.copy(database_kind, "demo site", prepare) as url, ExitStack() as stack:
        addresses = []
        for port in free_ports(PROCESSES):
            environment = product_environment(tmp_path / str(port), DATABASE_URL=url, BIND=f"127.0.0.1:{port}")
            address = f"http://127.0.0.1:{port}"
            command = ("web", "--workers", "1")
            stack.enter_context(running_product(*command, environment=environment, ready=f"{address}/healthz"))
            addresses.append(address)
        engine = make_engine(url)
        yield engine, addresses
        engine.dispose()


def publish_one(engine: Engine, number: int) -> Catalog:
    """A new field, or a new choice for the last one: additive, one after the other."""
    with publishing(), Session(engine) as session:
        catalog = load_catalog(session)
        document: dict[str, Any] = thawed(catalog["production_output"].definition.document)
        name = f"extra_{number // 2}"
        if number % 2:
            document["properties"][name]["enum"].append("fair")
        else:
            document["properties"][name] = {"type": "string", "enum": ["good", "bad"], "default": "good"}
        comment, now = f"publish {number}", datetime.now(UTC)
        after = publish.publish(session, catalog, [document], actor=system("t"), comment=comment, now=now)
        session.commit()
    return after


def department_of(engine: Engine) -> int:
    with Session(engine) as session:
        table = load_catalog(session)["department"].table
        return int(session.execute(select(func.min(table.c.id))).scalar_one())


def columns_of(client: Client, place: int) -> set[str]:
    """The fields that one process knows at its next request."""
    return {column["name"] for column in client.send("GET", f"{REST}_info", at=place).json["columns"]}


@pytest.mark.faults
@pytest.mark.serial
def test_forty_publishes_under_load_fail_nobody_and_lose_nothing(company):
    engine, addresses = company
    with Session(engine) as session:
        before = load_catalog(session).version
    newest: list[str] = []
    clients = [Client(number, addresses, newest=newest) for number in range(CLIENTS)]
    watcher = Client(CLIENTS, addresses)
    for client in [*clients, watcher]:
        client.log_in()
    stop, department = threading.Event(), department_of(engine)
    threads = [threading.Thread(target=client.work, args=(department, stop)) for client in clients]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    slowest = 0.0
    try:
        for number in range(PUBLISHES):
            goal = sum(client.requests for client in clients) + BETWEEN
            eventually(lambda goal=goal: sum(c.requests for c in clients) >= goal, "the clients to go on", timeout=60)
            begun = time.perf_counter()
            publish_one(engine, number)
            slowest = max(slowest, time.perf_counter() - begun)
            newest.append(f"extra_{number // 2}")
            if number % 10 == 9:
                assert [newest[-1] in columns_of(watcher, place) for place in range(PROCESSES)] == [True] * PROCESSES
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    took = time.perf_counter() - started
    for client in clients:
        client.check_all()
    assert [failure for client in clients for failure in client.failed] == []
    keys = [key for client in clients for key in client.acknowledged]
    asked = sum(client.requests for client in clients)
    print(f"{PUBLISHES} publishes (slowest {slowest:.2f} s), {asked} requests, {len(keys)} records in {took:.1f} s")
    assert len(set(keys)) == len(keys) >= CLIENTS
    with Session(engine) as session:
        catalog = load_catalog(session)
        table, audit = catalog["production_output"].table, store.audit.c
        written = session.execute(select(func.count()).where(table.c._created_by == "hana")).scalar_one()
        changes = select(func.count()).where(audit.definition == "production_output", audit.actor == "hana")
        told = session.execute(changes).scalar_one()
    assert catalog.version == before + PUBLISHES
    assert written == len(keys)
    assert told == sum(version for client in clients for _value, version in client.acknowledged.values())
    for place in range(PROCESSES):
        assert newest[-1] in columns_of(watcher, place)
        assert watcher.send("GET", LIST, at=place).status == 200
