"""A scorecard as one value: its settings, lines and bands, read from the records or from what somebody typed.

Called by `versions`, by what-if and by their pages. Plain JSON with numbers as text, so that a draft, a version and a
scenario are the same thing. Promises: what was typed comes back whatever is wrong with it; problems point at
`/lines/<place>/<field>` and `/bands/<place>/<field>`; `terms_of` scores exactly as a cycle launched from it would. A
formula is left out where there is none, so that contents kept before there were any stay the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from metadata.catalog import Catalog
from metadata.errors import Invalid, NotFound, Problem
from metadata.formula import FormulaError
from metadata.formula.reading import MAX_LENGTH
from metadata.records.read import HIDDEN_RECORD
from metadata.validation import REQUIRED
from workflows.cycles import terms
from workflows.cycles.desk import Row, load
from workflows.cycles.term_checks import fixed_target
from workflows.cycles.terms import TermBand, Terms
from workflows.scoring import POLICIES, Band, Limits, check_rule
from workflows.scoring.bands import band_problems
from workflows.scoring.formula import Nameable, bound, named_lines
from workflows.scoring.rounding import DEFAULT_PLACES, MOST_PLACES
from workflows.scoring.weights import weight_problems

Content: TypeAlias = dict[str, Any]

TEXTS = ("kind", "kpi", "label", "label_zh", "section")
NUMBERS = (
    *("weight", "weight_floor", "weight_ceiling", "target", "attainment_floor", "attainment_cap"),
    *("amber_from", "green_from"),
)
KINDS = (terms.KPI, terms.COMPETENCY, terms.MANUAL, terms.SYSTEM_USE, terms.OBJECTIVES)
MOST_LINES, MOST_BANDS = 60, 20
PLACES = {"target": 4}
LONGEST = {"kpi": 63, "label": 120, "label_zh": 120, "section": 80}
LARGEST = 10**12
MOST_DIGITS = 30
NO_NUMBER = "A number such as 87.5 is expected here."
TOO_FINE = "At most %(places)s decimal places are possible here."
TOO_LONG = "At most %(limit)s characters are possible here."
TOO_MANY = "At most %(most)s of these are possible."
TWICE = "“%(kpi)s” stands in two lines; one line can count it."
NO_KIND = "There is no such kind of line."
LINE_GONE = "The formula names “%(line)s”, which is no line any more; put the line back, or change the formula."
NO_FORMULA = "Scorecards here have no formula yet; upgrade the pack Performance first."
NOT_READY = "The scorecard can't be published yet."
NOT_READABLE = "Some of what was typed can't be read."


def live(session: Session, catalog: Catalog, card_id: int) -> Content:
    """The scorecard as it stands in its records."""
    return document(*rows(session, catalog, card_id))


def rows(session: Session, catalog: Catalog, card_id: int) -> tuple[Row, list[Row], list[Row]]:
    """The records of a scorecard: itself, its lines in their order, its bands from the lowest."""
    cards, lines, bands = (catalog[name] for name in (terms.SCORECARD, terms.LINE, terms.BAND))
    card = session.execute(load(cards).where(cards.table.c.id == card_id)).mappings().first()
    if card is None:
        raise NotFound(HIDDEN_RECORD)
    t, b = lines.table.c, bands.table.c
    mine = load(lines).where(t.scorecard == card_id).order_by(t.sequence, t.id)
    levels = load(bands).where(b.scorecard == card_id).order_by(b.low)
    return (
        terms.whole(terms.SCORECARD, dict(card)),
        [terms.whole(terms.LINE, dict(row)) for row in session.execute(mine).mappings()],
        [dict(row) for row in session.execute(levels).mappings()],
    )


def document(card: Row, lines: Sequence[Row], bands: Sequence[Row]) -> Content:
    """The content of these records."""
    service = card["minimum_service_days"]
    return {
        "no_data": card["no_data"],
        "decimals": str(card["decimals"]),
        "minimum_service_days": "90" if service is None else str(service),
        **({"formula": card["formula"]} if card["formula"] else {}),
        "lines": [
            {
                **{n: row[n] or "" for n in TEXTS},
                "kind": row["kind"] or terms.KPI,
                **{n: _text(row[n]) for n in NUMBERS},
            }
            for row in lines
        ],
        "bands": [
            {
                "label": row["label"],
                "label_zh": row["label_zh"] or "",
                "low": _text(row["low"]),
                "high": _text(row["high"]),
            }
            for row in bands
        ],
    }


def _text(value: Any) -> str:
    """A number as people write it: without trailing noughts; empty for none."""
    if value is None:
        return ""
    words = f"{Decimal(value):f}"
    return words.rstrip("0").rstrip(".") if "." in words else words


def digest(content: Content) -> str:
    """By which two contents are told apart."""
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def tidy(raw: Mapping[str, Any]) -> Content:
    """What was typed as a content: all fields there, texts trimmed, readable numbers in their shortest form."""
    formula = " ".join(_plain(raw.get("formula")).splitlines())
    return {
        **({"formula": formula} if formula else {}),
        "no_data": str(raw.get("no_data", "")).strip(),
        "decimals": str(raw.get("decimals", "")).strip(),
        "minimum_service_days": str(raw.get("minimum_service_days", "")).strip(),
        "lines": [_tidy_line(line) for line in raw.get("lines", ())],
        "bands": with_edges([_tidy_band(band) for band in raw.get("bands", ())]),
    }


def _tidy_line(raw: Mapping[str, Any]) -> dict[str, str]:
    texts = {name: _plain(raw.get(name)) for name in TEXTS}
    return {**texts, "kind": texts["kind"] or terms.KPI, **{name: _shortest(raw.get(name)) for name in NUMBERS}}


def _tidy_band(raw: Mapping[str, Any]) -> dict[str, str]:
    return {
        "label": _plain(raw.get("label")),
        "label_zh": _plain(raw.get("label_zh")),
        "low": _shortest(raw.get("low")),
    }


def with_edges(bands: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Bands from the lowest, each ending where the next begins: a threshold that moves leaves no gap."""
    listed = sorted(bands, key=lambda band: number(band["low"]) or Decimal(0))
    ends = [*(band["low"] for band in listed[1:]), ""][: len(listed)]
    return [{**band, "high": end} for band, end in zip(listed, ends, strict=True)]


