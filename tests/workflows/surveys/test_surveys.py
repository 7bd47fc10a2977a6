"""Surveys: who is asked, once each, nothing by which anybody could be told, promises that publishing can't break."""

from __future__ import annotations

import json
from datetime import date

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from metadata import access, publish, records, store
from metadata.access import Actor
from metadata.engine import publishing
from metadata.errors import Conflict, DefinitionError, NotAllowed, NotFound
from tests.workflows.training.conftest import company
from workflows.installation import UTC_ZONE
from workflows.surveys import answering, results

__all__ = ["company"]
TODAY = date(2026, 11, 27)
PULSE = {
    "$id": "pulse",
    "x-kind": "survey",
    "title": "Pulse",
    "type": "object",
    "properties": {
        "mood": {"type": "integer", "minimum": 1, "maximum": 5},
        "words": {"type": "string"},
        "tools": {"type": "array", "items": {"type": "string", "enum": ["desk", "phone"]}},
        "department": {"$ref": "department"},
    },
    "required": ["mood"],
    "x-survey": {"from": "2026-11-01", "to": "2026-11-30", "minimum": 3, "split": "department"},
    "x-access": {
        "HR admin": {"rows": "all", "can": ["list", "show", "add", "edit", "remove", "export", "import"]},
        "Employee": {"rows": "own", "can": ["list", "show", "add"]},
    },
}
ADMIN = Actor("root", frozenset({"Admin"}))


def put(company, **parts):
    """Publish the survey with other terms; None takes one away."""
    terms = {k: v for k, v in {**PULSE["x-survey"], **parts}.items() if v is not None}
    with publishing(), Session(company.engine) as session, session.begin():
        company.catalog = publish.publish(
            session,
            company.catalog,
            [{**PULSE, "x-survey": terms}],
            actor=access.system("hana"),
            comment="",
            now=company.now,
        )


@pytest.fixture
def pulse(company):
    put(company)
    return company


def answer(company, person, mood=3, unit=1, roles=("Employee",), **more):
    actor = Actor(f"person{person}", frozenset(roles), person, unit)
    values = {"mood": mood, **more}
    with Session(company.engine) as session, session.begin():
        answering.answer(
            session, company.catalog, actor, "pulse", values, now=company.now, today=TODAY, zone=UTC_ZONE, form="json"
        )


def told(company, account="hana", today=date(2026, 12, 1)):
    actor = company.actor(account) if isinstance(account, str) else account
    return company.read(results.results, actor, "pulse", today, "en")


def asks(company, account):
    return [o.answered for o in company.read(answering.open_surveys, company.actor(account), TODAY)]


class TestWhoIsAsked:
    def test_everybody_who_works_here_inside_its_days_and_once(self, pulse):
        emma = pulse.actor("emma")
        assert asks(pulse, "emma") == [False]
        answer(pulse, emma.person_id)
        assert asks(pulse, "emma") == [True]
        with pytest.raises(Conflict):
            answer(pulse, emma.person_id)
        for day in (date(2026, 10, 31), date(2026, 12, 1)):
            assert pulse.read(answering.open_surveys, emma, day) == []
        with pytest.raises(NotFound):
            answer(pulse, None)

    @pytest.mark.parametrize(
        ("audience", "who"),
        [
            ({"roles": ["Department head"]}, {"derek", "sofia"}),
            ({"units": ["production"]}, {"derek", "emma"}),
            ({"where": {"properties": {"name": {"const": "Emma Clarke"}}, "required": ["name"]}}, {"emma"}),
            ({"roles": ["Employee"], "units": ["production"]}, {"emma"}),
        ],
    )
    def test_or_those_who_meet_all_that_is_said(self, company, audience, who):
        units = {"production": company.actor("derek").unit_id}
        put(company, audience={k: [units[u] for u in v] if k == "units" else v for k, v in audience.items()})
        assert {a for a in ("derek", "sofia", "emma", "liwei") if asks(company, a)} == who


