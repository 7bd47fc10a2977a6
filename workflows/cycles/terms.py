"""What a cycle scores with: gathered from the scorecard, checked, and pinned at the launch.

Called by opening (the checks alone), launching (gather and pin) and scoring (read the pin). Promise: after the launch
nothing in here is read from the scorecard, its lines, its bands, the period of the cycle's record or the KPIs' present
definitions, so editing those changes no score. See docs/decisions/0018.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from metadata.catalog import Catalog
from metadata.errors import Invalid, NotFound, Problem
from metadata.parser import thawed
from workflows.cycles.desk import Row, load
from workflows.cycles.term_checks import checked
from workflows.goals.levels import END, SCORE, START, levels
from workflows.scoring import Band, Rule, exact, rule_of
from workflows.scoring.formula import Formula, Nameable, bound
from workflows.scoring.rounding import DEFAULT_PLACES
from workflows.scoring.score import REDISTRIBUTE
from workflows.store import cycle_pins

# Fields that came later: an installation whose pack was not upgraded yet has none of them.
LATER = {
    "scorecard": ("person", "effective_from", "effective_to", "formula"),
    "scorecard_line": (
        *("kind", "section", "target", "weight_floor", "weight_ceiling", "attainment_floor", "attainment_cap"),
        *("amber_from", "green_from"),
    ),
}
SCORECARD, LINE, BAND, MARK = "scorecard", "scorecard_line", "rating_band", "appraisal_mark"
KPI, COMPETENCY, MANUAL, SYSTEM_USE, OBJECTIVES = "kpi", "competency", "manual", "system_use", "objectives"
NO_LEVEL = "“%(kpi)s” is no level of objectives that people own and that are scored."
USES = ("portal_weeks", "goal_weeks")
NO_USE = "“%(kpi)s” is no way of using the system that can be counted; choose one of %(names)s."
NOT_IN_FORCE = "The scorecard is in force from %(start)s to %(end)s, not in the whole period of the cycle."
NO_KPI = "The scorecard counts “%(kpi)s”, which is no KPI at present."
NO_FORM = "There is no review form called “%(name)s”."
NOT_ACTIVE = "Only an active scorecard can be used; HR activates it."
NOT_READY = "A cycle can't be run with this scorecard yet."
NO_PIN = "This cycle was never launched."


@dataclass(frozen=True)
class TermLine:
    """One line as it counts: weight, words, and how it is measured. `kpi` is its key, whatever its kind.

    `target` stands in place of the measured plan; `amber` and `green` are the attainments (in %) of its light.
    """

    kpi: str
    label: str
    label_zh: str
    weight: Decimal
    time: str
    plan: str
    actual: str
    unit: str
    rule: Rule
    kind: str = KPI
    section: str = ""
    target: Decimal | None = None
    amber: Decimal | None = None
    green: Decimal | None = None

    @property
    def by_person(self) -> bool:
        """Whether it is measured for each person, not for the department."""
        return self.kind != KPI

    def title(self, language: str) -> str:
        """What people call it."""
        return (self.label_zh if language == "zh" else "") or self.label or self.kpi

    def light(self, attainment: Fraction | None) -> str:
        """green, amber or red by the line's own thresholds; empty where it has none, or no data."""
        if attainment is None or (self.green is None and self.amber is None):
            return ""
        if self.green is not None and attainment * 100 >= exact(self.green):
            return "green"
        return "amber" if self.amber is None or attainment * 100 >= exact(self.amber) else "red"


@dataclass(frozen=True)
class TermBand:
    """A rating with both its names."""

    band: Band
    label_zh: str

    def title(self, language: str) -> str:
        """What people call it."""
        return (self.label_zh if language == "zh" else "") or self.band.label


