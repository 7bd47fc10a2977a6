"""The computed scores of a whole cycle: measured once, then written chunk by chunk; and the job that does it again.

`launching.py` calls `measure` and `write_chunk` as part of the launch; `recompute` starts the job of its own. Promises:
all reviews of one computation use the same figures, however many workers or crashes; a score that comes out the same
costs its review no version, so a form that is open elsewhere stays good; ended reviews are left alone.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from metadata.access import Actor
from metadata.catalog import Catalog
from workflows import jobs
from workflows.cycles import cards, desk, figures, ledger, people, person_figures, states, stints, terms
from workflows.cycles.cards import Rules
from workflows.cycles.desk import Row
from workflows.cycles.ledger import Posting
from workflows.cycles.sheets import Outcome, Piece, Writer
from workflows.cycles.terms import Pin
from workflows.errors import TransitionRefused
from workflows.jobs import Job, Step, job_kind
from workflows.scorecards.applying import Stint

KIND = "cycles.score"
CHUNK = 1000
BUSY = "A computation for this cycle is under way already."


def recompute(
    session: Session, catalog: Catalog, actor: Actor, cycle_id: int, *, now: datetime, version: int | None = None
) -> int:
    """Measure and score again; the job's id. For whoever runs the cycle."""
    cycle = desk.run_by(session, catalog, actor, cycle_id, version)
    states.move_cycle(cycle["step"], "recompute")
    refuse_busy(session, terms.pinned(session, cycle_id), cycle["step"], "recompute")
    return start(session, catalog, actor, cycle, now)


def start(session: Session, catalog: Catalog, actor: Actor, cycle: Row, now: datetime) -> int:
    """Put the job into the caller's transaction."""
    payload = {"cycle": cycle["id"]}
    job_id = jobs.start(
        session,
        KIND,
        payload,
        actor,
        now,
        title_params={"cycle": desk.names_of(cycle)},
        catalog_version=catalog.version,
    )
    terms.set_job(session, cycle["id"], job_id)
    return job_id


def refuse_busy(session: Session, pin: Pin, step: str, action: str) -> None:
    """One job for a cycle at a time: two would measure at different moments."""
    if pin.job_id is not None and jobs.load(session, pin.job_id).is_open:
        raise TransitionRefused(BUSY, state=step, action=action)


@job_kind(KIND, "Compute the scores of %(cycle)s", zh="计算“%(cycle)s”的得分")
def _handle(session: Session, job: Job, catalog: Catalog, actor: Actor, now: datetime) -> Step:
    cycle = desk.cycle_row(session, catalog, job.payload["cycle"], share=True)
    if cycle["step"] == "closed":
        return Step(job.done, job.total, finished=True, result={"reviews": job.done})
    if job.cursor is None:
        total = measure(session, catalog, cycle["id"], now)
        return Step(0, total, cursor=0)
    last, written = write_chunk(session, catalog, actor, cycle["id"], job.cursor, now)
    done = job.done + written
    return Step(done, max(done, job.total), finished=last is None, cursor=last, result={"reviews": done})


def measure(session: Session, catalog: Catalog, cycle_id: int, now: datetime) -> int:
    """Measure every department that has a review in the cycle, and keep it; how many reviews there are to score."""
    table = catalog[desk.REVIEW].table
    mine = (table.c.cycle == cycle_id, table.c._removed_at.is_(None))
    departments = session.execute(select(table.c.department).where(*mine).distinct()).scalars().all()
    departments = [*departments, *stints.departments(session, cycle_id)]
    known, units = cards.rules(session, cycle_id).measured, people.kept_tree(session, catalog, cycle_id)
    terms.keep_figures(session, cycle_id, figures.measured(session, known, units, departments), now)
    person_figures.measure(session, catalog, known, cycle_id, now)
    open_ones = select(func.count()).where(*mine, table.c.step.not_in(states.ENDED))
    return int(session.execute(open_ones).scalar_one())


def write_chunk(
    session: Session, catalog: Catalog, actor: Actor, cycle_id: int, after: int, now: datetime
) -> tuple[int | None, int]:
    """Score the next reviews from the kept figures; the last one's id (None: that was all) and how many."""
    pin = terms.pinned(session, cycle_id)
    rules = cards.rules(session, cycle_id, pin.terms)
    table = catalog[desk.REVIEW].table
    statement = desk.load(catalog[desk.REVIEW], lock=True).where(
        table.c.cycle == cycle_id, table.c.id > after, table.c.step.not_in(states.ENDED)
    )
    reviews = [dict(row) for row in session.execute(statement.order_by(table.c.id).limit(CHUNK)).mappings()]
    staff = [review["employee"] for review in reviews]
    theirs = person_figures.kept(session, rules.measured, cycle_id, staff)
    worked = stints.kept(session, cycle_id, staff)
    computing = _Computing(rules, pin.figures or {})
    rows, postings = [], []
    for review in reviews:
        one = review["employee"]
        found = computing.outcome(review, worked.get(one), theirs.get(one, {}))
        postings.append(Posting(review["id"], one, found.digest, found.content))
        if changed := _changed(review, found, actor, now):
            rows.append((review, changed))
    desk.put_reviews(session, catalog, actor, rows, now)
    ledger.post(session, cycle_id, postings, actor, now)
    return (reviews[-1]["id"] if len(reviews) == CHUNK else None), len(reviews)


class _Computing:
    """The outcomes of a chunk; people with the same stints and figures share one."""

    def __init__(self, rules: Rules, measured: figures.Figures) -> None:
        self._rules, self._measured, self._writer = rules, measured, Writer(rules)
        self._known: dict[Any, Outcome] = {}

    def outcome(self, review: Row, worked: list[Stint] | None, own: figures.Own) -> Outcome:
        known = self._rules.terms
        if worked is None:
            worked = [Stint(known.period_start, known.period_end, review["department"], review["position"], None)]
        alike = [replace(stint, position=None) for stint in worked] if len(worked) == 1 else worked
        key = (review["department"], *alike, *sorted((name, *values) for name, values in own.items()))
        if key not in self._known:
            self._known[key] = self._writer.outcome(review["department"], [self._piece(one, own) for one in worked])
        return self._known[key]

    def _piece(self, stint: Stint, own: figures.Own) -> Piece:
        known = self._rules.of(stint.card)
        if known is None or stint.department is None:
            return Piece(stint, None)
        measured = {**self._measured[str(stint.department)], **own}
        if self._rules.terms.own_cards:
            measured = figures.with_targets(known.lines, measured)
        return Piece(stint, measured)


def _changed(review: Row, result: Outcome, actor: Actor, now: datetime) -> dict[str, Any]:
    values = {
        "computed_score": result.score,
        "computed_rating": result.rating,
        "computed_reason": result.reason,
        "computed_detail": result.detail,
    }
    if all(review[name] == value for name, value in values.items()):
        return {}
    return {**values, "computed_by": actor.username, "computed_at": now}
