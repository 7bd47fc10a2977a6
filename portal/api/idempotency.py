"""`Idempotency-Key`: a POST that is sent again gets the answer it had, and nothing is done twice.

Registered for the whole application, so every POST under /api/ has it. Such a request is one transaction
(`units.Held`): key, change, audit, events and the answer itself commit together after the view has
answered, so there is no moment at which a crash leaves the change without the answer. An answer
from 400 on changed nothing and is not kept: the same key may be tried again.
"""

from __future__ import annotations

import hashlib
import logging
from typing import Any

from flask import Flask, Response, abort, g, request
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from metadata.engine import writing
from metadata.errors import Invalid
from portal import units
from portal.errors import problem_json
from portal.extensions import db
from workflows import idempotency
from workflows.idempotency import Kept

log = logging.getLogger(__name__)
HEADER = "Idempotency-Key"
LONGEST = 200
KEPT_HEADERS = ("Content-Type", "Location", "ETag")


class _Once:
    """One request with a key."""

    def __init__(self, key: str) -> None:
        self.account = current_user.username
        self.key = key
        self.request = _fingerprint()

    def answered(self, session: Session) -> Response | None:
        """The answer that was given before, if there is one."""
        kept = idempotency.answered(session, self.account, self.key, self.request)
        if kept is None:
            return None
        again = Response(kept.body, status=kept.status)
        again.headers.update({**kept.headers, "Idempotency-Replayed": "true"})
        return again

    def claim(self, session: Session) -> None:
        """First act of the transaction: take the key, or answer as whoever has it was answered."""
        if not idempotency.claim(session, self.account, self.key, self.request, units.utcnow()):
            again = self.answered(session)
            g.pop("held", None)
            abort(again if again is not None else 409)

    def keep(self, session: Session, response: Response) -> None:
        """Last act of the transaction."""
        headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
        kept = Kept(response.status_code, headers, response.get_data(as_text=True))
        idempotency.keep(session, self.account, self.key, kept)


def register(app: Flask) -> None:
    """Stand before and behind every POST of REST; registered after credentials were read."""
    app.before_request(_before)
    app.after_request(_after)


def _before() -> Response | None:
    key = request.headers.get(HEADER)
    if key is None or request.method != "POST" or not request.path.startswith("/api/"):
        return None
    if not current_user.is_authenticated:  # a login is no change, and its tokens are not for keeping
        return None
    if not 0 < len(key.strip()) <= LONGEST:
        raise Invalid("An Idempotency-Key has 1 to %(longest)s characters.", params={"longest": LONGEST})
    once = _Once(key.strip())
    again = once.answered(db.session())
    if again is None:
        g.once, g.held = once, units.Held(once.claim)
    return again


def _after(response: Response) -> Response:
    once, held = g.pop("once", None), g.pop("held", None)
    if once is None or held is None:
        return response
    session = db.session()
    if response.status_code >= 400:
        session.rollback()
        return response
    try:
        with writing():
            if not held.open:  # nothing was changed; the key still belongs to this request
                session.rollback()
                if not idempotency.claim(session, once.account, once.key, once.request, units.utcnow()):
                    session.rollback()
                    return response
            once.keep(session, response)
            session.commit()
    except (OperationalError, IntegrityError) as error:
        session.rollback()
        log.warning("a request with a key could not be committed: %s", error)
        return problem_json(503, _(units.BUSY))
    return response


def _fingerprint() -> str:
    """Method, address and body; the boundary of an upload is chance and does not count."""
    body = request.get_data(cache=True)
    boundary: Any = request.mimetype_params.get("boundary", "")
    if boundary:
        body = body.replace(boundary.encode(), b"")
    parts = (request.method.encode(), request.full_path.encode(), body)
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()
