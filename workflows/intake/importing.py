"""A file import as a job: some thousand rows per chunk, with a report that stays.

Started by the portal's import page and REST. Each chunk's rows and the job's progress commit together, so a killed
worker neither loses nor repeats a row. The report keeps counts of everything and the first rejected values.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from metadata import access
from metadata.access import Actor
from metadata.catalog import Catalog
from workflows import jobs
from workflows.installation import bound
from workflows.intake import uploads
from workflows.intake.files import Mapping, Report, import_part, size
from workflows.intake.uploads import Upload
from workflows.jobs import Job, Step, job_kind
from workflows.tick import every

KIND = "import"
ROWS = 2000
MOST_REJECTED = 2000


def start(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    upload: Upload,
    mapping: Mapping,
    now: datetime,
    *,
    rows: int,
    zone: ZoneInfo,
) -> int:
    """Put the import of an upload into the queue; the job's number. Moments without a zone are meant in `zone`."""
    entity = catalog[upload.definition]
    access.require(actor, entity, "import")
    payload = {
        "upload": upload.token,
        "definition": upload.definition,
        "filename": upload.filename,
        "headers": mapping.headers,
        "dates": {name: list(formats) for name, formats in mapping.dates.items()},
        "zone": zone.key,
    }
    title = {"en": entity.definition.plural("en"), "zh": entity.definition.plural("zh")}
    params = {"what": title, "file": upload.filename}
    return jobs.start(session, KIND, payload, actor, now, title_params=params, total=rows)


@job_kind(KIND, "Import “%(file)s” into %(what)s", zh="将“%(file)s”导入%(what)s")
def run(session: Session, job: Job, catalog: Catalog, actor: Actor, now: datetime) -> Step:
    """One chunk of the file."""
    folder = bound().uploads
    _upload, path = uploads.find(folder, job.payload["upload"], job.created_by)
    dates = {name: tuple(formats) for name, formats in job.payload["dates"].items()}
    mapping = Mapping(dict(job.payload["headers"]), dates)
    start_at, name = int(job.cursor or 0), job.payload["definition"]
    zone = ZoneInfo(job.payload.get("zone", "UTC"))  # a job from before there were zones has none
    part, more = import_part(
        session, catalog, name, actor, path, now=now, mapping=mapping, zone=zone, start=start_at, limit=ROWS
    )
    done = start_at + part.rows
    total = job.total or size(path)
    return Step(done, total, finished=not more, cursor=done, result=merged(job.result, part))


def merged(before: Any, part: Report) -> dict[str, Any]:
    """The report so far with a further part; the first rejected values are kept, all are counted."""
    old = before or {}
    kept = list(old.get("rejected", ()))
    kept += rejected(part)[: MOST_REJECTED - len(kept)]
    counts = {name: old.get(name, 0) + getattr(part, name) for name in ("created", "changed", "unchanged")}
    return {**counts, "rejected_count": old.get("rejected_count", 0) + len(part.rejected), "rejected": kept}


def rejected(report: Report) -> list[dict[str, Any]]:
    """Rejected values as plain data: the sentence is translated where it is read."""
    return [
        {"line": r.line, "field": r.field, "value": r.value, "message": r.problem.message, "params": _plain(r.problem)}
        for r in report.rejected
    ]


def _plain(problem: Any) -> dict[str, Any]:
    return {k: v if isinstance(v, int | float | str) else str(v) for k, v in problem.params.items()}


@every(6 * 3600.0, "uploads")
def _forget_uploads(_session: Session, _catalog: Any, now: datetime) -> int:
    return uploads.forget_old(bound().uploads, now)
