"""A field under another name, everywhere its document speaks of it.

Called by `merging`, which lays three versions of a document side by side, and by `following`, where a document gives
a field another name and speaks of the old one elsewhere. Pure: a plain document in, a new one out; texts that
people read are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

Document = dict[str, Any]
Names = Mapping[str, str]
NAMED = ("required", "x-unique", "x-label", "x-owner", "x-import")
BLOCKS = ("allOf", "anyOf", "if", "then", "else", "not")
_WORDS = re.compile(r"""(?P<text>"[^"]*"|'[^']*')|(?P<name>[^\W\d]\w*(?:\.\w+)*)""")
WORDS_OF_MEASURES = frozenset({"unit", "direction"})


def rename_fields(document: Mapping[str, Any], names: Names) -> Document:
    """The document in which the field `a` is called `names["a"]`; several at once, so two may swap names."""
    if not names:
        return dict(document)
    made: Document = {key: _swapped(value, names) if key in NAMED else value for key, value in document.items()}
    for key in (*BLOCKS, "dependentRequired"):
        if key in made:
            made[key] = _block({key: made[key]}, names)[key]
    fields = _keys(made.get("properties", {}), names)
    made["properties"] = {name: _computed(item, names) for name, item in fields.items()}
    if "x-screen" in made:
        made["x-screen"] = _screen(made["x-screen"], names)
    if "x-rules" in made:
        made["x-rules"] = [_own_rule(rule, names) for rule in made["x-rules"]]
    if "dates" in made.get("x-import", {}):
        made["x-import"] = {**made["x-import"], "dates": _keys(made["x-import"]["dates"], names)}
    if "x-directory" in made:
        made["x-directory"] = {k: v if k == "kind" else _name(v, names) for k, v in made["x-directory"].items()}
    if "x-access" in made:
        made["x-access"] = {
            role: [_rule(one, names) for one in rule] if isinstance(rule, list) else _rule(rule, names)
            for role, rule in made["x-access"].items()
        }
    if "x-measure" in made:
        made["x-measure"] = {
            k: v if k in WORDS_OF_MEASURES else _worded(v, names) for k, v in made["x-measure"].items()
        }
    if "x-i18n" in made:
        made["x-i18n"] = {language: _spoken(words, names) for language, words in made["x-i18n"].items()}
    return made


def _name(value: Any, names: Names) -> Any:
    """A name, or the key of an order, which may begin with a minus."""
    if not isinstance(value, str):
        return value
    bare = value.removeprefix("-")
    return value[: len(value) - len(bare)] + names.get(bare, bare)


def _swapped(value: Any, names: Names) -> Any:
    """Every text that is exactly a name; keys stay (the headers of files stand there)."""
    if isinstance(value, list):
        return [_swapped(item, names) for item in value]
    if isinstance(value, dict):
        return {key: _swapped(item, names) for key, item in value.items()}
    return _name(value, names)


def _keys(value: Mapping[str, Any], names: Names) -> dict[str, Any]:
    return {names.get(key, key): item for key, item in value.items()}


def _block(block: Any, names: Names) -> Any:
    if isinstance(block, list):
        return [_block(item, names) for item in block]
    made = dict(block)
    for key, value in block.items():
        if key == "properties":
            made[key] = _keys(value, names)
        elif key == "required":
            made[key] = _swapped(value, names)
        elif key == "dependentRequired":
            made[key] = {names.get(name, name): _swapped(others, names) for name, others in value.items()}
        elif key in BLOCKS:
            made[key] = _block(value, names)
    return made


def _rule(rule: Mapping[str, Any], names: Names) -> dict[str, Any]:
    made = {k: _swapped(v, names) if k in ("hides", "locks", "assigned") else v for k, v in rule.items()}
    return {**made, "where": _block(made["where"], names)} if "where" in made else made


def _own_rule(rule: Mapping[str, Any], names: Names) -> dict[str, Any]:
    """A rule with a message of its own: its block or formula, and the field at which it is told."""
    made = dict(rule)
    if "if" in made:
        made["if"] = _block(made["if"], names)
    if "formula" in made:
        made["formula"] = rename_in_formula(made["formula"], names)
    return {**made, "at": _name(made["at"], names)} if "at" in made else made


def _computed(item: Any, names: Names) -> Any:
    if not isinstance(item, Mapping) or not isinstance(item.get("x-formula"), str):
        return item
    return {**item, "x-formula": rename_in_formula(item["x-formula"], names)}


def rename_in_formula(formula: str, names: Names, through: str = "") -> str:
    """The formula with the fields called anew: its own, or those of the records that the field `through` points at."""

    def renamed(found: re.Match[str]) -> str:
        if found["text"]:
            return found["text"]
        own, dot, rest = found["name"].partition(".")
        if through:
            return f"{own}.{names.get(rest, rest)}" if dot and own == through else found["name"]
        return f"{names.get(own, own)}{dot}{rest}"

    return _WORDS.sub(renamed, formula)


def _screen(screen: Mapping[str, Any], names: Names) -> dict[str, Any]:
    made = {key: _swapped(value, names) if key in ("list", "order") else value for key, value in screen.items()}
    if "sections" in made:
        made["sections"] = [{**s, "fields": _swapped(s["fields"], names)} for s in made["sections"]]
    return made


def _worded(value: Any, names: Names) -> Any:
    """The names inside an expression."""
    if isinstance(value, dict):
        return {key: _worded(item, names) for key, item in value.items()}
    if not isinstance(value, str):
        return value
    return re.sub(r"\w+", lambda found: names.get(found[0], found[0]), value)


def _spoken(words: Mapping[str, Any], names: Names) -> dict[str, Any]:
    made = {key: _swapped(value, names) if key == "x-label" else value for key, value in words.items()}
    if "properties" in made:
        made["properties"] = _keys(made["properties"], names)
    return made
