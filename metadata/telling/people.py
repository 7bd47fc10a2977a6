"""What changed for whom: roles that gain or lose rows, actions and fields; whose record it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

from metadata.model import ACTIONS, Definition
from metadata.parser import thawed
from metadata.parser.definition import rules_of
from metadata.telling.rules import Speaker
from metadata.telling.said import Line, Said, listed, quoted, shown

ROWS = {
    "none": "no records",
    "own": "their own records",
    "assigned": "records assigned to them",
    "reports": "records of their direct reports",
    "unit": "records of their own department",
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
KNOWN = frozenset({"rows", "assigned", "where", "can", "hides", "locks", "others_only"})
REACH = ("rows", "assigned", "where")
Rule = Mapping[str, Any]


def people_lines(old: Definition, new: Definition, language: str) -> Iterator[Line]:
    """Every difference of access, role by role; of a role with several rules, rule by rule."""
    before, after = _rules(old), _rules(new)
    for role in dict.fromkeys((*before, *after)):
        was, now = before.get(role, []), after.get(role, [])
        gone, come = [r for r in was if r not in now], [r for r in now if r not in was]
        named = {"role": Said(role)}
        for first, last in zip_longest(gone, come):
            if first is not None and last is not None:
                yield from _changed(old, new, named, first, last, language)
            elif last is not None:
                reach = {"rows": _rows(new, last, language), "deeds": listed(_deeds(last.get("can", ())))}
                yield _line("“%(role)s” comes in with %(rows)s: %(deeds)s.", {**named, **reach})
                yield from _fields_of(new, new, named, {}, last, language)
            elif first is not None:
                reach = {"rows": _rows(old, first, language), "deeds": listed(_deeds(first.get("can", ())))}
                lost = "“%(role)s” has no access any more (before: %(rows)s: %(deeds)s)."
                fewer = "“%(role)s” loses one rule (%(rows)s: %(deeds)s)."
                yield _line(fewer if now else lost, {**named, **reach})


def _line(message: str, params: Mapping[str, Any]) -> Line:
    return Line("people", Said(message, params), kind="access")


def _rules(definition: Definition) -> dict[str, list[Rule]]:
    """The rules as written; those that a document without any has."""
    given = definition.document.get("x-access")
    if given is not None:
        return {role: [thawed(rule) for rule in rules_of(said)] for role, said in given.items()}
    return {
        role: [{"rows": rule.rows, "can": sorted(rule.can)} for rule in rules]
        for role, rules in definition.access.items()
    }


def _rows(definition: Definition, rule: Rule, language: str) -> Any:
    """Which records a rule is about."""
    scope, speaker = rule.get("rows", "none"), Speaker(definition, language)
    found: Any = Said(ROWS[scope]) if isinstance(scope, str) and scope in ROWS else shown(scope)
    if rule.get("assigned"):
        fields = tuple(quoted(speaker.title(name)) for name in rule["assigned"])
        found = Said("%(rows)s by %(fields)s", {"rows": found, "fields": fields})
    if rule.get("where"):
        found = Said("%(rows)s where %(condition)s", {"rows": found, "condition": speaker.block(rule["where"])})
    return found


def _deeds(actions: Any) -> list[Any]:
    ordered = [*(a for a in ACTIONS if a in actions), *(a for a in actions if a not in ACTIONS)]
    return [Said(DEEDS[action]) if action in DEEDS else action for action in ordered]


def _changed(
    old: Definition, new: Definition, named: Mapping[str, Any], was: Rule, now: Rule, language: str
) -> Iterator[Line]:
    if [was.get(key) for key in REACH] != [now.get(key) for key in REACH]:
        params = {**named, "before": _rows(old, was, language), "after": _rows(new, now, language)}
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
