"""A sheet: one computation as canonical JSON under its own SHA-256, written, read and computed again.

Called by `scoring`, which writes, and by `ledger`, which opens and checks. A person who stayed in one place has the
figures of each line with the number of records behind them, attainment, effective weight and contribution as exact
fractions, the score, and the hash of the terms. Whoever moved, or had no scorecard on some days, has such a part for
each stint and the mean by days, rounded once. Pure. Promise: the same figures and terms give the same text, and a sheet
written before there were stints is read and computed as it was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeAlias

import orjson

from workflows.cycles import terms
from workflows.cycles.cards import Rules
from workflows.cycles.figures import Computed, Reckoning
from workflows.cycles.terms import TermLine, Terms
from workflows.scorecards.applying import Stint
from workflows.scoring import Score, band_of, round_half_up
from workflows.scoring.stints import over_stints

Measured: TypeAlias = Mapping[str, Sequence[float | None]]
NO_STINT = "No day of the period counts: no scorecard was in force where this person worked."


@dataclass(frozen=True)
class LedgerLine:
    """One line of a sheet; `contribution` is exact, in points."""

    key: str
    term: TermLine | None
    plan: float | None
    actual: float | None
    records: int | None
    attainment: Fraction | None
    effective: Fraction
    contribution: Fraction


@dataclass(frozen=True)
class Sheet:
    """What was computed, as it was stored."""

    digest: str
    terms_digest: str
    department: int
    lines: tuple[LedgerLine, ...]
    score: Decimal | None
    rating: str | None
    reason: str | None
    worked: Fraction | None = None  # what the formula made of the sum, within the scale
    card: int | None = None
    stints: tuple[StintPart, ...] = ()

    @property
    def total(self) -> Fraction:
        """The weighted sum."""
        return sum((line.contribution for line in self.lines), Fraction(0))

    @property
    def points(self) -> Fraction:
        """The score before the rounding: the sum, or what the formula made of it; of stints the mean by days."""
        if self.stints:
            return sum((part.share * part.sheet.points for part in self.stints if part.sheet), Fraction(0))
        return self.total if self.worked is None else self.worked

    @property
    def rounding(self) -> Fraction:
        """What the rounding added or took."""
        return Fraction(0) if self.score is None else Fraction(self.score) - self.points


@dataclass(frozen=True)
class StintPart:
    """One stint of a sheet; `share` of the mean, 0 where it leaves it; no `sheet`: nothing counted on these days."""

    stint: Stint
    sheet: Sheet | None
    share: Fraction


@dataclass(frozen=True)
class Piece:
    """A stint with what was measured for it; None where no scorecard was for the person, or the place is unknown."""

    stint: Stint
    measured: Measured | None


@dataclass(frozen=True)
class Outcome:
    """What a review's computation came to: for the review, and for the ledger."""

    score: Decimal | None
    rating: str | None
    reason: str | None
    detail: str
    digest: str
    content: str


class Writer:
    """Computes reviews by the rules of their cycle; `digests` are those of the terms, where a sheet brings them."""

    def __init__(self, rules: Rules, digests: Mapping[int | None, str] | None = None) -> None:
        self._rules = rules
        self._digests = dict(digests or {})
        self._reckonings: dict[int | None, Reckoning] = {}

    def outcome(self, department: int, pieces: Sequence[Piece]) -> Outcome:
        """One stint's score, or the mean of several."""
        counted = [piece for piece in pieces if piece.measured is not None]
        if len(pieces) == 1 and counted:
            found, plain = self._part(pieces[0])
            text = canonical(plain)
            return Outcome(found.score, found.rating, found.reason, found.detail, digest_of(text), text)
        return self._mean(department, [(piece, self._part(piece) if piece in counted else None) for piece in pieces])

    def _part(self, piece: Piece) -> tuple[Computed, dict[str, Any]]:
        known = self._rules.of(piece.stint.card)
        if known is None or piece.measured is None:
            raise ValueError("nothing counts in this stint")
        card = piece.stint.card
        if card not in self._reckonings:
            self._reckonings[card] = Reckoning(known)
        found = self._reckonings[card].computed(piece.measured)
        plain = plain_sheet(known, self._digest(card, known), piece.stint.department, piece.measured, found.result)
        return found, {**plain, "card": card} if self._rules.terms.own_cards else plain

    def _digest(self, card: int | None, known: Terms) -> str:
        if card not in self._digests:
            self._digests[card] = terms_digest(known)
        return self._digests[card]

    def _mean(self, department: int, parts: Sequence[tuple[Piece, tuple[Computed, dict[str, Any]] | None]]) -> Outcome:
        leading = self._rules.leading([piece.stint for piece, _part in parts])
        results = [(piece.stint.days, part[0].result) for piece, part in parts if part]
        value = over_stints(results, leading.places)
        rating = None if value is None else band_of(value, leading.plain_bands)
        reasons = [result.reason for _days, result in results if result.reason] or [NO_STINT]
        reason = reasons[-1] if value is None else None
        last = next((piece.stint.card for piece, part in reversed(parts) if part), None)
        stored = [{**_where(piece.stint), **(part[1] if part else {})} for piece, part in parts]
        text = canonical(
            {
                "terms": self._digest(last, leading),
                "department": department,
                "lines": [],
                "stints": stored,
                "score": None if value is None else str(value),
                "rating": rating,
                "reason": reason,
            }
        )
        explained = [
            {**_where(piece.stint), "days": piece.stint.days, **(orjson.loads(part[0].detail) if part else {})}
            for piece, part in parts
        ]
        detail = {
            "catalog_version": leading.catalog_version,
            "policy": leading.policy,
            "places": leading.places,
            "score": None if value is None else str(value),
            "lines": [],
            "stints": explained,
        }
        return Outcome(value, rating, reason, canonical(detail), digest_of(text), text)


