"""Launching a cycle: pin what it scores with, then, as a job, a review for everybody, their scores, the invitations.

Called by pages and REST (`launch`) and by the workers (the job). Promises: the terms are pinned in the transaction that
starts the job; each chunk commits with the job's progress, so a worker that dies delays the launch and doubles nothing;
the cycle leaves "launching" only after everybody has a review. A launch whose job failed or was cancelled can be
taken up.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from metadata import access, records
from metadata.access import Actor
from metadata.catalog import Catalog
from workflows import jobs, queue
from workflows.cycles import cards, desk, opening, people, places, scoring, states, stints, terms
from workflows.cycles.cards import Rules
from workflows.cycles.desk import Row
from workflows.delivery.notices import Notice, notify_all
from workflows.jobs import Job, Step, job_kind
from workflows.scorecards.applying import Stint

KIND = "cycles.launch"
CHUNK = 200
LINK = "/cycles/reviews/%s"


def launch(
    session: Session, catalog: Catalog, actor: Actor, cycle_id: int, *, now: datetime, version: int | None = None
) -> int:
    """Start; the job's id. Raises Invalid where scorecard or dates don't fit, TransitionRefused when launched."""
    cycle = desk.run_by(session, catalog, actor, cycle_id, version)
    step = states.move_cycle(cycle["step"], "launch")
    if cycle["step"] == "launching":
        scoring.refuse_busy(session, terms.pinned(session, cycle_id), cycle["step"], "launch")
    else:
        opening.refuse_dates(cycle, now)
        found, own = opening.gather(session, catalog, cycle)
        terms.pin(session, cycle_id, found, actor.username, now)
        cards.pin(session, cycle_id, own)
        people.keep_tree(session, cycle_id, people.tree(session, catalog))
        values = {"step": step, "catalog_version": found.catalog_version, "launched_at": now}
        desk.put_cycle(session, catalog, actor, cycle_id, values, now)
    job_id = jobs.start(
        session,
        KIND,
        {"cycle": cycle_id},
        actor,
        now,
        title_params={"cycle": desk.names_of(cycle)},
        catalog_version=catalog.version,
    )
    terms.set_job(session, cycle_id, job_id)
    return job_id


@job_kind(KIND, "Launch %(cycle)s", zh="启动“%(cycle)s”")
def _handle(session: Session, job: Job, catalog: Catalog, actor: Actor, now: datetime) -> Step:
    cycle = desk.cycle_row(session, catalog, job.payload["cycle"], share=True)
    if states.after_cycle(cycle["step"], "begin") is None:
        return Step(job.done, job.total, finished=True, result={"people": job.total // 3})
    phase, after = job.cursor or ("people", 0)
    return _PHASES[phase](session, job, catalog, actor, now, cycle, after)


def _add_people(
    session: Session, job: Job, catalog: Catalog, actor: Actor, now: datetime, cycle: Row, after: int
) -> Step:
    """A review for each of the next people who have none yet."""
    rules = cards.rules(session, cycle["id"])
    units = people.tree(session, catalog)
    below = units.below(rules.terms.department)
    total = job.total or 3 * people.count(session, catalog, below)
    found = people.chunk(session, catalog, below, after, CHUNK)
    chosen = people.reviewers(session, catalog, units, found)
    have = _have_reviews(session, catalog, cycle["id"], [person.id for person in found])
    fresh = [person for person in found if person.id not in have]
    worked = _stints(session, catalog, cycle, rules, fresh)
    rows = [_review(cycle["id"], person, chosen[person.id], rules, worked[person.id]) for person in fresh]
    by = access.system(actor.username)
    records.create_many(session, catalog, desk.REVIEW, by, rows, now=now, form="python")
    moved = {one.id: worked[one.id] for one in fresh if rules.terms.own_cards or not _stayed(one, worked[one.id])}
    stints.keep(session, cycle["id"], moved)
    more = len(found) == CHUNK
    return Step(job.done + len(found), total, cursor=["people", found[-1].id] if more else ["measure", 0])


def _stints(
    session: Session, catalog: Catalog, cycle: Row, rules: Rules, found: Sequence[people.Participant]
) -> dict[int, list[Stint]]:
    """Where these people worked in the period, as is known now, and which pinned scorecard was the nearest."""
    calendar = rules.calendar(people.kept_tree(session, catalog, cycle["id"]), cycle["scorecard"])
    records_now = {person.id: person.place for person in found}
    where = places.history(session, records_now, rules.terms.timezone, list(records_now))
    return {person.id: calendar.stints(person.id, where[person.id], person.hired_on) for person in found}


def _stayed(person: people.Participant, worked: Sequence[Stint]) -> bool:
    """Whether all days of the period are in the department of the review itself."""
    return {stint.department for stint in worked} <= {person.department}


def _review(
    cycle_id: int, person: people.Participant, reviewer: int | None, rules: Rules, worked: Sequence[Stint]
) -> dict[str, Any]:
    reason = people.not_rated_because(person, rules.leading(worked))
    if reason is None and not any(rules.of(stint.card) for stint in worked):
        reason = people.NO_CARD if worked else people.NOT_THERE
    return {
        "cycle": cycle_id,
        "employee": person.id,
        "department": person.department,
        "position": person.position,
        "reviewer": reviewer,
        "step": "not_rated" if reason else "pending",
        "not_rated_reason": reason,
    }


def _have_reviews(session: Session, catalog: Catalog, cycle_id: int, ids: list[int]) -> frozenset[int]:
    t = catalog[desk.REVIEW].table.c
    statement = select(t.employee).where(t.cycle == cycle_id, t.employee.in_(ids))
    return frozenset(session.execute(statement).scalars())


def _measure(
    session: Session, job: Job, catalog: Catalog, _actor: Actor, now: datetime, cycle: Row, _after: int
) -> Step:
    scoring.measure(session, catalog, cycle["id"], now)
    return Step(job.done, job.total, cursor=["score", 0])


def _score(session: Session, job: Job, catalog: Catalog, actor: Actor, now: datetime, cycle: Row, after: int) -> Step:
    last, written = scoring.write_chunk(session, catalog, actor, cycle["id"], after, now)
    done = min(job.done + written, job.total)
    return Step(done, job.total, cursor=["invite", 0] if last is None else ["score", last])


def _invite(session: Session, job: Job, catalog: Catalog, actor: Actor, now: datetime, cycle: Row, after: int) -> Step:
    """The next people may begin, and are told so; after the last of them the cycle is in its first step."""
    table = catalog[desk.REVIEW].table
    statement = desk.load(catalog[desk.REVIEW], lock=True).where(
        table.c.cycle == cycle["id"], table.c.step == "pending", table.c.id > after
    )
    found = [dict(row) for row in session.execute(statement.order_by(table.c.id).limit(CHUNK)).mappings()]
    rows = [(review, {"step": states.move_review(review["step"], "invite")}) for review in found]
    desk.put_reviews(session, catalog, actor, rows, now)
    _tell(session, catalog, cycle, found, now)
    if len(found) == CHUNK:
        return Step(min(job.done + len(found), job.total), job.total, cursor=["invite", found[-1]["id"]])
    values = {"step": states.move_cycle(cycle["step"], "begin")}
    desk.put_cycle(session, catalog, actor, cycle["id"], values, now)
    return Step(job.total, job.total, finished=True, result={"people": job.total // 3})


def _tell(session: Session, catalog: Catalog, cycle: Row, reviews: Sequence[Row], now: datetime) -> None:
    accounts = accounts_of(session, catalog, {review["employee"] for review in reviews})
    params = {"cycle": desk.names_of(cycle), "due": _day(cycle["self_due"])}
    news = [
        Notice(accounts[r["employee"]], "review_self_due", f"review_self_due:{r['id']}", params, LINK % r["id"])
        for r in reviews
        if r["employee"] in accounts
    ]
    notify_all(session, news, now)
    queue.nudge(session)


def _day(day: Any) -> str:
    return day.isoformat() if day is not None else ""


def accounts_of(session: Session, catalog: Catalog, ids: set[int]) -> dict[int, str]:
    """The accounts of these employees; those who can't sign in are left out."""
    t = catalog[people.EMPLOYEE].table.c
    statement = select(t.id, t.account).where(t.id.in_(sorted(ids)), t.account.is_not(None), t._removed_at.is_(None))
    return {row[0]: row[1] for row in session.execute(statement) if row[1]}


_PHASES = {"people": _add_people, "measure": _measure, "score": _score, "invite": _invite}
