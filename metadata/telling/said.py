"""The parts of a sentence: a message with places, whose values may be sentences again.

A message is English and the key of its translation, so whoever shows a line translates from the inside
out; `english` does it without a catalog of translations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Topic = Literal["fields", "people", "screens", "rules", "texts", "settings"]
TOPICS: tuple[Topic, ...] = ("fields", "people", "screens", "rules", "texts", "settings")
NOTHING = "–"


@dataclass(frozen=True)
class Said:
    """A message and what fills its places: texts, numbers, further `Said`, or tuples of them."""

    message: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def words(self, translate: Callable[[str], str], comma: str = ", ") -> str:
        """The sentence, with every message in it put through `translate`."""
        filled = {name: _filled(value, translate, comma) for name, value in self.params.items()}
        message = translate(self.message) if self.message else ""
        return message % filled if filled else message


@dataclass(frozen=True)
class Line:
    """One difference: what it is about, the sentence, and the field and kind of change where it has one.

    `count` says how many records it met when it was published; 0 where that is unknown or none.
    """

    topic: Topic
    said: Said
    field: str = ""
    kind: str = ""
    count: int = 0


def _filled(value: Any, translate: Callable[[str], str], comma: str) -> str:
    if isinstance(value, Said):
        return value.words(translate, comma)
    if isinstance(value, tuple):
        return comma.join(_filled(one, translate, comma) for one in value)
    return str(value)


def english(line: Line) -> str:
    """The sentence as it stands in the code."""
    return line.said.words(lambda message: message)


def listed(values: Iterable[Any]) -> tuple[Any, ...] | str:
    """Values for one place; a dash for none."""
    return tuple(values) or NOTHING


def quoted(title: str) -> Said:
    """A title in the quotation marks of the reader's language."""
    return Said("“%(title)s”", {"title": title})


def shown(value: Any) -> Any:
    """A JSON value as a place takes it."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return Said("Yes") if value else Said("No")
    if isinstance(value, list | tuple):
        return listed(shown(one) for one in value)
    return str(value)
