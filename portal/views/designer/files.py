"""A definition from a file: a table (CSV, XLSX) whose columns become fields, or a JSON Schema written elsewhere.

Nothing is kept of the file: guesses stand in the inputs of the next page, where they are corrected before a draft is
made. The rows come in afterwards, through the import page, which finds the headers and dates that were said here.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage

from metadata import dialect, drafts, versions
from metadata.dialect import names
from metadata.errors import Conflict, DefinitionError, Invalid
from metadata.parser import load_text
from portal import catalogs, menu
from portal.access import current_actor
from portal.designer import desk as desks
from portal.designer import foreign, rowform, starts
from portal.designer.naming import named_after
from portal.designer.rowform import Line
from portal.errors import worded, wording
from portal.extensions import db
from portal.views.designer.base import blueprint
from workflows.intake import guessing
from workflows.intake.guessing import Column

TABLES, SCHEMAS = (".csv", ".txt", ".tsv", ".xlsx"), (".json",)
LISTED = 6


@blueprint.route("/import-file", methods=["GET", "POST"])
def import_file() -> Any:
    """Which file; then what was found in it, to be corrected."""
    if request.method == "GET":
        return _choose()
    file = request.files.get("file")
    name = file.filename or "" if file else ""
    try:
        if file is None or not name:
            raise Invalid("Choose a file.", field="file")
        if name.lower().endswith(SCHEMAS):
            return _schema_page(load_text(file.read()), name)
        if name.lower().endswith(TABLES):
            return _table_page(file, name)
        raise Invalid("Take a file that ends in .csv, .xlsx or .json.", field="file")
    except (Invalid, DefinitionError) as error:
        return _choose(" ".join([wording(error.message, error.params), *(worded(p) for p in error.problems[:3])])), 422


def _choose(wrong: str = "") -> str:
    return render_template("designer/import.html", wrong=wrong)


def _table_page(file: FileStorage, name: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table"
        file.save(path)
        headers, rows = guessing.read(path, name)
    found = guessing.columns(headers, rows)
    title = Path(name).stem.replace("_", " ").replace("-", " ").strip().capitalize()[:100]
    form = starts.typed({"title": title})
    return _columns_page(form, _lines(found), [c.header for c in found], [c.form for c in found], found, len(rows))


def _lines(found: list[Column]) -> list[Line]:
    """The guesses as lines of a form; names are made different."""
    lines: list[Line] = []
    for number, one in enumerate(found, 1):
        name = named_after(one.header) or f"field_{number}"
        while name in {line.name for line in lines} or names.taken_by(name, field=True):
            name = f"{name}_{number}"
        more = "; ".join(one.choices) if one.type == "choice" else ""
        lines.append(Line(one.header, "", name, one.type, more, "1" if one.required else ""))
    return lines


def _columns_page(
    form: starts.Start,
    lines: list[Line],
    headers: list[str],
    forms: list[str],
    found: list[Column] | None = None,
    count: int = 0,
    wrong: dict[str, list[str]] | None = None,
) -> str:
    return render_template(
        "designer/columns.html",
        form=form,
        lines=list(zip(lines, headers, forms, found or [None] * len(lines), strict=True)),
        count=count,
        wrong=wrong or {},
        types=rowform.TYPES,
        dates={"": "2026-11-27", **{form: _example(form) for form in guessing.DATES[1:]}},
        groups=menu.GROUPS,
    )


def _example(form: str) -> str:
    return form.replace("%Y", "2026").replace("%m", "11").replace("%d", "27")


@blueprint.post("/import-file/columns")
def draft_of_columns() -> Any:
    """The draft with the columns as they were corrected; one that is not taken over is left out."""
    form = starts.typed(request.form)
    headers, forms = request.form.getlist("header"), request.form.getlist("dates")
    lines = [Line(*texts) for texts in zip(*(request.form.getlist(f"row_{p}") for p in rowform.PARTS), strict=False)]
    if not len(lines) == len(headers) == len(forms):
        return _choose(_("The page was not sent whole; choose the file again.")), 422
    taken = [(at, one) for at, one in enumerate(lines) if str(at) in request.form.getlist("take")]
    items, words, sentences = rowform.read([one for _at, one in taken], {})
    wrong = {**starts.problems(form, catalogs.current()), **({"lines": [_(s) for s in sentences]} if sentences else {})}
    wrong |= _name_taken(form.name) if "name" not in wrong else {}
    if wrong:
        return _columns_page(form, lines, headers, forms, wrong=wrong), 422
    document = starts.document(form, catalogs.current())
    document |= {"properties": items["properties"], "required": items.get("required", [])}
    document["x-i18n"]["zh"]["properties"] = words
    document["x-screen"] = {"list": list(items["properties"])[:LISTED], "order": "-id"}
    said = {headers[at]: one.name for at, one in taken}
    dates = {one.name: forms[at] for at, one in taken if one.type == "date" and forms[at]}
    document["x-import"] = {"headers": said, **({"dates": dates} if dates else {})}
    return _begun(document, _("Here is the draft. Once it is published, the rows come in through “Import”."))


def _schema_page(schema: dict[str, Any], name: str) -> str:
    made, notes = foreign.converted(schema)
    title = str(schema.get("title") or Path(name).stem)[:200]
    form = starts.typed({"title": title})
    document = {**starts.document(form, catalogs.current()), **made}
    if schema.get("description"):
        document["description"] = str(schema["description"])[:2000]
    return render_template(
        "designer/schema.html",
        form=form,
        notes=[(n.pointer, wording(n.message, n.params)) for n in notes],
        problems=[(p.pointer, worded(p)) for p in dialect.check([document], catalogs.current())],
        document=json.dumps(document, ensure_ascii=False, indent=2),
        wrong={},
    )


@blueprint.post("/import-file/schema")
def draft_of_schema() -> Any:
    """The draft of a JSON Schema, under the title and the name that were said."""
    form, text = starts.typed(request.form), request.form.get("document", "")
    wrong = starts.problems(form, catalogs.current())
    wrong |= _name_taken(form.name) if "name" not in wrong else {}
    try:
        document = load_text(text)
    except DefinitionError as error:
        return _choose(wording(error.message, error.params)), 422
    if wrong:
        page = {"form": form, "notes": [], "problems": [], "document": text, "wrong": wrong}
        return render_template("designer/schema.html", **page), 422
    spoken = {"x-i18n": {"zh": {"title": form.title_zh}}} if form.title_zh else {}
    named = {**document, "$id": form.name, "title": form.title, **spoken}
    return _begun(named, _("Here is the draft. What is not right yet is listed in its preview."))


def _name_taken(name: str) -> dict[str, list[str]]:
    drafted = {draft.name for draft in drafts.listing(db.session(), current_actor().username)}
    if name in drafted | set(catalogs.current()) | set(versions.last_documents(db.session(), [name])):
        return {"name": [_("There is, was or will be a definition called “%(name)s” already.", name=name)]}
    return {}


def _begun(document: dict[str, Any], told: str) -> Any:
    try:
        desks.begin(document, current_actor())
    except (Conflict, DefinitionError) as error:
        return _choose(" ".join([wording(error.message, error.params), *(worded(p) for p in error.problems)])), 422
    flash(told, "success")
    return redirect(url_for("designer.show", name=document["$id"]), 303)
