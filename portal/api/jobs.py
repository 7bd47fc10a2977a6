"""REST for jobs: list, one, cancel, retry; the same services and words as the pages."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from portal import units
from portal.access import current_actor
from portal.api.answers import answer
from portal.api.openapi import describe, query
from portal.extensions import db
from portal.views import jobs as pages
from workflows import jobs
from workflows.jobs import Job

blueprint = Blueprint("api_jobs", __name__, url_prefix="/api/v1/jobs")
MOST = 100
JOB = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "kind": {"type": "string"},
        "title": {"type": "string"},
        "state": {"type": "string", "enum": list(pages.STATES)},
        "percent": {"type": "integer"},
        "done": {"type": "integer"},
        "total": {"type": "integer"},
        "result": {"type": ["object", "null"]},
        "error": {"type": ["string", "null"]},
        "created_by": {"type": "string"},
        "created_at": {"type": "string", "format": "date-time"},
        "finished_at": {"type": ["string", "null"], "format": "date-time"},
    },
    "required": ["id", "state", "percent"],
}
ONE = {"type": "object", "properties": {"id": {"type": "integer"}, "result": JOB}}
LIST = {
    "type": "object",
    "properties": {"count": {"type": "integer"}, "result": {"type": "array", "items": JOB}},
}
PAGE = query("page", {"type": "integer", "minimum": 0})
PAGE_SIZE = query("page_size", {"type": "integer", "minimum": 1, "maximum": MOST})


@blueprint.get("/")
@describe(result=LIST, parameters=(PAGE, PAGE_SIZE))
def list_jobs() -> Response:
    """The jobs that the caller may see, newest first."""
    size = min(max(1, request.args.get("page_size", 25, type=int)), MOST)
    page = min(max(0, request.args.get("page", 0, type=int)), 10**6)
    actor, session = current_actor(), db.session()
    found = jobs.visible(session, actor, limit=size, offset=page * size)
    count = jobs.count_visible(session, actor)
    return answer({"count": count, "ids": [j.id for j in found], "result": [job_json(j) for j in found]})


@blueprint.get("/<int:job_id>")
@describe(result=ONE)
def show(job_id: int) -> Response:
    """One job with its progress and result."""
    return answer({"id": job_id, "result": job_json(jobs.find(db.session(), job_id, current_actor()))})


@blueprint.post("/<int:job_id>/cancel")
@describe(result=ONE)
def cancel(job_id: int) -> Response:
    """Stop a job between two chunks; what was done stays."""
    actor = current_actor()
    units.write(lambda session, _catalog: jobs.cancel(session, job_id, actor, units.utcnow()))
    return show(job_id)


@blueprint.post("/<int:job_id>/retry")
@describe(result=ONE)
def retry(job_id: int) -> Response:
    """Go on with a failed job where it stopped."""
    actor = current_actor()
    units.write(lambda session, _catalog: jobs.retry(session, job_id, actor, units.utcnow()))
    return show(job_id)


def job_json(job: Job) -> dict[str, Any]:
    """A job as REST shows it."""
    result = dict(job.result) if job.result else None
    if result and "rejected" in result:
        names = ("line", "name", "value", "reason")
        lines = [{n: line[n] for n in names} for line in pages.rejected_lines(job)]
        result["rejected"] = [
            {**line, "field": line["name"]} for line in lines
        ]  # as an import that is tried out says it
    return {
        "id": job.id,
        "kind": job.kind,
        "title": pages.title_of(job),
        "state": job.state,
        "percent": job.percent,
        "done": job.done,
        "total": job.total,
        "result": result,
        "error": pages.error_of(job) or None,
        "created_by": job.created_by,
        "created_at": job.created_at,
        "finished_at": job.finished_at,
    }
