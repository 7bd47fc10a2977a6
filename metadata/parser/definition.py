"""A checked document to a frozen Definition: pure, and every default that a document may leave out.

The document has passed `metadata.dialect.check`, so nothing is judged here. `fields` reads the
properties; this module reads everything around them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from metadata.model import (
    ACTIONS,
    Definition,
    Directory,
    Field,
    Owner,
    RoleAccess,
    Rule,
    Screen,
    Section,
    Texts,
    frozen,
)
from metadata.parser import kinds
from metadata.parser.fields import PERSON, read_fields
from metadata.parser.freezing import frozen_deep

LOGIC = ("allOf", "dependentRequired", "else", "if", "not", "then")
LISTED_FIELDS = 6
UNIT = "department"
_READ_HERE = frozenset(
    f"x-{word}"
    for word in (
        *("access", "directory", "group", "i18n", "icon", "kind", "label"),
        *("catalog", "measure", "okr", "owner", "plural", "review", "survey", "rules", "screen", "unique"),
    )
)


def parse(document: Mapping[str, Any]) -> Definition:
    """The definition that a checked document describes."""
    document = frozen_deep(document)  # once: all that is taken from it below needs no freezing of its own
    i18n: Mapping[str, Any] = document.get("x-i18n", {})
    fields = read_fields(document, i18n)
    directory = _directory(document)
    courses = kinds.courses(document.get("x-catalog"))
    return Definition(
        name=document["$id"],
        kind=document.get("x-kind", "entity"),
        texts=_texts(document, i18n),
        fields=frozen(fields),
        unique=tuple(tuple(group) for group in document.get("x-unique", ())),
        logic=frozen({key: document[key] for key in LOGIC if key in document}),
        rules=tuple(_own_rule(given) for given in document.get("x-rules", ())),
        access=frozen(kinds.guarded(_access(document), courses)),
        screen=_screen(document.get("x-screen", {}), fields, i18n),
        owner=_owner(document, fields, directory),
        directory=directory,
        measure=kinds.measure(document.get("x-measure")),
        label_fields=frozen(_label_fields(document, fields, i18n)),
        group=document.get("x-group", "data"),
        icon=document.get("x-icon", ""),
        extras=frozen({k: v for k, v in document.items() if k.startswith("x-") and k not in _READ_HERE}),
        document=document,
        okr=kinds.okr(document.get("x-okr")),
        courses=courses,
        form=kinds.form(document.get("x-review")),
        survey=kinds.survey(document.get("x-survey")),
    )


def _texts(document: Mapping[str, Any], i18n: Mapping[str, Any]) -> Texts:
    def read(source: Mapping[str, Any]) -> dict[str, str]:
        wanted = {"title": "title", "plural": "x-plural", "description": "description"}
        return {name: source[key] for name, key in wanted.items() if key in source}

    translated = {language: frozen(read(words)) for language, words in i18n.items()}
    return Texts(**read(document), translated=frozen(translated))


def _own_rule(given: Mapping[str, Any]) -> Rule:
    said = {language: frozen({"description": text}) for language, text in given.get("x-i18n", {}).items()}
    texts = Texts("", description=given["message"], translated=frozen(said))
    return Rule(texts, given.get("at", ""), given.get("if"), given.get("formula"))


def _access(document: Mapping[str, Any]) -> dict[str, tuple[RoleAccess, ...]]:
    given = document.get("x-access")
    if given is None:
        return {"HR admin": (RoleAccess("all", frozenset(ACTIONS)),)}
    return {role: tuple(_rule(rule) for rule in rules_of(said)) for role, said in given.items()}


def rules_of(said: Any) -> Sequence[Mapping[str, Any]]:
    """The rules of one role: a single one needs no list around it."""
    return [said] if isinstance(said, Mapping) else list(said)


def _rule(rule: Mapping[str, Any]) -> RoleAccess:
    return RoleAccess(
        rows=rule["rows"],
        can=frozenset(rule.get("can", ())),
        hides=frozenset(rule.get("hides", ())),
        locks=frozenset(rule.get("locks", ())),
        others_only=bool(rule.get("others_only", False)),
        assigned=tuple(rule.get("assigned", ())),
        where=rule.get("where", frozen()),
    )


def _screen(screen: Mapping[str, Any], fields: Mapping[str, Field], i18n: Mapping[str, Any]) -> Screen:
    sections = [_section(section, i18n) for section in screen.get("sections", ())]
    placed = {name for section in sections for name in section.fields}
    left = tuple(name for name in fields if name not in placed)
    if left:
        sections.append(Section(Texts(""), left))
    listed = screen.get("list", tuple(fields)[:LISTED_FIELDS])
    return Screen(tuple(listed), _order(screen.get("order", "-id")), tuple(sections))


def _order(order: str | Sequence[str]) -> tuple[tuple[str, bool], ...]:
    keys = (order,) if isinstance(order, str) else order
    return tuple((key.removeprefix("-"), key.startswith("-")) for key in keys)


def _section(section: Mapping[str, Any], i18n: Mapping[str, Any]) -> Section:
    title = section.get("title", "")
    translated = {
        language: frozen({"title": words["sections"][title]})
        for language, words in i18n.items()
        if title in words.get("sections", {})
    }
    texts = Texts(title, description=section.get("description", ""), translated=frozen(translated))
    return Section(texts, tuple(section["fields"]), section.get("columns", 2))


def _directory(document: Mapping[str, Any]) -> Directory | None:
    given = document.get("x-directory")
    return Directory(**given) if given else None


def _owner(document: Mapping[str, Any], fields: Mapping[str, Field], directory: Directory | None) -> Owner:
    """Whose record it is: what `x-owner` says, else what the references leave no doubt about."""
    person, unit = _sole(fields, PERSON), _sole(fields, UNIT)
    if directory and directory.kind == "person":
        person, unit = "", directory.unit or unit
    elif directory:
        unit = ""
    given: Mapping[str, Any] = document.get("x-owner", {})
    return Owner(given.get("person", person), given.get("unit", unit))


def _sole(fields: Mapping[str, Field], target: str) -> str | None:
    names = [name for name, field in fields.items() if field.target == target]
    return names[0] if len(names) == 1 else None


def _label_fields(
    document: Mapping[str, Any], fields: Mapping[str, Field], i18n: Mapping[str, Any]
) -> dict[str, tuple[str, ...]]:
    short = (name for name, field in fields.items() if field.type == "text" and field.widget != "textarea")
    labels = {"en": tuple(document.get("x-label", (next(short, "id"),)))}
    labels |= {language: tuple(words["x-label"]) for language, words in i18n.items() if "x-label" in words}
    return labels
