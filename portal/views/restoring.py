"""Taking definitions back (/history/restore/…): what an earlier version would bring, then its publish as a new one.

Everything, or one definition with `?definition=`. For those who design; the rules stand in `metadata.publish`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from metadata import access, publish, revisions, versions
from metadata.errors import NotFound, ProductError
from portal import catalogs, units
from portal.access import current_actor, language
from portal.errors import status_of
from portal.extensions import db
from portal.history import words
from portal.views.designer.publishing import told

blueprint = Blueprint("restoring", __name__, url_prefix="/history/restore")
MOST_COMPARED = 40


@blueprint.before_request
def _designers_only() -> Any:
    if not current_user.is_authenticated:
        return redirect(url_for("AuthDBView.login", next=request.full_path))
    if not access.may_design(current_actor()):
        abort(404)
    return None


@blueprint.get("/<int:version>")
def show(version: int) -> str:
    """What taking back would do, with counts; nothing is changed."""
    return _page(version, request.args.get("definition", ""))


@blueprint.post("/<int:version>")
def take_back(version: int) -> Any:
    """Publish it as a new version; what would disappear must have been named."""
    name, actor = request.form.get("definition", ""), current_actor()
    typed = {key: request.form.get(key, "").strip() for key in ("comment", "confirm")}
    if not typed["comment"]:
        return _page(version, name, typed={**typed, "wrong": "comment"}), 422
    only = (name,) if name else ()
    if _hides(version, only) and typed["confirm"] != word_for(version, name):
        return _page(version, name, typed={**typed, "wrong": "confirm"}), 422
    try:
        after = units.publish(
            lambda session, catalog: publish.rollback(
                session, catalog, version, actor=actor, comment=typed["comment"], now=units.utcnow(), only=only
            )
        )
    except NotFound:
        raise
    except ProductError as error:
        return _page(version, name, error=error, typed=typed), status_of(error)
    flash(_("Published as version %(version)s; everybody sees it at the next click.", version=after.version), "success")
    return redirect(url_for("history.version", version=after.version), 303)


def word_for(version: int, name: str) -> str:
    """What must be typed where something disappears: the definition, or the number of the version."""
    return name or str(version)


def _preview(version: int, only: tuple[str, ...]) -> publish.Preview:
    session, catalog = db.session(), catalogs.current()
    documents = versions.earlier(session, catalog, version, only)
    return publish.preview(session, catalog, documents, confirm=[*catalog], restoring=True)


def _hides(version: int, only: tuple[str, ...]) -> bool:
    return any(change.effect == "hides" for change in _preview(version, only).changes)


def _page(version: int, name: str, error: ProductError | None = None, typed: Mapping[str, str] | None = None) -> str:
    session, catalog, only = db.session(), catalogs.current(), (name,) if name else ()
    one = revisions.one(session, version)
    seen = _preview(version, only)
    found = revisions.between(session, catalog.version, version, only)
    return render_template(
        "history/restore.html",
        one=one,
        name=name,
        title=catalog[name].definition.title(language()) if name in catalog else name,
        found=[words.told(difference) for difference in found[:MOST_COMPARED]],
        left=len(found[MOST_COMPARED:]),
        word=word_for(version, name),
        **told(seen, error, typed),
    )
