"""The inbox: what the portal told a person."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, url_for
from flask_login import current_user, login_required

from portal import units
from portal.access import language
from portal.extensions import db
from workflows import inbox

blueprint = Blueprint("inbox", __name__, url_prefix="/inbox")


@blueprint.get("/")
@login_required
def list_page() -> str:
    """The newest messages first."""
    messages = inbox.messages(db.session(), current_user.username, language(), limit=50)
    return render_template("inbox.html", messages=messages)


@blueprint.post("/read")
@login_required
def read() -> Response:
    """Mark everything as read."""
    account = current_user.username
    units.write(lambda session, _catalog: inbox.mark_read(session, account, units.utcnow()))
    return redirect(url_for("inbox.list_page"))  # type: ignore[return-value]
