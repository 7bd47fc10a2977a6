"""Reading definitions: files (`files`) and text to JSON (`text`), checked JSON to a frozen Definition (`definition`).

Called by publish, catalog, packs, the designer and the command line. Between the two steps stands
`metadata.dialect.check`, which finds what is wrong; `parse` takes its word for it.
"""

from metadata.parser.definition import parse, rules_of
from metadata.parser.files import load_file, load_files, named, read_file
from metadata.parser.freezing import frozen_deep, thawed
from metadata.parser.text import load_text

__all__ = [
    "frozen_deep", "load_file", "load_files", "load_text", "named", "parse", "read_file", "rules_of", "thawed",
]  # fmt: skip
