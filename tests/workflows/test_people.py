"""Who stands behind an account, read from the definition that holds people."""

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from metadata import packs, records
from metadata.access import Actor
from metadata.catalog import EMPTY, Catalog
from metadata.engine import publishing, writing
from metadata.publish import publish
from tests.workflows.installed import START, engine_for
from workflows.people import person_for

SYSTEM = Actor("setup", system=True)


@pytest.fixture
def site(database_url: str) -> Iterator[tuple[Session, Catalog]]:
    """The organisation pack, with Li Wei in it."""
    engine = engine_for(database_url)
    documents = packs.load("organisation").documents
    with publishing(), Session(engine) as session, session.begin():
        catalog = publish(session, EMPTY, documents, actor=SYSTEM, comment="start", now=START)
    with writing(), Session(engine) as session, session.begin():
        department = records.create(
            session, catalog, "department", SYSTEM, {"code": "sales", "name": "Sales"}, now=START
        )
        values = {"number": "E7", "name": "Li Wei", "name_zh": "李伟", "account": "liwei", "language": "zh"}
        values |= {"email": "liwei@example.org", "department": department.id, "hired_on": "2024-01-01"}
        records.create(session, catalog, "employee", SYSTEM, values, now=START)
    with Session(engine) as session:
        yield session, catalog
    engine.dispose()


class TestPersonFor:
    def test_gives_name_in_their_language_address_and_language(self, site: tuple[Session, Catalog]) -> None:
        person = person_for(*site, "liwei")
        assert person is not None
        assert (person.name, person.email, person.language) == ("李伟", "liwei@example.org", "zh")

    def test_knows_nobody_by_another_or_an_empty_account(self, site: tuple[Session, Catalog]) -> None:
        assert person_for(*site, "mika") is None
        assert person_for(*site, "") is None

    def test_knows_nobody_where_no_definition_holds_people(self, site: tuple[Session, Catalog]) -> None:
        assert person_for(site[0], EMPTY, "liwei") is None
