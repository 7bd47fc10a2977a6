"""The fields of a draft: add, change, rename, place, take out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import abort, flash, request
from flask_babel import gettext as _

from metadata import editing, layout
from metadata.dialect import places
from metadata.errors import Conflict, DefinitionError, Problem
from metadata.model import Field
from metadata.renaming import rename_fields
from portal import catalogs
from portal.access import current_actor, language
from portal.accounts import rules
from portal.designer import desk as desks
from portal.designer import fieldform, rowform
from portal.designer.desk import Desk, Done
from portal.designer.fieldform import FieldForm
from portal.errors import worded, wording
from portal.views.designer.base import (
    SAVED,
    back_to,
    blueprint,
    desk_of,
    edited,
    new_problems,
    page,
    refused,
    revision,
)

ADDED, CHANGED = "Added “%(field)s”.", "Changed “%(field)s”."
MOVED = "“%(field)s” is now in place %(place)s of %(of)s."
MOVED_TO = "“%(field)s” is now in place %(place)s of %(of)s in “%(section)s”."
TAKEN_OUT, RENAMED = "Took out “%(field)s”.", "“%(field)s” is now called %(name)s in the API."


@blueprint.route("/<name>/field", methods=["GET", "POST"], defaults={"field": ""})
@blueprint.route("/<name>/field/<field>", methods=["GET", "POST"])
def field(name: str, field: str) -> Any:
    """A new field, or one that is there."""
    desk = desk_of(name)
    if not desk.keeps_records or (field and field not in layout.names(desk.document)):
        abort(404)
    if request.method == "GET":
        empty = FieldForm({**dict.fromkeys(fieldform.TEXTS, ""), "type": "text"})
        return _field_page(desk, field, fieldform.filled(desk.document, field) if field else empty)
    form = fieldform.typed(request.form, field)
    before = places.schema(desk.document, field) if field else None
    if before and before.get("x-core"):
        form = replace(form, texts={**form.texts, "name": field})
    if "more" in request.form:
        return _field_page(desk, field, form, more=3)
    made = fieldform.read(form, before, [n for n in layout.names(desk.document) if n != field])
    if made.problems:
        return _field_page(desk, field, form, made.problems), 422
    document = _with_field(desk, field, form, made)
    named = form.texts["name"]
    wrong = new_problems(desk, document)
    if wrong:
        return _field_page(desk, field, form, [(fieldform.input_of(p.pointer, named), p) for p in wrong]), 422
    done = Done(CHANGED if field else ADDED, {"field": form.texts["title"]})
    try:
        desks.keep(desk, document, revision(), current_actor(), done)
    except Conflict as error:
        return _field_page(desk_of(name), field, form, conflict=error), 409
    flash(str(SAVED), "success")
    return back_to(desk, f"field-{named}")


def _with_field(desk: Desk, field: str, form: FieldForm, made: fieldform.Made) -> Mapping[str, Any]:
    """The draft with the field as the form has it, under its name, in its section and in the list or not."""
    document, named = desk.document, form.texts["name"]
    listed = [n for n in desk.definition.screen.list if n in layout.names(document)]
    document = rename_fields(document, form.renamed(field))
    if field and field != named:
        document = editing.rename_field(document, field, named, _column(desk, field))
        listed = [named if n == field else n for n in listed]
        made.schema = {
            **({"x-id": places.schema(document, named)["x-id"]} if _column(desk, field) else {}),
            **made.schema,
        }
    section = request.form.get("section", -1, type=int)
    document = editing.put_field(document, named, made.schema, made.words, required=form.required, section=section)
    columns = [n for n in listed if n != named or form.listed]
    if form.listed and named not in columns:
        columns.append(named)
    return editing.show_in_list(document, columns) if columns != listed else document


def _column(desk: Desk, field: str) -> str:
    """Where the values of a published field are; empty for one that was never published."""
    catalog = catalogs.current()
    known = catalog[desk.name].definition.fields if desk.name in catalog else {}
    given = places.schema(desk.document, field).get("x-id", "")
    return str(given or (known[field].column if field in known else ""))


def _today(desk: Desk, field: str) -> Field | None:
    """The field in force that the draft's field is."""
    catalog = catalogs.current()
    known = catalog[desk.name].definition.fields if field and desk.name in catalog else {}
    column = _column(desk, field) if known else ""
    return next((item for item in known.values() if item.column == column), None)