@dataclass(frozen=True)
class Terms:
    """Everything that a score depends on besides the figures."""

    catalog_version: int
    department: int
    period_start: date
    period_end: date
    timezone: str
    lines: tuple[TermLine, ...]
    bands: tuple[TermBand, ...]
    places: int
    policy: str
    minimum_service_days: int
    form: Mapping[str, Any] | None = None  # the document of the review form, as it was
    formula: str = ""

    @property
    def plain_bands(self) -> list[Band]:
        """The bands as scoring takes them."""
        return [item.band for item in self.bands]

    @property
    def worked(self) -> Formula | None:
        """The formula over these lines; raises FormulaError."""
        lines = tuple(Nameable(line.kpi, line.unit, line.section) for line in self.lines)
        return bound(self.formula, lines) if self.formula else None

    @property
    def own_cards(self) -> bool:
        """Whether these are the frame of a cycle in which each person's own scorecard counts: no line of its own."""
        return not self.lines

    def rating(self, label: str | None, language: str) -> str:
        """A stored rating as people read it."""
        return next((item.title(language) for item in self.bands if item.band.label == label), label or "")


@dataclass(frozen=True)
class Pin:
    """The stored terms, the figures as last measured, and the job at work."""

    terms: Terms
    figures: Mapping[str, Any] | None
    measured_at: datetime | None
    job_id: int | None


def gather(session: Session, catalog: Catalog, cycle: Row) -> Terms:
    """The terms as they stand; raises Invalid with every reason why they can't be used."""
    card, lines, bands = _stored(session, catalog, cycle["scorecard"])
    terms, problems = build(catalog, cycle, card, lines, bands)
    problems = _out_of_force(card, cycle) + problems
    if card["status"] != "active":
        problems.insert(0, Problem("/scorecard", NOT_ACTIVE))
    if problems:
        raise Invalid(NOT_READY, problems=problems)
    return terms


def build(
    catalog: Catalog, cycle: Row, card: Row, lines: Sequence[Row], bands: Sequence[Row]
) -> tuple[Terms, list[Problem]]:
    """The terms of one scorecard in this cycle, with what is wrong with them."""
    problems: list[Problem] = []
    found = []
    for line in lines:
        problem = no_measure(catalog, line)
        if problem is not None:
            problems.append(replace(problem, pointer="/scorecard"))
            continue
        found.append(line_of(catalog, line))
    terms = replace(
        frame(catalog, cycle, problems),
        lines=tuple(found),
        bands=tuple(TermBand(Band(b["label"], b["low"], b["high"]), b["label_zh"] or "") for b in bands),
        places=card["decimals"],
        policy=card["no_data"],
        minimum_service_days=90 if card["minimum_service_days"] is None else card["minimum_service_days"],
        formula=card["formula"] or "",
    )
    return terms, problems + checked(lines, terms)


def frame(catalog: Catalog, cycle: Row, problems: list[Problem]) -> Terms:
    """What the plan says whatever the scorecard: department, period, zone and form; problems are added."""
    return Terms(
        catalog_version=catalog.version,
        department=cycle["department"],
        period_start=cycle["period_start"],
        period_end=cycle["period_end"],
        timezone=cycle["timezone"] or "UTC",
        lines=(),
        bands=(),
        places=DEFAULT_PLACES,
        policy=REDISTRIBUTE,
        minimum_service_days=0,
        form=_form(catalog, cycle, problems),
    )


def _out_of_force(card: Row, cycle: Row) -> list[Problem]:
    """Whether the scorecard begins after the period does, or ends before it."""
    start, end = card["effective_from"], card["effective_to"]
    late = start is not None and start > cycle["period_start"]
    early = end is not None and end < cycle["period_end"]
    days = {"start": start.isoformat() if start else "…", "end": end.isoformat() if end else "…"}
    return [Problem("/scorecard", NOT_IN_FORCE, days)] if late or early else []


def _light(own: Decimal | None, of_kpi: Decimal | None) -> Decimal | None:
    """From which attainment, in %: as the line says, else as the KPI does, whose thresholds are shares."""
    return own if own is not None or of_kpi is None else of_kpi * 100


def _form(catalog: Catalog, cycle: Row, problems: list[Problem]) -> Mapping[str, Any] | None:
    name = cycle.get("form")
    if not name:
        return None
    entity = catalog.entities.get(name)
    if entity is None or entity.definition.form is None:
        problems.append(Problem("/form", NO_FORM, {"name": name}))
        return None
    document: Mapping[str, Any] = thawed(entity.definition.document)
    return document


