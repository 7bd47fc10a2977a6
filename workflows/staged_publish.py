"""A publish that touches more records than one transaction should: a job makes the values ahead, then publishes.

Started by the portal when `publish` says that it is too large (`start`). The job first asks what stands in the way,
then fills in chunks while everybody works on with the old definition, and publishes at the end, which catches up on
records changed since. A killed worker goes on where it stopped; what a cancelled or failed job made is taken away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from metadata import drafts, planning, publish, staging, versions, weighing
from metadata.access import Actor, system
from metadata.catalog import Catalog
from metadata.errors import DefinitionError
from metadata.staging import Stage
from workflows import jobs
from workflows.jobs import Job, Step, job_kind
from workflows.tick import every

KIND, TIDY = "publish", "publish.tidy"
CHUNK = 2000
TIDY_SECONDS = 60.0
Document = Mapping[str, Any]


def start(
    session: Session,
    catalog: Catalog,
    documents: Sequence[Document],
    *,
    actor: Actor,
    comment: str,
    now: datetime,
    bases: Mapping[str, int] | None = None,
    confirm: Sequence[str] = (),
    revisions: Mapping[str, int] | None = None,
    owner: str = "",
    rolled_back_to: int | None = None,
    only: Sequence[str] = (),
) -> int:
    """Begin, and put the job into the caller's transaction; its id. Must run inside `engine.publishing()`.

    `only` names the definitions that are taken back, where not all are. `revisions` are those of the drafts, shared or
    of `owner`, that are forgotten when it is done.
    """
    names = [str(document["$id"]) for document in documents]
    options = {
        "bases": {**dict.fromkeys(names, catalog.version), **(bases or {})},
        "confirm": list(confirm),
        "drafts": dict(revisions or {}),
        "owner": owner,
        "rolled_back_to": rolled_back_to,
        "only": list(only),
    }
    stage_id = staging.begin(session, catalog, documents, actor=actor, comment=comment, now=now, options=options)
    title = ", ".join(catalog[name].definition.title() for name in names[:3] if name in catalog)
    payload = {"stage": stage_id, "definitions": names}
    what = {"what": title or ", ".join(names[:3])}
    job_id = jobs.start(session, KIND, payload, actor, now, title_params=what, catalog_version=catalog.version)
    staging.belongs_to(session, stage_id, job_id)
    return job_id


def of(session: Session, name: str) -> Job | None:
    """The job that is publishing the definition, if one is."""
    for stage in staging.every(session):
        if stage.job is not None and any(document["$id"] == name for document in stage.documents):
            job = jobs.load(session, stage.job)
            return job if job.is_open else None
    return None


@job_kind(KIND, "Publish %(what)s", zh="发布“%(what)s”", publishes=True)
def publish_staged(session: Session, job: Job, catalog: Catalog, actor: Actor, now: datetime) -> Step:
    """One chunk: what stands in the way, then values, then the publish itself."""
    stage = staging.load(session, job.payload["stage"])
    if job.cursor is None:
        return _weigh(session, catalog, stage)
    moves = staging.work(session, catalog, stage)
    at, last = int(job.cursor["move"]), int(job.cursor["last"])
    if at >= len(moves):
        return _publish(session, job, stage, catalog, actor, now)
    versions.lock_shared(session)
    last, made = staging.fill(session, moves[at], last, CHUNK)
    cursor = {"move": at, "last": last} if made else {"move": at + 1, "last": 0}
    return Step(job.done + made, job.total, cursor=cursor)


def _weigh(session: Session, catalog: Catalog, stage: Stage) -> Step:
    """Everything that stands in the way is told now, not after hours."""
    restoring = stage.options["rolled_back_to"] is not None
    plan = planning.plan(session, catalog, stage.documents, restoring=restoring)
    publish.refuse_overtaken(session, plan, stage.options["bases"])
    weight = weighing.weigh(plan.scales(session, stage.options["confirm"]), keep=False)
    if weight.problems:
        first = weight.problems[0]
        message = "The definitions can't be published yet: %(problem)s"
        raise DefinitionError(message, params={"problem": first.text}, problems=weight.problems)
    return Step(0, staging.total(session, staging.work(session, catalog, stage)), cursor={"move": 0, "last": 0})


def _publish(session: Session, job: Job, stage: Stage, catalog: Catalog, actor: Actor, now: datetime) -> Step:
    options = stage.options
    wanted: dict[str, Any] = {"actor": actor, "comment": stage.comment, "now": now}
    if options["rolled_back_to"] is not None:
        after = publish.rollback(session, catalog, options["rolled_back_to"], only=options.get("only", ()), **wanted)
    else:
        wanted |= {"bases": options["bases"], "confirm": options["confirm"]}
        after = publish.publish(session, catalog, stage.documents, **wanted)
    owner = options["owner"]
    same = [name for name, seen in options["drafts"].items() if _same(session, name, owner, seen)]
    drafts.forget(session, same, owner)
    staging.finished(session, stage.id)
    return Step(job.total, job.total, finished=True, result={"version": after.version})


def _same(session: Session, name: str, owner: str, revision: int) -> bool:
    """Whether the draft is still the one that is published; what somebody saved since stays."""
    draft = drafts.load(session, name, owner)
    return draft is not None and draft.revision == revision


@every(TIDY_SECONDS, "publish_tidy")
def tidy(session: Session, _catalog: Catalog, now: datetime) -> int:
    """Have taken away what cancelled and failed jobs made ahead: jobs of their own, since tables change."""
    ended = [
        stage for stage in staging.every(session) if stage.job is None or not jobs.load(session, stage.job).is_open
    ]
    for stage in ended:
        names = ", ".join(str(document["$id"]) for document in stage.documents[:3])
        who, what = system("tidy"), {"what": names}
        job_id = jobs.start(session, TIDY, {"stage": stage.id}, who, now, title_params=what)
        staging.belongs_to(session, stage.id, job_id)
    return len(ended)


@job_kind(TIDY, "Take back what was prepared for %(what)s", zh="撤回为“%(what)s”所做的准备", publishes=True)
def take_back(session: Session, job: Job, _catalog: Catalog, _actor: Actor, _now: datetime) -> Step:
    """One publish that was given up."""
    staging.abandon(session, staging.load(session, job.payload["stage"]))
    return Step(1, 1, finished=True)
