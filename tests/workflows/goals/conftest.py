"""The demo company for goals, with its actors' roles known to the workflows; goals are found by their titles."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from metadata.access import load_actor
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


def key_of(firm: Company, title: str) -> Key:
    with Session(firm.engine) as session:
        for level in levels(firm.catalog):
            table = level.entity.table.c
            found = session.execute(select(table.id).where(table.title == title, table.status == "active")).scalar()
            if found is not None:
                return level.name, int(found)
    raise LookupError(title)
