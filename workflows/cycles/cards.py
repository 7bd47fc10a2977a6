"""The scorecards of a cycle in which each person's own counts: gathered, pinned at the launch, read again.

Called by coverage and opening (what would count), launching (pin) and by everything that scores or shows a review
(`rules`, `for_review`). A cycle with one scorecard for everybody has its terms in its pin and nothing here; where each
person's own counts the pin holds the plan alone, a frame, and the scorecards stand beside it with their scopes as they
were. Promise: after the launch nothing of this is read from the scorecards again. See docs/decisions/0120.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from metadata.catalog import Catalog
from metadata.errors import Problem
from workflows.cycles import stints, terms
from workflows.cycles.desk import Row, load
from workflows.cycles.people import Tree
from workflows.cycles.terms import BAND, LINE, SCORECARD, TermBand, Terms
from workflows.score_store import cycle_cards
from workflows.scorecards.applying import Calendar, Scope, Stint, within

CHOICE, ONE, OWN = "scorecard_choice", "one", "own"
AT = f"/{CHOICE}"


@dataclass(frozen=True)
class Card:
    """A scorecard as it counts in a cycle: for whom and when, what people call it, its terms."""

    scope: Scope
    name: str
    name_zh: str
    terms: Terms

    def title(self, language: str) -> str:
        """What people call it."""
        return (self.name_zh if language == "zh" else "") or self.name


@dataclass(frozen=True)
class Rules:
    """What the reviews of a launched cycle are scored with."""

    terms: Terms
    cards: Mapping[int, Card]

    @property
    def measured(self) -> Terms:
        """Everything that has to be measured, once each: of several scorecards without the targets of their own."""
        if not self.terms.own_cards:
            return self.terms
        lines = {line.kpi: replace(line, target=None) for card in self.cards.values() for line in card.terms.lines}
        return replace(self.terms, lines=tuple(lines[key] for key in sorted(lines)))

    def of(self, card: int | None) -> Terms | None:
        """The terms of a stint; None where no scorecard was for the person."""
        if not self.terms.own_cards:
            return self.terms
        known = None if card is None else self.cards.get(card)
        return known.terms if known else None

    def leading(self, found: Sequence[Stint]) -> Terms:
        """Whose places, ratings and minimum service hold for the review as a whole: those of the last stint with any.

        A person without any has the frame, which rates nobody.
        """
        if not self.terms.own_cards:
            return self.terms
        return next((known for stint in reversed(found) if (known := self.of(stint.card))), self.terms)

    def title(self, card: int | None, language: str) -> str:
        """The name of a pinned scorecard; nothing where there is none."""
        known = None if card is None else self.cards.get(card)
        return known.title(language) if known else ""

    def calendar(self, units: Tree, scorecard: int | None) -> Calendar:
        """Which of the pinned scorecards is the nearest, day by day; `scorecard` is that of a cycle with one."""
        scopes = [card.scope for card in self.cards.values()]
        if not self.terms.own_cards:
            scopes = [Scope(scorecard or 0, None, None, None)]
        return Calendar(scopes, units, self.terms.period_start, self.terms.period_end)


def own(cycle: Row) -> bool:
    """Whether each person's own scorecard counts."""
    return cycle.get(CHOICE) == OWN


def gather(session: Session, catalog: Catalog, cycle: Row) -> tuple[dict[int, Card], dict[int, list[Problem]]]:
    """Every scorecard that is in force on a day of the period, and what is wrong with them; four statements."""
    scopes = {scope.id: scope for scope in within(session, catalog, cycle["period_start"], cycle["period_end"])}
    rows = {row["id"]: terms.whole(SCORECARD, row) for row in _rows(session, catalog, SCORECARD, "id", scopes)}
    lines = _by_card(_rows(session, catalog, LINE, "scorecard", scopes, "sequence"))
    bands = _by_card(_rows(session, catalog, BAND, "scorecard", scopes, "low"))
    found, wrong = {}, {}
    for key, scope in scopes.items():
        mine = [terms.whole(LINE, row) for row in lines.get(key, ())]
        known, problems = terms.build(catalog, cycle, rows[key], mine, bands.get(key, []))
        found[key] = Card(scope, rows[key]["name"], rows[key]["name_zh"] or "", known)
        if problems:
            wrong[key] = [replace(problem, pointer=AT) for problem in problems]
    return found, wrong


