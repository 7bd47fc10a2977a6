"""Flask-AppBuilder's ModelView, tamed once for every definition.

A `RecordView` is the view object of one definition in one catalog, built on first use. Of the
framework it keeps the data model, the permission names and the route names; what its methods did with
shared filters, shared forms and late commits is replaced by the record door (docs/decisions/0004).
"""

from __future__ import annotations

from typing import Any

from flask import current_app
from flask_appbuilder import ModelView
from flask_appbuilder.forms import DynamicForm
from flask_appbuilder.models.sqla.filters import SQLAFilterConverter
from flask_appbuilder.models.sqla.interface import SQLAInterface

from metadata.catalog import Entity
from portal.extensions import db

PERMISSIONS = ["can_list", "can_show", "can_add", "can_edit", "can_delete"]


class NoFilters(SQLAFilterConverter):
    """Lists have filters of their own; of the framework's it would only be said for which types there are none."""

    def convert(self, _name: str) -> list[Any]:
        """None for any column."""
        return []


class RecordData(SQLAInterface):
    """The framework's way to the records of one definition, without its filters."""

    filter_converter_class = NoFilters


class RecordView(ModelView):
    """The pages of one definition."""

    entity: Entity
    base_permissions = PERMISSIONS
    add_columns: list[str] = []
    edit_columns: list[str] = []
    show_columns: list[str] = []
    search_columns: list[str] = []
    add_form = edit_form = search_form = DynamicForm  # never shown: forms are those of portal/views/forms.py


def view_of(entity: Entity) -> RecordView:
    """The view object of `entity`, made on first use and kept with it."""
    views: dict[int, tuple[Entity, RecordView]] = current_app.extensions.setdefault("plumbline_views", {})
    held = views.get(id(entity))
    if held is not None and held[0] is entity:
        return held[1]
    view = _build(entity)
    for key in [k for k, (other, _view) in views.items() if other.name == entity.name]:
        views.pop(key, None)
    views[id(entity)] = (entity, view)
    return view


def _build(entity: Entity) -> RecordView:
    name = f"{entity.model.__name__}View"
    attributes: dict[str, Any] = {
        "entity": entity,
        "datamodel": RecordData(entity.model, db.session),
        "route_base": f"/records/{entity.name}",
        "class_permission_name": entity.name,
        "list_columns": list(entity.definition.screen.list),
        "list_title": entity.definition.plural(),
    }
    view: RecordView = type(name, (RecordView,), attributes)()
    view.appbuilder = current_app.appbuilder  # type: ignore[attr-defined]
    return view
