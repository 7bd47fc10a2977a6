"""What the kind of a definition adds: how a KPI is measured, how objectives are graded, … as a form."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, request

from metadata.errors import Conflict
from metadata.parser import thawed
from portal import catalogs
from portal.access import current_actor, language
from portal.designer import desk as desks
from portal.designer import kindform
from portal.designer.desk import Done
from portal.errors import worded, wording
from portal.views.designer.base import SAVED, back_to, blueprint, desk_of, new_problems, page, revision

CHANGED = "Changed what belongs to its kind."


@blueprint.route("/<name>/kind", methods=["GET", "POST"])
def kind(name: str) -> Any:
    """The keyword of the kind; what is wrong stands at its input, with what was typed."""
    desk = desk_of(name)
    keyword = kindform.KEYWORDS.get(desk.definition.kind)
    if keyword is None:
        abort(404)
    offers = kindform.Offers(desk.definition, catalogs.current(), language())
    if request.method == "GET":
        drawn = kindform.inputs(keyword, thawed(desk.document.get(keyword, {})), offers)
        return page("kind", desk, drawn=drawn, wrong={})
    given = kindform.read(keyword, request.form)
    drawn = kindform.inputs(keyword, given, offers)
    document = {**thawed(desk.document), keyword: given}
    if not given:
        del document[keyword]
    found = [(problem, worded(problem)) for problem in new_problems(desk, document)]
    wrong = kindform.placed(keyword, found, drawn)
    if wrong:
        return page("kind", desk, drawn=drawn, wrong=wrong), 422
    try:
        desks.keep(desk, document, revision(), current_actor(), Done(CHANGED))
    except Conflict as error:
        return page("kind", desk_of(name), drawn=drawn, wrong={}, message=wording(error.message, error.params)), 409
    flash(str(SAVED), "success")
    return back_to(desk)
