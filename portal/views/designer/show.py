"""The page of one definition: its draft, the parts of the form with their fields, the columns, the form as seen."""

from __future__ import annotations

from flask import current_app, g, render_template, request, session
from flask_babel import gettext as _
from markupsafe import Markup

from metadata import access, validation
from portal import catalogs
from portal.designer import sight
from portal.designer.sight import Sight
from portal.views import forms
from portal.views.designer.base import blueprint, desk_of, desk_parts, page


@blueprint.get("/<name>")
def show(name: str) -> str:
    """The definition as the draft has it."""
    desk = desk_of(name)
    return page("show", desk, **desk_parts(desk))


@blueprint.get("/<name>/form")
def seen_form(name: str) -> str:
    """The form as a role sees it in a language, for a frame of ours; both are remembered for this browser."""
    if "as" in request.args:
        session["designer_sight"] = [request.args["as"], request.args.get("language", "")]
    desk = desk_of(name)
    seen = sight.of(desk, catalogs.current())
    g.csp_extra = {"frame-ancestors": ["'self'"]}
    with sight.speaking(seen.language):
        return render_template("designer/form.html", definition=desk.definition, sight=seen, form=_form(seen))


def _form(seen: Sight) -> Markup:
    """What the record's own page would show the role."""
    entity = seen.entity
    if entity is None:
        return _note(_("The draft can't be read as a definition yet."))
    if not entity.definition.stores_records:
        return _note(_("There is no field yet."))
    if not seen.does:
        return _note(_("This role does not see these records."))
    if seen.does == "show":
        titles = [f.title(seen.language) for f in access.readable(seen.actor, entity)]
        return _note(_("This role sees these records and enters none. It sees: %(fields)s.", fields=", ".join(titles)))
    start = forms.texts(entity, validation.defaults(entity.definition))
    view = forms.view(entity, None, access.writable(seen.actor, entity, seen.does), start, None, seen.actor)
    template = current_app.jinja_env.get_template("records/form.html")
    definition = entity.definition
    context = {
        "entity": entity,
        "definition": definition,
        "record": None,
        "form": view,
        "message": "",
        "stale": False,
    }
    current_app.update_template_context(context)
    return Markup("".join(template.blocks["content"](template.new_context(dict(context)))))  # noqa: S704  # our own template


def _note(words: str) -> Markup:
    return Markup('<p class="text-secondary">{}</p>').format(words)
