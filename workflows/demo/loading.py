"""Writes the demo company through the record door, set-based, in the caller's transaction.

The packs in `PACKS` are installed before. The generated past is no news: the events that it leaves are
settled at once, so that nobody is mailed or enrolled because of what happened last year.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from metadata import records, store
from metadata.access import Actor, system
from metadata.catalog import Catalog
from metadata.errors import Conflict, Invalid
from workflows.demo.courses import training
from workflows.demo.goals import GIVEN_TO, GIVEN_UNDER, TEMPLATE, resources, templates
from workflows.demo.history import observations
from workflows.demo.people import SMALLEST, Company, company
from workflows.demo.periods import half_years
from workflows.demo.rows import Batch
from workflows.demo.story import DEPARTMENT, cycles, heads, objectives, running, scorecards
from workflows.goals.templates import giving
from workflows.goals.templates.asking import Wanted
from workflows.goals.templates.recipients import Asked

PACKS = ("organisation", "performance", "goals", "training")
ACTOR = "demo"
EMPLOYEES, SEED = 240, 2015
LARGEST = 100_000

Ids = dict[str, dict[str, int]]


@dataclass(frozen=True)
class Loaded:
    """How many records of each definition were written."""

    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.counts.values())


def is_loaded(session: Session, catalog: Catalog) -> bool:
    """Whether there are departments already: the demo is for an empty portal."""
    if "department" not in catalog:
        return False
    return session.connection().execute(select(catalog["department"].table.c.id).limit(1)).first() is not None


def load(session: Session, catalog: Catalog, now: datetime, employees: int = EMPLOYEES, seed: int = SEED) -> Loaded:
    """Write the demo company as of `now`; raises Conflict where there is an organisation already."""
    if not SMALLEST <= employees <= LARGEST:
        limits = {"least": SMALLEST, "most": LARGEST}
        raise Invalid("The demo company can have from %(least)s to %(most)s employees.", params=limits)
    if is_loaded(session, catalog):
        raise Conflict("There are departments already; the demo company needs an empty portal.")
    people = company(now.date(), employees, seed)
    actor, ids, counts = system(ACTOR), Ids(), dict[str, int]()
    newest_event = _newest_event(session)
    for batch in people.batches:
        _write(session, catalog, actor, batch, ids, counts, now)
    _appoint(session, catalog, actor, heads(people), ids, now)
    for batch in _story(people, now, seed):
        _write(session, catalog, actor, batch, ids, counts, now)
    counts["objective_individual"] += _give(session, catalog, actor, ids, now)
    _settle_events(session, newest_event, now)
    return Loaded(counts)


def _story(people: Company, now: datetime, seed: int) -> Iterator[Batch]:
    halves = half_years(now)
    today = now.date()
    yield from scorecards()
    yield cycles(halves[1], today)
    yield resources()
    yield from objectives(*halves, today)
    yield templates()
    yield from training(people, now, seed)
    yield from observations(people, halves, seed)


def _write(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    batch: Batch,
    ids: Ids,
    counts: dict[str, int],
    now: datetime,
) -> None:
    name = batch.definition
    values = [_with_ids(catalog, name, row.values, ids) for row in batch.rows]
    created = records.create_many(session, catalog, name, actor, values, now=now).created
    known = ids.setdefault(name, {})
    known.update({row.key: record_id for row, record_id in zip(batch.rows, created, strict=True) if row.key})
    counts[name] = counts.get(name, 0) + len(created)


def _with_ids(catalog: Catalog, name: str, values: Mapping[str, Any], ids: Ids) -> dict[str, Any]:
    fields = catalog[name].definition.fields
    found: dict[str, Any] = {}
    for field, value in values.items():
        target, inner = fields[field].ref, fields[field].rows
        if inner:
            found[field] = [
                {n: ids[ref][v] if (ref := inner[n].ref) and v is not None else v for n, v in row.items()}
                for row in value
            ]
        else:
            found[field] = ids[target][value] if target and value is not None else value
    return found


def _appoint(session: Session, catalog: Catalog, actor: Actor, batch: Batch, ids: Ids, now: datetime) -> None:
    values = [_with_ids(catalog, batch.definition, row.values, ids) for row in batch.rows]
    records.merge_many(session, catalog, batch.definition, actor, values, now=now, key=("code",))


def _give(session: Session, catalog: Catalog, actor: Actor, ids: Ids, now: datetime) -> int:
    """Give the template to a department, as its head would, and tell nobody; how many goals."""
    period = running(half_years(now)[1], now.date())
    people = Asked(ids["department"][GIVEN_TO], without_account=True)
    above = (DEPARTMENT, ids[DEPARTMENT][GIVEN_UNDER])
    wanted = Wanted(ids["goal_template"][TEMPLATE], people, period.start, period.end, above)
    given = giving.begin(session, catalog, actor, wanted, now)
    while given.waiting:
        giving.give(session, catalog, actor, given, now, tell=False)
        given = giving.load(session, given.id)
    return given.goals.get(giving.GIVEN, 0)


def _newest_event(session: Session) -> int:
    found = session.connection().execute(select(func.max(store.outbox.c.id))).scalar()
    return int(found or 0)


def _settle_events(session: Session, newest_before: int, now: datetime) -> None:
    statement = update(store.outbox).where(store.outbox.c.id > newest_before, store.outbox.c.actor == ACTOR)
    session.connection().execute(statement.values(done_at=now))
