"""Names of definitions and fields as people may type them, and the name that a title suggests."""

from __future__ import annotations

import re
import unicodedata

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
LONGEST_NAME = 40


def named_after(title: str) -> str:
    """A name made of the title's Latin letters and digits; "" where it has none."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", title.lower()) if not unicodedata.combining(c))
    return re.sub("^[_0-9]+|_+$", "", re.sub("[^a-z0-9]+", "_", plain))[:LONGEST_NAME].rstrip("_")
