"""Edits of a definition's document: a plain JSON object in, a new one out, nothing else touched.

Called by the designer. Pure: no database, no catalog. What was given is never changed; a result may
still have problems, which `dialect.check` names.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from metadata import conditions
from metadata.renaming import PARTS_OF_KINDS, rename_fields

Document = dict[str, Any]


def put_field(
    document: Mapping[str, Any],
    name: str,
    schema: Mapping[str, Any],
    words: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    required: bool = False,
    section: int = -1,
) -> Document:
    """The document with the field `name` as `schema`: in its place, or as the last one when it is new.

    A new one stands at the end of the form's section `section` (the last one if not said), where there are any;
    `object.field` makes the object where it is not there, and one that must be filled makes its object so.
    `words` are its texts by language (`{"zh": {"title": …, "description": …, "x-enum-labels": {…}}}`).
    """
    made = _copy(document)
    above, _dot, last = name.rpartition(".")
    holder = _made_holder(made, above)
    fields = holder.setdefault("properties", {})
    sections = made.get("x-screen", {}).get("sections", ())
    if last not in fields and sections:
        chosen = sections[section if -1 <= section < len(sections) else -1]
        chosen["fields"] = [*chosen["fields"], name]
    fields[last] = _copy(schema)
    for language, texts in (words or {}).items():
        _words(made, language, name, texts)
    _mark(holder, "required", last, wanted=required)
    if required:
        _require_objects(made, above)
    return made


def drop_field(document: Mapping[str, Any], name: str) -> Document:
    """The document without the field `name`, wherever a list, a section, a translation, a unique or a rule names it.

    `name` may be a path: `address.city` of an object, `lines.weight` of the rows of a list.
    """
    made = _copy(document)
    above, _dot, last = name.rpartition(".")
    holder = _holder(made, above)
    holder.get("properties", {}).pop(last, None)
    _mark(holder, "required", last, wanted=False)
    _drop_empty_objects(made, above)
    for texts in made.get("x-i18n", {}).values():
        spoken = texts.get("properties", {})
        spoken.pop(name, None)
        spoken.get(above, {}).get("properties", {}).pop(last, None)
    screen = made.get("x-screen", {})
    if "list" in screen:
        screen["list"] = [n for n in screen["list"] if n != name]
    if "sections" in screen:
        emptied = [s for s in screen["sections"] if s["fields"] == [name]]
        screen["sections"] = [s for s in screen["sections"] if s not in emptied]
        for section in screen["sections"]:
            section["fields"] = [n for n in section["fields"] if n != name]
    if str(screen.get("order", "")).lstrip("-") == name:
        del screen["order"]
    _drop_from_label(made, name)
    _drop_from_rule(made, name)
    _drop_from_access(made, name)
    for keyword in PARTS_OF_KINDS:
        if keyword in made:
            made[keyword] = {part: held for part, held in made[keyword].items() if held != name}
    for section in made.get("x-review", {}).get("sections", ()):
        section |= {part: [n for n in section[part] if n != name] for part in ("fields", "required") if part in section}
    if "sections" in made.get("x-review", {}):
        made["x-review"]["sections"] = [one for one in made["x-review"]["sections"] if one["fields"]]
    if made.get("x-catalog", {}).get("quiz", {}).get("field") == name:
        del made["x-catalog"]["quiz"]
    if "x-unique" in made:
        made["x-unique"] = [names for names in made["x-unique"] if name not in names]
        if not made["x-unique"]:
            del made["x-unique"]
    return made


def move_field(document: Mapping[str, Any], name: str, by: int) -> Document:
    """The document with the field `by` places further down (up when negative), as far as there are places.

    In the section that names the field it moves the same way, so that forms show what the list of fields says.
    """
    made = _copy(document)
    fields = made.get("properties", {})
    order = _moved(list(fields), name, by)
    made["properties"] = {n: fields[n] for n in order}
    for section in made.get("x-screen", {}).get("sections", ()):
        if name in section["fields"]:
            section["fields"] = sorted(section["fields"], key=order.index)
    return made


def rename_field(document: Mapping[str, Any], name: str, to: str, column: str = "") -> Document:
    """The document in which the field `name` is called `to` everywhere.

    `column` is where its values are today; naming it keeps them (a field that was never published has none).
    """
    made = _copy(document)
    above, _dot, last = name.rpartition(".")
    if column:
        _holder(made, above)["properties"][last].setdefault("x-id", column)
    made = rename_fields(made, {name: to})
    beside, _dot, called = to.rpartition(".")
    if beside != above:  # into an object, or out of one
        held = _holder(made, above)
        needed = called in held.get("required", ()) or to in held.get("required", ())
        for word in (called, to):
            _mark(held, "required", word, wanted=False)
        _made_holder(made, beside).setdefault("properties", {})[called] = held["properties"].pop(called)
        _mark(_holder(made, beside), "required", called, wanted=needed)
        _drop_empty_objects(made, above)
        if needed:
            _require_objects(made, beside)
    return made


def show_in_list(document: Mapping[str, Any], names: Sequence[str]) -> Document:
    """The document whose list has these columns, in this order."""
    made = _copy(document)
    made["x-screen"] = {**made.get("x-screen", {}), "list": list(names)}
    return made


def retitle(document: Mapping[str, Any], texts: Mapping[str, str], words: Mapping[str, Mapping[str, str]]) -> Document:
    """The document with other texts of its own (title, x-plural, description); an empty one is left out."""
    made = _copy(document)
    _put(made, texts)
    for language, own in words.items():
        _put(made.setdefault("x-i18n", {}).setdefault(language, {}), own)
    return made


def _copy(value: Mapping[str, Any]) -> Document:
    return copy.deepcopy(dict(value))


def _holder(document: Document, path: str) -> Document:
    """What holds the fields below `path`: the document, an object, the rows of a list; nothing where it is gone."""
    found: Document = document
    for part in path.split(".") if path else ():
        found = found.get("properties", {}).get(part, {})
        found = found.get("items", found)
    return found


def _made_holder(document: Document, path: str) -> Document:
    """What holds the fields below `path`; objects on the way are made."""
    found = document
    for part in path.split(".") if path else ():
        found = found.setdefault("properties", {}).setdefault(part, {"type": "object", "properties": {}})
    return found


def _require_objects(document: Document, path: str) -> None:
    while path:
        above, _dot, last = path.rpartition(".")
        _mark(_holder(document, above), "required", last, wanted=True)
        path = above


def _drop_empty_objects(document: Document, path: str) -> None:
    """An object without any field left is gone."""
    while path:
        above, _dot, last = path.rpartition(".")
        if _holder(document, path).get("type") != "object" or _holder(document, path).get("properties"):
            return
        _holder(document, above).get("properties", {}).pop(last, None)
        _mark(_holder(document, above), "required", last, wanted=False)
        path = above


def _words(document: Document, language: str, name: str, texts: Mapping[str, Any]) -> None:
    kept = {key: copy.deepcopy(value) for key, value in texts.items() if value}
    fields = document.setdefault("x-i18n", {}).setdefault(language, {}).setdefault("properties", {})
    if kept:
        fields[name] = kept
    else:
        fields.pop(name, None)


def _drop_from_label(document: Document, name: str) -> None:
    """A label, also one of another language, does without the field; one with nothing left is gone."""
    for place in (document, *document.get("x-i18n", {}).values()):
        label = place.get("x-label")
        if isinstance(label, list):
            place["x-label"] = [n for n in label if n != name]
        if "x-label" in place and not place["x-label"]:
            del place["x-label"]


def _drop_from_rule(document: Document, name: str) -> None:
    """An if/then does without the field; one that asks about it, or asks for nothing else, is gone."""
    asked = document.get("if", {})
    told = [document[branch] for branch in ("then", "else") if branch in document]
    for branch in told:
        branch.get("properties", {}).pop(name, None)
        _mark(branch, "required", name, wanted=False)
    gone = name in asked.get("properties", {}) or name in asked.get("required", ())
    if told and (gone or not any(any(branch.values()) for branch in told)):
        for keyword in ("if", "then", "else"):
            document.pop(keyword, None)


def _drop_from_access(document: Document, name: str) -> None:
    """Access rules do without the field; one whose rows depend on it grants none, so that nothing opens by accident."""
    for said in document.get("x-access", {}).values():
        for rule in [said] if isinstance(said, dict) else said:
            for word in ("hides", "locks", "assigned"):
                if name in rule.get(word, ()):
                    rule[word] = [n for n in rule[word] if n != name]
            if name in conditions.names(rule.get("where", {})) or rule.get("assigned") == []:
                rule["rows"] = "none"
                rule.pop("where", None)
                rule.pop("assigned", None)


def _mark(document: Document, keyword: str, name: str, *, wanted: bool) -> None:
    listed = list(document.get(keyword, ()))
    if wanted and name not in listed:
        document[keyword] = [*listed, name]
    elif not wanted and name in listed:
        document[keyword] = [n for n in listed if n != name]


def _moved(names: list[str], name: str, by: int) -> list[str]:
    at = names.index(name)
    rest = names[:at] + names[at + 1 :]
    to = min(max(at + by, 0), len(rest))
    return [*rest[:to], name, *rest[to:]]


def _put(target: Document, texts: Mapping[str, str]) -> None:
    for key, value in texts.items():
        if value:
            target[key] = value
        else:
            target.pop(key, None)
