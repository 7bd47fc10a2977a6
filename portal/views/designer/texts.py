"""What people read of a definition, and where it stands: titles, name of the list, description, group, icon."""

from __future__ import annotations

from typing import Any

from flask import flash, request
from flask_babel import gettext as _

from metadata import editing
from metadata.errors import Conflict
from portal import menu
from portal.access import current_actor
from portal.designer import desk as desks
from portal.designer import starts
from portal.designer.desk import Done
from portal.errors import worded, wording
from portal.views.designer.base import SAVED, back_to, blueprint, desk_of, new_problems, page, revision

TEXT_INPUTS = ("title", "x-plural", "description")
PLACE_INPUTS = ("x-group", "x-icon")
CHANGED = "Changed the title or texts."


@blueprint.route("/<name>/texts", methods=["GET", "POST"])
def texts(name: str) -> Any:
    """Title, plural and description in both languages; group of the menu and icon."""
    desk = desk_of(name)
    more = {"groups": menu.GROUPS, "icons": starts.ICONS, "wrong": {}}
    spoken = desk.document.get("x-i18n", {}).get("zh", {})
    if request.method == "GET":
        values = {key: desk.document.get(key, "") for key in (*TEXT_INPUTS, *PLACE_INPUTS)}
        values |= {f"{key}-zh": spoken.get(key, "") for key in TEXT_INPUTS}
        return page("texts", desk, values=values, **more)
    values = {key: request.form.get(key, "").strip() for key in (*TEXT_INPUTS, *(f"{k}-zh" for k in TEXT_INPUTS))}
    values |= {key: request.form.get(key, desk.document.get(key, "")).strip() for key in PLACE_INPUTS}
    wrong: dict[str, list[str]] = {} if values["title"] else {"title": [_("A definition needs a title.")]}
    own = {key: values[key] for key in (*TEXT_INPUTS, *PLACE_INPUTS)}
    document = editing.retitle(desk.document, own, {"zh": {key: values[f"{key}-zh"] for key in TEXT_INPUTS}})
    if not wrong:
        for problem in new_problems(desk, document):
            key = problem.pointer.rsplit("/", 1)[-1]
            wrong.setdefault(f"{key}-zh" if "/x-i18n" in problem.pointer else key, []).append(worded(problem))
    if wrong:
        return page("texts", desk, values=values, **{**more, "wrong": wrong}), 422
    try:
        desks.keep(desk, document, revision(), current_actor(), Done(CHANGED))
    except Conflict as error:
        return page("texts", desk_of(name), values=values, message=wording(error.message, error.params), **more), 409
    flash(str(SAVED), "success")
    return back_to(desk)
