"""Scenarios: a changed scorecard that is kept with its question, shared for comment, and published as it is.

Called by pages and REST of what-if. Whoever may try scorecards keeps scenarios of their own; a shared one is seen,
tried and commented on by all who may try, each on their own people. Promises: only its owner changes a scenario or
takes it back; publishing needs the right to edit scorecards and writes exactly the content that was tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, or_, select, update
from sqlalchemy.orm import Session

from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.errors import Invalid, NotAllowed, NotFound, Problem, StaleVersion
from metadata.records.read import HIDDEN_RECORD
from metadata.validation import REQUIRED
from workflows.score_store import scenario_comments, scenarios
from workflows.scorecards import content as contents
from workflows.scorecards import versions
from workflows.scorecards.content import Content
from workflows.whatif import trial
from workflows.whatif.trial import Settings

LONGEST_NAME, LONGEST_TEXT = 120, 2000
NOT_YOURS = "This scenario belongs to %(who)s; save your changes under a name of your own."
EDITED = "This scenario was saved elsewhere meanwhile; look at it before you save yours."
NOT_SAVED = "The scenario was not saved."


@dataclass(frozen=True)
class Scenario:
    """A kept scenario."""

    id: int
    name: str
    scorecard_id: int
    owner: str
    shared: bool
    at: datetime
    version: int
    based_on: str
    content: Content
    settings: Mapping[str, str]
    published_at: datetime | None


@dataclass(frozen=True)
class Comment:
    """What somebody said about a scenario."""

    author: str
    at: datetime
    text: str


COLUMNS = tuple(scenarios.c[name] for name in Scenario.__dataclass_fields__)


def _seen(actor: Actor) -> ColumnElement[bool]:
    return or_(scenarios.c.owner == actor.username, scenarios.c.shared.is_(True))


def listed(session: Session, catalog: Catalog, actor: Actor) -> list[Scenario]:
    """The actor's own scenarios and the shared ones, the newest first."""
    trial.require(catalog, actor)
    statement = select(*COLUMNS).where(_seen(actor)).order_by(scenarios.c.at.desc(), scenarios.c.id.desc())
    return [Scenario(*row) for row in session.execute(statement.limit(200))]


def one(session: Session, catalog: Catalog, actor: Actor, scenario_id: int) -> Scenario:
    """One scenario; NotFound for others' private ones."""
    trial.require(catalog, actor)
    row = session.execute(select(*COLUMNS).where(scenarios.c.id == scenario_id, _seen(actor))).first()
    if row is None:
        raise NotFound(HIDDEN_RECORD)
    return Scenario(*row)


def save(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    card_id: int,
    name: str,
    content: Content,
    settings: Settings,
    *,
    now: datetime,
    scenario_id: int | None = None,
    version: int | None = None,
) -> int:
    """Keep a new scenario, or change the own one; its id."""
    trial.card(session, catalog, actor, card_id)
    name = name.strip()
    problems = contents.unreadable(content)
    if not name:
        problems.append(Problem("/name", REQUIRED))
    if len(name) > LONGEST_NAME:
        problems.append(Problem("/name", contents.TOO_LONG, {"limit": LONGEST_NAME}))
    if problems:
        raise Invalid(NOT_SAVED, problems=problems)
    values: dict[str, Any] = {"name": name, "content": content, "settings": settings.as_json(), "at": now}
    if scenario_id is None:
        based_on = contents.digest(contents.live(session, catalog, card_id))
        values |= {"scorecard_id": card_id, "owner": actor.username, "based_on": based_on}
        return int(session.execute(insert(scenarios).values(**values).returning(scenarios.c.id)).scalar_one())
    kept = _own(session, catalog, actor, scenario_id)
    expected = kept.version if version is None else version
    mine = (scenarios.c.id == scenario_id, scenarios.c.version == expected)
    moved = session.execute(update(scenarios).where(*mine).values(**values, version=expected + 1))
    if not moved.rowcount:  # type: ignore[attr-defined]
        raise StaleVersion(EDITED, theirs=kept)
    return scenario_id


def share(
    session: Session, catalog: Catalog, actor: Actor, scenario_id: int, *, now: datetime, shared: bool = True
) -> None:
    """Let everybody who may try scorecards see it, or take it back."""
    del now
    _own(session, catalog, actor, scenario_id)
    session.execute(update(scenarios).where(scenarios.c.id == scenario_id).values(shared=shared))


def remove(session: Session, catalog: Catalog, actor: Actor, scenario_id: int, *, now: datetime) -> None:
    """Forget the own scenario and what was said about it."""
    del now
    _own(session, catalog, actor, scenario_id)
    session.execute(delete(scenario_comments).where(scenario_comments.c.scenario_id == scenario_id))
    session.execute(delete(scenarios).where(scenarios.c.id == scenario_id))


def publish(session: Session, catalog: Catalog, actor: Actor, scenario_id: int, *, now: datetime) -> int:
    """Make it the scorecard, as it is; the number of the version."""
    found = one(session, catalog, actor, scenario_id)
    number = versions.publish(
        session,
        catalog,
        actor,
        found.scorecard_id,
        found.content,
        now=now,
        based_on=found.based_on,
        comment=found.name,
    )
    session.execute(update(scenarios).where(scenarios.c.id == scenario_id).values(published_at=now))
    return number


def say(session: Session, catalog: Catalog, actor: Actor, scenario_id: int, text: str, *, now: datetime) -> None:
    """Comment on a scenario that one may see."""
    one(session, catalog, actor, scenario_id)
    text = text.strip()
    if not text:
        raise Invalid(REQUIRED, field="text")
    if len(text) > LONGEST_TEXT:
        raise Invalid(contents.TOO_LONG, params={"limit": LONGEST_TEXT}, field="text")
    values = {"scenario_id": scenario_id, "author": actor.username, "at": now, "text": text}
    session.execute(insert(scenario_comments).values(**values))


def comments(session: Session, scenario_id: int) -> list[Comment]:
    """What was said about a scenario that the caller may see, in order."""
    t = scenario_comments.c
    statement = select(t.author, t.at, t.text).where(t.scenario_id == scenario_id).order_by(t.id)
    return [Comment(*row) for row in session.execute(statement)]


def _own(session: Session, catalog: Catalog, actor: Actor, scenario_id: int) -> Scenario:
    found = one(session, catalog, actor, scenario_id)
    if found.owner != actor.username:
        raise NotAllowed(NOT_YOURS, params={"who": found.owner})
    return found
