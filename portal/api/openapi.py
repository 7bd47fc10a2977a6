"""The OpenAPI document: what the caller may use, current with the catalog.

Fixed rooms describe themselves: every view of a blueprint under /api/v1/ is taken from the application's
routes, its summary from the docstring, and what `@describe` adds. Records are described by
openapi_records.py from the definitions. Documents are kept per version, roles and language.
"""

from __future__ import annotations

import hashlib
import inspect
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson
from flask import Blueprint, Response, current_app, request
from flask_babel import gettext
from werkzeug.routing import Rule

from metadata.access import Actor
from metadata.catalog import Catalog
from portal import catalogs
from portal.access import current_actor, language
from portal.api import openapi_records

F = TypeVar("F", bound=Callable[..., Any])
ROOT = "/api/v1"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
MOST_BYTES = 32_000_000  # of all documents that a process keeps
CONVERTER = re.compile(r"<(?:(?P<kind>\w+)(?:\([^)]*\))?:)?(?P<name>\w+)>")
SCHEMA_OF = {"int": {"type": "integer"}, "float": {"type": "number"}}
REMARK = "__plumbline_api__"

blueprint = Blueprint("api_openapi", __name__, url_prefix=ROOT)


def everybody(_actor: Actor, _catalog: Catalog) -> bool:
    """Whoever is logged in."""
    return True


@dataclass(frozen=True)
class Remark:
    """What a view's signature does not say: schemas (JSON Schema 2020-12) of body and result, and who may call it."""

    body: Mapping[str, Any] | None = None
    result: Mapping[str, Any] | None = None
    status: int = 200
    parameters: tuple[Mapping[str, Any], ...] = ()
    media: str = "application/json"
    tag: str = ""
    public: bool = False
    visible: Callable[[Actor, Catalog], bool] = field(default=everybody)


def describe(**remarks: Any) -> Callable[[F], F]:
    """Say what a REST view takes and gives: see `Remark`. Put it below the route's decorator."""

    def mark(view: F) -> F:
        setattr(view, REMARK, Remark(**remarks))
        return view

    return mark


def query(name: str, schema: Mapping[str, Any], description: str = "", *, required: bool = False) -> dict[str, Any]:
    """A parameter in the address."""
    told = {"description": description} if description else {}
    return {"name": name, "in": "query", "schema": schema, **told, **({"required": True} if required else {})}


@dataclass(frozen=True)
class Document:
    """One finished document: as bytes, and its tag."""

    body: bytes
    etag: str

    @property
    def content(self) -> dict[str, Any]:
        """The document as a value."""
        found: dict[str, Any] = orjson.loads(self.body)
        return found


class Documents:
    """The documents of this process, each made once; those asked for longest ago go where they grow too large."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._made: OrderedDict[tuple[object, ...], Document] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple[object, ...], make: Callable[[], dict[str, Any]]) -> Document:
        """The document for `key`, made on first use."""
        with self._lock:
            found = self._made.get(key)
            if found is not None:
                self._made.move_to_end(key)
                return found
        body = orjson.dumps(make())
        found = Document(body, hashlib.sha256(body).hexdigest()[:32])
        with self._lock:
            self._made[key] = found
            while len(self._made) > 1 and self.size > self._most:
                self._made.popitem(last=False)
        return found

    @property
    def size(self) -> int:
        """The bytes of all that is kept."""
        return sum(len(document.body) for document in self._made.values())


def current_document() -> Document:
    """The document for this request's caller."""
    kept: Documents = current_app.extensions.setdefault("plumbline_openapi", Documents())
    versions, actor, tongue = catalogs.now_in_force(), current_actor(), language()
    key = (versions.catalog, versions.access, actor.roles, actor.system, bool(actor.unit_ids), actor.within, tongue)
    return kept.get(key, lambda: _build(actor, catalogs.current(), tongue))


@blueprint.get("/_openapi")
def document() -> Response:
    """This description: OpenAPI 3.1 of what the caller may use."""
    found = current_document()
    response = Response(found.body, mimetype="application/json")
    response.set_etag(found.etag)
    response.headers["Cache-Control"] = "private, no-cache"
    response.vary.update(("Accept-Language", "Authorization", "Cookie"))
    return response.make_conditional(request)  # type: ignore[return-value]


