"""From a draft to what is in force, and back: preview, publish, discard, history, an earlier version as draft."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from metadata import drafts, publish, versions
from metadata.errors import Conflict, ProductError
from portal import catalogs, units
from portal.access import current_actor
from portal.designer import desk as desks
from portal.designer import plans, sight
from portal.designer.desk import OWN, Done
from portal.errors import status_of, worded, wording
from portal.extensions import db
from portal.views.designer.base import blueprint, desk_of, page, publishing, revision

EFFECTS = {
    "safe": _l("Safe"),
    "narrows": _l("Narrows"),
    "converts": _l("Converts"),
    "hides": _l("Hides"),
}
TONES = {"safe": "state-good", "narrows": "state-warn", "converts": "state-warn", "hides": "state-warn"}
TOOK = "Took version %(version)s as draft."


@blueprint.get("/<name>/preview")
def preview(name: str) -> str:
    """What publishing would do, and the form as it would look."""
    return _preview(name)


def _preview(name: str, error: ProductError | None = None, typed: Mapping[str, str] | None = None) -> str:
    desk, catalog = desk_of(name), catalogs.current()
    seen = publish.preview(db.session(), catalog, [desk.draft.document] if desk.draft else [], confirm=[name])
    return page(
        "preview",
        desk,
        plans=[plans.of_change(catalog, current_actor(), change) for change in seen.changes],
        publishable=bool(desk.draft and seen.publishable and seen.changes and not desk.overtaken),
        sight=sight.of(desk, catalog),
        publishing=publishing(name),
        **told(seen, error, typed),
    )


def told(seen: publish.Preview, error: ProductError | None, typed: Mapping[str, str] | None) -> dict[str, Any]:
    """What each page before a publish says of it, whatever is published; and what came of the last try."""
    catalog, problems = catalogs.current(), error.problems if error and error.problems else seen.problems
    return {
        "changes": [(change, wording(change.message, change.params)) for change in seen.changes],
        "hides": any(change.effect == "hides" for change in seen.changes),
        "relies": [wording(one.message, one.params) for one in seen.relies],
        "dependents": [catalog[name].definition for name in seen.dependents if name in catalog],
        "problems": [(p.source, p.pointer, worded(p)) for p in problems],
        "message": wording(error.message, error.params) if error else "",
        "typed": typed or {},
        "effects": EFFECTS,
        "tones": TONES,
    }


@blueprint.post("/<name>/publish")
def publish_draft(name: str) -> Any:
    """Put the draft in force."""
    comment, confirm = request.form.get("comment", "").strip(), request.form.get("confirm", "").strip()
    actor, seen, side = current_actor(), revision(), desk_of(name).side
    typed = {"comment": comment, "confirm": confirm}
    if not comment:
        return _preview(name, typed={**typed, "wrong": "comment"}), 422
    try:
        after = units.publish(
            lambda session, catalog: drafts.publish_drafts(
                session,
                catalog,
                {name: seen},
                actor=actor,
                comment=comment,
                now=units.utcnow(),
                confirm=[confirm] if confirm else [],
                owner=actor.username if side == OWN else "",
            )
        )
    except ProductError as error:
        return _preview(name, error, typed), status_of(error)
    flash(_("Published as version %(version)s; everybody sees it at the next click.", version=after.version), "success")
    return redirect(url_for("designer.show", name=name), 303)


@blueprint.post("/<name>/discard")
def discard(name: str) -> Any:
    """Forget the draft; a definition that was never published is gone with it."""
    seen, desk = revision(), desk_of(name)
    owner = current_actor().username if desk.side == OWN else ""
    try:
        units.write(lambda session, _catalog: drafts.discard(session, name, seen, owner))
    except Conflict as error:
        flash(wording(error.message, error.params), "danger")
    else:
        flash(_("The draft was discarded."), "success")
        if desk.fresh and desk.other is None:
            return redirect(url_for("designer.index"), 303)
    return redirect(url_for("designer.show", name=name), 303)


@blueprint.post("/<name>/go-on")
def go_on(name: str) -> Any:
    """Keep an overtaken draft: from here on it is compared with what is in force."""
    desk = desk_of(name)
    try:
        desks.go_on(desk, revision(), current_actor())
    except Conflict as error:
        flash(wording(error.message, error.params), "danger")
    return redirect(url_for("designer.preview", name=name, side=desk.side if desk.other else None), 303)


@blueprint.get("/<name>/history")
def history(name: str) -> Any:
    """The history has pages of its own."""
    return redirect(url_for("history.of", name=name))


@blueprint.post("/<name>/return/<int:version>")
def bring_back(name: str, version: int) -> Any:
    """The definition as it was in `version` becomes the draft; publishing puts it in force."""
    if version not in {row["version"] for row in publish.history(db.session(), name)}:
        abort(404)
    document = versions.documents(db.session(), version)[name]
    desk, done = desk_of(name), Done(TOOK, {"version": version})
    try:
        desks.keep(desk, document, revision(), current_actor(), done)
    except Conflict as error:
        flash(wording(error.message, error.params), "danger")
        return redirect(url_for("history.of", name=name), 303)
    return redirect(url_for("designer.preview", name=name), 303)