def _plain(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _shortest(value: Any) -> str:
    text = _plain(value)
    found = number(text)
    return text if found is None else _text(found)


def number(text: str) -> Decimal | None:
    """The number; None where there is none."""
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    if not found.is_finite() or abs(found) >= LARGEST:
        return None
    exponent = found.as_tuple().exponent  # 1e-9999999 would be written out with all its noughts
    return found if isinstance(exponent, int) and abs(exponent) <= MOST_DIGITS else None


def unreadable(content: Content) -> list[Problem]:
    """What can't be read at all: a draft with this can't be scored, not even to try."""
    problems = []
    for part, most in (("lines", MOST_LINES), ("bands", MOST_BANDS)):
        if len(content[part]) > most:
            problems.append(Problem(f"/{part}", TOO_MANY, {"most": most}))
    for place, line in enumerate(content["lines"]):
        for name in NUMBERS:
            problems += _number_problems(f"/lines/{place}/{name}", line[name], PLACES.get(name, 2), name == "weight")
        for name, limit in LONGEST.items():
            if len(line[name]) > limit:
                problems.append(Problem(f"/lines/{place}/{name}", TOO_LONG, {"limit": limit}))
        if not line["kpi"]:
            problems.append(Problem(f"/lines/{place}/kpi", REQUIRED))
        if line["kind"] not in KINDS:
            problems.append(Problem(f"/lines/{place}/kind", NO_KIND))
    for place, band in enumerate(content["bands"]):
        problems += _number_problems(f"/bands/{place}/low", band["low"], 2, True)
        if not band["label"]:
            problems.append(Problem(f"/bands/{place}/label", REQUIRED))
    if len(content.get("formula", "")) > MAX_LENGTH:
        problems.append(Problem("/formula", TOO_LONG, {"limit": MAX_LENGTH}))
    if content["no_data"] not in POLICIES:
        problems.append(Problem("/no_data", REQUIRED))
    problems += _whole("/decimals", content["decimals"], MOST_PLACES)
    problems += _whole("/minimum_service_days", content["minimum_service_days"], 3650)
    return problems


def _number_problems(pointer: str, text: str, places: int, required: bool) -> list[Problem]:
    if not text:
        return [Problem(pointer, REQUIRED)] if required else []
    found = number(text)
    if found is None:
        return [Problem(pointer, NO_NUMBER)]
    exponent = found.normalize().as_tuple().exponent
    too_fine = isinstance(exponent, int) and -exponent > places
    return [Problem(pointer, TOO_FINE, {"places": places})] if too_fine else []


def _whole(pointer: str, text: str, most: int) -> list[Problem]:
    fits = text.isascii() and text.isdecimal() and len(text) <= 6 and int(text) <= most
    return [] if fits else [Problem(pointer, "A whole number from 0 to %(most)s is expected here.", {"most": most})]


def problems(catalog: Catalog, content: Content) -> list[Problem]:
    """Everything that keeps a content from being published, each at its field."""
    found = unreadable(content)
    if found:
        return found
    lines = content["lines"]
    limits = [Limits(number(line["weight_floor"]), number(line["weight_ceiling"])) for line in lines]
    found += weight_problems([Decimal(line["weight"]) for line in lines], limits)
    found += band_problems(_bands(content))
    found += formula_problems(catalog, content)
    seen: set[str] = set()
    for place, line in enumerate(lines):
        if line["kpi"] in seen:
            found.append(Problem(f"/lines/{place}/kpi", TWICE, {"kpi": line["kpi"]}))
        seen.add(line["kpi"])
        problem = terms.no_measure(catalog, line)
        if problem is not None:
            found.append(replace(problem, pointer=f"/lines/{place}/kpi"))
            continue
        found += _immeasurable(catalog, place, line)
    return found


def immeasurable(catalog: Catalog, content: Content) -> list[Problem]:
    """Targets and bounds with which a line has no way to go; of a content whose lines can be read and measured."""
    return [problem for place, line in enumerate(content["lines"]) for problem in _immeasurable(catalog, place, line)]


def _immeasurable(catalog: Catalog, place: int, line: Mapping[str, str]) -> list[Problem]:
    known = terms.line_of(catalog, row_of(line))
    try:
        check_rule(fixed_target(known), known.rule)
    except Invalid as error:
        names = {"target": "target", "cap": "attainment_cap"}
        return [replace(p, pointer=f"/lines/{place}/{names.get(p.field_name, 'target')}") for p in error.problems]
    return []


def formula_problems(catalog: Catalog, content: Content) -> list[Problem]:
    """What is wrong with the formula, at the formula; and, at the lines, those that it misses."""
    text = content.get("formula", "")
    if not text:
        return []
    if "formula" not in catalog[terms.SCORECARD].definition.fields:
        return [Problem("/formula", NO_FORMULA)]
    try:
        bound(text, nameable(catalog, content))
    except FormulaError as error:
        gone = sorted(named_lines(text) - {line["kpi"] for line in content["lines"]})
        at_lines = [Problem("/lines", LINE_GONE, {"line": key}) for key in gone]
        return [Problem("/formula", error.message, error.params), *at_lines]
    return []


def nameable(catalog: Catalog, content: Content) -> tuple[Nameable, ...]:
    """The lines as a formula may name them."""
    found = []
    for line in content["lines"]:
        measured = line["kind"] in KINDS and terms.no_measure(catalog, line) is None
        unit = terms.line_of(catalog, row_of(line)).unit if measured else ""
        found.append(Nameable(line["kpi"], unit, line["section"]))
    return tuple(found)


def row_of(line: Mapping[str, str]) -> dict[str, Any]:
    """A line as its record holds it."""
    return {**{n: line[n] for n in TEXTS}, **{n: number(line[n]) if line[n] else None for n in NUMBERS}}


def _bands(content: Content) -> list[Band]:
    return [Band(b["label"], Decimal(b["low"]), Decimal(b["high"]) if b["high"] else None) for b in content["bands"]]


def terms_of(catalog: Catalog, content: Content, department: int, span: tuple[date, date], timezone: str) -> Terms:
    """The terms of a content; raises Invalid where it can't be read or names what can't be measured.

    Weights need not add up to 100 here: what-if answers while they are being moved.
    """
    wrong = unreadable(content) or [
        replace(problem, pointer=f"/lines/{place}/kpi")
        for place, line in enumerate(content["lines"])
        if (problem := terms.no_measure(catalog, line)) is not None
    ]
    wrong = wrong or [*band_problems(_bands(content)), *formula_problems(catalog, content)]
    if wrong:
        raise Invalid(NOT_READABLE, problems=wrong)
    return Terms(
        catalog_version=catalog.version,
        department=department,
        period_start=span[0],
        period_end=span[1],
        timezone=timezone,
        lines=tuple(terms.line_of(catalog, row_of(line)) for line in content["lines"]),
        bands=tuple(
            TermBand(band, plain["label_zh"]) for band, plain in zip(_bands(content), content["bands"], strict=True)
        ),
        places=int(content["decimals"] or DEFAULT_PLACES),
        policy=content["no_data"],
        minimum_service_days=int(content["minimum_service_days"]),
        formula=content.get("formula", ""),
    )


def names(session: Session, catalog: Catalog) -> dict[int, Row]:
    """All scorecards by id, for lists and choices."""
    entity = catalog[terms.SCORECARD]
    columns = (entity.table.c[n].label(n) for n in ("id", "name", "name_zh", "department", "position", "status"))
    found = session.execute(select(*columns).where(entity.table.c._removed_at.is_(None)).order_by(entity.table.c.name))
    return {row["id"]: dict(row) for row in found.mappings()}