def _build(actor: Actor, catalog: Catalog, tongue: str) -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = {}
    for address, method, operation in _fixed(actor, catalog):
        paths.setdefault(address, {})[method] = operation
    schemas: dict[str, Any] = {"problem": PROBLEM}
    openapi_records.add(paths, schemas, actor, catalog, tongue)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Plumbline",
            "version": str(catalog.version),
            "description": gettext(INTRODUCTION),
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {"apiKey": []}, {"session": []}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": schemas,
            "responses": {"problem": _problem_response()},
            "parameters": {"idempotency": IDEMPOTENCY},
            "securitySchemes": SECURITY,
        },
    }


def _fixed(actor: Actor, catalog: Catalog) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The operations of rooms that are no definition, in the order of their addresses."""
    for rule in sorted(current_app.url_map.iter_rules(), key=lambda r: r.rule):
        if not rule.rule.startswith(f"{ROOT}/") or rule.rule.startswith(f"{ROOT}/<definition>"):
            continue
        view = current_app.view_functions[rule.endpoint]
        if inspect.unwrap(view).__module__.startswith("flask_appbuilder"):
            continue  # what the framework brings is switched off (portal/security.py)
        remark: Remark = getattr(inspect.unwrap(view), REMARK, Remark())
        if remark.visible(actor, catalog):
            for method in METHODS:
                if method in (rule.methods or ()):
                    yield (
                        CONVERTER.sub(r"{\g<name>}", rule.rule),
                        method.lower(),
                        _operation(rule, method, view, remark),
                    )


def _operation(rule: Rule, method: str, view: Callable[..., Any], remark: Remark) -> dict[str, Any]:
    several = len([m for m in METHODS if m in (rule.methods or ())]) > 1
    summary, _blank, rest = (inspect.getdoc(view) or rule.endpoint).partition("\n\n")
    parameters: list[Any] = [
        {"name": found["name"], "in": "path", "required": True, "schema": SCHEMA_OF.get(found["kind"] or "", STRING)}
        for found in CONVERTER.finditer(rule.rule)
    ]
    parameters += list(remark.parameters)
    if method == "POST" and not remark.public:
        parameters.append({"$ref": "#/components/parameters/idempotency"})
    result: dict[str, Any] = {"description": gettext("Done.")}
    if remark.result is not None:
        result["content"] = {"application/json": {"schema": remark.result}}
    operation: dict[str, Any] = {
        "operationId": rule.endpoint.replace(".", "_") + (f"_{method.lower()}" if several else ""),
        "summary": gettext(" ".join(summary.split())),
        "tags": [remark.tag or rule.rule.removeprefix(f"{ROOT}/").split("/", 1)[0].lstrip("_")],
        "responses": {str(remark.status): result, "default": {"$ref": "#/components/responses/problem"}},
    }
    if rest:
        operation["description"] = " ".join(rest.split())
    if parameters:
        operation["parameters"] = parameters
    if remark.body is not None and method in {"POST", "PUT", "PATCH"}:
        operation["requestBody"] = {"required": True, "content": {remark.media: {"schema": remark.body}}}
    if remark.public:
        operation["security"] = []
    return operation


def _problem_response() -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/problem"}}}
    return {"description": gettext("What is wrong, in the caller's language."), "content": content}


STRING: Mapping[str, Any] = {"type": "string"}
INTRODUCTION = (
    "Every definition of the portal and every action of its pages. Lists take “q” in Flask-AppBuilder's rison or plain "
    "arguments; single records carry an ETag, and a change with a stale If-Match answers 412."
)
PROBLEM = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "status": {"type": "integer"},
        "title": {"type": "string"},
        "message": {"type": "string"},
        "problems": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"pointer": {"type": "string"}, "message": {"type": "string"}},
                "required": ["pointer", "message"],
            },
        },
    },
    "required": ["status", "title", "problems"],
}
IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "maxLength": 200},
    "description": "The same key with the same request gives the same answer for a day, and is done once.",
}
SECURITY = {
    "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "session": {"type": "apiKey", "in": "cookie", "name": "session"},
}
