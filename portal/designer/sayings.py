"""Conditions as sentences in the reader's language, for the designer's pages."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from metadata.model import Definition
from portal.access import language
from portal.designer.conditions import ASK, REFUSE, REQUIRE, SHOW, Condition, Test
from portal.formats import shown_value

EFFECTS = {
    REQUIRE: _l("these fields must be filled"),
    ASK: _l("these fields are shown and must be filled, else they are not shown"),
    SHOW: _l("these fields are shown, else they are not"),
    REFUSE: _l("the record is refused with a message"),
}
OPERATORS = {
    "is": _l("is"),
    "is_not": _l("is not"),
    "one_of": _l("is one of"),
    "at_least": _l("is at least"),
    "at_most": _l("is at most"),
    "more": _l("is more than"),
    "less": _l("is less than"),
    "filled": _l("is filled"),
    "empty": _l("is empty"),
}


def sentence(definition: Definition, condition: Condition) -> str:
    """The whole condition."""
    words = [_told(definition, test) for test in condition.tests]
    when = (_(" or ") if condition.any_of else _(" and ")).join(words)
    fields = _(" and ").join(f"“{_title(definition, name)}”" for name in condition.targets)
    if condition.effect == REFUSE:
        message = condition.message_zh if language() == "zh" and condition.message_zh else condition.message
        return _("A record is refused when %(when)s: %(message)s", when=when, message=message)
    if condition.effect == ASK:
        return _("%(fields)s: shown only when %(when)s, and must be filled then.", fields=fields, when=when)
    if condition.effect == SHOW:
        return _("%(fields)s: shown only when %(when)s.", fields=fields, when=when)
    return _("%(fields)s: must be filled when %(when)s.", fields=fields, when=when)


def _told(definition: Definition, test: Test) -> str:
    field = definition.fields.get(test.field)
    values = " / ".join(shown_value(field, value) for value in test.values)
    words = {"field": f"“{_title(definition, test.field)}”", "is": str(OPERATORS[test.operator]), "value": values}
    return (_("%(field)s %(is)s %(value)s", **words) if test.values else _("%(field)s %(is)s", **words)).strip()


def _title(definition: Definition, name: str) -> str:
    field: Any = definition.fields.get(name)
    return field.title(language()) if field else name
