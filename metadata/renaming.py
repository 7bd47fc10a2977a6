"""A field under another name, everywhere its document speaks of it.

Called by `merging`, which lays three versions of a document side by side, and by `following`, where a document gives
a field another name and speaks of the old one elsewhere. Pure: a plain document in, a new one out; texts that
people read are left alone. Names are whole paths: `address.city` of an object, `lines.weight` of the rows of a list;
what lies below a renamed object or list follows it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Document = dict[str, Any]
Names = Mapping[str, str]
Told = Callable[[str], str]  # what a formula calls something, and what it shall call it
NAMED = ("required", "x-unique", "x-label", "x-owner", "x-import")
BLOCKS = ("allOf", "anyOf", "if", "then", "else", "not")
_WORDS = re.compile(r"""(?P<text>"[^"]*"|'[^']*')|(?P<name>[^\W\d]\w*+(?:\.\w++)*+)(?!\s*\()""")
PARTS_OF_KINDS = {
    "x-okr": ("score", "commitment"),
    "x-survey": ("split",),
    "x-review": ("review",),
    "x-catalog": ("delivery", "validity", "prerequisites"),
}
WORDS_OF_MEASURES = frozenset({"unit", "direction"})


def rename_fields(document: Mapping[str, Any], names: Names, told: Told | None = None) -> Document:
    """The document in which the field `a` is called `names["a"]`; several at once, so two may swap names.

    `told` says how formulas call what they name, where they reach further than the document.
    """
    if not names and told is None:
        return dict(document)
    told = told or (lambda path: renamed(path, names))
    made: Document = {key: _swapped(value, names) if key in NAMED else value for key, value in document.items()}
    for key in (*BLOCKS, "dependentRequired"):
        if key in made:
            made[key] = _block({key: made[key]}, names)[key]
    made["properties"] = _properties(made.get("properties", {}), names, told, "")
    if "x-screen" in made:
        made["x-screen"] = _screen(made["x-screen"], names)
    if "x-rules" in made:
        made["x-rules"] = [_own_rule(rule, names, told) for rule in made["x-rules"]]
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
            k: v if k in WORDS_OF_MEASURES or not isinstance(v, str) else rename_in_formula(v, told)
            for k, v in made["x-measure"].items()
        }
    for keyword, parts in PARTS_OF_KINDS.items():
        if keyword in made:
            made[keyword] = {k: _swapped(v, names) if k in parts else v for k, v in made[keyword].items()}
    if "sections" in made.get("x-review", {}):
        parts = ("fields", "required")
        cut = [
            {k: _swapped(v, names) if k in parts else v for k, v in one.items()} for one in made["x-review"]["sections"]
        ]
        made["x-review"] = {**made["x-review"], "sections": cut}
    quiz = made.get("x-catalog", {}).get("quiz")
    if quiz is not None:
        inside = {k: _swapped(v, names) if k in ("field", "pass_mark") else v for k, v in quiz.items()}
        made["x-catalog"] = {**made["x-catalog"], "quiz": inside}
    if "x-i18n" in made:
        made["x-i18n"] = {language: _spoken(words, names) for language, words in made["x-i18n"].items()}
    return made


def renamed(path: str, names: Names) -> str:
    """What a path is called now: by its own entry, else with what it lies in."""
    head, rest = path, ""
    while head not in names:
        head, dot, last = head.rpartition(".")
        if not dot:
            return path
        rest = f".{last}{rest}"
    return names[head] + rest


def _properties(properties: Mapping[str, Any], names: Names, told: Told, prefix: str) -> dict[str, Any]:
    """The fields, those of objects and of rows too, each under its name of now."""
    made = {}
    for name, item in properties.items():
        path = f"{prefix}{name}"
        made[_last(renamed(path, names))] = _schema(item, names, told, path) if isinstance(item, Mapping) else item
    return made


def _schema(schema: Mapping[str, Any], names: Names, told: Told, path: str) -> dict[str, Any]:
    made = dict(schema)
    if isinstance(made.get("x-formula"), str):
        made["x-formula"] = rename_in_formula(made["x-formula"], told)
    if isinstance(made.get("items"), Mapping):
        made["items"] = _schema(made["items"], names, told, path)
    if isinstance(made.get("properties"), Mapping):
        made["properties"] = _properties(made["properties"], names, told, f"{path}.")
        if "required" in made:
            made["required"] = [_last(renamed(f"{path}.{name}", names)) for name in made["required"]]
    return made


def _last(path: str) -> str:
    return path.rpartition(".")[2]


def _name(value: Any, names: Names) -> Any:
    """A name, or the key of an order, which may begin with a minus."""
    if not isinstance(value, str):
        return value
    bare = value.removeprefix("-")
    return value[: len(value) - len(bare)] + renamed(bare, names)


def _swapped(value: Any, names: Names) -> Any:
    """Every text that is exactly a name; keys stay (the headers of files stand there)."""
    if isinstance(value, list):
        return [_swapped(item, names) for item in value]
    if isinstance(value, dict):
        return {key: _swapped(item, names) for key, item in value.items()}
    return _name(value, names)


def _keys(value: Mapping[str, Any], names: Names) -> dict[str, Any]:
    return {renamed(key, names): item for key, item in value.items()}


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
            made[key] = {renamed(name, names): _swapped(others, names) for name, others in value.items()}
        elif key in BLOCKS:
            made[key] = _block(value, names)
    return made


def _rule(rule: Mapping[str, Any], names: Names) -> dict[str, Any]:
    made = {k: _swapped(v, names) if k in ("hides", "locks", "assigned") else v for k, v in rule.items()}
    return {**made, "where": _block(made["where"], names)} if "where" in made else made


def _own_rule(rule: Mapping[str, Any], names: Names, told: Told) -> dict[str, Any]:
    """A rule with a message of its own: its block or formula, and the field at which it is told."""
    made = dict(rule)
    if "if" in made:
        made["if"] = _block(made["if"], names)
    if "formula" in made:
        made["formula"] = rename_in_formula(made["formula"], told)
    return {**made, "at": _name(made["at"], names)} if "at" in made else made


def rename_in_formula(formula: str, told: Told) -> str:
    """The formula or measure with what it names called anew; its texts and functions stay."""
    return _WORDS.sub(lambda found: found["text"] or told(found["name"]), formula)


def _screen(screen: Mapping[str, Any], names: Names) -> dict[str, Any]:
    made = {key: _swapped(value, names) if key in ("list", "order") else value for key, value in screen.items()}
    if "sections" in made:
        made["sections"] = [{**s, "fields": _swapped(s["fields"], names)} for s in made["sections"]]
    return made


def _spoken(words: Mapping[str, Any], names: Names) -> dict[str, Any]:
    made = {key: _swapped(value, names) if key == "x-label" else value for key, value in words.items()}
    if "properties" in made:
        made["properties"] = {renamed(k, names): _of_rows(k, v, names) for k, v in made["properties"].items()}
    return made


def _of_rows(path: str, words: Mapping[str, Any], names: Names) -> dict[str, Any]:
    """The texts of a list, with those of its rows by their names."""
    made = dict(words)
    if "properties" in made:
        made["properties"] = {_last(renamed(f"{path}.{k}", names)): v for k, v in made["properties"].items()}
    return made
