"""The designer's room: importing it gives the blueprint with all its pages."""

from portal.views.designer import fields, index, layout, publishing, show, steps, texts
from portal.views.designer.base import TITLE, blueprint

__all__ = ["TITLE", "blueprint", "fields", "index", "layout", "publishing", "show", "steps", "texts"]
