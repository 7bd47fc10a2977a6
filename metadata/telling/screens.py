"""What changed about lists and forms: columns, order of rows, sections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from metadata.model import Definition, Section
from metadata.telling.said import Line, Said, listed, quoted, shown

KNOWN = frozenset({"list", "order", "sections"})


def screen_lines(old: Definition, new: Definition, language: str) -> Iterator[Line]:
    """Every difference of the screens; what a renamed field keeps is none."""
    yield from _columns(old, new, language)
    was, now = _order(old, old.screen.order), _order(new, new.screen.order)
    if was != now:
        keys = tuple(
            Said("%(field)s, falling" if down else "%(field)s, rising", {"field": _title(new, name, language)})
            for name, down in new.screen.order
        )
        yield _line("The list comes in this order: %(keys)s.", {"keys": listed(keys)})
    yield from _sections(old, new, language)
    before, after = (d.document.get("x-screen", {}) for d in (old, new))
    for key in dict.fromkeys((*before, *after)):
        if key not in KNOWN and before.get(key) != after.get(key):
            params = {"keyword": key, "before": shown(before.get(key)), "after": shown(after.get(key))}
            yield _line("On screen, %(keyword)s is %(after)s (before: %(before)s).", params)


def _line(message: str, params: Mapping[str, Any]) -> Line:
    return Line("screens", Said(message, params), kind="screen")


def _column(definition: Definition, name: str) -> str:
    return definition.fields[name].origin if name in definition.fields else name


def _title(definition: Definition, name: str, language: str) -> str:
    return definition.fields[name].title(language) if name in definition.fields else name


def _order(definition: Definition, order: Sequence[tuple[str, bool]]) -> list[tuple[str, bool]]:
    return [(_column(definition, name), down) for name, down in order]


def _columns(old: Definition, new: Definition, language: str) -> Iterator[Line]:
    before, after = ({_column(d, n): _title(d, n, language) for n in d.screen.list} for d in (old, new))
    fresh = [quoted(title) for column, title in after.items() if column not in before]
    gone = [quoted(title) for column, title in before.items() if column not in after]
    if fresh:
        yield _line("The list shows %(fields)s.", {"fields": tuple(fresh)})
    if gone:
        yield _line("The list no longer shows %(fields)s.", {"fields": tuple(gone)})
    if [c for c in before if c in after] != [c for c in after if c in before]:
        yield _line("The list has its columns in this order: %(fields)s.", {"fields": tuple(after.values())})


def _sections(old: Definition, new: Definition, language: str) -> Iterator[Line]:
    before, after = ({s.texts.title: s for s in d.screen.sections if s.texts.title} for d in (old, new))
    for title, section in after.items():
        fields = tuple(quoted(_title(new, n, language)) for n in section.fields)
        named = {"section": _name(section, language), "fields": listed(fields)}
        if title not in before:
            yield _line("The form has a new section “%(section)s”: %(fields)s.", named)
        elif _held(old, before[title]) != _held(new, section):
            yield _line("The section “%(section)s” of the form holds %(fields)s.", named)
        elif before[title].texts != section.texts:
            yield _line("The texts of the section “%(section)s” change.", named)
    for title, section in after.items():
        if title in before and before[title].columns != section.columns:
            named = {"section": _name(section, language), "count": str(section.columns)}
            yield _line("The section “%(section)s” of the form has %(count)s fields side by side.", named)
    for title, section in before.items():
        if title not in after:
            yield _line("The form no longer has the section “%(section)s”.", {"section": _name(section, language)})
    if [t for t in before if t in after] != [t for t in after if t in before]:
        names = tuple(quoted(_name(section, language)) for section in after.values())
        yield _line("The sections of the form come in this order: %(sections)s.", {"sections": names})


def _name(section: Section, language: str) -> str:
    return section.texts.get("title", language) or "…"


def _held(definition: Definition, section: Section) -> list[str]:
    return [_column(definition, name) for name in section.fields]
