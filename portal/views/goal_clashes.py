"""The page of clashes between goals: both sides, the figures, what to do, and calling one harmless with a reason.

On the blueprint of goals.py; the rules and what is kept are in workflows/goals.
"""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from metadata.catalog import Catalog
from metadata.errors import Invalid
from portal import catalogs, units
from portal.access import current_actor, language
from portal.errors import wording
from portal.extensions import db
from portal.views.goals import blueprint
from workflows.goals import finding
from workflows.goals.clashes import OPPOSITE, ORPHAN, RESOURCE, REWARDED, SHORT, TWICE

TITLE = _l("Clashes")
NAMES = {
    OPPOSITE: _l("One KPI, pulled both ways"),
    RESOURCE: _l("Not enough for all"),
    SHORT: _l("The goals below can't add up"),
    TWICE: _l("One result, counted twice"),
    REWARDED: _l("Rewarded here, forbidden there"),
    ORPHAN: _l("Contributes to nothing"),
}
ADVICE = {
    OPPOSITE: _l("Agree on one direction, or tell the two apart by a filter."),
    RESOURCE: _l("Lower one of the needs, move a goal to another time, or get more of the resource."),
    SHORT: _l("Raise a target or a share below, add a goal, or lower the target above."),
    TWICE: _l("Let the result count in one place, or divide it by shares that make 100 % together."),
    REWARDED: _l("Change the weight in the scorecard, or the direction of the goal."),
    ORPHAN: _l("Say which goal it contributes to, or drop it."),
}
SHOWN = 100


@blueprint.get("/clashes/")
def clashes() -> str:
    """What clashes among the goals that the reader may see."""
    return _page()


def _page(error: Invalid | None = None, about: str = "") -> str:
    actor, catalog, session, tongue = current_actor(), catalogs.current(), db.session(), language()
    found = finding.found(session, catalog, actor, tongue)
    live = [one for one in found if one.dismissed is None]
    shown = live[:SHOWN]
    quiet = [one for one in found if one.dismissed is not None][:SHOWN]
    kpis = {name: entity.definition.title(tongue) for name, entity in catalog.entities.items()}
    return render_template(
        "goals/clashes.html",
        found=shown,
        hidden=len(live) - len(shown),
        quiet=quiet,
        names=NAMES,
        advice=ADVICE,
        kpis=kpis,
        may=finding.dismissable(session, catalog, actor, (one.finding for one in (*shown, *quiet))),
        about=about,
        typed=request.form.get("reason", "") if error else "",
        message=wording(error.message, error.params) if error else "",
    )


@blueprint.post("/clashes/<fingerprint>/dismiss")
def dismiss(fingerprint: str) -> Any:
    """Call one harmless."""
    actor, now, reason = current_actor(), units.utcnow(), request.form.get("reason", "")

    def work(session: Session, catalog: Catalog) -> None:
        finding.dismiss(session, catalog, actor, fingerprint, reason, now=now)

    try:
        units.write(work)
    except Invalid as error:
        return _page(error, fingerprint), 422
    flash(_("The clash was dismissed; the reason is kept."), "success")
    return redirect(url_for("goals.clashes"), 303)


@blueprint.post("/clashes/<fingerprint>/count")
def count_again(fingerprint: str) -> Any:
    """Let it count again."""
    actor, now = current_actor(), units.utcnow()
    units.write(lambda s, c: finding.take_back(s, c, actor, fingerprint, now=now))
    flash(_("The clash counts again."), "success")
    return redirect(url_for("goals.clashes"), 303)
