"""The page that explains a computed score: its ledger, a check that computes it again, and why it changed.

Thin over workflows/cycles/ledger.py; whoever may see the review's score may open it, for all others there is nothing.
"""

from __future__ import annotations

from datetime import date, datetime, time
from fractions import Fraction
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import format_decimal, format_percent
from flask_babel import gettext as _

from metadata import access
from metadata.access import Actor
from metadata.catalog import Catalog
from portal import catalogs
from portal.access import current_actor, language
from portal.extensions import db
from portal.views import forms
from portal.views.cycles import known_only
from portal.views.reviews import figure, score_words
from workflows.cycles import formula_steps, ledger, people, reading, sheets, terms
from workflows.cycles.formula_steps import Step
from workflows.cycles.ledger import Comparison, Opened
from workflows.cycles.people import Tree
from workflows.cycles.sheets import LedgerLine, Sheet
from workflows.scoring.formula import POINTS

blueprint = Blueprint("ledger", __name__, url_prefix="/cycles/reviews")
blueprint.before_request(known_only)


@blueprint.get("/<int:review_id>/ledger")
def show(review_id: int) -> str:
    """One computation with every line; `?check=1` computes it again, `?with=` or `?since=` compare it."""
    actor, catalog, session = current_actor(), catalogs.current(), db.session()
    entry = request.args.get("entry", type=int)
    found = ledger.opened(session, catalog, actor, review_id, entry_id=entry, language=language())
    check = ledger.recompute(session, found) if request.args.get("check") else None
    comparison = _comparison(found) if found.others else None
    units = people.tree(session, catalog)
    return render_template(
        "cycles/ledger.html",
        found=found,
        lines=_lines(actor, catalog, found, found.sheet, units),
        stints=_stints(actor, catalog, found, units),
        counted_days=sum(part.stint.days for part in found.sheet.stints if part.share),
        card_names=list(dict.fromkeys(filter(None, _card_names(found)))),
        check=check,
        comparison=comparison,
        changes=[] if comparison is None else _changes(comparison),
        mine=[one for one in (found.entry, *found.others) if one.review_id == review_id],
        points=points,
        score=score_words,
        term=lambda label: found.terms.rating(label, language()),
        **({"steps": [], "cut": False} if found.sheet.stints else _reckoned(found, found.sheet)),
        formula_title=_formula_title(catalog),
        policies=catalog[terms.SCORECARD].definition.fields["no_data"],
    )


def _formula_title(catalog: Catalog) -> str:
    field = catalog[terms.SCORECARD].definition.fields.get("formula")
    return field.title(language()) if field else ""


def _step(step: Step) -> dict[str, Any]:
    """A step of the formula as people read it."""
    if step.value is None:
        value = _(step.reason)
    elif isinstance(step.value, bool):
        value = _("yes") if step.value else _("no")
    else:
        value = f"{points(step.value)} {'' if step.unit == POINTS else step.unit}".strip()
    return {"text": step.text, "value": value, "figure": step.figure}


def _reckoned(found: Opened, sheet: Sheet) -> dict[str, Any]:
    """The formula of a sheet's scorecard, step by step, and whether what it made was cut to the scale."""
    steps = formula_steps.steps(found.rules.of(sheet.card) or found.terms, sheet.lines)
    cut = bool(steps) and sheet.worked not in (None, steps[-1].value)
    return {"steps": [_step(step) for step in steps], "cut": cut}


def _card_names(found: Opened) -> list[str]:
    cards = [part.stint.card for part in found.sheet.stints if part.sheet] or [found.sheet.card]
    return [found.rules.title(card, language()) for card in cards]


def _stints(actor: Actor, catalog: Catalog, found: Opened, units: Tree) -> list[dict[str, Any]]:
    """The stints of a mean: when and where, by which scorecard, with the lines of each."""
    parts = found.sheet.stints
    names = reading.unit_names(db.session(), catalog, {part.stint.department for part in parts}, language())
    return [
        {
            "start": part.stint.start,
            "end": part.stint.end,
            "days": part.stint.days,
            "department": names.get(part.stint.department, ""),
            "card": found.rules.title(part.stint.card, language()),
            "counted": part.sheet is not None,
            "points": part.sheet.points if part.sheet else None,
            "share": _share(part.share) if part.share else "",
            "lines": _lines(actor, catalog, found, part.sheet, units) if part.sheet else [],
            "total": part.sheet.total if part.sheet else None,
            "worked": part.sheet.worked if part.sheet else None,
            "formula": (found.rules.of(part.stint.card) or found.terms).formula,
            **(_reckoned(found, part.sheet) if part.sheet else {"steps": [], "cut": False}),
        }
        for part in parts
    ]


