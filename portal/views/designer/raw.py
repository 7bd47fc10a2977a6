"""A draft as text: the JSON document in an editor that knows the dialect, or in a plain text area without script."""

from __future__ import annotations

import json
from typing import Any

from flask import flash, g, redirect, request, url_for
from flask_babel import gettext as _

from metadata import dialect
from metadata.dialect.shape import DIALECT
from metadata.errors import Conflict, DefinitionError, Problem
from metadata.parser import load_text
from portal import access, catalogs
from portal.designer import desk as desks
from portal.designer.desk import Desk, Done
from portal.errors import worded, wording
from portal.views.designer.base import SAVED, back_to, blueprint, desk_of, page, revision

CHANGED = "Changed the document as text."


@blueprint.route("/<name>/raw", methods=["GET", "POST"])
def raw(name: str) -> Any:
    """The document; what is saved may have problems, which are listed, as any draft may."""
    desk = desk_of(name)
    if request.method == "GET":
        document = dict(desk.draft.document) if desk.draft and not desk.readable else desk.document
        return _page(desk, json.dumps(document, ensure_ascii=False, indent=2), _problems(document))
    text = request.form.get("document", "")
    try:
        document = load_text(text)
        desks.keep(desk, document, revision(), access.current_actor(), Done(CHANGED))
    except DefinitionError as error:
        return _page(desk, text, error.problems or (Problem("", error.message, error.params),)), 422
    except Conflict as error:
        return _page(desk_of(name), text, (), wording(error.message, error.params)), 409
    if _problems(document):
        flash(_("The draft was saved; it can be published when these problems are mended."), "warning")
        return redirect(url_for("designer.raw", name=name, side=desk.side if desk.other else None), 303)
    flash(str(SAVED), "success")
    return back_to(desk)


def _problems(document: Any) -> tuple[Problem, ...]:
    return tuple(dialect.check([document], catalogs.current()))


def _page(desk: Desk, text: str, problems: Any, message: str = "") -> str:
    """The editor puts its styles into the page by script; they carry the nonce of this response."""
    g.csp_extra = {"style-src": [f"'nonce-{g.csp_nonce}'"]}
    return page(
        "raw",
        desk,
        text=text,
        problems=[(p.pointer, worded(p)) for p in problems],
        message=message,
        dialect=DIALECT,
        names=list(catalogs.current()),
    )
