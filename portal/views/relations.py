"""How many records stand behind each tab of a record's page, asked for once the page is there.

On the blueprint of records.py.
"""

from __future__ import annotations

from flask import render_template, request

from metadata import records
from portal import catalogs
from portal.access import current_actor
from portal.extensions import db
from portal.views import tabs
from portal.views.records import blueprint, entity_for
from workflows import comments


@blueprint.get("/<definition>/show/<int:record_id>/tabs")
def tab_counts(definition: str, record_id: int) -> str:
    """The tabs again, each with its number: one statement for all relations, one for the comments."""
    entity, actor, catalog, session = entity_for(definition, "show"), current_actor(), catalogs.current(), db.session()
    records.find(session, catalog, definition, actor, record_id)
    found = records.relations(catalog, actor, definition)
    counts = {
        r.key: n for r, n in records.related_counts(session, catalog, actor, definition, found, record_id).items()
    }
    counts[tabs.COMMENTS] = comments.count(session, definition, record_id)
    shown = tabs.tabs(entity, record_id, actor, request.args.get("tab", tabs.DETAILS), counts)
    return render_template("records/_tabs.html", tabs=shown, counted=True)
