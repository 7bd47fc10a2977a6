"""Trying a changed scorecard: who may, on whom, for which period; the answer with the words that people read.

Called by the pages and REST of what-if. Whoever runs review cycles may try: HR on everybody, a head on those below.
Nothing is written. The population stays warm between two moves of a slider (see `crowd`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from metadata import access, records, versions
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.errors import Invalid, NotFound, Problem
from metadata.records.read import HIDDEN_RECORD, label_expression
from workflows.cycles import desk, terms
from workflows.cycles.desk import CYCLE, Row
from workflows.cycles.opening import FAR_DAY, FIRST_DAY, LAST_DAY
from workflows.cycles.people import DEPARTMENT, EMPLOYEE
from workflows.cycles.terms import Terms
from workflows.score_store import cycle_cards
from workflows.scorecards import content as contents
from workflows.scorecards.content import NO_NUMBER, Content
from workflows.whatif import crowd as crowds
from workflows.whatif.answer import Answer, Thresholds, answer, side
from workflows.whatif.crowd import Crowd, Kept

KEPT = Kept()
HALF_A_YEAR = timedelta(days=182)
NO_WEIGHT = "Give at least one line a weight above 0."
NEGATIVE = "A weight is not below 0."
WRONG_SPAN = "The period ends before it begins."
NO_DAY = "A day such as 2026-06-30 is expected here."
SMALLEST = 5
PERCENT = Decimal(1000)


@dataclass(frozen=True)
class Settings:
    """What is asked besides the scorecard: the period, and the thresholds of the lists."""

    start: date
    end: date
    thresholds: Thresholds = field(default_factory=Thresholds)

    def as_json(self) -> dict[str, str]:
        """As it is kept with a scenario."""
        t = self.thresholds
        return {
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            **{name: f"{getattr(t, name):f}" for name in ("pay_from", "training_to", "bonus")},
            "minimum": str(t.minimum),
        }


@dataclass(frozen=True)
class Trial:
    """An answer with the names of those in its lists and of the departments."""

    card: Row
    asked: Settings
    before: Terms
    after: Terms
    answer: Answer
    taken_at: datetime
    people: Mapping[int, str]
    units: Mapping[int, str]


def may_try(actor: Actor, catalog: Catalog) -> bool:
    """Whether the room is for the actor."""
    if not {CYCLE, EMPLOYEE, terms.SCORECARD, terms.LINE, terms.BAND} <= catalog.entities.keys():
        return False
    return access.widest(actor, catalog[CYCLE], "edit") in ("all", "department") and bool(
        access.may(actor, catalog[EMPLOYEE], "list") and access.may(actor, catalog[terms.SCORECARD], "show")
    )


def require(catalog: Catalog, actor: Actor) -> None:
    """NotFound for everybody else."""
    if not may_try(actor, catalog):
        raise NotFound(HIDDEN_RECORD)


def card(session: Session, catalog: Catalog, actor: Actor, card_id: int) -> Row:
    """The scorecard's record for somebody who may try it."""
    return _in_force(session, catalog, actor, card_id)[0]


def _in_force(session: Session, catalog: Catalog, actor: Actor, card_id: int) -> tuple[Row, Content]:
    require(catalog, actor)
    records.find(session, catalog, terms.SCORECARD, actor, card_id)
    row, lines, bands = contents.rows(session, catalog, card_id)
    return row, contents.document(row, lines, bands)


def settings(raw: Mapping[str, Any], default: Settings) -> Settings:
    """What was typed, else the default; Invalid with the problems at their fields."""
    problems: list[Problem] = []
    days = {name: _day(raw, name, getattr(default, name), problems) for name in ("start", "end")}
    if days["end"] < days["start"]:
        problems.append(Problem("/end", WRONG_SPAN))
    figures = {}
    for name in ("pay_from", "training_to", "bonus"):
        text = str(raw.get(name, "")).strip()
        found = contents.number(text) if text else getattr(default.thresholds, name)
        if found is None or abs(found) > PERCENT:
            problems.append(Problem(f"/{name}", NO_NUMBER))
            found = Decimal(0)
        figures[name] = found
    minimum = contents.number(str(raw.get("minimum", "") or default.thresholds.minimum))
    if problems:
        raise Invalid(contents.NOT_READABLE, problems=problems)
    # The minimum may rise, never fall below what is promised.
    smallest = max(SMALLEST, int(minimum or 0))
    return Settings(days["start"], days["end"], Thresholds(**figures, minimum=smallest))