def _where(stint: Stint) -> dict[str, Any]:
    return {
        "from": stint.start.isoformat(),
        "to": stint.end.isoformat(),
        "department": stint.department,
        "position": stint.position,
        "card": stint.card,
    }


def pieces_of(text: str, known: Terms) -> tuple[int, list[Piece], dict[int | None, str]]:
    """What a stored sheet was computed from: the review's department, the stints, the hashes of the terms."""
    plain = orjson.loads(text)
    if "stints" not in plain:
        stint = Stint(known.period_start, known.period_end, plain["department"], None, plain.get("card"))
        return plain["department"], [Piece(stint, _measured(plain))], {plain.get("card"): plain["terms"]}
    found = [Piece(_stint(part), _measured(part) if "lines" in part else None) for part in plain["stints"]]
    digests = {part["card"]: part["terms"] for part in plain["stints"] if "terms" in part}
    return plain["department"], found, digests


def _measured(plain: Mapping[str, Any]) -> Measured:
    return {key: values for key, values, *_rest in plain["lines"]}


def _stint(part: Mapping[str, Any]) -> Stint:
    first, last = date.fromisoformat(part["from"]), date.fromisoformat(part["to"])
    return Stint(first, last, part["department"], part["position"], part["card"])


def canonical(plain: Any) -> str:
    """One text for one value: sorted keys, no spaces."""
    return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS).decode()


def digest_of(text: str) -> str:
    """The SHA-256 of a canonical text."""
    return hashlib.sha256(text.encode()).hexdigest()


def terms_digest(known: Terms) -> str:
    """The hash of pinned terms."""
    return digest_of(canonical(terms.as_json(known)))


def sheet_of(known: Terms, digest: str, department: int, measured: Measured, result: Score) -> tuple[str, str]:
    """Hash and content of a computation; `digest` is that of the terms."""
    text = canonical(plain_sheet(known, digest, department, measured, result))
    return digest_of(text), text


def plain_sheet(known: Terms, digest: str, department: int | None, measured: Measured, result: Score) -> dict[str, Any]:
    """The content of a computation in one place."""
    lines = [
        [
            line.kpi,
            [*measured[line.kpi]],
            None if share.attainment is None else str(share.attainment),
            str(share.effective),
            str(share.contribution),
        ]
        for line, share in zip(known.lines, result.shares, strict=True)
    ]
    return {
        "terms": digest,
        "department": department,
        "lines": lines,
        "score": None if result.value is None else str(result.value),
        "rating": result.rating or None,
        "reason": result.reason or None,
        **({} if result.worked is None else {"worked": str(result.worked)}),
    }


def read_sheet(digest: str, text: str, rules: Rules) -> Sheet:
    """A stored sheet as values."""
    plain = orjson.loads(text)
    if "stints" not in plain:
        return _read_part(digest, plain, rules.of(plain.get("card")))
    read = [
        (_stint(part), _read_part("", part, rules.of(part["card"])) if "lines" in part else None)
        for part in plain["stints"]
    ]
    total = sum(stint.days for stint, sheet in read if sheet and sheet.score is not None)
    parts = tuple(
        StintPart(stint, sheet, Fraction(stint.days, total) if sheet and sheet.score is not None else Fraction(0))
        for stint, sheet in read
    )
    whole = _read_part(digest, plain, None)
    last = next((part.stint.card for part in reversed(parts) if part.sheet), None)
    return replace(whole, card=last, lines=_merged(parts), stints=parts)


def _merged(parts: Sequence[StintPart]) -> tuple[LedgerLine, ...]:
    """The lines of all stints by their share of the mean: their contributions add up to it."""
    lines: dict[str, LedgerLine] = {}
    for part in parts:
        for line in part.sheet.lines if part.sheet and part.share else ():
            before = lines.get(line.key)
            effective, brought = line.effective * part.share, line.contribution * part.share
            if before is not None:
                effective, brought = effective + before.effective, brought + before.contribution
            reached = brought / effective if effective else line.attainment
            lines[line.key] = LedgerLine(line.key, line.term, None, None, None, reached, effective, brought)
    return tuple(lines.values())


def _read_part(digest: str, plain: Mapping[str, Any], known: Terms | None) -> Sheet:
    words = {line.kpi: line for line in (known.lines if known else ())}
    lines = []
    for key, measured, reached, effective, contribution in plain["lines"]:
        plan, actual, *records = measured
        lines.append(
            LedgerLine(
                key=key,
                term=words.get(key),
                plan=plan,
                actual=actual,
                records=records[0] if records else None,
                attainment=None if reached is None else Fraction(reached),
                effective=Fraction(effective),
                contribution=Fraction(contribution),
            )
        )
    return Sheet(
        digest=digest,
        terms_digest=plain["terms"],
        department=plain["department"],
        lines=tuple(lines),
        score=None if plain["score"] is None else Decimal(plain["score"]),
        rating=plain["rating"],
        reason=plain["reason"],
        worked=Fraction(plain["worked"]) if "worked" in plain else None,
        card=plain.get("card"),
    )


def shown(value: Fraction, places: int = 4) -> Decimal:
    """A fraction for people: rounded for the eye, never reckoned with."""
    return round_half_up(value, places)
