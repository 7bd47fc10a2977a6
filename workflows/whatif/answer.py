"""What a changed scorecard would do to a crowd: distribution, people who change band and why, lists, bonus, fairness.

Called by `trial` with columns; pure, and one product of a matrix for each side. Counts are of people as displayed:
bands and thresholds look at the rounded score. Promises: groups below the anonymity minimum are hidden, and so is the
next smallest where a single hidden one could be reckoned from the total.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING, Any

from metadata.deferred import Deferred
from workflows.cycles.terms import TermLine, Terms
from workflows.scoring import exact
from workflows.scoring.columns import NO_SCORE, Card, Population, Scores, compiled, contributions, scores
from workflows.whatif.crowd import Crowd, Groups
from workflows.whatif.lights import LineLights, lights

if TYPE_CHECKING:
    from typing import TypeAlias

    import numpy as np
    from numpy.typing import NDArray

    Flags: TypeAlias = NDArray[np.bool_]
else:
    np = Deferred("numpy")

LISTED = 50
STEP, TOP = 5, 125  # of the histogram, in points
FOUR_FIFTHS = Fraction(4, 5)
MINIMUM = 5


@dataclass(frozen=True)
class Thresholds:
    """Of the lists and of the bonus: pay from, training up to, per cent of the salary, smallest group shown."""

    pay_from: Decimal = Decimal(90)
    training_to: Decimal = Decimal(60)
    bonus: Decimal = Decimal(10)
    minimum: int = MINIMUM


@dataclass(frozen=True)
class Moved:
    """One person whose band or list changes: displayed scores, bands, and the line that moved them most."""

    person: int
    before: Decimal | None
    after: Decimal | None
    band_before: str
    band_after: str
    line: TermLine | None
    points: Fraction
    by_formula: bool = False  # rather than by a line: `points` are what the formulas made of the sums


@dataclass(frozen=True)
class Listing:
    """Who enters and who leaves a list."""

    before: int
    after: int
    entering: int
    leaving: int
    people: tuple[tuple[Moved, bool], ...]


@dataclass(frozen=True)
class GroupLine:
    """A group's share on the pay list before and after; None where it is hidden. `ratio`: to the best group's share."""

    label: Any
    people: int | None
    before: Fraction | None
    after: Fraction | None
    ratio_before: Fraction | None
    ratio_after: Fraction | None

    @property
    def adverse(self) -> bool:
        """Whether the group falls below four fifths of the best one."""
        return self.ratio_after is not None and self.ratio_after < FOUR_FIFTHS


@dataclass(frozen=True)
class Answer:
    """The whole answer; counts by band are (label, before, after)."""

    people: int
    too_new: int
    unscored: tuple[int, int]
    bands: tuple[tuple[str, int, int], ...]
    histogram: tuple[tuple[int, int, int], ...]
    rising: int
    falling: int
    moved: tuple[Moved, ...]
    pay: Listing
    training: Listing
    bonus: tuple[Decimal, Decimal] | None
    groups: Mapping[str, tuple[GroupLine, ...]]
    lights: tuple[LineLights, ...]

    @property
    def changing(self) -> int:
        """How many people change band."""
        return self.rising + self.falling


@dataclass(frozen=True)
class Side:
    """One scorecard on the crowd."""

    terms: Terms
    card: Card
    measured: Population
    found: Scores
    wide: NDArray[np.float64]


def side(crowd: Crowd, known: Terms) -> Side:
    """Score everybody under these terms."""
    lines = [(exact(line.weight), line.rule) for line in known.lines]
    card = compiled(lines, known.plain_bands, policy=known.policy, places=known.places, formula=known.worked)
    measured = crowd.measured(known.lines)
    found = scores(card, measured)
    wide = found.units / 10.0**found.places
    wide[found.units == NO_SCORE] = np.nan
    return Side(known, card, measured, found, wide)


def answer(crowd: Crowd, before: Side, after: Side, thresholds: Thresholds) -> Answer:
    """Hold the two sides against each other."""
    labels = [band.label for band in after.card.bands]
    ranks = {label: place for place, label in enumerate(labels)}
    for place, band in enumerate(before.card.bands):
        if band.label not in ranks:
            ranks[band.label] = place
            labels.append(band.label)
    was, now = _placed(before, labels), _placed(after, labels)
    both = (was >= 0) & (now >= 0)
    rank = np.array([ranks[label] for label in labels], np.int64)
    rising = both & (rank[now] > rank[was])
    falling = both & (was != now) & ~rising
    shift = np.abs(after.wide - before.wide)
    changed = np.flatnonzero(rising | falling)
    listed = _most(changed, shift)
    pay = [_reaching(one, thresholds.pay_from) for one in (before, after)]
    training = [_up_to(one, thresholds.training_to) for one in (before, after)]
    return Answer(
        people=len(crowd),
        too_new=crowd.too_new,
        unscored=(int((was < 0).sum()), int((now < 0).sum())),
        bands=tuple((label, int((was == at).sum()), int((now == at).sum())) for at, label in enumerate(labels)),
        histogram=_histogram(before, after),
        rising=int(rising.sum()),
        falling=int(falling.sum()),
        moved=tuple(_why(crowd, before, after, listed)),
        pay=_listing(crowd, before, after, pay, shift),
        training=_listing(crowd, before, after, training, shift),
        bonus=_bonus(crowd, pay, thresholds),
        groups={name: _fairness(found, pay, thresholds.minimum) for name, found in crowd.groups.items()},
        lights=lights(after.terms.lines, after.measured),
    )


def _placed(one: Side, labels: Sequence[str]) -> NDArray[np.int64]:
    """The number of everybody's band in `labels`; -1 without a score."""
    places = np.array([*(labels.index(band.label) for band in one.card.bands), -1], np.int64)
    found: NDArray[np.int64] = places[one.found.bands]
    return found


