"""Closing a goal and opening it again, from its page.

On the blueprint of goals.py; what is written is in workflows/goals/closing.py.
"""

from __future__ import annotations

from typing import Any

from flask import request
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from metadata.catalog import Catalog
from portal import units
from portal.access import current_actor
from portal.views.goals import blueprint, done
from workflows.goals import closing


@blueprint.post("/<definition>/<int:number>/close")
def close(definition: str, number: int) -> Any:
    """Confirm the proposed score or give another with the reason."""
    actor, now, key, form = current_actor(), units.utcnow(), (definition, number), request.form
    given = {name: form.get(name, "") for name in ("score", "reason", "explanation")}
    version = form.get("version", type=int)

    def work(session: Session, catalog: Catalog) -> None:
        closing.close(session, catalog, actor, key, version=version, now=now, **given)

    return done(key, work, _("The goal is closed."))


@blueprint.post("/<definition>/<int:number>/reopen")
def reopen(definition: str, number: int) -> Any:
    """Let it run again."""
    actor, now, key = current_actor(), units.utcnow(), (definition, number)
    reason, version = request.form.get("reason", ""), request.form.get("version", type=int)

    def work(session: Session, catalog: Catalog) -> None:
        closing.reopen(session, catalog, actor, key, reason=reason, version=version, now=now)

    return done(key, work, _("The goal runs again."))
