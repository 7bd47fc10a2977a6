"""Files as a browser or a program gets them: streamed, never trusted, each request asked for anew whether it may.

`sent` is called by the page's address and by REST. Images of safe kinds, PDF and text are shown, everything else is
only downloaded; what is shown runs nothing and loads nothing. Unknown and forbidden files are answered alike.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from urllib.parse import quote

from flask import Blueprint, Response, redirect, request, stream_with_context, url_for
from flask_login import current_user
from sqlalchemy.orm import Session

from metadata import files
from metadata.files import File
from portal import catalogs
from portal.access import current_actor
from portal.extensions import db

blueprint = Blueprint("files", __name__, url_prefix="/files")
SEALED = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
READER = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"  # shows a PDF
ACTIVE = frozenset({"text/html", "image/svg+xml", "application/xml", "text/javascript"})
ONLY_BYTES = "application/octet-stream"


@blueprint.get("/<uuid:file_id>", defaults={"name": ""})
@blueprint.get("/<uuid:file_id>/<path:name>")
def show(file_id: uuid.UUID, name: str) -> Response:
    """The file; its name in the address is for people and is not looked at."""
    del name
    if not current_user.is_authenticated:
        return redirect(url_for("AuthDBView.login", next=request.full_path))  # type: ignore[return-value]
    return sent(file_id)


def address(file_id: uuid.UUID, name: str) -> str:
    """Where a browser gets a file."""
    return url_for("files.show", file_id=file_id, name=name)


def sent(file_id: uuid.UUID) -> Response:
    """The answer that brings the file; raises NotFound where this person may not read it."""
    found = files.find(db.session(), catalogs.current(), current_actor(), file_id)
    shown = found.shown_as if not request.args.get("download") else ""
    response = Response(stream_with_context(_pieces(found)), content_type=_content_type(found))
    response.content_length = found.size
    response.headers["Content-Disposition"] = _disposition("inline" if shown else "attachment", found.name)
    response.headers["Content-Security-Policy"] = READER if shown == "pdf" else SEALED
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "private, no-cache"
    response.vary.update(("Authorization", "Cookie"))
    response.set_etag(found.sha256)
    return response.make_conditional(request, accept_ranges=True, complete_length=found.size)  # type: ignore[return-value]


def _pieces(found: File) -> Iterator[bytes]:
    """Each by a session of its own, so that a slow reader holds no connection to the database."""
    number = 0
    while True:
        with Session(db.engine) as session:
            piece = files.part(session, found.id, number)
        if piece is None:
            return
        yield piece
        number += 1


def _content_type(found: File) -> str:
    if found.shown_as == "text":
        head = next(files.parts(db.session(), found.id), b"")
        return f"text/plain; charset={files.charset_of(head)}"
    return ONLY_BYTES if found.media_type in ACTIVE else found.media_type


def _disposition(kind: str, name: str) -> str:
    """The name in ASCII for old browsers, and as it is."""
    plain = "".join(letter if letter.isascii() and letter not in '\\"%' else "_" for letter in name)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
