"""Edits of the access rules in a definition's document: plain JSON in, a new document out, nothing else touched.

Called by the matrix page. Pure, like `editing`; whether the result makes sense `dialect.check` says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from metadata.model import ACTIONS
from metadata.parser import rules_of, thawed

Document = dict[str, Any]
Rule = Mapping[str, Any]


def rules(document: Mapping[str, Any], role: str) -> list[dict[str, Any]]:
    """The rules of a role; none where the document does not name it."""
    said = document.get("x-access", {}).get(role)
    return [thawed(rule) for rule in rules_of(said)] if said is not None else []


def put_rules(document: Mapping[str, Any], role: str, given: Sequence[Rule]) -> Document:
    """The document with exactly these rules for the role; without any the role is no longer named."""
    made: Document = thawed(document)
    access = made.setdefault("x-access", {"HR admin": {"rows": "all", "can": list(ACTIONS)}})
    kept = [_tidy(rule) for rule in given]
    if not kept:
        access.pop(role, None)
    else:
        access[role] = kept[0] if len(kept) == 1 else kept
    return made


def copy_role(document: Mapping[str, Any], source: str, target: str) -> Document:
    """The document in which `target` has the rules that `source` has."""
    return put_rules(document, target, rules(document, source))


def _tidy(rule: Rule) -> dict[str, Any]:
    """The rule as people write it: in the usual order, nothing empty."""
    made: dict[str, Any] = {"rows": rule["rows"]}
    if rule["rows"] == "assigned":
        made["assigned"] = list(rule.get("assigned", ()))
    if rule.get("where"):
        made["where"] = thawed(rule["where"])
    made["can"] = [action for action in ACTIONS if action in rule.get("can", ())]
    for word in ("hides", "locks"):
        if rule.get(word):
            made[word] = list(rule[word])
    if rule.get("others_only"):
        made["others_only"] = True
    return made