def _edge(one: Side, value: Decimal) -> int:
    edge: int = ceil(exact(value) * 10**one.found.places)
    return edge


def _reaching(one: Side, value: Decimal) -> Flags:
    found: Flags = (one.found.units != NO_SCORE) & (one.found.units >= _edge(one, value))
    return found


def _up_to(one: Side, value: Decimal) -> Flags:
    edge = floor(exact(value) * 10**one.found.places)
    found: Flags = (one.found.units != NO_SCORE) & (one.found.units <= edge)
    return found


def _most(rows: NDArray[np.int64], shift: NDArray[np.float64]) -> NDArray[np.int64]:
    """Those of `rows` who move most, at most `LISTED`, the largest first; who has no score on one side comes last."""
    by = np.nan_to_num(shift[rows])
    if len(rows) > LISTED:
        chosen = np.argpartition(-by, LISTED)[:LISTED]
        rows, by = rows[chosen], by[chosen]
    found: NDArray[np.int64] = rows[np.lexsort((rows, -by))]
    return found


def _histogram(before: Side, after: Side) -> tuple[tuple[int, int, int], ...]:
    """People by steps of five points; the first and the last step hold what lies beyond."""
    steps = TOP // STEP
    counted = []
    for one in (before, after):
        known = one.wide[~np.isnan(one.wide)]
        places = np.clip(np.floor(known / STEP), 0, steps - 1).astype(np.int64)
        counted.append(np.bincount(places, minlength=steps))
    return tuple((at * STEP, int(was), int(now)) for at, (was, now) in enumerate(zip(*counted, strict=True)))


def _why(crowd: Crowd, before: Side, after: Side, rows: NDArray[np.int64]) -> list[Moved]:
    """These people with the line that moved their points most in the direction in which they went."""
    if not len(rows):
        return []
    keys = list(dict.fromkeys([line.kpi for line in (*after.terms.lines, *before.terms.lines)]))
    words = {line.kpi: line for line in (*before.terms.lines, *after.terms.lines)}
    (old, old_weights), (new, new_weights) = (_brought(one, rows, keys) for one in (before, after))
    # A line whose weight grows takes the place of the rest: it is held against the score that there was.
    mean = old.sum(axis=1, keepdims=True) / 100.0
    change = new - old - (new_weights - old_weights) * mean
    formulas = _formulas(before, after, rows, new.sum(axis=1) - old.sum(axis=1))
    found = []
    for at, row in enumerate(rows):
        way = np.sign(change[at].sum())
        most = int(np.argmax(change[at] * way)) if way else 0
        if abs(formulas[at]) > abs(change[at][most]):
            found.append(_moved(crowd, before, after, int(row), None, float(formulas[at]), by_formula=True))
            continue
        found.append(
            _moved(crowd, before, after, int(row), words[keys[most]] if way else None, float(change[at][most]))
        )
    return found


