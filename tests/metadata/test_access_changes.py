"""Changes of access rules in words, and the edits that make them."""

from __future__ import annotations

import pytest

from metadata import access_changes, access_editing, changes, parser
from metadata.model import ACTIONS

BASE = {
    "$id": "shift",
    "title": "Shift",
    "type": "object",
    "properties": {"day": {"type": "string", "title": "Day"}, "pay": {"type": "number", "title": "Pay"}},
    "x-access": {"Trainer": {"rows": "own", "can": ["list", "show"], "hides": ["pay"]}},
}


def sentences(rules):
    """What is told when the trainers' rules become these."""
    after = {**BASE, "x-access": rules}
    found = changes.compare(parser.parse(BASE), parser.parse(after))
    return [change.text for change in found if change.kind == "access"]


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        (BASE["x-access"], []),
        ({}, ["“Trainer” loses list, show: own records."]),
        (
            {"Trainer": {"rows": "all", "can": ["list", "show"], "hides": ["pay"]}},
            ["“Trainer” gets list, show: all records.", "“Trainer” loses list, show: own records."],
        ),
        ({"Trainer": {"rows": "own", "can": ["list", "show"]}}, ["“Trainer” sees from now on: Pay."]),
        (
            {"Trainer": {"rows": "own", "can": ["list", "show"], "hides": ["pay"], "locks": ["day"]}},
            ["“Trainer” can no longer set everywhere: Day."],
        ),
        (
            {**BASE["x-access"], "Auditor": {"rows": "all", "where": {"required": ["day"]}, "can": ["export"]}},
            ["“Auditor” gets export: all records that meet a condition."],
        ),
        (
            {"Trainer": {"rows": "own", "can": ["list", "show"], "hides": ["pay"], "others_only": True}},
            ["The rules of “Trainer” change."],
        ),
    ],
)
def test_says_what_each_role_gets_and_loses(rules, told):
    assert sentences(rules) == told


def test_names_the_roles_that_change():
    after = parser.parse({**BASE, "x-access": {**BASE["x-access"], "Auditor": {"rows": "none"}}})
    assert access_changes.changed_roles(parser.parse(BASE), after) == {"Auditor"}


class TestPutRules:
    def test_one_rule_stands_alone_and_several_in_a_list(self):
        one, two = (
            {"rows": "all", "can": ["show", "list"], "hides": [], "others_only": False},
            {"rows": "own", "can": []},
        )
        made = access_editing.put_rules(BASE, "Auditor", [one])
        assert made["x-access"]["Auditor"] == {"rows": "all", "can": ["list", "show"]}
        made = access_editing.put_rules(made, "Auditor", [one, two])
        assert made["x-access"]["Auditor"] == [{"rows": "all", "can": ["list", "show"]}, {"rows": "own", "can": []}]
        assert "Auditor" not in BASE["x-access"]

    def test_without_a_rule_the_role_is_no_longer_named(self):
        assert access_editing.put_rules(BASE, "Trainer", [])["x-access"] == {}

    def test_what_was_silently_granted_stays_when_rules_are_written_down(self):
        bare = {key: value for key, value in BASE.items() if key != "x-access"}
        made = access_editing.put_rules(bare, "Trainer", [{"rows": "own", "can": ["show"]}])
        assert made["x-access"]["HR admin"] == {"rows": "all", "can": list(ACTIONS)}

    def test_a_role_gets_what_another_has(self):
        assert access_editing.copy_role(BASE, "Trainer", "Tutor")["x-access"]["Tutor"] == BASE["x-access"]["Trainer"]
        assert "Trainer" not in access_editing.copy_role(BASE, "Nobody", "Trainer")["x-access"]
