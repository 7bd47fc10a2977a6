"""Clashes in the database: what the rules are given, what they find for a reader, and what was called harmless.

Called by the page of clashes and REST. A reader is told of clashes among goals that they may see. Who may change a goal
on one of the sides may dismiss a finding, with a reason that is kept and stands in the audit trail; other figures are
another finding. Functions here never commit and never read the clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from metadata import access, audit, records
from metadata.access import Actor, system
from metadata.audit import Happening
from metadata.catalog import Catalog
from metadata.errors import Invalid, NotAllowed, NotFound
from metadata.records import Filter, Query
from workflows.goals import aligned, check_ins, clashes, reading
from workflows.goals.clashes import Field, Finding, Resource, Reward
from workflows.goals.levels import DONE, RESOURCE, levels
from workflows.goals.reading import Goal
from workflows.goals.tables import dismissals
from workflows.store import insert_new

CARD, LINE = "scorecard", "scorecard_line"
LONGEST = 1000
MOST = 1000
AREA = "@clash"
NONE_SUCH = "There is no such clash, or you may not see it."
RESERVED = "Who may change one of the goals may dismiss a clash."


@dataclass(frozen=True)
class Dismissed:
    """Why a clash was called harmless, by whom, and when."""

    reason: str
    by: str
    at: datetime


@dataclass(frozen=True)
class Found:
    """A clash with its goals, and the reason where it was dismissed."""

    finding: Finding
    goals: tuple[Goal, ...]
    dismissed: Dismissed | None


def found(session: Session, catalog: Catalog, actor: Actor, language: str = "en") -> list[Found]:
    """Every clash among the goals that the actor may see, rule by rule; those that were dismissed say so."""
    given = gathered(session, catalog, actor, language)
    findings = clashes.find(given)
    known, goals = _dismissed(session, findings), {**given.goals, **given.done}
    return [
        Found(one, tuple(goals[key] for key in one.sides if key in goals), known.get(one.fingerprint))
        for one in findings
    ]


def gathered(session: Session, catalog: Catalog, actor: Actor, language: str = "en") -> Field:
    """What the rules are given: a handful of statements, however many goals there are."""
    web = aligned.web(session, catalog, actor)
    goals = reading.many(session, catalog, actor, web.goals, language, whole=True)
    mine = aligned.web(session, catalog, actor, over=True)
    whole = aligned.web(session, catalog, system("goals"), over=True)
    past = [edge for key in web.goals for edge in mine.below.get(key, ()) if edge.child not in goals]
    ended = reading.many(session, catalog, actor, {edge.child for edge in past}, language, whole=True)
    done = {key: goal for key, goal in ended.items() if goal.status == DONE}
    known = levels(catalog)
    top = min((level.number for level in known), default=1)
    return Field(
        goals,
        tuple(edge for edges in web.below.values() for edge in edges),
        _resources(session, catalog, actor, goals.values(), language),
        _rewards(session, catalog, actor, language),
        frozenset(whole.above),
        frozenset(level.name for level in known if level.number == top),
        done,
        tuple(edge for edge in past if edge.child in done),
        frozenset(key for key in web.goals if len(whole.below.get(key, ())) > len(mine.below.get(key, ()))),
    )


def dismiss(session: Session, catalog: Catalog, actor: Actor, fingerprint: str, reason: str, *, now: datetime) -> None:
    """Call a clash harmless; the reason is kept."""
    words = reason.strip()
    if not words or len(words) > LONGEST:
        raise Invalid(
            "Say in up to %(count)s characters why this is no clash.", params={"count": LONGEST}, field="reason"
        )
    finding = _mine(session, catalog, actor, fingerprint)
    row = {
        "fingerprint": fingerprint,
        "rule": finding.rule,
        "sides": [list(side) for side in finding.sides],
        "reason": words,
        "by": actor.username,
        "at": now,
    }
    if insert_new(session, dismissals, [row], dismissals.c.fingerprint):
        _note(session, catalog, actor, finding, {"dismissed": words}, now)


def take_back(session: Session, catalog: Catalog, actor: Actor, fingerprint: str, *, now: datetime) -> None:
    """The clash counts again."""
    finding = _mine(session, catalog, actor, fingerprint)
    session.execute(delete(dismissals).where(dismissals.c.fingerprint == fingerprint))
    _note(session, catalog, actor, finding, {"dismissed": None}, now)


def dismissable(session: Session, catalog: Catalog, actor: Actor, found: Iterable[Finding]) -> set[str]:
    """The fingerprints of those that the actor may dismiss, for they may change one of the goals."""
    listed = list(found)
    mine = check_ins.changeable(session, catalog, actor, {side for one in listed for side in one.sides})
    return {one.fingerprint for one in listed if not mine.isdisjoint(one.sides)}


def _mine(session: Session, catalog: Catalog, actor: Actor, fingerprint: str) -> Finding:
    for one in clashes.find(gathered(session, catalog, actor)):
        if one.fingerprint == fingerprint:
            if not dismissable(session, catalog, actor, [one]):
                raise NotAllowed(RESERVED)
            return one
    raise NotFound(NONE_SUCH)


def _note(
    session: Session, catalog: Catalog, actor: Actor, finding: Finding, after: Mapping[str, Any], now: datetime
) -> None:
    definition, number = finding.sides[0]
    whole = {**after, "rule": finding.rule, "goals": [f"{name} {record}" for name, record in finding.sides]}
    happening = Happening("change", number, 0, {"definition": definition}, whole)
    audit.note(session, AREA, happening, catalog_version=catalog.version, actor=actor, now=now)


def _dismissed(session: Session, findings: Sequence[Finding]) -> dict[str, Dismissed]:
    rows = session.execute(select(dismissals)) if findings else ()
    return {row.fingerprint: Dismissed(row.reason, row.by, row.at) for row in rows}


def _resources(
    session: Session, catalog: Catalog, actor: Actor, goals: Iterable[Goal], language: str
) -> dict[int, Resource]:
    wanted = sorted({number for goal in goals for number, _amount in goal.demands})
    if not wanted or RESOURCE not in catalog or not access.may(actor, catalog[RESOURCE], "list"):
        return {}
    query = Query((Filter("id", "in", wanted[:MOST]),), page_size=MOST, language=language)
    rows = records.select(session, catalog, RESOURCE, actor, query, counted=False).rows
    return {
        row.id: Resource(
            row.id,
            str((row.get("name_zh") if language == "zh" else None) or row.get("name", "")),
            Decimal(str(row.get("capacity", 0))),
            row.get("unit", ""),
        )
        for row in rows
    }


def _rewards(session: Session, catalog: Catalog, actor: Actor, language: str) -> tuple[Reward, ...]:
    """The lines of the active scorecards that the reader may see."""
    known = [name for name in (CARD, LINE) if name in catalog and access.may(actor, catalog[name], "list")]
    if len(known) < 2:
        return ()
    query = Query((Filter("status", "eq", "active"),), page_size=MOST, language=language)
    cards = {row.id: row for row in records.select(session, catalog, CARD, actor, query, counted=False).rows}
    if not cards:
        return ()
    query = Query((Filter(CARD, "in", sorted(cards)),), page_size=MOST)
    lines = records.select(session, catalog, LINE, actor, query, counted=False).rows
    rewards = []
    for line in lines:
        kpi, card = line.get("kpi", ""), cards[line[CARD]]
        measure = catalog[kpi].definition.measure if kpi in catalog else None
        if measure is None:
            continue
        name = str((card.get("name_zh") if language == "zh" else None) or card.get("name", ""))
        weight = Decimal(str(line.get("weight", 0)))
        rewards.append(Reward(name, card.id, kpi, measure.direction, weight, card.get("department")))
    return tuple(rewards)
