"""Records from files: read, map, clean, hand to the record door, report row by row."""

from workflows.intake.files import (
    Mapping,
    Rejected,
    Report,
    guess,
    head,
    import_file,
    import_part,
    read_mapping,
    require_usable,
    size,
)

__all__ = [
    "Mapping",
    "Rejected",
    "Report",
    "guess",
    "head",
    "import_file",
    "import_part",
    "read_mapping",
    "require_usable",
    "size",
]
