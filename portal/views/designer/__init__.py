"""The designer's room: importing it gives the blueprint with all its pages."""

from portal.views.designer import (
    conditions,
    fields,
    files,
    grants,
    index,
    kind,
    layout,
    publishing,
    raw,
    show,
    steps,
    texts,
    withdrawing,
)
from portal.views.designer.base import TITLE, blueprint

ROOMS = (conditions, fields, files, grants, index, kind, layout, publishing, raw, show, steps, texts, withdrawing)
__all__ = ["TITLE", "blueprint"]
