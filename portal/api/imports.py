"""REST for imports: a CSV or XLSX file with its definition, tried out or started as a job; as on the pages."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint, Response, request, url_for

from metadata.errors import Invalid, NotFound
from portal.access import current_actor
from portal.api.answers import answer
from portal.api.jobs import ONE, job_json
from portal.api.openapi import describe
from portal.extensions import db
from portal.views import imports
from workflows import jobs
from workflows.intake import importing
from workflows.intake.files import Mapping

blueprint = Blueprint("api_imports", __name__, url_prefix="/api/v1/imports")
NO_MAPPING = "The mapping is a JSON object from the file's headers to fields."
FILE = {
    "type": "object",
    "properties": {
        "file": {"type": "string", "format": "binary", "description": "CSV in UTF-8 or GB 18030, or XLSX"},
        "definition": {"type": "string"},
        "mapping": {"type": "string", "contentMediaType": "application/json", "description": '{"header": "field"}'},
        "dry_run": {"type": "boolean", "default": False},
    },
    "required": ["file", "definition"],
}
STARTED = {
    "type": "object",
    "properties": {
        "job": {"type": "integer"},
        "mapping": {"type": "object", "additionalProperties": {"type": "string"}},
        "ignored": {"type": "array", "items": {"type": "string"}},
        "rows": {"type": "integer"},
        "created": {"type": "integer"},
        "changed": {"type": "integer"},
        "unchanged": {"type": "integer"},
        "rejected": {"type": "array", "items": {"type": "object"}},
    },
    "required": ["mapping", "ignored"],
}


@blueprint.post("/")
@describe(body=FILE, media="multipart/form-data", result=STARTED, status=202, visible=imports.visible)
def create() -> Response:
    """Import a CSV or XLSX file as a job (202), or with dry_run say what it would do (200).

    Without a mapping the headers are matched with names and titles of fields; the answer shows the match.
    """
    found = imports.waiting(imports.receive(request.form.get("definition", "")).token)
    used = imports.mapping_from(found, _given() or found.guessed.headers)
    shown: dict[str, Any] = {"mapping": used.headers, "ignored": list(used.ignored)}
    if request.form.get("dry_run", "").lower() in {"1", "true", "yes"}:
        return answer({**shown, **_report(found, used)})
    job_id = imports.started(found, used)
    response = answer({**shown, "job": job_id}, 202)
    response.headers["Location"] = url_for("api_imports.show", job_id=job_id)
    return response


@blueprint.get("/<int:job_id>")
@describe(result=ONE, visible=imports.visible)
def show(job_id: int) -> Response:
    """An import with its report: counts, and line, field, value and reason of what was not taken."""
    job = jobs.find(db.session(), job_id, current_actor())
    if job.kind != importing.KIND:
        raise NotFound("There is no such job.")
    return answer({"id": job_id, "result": job_json(job)})


def _report(found: imports.Waiting, used: Mapping) -> dict[str, Any]:
    report = imports.tried_out(found, used)
    counts = {name: getattr(report, name) for name in ("rows", "created", "changed", "unchanged")}
    return {**counts, "rejected": imports.reasons(report)}


def _given() -> dict[str, str]:
    text = request.form.get("mapping", "").strip()
    if not text:
        return {}
    try:
        given = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Invalid(NO_MAPPING, field="mapping") from None
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise Invalid(NO_MAPPING, field="mapping")
    return given
