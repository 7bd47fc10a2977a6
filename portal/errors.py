"""The one table from what went wrong to what a browser or an API client is told."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

import orjson
from flask import Flask, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import get_locale, gettext
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from metadata.errors import (
    Busy,
    Conflict,
    Filled,
    Invalid,
    NotAllowed,
    NotFound,
    Problem,
    ProductError,
    StaleVersion,
    TooLarge,
    fill,
)
from metadata.model import Title
from portal.units import Started

log = logging.getLogger(__name__)
SPOKEN = ("role", "actions", "rows", "units", "parts")
STATUS: tuple[tuple[type[ProductError], int], ...] = (
    (NotFound, 404),
    (NotAllowed, 403),
    (StaleVersion, 412),
    (Busy, 503),
    (Conflict, 409),
    (TooLarge, 413),
    (Invalid, 422),
)


def status_of(error: ProductError) -> int:
    """The HTTP status of a product error."""
    return next((status for kind, status in STATUS if isinstance(error, kind)), 400)


def wording(message: str, params: Any) -> str:
    """The sentence in the reader's language; roles, actions, rows and units in it are words to be translated, too."""
    return fill(gettext(message) if message else "", {k: _spoken(k, v) for k, v in (params or {}).items()})


def _spoken(name: str, value: Any) -> Any:
    if isinstance(value, Filled):
        return wording(value.message, value.params)
    if isinstance(value, Title) and value.translated:
        return value.spoken(str(get_locale()))
    listed = name in SPOKEN and isinstance(value, str)
    return ", ".join(gettext(word) if word else "" for word in value.split(", ")) if listed else value


def worded(problem: Problem) -> str:
    """A problem in the reader's language, with its hint."""
    said = problem.said.get(str(get_locale()))
    sentence = said or (problem.message if problem.said else wording(problem.message, problem.params))
    return f"{sentence} {gettext(problem.hint)}".strip() if problem.hint else sentence


def wants_json() -> bool:
    """Whether the caller is a program."""
    return request.path.startswith("/api/") or request.accept_mimetypes.best == "application/json"


def problem_json(status: int, title: str, problems: tuple[Problem, ...] = (), **more: Any) -> Response:
    """An answer of type `application/problem+json`, with further members where the case has them."""
    body = {
        "type": "about:blank",
        "status": status,
        "title": title,
        "message": title,
        "problems": [{"pointer": p.pointer, "message": worded(p)} for p in problems],
        **more,
    }
    return Response(orjson.dumps(body), status=status, mimetype="application/problem+json")


def page(status: int, message: str) -> Response:
    """The error page; unknown and forbidden look the same, so that ids can't be probed."""
    title = gettext(HTTPStatus(status).phrase)
    return make_response(render_template("errors/error.html", status=status, title=title, message=message), status)


def register(app: Flask) -> None:
    """Attach the handlers."""
    app.register_error_handler(ProductError, _product)
    app.register_error_handler(Started, _started)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(OperationalError, _database)
    app.register_error_handler(Exception, _unexpected)


def _answer(status: int, message: str, problems: tuple[Problem, ...] = ()) -> Response:
    return problem_json(status, message, problems) if wants_json() else page(status, message)


def _product(error: ProductError) -> Response:
    status = status_of(error)
    if isinstance(error, NotAllowed | NotFound) and not wants_json():
        return page(404, gettext("There is nothing here, or nothing that you may see."))
    return _answer(status, wording(error.message, error.params), error.problems)


def _started(started: Started) -> Response:
    """Many records change: a job does it, and its page shows how far it is."""
    message = gettext("This changes many records. A job prepares them; it is in force when the job is done.")
    if wants_json():
        body = orjson.dumps({"job": started.job_id, "message": message})
        return Response(body, status=HTTPStatus.ACCEPTED, mimetype="application/json")
    flash(message, "success")
    return make_response(redirect(url_for("jobs.show", job_id=started.job_id), HTTPStatus.SEE_OTHER))


def _http(error: HTTPException) -> Response:
    if error.response is not None or (error.code or 500) < 400:
        return make_response(error.get_response())
    code = error.code or 500
    if code == HTTPStatus.TOO_MANY_REQUESTS:
        return _answer(code, gettext("Too many attempts in a short time. Wait a minute, then try again."))
    if code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return _answer(code, gettext("This is more than can be sent at once. Send smaller files, or one at a time."))
    hidden = code in (403, 404)
    message = (
        gettext("There is nothing here, or nothing that you may see.") if hidden else gettext(error.description or "")
    )
    return _answer(404 if hidden else code, message)


def _csrf(_error: CSRFError) -> Response:
    return _answer(
        400, gettext("This page was open for too long, or the request came from elsewhere. Reload it and try again.")
    )


def _database(error: OperationalError) -> Response:
    log.error("The database did not answer: %s", error)
    return _answer(
        503, gettext("The database can't be reached at the moment. Nothing was saved; please try again soon.")
    )


def _unexpected(error: Exception) -> Response:
    log.error("Unexpected error", exc_info=error)
    return _answer(500, gettext("Something went wrong on our side; it has been logged. Nothing was saved."))
