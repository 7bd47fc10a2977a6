"""What changed for whom: roles that gain or lose rows, actions and fields; whose record it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from metadata.model import ACTIONS, Definition
from metadata.parser import thawed
from metadata.telling.said import Line, Said, listed, quoted, shown

ROWS = {
    "none": "no records",
    "own": "their own records",
    "assigned": "records assigned to them",
    "reports": "records of their direct reports",
    "department": "records of their departments",
    "all": "all records",
}
DEEDS = {
    "list": "see the list",
    "show": "open records",
    "add": "add records",
    "edit": "change records",
    "remove": "remove records",
    "export": "export",
    "import": "import",
}
KNOWN = frozenset({"rows", "can", "hides", "locks", "others_only"})
Rule = Mapping[str, Any]


def people_lines(old: Definition, new: Definition, language: str) -> Iterator[Line]:
    """Every difference of access, role by role."""
    before, after = _rules(old), _rules(new)
    for role in dict.fromkeys((*before, *after)):
        was, now = before.get(role), after.get(role)
        named = {"role": Said(role)}
        if was is None and now is not None:
            yield _line("“%(role)s” comes in with %(rows)s: %(deeds)s.", {**named, **_reach(now)})
            yield from _fields_of(new, new, named, {}, now, language)
        elif was is not None and now is None:
            yield _line("“%(role)s” has no access any more (before: %(rows)s: %(deeds)s).", {**named, **_reach(was)})
        elif was is not None and now is not None and was != now:
            yield from _changed(old, new, named, was, now, language)


def _line(message: str, params: Mapping[str, Any]) -> Line:
    return Line("people", Said(message, params), kind="access")


def _rules(definition: Definition) -> dict[str, Rule]:
    """The rules as written; those that a document without any has."""
    given = definition.document.get("x-access")
    if given is not None:
        return {role: thawed(rule) for role, rule in given.items()}
    return {role: {"rows": rule.rows, "can": sorted(rule.can)} for role, rule in definition.access.items()}


def _reach(rule: Rule) -> dict[str, Any]:
    return {"rows": _rows(rule), "deeds": listed(_deeds(rule.get("can", ())))}


def _rows(rule: Rule) -> Any:
    scope = rule.get("rows", "none")
    return Said(ROWS[scope]) if isinstance(scope, str) and scope in ROWS else shown(scope)


def _deeds(actions: Any) -> list[Any]:
    ordered = [*(a for a in ACTIONS if a in actions), *(a for a in actions if a not in ACTIONS)]
    return [Said(DEEDS[action]) if action in DEEDS else action for action in ordered]


def _changed(
    old: Definition, new: Definition, named: Mapping[str, Any], was: Rule, now: Rule, language: str
) -> Iterator[Line]:
    if was.get("rows") != now.get("rows"):
        params = {**named, "before": _rows(was), "after": _rows(now)}
        yield _line("“%(role)s” reaches %(after)s (before: %(before)s).", params)
    gained = [a for a in now.get("can", ()) if a not in was.get("can", ())]
    lost = [a for a in was.get("can", ()) if a not in now.get("can", ())]
    if gained:
        yield _line("“%(role)s” can now: %(deeds)s.", {**named, "deeds": listed(_deeds(gained))})
    if lost:
        yield _line("“%(role)s” can no longer: %(deeds)s.", {**named, "deeds": listed(_deeds(lost))})
    yield from _fields_of(old, new, named, was, now, language)
    if bool(was.get("others_only")) != bool(now.get("others_only")):
        apart = "“%(role)s” no longer meets the record about themselves."
        joined = "“%(role)s” meets the record about themselves again."
        yield _line(apart if now.get("others_only") else joined, named)
    for key in dict.fromkeys((*was, *now)):
        if key not in KNOWN and was.get(key) != now.get(key):
            params = {**named, "keyword": key, "before": shown(was.get(key)), "after": shown(now.get(key))}
            yield _line("“%(role)s”: the setting %(keyword)s is %(after)s (before: %(before)s).", params)


def _fields_of(
    old: Definition, new: Definition, named: Mapping[str, Any], was: Rule, now: Rule, language: str
) -> Iterator[Line]:
    """Fields that a role sees or changes no more, or again; by column, so that a rename is no change."""
    columns = {f.origin for f in old.fields.values()}
    for word, stop, begin, never in (
        (
            "hides",
            "“%(role)s” can no longer see %(fields)s.",
            "“%(role)s” can now see %(fields)s.",
            "“%(role)s” does not see %(fields)s.",
        ),
        (
            "locks",
            "“%(role)s” can no longer change %(fields)s.",
            "“%(role)s” can now change %(fields)s.",
            "“%(role)s” does not change %(fields)s.",
        ),
    ):
        before = {_column(old, n) for n in was.get(word, ())}
        after = {_column(new, n) for n in now.get(word, ())}
        groups = ((stop, (after - before) & columns), (begin, before - after), (never, (after - before) - columns))
        for message, found in groups:
            titles = [quoted(f.title(language)) for f in new.fields.values() if f.origin in found]
            if titles:
                yield _line(message if was else never, {**named, "fields": tuple(titles)})


def _column(definition: Definition, name: str) -> str:
    item = definition.fields.get(name)
    return item.origin if item else name
