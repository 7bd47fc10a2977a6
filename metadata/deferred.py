"""Loads libraries that few requests need when the first of these comes, not when a process starts (decision 0072).

Called at the top of modules that draw charts, read spreadsheets or alter tables. Promises: the module behind a name is
loaded once, whichever thread asks first, because loading goes through Python's own import with its locks; what cannot
be loaded fails where it is first used. Type checkers see the plain import that stands beside it.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


class Deferred:
    """Stands for the module `name` until an attribute of it is asked for.

    Example::

        if TYPE_CHECKING:
            import openpyxl
        else:
            openpyxl = Deferred("openpyxl")
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._module: ModuleType | None = None

    def __getattr__(self, attribute: str) -> object:
        if self._module is None:
            self._module = import_module(self._name)
        return getattr(self._module, attribute)