def _rows(
    session: Session, catalog: Catalog, name: str, field: str, ids: Iterable[int], order: str = "id"
) -> list[dict[str, Any]]:
    entity = catalog[name]
    t = entity.table.c
    statement = load(entity).where(t[field].in_(sorted(ids))).order_by(t[order], t.id)
    return [dict(row) for row in session.execute(statement).mappings()]


def _by_card(rows: Iterable[dict[str, Any]]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["scorecard"], []).append(row)
    return found


def frame(catalog: Catalog, cycle: Row, cards: Mapping[int, Card], problems: list[Problem]) -> Terms:
    """The plan without a line; its bands are the names of all ratings, for lists of people with several scorecards."""
    named: dict[str, TermBand] = {}
    for card in cards.values():
        for band in card.terms.bands:
            named.setdefault(band.band.label, band)
    return replace(terms.frame(catalog, cycle, problems), bands=tuple(named.values()))


def pin(session: Session, cycle_id: int, cards: Mapping[int, Card]) -> None:
    """Keep the scorecards for good."""
    rows = [
        {
            "cycle_id": cycle_id,
            "scorecard_id": key,
            "name": card.name,
            "name_zh": card.name_zh,
            "person": card.scope.person,
            "position": card.scope.position,
            "department": card.scope.department,
            "first_day": card.scope.start,
            "last_day": card.scope.end,
            "terms": terms.as_json(card.terms),
        }
        for key, card in cards.items()
    ]
    if rows:
        session.execute(insert(cycle_cards), rows)


def rules(session: Session, cycle_id: int, known: Terms | None = None) -> Rules:
    """What a launched cycle scores with; `known` is its pin where the caller has it already."""
    frame_or_one = known or terms.pinned(session, cycle_id).terms
    return Rules(frame_or_one, pinned(session, cycle_id) if frame_or_one.own_cards else {})


def pinned(session: Session, cycle_id: int) -> dict[int, Card]:
    """The pinned scorecards by id; none where one counts for everybody."""
    t = cycle_cards.c
    scope = (t.scorecard_id, t.person, t.position, t.department, t.first_day, t.last_day)
    statement = select(*scope, t.name, t.name_zh, t.terms).where(t.cycle_id == cycle_id).order_by(t.scorecard_id)
    return {
        row[0]: Card(Scope(*row[:6]), row.name, row.name_zh, terms.from_json(row.terms))
        for row in session.execute(statement)
    }


def pinned_lines(session: Session, pins: Mapping[int, Terms]) -> dict[int, frozenset[str]]:
    """What each cycle counts, by its own terms or by its scorecards: the names of its lines."""
    found = {cycle: {line.kpi for line in known.lines} for cycle, known in pins.items()}
    several = sorted(cycle for cycle, known in pins.items() if known.own_cards)
    if several:
        t = cycle_cards.c
        for cycle, stored in session.execute(select(t.cycle_id, t.terms).where(t.cycle_id.in_(several))):
            found[cycle] |= {line["kpi"] for line in stored["lines"]}
    return {cycle: frozenset(names) for cycle, names in found.items()}


def for_review(session: Session, review: Row) -> Terms:
    """The terms that hold for a review as a whole: of its cycle, or of the person's own scorecard."""
    known, worked = scored_with(session, review)
    return known.leading(worked)


def scored_with(session: Session, review: Row) -> tuple[Rules, list[Stint]]:
    """The rules of a review's cycle, and its stints where each person's own scorecard counts."""
    known = rules(session, review["cycle"])
    if not known.terms.own_cards:
        return known, []
    return known, stints.kept(session, review["cycle"], [review["employee"]]).get(review["employee"], [])
