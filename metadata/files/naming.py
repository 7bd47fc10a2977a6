"""What a file may be called: the name that somebody sent, without what could mislead a person or a machine.

Called by `store` before a file is kept. Pure.
"""

from __future__ import annotations

import re
import unicodedata

LONGEST_NAME, LONGEST_ENDING = 200, 20
NAMELESS = "file"
SPECIAL = re.compile(r'[<>:"|?*]')


def tidy(given: str) -> str:
    """The last part of the path, without control and direction characters, at most 200 characters with its ending."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", given))[-1]
    seen = "".join(letter for letter in last if unicodedata.category(letter)[0] != "C" or letter == "\u200d")
    plain = SPECIAL.sub("_", " ".join(seen.split())).strip(". ")
    if not plain:
        return NAMELESS
    stem, ending = split(plain)
    return stem[: LONGEST_NAME - len(ending)].rstrip() + ending if len(plain) > LONGEST_NAME else plain


def split(name: str) -> tuple[str, str]:
    """The name without its ending, and the ending with its point; a long one, or none, counts as part of the name."""
    stem, point, ending = name.rpartition(".")
    return (stem, f".{ending}") if stem and point and 0 < len(ending) <= LONGEST_ENDING else (name, "")


def ending(name: str) -> str:
    """The ending in small letters, such as `.pdf`; empty where there is none."""
    return split(name)[1].lower()
