"""Jobs on pages: what is running, how far it is, what came of it; cancel and try again.

A person sees the own jobs, HR, auditors and IT see all. The bar asks for itself every two seconds while the job
is open and stops when it has ended; without script the page reloads.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required

from metadata import access
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.errors import Conflict, NotAllowed, NotFound, fill
from portal import catalogs, units
from portal.access import current_actor, language
from portal.errors import wording
from portal.extensions import db
from workflows import jobs
from workflows.jobs import Job

TITLE = _l("Jobs")
PAGE_SIZE = 25
STATES = {
    "queued": (_l("Waiting"), "quiet"),
    "running": (_l("Running"), "info"),
    "done": (_l("Done"), "good"),
    "failed": (_l("Failed"), "warn"),
    "cancelled": (_l("Cancelled"), "quiet"),
}
WORDS = {
    "created": _l("Added"),
    "changed": _l("Changed"),
    "unchanged": _l("Unchanged"),
    "removed": _l("Removed"),
    "refused": _l("Refused"),
    "undone": _l("Undone"),
    "kept": _l("Kept"),
    "rejected_count": _l("Rejected values"),
    "reviews": _l("Reviews"),
    "people": _l("People"),
    "sent": _l("Sent"),
    "count": _l("Count"),
}
MAY_ACT = frozenset({"Admin", "HR admin"})
blueprint = Blueprint("jobs", __name__, url_prefix="/jobs")


def visible(actor: Actor, catalog: Catalog) -> bool:
    """Who finds jobs in the menu: those who see all, and those who may import."""
    return bool(actor.roles & jobs.SEES_ALL) or access.may_somewhere(actor, catalog, "import")


@blueprint.get("/")
@login_required
def list_page() -> str:
    """The newest jobs first."""
    page = max(0, request.args.get("page", 0, type=int))
    actor, session = current_actor(), db.session()
    found = jobs.visible(session, actor, limit=PAGE_SIZE, offset=min(page, 10**6) * PAGE_SIZE)
    count = jobs.count_visible(session, actor)
    return render_template(
        "jobs/list.html", jobs=[shown(job) for job in found], count=count, page_number=page, size=PAGE_SIZE
    )


@blueprint.get("/<int:job_id>")
@login_required
def show(job_id: int) -> str:
    """One job; asked for by HTMX, only what changes."""
    job = jobs.find(db.session(), job_id, current_actor())
    template = "jobs/_progress.html" if request.headers.get("HX-Request") else "jobs/show.html"
    return render_template(template, **shown(job))


@blueprint.get("/<int:job_id>/rejected.csv")
@login_required
def rejected(job_id: int) -> Response:
    """What an import did not take, as a file: line, field, value, reason."""
    job = jobs.find(db.session(), job_id, current_actor())
    lines = rejected_lines(job)
    if not lines:
        raise NotFound("There is no such job.")
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([_("Line"), _("Field"), _("Value"), _("Reason")])
    writer.writerows([line["line"], line["field"], _safe(line["value"]), line["reason"]] for line in lines)
    headers = {"Content-Disposition": f'attachment; filename="rejected-{job_id}.csv"'}
    return Response("\ufeff" + buffer.getvalue(), mimetype="text/csv", headers=headers)


@blueprint.post("/<int:job_id>/cancel")
@login_required
def cancel(job_id: int) -> Response:
    """Stop it between two chunks."""
    return _act(job_id, jobs.cancel, _("The job was cancelled. What was done until then stays."))


@blueprint.post("/<int:job_id>/retry")
@login_required
def retry(job_id: int) -> Response:
    """Go on where it failed."""
    return _act(job_id, jobs.retry, _("The job goes on where it stopped."))


def _act(job_id: int, act: Any, done: str) -> Response:
    actor = current_actor()
    try:
        units.write(lambda session, _catalog: act(session, job_id, actor, units.utcnow()))
        flash(done, "success")
    except (Conflict, NotAllowed) as error:
        flash(wording(error.message, error.params), "warning")
    return redirect(url_for("jobs.show", job_id=job_id), 303)  # type: ignore[return-value]


def rejected_lines(job: Job) -> list[dict[str, Any]]:
    """The rejected values of an import in the reader's language."""
    found = job.result.get("rejected", ()) if isinstance(job.result, Mapping) else ()
    definition = job.payload.get("definition", "")
    catalog = catalogs.current()
    fields = catalog[definition].definition.fields if definition in catalog else {}
    return [
        {
            "line": line["line"],
            "field": fields[line["field"]].title(language()) if line["field"] in fields else line["field"],
            "name": line["field"],
            "value": line["value"],
            "reason": wording(line["message"], line["params"]),
        }
        for line in found
    ]


def title_of(job: Job) -> str:
    """The job's title in the reader's language."""
    titles = jobs.titles_of(job)
    own = titles.get(language()) or titles["en"]
    return fill(_(job.title), {}) if own == job.title else own


def error_of(job: Job) -> str:
    """What went wrong, in words; empty where nothing did."""
    return wording(job.error, job.error_params) if job.error else ""


def result_of(job: Job) -> list[tuple[str, Any]]:
    """The plain parts of a result, each under a word that people know."""
    if not isinstance(job.result, Mapping):
        return []
    plain = {k: v for k, v in job.result.items() if isinstance(v, str | int | float) and not isinstance(v, bool)}
    return [(str(WORDS.get(name, name.replace("_", " ").capitalize())), value) for name, value in plain.items()]


def shown(job: Job) -> dict[str, Any]:
    """What templates need of a job; the designer shows one beside the draft that it publishes."""
    actor = current_actor()
    words, tone = STATES.get(job.state, (job.state, "quiet"))
    mine = job.created_by == actor.username or bool(MAY_ACT & actor.roles)
    lines = rejected_lines(job)
    return {
        "job": job,
        "title": title_of(job),
        "state": str(words),
        "tone": tone,
        "error": error_of(job),
        "result": result_of(job),
        "rejected": lines[:50],
        "rejected_more": max(0, len(lines) - 50),
        "may_cancel": job.is_open and mine,
        "may_retry": job.state == jobs.FAILED and mine,
    }


def _safe(value: str) -> str:
    """A cell that a spreadsheet would run as a formula is held back by an apostrophe."""
    return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
