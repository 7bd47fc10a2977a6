"""The second pass over one document: what a schema can't say, such as that a name used is a field declared.

Called by `check` with a document and what the first pass found in it. Parts with a fault of their shape are
left out here, but their names count as declared, so that one mistake is told once and the others are told too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from metadata import parser
from metadata.dialect import conditions, fields, granting, kinds, names, places
from metadata.dialect.fields import RENAME, RESERVED
from metadata.dialect.granting import UNDECLARED, listed
from metadata.dialect.plain import step
from metadata.errors import Problem
from metadata.model import Definition

NO_REFERENCE = "“%(name)s” is no reference to other records."
MOST_KEY_CHARACTERS = 650  # what an index entry of PostgreSQL holds for certain, in the widest characters
BY_ENTRY = ("x-access", "x-i18n", "x-screen")  # whose entries stand for themselves
KEPT_WITHOUT = {"$id": "definition", "title": "Definition", "properties": {}}


def sound_parts(document: Mapping[str, Any], wrong: Sequence[Problem]) -> dict[str, Any]:
    """The document without the fields and keywords that `wrong` points into."""
    kept = dict(document)
    given = kept.get("properties")
    properties = dict(given) if isinstance(given, dict) else {}
    for problem in wrong:
        parts = [part.replace("~1", "/").replace("~0", "~") for part in problem.pointer.split("/")[1:]]
        if parts[:1] == ["properties"]:
            properties.pop(parts[1] if len(parts) > 1 else "", None)
        elif parts and parts[0] in BY_ENTRY and len(parts) > 1 and isinstance(kept.get(parts[0]), dict):
            kept[parts[0]] = {key: value for key, value in kept[parts[0]].items() if key != parts[1]}
        elif parts:
            kept.pop(parts[0], None)
    return {**KEPT_WITHOUT, **kept, "properties": properties}


def problems(document: Mapping[str, Any], wrong: Sequence[Problem]) -> Iterator[Problem]:
    """What is wrong within one document whose shape has the faults `wrong`."""
    declared = places.declared(document)
    definition = parser.parse(sound_parts(document, wrong))
    owner = names.taken_by(definition.name, field=False)
    if owner:
        yield Problem("/$id", RESERVED, {"name": definition.name, "owner": owner}, RENAME)
    yield from fields.problems(definition)
    yield from _names(definition, declared)
    yield from _unique(definition)
    yield from _owners(definition, declared)
    yield from granting.problems(definition, declared)
    yield from kinds.problems(definition, declared)
    yield from _imports(definition, declared)
    yield from _words(definition, declared)
    yield from conditions.problems(definition, declared)


def _names(definition: Definition, declared: frozenset[str]) -> Iterator[Problem]:
    document, with_id = definition.document, declared | {"id"}
    screen, placed = document.get("x-screen", {}), []
    yield from listed("/required", document.get("required", ()), frozenset(document.get("properties", ())))
    yield from listed("/x-label", document.get("x-label", ()), with_id)
    for position, name in enumerate(document.get("x-label", ())):
        if name in definition.fields and (definition.fields[name].many or definition.fields[name].type == "attachment"):
            yield Problem(f"/x-label/{position}", "“%(name)s” can't be part of a label.", {"name": name})
    yield from listed("/x-screen/list", screen.get("list", ()), with_id)
    order = screen.get("order", ())
    for position, key in enumerate([order] if isinstance(order, str) else order):
        if key.removeprefix("-") not in with_id:
            where = "/x-screen/order" if isinstance(order, str) else f"/x-screen/order/{position}"
            yield Problem(where, UNDECLARED, {"name": key.removeprefix("-")})
    for position, section in enumerate(screen.get("sections", ())):
        where = f"/x-screen/sections/{position}/fields"
        yield from listed(where, section["fields"], declared)
        twice = [name for name in section["fields"] if name in placed]
        if twice:
            yield Problem(where, "“%(name)s” stands in another section already.", {"name": twice[0]})
        placed += section["fields"]
    for position, group in enumerate(document.get("x-unique", ())):
        yield from listed(f"/x-unique/{position}", group, declared)


def _unique(definition: Definition) -> Iterator[Problem]:
    for position, group in enumerate(definition.unique):
        known = [definition.fields[name] for name in group if name in definition.fields]
        loose = [f.name for f in known if f.name not in definition.columns or f.type == "attachment"]
        if loose:
            message = "“%(name)s” can't be kept unique."
            yield Problem(f"/x-unique/{position}", message, {"name": loose[0]}, "Name fields with one stored value.")
        endless = [f.name for f in known if f.type in ("long_text", "uri")]
        length = sum((f.max_length or 320) if f.type in ("text", "email") else 100 if f.enum else 0 for f in known)
        if endless:
            message, hint = (
                "“%(name)s” can be too long to be kept unique.",
                "Give the field a maxLength of at most 500.",
            )
            yield Problem(f"/x-unique/{position}", message, {"name": endless[0]}, hint)
        elif length > MOST_KEY_CHARACTERS:
            message = "These texts together can be longer than the %(limit)s characters that can be kept unique."
            yield Problem(
                f"/x-unique/{position}", message, {"limit": MOST_KEY_CHARACTERS}, "Give them a smaller maxLength."
            )


def _owners(definition: Definition, declared: frozenset[str]) -> Iterator[Problem]:
    document = definition.document
    places = {f"/x-owner/{word}": name for word, name in document.get("x-owner", {}).items() if name}
    directory = document.get("x-directory", {})
    places |= {
        f"/x-directory/{word}": directory[word] for word in ("unit", "parent", "head", "manager") if word in directory
    }
    for pointer, name in places.items():
        if name not in declared:
            yield Problem(pointer, UNDECLARED, {"name": name})
        elif name in definition.fields and definition.fields[name].target is None:
            yield Problem(pointer, NO_REFERENCE, {"name": name})
    account = directory.get("account")
    if directory.get("kind") == "person" and account is None:
        yield Problem("/x-directory/account", "“%(name)s” is missing.", {"name": "account"})
    elif account is not None and account not in declared:
        yield Problem("/x-directory/account", UNDECLARED, {"name": account})
    elif account in definition.fields and definition.fields[account].type != "text":
        yield Problem("/x-directory/account", "A line of text is needed to keep the name of an account.")
    parent = directory.get("parent")
    if parent in definition.fields and definition.fields[parent].ref not in (None, definition.name):
        yield Problem("/x-directory/parent", "A unit's parent is a record of the same definition.")
    manager = directory.get("manager")
    if manager in definition.fields and definition.fields[manager].ref not in (None, definition.name):
        yield Problem("/x-directory/manager", "A person's manager is a record of the same definition.")


def _imports(definition: Definition, declared: frozenset[str]) -> Iterator[Problem]:
    given = definition.document.get("x-import", {})
    for header, name in given.get("headers", {}).items():
        if name not in declared:
            yield Problem(step("/x-import/headers", header), UNDECLARED, {"name": name})
    for name, forms in given.get("dates", {}).items():
        pointer = step("/x-import/dates", name)
        if name not in declared:
            yield Problem(pointer, UNDECLARED, {"name": name})
        elif name in definition.fields and definition.fields[name].type not in ("date", "date_time"):
            yield Problem(pointer, "“%(name)s” is no date.", {"name": name})
        for form in [forms] if isinstance(forms, str) else forms:
            if not _reads_dates(form):
                yield Problem(pointer, "“%(form)s” is no form of a date, such as %%d.%%m.%%Y.", {"form": form})


def _reads_dates(form: str) -> bool:
    day = datetime(2001, 2, 3)  # noqa: DTZ001  # only its digits matter
    try:
        return datetime.strptime(day.strftime(form), form).date() == day.date()  # noqa: DTZ007
    except (ValueError, OverflowError):
        return False


def _words(definition: Definition, declared: frozenset[str]) -> Iterator[Problem]:
    document = definition.document
    titles = {section["title"] for section in document.get("x-screen", {}).get("sections", ())}
    for language, words in document.get("x-i18n", {}).items():
        pointer = step("/x-i18n", language)
        yield from listed(f"{pointer}/x-label", words.get("x-label", ()), declared | {"id"})
        for name, spoken in words.get("properties", {}).items():
            where = step(f"{pointer}/properties", name)
            if name not in declared:
                yield Problem(where, UNDECLARED, {"name": name})
                continue
            field = definition.fields.get(name)
            known = {str(choice.value) for choice in field.enum} if field else set(spoken.get("x-enum-labels", ()))
            inner = spoken.get("properties", {}) if field else {}
            for word in inner:
                if field and word not in field.rows:
                    yield Problem(step(f"{where}/properties", word), UNDECLARED, {"name": word})
            for word in spoken.get("x-enum-labels", {}):
                if word not in known:
                    message = "There is no choice “%(name)s”."
                    yield Problem(step(f"{where}/x-enum-labels", word), message, {"name": word})
        for title in words.get("sections", {}):
            if title not in titles and "x-screen" in document:
                message = "There is no section called “%(name)s”."
                yield Problem(step(f"{pointer}/sections", title), message, {"name": title})
