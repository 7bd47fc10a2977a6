"""REST for the explanation of computed scores: the ledger of a review, a recomputation, a comparison."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from flask import Blueprint, Response, abort, request

from portal import catalogs
from portal.access import current_actor, language
from portal.api.answers import answer
from portal.api.openapi import describe, query
from portal.extensions import db
from portal.views.cycles import visible
from portal.views.ledger import since_of
from workflows.cycles import formula_steps, ledger
from workflows.cycles.formula_steps import Step
from workflows.cycles.ledger import Entry, Opened
from workflows.cycles.sheets import LedgerLine, Sheet, StintPart

blueprint = Blueprint("api_ledger", __name__, url_prefix="/api/v1/cycles/reviews")
RESULT = {"type": "object", "properties": {"id": {"type": "integer"}, "result": {"type": "object"}}}
ENTRY = query("entry", {"type": "integer"}, "a computation of this review; default: the last")


@blueprint.before_request
def _known_only() -> Any:
    if not visible(current_actor(), catalogs.current()):
        abort(404)
    return None


@blueprint.get("/<int:review_id>/ledger")
@describe(result=RESULT, visible=visible, parameters=(ENTRY,))
def show(review_id: int) -> Response:
    """A computed score line by line, with what it was computed with and its hash. Fractions are exact, as text."""
    found = _opened(review_id)
    result = {
        **_entry(found.entry),
        **_sheet(found.sheet),
        "terms_hash": found.sheet.terms_digest,
        "catalog_version": found.terms.catalog_version,
        "policy": found.terms.policy,
        "places": found.terms.places,
        "formula": found.terms.formula or None,
        "steps": [] if found.sheet.stints else _steps(found, found.sheet),
        "scorecard": found.sheet.card,
        "stints": [_stint(part, found) for part in found.sheet.stints],
        "others": [_entry(one) for one in found.others],
    }
    return answer({"id": review_id, "result": result})


@blueprint.get("/<int:review_id>/recompute")
@describe(result=RESULT, visible=visible, parameters=(ENTRY,))
def recompute(review_id: int) -> Response:
    """The score computed again from the stored figures and the pinned rules, and whether it is the same."""
    check = ledger.recompute(db.session(), _opened(review_id))
    result = {
        "score": None if check.score is None else str(check.score),
        "rating": check.rating,
        "same": check.same,
        "sheet_intact": check.sheet_intact,
        "terms_intact": check.terms_intact,
    }
    return answer({"id": review_id, "result": result})


@blueprint.get("/<int:review_id>/compare")
@describe(
    result=RESULT,
    visible=visible,
    parameters=(
        ENTRY,
        query("with", {"type": "integer"}, "another computation of this person"),
        query("since", {"type": "string", "format": "date"}, "the last computation until this day"),
    ),
)
def compare(review_id: int) -> Response:
    """Why the score changed: line by line by the result and by the weight; default: against the computation before."""
    asked, since = request.args.get("with", type=int), since_of(request.args.get("since", ""))
    found = ledger.compare(db.session(), _opened(review_id), with_entry=asked, since=since)
    lines = [
        {
            "key": change.key,
            "before": change.before and _line(change.before),
            "after": change.after and _line(change.after),
            "by_result": str(change.by_result),
            "by_weight": str(change.by_weight),
        }
        for change in found.lines
    ]
    result = {
        "before": {**_entry(found.before), **_sheet(found.old)},
        "after": {**_entry(found.after), **_sheet(found.new)},
        "lines": lines,
        "by_formula": str(found.by_formula),
        "rounding": str(found.rounding),
        "total": _text(found.total),
    }
    return answer({"id": review_id, "result": result})


def _opened(review_id: int) -> Opened:
    entry = request.args.get("entry", type=int)
    return ledger.opened(
        db.session(), catalogs.current(), current_actor(), review_id, entry_id=entry, language=language()
    )


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "entry": entry.id,
        "review": entry.review_id,
        "at": entry.at.isoformat(),
        "by": entry.by,
        "hash": entry.digest,
    }


def _sheet(sheet: Sheet) -> dict[str, Any]:
    return {
        "lines": [_line(line) for line in sheet.lines],
        "sum": str(sheet.total),
        "points": str(sheet.points),
        "rounding": str(sheet.rounding),
        "score": None if sheet.score is None else str(sheet.score),
        "rating": sheet.rating,
        "reason": sheet.reason,
    }


def _step(step: Step) -> dict[str, Any]:
    value = step.value if isinstance(step.value, bool) else _text(step.value)
    return {"text": step.text, "value": value, "unit": step.unit or None, "reason": step.reason or None}


def _stint(part: StintPart, found: Opened) -> dict[str, Any]:
    """One stint of a mean; `share` 0 where its days do not count."""
    return {
        "from": part.stint.start.isoformat(),
        "to": part.stint.end.isoformat(),
        "days": part.stint.days,
        "department": part.stint.department,
        "position": part.stint.position,
        "scorecard": part.stint.card,
        "scorecard_name": found.rules.title(part.stint.card, language()),
        "share": str(part.share),
        **({**_sheet(part.sheet), "steps": _steps(found, part.sheet)} if part.sheet else {}),
    }


def _steps(found: Opened, sheet: Sheet) -> list[dict[str, Any]]:
    known = found.rules.of(sheet.card) or found.terms
    return [_step(step) for step in formula_steps.steps(known, sheet.lines)]


def _line(line: LedgerLine) -> dict[str, Any]:
    return {
        "key": line.key,
        "label": line.term.title(language()) if line.term else line.key,
        "weight": str(line.term.weight) if line.term else None,
        "plan": line.plan,
        "actual": line.actual,
        "records": line.records,
        "attainment": _text(line.attainment),
        "effective": str(line.effective),
        "contribution": str(line.contribution),
    }


def _text(value: Fraction | None) -> str | None:
    return None if value is None else str(value)
