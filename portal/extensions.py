"""The framework objects that one process shares; `portal.app` binds them to the application."""

from typing import Any

from flask_appbuilder import AppBuilder
from flask_appbuilder.models.sqla.base import SQLA
from flask_wtf import CSRFProtect
from werkzeug.routing import IntegerConverter, Map

from metadata.fieldtypes import LARGEST_INTEGER
from metadata.versions import CatalogSource

db = SQLA(session_options={"expire_on_commit": False})
appbuilder = AppBuilder
csrf = CSRFProtect()
catalogs = CatalogSource()


class RecordNumber(IntegerConverter):
    """`<int:…>` in an address: a number that no database could hold is as unknown as any other."""

    def __init__(self, url_map: Map, **options: Any) -> None:
        super().__init__(url_map, **{"max": LARGEST_INTEGER, **options})
