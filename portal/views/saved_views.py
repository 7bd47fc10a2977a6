"""Saved views on pages: a list opens with one, and a person keeps, changes, shares and forgets them.

On the blueprint of records.py. An address that says itself what to show outranks the view that it names, so that a
link always shows what its sender saw.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from metadata.access import Actor
from metadata.catalog import Catalog, Entity
from metadata.errors import Invalid, NotAllowed, StaleVersion
from portal import units
from portal.access import current_actor, language
from portal.errors import worded, wording
from portal.extensions import db
from portal.views import question
from portal.views.question import NO_VIEW, VIEW, Question
from portal.views.records import blueprint, entity_for
from workflows import list_views
from workflows.list_views import ListView


@dataclass(frozen=True)
class Opened:
    """A list as it opens: its question, the views on offer, and the one that it came from.

    `lost` counts what the view names and this person's list has not; `missing` says that the view itself is not there;
    `moved` says that the question is no longer what the view keeps.
    """

    asked: Question
    views: Sequence[ListView] = ()
    view: ListView | None = None
    mine: bool = False
    shareable: tuple[str, ...] = ()
    lost: int = 0
    missing: bool = False
    moved: bool = False
    kept: str = field(default="", repr=False)


def open_list(entity: Entity, actor: Actor) -> Opened:
    """The question of this request; where the address only names a view, or nothing, the view's."""
    views = list_views.visible(db.session(), actor, entity.name)
    given: MultiDict[str, str] = MultiDict(request.args)
    view, missing = _chosen(views, given)
    lost, layout = 0, None
    arguments = given
    if view is not None:
        layout, lost = view.layout(entity, actor)
        if not question.asks(given):
            arguments = question.arguments_of(layout)
            arguments.update({key: given[key] for key in question.PLACE if key in given})
        arguments[VIEW] = str(view.id)
    asked = question.read(entity, arguments, language())
    moved = layout is not None and _unlike(entity, asked, layout)
    may_change = view is not None and list_views.may_change(actor, view)
    shareable = list_views.shareable(actor, entity)
    return Opened(asked, views, view, may_change, shareable, lost, missing, moved, _written(arguments))


def _chosen(views: Sequence[ListView], given: MultiDict[str, str]) -> tuple[ListView | None, bool]:
    wanted = given.get(VIEW, "")
    if wanted == NO_VIEW:
        return None, False
    if wanted:
        found = next((view for view in views if str(view.id) == wanted), None)
        return found, found is None
    if question.asks(given):
        return None, False
    return next((view for view in views if view.default), None), False


def _unlike(entity: Entity, asked: Question, layout: Any) -> bool:
    kept = question.read(entity, question.arguments_of(layout), language())
    return asked.layout != kept.layout


def _written(arguments: MultiDict[str, str]) -> str:
    """The question as one text, for the form that saves it."""
    skipped = question.PLACE | {"removed"}
    pairs = {k: [v for v in arguments.getlist(k) if v] for k in arguments if k not in skipped}
    return url_for("records.list_page", definition="-", **pairs).partition("?")[2]


@blueprint.post("/<definition>/views")
def save_view(definition: str) -> Any:
    """Keep the list as it is shown under a name."""
    entity, actor = entity_for(definition, "list"), current_actor()
    form, layout = request.form, _layout(entity)

    def work(session: Session, catalog: Catalog) -> int:
        made = list_views.save(
            session,
            catalog,
            entity,
            actor,
            form.get("name", ""),
            layout,
            roles=form.getlist("roles"),
            now=units.utcnow(),
        )
        if form.get("default"):
            list_views.set_default(session, catalog, actor, definition, made)
        return made

    return _done(definition, work, _("The view was saved."))


@blueprint.post("/<definition>/views/<int:view_id>")
def change_view(definition: str, view_id: int) -> Any:
    """Rename a view, share it, or keep the list in it as it is shown now."""
    entity, actor, form = entity_for(definition, "list"), current_actor(), request.form
    whole = "name" in form
    name = form["name"] if whole else None
    roles = form.getlist("roles") if whole else None
    layout = None if whole else _layout(entity)
    version = form.get("version", type=int)

    def work(session: Session, catalog: Catalog) -> int:
        now = units.utcnow()
        list_views.change(
            session, catalog, actor, view_id, now=now, name=name, layout=layout, roles=roles, version=version
        )
        return view_id

    return _done(definition, work, _("The view was changed."), view_id)


@blueprint.post("/<definition>/views/<int:view_id>/remove")
def remove_view(definition: str, view_id: int) -> Any:
    """Forget a view."""
    entity_for(definition, "list")
    actor = current_actor()

    def work(session: Session, catalog: Catalog) -> None:
        list_views.remove(session, catalog, actor, view_id)

    return _done(definition, work, _("The view was removed."), view_id)


@blueprint.post("/<definition>/views/default")
def default_view(definition: str) -> Any:
    """Open my list with this view, or with none."""
    entity_for(definition, "list")
    actor, chosen = current_actor(), request.form.get(VIEW, type=int)

    def work(session: Session, catalog: Catalog) -> int | None:
        list_views.set_default(session, catalog, actor, definition, chosen)
        return chosen

    words = _("Your list opens with this view now.") if chosen else _("Your list opens without a view now.")
    return _done(definition, work, words, chosen)


def _layout(entity: Entity) -> Any:
    given: MultiDict[str, str] = MultiDict(parse_qsl(request.form.get("question", "")))
    return question.read(entity, given, language()).layout


def _done(
    definition: str, work: Callable[[Session, Catalog], int | None], words: str, view_id: int | None = None
) -> Any:
    """Do it and go to the view; what went wrong is said above the list as it was."""
    try:
        shown = units.write(work)
    except (Invalid, NotAllowed, StaleVersion) as error:
        told = [worded(p) for p in error.problems] or [wording(error.message, error.params)]
        flash(" ".join(told), "danger")
        back = MultiDict(parse_qsl(request.form.get("question", ""))).to_dict(flat=False)
        return redirect(url_for("records.list_page", definition=definition, **{**back, VIEW: view_id or NO_VIEW}))
    flash(words, "success")
    return redirect(url_for("records.list_page", definition=definition, **{VIEW: shown or NO_VIEW}))
