"""SQL functions that PostgreSQL and SQLite spell each in its own way.

Called by `gathering` and `formula.sql`. A function is a class to be called with columns; its two spellings have places
for its arguments: `{0}`, `{1}`, or `{all}` of them with commas between.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine


def spelled(name: str, returns: TypeEngine[Any], *, postgresql: str, sqlite: str) -> type[FunctionElement[Any]]:
    """The function, which gives a value of the type `returns`."""
    made: type[FunctionElement[Any]] = type(name, (FunctionElement,), {"inherit_cache": True, "type": returns})
    compiles(made, "postgresql")(_written(postgresql))
    compiles(made)(_written(sqlite))
    return made


def _written(spelling: str) -> Callable[..., str]:
    def write(element: Any, compiler: Any, **more: Any) -> str:
        parts = [compiler.process(part, **more) for part in element.clauses]
        return spelling.format(*parts, all=", ".join(parts))

    return write
