"""Guided tours inside the portal: the walkthrough definitions that are meant for a person, and how far each got.

Called by the portal's help menu, start page and tour player. A definition names the role that its tour is for (none:
everybody) and its steps; progress is one row for each account and tour, so it survives reload, log-out and a change of
device. Promises: a step number always points into the tour as it is now, also after it was edited; a finished tour
ticks off the onboarding step that asked for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import select
from sqlalchemy.orm import Session

from metadata import access
from metadata.access import ADMIN, Actor
from metadata.catalog import Catalog, Entity
from metadata.errors import Invalid, NotFound
from workflows.onboarding.tasks import settle_tour
from workflows.store import insert_new, tour_progress

KIND = "walkthrough"
EVERYBODY = "Employee"  # a head or a trainer is an employee too
State = Literal["started", "done", "dismissed"]
STATES: tuple[State, ...] = get_args(State)
NO_TOUR = "There is no such tour, or it is not meant for you."
UNKNOWN_STATE = "A tour is started, done or dismissed."
UNKNOWN_STEP = "The tour has steps 0 to %(last)s."


@dataclass(frozen=True)
class Step:
    """One stop: the page (`*` stands for one part of an address), the element to point at, and what to read."""

    page: str
    element: str
    title: str
    text: str
    done: str


@dataclass(frozen=True)
class Tour:
    """A tour in one language, and how far the person got; `state` is empty for one never begun."""

    name: str
    title: str
    description: str
    role: str
    steps: tuple[Step, ...]
    state: State | Literal[""] = ""
    step: int = 0


def tours(session: Session, catalog: Catalog, actor: Actor, language: str = "en") -> list[Tour]:
    """The tours that are meant for this person, with progress; one statement."""
    meant = [entity for entity in catalog.entities.values() if _meant_for(actor, entity)]
    if not meant:
        return []
    rows = session.execute(select(tour_progress).where(tour_progress.c.account == actor.username)).mappings()
    progress = {row["walkthrough"]: row for row in rows}
    return [_tour(entity, language, progress.get(entity.name)) for entity in meant]


def tour(session: Session, catalog: Catalog, actor: Actor, name: str, language: str = "en") -> Tour:
    """One tour; raises NotFound alike for one that is missing and one that is for others."""
    if name not in catalog or not _meant_for(actor, catalog[name]):
        raise NotFound(NO_TOUR)
    mine = (tour_progress.c.account == actor.username, tour_progress.c.walkthrough == name)
    row = session.execute(select(tour_progress).where(*mine)).mappings().first()
    return _tour(catalog[name], language, row)


def move(session: Session, catalog: Catalog, actor: Actor, name: str, *, state: str, step: int, now: datetime) -> None:
    """Remember how far the person is."""
    found = tour(session, catalog, actor, name)
    if state not in STATES:
        raise Invalid(UNKNOWN_STATE, field="state")
    last = len(found.steps) - 1
    if not 0 <= step <= last:
        raise Invalid(UNKNOWN_STEP, params={"last": last}, field="step")
    row = {"account": actor.username, "walkthrough": name, "step": step, "state": state, "at": now}
    if not insert_new(session, tour_progress, [row], tour_progress.c.account):
        mine = (tour_progress.c.account == actor.username, tour_progress.c.walkthrough == name)
        session.execute(tour_progress.update().where(*mine).values(step=step, state=state, at=now))
    if state == "done":
        settle_tour(session, catalog, actor, name, now)


def _meant_for(actor: Actor, entity: Entity) -> bool:
    if entity.definition.kind != KIND or not access.may(actor, entity, "show"):
        return False
    role = _document(entity).get("role")
    if role == EVERYBODY and actor.person_id is not None:
        return True
    return not role or role in actor.roles or ADMIN in actor.roles


def _document(entity: Entity) -> Mapping[str, Any]:
    found: Mapping[str, Any] = entity.definition.extras.get("x-walkthrough", {})
    return found


def _tour(entity: Entity, language: str, row: Any) -> Tour:
    definition = entity.definition
    steps = tuple(_step(step, language) for step in _document(entity).get("steps", ()))
    state: State | Literal[""] = row["state"] if row else ""
    place = min(row["step"], len(steps) - 1) if row and steps else 0
    return Tour(
        definition.name,
        definition.title(language),
        definition.texts.get("description", language),
        str(_document(entity).get("role") or EVERYBODY),
        steps,
        state,
        place,
    )


def _step(step: Mapping[str, Any], language: str) -> Step:
    own: Mapping[str, str] = step.get(language) or {}
    words = {name: own.get(name) or step[name] for name in ("title", "text")}
    return Step(page=step["page"], element=step["element"], done=step.get("done", "visit"), **words)
