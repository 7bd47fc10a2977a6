"""The types a field can have, read by tables, validation, forms, REST and imports."""

from metadata.fieldtypes.entries import joined, listed
from metadata.fieldtypes.kinds import BadEntries, BadValue, ExactDecimal, FieldType
from metadata.fieldtypes.scalars import DECIMAL_DIGITS, FALSE_WORDS, LARGEST_INTEGER, TRUE_WORDS
from metadata.fieldtypes.table import TYPES, of

__all__ = [
    "DECIMAL_DIGITS",
    "FALSE_WORDS",
    "LARGEST_INTEGER",
    "TRUE_WORDS",
    "TYPES",
    "BadEntries",
    "BadValue",
    "ExactDecimal",
    "FieldType",
    "joined",
    "listed",
    "of",
]
