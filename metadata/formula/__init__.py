"""Formulas: fields that are computed from others, and rules that records must meet. Never evaluated as Python.

`reading` makes a small tree of the text, `binding` finds its fields and types in the definitions, `sql` gives the
expression that a SELECT takes, `value` the slow and obvious answer in Python, which the tests hold against both.
"""

from metadata.formula.binding import Bound, bind, fields_read, free_of_references
from metadata.formula.reading import FormulaError
from metadata.formula.value import evaluate

__all__ = ["Bound", "FormulaError", "bind", "evaluate", "fields_read", "free_of_references"]
