"""What the portal's addresses are made of: numbers of records, and routes.

`portal.app` gives both to the application before the rooms add their routes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from werkzeug.routing import IntegerConverter, Map, Rule

from metadata.fieldtypes import LARGEST_INTEGER


class RecordNumber(IntegerConverter):
    """`<int:…>` in an address: a number that no database could hold is as unknown as any other."""

    def __init__(self, url_map: Map, **options: Any) -> None:
        super().__init__(url_map, **{"max": LARGEST_INTEGER, **options})


class Route(Rule):
    """A route that learns to write its address when it is first asked for one.

    Werkzeug compiles two functions for each route at once. A process has more than three hundred routes and writes
    the addresses of a few of them: compiling all was the longest part of making the application.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compiling = super()._compile_builder

        @cache
        def compiled() -> Callable[..., tuple[str, str]]:
            return compiling(append_unknown)

        def build(route: Rule, /, **values: Any) -> tuple[str, str]:
            return compiled()(route, **values)

        return build
