"""The guides by role, under /help/<name>/; what they say is in portal/guides."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_login import current_user

from portal.access import current_actor, language
from portal.guides import guide, ordered

blueprint = Blueprint("guides", __name__)


@blueprint.before_request
def _known_only() -> Any:
    if not current_user.is_authenticated:
        return redirect(url_for("AuthDBView.login", next=request.full_path))
    return None


@blueprint.get("/help/<name>/")
def show(name: str) -> str:
    """One guide, with its tasks to jump to and the way to the others."""
    found = guide(name, language())
    if found is None:
        abort(404)
    return render_template("guide.html", guide=found, others=ordered(current_actor().roles, language()))
