"""What the designer's pages share: the blueprint, who may enter, the desk of a request, and how an edit is answered.

An edit is one saved step of the draft. With HTMX it answers with the desk anew, without it with a redirect to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from metadata import access, dialect, following, layout
from metadata.draft_steps import Step
from metadata.errors import Conflict, DefinitionError, Problem, ProductError
from metadata.parser import thawed
from portal import catalogs
from portal.access import current_actor
from portal.designer import conditions, fieldform, kindform, sayings, sight
from portal.designer import desk as desks
from portal.designer.desk import Desk, Done
from portal.errors import worded, wording
from portal.extensions import db
from portal.views import jobs
from workflows import staged_publish

TITLE = _l("Designer")
KINDS = {
    "entity": _l("Entity"),
    "kpi": _l("KPI"),
    "okr_level": _l("OKR level"),
    "catalog": _l("Catalog"),
    "review_form": _l("Review form"),
    "survey": _l("Survey"),
    "walkthrough": _l("Guided tour"),
}
SAVED = _l("The draft was saved. It is in force when it is published.")
blueprint = Blueprint("designer", __name__, url_prefix="/designer")
Edit = Callable[[Desk], tuple[Mapping[str, Any], Done]]


@blueprint.before_request
def _designers_only() -> Any:
    if not current_user.is_authenticated:
        return redirect(url_for("AuthDBView.login", next=request.full_path))
    if not access.may_design(current_actor()):
        abort(404)
    return None


def desk_of(name: str) -> Desk:
    """The desk of this request: forms say by `side` which draft they were made from."""
    side = request.form.get("side", "") or request.args.get("side", "")
    return desks.of(db.session(), catalogs.current(), name, current_actor().username, side)


def revision() -> int:
    """The revision that the page was made from; 0 when there was no draft."""
    return request.form.get("revision", 0, type=int)


def page(template: str, desk: Desk, **more: Any) -> str:
    """A page about one definition."""
    return render_template(
        f"designer/{template}.html",
        desk=desk,
        definition=desk.definition,
        kinds=KINDS,
        kind_forms=kindform.KEYWORDS,
        say=_say,
        **more,
    )


def publishing(name: str) -> dict[str, Any] | None:
    """The job that is making the values of the definition's next version, if one is, as its own page shows it."""
    job = staged_publish.of(db.session(), name)
    return jobs.shown(job) if job is not None else None


def _say(step: Step) -> str:
    return wording(step.message, step.params)


def by_script() -> bool:
    """Whether HTMX asks, which takes a part of the page."""
    return "HX-Request" in request.headers


def shown(desk: Desk, said: str = "", wrong: str = "", focus: str = "") -> str:
    """The desk as a part of its page: what was done is said to screen readers, what went wrong stands on top."""
    return page("_answer", desk, said=said, wrong=wrong, focus=focus, **desk_parts(desk))


def desk_parts(desk: Desk) -> dict[str, Any]:
    """What the desk's template needs."""
    document = thawed(desk.document if desk.readable else desk.definition.document)
    return {
        "sight": sight.of(desk, catalogs.current()),
        "types": fieldform.TYPES,
        "groups": layout.groups(document),
        "conditions": [(e, _said(desk, e)) for e in conditions.entries(document)],
        "section_words": document.get("x-i18n", {}).get("zh", {}).get("sections", {}),
    }


def _said(desk: Desk, entry: conditions.Entry) -> str:
    return sayings.sentence(desk.definition, entry.condition) if entry.condition else ""


def edited(name: str, edit: Edit, anchor: str, told: str = "", focus: str = "") -> Any:
    """Keep what `edit` makes of the document and show the desk; what stands in the way is said there."""
    desk = desk_of(name)
    try:
        document, done = edit(desk)
        desks.keep(desk, document, revision(), current_actor(), done)
    except (Conflict, DefinitionError) as error:
        return refused(name, error, anchor)
    said = told or wording(done.message, done.params or {})
    if by_script():
        return shown(desk_of(name), said, focus=focus or anchor)
    if told:
        flash(told, "success")
    return back_to(desk, anchor)


def refused(name: str, error: ProductError, anchor: str = "") -> Any:
    """Say on the desk what stood in the way."""
    words = " ".join([wording(error.message, error.params), *(worded(p) for p in error.problems)])
    if by_script():
        return shown(desk_of(name), words, wrong=words, focus=anchor)
    flash(words, "danger")
    return redirect(url_for("designer.show", name=name, _anchor=anchor), 303)


def back_to(desk: Desk, anchor: str = "") -> Any:
    """To the page of the definition, on the side that was worked on."""
    side = desk.side if desk.other else None
    return redirect(url_for("designer.show", name=desk.name, side=side, _anchor=anchor or None), 303)


def new_problems(desk: Desk, document: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with `document` and was not wrong before."""
    catalog = catalogs.current()
    known = {(p.pointer, p.message) for p in dialect.check([desk.document], catalog)}
    followed = following.follow([document], catalog)  # what others say of renamed fields
    return [p for p in dialect.check(followed, catalog) if (p.pointer, p.message) not in known]
