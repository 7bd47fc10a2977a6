"""The question "why can't they see this?" as a form and REST ask it: who, which definition, record, field.

Called by portal/views/why.py and portal/api/access.py. HR asks about everybody but IT, and only about records that HR
may see.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask_appbuilder.security.sqla.models import User
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from metadata import records, why
from metadata.access import Actor, load_actor
from metadata.catalog import Catalog, Entity
from metadata.errors import Invalid, NotFound, Problem
from metadata.model import Field
from metadata.records import Record
from metadata.why import Explained
from portal.accounts import rules

NO_ACCOUNT = "There is no account “%(name)s”."
NO_DEFINITION = "There is no definition called “%(name)s”."
NO_FIELD = "There is no field called “%(name)s”."
NO_NUMBER = "The id of a record is expected here."
WRONG = "The question can't be answered like this."
SWITCHED_OFF = "The account is not active: it can't log in."


@dataclass(frozen=True)
class Asked:
    """What was asked, found: whose account, which definition, and record and field where they were named."""

    account: User
    actor: Actor
    entity: Entity
    record: Record | None
    item: Field | None


def read(session: Session, catalog: Catalog, asker: Actor, given: Mapping[str, str]) -> Asked:
    """What the arguments `account`, `definition`, `record` and `field` name; raises Invalid with every problem."""
    problems = []
    account = _account(session, given.get("account", ""))
    if account is None or not rules.may_touch(asker, [r.name for r in account.roles]):
        problems.append(Problem("/account", NO_ACCOUNT, {"name": given.get("account", "")}))
    name = given.get("definition", "")
    entity = catalog.entities.get(name)
    if entity is None or not entity.definition.stores_records:
        problems.append(Problem("/definition", NO_DEFINITION, {"name": name}))
    wanted, number = given.get("field", ""), given.get("record", "").strip().lstrip("#")
    if entity is not None and wanted and wanted not in entity.definition.fields:
        problems.append(Problem("/field", NO_FIELD, {"name": wanted}))
    if number and not number.isdecimal():
        problems.append(Problem("/record", NO_NUMBER))
    if problems or account is None or entity is None:
        raise Invalid(WRONG, problems=problems)
    actor = load_actor(session, catalog, account.username, [r.name for r in account.roles])
    record = _record(session, catalog, asker, entity, int(number)) if number else None
    return Asked(account, actor, entity, record, entity.definition.fields.get(wanted))


def _account(session: Session, name: str) -> User | None:
    wanted = select(User).where(User.username == name.strip()).options(joinedload(User.roles))
    return session.execute(wanted).unique().scalar_one_or_none()


def _record(session: Session, catalog: Catalog, asker: Actor, entity: Entity, number: int) -> Record:
    try:
        return records.find(session, catalog, entity.name, asker, number, removed=True)
    except NotFound as error:
        raise Invalid(WRONG, problems=[Problem("/record", error.message)]) from None


def answer(session: Session, catalog: Catalog, asked: Asked) -> Explained:
    """Every action, with the rules that decide."""
    number = asked.record.id if asked.record else None
    return why.explain(session, catalog, asked.actor, asked.entity, record_id=number, item=asked.item)
