"""What changed about the rules between fields: uniqueness, conditions, rules with a message."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from metadata.model import Definition
from metadata.parser import thawed
from metadata.telling.said import NOTHING, Line, Said, listed, quoted, shown

LOGIC = ("if", "then", "else", "not", "allOf", "dependentRequired")
SIGNS = {
    "const": "%(field)s = %(value)s",
    "minimum": "%(field)s ≥ %(value)s",
    "maximum": "%(field)s ≤ %(value)s",
    "exclusiveMinimum": "%(field)s > %(value)s",
    "exclusiveMaximum": "%(field)s < %(value)s",
    "enum": "%(field)s is one of %(value)s",
    "minLength": "%(field)s has %(value)s characters or more",
    "maxLength": "%(field)s has %(value)s characters at most",
}


def rule_lines(old: Definition, new: Definition, language: str) -> Iterator[Line]:
    """Every difference of rules, as they read before and after."""
    yield from _unique(old, new, language)
    before, after = _conditions(old, language), _conditions(new, language)
    for said in before:
        if said not in after:
            yield Line("rules", Said("No longer holds: %(rule)s", {"rule": said}), kind="conditions")
    for said in after:
        if said not in before:
            yield Line("rules", Said("Holds from now on: %(rule)s", {"rule": said}), kind="conditions")


def _unique(old: Definition, new: Definition, language: str) -> Iterator[Line]:
    before, after = ({tuple(_column(d, n) for n in names): names for names in d.unique} for d in (old, new))
    for columns, names in after.items():
        if columns not in before:
            named = {"fields": tuple(quoted(_title(new, n, language)) for n in names)}
            yield Line("rules", Said("No two records may have the same %(fields)s.", named), kind="unique")
    for columns, names in before.items():
        if columns not in after:
            named = {"fields": tuple(quoted(_title(old, n, language)) for n in names)}
            yield Line("rules", Said("Several records may have the same %(fields)s now.", named), kind="unique")


def _column(definition: Definition, name: str) -> str:
    return definition.fields[name].origin if name in definition.fields else name


def _title(definition: Definition, name: str, language: str) -> str:
    return definition.fields[name].title(language) if name in definition.fields else name


def _conditions(definition: Definition, language: str) -> list[Said]:
    """The logic at the root, and the rules with a message, as sentences."""
    document = thawed(definition.document)
    found: list[Said] = []
    speaker = Speaker(definition, language)
    if "if" in document:
        found.append(speaker.choice(document))
    if "not" in document:
        found.append(Said("never: %(what)s", {"what": speaker.block(document["not"])}))
    found += [speaker.choice(block) if "if" in block else speaker.block(block) for block in document.get("allOf", ())]
    for name, others in document.get("dependentRequired", {}).items():
        fields = tuple(quoted(speaker.title(other)) for other in others)
        params = {"field": quoted(speaker.title(name)), "fields": fields}
        found.append(Said("where %(field)s is filled, %(fields)s must be filled too", params))
    for rule in document.get("x-rules", ()):
        what = rule.get("formula") or (
            Said("not (%(what)s)", {"what": speaker.block(rule["if"])}) if "if" in rule else ""
        )
        message = rule.get("x-i18n", {}).get(language) or rule.get("message", "")
        found.append(Said("%(what)s, else: “%(message)s”", {"what": what, "message": message}))
    return found


class Speaker:
    """Blocks of logic in the words of one definition."""

    def __init__(self, definition: Definition, language: str) -> None:
        self.definition, self.language = definition, language

    def title(self, name: str) -> str:
        """The label of a field."""
        return _title(self.definition, name, self.language)

    def choice(self, block: Mapping[str, Any]) -> Said:
        """if, then, else."""
        parts: dict[str, Any] = {"when": self.block(block["if"]), "then": self.block(block.get("then", {}), must=True)}
        if "else" not in block:
            return Said("where %(when)s: %(then)s", parts)
        return Said(
            "where %(when)s: %(then)s; else: %(otherwise)s",
            {**parts, "otherwise": self.block(block["else"], must=True)},
        )

    def block(self, block: Mapping[str, Any], *, must: bool = False) -> Any:
        """What a block asks for; `must` says a required field as a duty, not as a condition."""
        found: list[Any] = []
        for name, asked in block.get("properties", {}).items():
            found += self._asked(name, asked)
        needed = [n for n in block.get("required", ()) if must or n not in block.get("properties", {})]
        if needed:
            message = "%(fields)s must be filled" if must else "%(fields)s is filled"
            found.append(Said(message, {"fields": tuple(quoted(self.title(n)) for n in needed)}))
        if "not" in block:
            found.append(Said("not (%(what)s)", {"what": self.block(block["not"])}))
        if "if" in block:
            found.append(self.choice(block))
        for key, message in (("allOf", "all of: %(what)s"), ("anyOf", "one of: %(what)s")):
            if key in block:
                found.append(Said(message, {"what": tuple(self.block(one) for one in block[key])}))
        return listed(found)

    def _asked(self, name: str, asked: Mapping[str, Any]) -> list[Any]:
        found: list[Any] = [] if asked else [Said("%(field)s may be filled", {"field": quoted(self.title(name))})]
        for key, value in asked.items():
            if key == "not":
                found += [Said("not (%(what)s)", {"what": one}) for one in self._asked(name, value)]
                continue
            params = {"field": self.title(name), "value": self._value(name, value), "keyword": key}
            found.append(Said(SIGNS.get(key, "%(field)s: %(keyword)s %(value)s"), params))
        return found

    def _value(self, name: str, value: Any) -> Any:
        if isinstance(value, Sequence) and not isinstance(value, str):
            return tuple(self._value(name, one) for one in value) or NOTHING
        item = self.definition.fields.get(name)
        choice = item.choice(value) if item is not None and item.enum else None
        return choice.label(self.language) if choice else shown(value)
