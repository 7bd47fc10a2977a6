"""The audit page (/audit/): who changed what and when, for auditors, HR and IT; filters in the address, CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson
from flask import Blueprint, Response, abort, redirect, render_template, request, stream_with_context, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from metadata import access, trail
from metadata.access import ADMIN, Actor
from metadata.catalog import Catalog
from metadata.errors import Invalid, Problem
from metadata.trail import Asked, Change
from portal import catalogs
from portal.access import current_actor, language
from portal.accounts.rules import HR
from portal.errors import worded
from portal.extensions import db
from portal.formats import shown_value
from portal.views import forms

TITLE = _l("Audit trail")
READERS = frozenset({ADMIN, HR, "Auditor"})
ACTION_NAMES = {
    "create": _l("Added"),
    "change": _l("Changed"),
    "remove": _l("Removed"),
    "restore": _l("Restored"),
    "purge": _l("Deleted for good"),
    "publish": _l("Published"),
    "password": _l("New password"),
    "see_as": _l("Began to see as"),
    "see_end": _l("Ended to see as"),
}
AREA_NAMES = {"@account": _l("Account"), "@role": _l("Role"), "": _l("Definitions")}
A_DAY = "A day is expected here, such as 2026-11-24."
A_NUMBER = "A whole number is expected here."
blueprint = Blueprint("audit", __name__, url_prefix="/audit")


def visible(actor: Actor, _catalog: Catalog) -> bool:
    """Whether this person reads the trail."""
    return bool(actor.roles & READERS)


@blueprint.before_request
def _readers_only() -> Any:
    if not current_user.is_authenticated:
        return redirect(url_for("AuthDBView.login", next=request.full_path))
    if not visible(current_actor(), catalogs.current()):
        abort(404)
    return None


@blueprint.get("/")
def list_page() -> Any:
    """The changes that answer, newest first; what can't be read in the address is said at its field."""
    catalog, actor = catalogs.current(), current_actor()
    wrong: dict[str, str] = {}
    try:
        asked = read(request.args)
    except Invalid as error:
        asked, wrong = Asked(), {p.field_name: worded(p) for p in error.problems}
    changes, more = trail.page(db.session(), catalog, actor, asked)
    given = {k: v for k, v in request.args.items() if v and k != "before"}
    html = render_template(
        "audit.html",
        changes=changes,
        given=given,
        wrong=wrong,
        older=url_for("audit.list_page", **given, before=changes[-1].id) if more else "",
        newest=url_for("audit.list_page", **given) if asked.before else "",
        definitions=_definitions(catalog),
        actions=ACTION_NAMES,
        title_of=lambda change: _title(catalog, change.definition),
        link_of=lambda change: _link(catalog, actor, change),
        lines_of=lambda change: list(_lines(catalog, change)),
    )
    return (html, 422) if wrong else html


@blueprint.get("/export.csv")
def export() -> Response:
    """All changes that answer, one line for each changed value, as a file that spreadsheets open."""
    asked, session = read(request.args), Session(db.engine)
    rows = trail.stream(session, catalogs.current(), current_actor(), asked)
    body = stream_with_context(_csv(rows, session))
    headers = {"Content-Disposition": 'attachment; filename="audit.csv"'}
    return Response(body, mimetype="text/csv", headers=headers)


def read(arguments: MultiDict[str, str]) -> Asked:
    """The question in the address; raises Invalid naming what can't be read. `until` is a whole day."""
    problems: list[Problem] = []
    days: dict[str, datetime] = {}
    numbers: dict[str, int] = {}
    for name in ("since", "until"):
        text = arguments.get(name, "").strip()
        try:
            if text:
                days[name] = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=forms.zone())
        except ValueError:
            problems.append(Problem(f"/{name}", A_DAY))
    for name in ("record", "before", "page_size"):
        text = arguments.get(name, "").strip()
        if text.isdecimal() and len(text) < 16:
            numbers[name] = int(text)
        elif text:
            problems.append(Problem(f"/{name}", A_NUMBER))
    if problems:
        raise Invalid("The list can't be filtered like this.", problems=problems)
    return Asked(
        arguments.get("person", "").strip(),
        arguments.get("definition", "").strip(),
        numbers.get("record"),
        arguments.get("action", "").strip(),
        days.get("since"),
        days["until"] + timedelta(days=1) if "until" in days else None,
        numbers.get("before"),
        numbers.get("page_size", 50),
    )


def _definitions(catalog: Catalog) -> list[tuple[str, str]]:
    found = [
        (e.name, e.definition.plural(language())) for e in catalog.entities.values() if e.definition.stores_records
    ]
    return [*((name, str(AREA_NAMES[name])) for name in trail.AREAS), *sorted(found, key=lambda pair: pair[1])]


def _title(catalog: Catalog, name: str) -> str:
    if name in AREA_NAMES:
        return str(AREA_NAMES[name])
    return catalog[name].definition.title(language()) if name in catalog else name


def _link(catalog: Catalog, actor: Actor, change: Change) -> str:
    if change.record_id is None:
        return ""
    if change.definition in trail.AREAS:
        manages = bool(actor.roles & {ADMIN, HR}) and change.action != "remove"
        return url_for("accounts.show", user_id=change.record_id) if manages and change.definition == "@account" else ""
    if change.action == "purge" or change.definition not in catalog:
        return ""
    there = access.may(actor, catalog[change.definition], "show")
    return url_for("records.show", definition=change.definition, record_id=change.record_id) if there else ""


def _lines(catalog: Catalog, change: Change) -> Iterator[tuple[str, str, str]]:
    fields: Mapping[str, Any] = catalog[change.definition].definition.fields if change.definition in catalog else {}
    for name, before, after in change.values:
        title = fields[name].title(language()) if name in fields else name
        yield title, _text(fields.get(name), before), _text(fields.get(name), after)


def _text(field: Any, value: Any) -> str:
    if value is None or value == []:
        return "–"
    if isinstance(value, list):
        return ", ".join(item if isinstance(item, str) else orjson.dumps(item).decode() for item in value)
    if field is not None and field.target:
        return f"#{value}"
    return shown_value(field, value) if isinstance(value, bool | str | int | float) else orjson.dumps(value).decode()


def _csv(rows: Iterator[Change], session: Session) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    heads = (
        _("Time"),
        _("Who"),
        _("What"),
        _("Definition"),
        _("Record"),
        _("Field"),
        _("Before"),
        _("After"),
        _("Why"),
    )
    writer.writerow(heads)
    yield "\ufeff" + buffer.getvalue()
    with session:
        for change in rows:
            buffer.seek(0)
            buffer.truncate()
            head = (change.at.isoformat(), change.actor, change.action, change.definition, change.record_id or "")
            for name, before, after in change.values or (("", None, None),):
                texts = (
                    "" if v is None else v if isinstance(v, str) else orjson.dumps(v).decode() for v in (before, after)
                )
                writer.writerow([_safe(cell) for cell in (*head, name, *texts, change.note or "")])
            yield buffer.getvalue()


def _heads() -> tuple[str, ...]:
    return _("Field"), _("Before"), _("After"), _("Why")


def _plain(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _safe(cell: Any) -> str:
    """A text that a spreadsheet would run as a formula is held back by an apostrophe."""
    text = str(cell)
    risky = text[:1] in ("=", "+", "@", "\t", "\r") or (text[:1] == "-" and not text[1:2].isdigit())
    return f"'{text}" if risky else text
