"""A definition with a field of every type that a form can ask for, for tests of the pages."""

from __future__ import annotations

import json
from typing import Any

from flask.testing import FlaskClient

VISIT: dict[str, Any] = {
    "$id": "audit_visit",
    "title": "Audit visit",
    "x-plural": "Audit visits",
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 80, "title": "Name"},
        "summary": {"type": "string", "title": "Summary"},
        "held_on": {"type": "string", "format": "date", "title": "Held on"},
        "starts": {"type": "string", "format": "date-time", "title": "Starts"},
        "at": {"type": "string", "format": "time", "title": "Time of day"},
        "mail": {"type": "string", "format": "email", "title": "Mail"},
        "site": {"type": "string", "format": "uri", "title": "Web page"},
        "people": {"type": "integer", "minimum": 0, "title": "People"},
        "cost": {"type": "number", "multipleOf": 0.01, "title": "Cost"},
        "share": {"type": "number", "title": "Share"},
        "kind": {"type": "string", "enum": ["planned", "sudden"], "title": "Kind"},
        "severe": {"type": "boolean", "title": "Severe"},
        "why": {"type": "string", "maxLength": 300, "title": "Why severe"},
        "place": {"$ref": "department", "title": "Place"},
        "leader": {"type": "integer", "x-format": "person", "title": "Leader"},
        "units": {"type": "array", "items": {"$ref": "department"}, "title": "Departments"},
        "days": {
            "type": "array",
            "items": {"type": "string", "enum": ["mon", "tue", "wed"]},
            "x-enum-labels": {"mon": "Monday", "tue": "Tuesday", "wed": "Wednesday"},
            "title": "Days",
        },
        "lines": {
            "type": "array",
            "title": "Findings",
            "maxItems": 20,
            "items": {
                "type": "object",
                "properties": {
                    "what": {"type": "string", "maxLength": 40, "title": "What"},
                    "kind": {"type": "string", "enum": ["minor", "major"], "default": "minor", "title": "Kind"},
                    "unit": {"$ref": "department", "title": "Department"},
                    "weight": {"type": "number", "multipleOf": 0.01, "maximum": 100, "title": "Weight"},
                    "done": {"type": "boolean", "title": "Done"},
                    "due": {"type": "string", "format": "date", "title": "Due"},
                },
                "required": ["what", "weight"],
            },
        },
        "total": {"type": "number", "multipleOf": 0.01, "x-formula": "sum(lines.weight)", "title": "Total weight"},
        "address": {"type": "object", "properties": {"city": {"type": "string", "maxLength": 40, "title": "City"}}},
    },
    "required": ["name"],
    "if": {"properties": {"severe": {"const": True}}, "required": ["severe"]},
    "then": {"required": ["why"]},
    "x-screen": {"list": ["name", "held_on", "units", "days", "lines", "leader"]},
    "x-access": {
        "HR admin": {"rows": "all", "can": ["list", "show", "add", "edit", "remove", "export", "import"]},
        "Department head": {"rows": "all", "can": ["list", "show"], "hides": ["lines"]},
    },
}


def publish(hana: FlaskClient) -> None:
    """Bring the definition into force."""
    sent = json.dumps({"documents": [VISIT], "comment": "Visits"})  # Flask's own way would sort the fields
    answer = hana.post("/api/v1/definitions/publish", data=sent, content_type="application/json")
    assert answer.status_code == 200, answer.text


def line(place: int, **cells: str) -> dict[str, str]:
    """The inputs of one row of findings, as a browser sends them."""
    return {"lines": ""} | {f"lines-{place}-{name}": text for name, text in cells.items()}
