"""REST for every definition: list, one, create, change, remove, info. Rows go straight from SQL to JSON.

The same door as the pages, the same words in problems. Lists keep Flask-AppBuilder's shape (`count`,
`ids`, `result`) and take its rison `q` as well as plain arguments. Many records at once: bulk.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import prison
from flask import Blueprint, Response, abort, request
from werkzeug.datastructures import MultiDict

from metadata import access, records
from metadata.access import Actor
from metadata.catalog import Catalog, Entity
from metadata.errors import Invalid, StaleVersion
from metadata.model import Field
from metadata.records import Figures, Filter, Groups, Query, Record
from metadata.records.read import without
from portal import catalogs, units
from portal.access import current_actor, language
from portal.api.answers import answer, body_object, if_match, record_json, records_json
from portal.errors import problem_json, wording
from portal.extensions import db
from portal.views import question, then

blueprint = Blueprint("api_records", __name__, url_prefix="/api/v1")
OPERATORS = {"eq": "eq", "neq": "ne", "gt": "gt", "lt": "lt", "sw": "starts", "ct": "contains", "rel_o_m": "eq"}


@blueprint.get("/<definition>/")
def list_records(definition: str) -> Response:
    """A page of records; with `?as_of=` as they were on a day or at a moment, by id and without filters."""
    entity = entity_called(definition)
    if request.args.get("as_of"):
        return _list_then(entity)
    query = _query(entity)
    page = records.select(db.session(), catalogs.current(), definition, current_actor(), query)
    result = records_json(entity, page.rows)
    return answer({"count": page.count, "ids": [r.id for r in page.rows], "result": result})


@blueprint.post("/<definition>/")
def create(definition: str) -> Response:
    """A new record; 201 with the record as stored."""
    entity, values, actor = entity_called(definition, "add"), _body(), current_actor()
    made = units.write(lambda s, c: records.create(s, c, definition, actor, values, now=units.utcnow()))
    response = answer({"id": made.id, "result": record_json(entity, _readable(entity, actor, made))}, 201)
    response.headers["Location"] = f"{request.path}{made.id}"
    response.headers["ETag"] = f'"{made.version}"'
    return response


@blueprint.get("/<definition>/<int:record_id>")
def find(definition: str, record_id: int) -> Response:
    """One record, with its version as ETag; with `?as_of=` as it was on a day or at a moment."""
    entity = entity_called(definition, "show")
    if request.args.get("as_of"):
        return _find_then(entity, record_id)
    record = records.find(db.session(), catalogs.current(), definition, current_actor(), record_id, language=language())
    return _one(entity, record)


@blueprint.route("/<definition>/<int:record_id>", methods=["PUT", "PATCH"])
def change(definition: str, record_id: int) -> Response:
    """Change the fields that are given; a stale `If-Match` answers 412."""
    entity, values, actor, version = entity_called(definition, "edit"), _body(), current_actor(), if_match()

    def work(session: Any, catalog: Catalog) -> Record:
        return records.change(
            session, catalog, definition, actor, record_id, values, now=units.utcnow(), version=version
        )

    return _unless_stale(entity, values, lambda: _one(entity, _readable(entity, actor, units.write(work))))


@blueprint.delete("/<definition>/<int:record_id>")
def remove(definition: str, record_id: int) -> Response:
    """Into the recycle bin."""
    entity, actor, version = entity_called(definition, "remove"), current_actor(), if_match()

    def work(session: Any, catalog: Catalog) -> None:
        records.remove(session, catalog, definition, actor, record_id, now=units.utcnow(), version=version)

    def respond() -> Response:
        units.write(work)
        return answer({"message": "OK"})

    return _unless_stale(entity, {}, respond)


@blueprint.get("/<definition>/_groups")
def groups(definition: str) -> Response:
    """Groups of the records that answer, with counts, sums and averages: `?group=department,day:month`."""
    entity_called(definition)
    asked = question.read(catalogs.current()[definition], request.args, language())
    columns = tuple(c for v in request.args.getlist("columns") for c in v.split(",") if c)
    query = replace(asked.query, columns=columns)
    found = records.group(db.session(), catalogs.current(), definition, current_actor(), query, asked.group)
    result = [{"key": list(g.keys), "label": list(g.labels), **_figures(found, g.figures)} for g in found.groups]
    return answer({"count": len(result), "more": found.more, "result": result, "total": _figures(found, found.total)})


def _figures(found: Groups, figures: Figures) -> dict[str, Any]:
    sums = {f.name: _plain(figures.sums.get(f.name)) for f in found.measured}
    return {
        "count": figures.count,
        "sum": sums,
        "average": {f.name: _plain(figures.average(f)) for f in found.measured},
    }


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


@blueprint.get("/<definition>/_info")
def info(definition: str) -> Response:
    """The fields and actions that the caller has."""
    entity, actor, tongue = entity_called(definition), current_actor(), language()
    columns = [_described(f, tongue) for f in access.readable_somewhere(actor, entity, "list")]
    can = [f"can_{a}" for a in ("list", "show", "add", "edit", "remove", "export") if access.may(actor, entity, a)]
    return answer({"permissions": can, "columns": columns, "title": entity.definition.plural(tongue)})


def _described(item: Field, tongue: str) -> dict[str, Any]:
    """A field for a caller who builds a form from it; a child table with its own fields."""
    choices = [{"value": c.value, "label": c.label(tongue)} for c in item.enum if not c.retired]
    told = {"name": item.name, "label": item.title(tongue), "type": item.type, "required": item.required}
    told |= {"ref": item.ref, "choices": choices}
    if item.type == "attachment":
        told |= {"accept": list(item.accept), "max_size": item.max_size}
    return told | ({"rows": [_described(f, tongue) for f in item.rows.values()]} if item.rows else {})


def entity_called(definition: str, action: str = "list") -> Entity:
    """The definition, if it stores records and the caller may list them or do `action`; else there is nothing here."""
    catalog = catalogs.current()
    if definition not in catalog or not catalog[definition].definition.stores_records:
        abort(404)
    entity = catalog[definition]
    if not any(access.may(current_actor(), entity, each) for each in ("list", action)):
        abort(404)
    return entity


def _query(entity: Entity) -> Query:
    rison = request.args.get("q", "")
    if rison.startswith("("):
        return _from_rison(rison)
    arguments: MultiDict[str, str] = MultiDict(request.args)
    asked = question.read(entity, arguments, language()).query
    columns = tuple(c for v in request.args.getlist("columns") for c in v.split(",") if c)
    return Query(
        asked.filters, asked.order, asked.search or rison, columns, asked.page, asked.page_size, False, asked.language
    )


def _from_rison(text: str) -> Query:
    try:
        asked = prison.loads(text)
        filters = tuple(
            Filter(f["col"], OPERATORS.get(f["opr"], f["opr"]), f.get("value")) for f in asked.get("filters", [])
        )
        order = (
            ((str(asked["order_column"]), asked.get("order_direction") == "desc"),) if asked.get("order_column") else ()
        )
        return Query(
            filters,
            order,
            "",
            tuple(asked.get("columns", ())),
            int(asked.get("page", 0)),
            int(asked.get("page_size", 25)),
        )
    except (prison.decoder.ParserException, KeyError, TypeError, ValueError, AttributeError):
        raise Invalid(
            "The argument q is no readable rison; see the list of arguments in the API description."
        ) from None


def _body() -> dict[str, Any]:
    return {key: value for key, value in body_object().items() if key not in ("id", "_version", "_labels")}


def _readable(entity: Entity, actor: Actor, record: Record) -> Record:
    """What this actor may see of a record that was just written; the actor is the request's, not asked for again."""
    seen = {f.name for f in access.readable(actor, entity)}
    return without(record, set(record.values) - seen)