def _field_page(
    desk: Desk,
    field: str,
    form: FieldForm,
    problems: list[tuple[str, Problem]] | None = None,
    *,
    conflict: Conflict | None = None,
    more: int = 0,
) -> str:
    wrong: dict[str, list[str]] = {}
    for at, problem in problems or []:
        wrong.setdefault(at, []).append(worded(problem))
    theirs = None
    if conflict and field in layout.names(desk.document):
        theirs = fieldform.filled(desk.document, field)
    today = _today(desk, field)
    targets = [d for d in catalogs.current().definitions if d.stores_records]
    if desk.name not in catalogs.current():
        targets.append(desk.definition)
    return page(
        "field",
        desk,
        field=field,
        form=form,
        wrong=wrong,
        theirs=theirs,
        message=wording(conflict.message, conflict.params) if conflict else "",
        more=more,
        types=fieldform.TYPES,
        results=fieldform.RESULTS,
        started=" ".join(kind for kind in fieldform.TYPES if kind not in fieldform.WITHOUT_START),
        row_types=rowform.TYPES,
        row_lines=rowform.blank(form.lines, more),
        move_lines=[*form.moves, *[("", "")] * 3],
        published=bool(field) and desk.name in catalogs.current() and bool(_column(desk, field)),
        targets=targets,
        manages=rules.may_manage(current_actor()),
        sections=[g for g in layout.groups(desk.document) if g.number is not None],
        section_words=desk.document.get("x-i18n", {}).get("zh", {}).get("sections", {}),
        section=request.values.get("section", -1, type=int),
        core=bool(field) and bool(places.schema(desk.document, field).get("x-core")),
        today=today.name if today else "",
        was=today is not None and (today.was or any(inner.was for inner in today.rows.values())),
    )


@blueprint.post("/<name>/move/<field>")
def move(name: str, field: str) -> Any:
    """One place up or down, also into the next section."""
    _there(name, field)
    by = -1 if request.form.get("to") == "up" else 1

    def edit(desk: Desk) -> tuple[Mapping[str, Any], Done]:
        document = layout.step(desk.document, field, by)
        return document, _moved(document, field)

    return edited(name, edit, f"field-{field}", focus=f"grip-{field}")


@blueprint.post("/<name>/place/<field>")
def place(name: str, field: str) -> Any:
    """At a place of a section; an empty section means: in none."""
    _there(name, field)
    section, position = request.form.get("section", type=int), request.form.get("position", 1_000, type=int)

    def edit(desk: Desk) -> tuple[Mapping[str, Any], Done]:
        document = layout.place(desk.document, field, section, position)
        return document, _moved(document, field)

    return edited(name, edit, f"field-{field}", focus=f"grip-{field}")


def _there(name: str, field: str) -> None:
    if field not in layout.names(desk_of(name).document):
        abort(404)


def _moved(document: Mapping[str, Any], field: str) -> Done:
    at, of, section = layout.where(document, field)
    title = places.schema(document, field).get("title", field)
    return Done(MOVED_TO if section else MOVED, {"field": title, "place": at, "of": of, "section": section})


@blueprint.post("/<name>/remove/<field>")
def remove(name: str, field: str) -> Any:
    """Take the field out of the draft; its values are kept."""
    found = desk_of(name).definition.fields.get(field)
    if found is None:
        abort(404)
    title = found.title(language())
    if found.core:
        return refused(
            name, DefinitionError("“%(title)s” is needed by the product and stays.", params={"title": title})
        )
    told = _("“%(title)s” is taken out of the draft; stored values are kept.", title=title)
    done = Done(TAKEN_OUT, {"field": title})
    return edited(name, lambda desk: (editing.drop_field(desk.document, field), done), "fields", told)
