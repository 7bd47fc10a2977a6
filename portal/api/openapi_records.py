"""The part of the OpenAPI document that definitions give: addresses and schemas of their records.

Called by openapi.py. A field, an address or a method that the caller may not use is not there; titles and
choices read in the caller's language.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import gettext as _

from metadata import access, fieldtypes
from metadata.access import Actor
from metadata.catalog import Catalog, Entity
from metadata.model import Field
from metadata.records.query import MAX_PAGE_SIZE, OPERATORS, TEXT_ONLY

MOST_ROWS = 1000
FORMATS = {"date": "date", "date_time": "date-time", "time": "time", "email": "email", "uri": "uri"} | dict.fromkeys(
    ("uuid", "attachment"), "uuid"
)
BOUNDS = {
    "minimum": "minimum",
    "maximum": "maximum",
    "exclusive_minimum": "exclusiveMinimum",
    "exclusive_maximum": "exclusiveMaximum",
    "min_length": "minLength",
    "max_length": "maxLength",
    "pattern": "pattern",
    "multiple_of": "multipleOf",
}
INTEGER = {"type": "integer"}
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "schema": {"type": "string"},
    "description": "The ETag of the version that the change is based on.",
}
RECORD_ID = {"name": "id", "in": "path", "required": True, "schema": INTEGER}
PROBLEM = {"$ref": "#/components/responses/problem"}


def add(paths: dict[str, dict[str, Any]], schemas: dict[str, Any], actor: Actor, catalog: Catalog, tongue: str) -> None:
    """Put every definition that the caller may list into `paths` and `schemas`."""
    for entity in catalog.entities.values():
        if entity.definition.stores_records and access.may(actor, entity, "list"):
            schemas.update(_schemas(entity, actor, tongue))
            paths.update(_paths(entity, actor, tongue))


def field_schema(item: Field, tongue: str, *, writing: bool = False) -> dict[str, Any]:
    """A field as JSON Schema; one that may be empty also takes null."""
    kind = fieldtypes.of(item).json_type
    schema: dict[str, Any] = {"type": kind if item.required else [kind, "null"], "title": item.title(tongue)}
    if item.help(tongue):
        schema["description"] = item.help(tongue)
    if item.formula is not None:
        schema["readOnly"] = True
    if item.type == "attachment":
        limits = {"x-accept": list(item.accept), "x-max-size": item.max_size}
        schema |= {"x-format": "attachment"} | {word: limit for word, limit in limits.items() if limit}
    if item.type in FORMATS:
        schema["format"] = FORMATS[item.type]
    if item.many:
        return schema | _list_schema(item, tongue, writing=writing)
    if item.enum:
        offered = [choice for choice in item.enum if not (writing and choice.retired)]
        schema["enum"] = [choice.value for choice in offered] + ([] if item.required else [None])
        schema["x-enum-labels"] = {str(choice.value): choice.label(tongue) for choice in offered}
    if item.ref:
        schema["x-ref"] = item.ref
    for name, keyword in BOUNDS.items():
        limit = getattr(item, name)
        if limit is not None and not (keyword == "multipleOf" and item.type != "integer"):
            schema[keyword] = limit
    if item.has_default:
        schema["default"] = item.default
    return schema


def _list_schema(item: Field, tongue: str, *, writing: bool) -> dict[str, Any]:
    """What a list holds: ids, choices, or rows; of an answer always a list, in a request also null."""
    found: dict[str, Any] = {"type": ["array", "null"] if writing and not item.required else "array"}
    limits = {"minItems": item.min_items, "maxItems": item.max_items}
    found |= {word: limit for word, limit in limits.items() if limit is not None}
    if item.rows:
        inner = {f.name: field_schema(f, tongue, writing=writing) for f in item.rows.values()}
        needed = [f.name for f in item.rows.values() if f.required]
        rows = {"type": "object", "properties": {"id": INTEGER, **inner}, "additionalProperties": False}
        return found | {"items": rows | ({"required": needed} if needed and writing else {})}
    if item.ref:
        return found | {"items": INTEGER, "x-ref": item.ref}
    offered = [choice for choice in item.enum if not (writing and choice.retired)]
    labels = {str(choice.value): choice.label(tongue) for choice in offered}
    return found | {"items": {"type": "string", "enum": [c.value for c in offered]}, "x-enum-labels": labels}


def _schemas(entity: Entity, actor: Actor, tongue: str) -> dict[str, Any]:
    name = entity.name
    seen = access.readable_somewhere(actor, entity, "show") if access.may(actor, entity, "show") else ()
    listed = access.readable_somewhere(actor, entity, "list")
    both = {f.name: f for f in (*seen, *listed)}
    stored = {f.name: field_schema(f, tongue) for f in entity.definition.fields.values() if f.name in both}
    labels = {"type": "object", "additionalProperties": {"type": ["string", "array"]}}
    found: dict[str, Any] = {
        name: {
            "type": "object",
            "title": entity.definition.title(tongue),
            "properties": {"id": INTEGER, "_version": INTEGER, **stored, "_labels": labels},
            "required": ["id", "_version"],
        }
    }
    for action, suffix in (("add", "new"), ("edit", "change")):
        if access.may(actor, entity, action):
            free = access.writable_somewhere(actor, entity, action)
            found[f"{name}.{suffix}"] = _written(free, tongue, whole=action == "add")
    return found


def _written(free: Iterable[Field], tongue: str, *, whole: bool) -> dict[str, Any]:
    fields = list(free)
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {f.name: field_schema(f, tongue, writing=True) for f in fields},
        "additionalProperties": False,
    }
    required = [f.name for f in fields if f.required and not f.has_default] if whole else []
    return {**schema, "required": required} if required else schema


def _paths(entity: Entity, actor: Actor, tongue: str) -> dict[str, dict[str, Any]]:
    root, name = f"/api/v1/{entity.name}", entity.name
    plural, title = entity.definition.plural(tongue), entity.definition.title(tongue)
    record, page = _reference(name), _page(name)
    may = {action: access.may(actor, entity, action) for action in ("show", "add", "edit", "remove")}
    listing = _operation(entity, "list", _("List: %(what)s", what=plural), page, parameters=_arguments(entity, actor))
    collection = {"get": listing}
    single: dict[str, Any] = {}
    if may["add"]:
        text = _("Add: %(title)s", title=title)
        collection["post"] = _operation(
            entity, "add", text, _one(record), body=_reference(f"{name}.new"), status=201, parameters=[IDEMPOTENT]
        )
    if may["show"]:
        text = _("Show: %(what)s", what=title)
        single["get"] = _operation(entity, "show", text, _one(record), parameters=[RECORD_ID])
    if may["edit"]:
        text, change = _("Edit: %(title)s", title=title), _reference(f"{name}.change")
        for method, word in (("patch", "edit"), ("put", "put")):
            single[method] = _operation(entity, word, text, _one(record), body=change, parameters=[RECORD_ID, IF_MATCH])
    if may["remove"]:
        text = _("Into the recycle bin: %(what)s", what=title)
        single["delete"] = _operation(entity, "remove", text, DONE, parameters=[RECORD_ID, IF_MATCH])
    found: dict[str, dict[str, Any]] = {f"{root}/": collection}
    if single:
        found[f"{root}/{{id}}"] = single
    text = _("Groups with counts, sums and averages: %(what)s", what=plural)
    found[f"{root}/_groups"] = {"get": _operation(entity, "groups", text, {"type": "object"}, parameters=[GROUP_BY])}
    text = _("What you may do, and with which fields: %(what)s", what=plural)
    found[f"{root}/_info"] = {"get": _operation(entity, "info", text, {"type": "object"})}
    if may["add"] or may["edit"]:
        text = _("Add or change up to 1,000 at once: %(what)s", what=plural)
        body = _bulk_body(name, may)
        found[f"{root}/_bulk"] = {
            "post": _operation(entity, "bulk", text, BULK_RESULT, body=body, parameters=[IDEMPOTENT])
        }
    if may["edit"]:
        found |= _edit_paths(entity, actor, plural)
    return found


def _edit_paths(entity: Entity, actor: Actor, plural: str) -> dict[str, dict[str, Any]]:
    """One field of many records changed, looked at and undone."""
    root, names = f"/api/v1/{entity.name}/_edits", [f.name for f in access.writable_somewhere(actor, entity, "edit")]
    asked = [f.name for f in access.readable_somewhere(actor, entity, "list")]
    which = _argument(asked[0] if asked else "id", STRING, _("With “all”: the filters of the list."))
    body = {**EDIT_BODY, "properties": {"field": {"type": "string", "enum": names}, **EDIT_BODY["properties"]}}
    make = _operation(
        entity,
        "edit_many",
        _("Change one field of many records, or try it out: %(what)s", what=plural),
        {"type": "object"},
        body=body,
        status=201,
        parameters=[which, IDEMPOTENT],
    )
    last = _operation(
        entity, "edits", _("Your last changes of many records: %(what)s", what=plural), {"type": "object"}
    )
    text = _("What became of a change of many records: %(what)s", what=plural)
    one = _operation(entity, "edit_many_show", text, EDIT_RESULT, parameters=[RECORD_ID])
    text = _("Undo a change of many records: %(what)s", what=plural)
    undo = _operation(entity, "edit_many_undo", text, EDIT_RESULT, parameters=[RECORD_ID, IDEMPOTENT])
    return {root: {"get": last, "post": make}, f"{root}/{{id}}": {"get": one}, f"{root}/{{id}}/undo": {"post": undo}}


def _operation(
    entity: Entity,
    word: str,
    summary: str,
    result: Mapping[str, Any],
    *,
    body: Mapping[str, Any] | None = None,
    status: int = 200,
    parameters: Iterable[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    done = {"description": _("Done."), "content": {"application/json": {"schema": result}}}
    operation: dict[str, Any] = {
        "operationId": f"{entity.name}_{word}",
        "summary": summary,
        "tags": [entity.name],
        "responses": {str(status): done, "default": PROBLEM},
    }
    given = list(parameters)
    if given:
        operation["parameters"] = given
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return operation


def _arguments(entity: Entity, actor: Actor) -> list[dict[str, Any]]:
    fields = access.readable_somewhere(actor, entity, "list")
    names = [f.name for f in fields]
    plain = [_argument(f.name, STRING, "") for f in fields]
    compared = ", ".join(sorted(set(OPERATORS) - TEXT_ONLY - {"eq"}) + sorted(TEXT_ONLY))
    listed = ", ".join(names)
    return [
        _argument("q", STRING, _("A question in rison, as Flask-AppBuilder has it, or words to search for.")),
        _argument("order", STRING, _("Fields by commas, “-” before one that goes down: %(names)s.", names=listed)),
        _argument("page", {"type": "integer", "minimum": 0, "default": 0}, ""),
        _argument("page_size", {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": 25}, ""),
        _argument("columns", STRING, _("Fields by commas: %(names)s.", names=listed)),
        _argument("as_of", STRING, _("A day or a moment: the records as they were, by id and without filters.")),
        *plain,
        _argument(f"{names[0]}__gte" if names else "id__gte", STRING, _("Comparisons: %(names)s.", names=compared)),
    ]


def _argument(name: str, schema: Mapping[str, Any], description: str) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "in": "query", "schema": schema}
    return {**found, "description": description} if description else found


def _reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _page(name: str) -> dict[str, Any]:
    ids = {"type": "array", "items": INTEGER}
    result = {"type": "array", "items": _reference(name)}
    return {
        "type": "object",
        "properties": {"count": INTEGER, "ids": ids, "result": result},
        "required": ["count", "ids", "result"],
    }


def _one(record: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {"id": INTEGER, "result": record}, "required": ["id", "result"]}


def _bulk_body(name: str, may: Mapping[str, bool]) -> dict[str, Any]:
    """Rows with an id are changed, rows without one added."""
    rows = [_reference(f"{name}.new")] if may["add"] else []
    if may["edit"]:
        rows.append({"properties": {"id": INTEGER, "_version": INTEGER}, "required": ["id"], "type": "object"})
    items = {"anyOf": rows, "description": _("With “id” (and “_version”) a change, else a new record.")}
    return {
        "type": "object",
        "properties": {
            "rows": {"type": "array", "minItems": 1, "maxItems": MOST_ROWS, "items": items},
            "all_or_nothing": {"type": "boolean", "default": True},
        },
        "required": ["rows"],
    }


STRING = {"type": "string"}
GROUP_BY = {"name": "group", "in": "query", "schema": {"type": "string"}, "example": "department,day:month"}
IDEMPOTENT = {"$ref": "#/components/parameters/idempotency"}
DONE = {"type": "object", "properties": {"message": STRING}}
EDIT_BODY: dict[str, Any] = {
    "type": "object",
    "properties": {
        "operation": {"type": "string", "enum": ["set", "clear", "add"], "default": "set"},
        "value": {},
        "ids": {"type": "array", "items": INTEGER, "maxItems": MOST_ROWS},
        "all": {"type": "boolean", "default": False},
        "dry_run": {"type": "boolean", "default": False},
    },
    "required": ["field"],
    "additionalProperties": False,
}
EDIT_RESULT = {
    "type": "object",
    "properties": {
        "id": INTEGER,
        "result": {
            "type": "object",
            "properties": {
                "field": {"type": ["string", "null"]},
                "operation": STRING,
                "value": {},
                "job": {"type": ["integer", "null"]},
                "may_be_undone": {"type": "boolean"},
                "counts": {"type": "object", "additionalProperties": INTEGER},
                "records": {"type": "array", "items": {"type": "object"}},
            },
            "required": ["field", "operation", "counts"],
        },
    },
    "required": ["id", "result"],
}
BULK_RESULT = {
    "type": "object",
    "properties": {
        "created": INTEGER,
        "changed": INTEGER,
        "unchanged": INTEGER,
        "rejected": INTEGER,
        "result": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "status": {"type": "string", "enum": ["created", "changed", "unchanged", "rejected"]},
                    "id": INTEGER,
                    "_version": INTEGER,
                    "problems": {"type": "array", "items": {"type": "object"}},
                },
                "required": ["status"],
            },
        },
    },
    "required": ["created", "changed", "unchanged", "rejected", "result"],
}