class TestAnonymity:
    def test_nothing_in_the_database_tells_who_answered_what(self, pulse):
        with Session(pulse.engine) as session:
            before = {
                t.name: session.execute(select(func.count()).select_from(t)).scalar_one()
                for t in (store.audit, store.outbox)
            }
        for person in range(1, 7):
            answer(pulse, person, unit=person, words=f"w{person}", tools=["desk"])
        with Session(pulse.engine) as session:
            after = {
                t.name: session.execute(select(func.count()).select_from(t)).scalar_one()
                for t in (store.audit, store.outbox)
            }
            table = pulse.catalog["pulse"].table
            rows = (
                session.execute(select(*(c.label(k) for k, c in table.c.items())).order_by(table.c.id)).mappings().all()
            )
            kept = session.execute(select(store.survey_answered)).one()
        assert after == before, "neither trail nor event"
        system = {"_created_by", "_created_at", "_changed_by", "_changed_at", "_version", "_removed_at", "_removed_by"}
        assert len({tuple(row[k] for k in sorted(system)) for row in rows}) == 1, "alike but for the answers"
        assert {row["_created_by"] for row in rows} == {"anonymous"}
        assert [row["words"] for row in rows] != [f"w{n}" for n in range(1, 7)] or rows[0]["id"] > 2**32
        assert kept.people == [1, 2, 3, 4, 5, 6]
        assert "person1" not in json.dumps([dict(row) for row in rows], default=str)

    def test_single_answers_are_open_to_nobody(self, pulse):
        for person in range(1, 5):
            answer(pulse, person)
        entity = pulse.catalog["pulse"]
        with Session(pulse.engine) as session:
            for actor in (pulse.actor("hana"), pulse.actor("emma"), ADMIN):
                for action in ("list", "show", "add", "edit", "remove", "export", "import"):
                    assert not access.may(actor, entity, action)
                with pytest.raises(NotAllowed):
                    records.select(session, pulse.catalog, "pulse", actor, records.Query())
                with pytest.raises(NotFound):
                    records.find(session, pulse.catalog, "pulse", actor, 1)
                assert "nobody" in access.explain(actor, entity, "list").reason

    def test_results_wait_for_the_last_day_and_for_enough(self, pulse):
        answer(pulse, 1)
        answer(pulse, 2)
        assert told(pulse, today=TODAY).waiting
        assert (told(pulse).few, told(pulse).questions) == (True, ())
        answer(pulse, 3, mood=5)
        mood = told(pulse).questions[0]
        assert (mood.whole.values, round(mood.whole.mean, 2)) == ([(3, 2), (5, 1)], 3.67)

    def test_departments_by_which_a_small_one_could_be_told_are_left_out(self, pulse):
        for person, unit in enumerate([1, 1, 1, 2, 2, 2, 2, 3], start=1):
            answer(pulse, person, unit=unit, mood=unit)
        mood, words = told(pulse).questions[:2]
        assert [(part.count, part.mean) for part in mood.parts] == [(4, 2.0)]
        assert mood.hidden
        assert words.whole is None, "nobody wrote any"

    def test_words_come_in_an_order_of_their_own(self, pulse):
        for person, words in enumerate(["zebra", "apple", "mango"], start=1):
            answer(pulse, person, words=words, tools=["phone", "desk"])
        _mood, words, tools = told(pulse).questions
        assert words.whole.texts == ["apple", "mango", "zebra"]
        assert tools.whole.values == [("desk", 3), ("phone", 3)]

    @pytest.mark.parametrize("account", ["emma", "derek", "tariq", "audrey"])
    def test_results_are_for_those_who_oversee_them(self, pulse, account):
        with pytest.raises(NotFound):
            told(pulse, account)

    def test_admin_and_a_person_seen_as_hr_know_no_more_than_they_may(self, pulse):
        assert told(pulse, ADMIN).few
        seen = Actor("hana", frozenset({"HR admin"}), within=pulse.actor("emma"))
        with pytest.raises(NotFound):
            told(pulse, seen)


class TestPromises:
    def test_can_change_while_nobody_has_answered(self, pulse):
        put(pulse, minimum=8)
        put(pulse, minimum=4)
        put(pulse, anonymous=False, minimum=None)
        put(pulse)

    def test_hold_once_somebody_has(self, pulse):
        answer(pulse, 1)
        put(pulse, minimum=5)
        answer(pulse, 2)
        for parts in ({"minimum": 4}, {"anonymous": False, "minimum": None}):
            with pytest.raises(DefinitionError) as error:
                put(pulse, **parts)
            assert error.value.problems[0].pointer.startswith("/x-survey/")
        for plain in ({k: v for k, v in PULSE.items() if k != "x-survey"}, {**PULSE, "x-kind": "entity"}):
            document = {k: v for k, v in plain.items() if k != "x-survey"}
            with Session(pulse.engine) as session:
                assert not publish.preview(session, pulse.catalog, [document]).publishable

    def test_hold_when_it_was_withdrawn_and_comes_back_as_something_else(self, pulse):
        answer(pulse, 1)
        with publishing(), Session(pulse.engine) as session, session.begin():
            gone = [{"$id": "pulse", "x-withdrawn": True}]
            pulse.catalog = publish.publish(
                session, pulse.catalog, gone, actor=access.system(), comment="", now=pulse.now, confirm=["pulse"]
            )
        plain = {**{k: v for k, v in PULSE.items() if k != "x-survey"}, "x-kind": "entity"}
        with Session(pulse.engine) as session:
            assert "/x-survey/anonymous" in [
                p.pointer for p in publish.preview(session, pulse.catalog, [plain]).problems
            ]

    def test_a_survey_with_names_keeps_them_and_never_becomes_anonymous(self, company):
        put(company, anonymous=False, minimum=None)
        answer(company, 1, mood=4)
        with Session(company.engine) as session:
            row = records.select(session, company.catalog, "pulse", company.actor("hana"), records.Query()).rows[0]
        assert (row.created_by, row.get("mood")) == ("person1", 4)
        assert told(company, today=TODAY).questions[0].whole.count == 1
        with pytest.raises(DefinitionError):
            put(company)
