"""Who may do what with the records of a draft: for each role which records, and which actions.

What this page can't say (several rules of one role, conditions, hidden fields) stays as it is; a role that has such
rules is shown and left alone where one line can't hold them.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from flask import flash, request
from flask_babel import lazy_gettext as _l

from metadata.errors import Conflict
from metadata.model import ACTIONS, SCOPES
from portal import access, catalogs
from portal.accounts.rules import ROLES
from portal.designer import desk as desks
from portal.designer.desk import Desk, Done
from portal.errors import worded, wording
from portal.views.designer.base import SAVED, back_to, blueprint, desk_of, new_problems, page, revision
from portal.views.roles import ACTION_NAMES

CHANGED = "Changed who may do what."
ROWS = {
    "none": _l("No records"),
    "own": _l("Their own"),
    "reports": _l("Of those who report to them"),
    "unit": _l("Of the department they work in"),
    "department": _l("Of their department"),
    "all": _l("All records"),
}


@blueprint.route("/<name>/access", methods=["GET", "POST"])
def grants(name: str) -> Any:
    """The line of each role, or the draft with them changed."""
    desk = desk_of(name)
    if request.method == "GET":
        return _page(desk, _given(desk), [])
    given = {role: _typed(number) for number, role in enumerate(_roles(desk))}
    document = _with(desk.document, given)
    wrong = [worded(p) for p in new_problems(desk, document)]
    if wrong:
        return _page(desk, given, wrong), 422
    try:
        desks.keep(desk, document, revision(), access.current_actor(), Done(CHANGED))
    except Conflict as error:
        return _page(desk_of(name), given, [wording(error.message, error.params)]), 409
    flash(str(SAVED), "success")
    return back_to(desk)


def _roles(desk: Desk) -> list[str]:
    """The product's roles, then those that other definitions or this one know."""
    others = {role for d in (*catalogs.current().definitions, desk.definition) for role in d.access}
    return [*ROLES, *sorted(others - set(ROLES))]


def _typed(number: int) -> dict[str, Any]:
    rows = request.form.get(f"rows_{number}", "none")
    return {"rows": rows, "can": [a for a in request.form.getlist(f"can_{number}") if a in ACTIONS]}


def _given(desk: Desk) -> dict[str, Any]:
    document = desk.document.get("x-access", {})
    return {role: document.get(role, {"rows": "none"}) for role in _roles(desk)}


def _simple(rule: Any) -> bool:
    """Whether one line of the page can say the rule."""
    return isinstance(rule, Mapping) and rule.get("rows") in ROWS and "where" not in rule


def _with(document: Mapping[str, Any], given: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    made = copy.deepcopy(dict(document))
    rules = made.setdefault("x-access", {})
    for role, line in given.items():
        before = rules.get(role, {"rows": "none"})
        if not _simple(before):
            continue
        if line["rows"] == "none":
            line = {"rows": "none"}
        if role in rules or line["rows"] != "none":
            rules[role] = {**{k: v for k, v in before.items() if k not in ("rows", "can")}, **line}
    return made


def _page(desk: Desk, given: Mapping[str, Any], wrong: list[str]) -> str:
    before = desk.document.get("x-access", {})
    lines = [(role, given[role], _simple(before.get(role, {"rows": "none"}))) for role in given]
    offered = {rows: words for rows, words in ROWS.items() if rows in SCOPES}
    return page("grants", desk, lines=lines, rows=offered, actions=ACTION_NAMES, wrong=wrong)
