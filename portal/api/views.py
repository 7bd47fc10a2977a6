"""REST for saved views of lists: the same services and words as the pages.

A view that somebody shared is told only as far as the caller may see its fields; `left_out` counts the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, abort, request, url_for
from sqlalchemy.orm import Session

from metadata import access
from metadata.catalog import Catalog, Entity
from metadata.errors import Invalid, Problem
from metadata.records import Filter, Grouping
from portal import catalogs, units
from portal.access import current_actor
from portal.api.answers import answer, body_object, if_match
from portal.api.openapi import describe, query
from portal.extensions import db
from workflows import list_views
from workflows.layouts import Layout
from workflows.list_views import ListView

blueprint = Blueprint("api_views", __name__, url_prefix="/api/v1/views")
TEXT = {"type": "string"}
TEXTS = {"type": "array", "items": TEXT}
FILTER = {"type": "object", "properties": {"field": TEXT, "op": TEXT, "value": {}}, "required": ["field"]}
LAYOUT = {
    "type": "object",
    "properties": {
        "filters": {"type": "array", "items": FILTER},
        "order": {**TEXTS, "description": "“-day” for the newest first"},
        "columns": TEXTS,
        "group": {**TEXTS, "maxItems": 2, "description": "“day:month”; month, quarter or year of a day"},
        "search": TEXT,
        "page_size": {"type": "integer", "minimum": 1, "maximum": 1000},
        "totals": {"type": "boolean"},
    },
}
CHANGE = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": list_views.LONGEST_NAME},
        "layout": LAYOUT,
        "roles": {**TEXTS, "description": "who else sees it; none: private"},
        "default": {"type": "boolean", "description": "whether the caller's list opens with it"},
    },
}
NEW = {**CHANGE, "properties": {"definition": TEXT, **CHANGE["properties"]}, "required": ["definition", "name"]}
VIEW = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "_version": {"type": "integer"},
        **NEW["properties"],
        "owner": TEXT,
        "left_out": {"type": "integer", "description": "parts that name fields which are gone or not to be seen"},
        "url": TEXT,
    },
}
ONE = {"type": "object", "properties": {"id": {"type": "integer"}, "result": VIEW}}
MANY = {
    "type": "object",
    "properties": {"count": {"type": "integer"}, "result": {"type": "array", "items": VIEW}},
}
DONE = {"type": "object", "properties": {"message": TEXT}}


@blueprint.get("/")
@describe(result=MANY, parameters=(query("definition", TEXT),))
def list_all() -> Response:
    """The saved views that the caller may open, of one list or of all."""
    catalog, actor, name = catalogs.current(), current_actor(), request.args.get("definition", "")
    if name:
        _listed(catalog, name)
        found = list_views.visible(db.session(), actor, name)
    else:
        found = list_views.every(db.session(), catalog, actor)
    return answer({"count": len(found), "ids": [v.id for v in found], "result": [_json(v) for v in found]})


@blueprint.post("/")
@describe(body=NEW, result=ONE, status=201)
def save() -> Response:
    """Keep a question about a list under a name."""
    body, actor = body_object(), current_actor()
    entity = _listed(catalogs.current(), body.get("definition"))
    layout, roles = _layout(body.get("layout", {})), _texts(body, "roles")

    def work(session: Session, catalog: Catalog) -> int:
        name = str(body.get("name") or "")
        made = list_views.save(session, catalog, entity, actor, name, layout, roles=roles, now=units.utcnow())
        if body.get("default"):
            list_views.set_default(session, catalog, actor, entity.name, made)
        return made

    return _one(units.write(work), 201)


@blueprint.get("/<int:view_id>")
@describe(result=ONE)
def show(view_id: int) -> Response:
    """One saved view, with its version as ETag."""
    return _one(view_id)


@blueprint.route("/<int:view_id>", methods=["PUT", "PATCH"])
@describe(body=CHANGE, result=ONE)
def change(view_id: int) -> Response:
    """Rename, share or change a view; what is not given stays."""
    body, actor, version = body_object(), current_actor(), if_match()
    layout = _layout(body["layout"]) if "layout" in body else None
    roles = _texts(body, "roles") if "roles" in body else None
    name = str(body["name"] or "") if "name" in body else None
    touched = layout is not None or roles is not None or name is not None

    def work(session: Session, catalog: Catalog) -> None:
        found = list_views.find(session, catalog, actor, view_id)
        if touched:
            now = units.utcnow()
            list_views.change(
                session, catalog, actor, view_id, now=now, name=name, layout=layout, roles=roles, version=version
            )
        if "default" in body and bool(body["default"]) != found.default:
            chosen = view_id if body["default"] else None
            list_views.set_default(session, catalog, actor, found.definition, chosen)

    units.write(work)
    return _one(view_id)


@blueprint.delete("/<int:view_id>")
@describe(result=DONE)
def remove(view_id: int) -> Response:
    """Forget a view, for everybody who saw it."""
    actor = current_actor()
    units.write(lambda session, catalog: list_views.remove(session, catalog, actor, view_id))
    return answer({"message": "OK"})


def _listed(catalog: Catalog, name: Any) -> Entity:
    if name not in catalog or not catalog[name].definition.stores_records:
        abort(404)
    if not access.may(current_actor(), catalog[name], "list"):
        abort(404)
    return catalog[name]


def _one(view_id: int, status: int = 200) -> Response:
    view = list_views.find(db.session(), catalogs.current(), current_actor(), view_id)
    response = answer({"id": view.id, "result": _json(view)}, status)
    response.headers["ETag"] = f'"{view.version}"'
    return response


def _json(view: ListView) -> dict[str, Any]:
    layout, lost = view.layout(catalogs.current()[view.definition], current_actor())
    return {
        "id": view.id,
        "_version": view.version,
        "definition": view.definition,
        "name": view.name,
        "owner": view.owner,
        "roles": list(view.roles),
        "default": view.default,
        "layout": {
            "filters": [{"field": f.field, "op": f.op, "value": f.value} for f in layout.filters],
            "order": [f"-{name}" if down else name for name, down in layout.order],
            "columns": list(layout.columns),
            "group": [item.text for item in layout.group],
            "search": layout.search,
            "page_size": layout.page_size,
            "totals": layout.totals,
        },
        "left_out": lost,
        "url": url_for("records.list_page", definition=view.definition, view=view.id),
    }


def _layout(given: Any) -> Layout:
    if not isinstance(given, Mapping):
        raise Invalid("A JSON object is expected.", field="layout")
    filters, size = given.get("filters", []), given.get("page_size", 25)
    problems = []
    if not isinstance(filters, list) or not all(isinstance(f, Mapping) and "field" in f for f in filters):
        problems.append(Problem("/layout/filters", "A list of filters is expected here, each with its field."))
    if type(size) is not int or not 0 < size <= 1000:
        problems.append(Problem("/layout/page_size", "A whole number is expected here."))
    if problems:
        raise Invalid("This view can't be saved like this.", problems=problems)
    cut = [part.partition(":") for part in _texts(given, "group")]
    return Layout(
        tuple(Filter(str(f["field"]), str(f.get("op", "eq")), f.get("value")) for f in filters),
        tuple((part.removeprefix("-"), part.startswith("-")) for part in _texts(given, "order")),
        _texts(given, "columns"),
        tuple(Grouping(name, by) for name, _colon, by in cut),
        str(given.get("search", "")),
        size,
        bool(given.get("totals", False)),
    )


def _texts(given: Mapping[str, Any], name: str) -> tuple[str, ...]:
    found = given.get(name, [])
    if not isinstance(found, list) or not all(isinstance(part, str) for part in found):
        raise Invalid("A list of texts is expected here.", field=name)
    return tuple(found)