def _stored(session: Session, catalog: Catalog, scorecard_id: int) -> tuple[Row, list[Row], list[Row]]:
    cards, lines, bands = (catalog[name] for name in (SCORECARD, LINE, BAND))
    card = session.execute(load(cards).where(cards.table.c.id == scorecard_id)).mappings().first()
    if card is None:
        raise Invalid(NOT_READY, problems=[Problem("/scorecard", "There is no such scorecard.")])
    t = lines.table.c
    of_card = load(lines).where(t.scorecard == scorecard_id).order_by(t.sequence, t.id)
    b = bands.table.c
    levels = load(bands).where(b.scorecard == scorecard_id).order_by(b.low)
    found = [whole(LINE, dict(row)) for row in session.execute(of_card).mappings()]
    return whole(SCORECARD, dict(card)), found, [*session.execute(levels).mappings()]


def whole(name: str, row: Row) -> Row:
    """A stored row with every field that this module reads."""
    return {**dict.fromkeys(LATER[name]), **row}


def no_measure(catalog: Catalog, row: Row) -> Problem | None:
    """Why a line can't be measured; None where it can."""
    if row["kind"] == SYSTEM_USE and row["kpi"] not in USES:
        return Problem("/kpi", NO_USE, {"kpi": row["kpi"], "names": ", ".join(USES)})
    if row["kind"] == OBJECTIVES and row["kpi"] not in scored_levels(catalog):
        return Problem("/kpi", NO_LEVEL, {"kpi": row["kpi"]})
    entity = catalog.entities.get(row["kpi"])
    if row["kind"] in (KPI, None) and (entity is None or entity.definition.measure is None):
        return Problem("/kpi", NO_KPI, {"kpi": row["kpi"]})
    return None


def scored_levels(catalog: Catalog) -> tuple[str, ...]:
    """The levels of objectives that a line can count: owned by people, with a period and a score."""
    return tuple(level.name for level in levels(catalog) if level.person and all(map(level.has, (SCORE, START, END))))


def line_of(catalog: Catalog, row: Row) -> TermLine:
    """A stored line as it would count today."""
    kind = row["kind"] or KPI
    measure = catalog[row["kpi"]].definition.measure if kind == KPI else None
    rule = rule_of(measure) if measure else Rule()
    grades = measure.thresholds if measure else None
    bounds: dict[str, Any] = {
        name: exact(row[field]) / 100
        for name, field in (("floor", "attainment_floor"), ("cap", "attainment_cap"))
        if row[field] is not None
    }
    return TermLine(
        kpi=row["kpi"],
        label=row["label"] or "",
        label_zh=row["label_zh"] or "",
        weight=row["weight"],
        time=measure.time if measure else "",
        plan=measure.plan if measure else "",
        actual=measure.actual if measure else "",
        unit=measure.unit if measure else "%" if kind == SYSTEM_USE else "",
        rule=replace(rule, **bounds),
        kind=kind,
        section=row["section"] or "",
        target=row["target"],
        amber=_light(row["amber_from"], grades.amber if grades else None),
        green=_light(row["green_from"], grades.green if grades else None),
    )


def pin(session: Session, cycle_id: int, terms: Terms, username: str, now: datetime) -> None:
    """Keep the terms for good."""
    row = {"cycle_id": cycle_id, "at": now, "by": username, "catalog_version": terms.catalog_version}
    session.execute(insert(cycle_pins).values(**row, terms=as_json(terms)))


def set_job(session: Session, cycle_id: int, job_id: int) -> None:
    """Which job works for the cycle, for its progress bar."""
    session.execute(update(cycle_pins).where(cycle_pins.c.cycle_id == cycle_id).values(job_id=job_id))


def keep_figures(session: Session, cycle_id: int, figures: Mapping[str, Any], now: datetime) -> None:
    """What was measured, so that every chunk and every explanation uses the same."""
    mine = cycle_pins.c.cycle_id == cycle_id
    session.execute(update(cycle_pins).where(mine).values(figures=dict(figures), measured_at=now))


