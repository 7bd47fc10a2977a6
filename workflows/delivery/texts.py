"""What messages say: one file for each kind and language, `messages/<kind>.<language>.txt`.

Used by post.py for mail and by the portal's inbox for the same words. A file's first line is the subject (and the
inbox's line), the rest after a blank line the body. Places are `{name}`; `{name:date}` writes an ISO date the
way the language does. A new kind is two files and a snapshot in the tests; code knows no wording.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

FOLDER = Path(__file__).parent / "messages"
LANGUAGES = ("en", "zh")
MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Text:
    """The words of one message."""

    subject: str
    body: str


class _Places(Formatter):
    """Fills places; one that was not given stays empty, because a message is better than none."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self.language = language

    def get_value(self, key: int | str, args: Any, kwargs: Mapping[str, Any]) -> Any:
        value = kwargs.get(str(key), "")
        return value.get(self.language, value.get("en", "")) if isinstance(value, Mapping) else value

    def format_field(self, value: Any, format_spec: str) -> str:
        if format_spec == "date":
            return written_date(str(value), self.language) if value else ""
        return str(super().format_field(value, format_spec))


def kinds() -> list[str]:
    """Every kind that has words."""
    return sorted({path.name.rsplit(".", 2)[0] for path in FOLDER.glob("*.txt")})


def render(kind: str, language: str, params: Mapping[str, Any]) -> Text:
    """The message in the reader's language. A value that is a mapping {language: text} gives its own words.

    The subject is one line, whatever its values hold: a line break would end the header of a mail.
    """
    subject, body = _template(kind, language if language in LANGUAGES else "en")
    places = _Places(language)
    return Text(" ".join(places.vformat(subject, (), params).split()), places.vformat(body, (), params))


def written_date(iso: str, language: str) -> str:
    """2026-11-30 as people write it."""
    day = date.fromisoformat(iso[:10])
    if language == "zh":
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


@cache
def _template(kind: str, language: str) -> tuple[str, str]:
    subject, _, body = (FOLDER / f"{kind}.{language}.txt").read_text(encoding="utf-8").partition("\n\n")
    return subject.strip(), body.strip() + "\n"
