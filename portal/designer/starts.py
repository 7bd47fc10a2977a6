"""What a new definition begins with: nothing, one of the starting points beside this module, or another definition.

Called by the page for new definitions. A starting point is a definition's document in `starts/`, in both languages;
fields that point at what is not installed are left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from metadata import editing
from metadata.catalog import Catalog
from metadata.dialect import names
from metadata.parser import thawed
from portal import menu
from portal.designer.naming import LONGEST_NAME, NAME, named_after

FOLDER = Path(__file__).parent / "starts"
STARTS = {
    "register": _l("Register: a list of things, each with a number and a state"),
    "request": _l("Request: somebody asks, somebody decides"),
    "checklist": _l("Checklist or audit: what was looked at, and what was found"),
    "kpi": _l("KPI: plan and actual by day and department"),
    "courses": _l("Course catalog: what can be learned, and for how long it counts"),
    "survey": _l("Survey: questions on a scale, and room for words"),
    "objective": _l("Objective: an aim with its owner and how far it is"),
}
BLANK = ("entity", "catalog", "survey", "review_form")
ICONS = (
    *("book", "briefcase", "building-factory", "calendar", "certificate", "chart-bar", "chart-line", "checks"),
    *("clipboard-check", "clipboard-list", "clock", "flag", "hierarchy", "list-check", "presentation"),
    *("report-money", "school", "shopping-cart", "star", "target", "users"),
)
ALL = ["list", "show", "add", "edit", "remove", "export", "import"]
TEXTS = ("title", "title_zh", "plural", "plural_zh", "name", "kind", "group", "icon", "start", "copy")


@dataclass(frozen=True)
class Start:
    """What stands in the form for a new definition."""

    title: str = ""
    title_zh: str = ""
    plural: str = ""
    plural_zh: str = ""
    name: str = ""
    kind: str = "entity"
    group: str = "data"
    icon: str = ""
    start: str = ""
    copy: str = ""
    private: bool = False


def typed(form: Mapping[str, str]) -> Start:
    """The form as it was sent; a name that was left empty follows the title."""
    given = {name: form.get(name, "").strip() for name in TEXTS}
    given["name"] = given["name"] or named_after(given["title"])
    given["kind"] = given["kind"] or "entity"
    given["group"] = given["group"] or "data"
    return Start(**given, private=bool(form.get("private")))


def problems(form: Start, catalog: Catalog) -> dict[str, list[str]]:
    """What is wrong with the form, by input."""
    wrong: dict[str, list[str]] = {}
    if not form.title:
        wrong["title"] = [_("A definition needs a title.")]
    owner = names.taken_by(form.name, field=False)
    if not NAME.fullmatch(form.name) or len(form.name) > LONGEST_NAME:
        wrong["name"] = [_("Small letters, digits and single underscores, a letter first, at most 40.")]
    elif owner:
        wrong["name"] = [_("“%(name)s” already means something to %(owner)s.", name=form.name, owner=owner)]
    if form.start == "copy" and form.copy not in catalog:
        wrong["copy"] = [_("Choose the definition to copy.")]
    if form.kind not in BLANK and form.start not in (*STARTS, "copy"):
        wrong["kind"] = [_("Choose one of the kinds.")]
    if form.group not in menu.GROUPS:
        wrong["group"] = [_("Choose one of the groups.")]
    return wrong


def document(form: Start, catalog: Catalog) -> dict[str, Any]:
    """The first draft that the form asks for."""
    if form.start == "copy":
        made = _copied(thawed(catalog[form.copy].definition.document))
    elif form.start in STARTS:
        made = _fitting(_read(form.start), form.name, catalog)
    else:
        made = {
            "x-kind": form.kind,
            "type": "object",
            "properties": {},
            "x-access": {"HR admin": {"rows": "all", "can": ALL}},
        }
    spoken = made.pop("x-i18n", {})
    zh = {k: v for k, v in spoken.pop("zh", {}).items() if k not in ("title", "x-plural", "description")}
    own = {"x-group": form.group, "x-icon": form.icon or made.get("x-icon", ""), "x-plural": form.plural}
    own_zh = {"title": form.title_zh, "x-plural": form.plural_zh, **zh}
    kept = {k: v for k, v in made.items() if k not in ("$schema", "$id", "title", "description", *own)}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": form.name,
        "title": form.title,
        **{k: v for k, v in own.items() if v},
        **kept,
        "x-i18n": {**spoken, "zh": {k: v for k, v in own_zh.items() if v}},
    }


def _copied(document: dict[str, Any]) -> dict[str, Any]:
    """A copy has columns of its own, nothing that workflows rely on, and is no directory."""
    for schema in document.get("properties", {}).values():
        for word in ("x-id", "x-core", "x-was", "x-moves"):
            schema.pop(word, None)
    return {k: v for k, v in document.items() if k != "x-directory"}


def _fitting(document: dict[str, Any], name: str, catalog: Catalog) -> dict[str, Any]:
    for field, schema in list(document["properties"].items()):
        if schema.get("$ref", name) not in (*catalog, name):
            document = editing.drop_field(document, field)
    return document


def _read(start: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_text(start))
    return found


@cache
def _text(start: str) -> str:
    return (FOLDER / f"{start}.json").read_text(encoding="utf-8")
