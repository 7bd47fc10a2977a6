"""The page of one definition: its draft, the parts of the form with their fields, the columns, the form as seen."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, abort, g, jsonify, render_template, request, session
from flask_babel import gettext as _

from metadata import access, leftovers, records, validation
from metadata.catalog import Entity
from metadata.records import Outlook
from portal import catalogs
from portal.designer import sight
from portal.designer.sight import Sight
from portal.extensions import db
from portal.views import forms
from portal.views.designer.base import blueprint, desk_of, desk_parts, page, publishing
from portal.views.forms import FormView


@blueprint.get("/<name>")
def show(name: str) -> str:
    """The definition as the draft has it."""
    desk = desk_of(name)
    there = catalogs.current().entities.get(name)
    left = leftovers.converted(there.definition) if there else []
    return page("show", desk, publishing=publishing(name), left_behind=left, **desk_parts(desk))


@blueprint.get("/<name>/form")
def seen_form(name: str) -> str:
    """The form as a role sees it in a language, for a frame of ours; both are remembered for this browser."""
    if "as" in request.args:
        session["designer_sight"] = [request.args["as"], request.args.get("language", "")]
    desk = desk_of(name)
    seen = sight.of(desk, catalogs.current())
    g.csp_extra = {"frame-ancestors": ["'self'"]}
    with sight.speaking(seen.language):
        return render_template(
            "designer/form.html", desk=desk, definition=desk.definition, sight=seen, note=_note(seen), form=_form(seen)
        )


@blueprint.post("/<name>/form")
def seen_state(name: str) -> Response:
    """What the form beside the draft asks for with the values as they stand; nothing is saved."""
    seen = sight.of(desk_of(name), catalogs.current())
    if seen.entity is None or seen.does not in ("add", "edit"):
        abort(404)
    with sight.speaking(seen.language):
        fields = access.writable(seen.actor, seen.entity, seen.does)
        return jsonify(forms.state(seen.entity, fields, _outlook(seen, seen.entity, forms.typed(fields, request.form))))


def _note(seen: Sight) -> str:
    """Why there is no form, where there is none."""
    if seen.entity is None:
        return _("The draft can't be read as a definition yet.")
    if not seen.entity.definition.stores_records:
        return _("There is no field yet.")
    if seen.does == "show":
        titles = [f.title(seen.language) for f in access.readable(seen.actor, seen.entity)]
        return _("This role sees these records and enters none. It sees: %(fields)s.", fields=", ".join(titles))
    return "" if seen.does else _("This role does not see these records.")


def _form(seen: Sight) -> FormView | None:
    """What the record's own page would show the role."""
    if seen.entity is None or seen.does not in ("add", "edit"):
        return None
    start = forms.texts(seen.entity, validation.defaults(seen.entity.definition))
    fields = access.writable(seen.actor, seen.entity, seen.does)
    return forms.view(seen.entity, None, fields, start, None, _outlook(seen, seen.entity, start))


def _outlook(seen: Sight, entity: Entity, texts: Mapping[str, str]) -> Outlook:
    assert seen.catalog is not None
    return records.rehearse(
        db.session(), seen.catalog, entity.name, access.system(seen.role), texts, form="text", zone=forms.zone()
    )