def _lines(actor: Actor, catalog: Catalog, found: Opened, sheet: Sheet, units: Tree) -> list[dict[str, Any]]:
    below = ",".join(str(unit) for unit in sorted(units.below(sheet.department)))
    return [_line(actor, catalog, found, line, below) for line in sheet.lines]


def _comparison(found: Opened) -> Comparison | None:
    asked, since = request.args.get("with", type=int), since_of(request.args.get("since", ""))
    if asked is None and since is None:
        return None
    return ledger.compare(db.session(), found, with_entry=asked, since=since)


def since_of(text: str) -> datetime | None:
    """The end of the named day where the reader is; None where no day is named."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return datetime.combine(day, time.max, forms.zone())


def points(value: Fraction | None, sign: bool = False) -> str:
    """Points as people read them, with four places at most; `sign` for what was added or taken."""
    if value is None:
        return ""
    words = str(format_decimal(sheets.shown(value), "#,##0.00##"))
    return f"+{words}" if sign and value > 0 else words


def _line(actor: Actor, catalog: Catalog, found: Opened, line: LedgerLine, below: str) -> dict[str, Any]:
    term = line.term
    unit = term.unit if term else ""
    return {
        "label": term.title(language()) if term else line.key,
        "section": term.section if term else "",
        "plan": figure(line.plan, unit),
        "actual": figure(line.actual, unit),
        "records": line.records,
        "url": _records_url(actor, catalog, found, line, below),
        "attainment": _share(line.attainment),
        "light": term.light(line.attainment) if term else "",
        "weight": str(format_decimal(term.weight)) if term else "",
        "effective": points(line.effective),
        "moved": term is not None and Fraction(term.weight) != line.effective,
        "contribution": points(line.contribution),
    }


def _share(value: Fraction | None) -> str:
    return "" if value is None else str(format_percent(float(value), "#,##0.0# %"))


def _records_url(actor: Actor, catalog: Catalog, found: Opened, line: LedgerLine, below: str) -> str:
    """The list of the records behind a figure, for those who may list them."""
    term, known = line.term, found.terms
    name = "" if term is None else line.key if term.kind in (terms.KPI, terms.OBJECTIVES) else terms.MARK
    if (
        term is None
        or term.kind == terms.SYSTEM_USE
        or name not in catalog
        or not access.may(actor, catalog[name], "list")
    ):
        return ""
    span = (known.period_start.isoformat(), known.period_end.isoformat())
    if term.kind == terms.OBJECTIVES:
        owner = catalog[name].definition.owner.person or ""
        asked: dict[str, Any] = {
            owner: found.view.review["employee"],
            "period_start__lte": span[1],
            "period_end__gte": span[0],
        }
        return url_for("records.list_page", definition=name, **asked)
    if term.kind != terms.KPI:
        person = found.view.review["employee"]
        asked = {"employee": person, "line": line.key, "day__gte": span[0], "day__lte": span[1]}
        return url_for("records.list_page", definition=name, **asked)
    asked = {f"{term.time}__gte": span[0], f"{term.time}__lte": span[1]}
    unit = catalog[name].definition.owner.unit
    if unit:
        asked[f"{unit}__in"] = below
    return url_for("records.list_page", definition=name, **asked)


def _changes(comparison: Comparison) -> list[dict[str, str]]:
    found = []
    for change in comparison.lines:
        unit = change.term.unit if change.term else ""
        sides = [(side, _share(side.attainment) if side else "") for side in (change.before, change.after)]
        found.append(
            {
                "label": change.term.title(language()) if change.term else change.key,
                "before": _side(sides[0], unit),
                "after": _side(sides[1], unit),
                "by_result": points(change.by_result, sign=True),
                "by_weight": points(change.by_weight, sign=True),
                "total": points(change.total, sign=True),
            }
        )
    return found


def _side(side: tuple[LedgerLine | None, str], unit: str) -> str:
    line, share = side
    if line is None:
        return ""
    measured = " / ".join(figure(value, unit) or "–" for value in (line.actual, line.plan))
    return f"{measured} = {share or '–'} × {points(line.effective)}"
