"""Records as they were on a day (`?on=`), for the pages of every definition; and reading such a day from an address.

Called by `portal.views.records` and `portal.api.records`. What was so then, and who may see it, stands in
`metadata.records.then`.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from flask import render_template, request

from metadata import access, records
from metadata.catalog import Entity
from metadata.errors import Invalid, NotFound
from metadata.model import Field
from portal import catalogs, units
from portal.access import current_actor, language
from portal.errors import wording
from portal.extensions import db
from portal.views import forms

A_DAY = "A day is expected here, such as 2026-11-24, or a moment such as 2026-11-24T15:00."
TOO_LATE = "That day has not come yet."
LIST_SIZE = 50


def moment(text: str, field: str) -> datetime:
    """The end of a day, or a moment, where the reader is; raises Invalid for what is neither or has not come yet."""
    now = units.utcnow()
    try:
        if len(text) == len("2026-11-24"):
            day = date.fromisoformat(text)
            begins = datetime.combine(day, time(), forms.zone())
            if begins > now:
                raise Invalid(TOO_LATE, field=field)
            return min(now, datetime.combine(day + timedelta(days=1), time(), forms.zone()) - timedelta(microseconds=1))
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise Invalid(A_DAY, field=field) from None
    found = found if found.tzinfo else found.replace(tzinfo=forms.zone())
    if found > now:
        raise Invalid(TOO_LATE, field=field)
    return found


def show(entity: Entity, record_id: int) -> Any:
    """One record as it was."""
    session, catalog, actor = db.session(), catalogs.current(), current_actor()
    on, problem, then = request.args["on"].strip(), "", None
    try:
        then = records.find_then(session, catalog, entity.name, actor, record_id, moment(on, "on"), language=language())
    except Invalid as error:
        problem = wording(error.message, error.params)
    except NotFound as error:
        problem = _unless_hidden(entity, record_id, error)
    return _answer(
        "records/then.html",
        problem,
        entity=entity,
        record_id=record_id,
        on=on,
        then=then,
        title=_label(entity, then),
        opens=[n for n in catalog if access.may(actor, catalog[n], "show")],
    )


def _unless_hidden(entity: Entity, record_id: int, error: NotFound) -> str:
    """What to say of a record that was not there then; raises where it is not there, or hidden, today."""
    actor = current_actor()
    may_remove = access.may(actor, entity, "remove")
    records.find(db.session(), catalogs.current(), entity.name, actor, record_id, removed=may_remove)
    return wording(error.message, error.params)


def _label(entity: Entity, then: records.Then | None) -> str:
    return forms.label(entity, then.record) if then is not None else entity.definition.title(language())


def _answer(template: str, problem: str, **more: Any) -> Any:
    html = render_template(template, problem=problem, today=units.utcnow().astimezone(forms.zone()).date(), **more)
    return (html, 422) if problem else html


def list_page(entity: Entity) -> Any:
    """The list as it was, by id, without filters."""
    on, problem, page = request.args["on"].strip(), "", None
    number = max(0, request.args.get("page", 0, type=int))
    try:
        page = records.select_then(
            db.session(),
            catalogs.current(),
            entity.name,
            current_actor(),
            moment(on, "on"),
            page=number,
            page_size=LIST_SIZE,
            language=language(),
        )
    except (Invalid, NotFound) as error:
        problem = wording(error.message, error.params)
    return _answer(
        "records/then_list.html",
        problem,
        entity=entity,
        on=on,
        found=page,
        columns=_columns(page) if page else (),
        number=number,
        more=bool(page and (number + 1) * LIST_SIZE < page.count),
    )


def _columns(page: records.ThenPage) -> list[Field]:
    """The columns that the list had."""
    fields = {f.name: f for f in page.fields}
    return [fields[n] for n in page.definition.screen.list if n in fields]
