"""The catalog of the current request: read once, then the same to its end."""

from __future__ import annotations

from flask import current_app, g

from metadata import versions
from metadata.catalog import Catalog
from metadata.versions import CatalogSource, Versions
from portal.extensions import db


def source() -> CatalogSource:
    """The process's holder of catalogs."""
    found: CatalogSource = current_app.extensions["plumbline_catalogs"]
    return found


def now_in_force() -> Versions:
    """The versions that this request works with; one tiny statement, once."""
    if "versions" not in g:
        g.versions = versions.read(db.session())
    found: Versions = g.versions
    return found


def current() -> Catalog:
    """The catalog that this request works with."""
    if "catalog" not in g:
        g.catalog = source().of(db.session(), now_in_force().catalog)
    found: Catalog = g.catalog
    return found
