"""Records from a file, on pages: upload → mapping (guessed, can be changed) → try it out → import as a job.

Everything is done by `workflows.intake`; trying out is the import itself, undone afterwards. The file waits in
the data directory under a name that only its owner's pages know.
"""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from flask_login import login_required
from sqlalchemy.orm import Session

from metadata import access
from metadata.access import Actor
from metadata.catalog import Catalog, Entity
from metadata.errors import Invalid
from portal import catalogs, units
from portal.access import current_actor, language
from portal.errors import wording
from portal.views import forms
from workflows import intake
from workflows.intake import importing, uploads
from workflows.intake.files import Mapping, Report
from workflows.intake.uploads import Upload

TITLE = _l("Import")
TRIED = 1000
blueprint = Blueprint("imports", __name__, url_prefix="/imports")


class TriedOut(Exception):
    """Carries the report of a try out of the transaction that it undoes."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self.report = report


@dataclass(frozen=True)
class Waiting:
    """An upload with its definition and its guessed mapping."""

    upload: Upload
    path: Path
    entity: Entity
    headers: list[str]
    samples: list[list[str]]
    guessed: Mapping


def importable(actor: Actor, catalog: Catalog) -> list[Entity]:
    """The definitions into which this person may import."""
    return [e for e in catalog.entities.values() if e.definition.stores_records and access.may(actor, e, "import")]


def visible(actor: Actor, catalog: Catalog) -> bool:
    """Whether the menu offers it."""
    return access.may_somewhere(actor, catalog, "import")


@blueprint.get("/new")
@login_required
def new() -> str:
    """Which file, into which definition."""
    return _choose(request.args.get("definition", ""))


@blueprint.post("/new")
@login_required
def upload() -> Any:
    """Keep the file; a wrong one comes back with what is wrong."""
    name = request.form.get("definition", "")
    try:
        kept = receive(name)
    except Invalid as error:
        return _choose(name, wording(error.message, error.params)), 422
    return redirect(url_for("imports.mapping", token=kept.token), 303)


@blueprint.get("/<token>")
@login_required
def mapping(token: str) -> str:
    """The file's headers, each with the field that it fills."""
    found = waiting(token)
    return _page(found, found.guessed)


@blueprint.post("/<token>/check")
@login_required
def check(token: str) -> Any:
    """What an import would do, without doing it."""
    found = waiting(token)
    used = _chosen(found)
    try:
        return _page(found, used, report=tried_out(found, mapping_from(found, used.headers)))
    except Invalid as error:
        return _page(found, used, message=wording(error.message, error.params)), 422


@blueprint.post("/<token>/start")
@login_required
def start(token: str) -> Any:
    """Import as a job."""
    found = waiting(token)
    used = _chosen(found)
    try:
        job_id = started(found, mapping_from(found, used.headers))
    except Invalid as error:
        return _page(found, used, message=wording(error.message, error.params)), 422
    return redirect(url_for("jobs.show", job_id=job_id), 303)


def folder() -> Path:
    """Where uploads wait."""
    return Path(current_app.config["PLUMBLINE"].data_dir) / "uploads"


def receive(name: str) -> Upload:
    """Keep the request's file for `name`; raises Invalid, or 404 where the person may not import."""
    catalog, actor = catalogs.current(), current_actor()
    if name not in catalog or catalog[name] not in importable(actor, catalog):
        abort(404)
    given = request.files.get("file")
    if given is None or not given.filename:
        raise Invalid("Choose a CSV or XLSX file.", field="file")
    kept = uploads.store(
        folder(), given.save, account=actor.username, definition=name, filename=given.filename, now=units.utcnow()
    )
    intake.head(uploads.find(folder(), kept.token, actor.username)[1])
    return kept


def waiting(token: str) -> Waiting:
    """The upload that this person made, read again; 404 where the right to import is gone."""
    catalog, actor = catalogs.current(), current_actor()
    kept, path = uploads.find(folder(), token, actor.username)
    if kept.definition not in catalog or not access.may(actor, catalog[kept.definition], "import"):
        abort(404)
    entity = catalog[kept.definition]
    headers, samples = intake.head(path)
    return Waiting(kept, path, entity, headers, samples, intake.guess(entity.definition, headers))


def mapping_from(found: Waiting, headers: Dictionary[str, str]) -> Mapping:
    """The mapping that a person chose, with the date formats that the definition knows."""
    fields = list(headers.values())
    twice = next((name for name in fields if fields.count(name) > 1), None)
    if twice is not None:
        title = found.entity.definition.fields[twice].title() if twice in found.entity.definition.fields else twice
        raise Invalid("Two headers fill the field “%(name)s”; leave one out.", params={"name": title}, field="mapping")
    ignored = tuple(h for h in found.headers if h not in headers)
    return Mapping(dict(headers), found.guessed.dates, ignored)


def tried_out(found: Waiting, used: Mapping) -> Report:
    """The report of importing the first rows, all of it undone."""
    actor, name, zone = current_actor(), found.entity.name, forms.zone()

    def work(session: Session, catalog: Catalog) -> None:
        report, _more = intake.import_part(
            session, catalog, name, actor, found.path, now=units.utcnow(), mapping=used, zone=zone, limit=TRIED
        )
        raise TriedOut(report)

    try:
        units.write(work)
    except TriedOut as tried:
        return tried.report
    raise AssertionError


def started(found: Waiting, used: Mapping) -> int:
    """Start the job; its number."""
    actor, rows, zone = current_actor(), intake.size(found.path), forms.zone()
    intake.require_usable(found.entity.definition, found.headers, used)
    return units.write(
        lambda session, catalog: importing.start(
            session, catalog, actor, found.upload, used, units.utcnow(), rows=rows, zone=zone
        )
    )


def reasons(report: Report) -> list[dict[str, Any]]:
    """The rejected values in the reader's language."""
    return [
        {"line": r.line, "field": r.field, "value": r.value, "reason": wording(r.problem.message, r.problem.params)}
        for r in report.rejected
    ]


def _chosen(found: Waiting) -> Mapping:
    known = set(found.entity.definition.fields)
    chosen = {
        header: request.form[f"header-{i}"]
        for i, header in enumerate(found.headers)
        if request.form.get(f"header-{i}") in known
    }
    return Mapping(chosen, found.guessed.dates, tuple(h for h in found.headers if h not in chosen))


def _choose(name: str, message: str = "") -> str:
    actor, catalog = current_actor(), catalogs.current()
    entities = importable(actor, catalog)
    if not entities:
        abort(404)
    return render_template("imports/new.html", entities=entities, chosen=name, message=message)


def _page(found: Waiting, used: Mapping, *, report: Report | None = None, message: str = "") -> str:
    fields = [f for f in access.writable(current_actor(), found.entity, "import") if f.type != "attachment"]
    filled = set(used.headers.values())
    missing = [f.title(language()) for f in fields if f.required and not f.has_default and f.name not in filled]
    return render_template(
        "imports/mapping.html",
        waiting=found,
        used=used,
        fields=fields,
        report=report,
        rejected=reasons(report)[:50] if report else [],
        message=message,
        rows=intake.size(found.path),
        tried=TRIED,
        missing=missing,
    )
