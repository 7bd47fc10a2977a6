"""Differences of definitions in the reader's language, and the JSON beside them.

Called by the history's pages and by REST. The JSON difference is RFC 6902, made by `jsonpatch`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import jsonpatch
import jsonpointer
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l

from metadata.parser import thawed
from metadata.revisions import Difference, Revision, counted
from metadata.telling import Line
from metadata.telling.said import TOPICS
from portal.access import language

TOPIC_TITLES = {
    "fields": _l("Fields and values"),
    "people": _l("For whom"),
    "screens": _l("Lists and forms"),
    "rules": _l("Rules and figures"),
    "texts": _l("Texts"),
    "settings": _l("Settings"),
}


@dataclass(frozen=True)
class Edit:
    """One operation on the JSON: `before` and `after` as JSON text, empty where there is none."""

    op: str
    pointer: str
    before: str
    after: str


@dataclass(frozen=True)
class Told:
    """A definition's difference, ready to be shown: (topic, sentences), and the JSON operations."""

    name: str
    title: str
    topics: tuple[tuple[str, tuple[str, ...]], ...]
    edits: tuple[Edit, ...]


def sentence(line: Line) -> str:
    """A line in the reader's language, with the number of records that it met."""
    words = line.said.words(gettext, "、" if language() == "zh" else ", ")
    if not line.count:
        return words
    if line.kind in ("required", "field added"):
        met = ngettext("%(num)s record had none.", "%(num)s records had none.", line.count)
    else:
        met = ngettext("It met %(num)s record.", "It met %(num)s records.", line.count)
    return f"{words} {met}"


def told(difference: Difference, revision: Revision | None = None) -> Told:
    """A difference for a page; `revision` is the publish that made it, where it was one."""
    lines = difference.lines(language())
    if revision is not None:
        lines = counted(lines, revision, difference.name)
    return Told(difference.name, difference.title(language()), _by_topic(lines), tuple(edits(difference)))


def _by_topic(lines: Iterable[Line]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found: dict[str, list[str]] = {}
    for line in lines:
        found.setdefault(line.topic, []).append(sentence(line))
    return tuple((str(TOPIC_TITLES[topic]), tuple(found[topic])) for topic in TOPICS if topic in found)


def patch(difference: Difference) -> list[dict[str, Any]]:
    """The operations that make the later document of the earlier one; the order of keys is no part of JSON."""
    if difference.before is None or difference.after is None:  # all of it came, or went
        return [{"op": "remove", "path": ""}] if difference.after is None else [_came(difference.after)]
    before, after = thawed(difference.before), thawed(difference.after)
    made: list[dict[str, Any]] = jsonpatch.make_patch(before, after).patch
    return made


def _came(document: Mapping[str, Any]) -> dict[str, Any]:
    return {"op": "add", "path": "", "value": thawed(document)}


def edits(difference: Difference) -> list[Edit]:
    """The operations with the value before beside that after; none where the whole definition came or went."""
    if difference.before is None or difference.after is None:
        return []
    document = thawed(difference.before)
    found = []
    for step in patch(difference):
        pointer = step["path"]
        before = None
        if step["op"] in ("remove", "replace"):
            before = jsonpointer.resolve_pointer(document, pointer, None)
        elif step["op"] == "move":
            before = step["from"]
        found.append(Edit(step["op"], pointer, _json(before), _json(step.get("value"))))
        document = jsonpatch.apply_patch(document, [step])
    return found


def _json(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False, indent=1)
