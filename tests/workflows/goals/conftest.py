"""The demo company for goals, with its actors' roles known to the workflows; goals are found by their titles."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session, sessionmaker

from metadata import publish
from metadata.access import load_actor, system
from metadata.engine import publishing
from metadata.parser import thawed
from tests.waiting import eventually
from tests.workflows.training.conftest import Company, company  # noqa: F401 (the fixture)
from workflows import queue
from workflows.demo import DEMO_LOGINS
from workflows.goals.levels import Key, levels


@pytest.fixture
def firm(company: Company) -> Company:  # noqa: F811 (the fixture)
    roles = {login.username: [login.role] for login in DEMO_LOGINS}
    queue.bind(
        queue.Installation(
            sessions=sessionmaker(company.engine),
            catalog=lambda _session: company.catalog,
            actor=lambda session, catalog, account: load_actor(session, catalog, account, roles.get(account, [])),
            person=lambda _session, _catalog, _account: None,
            clock=lambda: company.now,
        )
    )
    return company


def redefined(firm: Company, name: str, edit: Callable[[dict[str, Any]], Any]) -> None:
    """A definition with something else in its document, published."""
    document = thawed(firm.catalog[name].definition.document)
    edit(document)
    published(firm, document)


def published(firm: Company, document: dict[str, Any]) -> None:
    """Put a definition into force."""
    with publishing(), Session(firm.engine) as session, session.begin():
        firm.catalog = publish.publish(
            session, firm.catalog, [document], actor=system("test"), comment="t", now=firm.now
        )


def scoreless(firm: Company, name: str) -> None:
    """Another level of goals of people, which has no score."""
    document = thawed(firm.catalog["objective_individual"].definition.document)
    document["$id"] = name
    del document["properties"]["score"], document["x-okr"]["score"], document["x-i18n"]["zh"]["properties"]["score"]
    document["x-screen"]["list"].remove("score")
    for section in document["x-screen"]["sections"]:
        section["fields"] = [field for field in section["fields"] if field != "score"]
    for rules in document["x-access"].values():
        for rule in rules if isinstance(rules, list) else [rules]:
            rule.pop("locks", None)
    published(firm, document)


def scored_as(firm: Company, name: str, field: str) -> None:
    """Another level of goals of people, whose score has another name."""
    document = thawed(firm.catalog["objective_individual"].definition.document)
    document = json.loads(json.dumps(document).replace('"score"', f'"{field}"')) | {"$id": name}
    document["x-okr"]["score"] = document["x-okr"].pop(field)
    published(firm, document)


def hidden(firm: Company, name: str, *fields: str) -> None:
    """Hide these fields of a level from employees, except in goals of their own."""

    def edit(document: dict[str, Any]) -> None:
        rules = document["x-access"]["Employee"]
        for rule in rules if isinstance(rules, list) else [rules]:
            if rule["rows"] != "own":
                rule["hides"] = list(fields)

    redefined(firm, name, edit)


def together(firm: Company, first: Callable[[Session], Any], second: Callable[[Session], Any]) -> None:
    """Two at once on PostgreSQL: the second begins before the first has committed, and has to wait for it."""

    def other() -> None:
        with Session(firm.engine) as session, session.begin():
            second(session)

    def waits() -> bool:
        with Session(firm.engine) as session:
            held = (
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            return bool(session.execute(text(held)).scalar_one())

    with ThreadPoolExecutor(1) as pool, Session(firm.engine) as session, session.begin():
        first(session)
        told = pool.submit(other)
        eventually(lambda: waits() or told.done(), "the second to wait for the first")
        session.commit()
        told.result(60)


def key_of(firm: Company, title: str) -> Key:
    with Session(firm.engine) as session:
        for level in levels(firm.catalog):
            table = level.entity.table.c
            found = session.execute(select(table.id).where(table.title == title, table.status == "active")).scalar()
            if found is not None:
                return level.name, int(found)
    raise LookupError(title)
