"""Many records of one definition in one request: rows with an id are changed, the others added.

One transaction. All or nothing (the default), or per row: then each row has its own answer. Problems point
at `/rows/<position>/<field>`, in both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from metadata import access, records
from metadata.access import Actor
from metadata.catalog import Catalog, Entity
from metadata.errors import Invalid, NotAllowed, Problem
from metadata.records import Change, Outcome
from metadata.records.write import NOT_SAVED
from portal import units
from portal.access import current_actor
from portal.api.answers import answer, body_object
from portal.api.openapi_records import MOST_ROWS
from portal.api.records import blueprint, entity_called
from portal.errors import worded

SYSTEM = ("id", "_version", "_labels")
ONE_ROW = "A JSON object with the record's fields is expected."
WHOLE = "A whole number is expected here."


@dataclass(frozen=True)
class _Batch:
    """The request, taken apart: positions of the rows to add and to change, and what can't be read at all."""

    rows: Sequence[Any]
    new: tuple[int, ...]
    old: tuple[int, ...]
    problems: Mapping[int, list[Problem]]
    whole: bool


@blueprint.post("/<definition>/_bulk")
def bulk(definition: str) -> Response:
    """Add and change up to 1,000 records; 422 with every problem, or 200 with an answer for each row."""
    entity, batch, actor = entity_called(definition), _batch(), current_actor()
    _require(entity, actor, batch)
    told, problems = units.write(lambda session, catalog: _work(session, catalog, definition, actor, batch))
    result = [told.get(i) or _rejected(problems[i]) for i in range(len(batch.rows))]
    kinds = [row["status"] for row in result]
    counts = {kind: kinds.count(kind) for kind in ("created", "changed", "unchanged", "rejected")}
    return answer({**counts, "result": result})


def _batch() -> _Batch:
    body = body_object()
    rows, whole = body.get("rows"), body.get("all_or_nothing", True)
    if not isinstance(rows, list) or not 0 < len(rows) <= MOST_ROWS:
        raise Invalid("Between 1 and %(most)s rows are expected.", params={"most": MOST_ROWS}, field="rows")
    if not isinstance(whole, bool):
        raise Invalid("True or false is expected here.", field="all_or_nothing")
    problems: dict[int, list[Problem]] = {}
    new, old = [], []
    for position, row in enumerate(rows):
        if not isinstance(row, dict):
            problems[position] = [Problem("", ONE_ROW)]
        elif wrong := [n for n in ("id", "_version") if row.get(n) is not None and type(row[n]) is not int]:
            problems[position] = [Problem(f"/{name}", WHOLE) for name in wrong]
        else:
            (new if row.get("id") is None else old).append(position)
    return _Batch(rows, tuple(new), tuple(old), problems, whole)


def _require(entity: Entity, actor: Actor, batch: _Batch) -> None:
    """Who may do neither learns nothing; who may do one is told which rows are the other."""
    for action, positions in (("add", batch.new), ("edit", batch.old)):
        verdict = access.explain(actor, entity, action)
        if positions and not verdict:
            problems = [Problem(f"/rows/{i}", verdict.reason, verdict.params) for i in positions]
            raise NotAllowed(verdict.reason, params=verdict.params, problems=problems)


def _work(
    session: Session, catalog: Catalog, name: str, actor: Actor, batch: _Batch
) -> tuple[dict[int, dict[str, Any]], dict[int, list[Problem]]]:
    """Changes first, so that a value which one row gives up is free for a new record of the same batch."""
    told: dict[int, dict[str, Any]] = {}
    problems: dict[int, list[Problem]] = {position: list(found) for position, found in batch.problems.items()}
    now = units.utcnow()
    if batch.old:
        changes = [
            Change(batch.rows[i]["id"], _values(batch.rows[i]), batch.rows[i].get("_version")) for i in batch.old
        ]
        outcome = records.change_many(session, catalog, name, actor, changes, now=now, partial=True)
        _take(outcome, batch.old, "changed", told, problems)
    if batch.new:
        rows = [_values(batch.rows[i]) for i in batch.new]
        outcome = records.create_many(session, catalog, name, actor, rows, now=now, partial=True)
        _take(outcome, batch.new, "created", told, problems)
    if problems and batch.whole:
        found = [_placed(position, p) for position in sorted(problems) for p in problems[position]]
        raise Invalid(NOT_SAVED, params={"count": len(found)}, problems=found)
    return told, {i: [_placed(i, p) for p in found] for i, found in problems.items()}


def _take(
    outcome: Outcome,
    positions: Sequence[int],
    word: str,
    told: dict[int, dict[str, Any]],
    problems: dict[int, list[Problem]],
) -> None:
    """An outcome's own positions as those of the request."""
    changed = {*outcome.created, *outcome.changed}
    for place, (record_id, version) in outcome.stored.items():
        status = word if record_id in changed else "unchanged"
        told[positions[place]] = {"status": status, "id": record_id, "_version": version}
    for place, found in outcome.problems.items():
        problems.setdefault(positions[place], []).extend(found)


def _placed(position: int, problem: Problem) -> Problem:
    return replace(problem, pointer=f"/rows/{position}{problem.pointer}")


def _values(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in SYSTEM}


def _rejected(problems: Sequence[Problem]) -> dict[str, Any]:
    return {"status": "rejected", "problems": [{"pointer": p.pointer, "message": worded(p)} for p in problems]}
