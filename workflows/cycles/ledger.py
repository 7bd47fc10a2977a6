"""The ledger: every computed score with all that it was made of, kept for good, checkable at any time.

`scoring.py` posts while it computes; pages and REST open, check and compare. What stands in a sheet: `sheets`.
Promises: rows are only added; a sheet whose hash or terms do not match is said to be altered; `recompute` uses the
figures of the sheet, the pinned terms and the plain reference, nothing else. Who may see the review's score may open
its ledger, nobody else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.errors import NotFound
from metadata.many_rows import insert_rows, one_of
from metadata.records.read import HIDDEN_RECORD
from workflows.cycles import cards, reading
from workflows.cycles.cards import Rules
from workflows.cycles.reading import ReviewView
from workflows.cycles.sheets import LedgerLine, Sheet, Writer, digest_of, pieces_of, read_sheet, terms_digest
from workflows.cycles.terms import TermLine, Terms
from workflows.score_store import score_ledger, score_sheets

NOTHING_EARLIER = "There is no earlier computation to compare with."
NO_ENTRY = "There is no such computation of this review."


@dataclass(frozen=True)
class Posting:
    """A review whose score was computed, with its sheet."""

    review_id: int
    employee_id: int
    digest: str
    content: str


@dataclass(frozen=True)
class Entry:
    """One computation of a review: when, by whom, and its sheet."""

    id: int
    review_id: int
    cycle_id: int
    at: datetime
    by: str
    digest: str


@dataclass(frozen=True)
class Check:
    """A recomputation: the score now, and whether sheet, terms and result are as they were stored."""

    score: Decimal | None
    rating: str | None
    same: bool
    sheet_intact: bool
    terms_intact: bool

    @property
    def holds(self) -> bool:
        """Whether everything agrees."""
        return self.same and self.sheet_intact and self.terms_intact


@dataclass(frozen=True)
class Opened:
    """One computation of a review, with the others that the reader may compare it with (the newest first).

    `terms` are those that hold for the whole: of the cycle's scorecard, or of the last one that counted.
    """

    view: ReviewView
    entry: Entry
    sheet: Sheet
    rules: Rules
    terms: Terms
    others: tuple[Entry, ...]


@dataclass(frozen=True)
class LineChange:
    """One line at two times: how much the result and how much the weight moved the points."""

    key: str
    before: LedgerLine | None
    after: LedgerLine | None
    by_result: Fraction
    by_weight: Fraction

    @property
    def term(self) -> TermLine | None:
        """The words of the line, as they were last."""
        known = self.after or self.before
        return None if known is None else known.term

    @property
    def total(self) -> Fraction:
        """What the line changed in all."""
        return self.by_result + self.by_weight


@dataclass(frozen=True)
class Comparison:
    """Two computations, line by line; lines, formula and rounding add up to the difference of the scores."""

    before: Entry
    after: Entry
    old: Sheet
    new: Sheet
    lines: tuple[LineChange, ...]

    @property
    def by_formula(self) -> Fraction:
        """What the formulas made of the sums, after and before."""
        return (self.new.points - self.new.total) - (self.old.points - self.old.total)

    @property
    def rounding(self) -> Fraction:
        """What the two roundings changed."""
        return self.new.rounding - self.old.rounding

    @property
    def total(self) -> Fraction | None:
        """The difference of the scores that people saw; None where one of them had none."""
        if self.old.score is None or self.new.score is None:
            return None
        return Fraction(self.new.score) - Fraction(self.old.score)


def post(session: Session, cycle_id: int, postings: Sequence[Posting], actor: Actor, now: datetime) -> int:
    """Keep the computations that differ from the last of their review; how many. A fixed number of statements."""
    last = _last(session, [p.review_id for p in postings])
    fresh = [p for p in postings if last.get(p.review_id) != p.digest]
    if not fresh:
        return 0
    sheets = {p.digest: {"hash": p.digest, "content": p.content} for p in fresh}
    insert_rows(session.connection(), score_sheets, list(sheets.values()), new_only=True)
    common = {"cycle_id": cycle_id, "at": now, "by": actor.username}
    rows = [{**common, "review_id": p.review_id, "employee_id": p.employee_id, "sheet": p.digest} for p in fresh]
    insert_rows(session.connection(), score_ledger, rows)
    return len(fresh)


def _last(session: Session, reviews: Sequence[int]) -> dict[int, str]:
    """The hash of the last computation of each review."""
    t = score_ledger.c
    mine = one_of(session.connection(), t.review_id, reviews)
    newest = select(func.max(t.id)).where(mine).group_by(t.review_id)
    return {row[0]: row[1] for row in session.execute(select(t.review_id, t.sheet).where(t.id.in_(newest)))}


def exists(session: Session, review_id: int) -> bool:
    """Whether there is a computation to explain: reviews of older installations get theirs when computed again."""
    statement = select(score_ledger.c.id).where(score_ledger.c.review_id == review_id).limit(1)
    return session.execute(statement).first() is not None


def opened(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    review_id: int,
    *,
    entry_id: int | None = None,
    language: str = "en",
) -> Opened:
    """The last computation of a review, or the named one. NotFound where the score is not for the actor, or not yet."""
    view = reading.review(session, catalog, actor, review_id, language)
    if not view.shows_scores:
        raise NotFound(HIDDEN_RECORD)
    open_ones = reading.reviews_with_open_scores(session, catalog, actor, view.review["employee"]) | {review_id}
    t = score_ledger.c
    rows = session.execute(
        select(t.id, t.review_id, t.cycle_id, t.at, t.by, t.sheet)
        .where(t.employee_id == view.review["employee"], t.review_id.in_(sorted(open_ones)))
        .order_by(t.id.desc())
    )
    entries = [Entry(*row) for row in rows]
    mine = [one for one in entries if one.review_id == review_id]
    chosen = next((one for one in mine if entry_id is None or one.id == entry_id), None)
    if chosen is None:
        raise NotFound(NO_ENTRY)
    rules = cards.rules(session, chosen.cycle_id)
    sheet = _sheet(session, chosen, rules)
    others = tuple(one for one in entries if one.id != chosen.id)
    return Opened(view, chosen, sheet, rules, rules.of(sheet.card) or rules.terms, others)


def recompute(session: Session, ledger: Opened) -> Check:
    """Compute the sheet again from its own figures by the pinned terms, with the plain reference."""
    text = _content(session, ledger.entry)
    department, pieces, digests = pieces_of(text, ledger.terms)
    found = Writer(ledger.rules, digests).outcome(department, pieces)
    intact = all(
        (known := ledger.rules.of(card)) is not None and terms_digest(known) == digest
        for card, digest in digests.items()
    )
    return Check(
        score=found.score,
        rating=found.rating,
        same=found.content == text and found.digest == ledger.entry.digest,
        sheet_intact=digest_of(text) == ledger.entry.digest,
        terms_intact=intact,
    )


def compare(
    session: Session, ledger: Opened, *, with_entry: int | None = None, since: datetime | None = None
) -> Comparison:
    """What changed against another computation of this person: the named, the last until `since`, or the one before."""
    earlier = [one for one in ledger.others if one.id < ledger.entry.id]
    if with_entry is not None:
        found = next((one for one in ledger.others if one.id == with_entry), None)
    elif since is not None:
        found = next((one for one in earlier if one.at <= since), earlier[-1] if earlier else None)
    else:
        found = next(iter(earlier), None)
    if found is None:
        raise NotFound(NOTHING_EARLIER if with_entry is None else NO_ENTRY)
    same_cycle = found.cycle_id == ledger.entry.cycle_id
    other = _sheet(session, found, ledger.rules if same_cycle else cards.rules(session, found.cycle_id))
    pairs = [(found, other), (ledger.entry, ledger.sheet)]
    (before, old), (after, new) = sorted(pairs, key=lambda pair: pair[0].id)
    return Comparison(before, after, old, new, tuple(_changes(old.lines, new.lines)))


def _changes(old: Sequence[LedgerLine], new: Sequence[LedgerLine]) -> Iterable[LineChange]:
    was, now = ({line.key: line for line in lines} for lines in (old, new))
    for key in [*now, *(key for key in was if key not in now)]:
        before, after = was.get(key), now.get(key)
        weight_before, reached_before = _parts(before)
        weight_after, reached_after = _parts(after)
        by_result = weight_before * (reached_after - reached_before)
        by_weight = (weight_after - weight_before) * reached_after
        if before is None or after is None:  # a line that came or went is a matter of weight alone
            by_result, by_weight = Fraction(0), weight_after * reached_after - weight_before * reached_before
        yield LineChange(key, before, after, by_result, by_weight)


def _parts(line: LedgerLine | None) -> tuple[Fraction, Fraction]:
    return (Fraction(0), Fraction(0)) if line is None else (line.effective, line.attainment or Fraction(0))


def _sheet(session: Session, entry: Entry, rules: Rules) -> Sheet:
    return read_sheet(entry.digest, _content(session, entry), rules)


def _content(session: Session, entry: Entry) -> str:
    t = score_sheets.c
    return str(session.execute(select(t.content).where(t.hash == entry.digest)).scalar_one())