def pinned(session: Session, cycle_id: int) -> Pin:
    """The pin of a launched cycle."""
    found = pin_if_any(session, cycle_id)
    if found is None:
        raise NotFound(NO_PIN)
    return found


def pin_if_any(session: Session, cycle_id: int) -> Pin | None:
    """The pin; None before the launch."""
    row = session.execute(select(cycle_pins).where(cycle_pins.c.cycle_id == cycle_id)).mappings().first()
    return None if row is None else Pin(from_json(row["terms"]), row["figures"], row["measured_at"], row["job_id"])


def pins_of(session: Session, cycle_ids: Iterable[int]) -> dict[int, Terms]:
    """The terms of several cycles, for a list; those never launched are left out."""
    ids = sorted(set(cycle_ids))
    if not ids:
        return {}
    rows = session.execute(select(cycle_pins.c.cycle_id, cycle_pins.c.terms).where(cycle_pins.c.cycle_id.in_(ids)))
    return {row[0]: from_json(row[1]) for row in rows}


def as_json(terms: Terms) -> dict[str, Any]:
    """Numbers as text: JSON's own would be floats."""
    return {
        **{name: getattr(terms, name) for name in ("catalog_version", "department", "timezone", "places", "policy")},
        "minimum_service_days": terms.minimum_service_days,
        **({"form": dict(terms.form)} if terms.form else {}),
        **({"formula": terms.formula} if terms.formula else {}),
        "period": [terms.period_start.isoformat(), terms.period_end.isoformat()],
        "bands": [
            [b.band.label, b.label_zh, str(b.band.low), None if b.band.high is None else str(b.band.high)]
            for b in terms.bands
        ],
        "lines": [
            {
                **{n: getattr(line, n) for n in ("kpi", "label", "label_zh", "time", "plan", "actual", "unit")},
                "weight": str(line.weight),
                "direction": line.rule.direction,
                **{n: _text(getattr(line.rule, n)) for n in ("baseline", "floor", "cap", "high")},
                **_further(line),
            }
            for line in terms.lines
        ],
    }


def _further(line: TermLine) -> dict[str, str]:
    """What a plain KPI line has not: left out where it is not, so that terms pinned long ago keep their hash."""
    given = {"kind": "" if line.kind == KPI else line.kind, "section": line.section}
    given |= {name: _text(getattr(line, name)) or "" for name in ("target", "amber", "green")}
    return {name: text for name, text in given.items() if text}


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def from_json(plain: Mapping[str, Any]) -> Terms:
    """Stored terms as a value."""
    start, end = (date.fromisoformat(text) for text in plain["period"])
    return Terms(
        catalog_version=plain["catalog_version"],
        department=plain["department"],
        period_start=start,
        period_end=end,
        timezone=plain["timezone"],
        lines=tuple(_line_from_json(item) for item in plain["lines"]),
        bands=tuple(
            TermBand(Band(label, Decimal(low), None if high is None else Decimal(high)), label_zh)
            for label, label_zh, low, high in plain["bands"]
        ),
        places=plain["places"],
        policy=plain["policy"],
        minimum_service_days=plain["minimum_service_days"],
        form=plain.get("form"),
        formula=plain.get("formula", ""),
    )


def _line_from_json(item: Mapping[str, Any]) -> TermLine:
    words = {n: item[n] for n in ("kpi", "label", "label_zh", "time", "plan", "actual", "unit")}
    optional = {n: None if item[n] is None else exact(item[n]) for n in ("baseline", "high")}
    rule = Rule(item["direction"], floor=exact(item["floor"]), cap=exact(item["cap"]), **optional)
    further: dict[str, Any] = {name: Decimal(item[name]) for name in ("target", "amber", "green") if name in item}
    further |= {name: item[name] for name in ("kind", "section") if name in item}
    return TermLine(**words, weight=Decimal(item["weight"]), rule=rule, **further)
