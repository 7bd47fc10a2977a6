"""Records named in a file by what people read of them: found, refused with the reason, and never found where hidden."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from metadata import records
from metadata.access import Actor
from metadata.engine import writing
from tests.metadata.conftest import HANA, NOW

ALL = ["list", "show", "add", "edit", "import"]
CLERK = Actor("clerk", frozenset({"Employee"}))
SPOT = {
    "$id": "spot",
    "title": "Spot",
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 40},
        "name_zh": {"type": "string", "maxLength": 40},
        "open": {"type": "boolean"},
    },
    "x-label": ["name"],
    "x-i18n": {"zh": {"x-label": ["name_zh"]}},
    "x-access": {
        "HR admin": {"rows": "all", "can": ALL},
        "Employee": {
            "rows": "all",
            "where": {"properties": {"open": {"const": True}}, "required": ["open"]},
            "can": ["list", "show"],
        },
    },
}
LOAD = {
    "$id": "load",
    "title": "Load",
    "type": "object",
    "properties": {
        "code": {"type": "string", "maxLength": 9},
        "at": {"$ref": "spot"},
        "via": {"type": "array", "items": {"$ref": "spot"}},
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"what": {"type": "string", "maxLength": 9}, "goal": {"$ref": "spot"}},
            },
        },
    },
    "required": ["at"],
    "x-unique": [["code"]],
    "x-access": {role: {"rows": "all", "can": ALL} for role in ("HR admin", "Employee")},
}


@pytest.fixture
def door(bare_door):
    bare_door.publish(SPOT, LOAD)
    return bare_door


@pytest.fixture
def spots(door) -> dict[str, int]:
    named = (("North", "北"), ("South; East", "南"), ("Twin", "甲"), ("Twin", "乙"))
    made = {zh: door.create("spot", name=name, name_zh=zh, open=zh != "南").id for name, zh in named}
    number = str(made["北"])
    return made | {"number": door.create("spot", name=number, name_zh="数", open=True).id}


def merged(door: Any, *rows: dict[str, str], actor: Actor = HANA) -> records.Outcome:
    with writing(), Session(door.engine) as session, session.begin():
        return records.merge_many(session, door.catalog, "load", actor, rows, now=NOW, form="text", partial=True)


def at(door: Any, outcome: records.Outcome, name: str = "at") -> list[Any]:
    with Session(door.engine) as session:
        found = [records.find(session, door.catalog, "load", HANA, i) for i in outcome.created]
    return [record[name] for record in found]


def reasons(outcome: records.Outcome) -> dict[int, list[tuple[str, str]]]:
    return {place: [(p.pointer, p.text) for p in found] for place, found in outcome.problems.items()}


class TestNames:
    def test_lead_to_their_records_in_either_language_and_by_number(self, door, spots):
        words = ["North", "北", f"#{spots['北']}", " 南 ", str(spots["南"])]
        done = merged(door, *({"code": str(n), "at": word} for n, word in enumerate(words)))
        assert at(door, done) == [spots["北"]] * 3 + [spots["南"]] * 2

    def test_stand_in_lists_and_in_rows(self, door, spots):
        via, lines = (
            '["South; East", "北"]',
            json.dumps([{"what": "x", "goal": "North"}, {"what": "y", "goal": spots["南"]}]),
        )
        done = merged(door, {"at": "North", "via": "North; 南", "lines": lines}, {"code": "b", "at": "北", "via": via})
        assert at(door, done, "via") == [(spots["北"], spots["南"]), (spots["南"], spots["北"])]
        assert [row["goal"] for row in at(door, done, "lines")[0]] == [spots["北"], spots["南"]]

    def test_that_nobody_or_several_have_are_refused_at_their_place(self, door, spots):
        rows = (
            {"code": "a", "at": "West"},
            {"code": "b", "at": "Twin"},
            {"code": "c", "at": "North", "via": "North; West; Twin"},
            {"code": "d", "at": "North", "lines": '[{"what": "x", "goal": "North"}, {"what": "y", "goal": "West"}]'},
            {"code": "e", "at": "North"},
        )
        done = merged(door, *rows)
        nobody = "There is no record called “West” here, or you may not see it."
        several = "Several records are called “Twin”; give the number of one, such as #12."
        assert reasons(done) == {
            0: [("/at", nobody)],
            1: [("/at", several)],
            2: [("/via/1", nobody), ("/via/2", several)],
            3: [("/lines/1/goal", nobody)],
        }
        assert len(done.created) == 1

    def test_that_are_numbers_are_not_taken_for_other_records(self, door, spots):
        number = str(spots["北"])
        done = merged(door, {"code": "a", "at": number}, {"code": "b", "at": f"#{number}"}, {"code": "c", "at": "数"})
        assert list(reasons(done)) == [0]
        assert "the number of one record and the name of another" in reasons(done)[0][0][1]
        assert at(door, done) == [spots["北"], spots["number"]]
        door.change("spot", spots["number"], name="900000")
        assert at(door, merged(door, {"code": "d", "at": "900000"})) == [spots["number"]]

    def test_of_hidden_records_are_as_unknown_as_others(self, door, spots):
        rows = [{"code": word, "at": word} for word in ("North", "South; East", "West", str(spots["南"]))]
        done = merged(door, *rows, actor=CLERK)
        told = reasons(done)
        assert list(told) == [1, 2, 3]
        assert told[1][0][1].replace("South; East", "West") == told[2][0][1]

    def test_change_the_record_with_the_key_and_leave_it_when_they_say_the_same(self, door, spots):
        merged(door, {"code": "a", "at": "North"})
        assert merged(door, {"code": "a", "at": "北"}).unchanged == 1
        assert len(merged(door, {"code": "a", "at": "南"}).changed) == 1
        assert reasons(merged(door, {"code": "a", "at": "West"})).keys() == {0}

    def test_cost_the_same_statements_for_many_rows(self, door, spots):
        sent: list[str] = []
        event.listen(door.engine, "before_cursor_execute", lambda *call: sent.append(call[2]))
        costs = []
        for many in (1, 300):
            sent.clear()
            merged(door, *({"code": f"{many}-{n}", "at": "North", "via": "北; 南"} for n in range(many)))
            costs.append(len([s for s in sent if "rec_spot" in s]))
        assert costs[0] == costs[1] <= 4
