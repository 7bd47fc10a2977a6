"""Steps of a draft back and forth; drafts of one's own and the shared one; who else is at it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from metadata import drafts, presence
from metadata.access import Actor
from metadata.draft_steps import Step
from metadata.errors import Conflict
from portal import units
from portal.access import current_actor
from portal.designer import desk as desks
from portal.designer.desk import OWN, SHARED
from portal.errors import wording
from portal.extensions import db
from portal.views.designer.base import back_to, blueprint, by_script, desk_of, refused, revision, shown


@blueprint.post("/<name>/undo")
def undo(name: str) -> Any:
    """Take the last step of the draft back."""
    return _walked(name, drafts.undo, "undo", lambda words: _("Undone: %(what)s", what=words))


@blueprint.post("/<name>/redo")
def redo(name: str) -> Any:
    """Do the step again that was taken back last."""
    return _walked(name, drafts.redo, "redo", lambda words: _("Done again: %(what)s", what=words))


def _walked(name: str, walk: Callable[..., Step], focus: str, say: Callable[[str], str]) -> Any:
    actor, seen = current_actor(), revision()
    owner = actor.username if desk_of(name).side == OWN else ""
    try:
        step = units.write(
            lambda session, _catalog: walk(session, name, owner=owner, revision=seen, actor=actor, now=units.utcnow())
        )
    except Conflict as error:
        return refused(name, error)
    told = say(wording(step.message, step.params) or _("a change"))
    desk = desk_of(name)
    if by_script():
        return shown(desk, told, focus=focus)
    flash(told, "success")
    return back_to(desk)


@blueprint.post("/<name>/private")
def private(name: str) -> Any:
    """A draft of one's own, beginning with what is on the desk."""
    desk, actor = desk_of(name), current_actor()
    if desk.side == OWN or desk.other is not None:
        return redirect(url_for("designer.show", name=name, side=OWN), 303)
    try:
        desks.begin(desk.document, actor, owner=actor.username, base=desk.draft.base_version if desk.draft else None)
    except Conflict as error:
        return refused(name, error)
    flash(_("You now work on a draft of your own; nobody else sees it until you share it."), "success")
    return redirect(url_for("designer.show", name=name, side=OWN), 303)


@blueprint.post("/<name>/share")
def share(name: str) -> Any:
    """The own draft becomes the shared one; replacing one that is there has to be said."""
    actor, seen, over = current_actor(), revision(), request.form.get("over", type=int)
    try:
        units.write(lambda session, _catalog: _share(session, name, actor, seen, over))
    except Conflict as error:
        return refused(name, error)
    flash(_("The draft is shared now."), "success")
    return redirect(url_for("designer.show", name=name, side=SHARED), 303)


def _share(session: Any, name: str, actor: Actor, seen: int, over: int | None) -> None:
    drafts.share(session, name, actor=actor, now=units.utcnow(), revision=seen, over=over)


@blueprint.post("/<name>/here")
def here(name: str) -> str:
    """A sign of life; answers with who else has the definition open, and whether the draft moved on."""
    actor, now = current_actor(), units.utcnow()
    desk = desk_of(name)
    units.write(lambda session, _catalog: presence.report(session, name, actor.username, now))
    others = presence.others(db.session(), name, actor.username, now)
    return render_template("designer/_here.html", desk=desk, others=others, moved=desk.revision != revision())
