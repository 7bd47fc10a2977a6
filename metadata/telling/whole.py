"""All that changed between two versions of one definition: fields, people, screens, rules, texts, settings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from metadata.changes import compare
from metadata.model import Definition
from metadata.parser import thawed
from metadata.telling.fields import field_lines
from metadata.telling.kinds import KEYWORDS, kind_lines
from metadata.telling.people import people_lines
from metadata.telling.rules import LOGIC, rule_lines
from metadata.telling.said import TOPICS, Line, Said, shown
from metadata.telling.screens import screen_lines

SETTINGS = {
    "x-kind": "It counts as %(after)s (before: %(before)s).",
    "x-group": "It stands in the menu under %(after)s (before: %(before)s).",
    "x-icon": "Its icon is %(after)s (before: %(before)s).",
    "x-label": "Its records are called by %(after)s (before: %(before)s).",
    "x-owner": "Whose record it is, is read from %(after)s (before: %(before)s).",
    "x-directory": "It holds people or units by %(after)s (before: %(before)s).",
    "x-import": "Files are read with other headers or dates: %(after)s (before: %(before)s).",
    "x-walkthrough": "The steps of the tour change.",
}
OTHER = "The setting %(keyword)s is %(after)s (before: %(before)s)."
TEXTS = {
    "title": "Its title: %(before)s → %(after)s.",
    "x-plural": "The name of its list: %(before)s → %(after)s.",
    "description": "Its description changes.",
}
TOLD = frozenset(
    {*LOGIC, *TEXTS, "$schema", "$id", "type", "properties", "required", "additionalProperties", "x-i18n", "x-unique"}
    | {"x-access", "x-screen", "x-rules", *KEYWORDS}
)


def tell(old: Definition | None, new: Definition | None, language: str = "en") -> list[Line]:
    """The differences by topic; `language` is that of the titles in them. Nothing for equal documents."""
    one = new or old
    if one is None:
        return []
    if old is None or new is None:
        params = {"title": one.title(language)}
        return [Line("fields", Said(change.message, params), "", change.kind) for change in compare(old, new)]
    if _text(old) == _text(new):
        return []
    found = [
        *field_lines(old, new, language),
        *people_lines(old, new, language),
        *screen_lines(old, new, language),
        *rule_lines(old, new, language),
        *kind_lines(old, new),
        *_texts(old, new),
        *_settings(old, new),
    ]
    found = list({(line.topic, repr(line.said)): line for line in found}.values())
    if not found:
        found = [Line("settings", Said("Only the way it is written changes; nobody will see a difference."))]
    return sorted(found, key=lambda line: TOPICS.index(line.topic))


def _text(definition: Definition) -> str:
    return json.dumps(thawed(definition.document))


def _texts(old: Definition, new: Definition) -> Iterator[Line]:
    """Title, list name and description in English and in each further language; labels that only others read."""
    before, after = thawed(old.document), thawed(new.document)
    for key, message in TEXTS.items():
        if before.get(key) != after.get(key):
            yield Line(
                "texts", Said(message, {"before": shown(before.get(key)), "after": shown(after.get(key))}), kind="title"
            )
    spoken = before.get("x-i18n", {}), after.get("x-i18n", {})
    for code in dict.fromkeys((*spoken[0], *spoken[1])):
        was, now = (words.get(code, {}) for words in spoken)
        for key, message in TEXTS.items():
            if was.get(key) != now.get(key):
                said = Said(message, {"before": shown(was.get(key)), "after": shown(now.get(key))})
                yield Line("texts", Said("%(language)s: %(said)s", {"language": _language(code), "said": said}))
        rest = [key for key in dict.fromkeys((*was, *now)) if key not in TEXTS and was.get(key) != now.get(key)]
        named = sorted(_names(was, now)) if "properties" in rest else []
        titles = tuple(new.fields[n].title() if n in new.fields else n for n in named)
        if titles:
            params = {"language": _language(code), "fields": titles}
            yield Line("texts", Said("%(language)s: the texts of %(fields)s change.", params))
        if set(rest) - {"properties"}:
            yield Line(
                "texts", Said("%(language)s: the words for sections or records change.", {"language": _language(code)})
            )


def _names(was: dict[str, Any], now: dict[str, Any]) -> set[str]:
    pairs = was.get("properties", {}), now.get("properties", {})
    return {n for n in {**pairs[0], **pairs[1]} if pairs[0].get(n) != pairs[1].get(n)}


def _language(code: str) -> Said | str:
    return Said("Chinese") if code == "zh" else code


def _settings(old: Definition, new: Definition) -> Iterator[Line]:
    before, after = thawed(old.document), thawed(new.document)
    for key in dict.fromkeys((*before, *after)):
        if key in TOLD or before.get(key) == after.get(key):
            continue
        params = {
            "keyword": key,
            "before": _value(new, key, before.get(key)),
            "after": _value(new, key, after.get(key)),
        }
        message = SETTINGS.get(key, OTHER)
        yield Line("settings", Said(message, params if "%" in message else {}), kind=key)


def _value(definition: Definition, key: str, value: Any) -> Any:
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    if key == "x-label" and value:
        return tuple(definition.fields[n].title() if n in definition.fields else n for n in value)
    return shown(value)
