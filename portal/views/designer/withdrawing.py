"""Taking a whole definition out of the portal: what goes with it, then its publish, which keeps every record.

It comes back from its history (`portal.views.restoring`), as any earlier version does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from metadata import publish
from metadata.errors import ProductError
from portal import catalogs, units
from portal.access import current_actor
from portal.designer.desk import Desk
from portal.errors import status_of
from portal.extensions import db
from portal.views.designer.base import blueprint, desk_of
from portal.views.designer.publishing import told


@blueprint.get("/<name>/withdraw")
def withdrawal(name: str) -> str:
    """What would go, and who relies on it; nothing is changed."""
    return _page(_desk(name))


@blueprint.post("/<name>/withdraw")
def withdraw(name: str) -> Any:
    """Publish the withdrawal; its name must have been typed."""
    desk, actor = _desk(name), current_actor()
    typed = {key: request.form.get(key, "").strip() for key in ("comment", "confirm")}
    wrong = "comment" if not typed["comment"] else "confirm" if typed["confirm"] != name else ""
    if wrong:
        return _page(desk, typed={**typed, "wrong": wrong}), 422
    try:
        after = units.publish(
            lambda session, catalog: publish.publish(
                session,
                catalog,
                [_document(name)],
                actor=actor,
                comment=typed["comment"],
                now=units.utcnow(),
                bases={name: request.form.get("base", 0, type=int)},
                confirm=[name],
            )
        )
    except ProductError as error:
        return _page(desk, error, typed), status_of(error)
    flash(
        _("Taken out as version %(version)s. Taking it back brings all of it again.", version=after.version), "success"
    )
    return redirect(url_for("history.of", name=name), 303)


def _document(name: str) -> dict[str, Any]:
    return {"$id": name, "x-withdrawn": True}


def _desk(name: str) -> Desk:
    """The desk of a definition that is in force; only such a one can be taken out."""
    if name not in catalogs.current():
        abort(404)
    return desk_of(name)


def _page(desk: Desk, error: ProductError | None = None, typed: Mapping[str, str] | None = None) -> str:
    catalog = catalogs.current()
    seen = publish.preview(db.session(), catalog, [_document(desk.name)], confirm=[desk.name])
    return render_template(
        "designer/withdraw.html",
        desk=desk,
        definition=catalog[desk.name].definition,
        base=catalog.version,
        publishable=seen.publishable and bool(seen.changes),
        **told(seen, error, typed),
    )
