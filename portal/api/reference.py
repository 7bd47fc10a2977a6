"""The page /api/: what REST offers the reader, made from the same document that programs get."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template
from flask_babel import lazy_gettext as _l
from flask_login import login_required

from metadata.access import Actor
from metadata.catalog import Catalog
from portal.api.openapi import METHODS, current_document

TITLE = _l("REST API")
SEES = frozenset({"Admin", "HR admin", "Auditor"})
blueprint = Blueprint("api_reference", __name__)


def visible(actor: Actor, _catalog: Catalog) -> bool:
    """Whether the menu offers it; everybody else finds it beside their keys."""
    return bool(actor.roles & SEES)


@blueprint.get("/api/")
@login_required
def overview() -> str:
    """The operations by room, each with its arguments and fields."""
    document = current_document().content
    rooms: dict[str, list[dict[str, Any]]] = {}
    for address, operations in document["paths"].items():
        for method, operation in operations.items():
            row = {"address": address, "method": method.upper(), **operation, "fields": _fields(document, operation)}
            rooms.setdefault(operation["tags"][0], []).append(row)
    for rows in rooms.values():
        rows.sort(key=lambda row: (row["address"], METHODS.index(row["method"])))
    schemas = document["components"]["schemas"]
    titles = {room: schemas.get(room, {}).get("title", room.replace("_", " ")) for room in rooms}
    return render_template(
        "api/reference.html", rooms=rooms, titles=titles, description=document["info"]["description"]
    )


def _fields(document: Any, operation: Any) -> list[tuple[str, Any, bool]]:
    """What the body may hold: (name, schema, required)."""
    content = operation.get("requestBody", {}).get("content", {})
    for media in content.values():
        schema = media["schema"]
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        required = schema.get("required", ())
        return [(name, inner, name in required) for name, inner in schema.get("properties", {}).items()]
    return []