def _day(raw: Mapping[str, Any], name: str, default: date, problems: list[Problem]) -> date:
    text = str(raw.get(name, "")).strip()
    try:
        found = date.fromisoformat(text) if text else default
    except ValueError:
        problems.append(Problem(f"/{name}", NO_DAY))
        return default
    if not FIRST_DAY <= found <= LAST_DAY:
        problems.append(Problem(f"/{name}", FAR_DAY))
        return default
    return found


def usual(session: Session, catalog: Catalog, card_id: int, now: datetime) -> Settings:
    """The period of the scorecard's last cycle, also of one in which each person's own counts; else a half-year."""
    t = catalog[CYCLE].table.c
    among = select(cycle_cards.c.cycle_id).where(cycle_cards.c.scorecard_id == card_id)
    mine = (or_(t.scorecard == card_id, t.id.in_(among)), t._removed_at.is_(None))
    last = session.execute(select(t.period_start, t.period_end).where(*mine).order_by(t.period_end.desc())).first()
    today = now.date()
    return Settings(*last) if last else Settings(today - HALF_A_YEAR, today)


def try_out(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    card_id: int,
    content: Content,
    asked: Settings,
    *,
    now: datetime,
    language: str = "en",
    fresh: bool = False,
) -> Trial:
    """The content against what is published, on the people of the scorecard whom the actor may list."""
    row, live = _in_force(session, catalog, actor, card_id)
    before = _terms(catalog, row, live, asked)
    after = _terms(catalog, row, content, asked)
    _refuse_pointless(catalog, content)
    found = _crowd(session, catalog, actor, row, asked, after, now, fresh=fresh)
    for known in (before, after):
        crowds.complete(session, catalog, found, known, now)
    result = answer(found, found.kept_side(before, side), side(found, after), asked.thresholds)
    return Trial(row, asked, before, after, result, found.taken_at, *_names(session, catalog, actor, result, language))


def _terms(catalog: Catalog, row: Row, content: Content, asked: Settings) -> Terms:
    span = (asked.start, asked.end)
    return contents.terms_of(catalog, content, row["department"] or 0, span, "UTC")


def _refuse_pointless(catalog: Catalog, content: Content) -> None:
    """Invalid where no weight is above 0, or a target is its baseline: the answer would be silence, not a score."""
    weights = [Decimal(line["weight"]) for line in content["lines"]]
    problems = [Problem(f"/lines/{at}/weight", NEGATIVE) for at, weight in enumerate(weights) if weight < 0]
    if not problems and sum(weights, Decimal(0)) <= 0:
        problems.append(Problem("/lines", NO_WEIGHT))
    problems += contents.immeasurable(catalog, content)
    if problems:
        raise Invalid(contents.NOT_READABLE, problems=problems)


def _crowd(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    row: Row,
    asked: Settings,
    known: Terms,
    now: datetime,
    *,
    fresh: bool,
) -> Crowd:
    # The access version moves with every change of people or units: who may be seen is never older than that.
    whose = (versions.read(session).access, access.standing(actor), actor.username, actor.person_id, actor.unit_ids)
    competing = crowds.scopes(session, catalog, row, (asked.start, asked.end))
    what = (row["id"], *competing, asked.start, asked.end, known.minimum_service_days)
    key = (str(session.get_bind().engine.url), catalog.version, whose, what)
    return KEPT.get(key, now, lambda: crowds.gather(session, catalog, actor, row, competing, known, now), fresh=fresh)


def _names(
    session: Session, catalog: Catalog, actor: Actor, found: Answer, language: str
) -> tuple[Mapping[int, str], Mapping[int, str]]:
    """Names of the people listed, but for the actor's own; names of the departments."""
    listed = [*found.moved, *(moved for listing in (found.pay, found.training) for moved, _enters in listing.people)]
    ids = {moved.person for moved in listed} - {actor.person_id}
    units = [line.label for line in found.groups.get("department", ())]
    return _labels(session, catalog, EMPLOYEE, ids, language), _labels(session, catalog, DEPARTMENT, units, language)


def _labels(session: Session, catalog: Catalog, name: str, ids: Iterable[Any], language: str) -> dict[int, str]:
    entity, wanted = catalog[name], sorted(set(ids))
    if not wanted:
        return {}
    words = label_expression(catalog, entity, entity.table, set(entity.definition.fields), language, depth=0)
    rows = session.execute(select(entity.table.c.id, words).where(entity.table.c.id.in_(wanted)))
    return {row[0]: str(row[1] or f"#{row[0]}") for row in rows}


def is_office(catalog: Catalog, actor: Actor) -> bool:
    """Whether the actor sees every scenario's population and publishes."""
    return desk.is_office(catalog, actor)
