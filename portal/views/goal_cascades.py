"""The pages of a change that flows down: the new target with who is touched, the cascade, and each owner's word.

On the blueprint of goals.py; what is written is in workflows/goals/cascades.py.
"""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy.orm import Session

from metadata.catalog import Catalog
from metadata.errors import Invalid, NotAllowed, ProductError, StaleVersion
from portal import catalogs, units
from portal.access import current_actor, language
from portal.errors import status_of, wording
from portal.extensions import db
from portal.views.goals import blueprint, done, problems_of
from workflows.goals import cascades, check_ins, proposed, reading, sharing
from workflows.goals.levels import OVER
from workflows.goals.proposed import ACCEPTED, ADAPTED, DISPUTED, OPEN, UNDONE

STATES = {
    OPEN: _l("Waits for the owner"),
    ACCEPTED: _l("Accepted"),
    ADAPTED: _l("Adapted"),
    DISPUTED: _l("Disputed"),
    UNDONE: _l("Undone"),
}
COLOURS = {OPEN: "info", ACCEPTED: "good", ADAPTED: "good", DISPUTED: "warn", UNDONE: "quiet"}
METHODS = {sharing.SHARE: _l("By the shares of the goals below"), sharing.HISTORY: _l("By what each brought so far")}


@blueprint.route("/<definition>/<int:number>/target/<int:result>", methods=["GET", "POST"])
def target(definition: str, number: int, result: int) -> Any:
    """A new target: first who would be touched and how, then the change with its proposals."""
    actor, now, key = current_actor(), units.utcnow(), (definition, number)
    typed = request.values
    given = {"target": typed.get("target", ""), "method": typed.get("method", sharing.SHARE)}
    given["reason"] = typed.get("reason", "")
    version = typed.get("version", type=int)
    if request.method == "GET" or typed.get("then") != "begin":
        return _preview(key, result, given, asked="target" in typed)

    def work(session: Session, catalog: Catalog) -> int | None:
        return cascades.begin(session, catalog, actor, key, result, version=version, now=now, **given)

    try:
        begun = units.write(work)
    except (Invalid, StaleVersion) as error:
        return _preview(key, result, given, asked=True, error=error)
    if begun is None:
        flash(_("The target was changed; no goal below measures the same."), "success")
        return redirect(url_for("goals.show", definition=definition, number=number), 303)
    flash(_("The target was changed, and new targets were proposed below."), "success")
    return redirect(url_for("goals.cascade", cascade_id=begun), 303)


def _preview(
    key: tuple[str, int], number: int, given: dict[str, str], *, asked: bool, error: ProductError | None = None
) -> Any:
    actor, catalog, session = current_actor(), catalogs.current(), db.session()
    goal = reading.one(session, catalog, actor, key, language())
    if not check_ins.may_check_in(session, catalog, actor, key):
        raise NotAllowed(cascades.RESERVED)
    check_ins.require_running(goal)
    result = reading.result_of(goal, number)
    found = None
    if asked and error is None:
        try:
            after = cascades.asked(given["target"], given["method"], given["reason"])
            found = cascades.touched(session, catalog, actor, goal, result, after, given["method"])
        except Invalid as wrong:
            error = wrong
    page = render_template(
        "goals/target.html",
        goal=goal,
        result=result,
        version=request.values.get("version", goal.version) if error else goal.version,
        given=given,
        found=found,
        methods=METHODS,
        message=wording(error.message, error.params) if error else "",
        wrong=problems_of(error),
    )
    return page, status_of(error) if error else 200


@blueprint.get("/cascades/<int:cascade_id>")
def cascade(cascade_id: int) -> str:
    """What was proposed to whom, and what each said."""
    actor, catalog, session = current_actor(), catalogs.current(), db.session()
    found = proposed.cascade(session, catalog, actor, cascade_id, language())
    return render_template(
        "goals/cascade.html",
        found=found,
        result=next((r for r in found.goal.results if r.id == found.result_id), None),
        may_undo=found.undone_at is None
        and found.goal.status not in OVER
        and check_ins.may_check_in(session, catalog, actor, found.key),
        states=STATES,
        colours=COLOURS,
        told=ngettext("%(num)s goal", "%(num)s goals", len(found.proposals)),
    )


@blueprint.post("/cascades/<int:cascade_id>/undo")
def undo(cascade_id: int) -> Any:
    """Take it back."""
    actor, now = current_actor(), units.utcnow()
    units.write(lambda s, c: cascades.undo(s, c, actor, cascade_id, now=now))
    flash(_("The change was undone: targets are what they were before."), "success")
    return redirect(url_for("goals.cascade", cascade_id=cascade_id), 303)


@blueprint.post("/proposals/<int:proposal_id>")
def decide(proposal_id: int) -> Any:
    """The owner's word."""
    actor, now, form = current_actor(), units.utcnow(), request.form
    key = (form.get("definition", ""), form.get("number", 0, type=int))
    given = {name: form.get(name, "") for name in ("decision", "target", "reason")}
    version = form.get("version", type=int)

    def work(session: Session, catalog: Catalog) -> Any:
        return cascades.decide(session, catalog, actor, proposal_id, version=version, now=now, **given)

    return done(key, work, _("Your decision was saved."))
