"""All definitions, and a new one: from nothing, from a starting point, or as a copy of another."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from metadata import drafts, parser, versions
from metadata.errors import Conflict
from portal import catalogs, menu
from portal.access import current_actor
from portal.designer import desk as desks
from portal.designer import starts
from portal.designer.desk import OWN, SHARED
from portal.errors import wording
from portal.extensions import db
from portal.views.designer.base import KINDS, blueprint


@blueprint.get("/")
def index() -> str:
    """Every definition by group; with `search` those whose name or title holds it."""
    words = request.args.get("search", "").strip()
    found: dict[str, list[Any]] = {name: [] for name in menu.GROUPS}
    listed = drafts.listing(db.session(), current_actor().username)
    for definition in [*catalogs.current().definitions, *_unpublished(listed)]:
        names = (definition.name, definition.title(), definition.title("zh"), definition.plural())
        if any(words.casefold() in one.casefold() for one in names):
            found.setdefault(definition.group or "data", []).append(definition)
    groups = [(str(menu.GROUPS.get(name, name)), ones) for name, ones in found.items() if ones]
    drafted = {draft.name: draft for draft in reversed(listed)}
    return render_template(
        "designer/index.html",
        groups=groups,
        drafted=drafted,
        owned={draft.name for draft in listed if draft.owner},
        in_force=catalogs.current(),
        search=words,
        kinds=KINDS,
    )


def _unpublished(listed: list[drafts.Draft]) -> list[Any]:
    """Drafts of definitions that are not in force, as far as they can be read."""
    found = {}
    for draft in listed:
        if draft.name not in catalogs.current():
            try:
                found[draft.name] = parser.parse(draft.document)
            except (KeyError, TypeError, ValueError, AttributeError):  # saved over REST with whatever it says
                found[draft.name] = parser.parse({"$id": draft.name, "title": draft.name, "properties": {}})
    return list(found.values())


@blueprint.route("/new-definition", methods=["GET", "POST"])
def new_definition() -> Any:
    """The form for a new definition, or its first draft."""
    form = starts.typed(request.values)
    if request.method == "GET":
        return _new_page(form, {})
    wrong = starts.problems(form, catalogs.current())
    if not wrong and form.name in _taken(form.name):
        wrong = {"name": [_("There is, was or will be a definition called “%(name)s” already.", name=form.name)]}
    if wrong:
        return _new_page(form, wrong), 422
    document, actor = starts.document(form, catalogs.current()), current_actor()
    try:
        desks.begin(document, actor, owner=actor.username if form.private else "")
    except Conflict as error:
        return _new_page(form, {"name": [wording(error.message, error.params)]}), 409
    flash(_("Here is the draft of your definition. Add what is missing, then publish it."), "success")
    return redirect(url_for("designer.show", name=form.name, side=OWN if form.private else SHARED), 303)


def _taken(name: str) -> set[str]:
    """The name, if a definition or a draft that the person may know of has it, or one that was withdrawn."""
    drafted = {draft.name for draft in drafts.listing(db.session(), current_actor().username)}
    return {name} & (drafted | set(catalogs.current()) | set(versions.last_documents(db.session(), [name])))


def _new_page(form: starts.Start, wrong: dict[str, list[str]]) -> str:
    return render_template(
        "designer/new.html",
        form=form,
        wrong=wrong,
        starts=starts.STARTS,
        kinds={kind: KINDS[kind] for kind in starts.BLANK},
        groups=menu.GROUPS,
        icons=starts.ICONS,
        copies=list(catalogs.current().definitions),
    )
