"""The list of every definition: records or groups with their figures, by a question in the address or a saved view.

On the blueprint of records.py. The question is read here and answered by the record door; saved views are opened in
saved_views.py, files are written in list_export.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response, jsonify, render_template, request

from metadata import access, records
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.errors import Invalid, Problem
from metadata.records import Groups, Page, Query
from portal import catalogs
from portal.access import current_actor, language
from portal.errors import worded
from portal.extensions import db
from portal.views import cells, filters, grouped, question, saved_views, then
from portal.views.question import Question
from portal.views.records import blueprint, entity_for, may

ROWS_OF_A_GROUP = 50


@blueprint.get("/<definition>/list/")
def list_page(definition: str) -> Any:
    """The list; a question that can't be answered says why and shows the list without it. With `on`, as it was."""
    entity, actor, catalog = entity_for(definition, "list"), current_actor(), catalogs.current()
    if request.args.get("on"):
        return then.list_page(entity)
    opened = saved_views.open_list(entity, actor)
    asked, status = opened.asked, 200
    problems: Sequence[Problem] = ()
    visible = access.readable_somewhere(actor, entity, "list")
    try:
        page, groups = _answer(catalog, definition, actor, asked)
    except Invalid as error:
        status, problems = 422, error.problems
        asked = Question(Query(columns=entity.definition.screen.list, language=language()), asked.arguments)
        page, groups = _answer(catalog, definition, actor, asked)
    free = cells.editable(entity) if asked.editing and page and access.may(actor, entity, "edit") else frozenset()
    html = render_template(
        "records/list.html",
        entity=entity,
        page_of=page,
        groups=groups,
        lines=list(grouped.lines(entity, asked, groups)) if asked.group and groups else [],
        mean=grouped.mean,
        heading=grouped.heading(entity, asked.group),
        group_choices=grouped.choices(visible),
        asked=asked,
        opened=opened,
        free=free,
        hands=_hands(definition, page) if free else {},
        visible=_arranged(visible, asked.query.columns),
        filters=filters.filters(visible, entity.definition.screen.list, asked.arguments, actor),
        problems=[worded(problem) for problem in problems],
        **may(entity),
    )
    return html if status == 200 else (html, status)


def _answer(catalog: Catalog, name: str, actor: Actor, asked: Question) -> tuple[Page | None, Groups | None]:
    """One page of records, with their totals where they were asked for; or groups."""
    session = db.session()
    if asked.group:
        return None, records.group(session, catalog, name, actor, asked.query, asked.group)
    page = records.select(session, catalog, name, actor, asked.query)
    return page, records.totals(session, catalog, name, actor, asked.query) if asked.totals else None


def _hands(name: str, page: Page | None) -> dict[int, frozenset[str]]:
    """The records of the page that this person may change, each with the fields."""
    shown = [record.id for record in page.rows] if page else []
    return records.in_hand(db.session(), catalogs.current(), name, current_actor(), shown)


def _arranged(visible: Any, columns: Any) -> list[Any]:
    """The fields as the list has them from left to right, then those that it does not show."""
    place = {name: i for i, name in enumerate(columns)}
    return sorted(visible, key=lambda field: place.get(field.name, len(place)))


@blueprint.get("/<definition>/rows")
def group_rows(definition: str) -> str:
    """The first records of a group, as the part of the page that opens below it."""
    entity, actor = entity_for(definition, "list"), current_actor()
    asked = question.read(entity, request.args, language())
    query = Query(
        asked.query.filters,
        asked.query.order,
        asked.query.search,
        asked.query.columns,
        0,
        ROWS_OF_A_GROUP,
        asked.query.removed,
        language(),
    )
    page = records.select(db.session(), catalogs.current(), definition, actor, query)
    whole = question.address(definition, asked.arguments)
    return render_template("records/_group_rows.html", entity=entity, page_of=page, asked=asked, whole=whole)


@blueprint.get("/<definition>/pick")
def pick(definition: str) -> Response:
    """Choices for a reference, as JSON for the searchable select."""
    entity = entity_for(definition, "list")
    found = records.pick(
        db.session(),
        catalogs.current(),
        entity.name,
        current_actor(),
        words=request.args.get("q", ""),
        language=language(),
    )
    return jsonify([{"value": str(record_id), "text": label} for record_id, label in found])
