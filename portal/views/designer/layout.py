"""How the form and the list are divided: sections and columns of a draft."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_babel import gettext as _

from metadata import editing, layout
from metadata.dialect import places
from metadata.errors import DefinitionError
from portal.designer.desk import Desk, Done
from portal.views.designer.base import SAVED, blueprint, desk_of, edited, refused

LONGEST_TITLE = 200
SECTION_ADDED, SECTION_NAMED = "Added the section “%(section)s”.", "The section is now called “%(section)s”."
SECTION_MOVED = "The section “%(section)s” is now number %(place)s of %(of)s."
SECTION_GONE = "The section “%(section)s” is gone; its fields stay."
SECTION_WIDE = "The section “%(section)s” sets %(count)s fields side by side."
HOW_MANY = "One, two or three fields stand side by side."
SIDE_BY_SIDE = (1, 2, 3)
NEEDS_TITLE = "A section needs a title."
TWICE = "There is already a section called “%(section)s”."
COLUMNS, COLUMN_OUT = "Changed the columns of the list.", "The list no longer shows “%(field)s”."
COLUMN_AT = "“%(field)s” is now column %(place)s of %(of)s."


@blueprint.post("/<name>/sections")
def add_section(name: str) -> Any:
    """One more section, the last."""
    title = request.form.get("title", "").strip()[:LONGEST_TITLE]
    wrong = _wrong(desk_of(name), title)
    if wrong:
        return refused(name, wrong, "sections")
    done = Done(SECTION_ADDED, {"section": title})
    words = {"zh": request.form.get("title_zh", "").strip()[:LONGEST_TITLE]}
    return edited(name, lambda desk: (layout.add_section(desk.document, title, words), done), "sections")


@blueprint.post("/<name>/sections/<int:number>")
def change_section(name: str, number: int) -> Any:
    """Another title, another place, another width, or away: what the pressed button says."""
    desk = desk_of(name)
    sections = desk.document.get("x-screen", {}).get("sections", [])
    if number >= len(sections):
        abort(404)
    title, act = sections[number]["title"], request.form.get("act", "name")
    if act in ("up", "down"):
        by = -1 if act == "up" else 1
        at = min(max(number + by, 0), len(sections) - 1)
        done = Done(SECTION_MOVED, {"section": title, "place": at + 1, "of": len(sections)})
        return edited(
            name,
            lambda d: (layout.move_section(d.document, number, by), done),
            f"section-{at}",
            focus=f"{act}-section-{at}",
        )
    if act == "remove":
        done = Done(SECTION_GONE, {"section": title})
        return edited(name, lambda d: (layout.drop_section(d.document, number), done), "sections")
    if act == "columns":
        count = request.form.get("columns", 0, type=int)
        if count not in SIDE_BY_SIDE:
            return refused(name, DefinitionError(HOW_MANY), f"section-{number}")
        done = Done(SECTION_WIDE, {"section": title, "count": count})
        return edited(name, lambda d: (layout.widen_section(d.document, number, count), done), f"section-{number}")
    given = request.form.get("title", "").strip()[:LONGEST_TITLE]
    wrong = _wrong(desk, given, title)
    if wrong:
        return refused(name, wrong, f"section-{number}")
    words = {"zh": request.form.get("title_zh", "").strip()[:LONGEST_TITLE]}
    done = Done(SECTION_NAMED, {"section": given})
    return edited(name, lambda d: (layout.name_section(d.document, number, given, words), done), f"section-{number}")


def _wrong(desk: Desk, title: str, before: str = "") -> DefinitionError | None:
    taken = {s["title"] for s in desk.document.get("x-screen", {}).get("sections", ())} - {before}
    if not title:
        return DefinitionError(NEEDS_TITLE)
    return DefinitionError(TWICE, params={"section": title}) if title in taken else None


@blueprint.post("/<name>/columns")
def columns(name: str) -> Any:
    """Which columns the list has, in the order of the numbers beside them."""
    known = list(desk_of(name).definition.fields)
    chosen = [n for n in request.form.getlist("columns") if n in known]
    if not chosen:
        flash(_("A list needs one column or more."), "danger")
        return redirect(url_for("designer.show", name=name, _anchor="list"), 303)
    places = {n: request.form.get(f"place_{n}", len(known), type=int) for n in chosen}
    ordered = sorted(chosen, key=lambda n: places[n])
    return edited(name, lambda d: (editing.show_in_list(d.document, ordered), Done(COLUMNS)), "list", str(SAVED))


@blueprint.post("/<name>/columns/<field>")
def column(name: str, field: str) -> Any:
    """One column further left or right, into the list, or out of it."""
    desk = desk_of(name)
    if field not in layout.names(desk.document):
        abort(404)
    listed = [n for n in desk.definition.screen.list if n in desk.definition.fields]
    position = _position(listed, field)
    if position is None and listed == [field]:
        return refused(name, DefinitionError("A list needs one column or more."), "list")

    def edit(desk: Desk) -> tuple[Mapping[str, Any], Done]:
        document = layout.column(desk.document, listed, field, position)
        now = document["x-screen"]["list"]
        about = {"field": places.schema(desk.document, field).get("title", field), "of": len(now)}
        if position is None:
            return document, Done(COLUMN_OUT, about)
        return document, Done(COLUMN_AT, {**about, "place": now.index(field) + 1})

    return edited(name, edit, "list", focus=f"column-{field}" if position is not None else "list")


def _position(listed: list[str], field: str) -> int | None:
    act = request.form.get("to", "place")
    if act == "out":
        return None
    if act in ("up", "down") and field in listed:
        return max(listed.index(field) + (-1 if act == "up" else 1), 0)
    return request.form.get("position", len(listed), type=int)