def _formulas(before: Side, after: Side, rows: NDArray[np.int64], of_sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """What the formulas moved these people's points, beyond what their lines did; 0 without any."""
    if before.card.formula is None and after.card.formula is None:
        return np.zeros(len(rows))
    return np.nan_to_num(after.wide[rows] - before.wide[rows] - of_sums)


def _moved(
    crowd: Crowd,
    before: Side,
    after: Side,
    row: int,
    line: TermLine | None,
    points: float,
    *,
    by_formula: bool = False,
) -> Moved:
    return Moved(
        person=int(crowd.ids[row]),
        before=before.found.value(row),
        after=after.found.value(row),
        band_before=_label(before, row),
        band_after=_label(after, row),
        line=line,
        points=Fraction(round(points, 2)).limit_denominator(100),
        by_formula=by_formula,
    )


def _brought(one: Side, rows: NDArray[np.int64], keys: Sequence[str]) -> tuple[NDArray[np.float64], ...]:
    """What each line of `keys` brought to these people, and its effective weight; 0 where it is not in the card."""
    part = _part(one.measured, rows)
    weighed = replace(part, filled=np.where(part.missing, 0.0, 1.0))
    found = []
    for brought in (contributions(one.card, part), contributions(one.card, weighed)):
        wide = np.zeros((len(rows), len(keys)))
        for place, line in enumerate(one.terms.lines):
            wide[:, keys.index(line.kpi)] = np.nan_to_num(brought[:, place])
        found.append(wide)
    return tuple(found)


def _label(one: Side, row: int) -> str:
    band = int(one.found.bands[row])
    return "" if band < 0 else one.card.bands[band].label


def _part(measured: Population, rows: NDArray[np.int64]) -> Population:
    names = ("actual", "target", "filled", "slack", "missing", "gaps", "certain")
    return Population(**{name: getattr(measured, name)[rows] for name in names})


def _listing(crowd: Crowd, before: Side, after: Side, on_it: Sequence[Flags], shift: NDArray[np.float64]) -> Listing:
    was, now = on_it
    entering, leaving = now & ~was, was & ~now
    rows = np.flatnonzero(entering | leaving)
    listed = _most(rows, shift)
    people = tuple(
        (moved, bool(entering[row])) for moved, row in zip(_why(crowd, before, after, listed), listed, strict=True)
    )
    return Listing(int(was.sum()), int(now.sum()), int(entering.sum()), int(leaving.sum()), people)


def _bonus(crowd: Crowd, pay: Sequence[Flags], thresholds: Thresholds) -> tuple[Decimal, Decimal] | None:
    """What the bonus of those on the pay list comes to, each month; None for whoever may not read salaries."""
    if crowd.salary is None:
        return None
    share = float(thresholds.bonus) / 100
    before, after = (Decimal(f"{float(crowd.salary[flags].sum()) * share:.2f}") for flags in pay)
    return before, after


def _fairness(groups: Groups, pay: Sequence[Flags], minimum: int) -> tuple[GroupLine, ...]:
    codes = groups.codes + 1  # 0: not known
    count = len(groups.labels) + 1
    sizes = np.bincount(codes, minlength=count)[1:]
    was, now = (np.bincount(codes, weights=flags, minlength=count)[1:] for flags in pay)
    hidden = _hidden([int(size) for size in sizes], minimum)
    shares = [
        None
        if at in hidden or not sizes[at]
        else (Fraction(int(was[at]), int(sizes[at])), Fraction(int(now[at]), int(sizes[at])))
        for at in range(len(groups.labels))
    ]
    best = [max((share[at] for share in shares if share is not None), default=Fraction(0)) for at in (0, 1)]
    found = []
    for at, label in enumerate(groups.labels):
        share = shares[at]
        if not sizes[at]:
            continue
        if share is None:
            found.append(GroupLine(label, None, None, None, None, None))
            continue
        ratios = [share[side] / best[side] if best[side] else None for side in (0, 1)]
        found.append(GroupLine(label, int(sizes[at]), *share, *ratios))
    return tuple(found)


def _hidden(sizes: Sequence[int], minimum: int) -> frozenset[int]:
    """Groups that are too small; and the next one where the total would give a single hidden one away."""
    by_size = sorted((size, at) for at, size in enumerate(sizes) if size)
    small = [at for size, at in by_size if size < minimum]
    if small and sum(sizes[at] for at in small) < minimum and len(small) < len(by_size):
        small.append(by_size[len(small)][1])
    return frozenset(small)
