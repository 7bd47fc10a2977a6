"""What is stored out of sight (/history/hidden), and deleting it for good: one thing at a time, its key typed.

For those who design; what may go, and what stands in its way, stands in `metadata.purging`.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_login import current_user

from metadata import access, purging
from metadata.errors import ProductError
from portal import catalogs, units
from portal.access import current_actor
from portal.errors import status_of, wording
from portal.extensions import db

KINDS = {"field": _l("Field"), "definition": _l("Definition"), "records": _l("Recycle bin")}
blueprint = Blueprint("purging", __name__, url_prefix="/history/hidden")


@blueprint.before_request
def _designers_only() -> Any:
    if not current_user.is_authenticated:
        return redirect(url_for("AuthDBView.login", next=request.full_path))
    if not access.may_design(current_actor()):
        abort(404)
    return None


@blueprint.get("/")
def index() -> str:
    """Everything out of sight, with counts and examples."""
    return _page()


@blueprint.post("/")
def purge() -> Any:
    """Delete one of them for good."""
    key, actor = request.form.get("key", ""), current_actor()
    typed = {word: request.form.get(word, "").strip() for word in ("comment", "confirm")}
    if not typed["comment"]:
        return _page(key, _("Say why, in a sentence; it is kept in the history."), typed), 422
    try:
        (done,) = units.publish(
            lambda session, catalog: purging.purge(
                session,
                catalog,
                [key],
                actor=actor,
                now=units.utcnow(),
                comment=typed["comment"],
                confirm=[typed["confirm"]],
            )
        )
    except ProductError as error:
        return _page(key, wording(error.message, error.params), typed), status_of(error)
    flash(ngettext("%(num)s value is gone for good.", "%(num)s values are gone for good.", done.count), "success")
    return redirect(url_for("purging.index"), 303)


def _page(key: str = "", problem: str = "", typed: dict[str, str] | None = None) -> str:
    found = purging.hidden(db.session(), catalogs.current())
    return render_template("history/hidden.html", found=found, key=key, problem=problem, typed=typed or {}, kinds=KINDS)
