"""REST for files: upload one, and get one back; records take it over by its id."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, Response, request

from metadata.errors import Invalid
from metadata.files import File
from portal.api.answers import answer
from portal.api.openapi import describe, query
from portal.entry import uploads
from portal.views import files as pages

blueprint = Blueprint("api_files", __name__, url_prefix="/api/v1/files")
TEXT = {"type": "string"}
FILE = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "name": TEXT,
        "size": {"type": "integer"},
        "type": {**TEXT, "description": "by its content"},
        "sha256": TEXT,
        "url": TEXT,
    },
    "required": ["id", "name", "size", "type"],
}
ONE = {"type": "object", "properties": {"id": {"type": "string", "format": "uuid"}, "result": FILE}}
BODY = {
    "type": "object",
    "properties": {"file": {"type": "string", "contentMediaType": "application/octet-stream"}},
    "required": ["file"],
}
FOR = (
    query("definition", TEXT, "With “field”: the upload is held against what this field takes."),
    query("field", TEXT),
)
NO_FILE = "Send the file as “file” in multipart/form-data."


@blueprint.post("/")
@describe(body=BODY, media="multipart/form-data", result=ONE, status=201, parameters=FOR)
def upload() -> Response:
    """Keep a file; a record that names its id within a day takes it over."""
    given = request.files.get("file")
    if given is None or not given.filename:
        raise Invalid(NO_FILE, field="file")
    item = uploads.field_named(request.args.get("definition", ""), request.args.get("field", ""))
    made = uploads.keep(given, item)
    response = answer({"id": str(made.id), "result": _json(made)}, 201)
    response.headers["Location"] = f"{request.path}{made.id}"
    return response


@blueprint.get("/<uuid:file_id>")
@describe(media="application/octet-stream")
def show(file_id: uuid.UUID) -> Response:
    """The content of a file; with `?download=1` never to be shown. Takes ranges and If-None-Match."""
    return pages.sent(file_id)


def _json(made: File) -> dict[str, Any]:
    return {
        "id": str(made.id),
        "name": made.name,
        "size": made.size,
        "type": made.media_type,
        "sha256": made.sha256,
        "url": pages.address(made.id, made.name),
    }