def _list_then(entity: Entity) -> Response:
    on = then.moment(request.args["as_of"].strip(), "as_of")
    page = records.select_then(
        db.session(),
        catalogs.current(),
        entity.name,
        current_actor(),
        on,
        page=request.args.get("page", 0, type=int),
        page_size=request.args.get("page_size", 25, type=int),
        language=language(),
    )
    result = records_json(Entity(page.definition), page.rows)
    about = {"as_of": on.isoformat(), "catalog_version": page.catalog_version}
    return answer({"count": page.count, "ids": [r.id for r in page.rows], "result": result, **about})


def _find_then(entity: Entity, record_id: int) -> Response:
    on = then.moment(request.args["as_of"].strip(), "as_of")
    found = records.find_then(
        db.session(), catalogs.current(), entity.name, current_actor(), record_id, on, language=language()
    )
    about = {
        "as_of": on.isoformat(),
        "catalog_version": found.catalog_version,
        "removed": found.removed,
        "trail_begins": found.begins.isoformat() if found.begins else None,
        "unknown": [f.name for f in found.unknown],
    }
    return answer({"id": record_id, "result": record_json(Entity(found.definition), found.record), **about})


def _one(entity: Entity, record: Record) -> Response:
    response = answer({"id": record.id, "result": record_json(entity, record)})
    response.headers["ETag"] = f'"{record.version}"'
    return response


def _unless_stale(entity: Entity, values: Mapping[str, Any], work: Callable[[], Response]) -> Response:
    """The work's answer; where somebody was faster, 412 with what was sent and what is stored now."""
    try:
        return work()
    except StaleVersion as error:
        theirs = error.theirs
        both: dict[str, Any] = {"yours": {"_version": if_match(), **values}}
        if theirs is not None:
            both["theirs"] = {**record_json(entity, theirs), "_changed_by": theirs.changed_by}
        response = problem_json(412, wording(error.message, error.params), error.problems, **both)
        if theirs is not None:
            response.headers["ETag"] = f'"{theirs.version}"'
        return response
