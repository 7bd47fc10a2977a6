"""Why somebody may or may not: the words against what the rules promise by hand, over random worlds."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from metadata import access, access_effects, records, why
from metadata.catalog import Entity
from metadata.engine import writing
from metadata.errors import NotFound
from tests.metadata import access_world as made
from tests.metadata.conftest import HANA, NOW

SLOW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def errands(door):
    door.publish(made.ERRAND)
    return door


def asking():
    person, roles = st.integers(0, 2), st.sets(st.sampled_from(made.ROLES), max_size=2)
    return st.tuples(person | person | st.none(), roles.map(lambda some: some | {"Trainer"}) | roles)


@SLOW
@given(world=made.worlds(), rules=made.accesses(), asked=asking(), name=st.sampled_from([None, "secret", "score"]))
def test_the_answer_is_what_the_rules_promise_and_another_role_would_do_what_it_says(
    errands, world, rules, asked, name
):
    catalog = made.with_access(errands.catalog, rules)
    entity = catalog["errand"]
    item = entity.definition.fields.get(name or "")
    with writing(), Session(errands.engine) as session:
        made.build(session, catalog, world)
        who = None if asked[0] is None else asked[0] % len(world.people)
        account = "outsider" if who is None else f"p{who}"
        actor = access.load_actor(session, catalog, account, asked[1])
        for action in made.ACTIONS:
            granted = made.promised(world, rules, asked[1], who, action, setting=action == "edit")
            for record_id in world.records:
                found = why.explain(session, catalog, actor, entity, record_id=record_id, item=item)
                (answer,) = (one for one in found.answers if one.action == action)
                expected = record_id in granted and (name is None or name in granted[record_id])
                assert answer.allowed == expected
                assert answer.reasons
                for sentence in answer.would:
                    more = made.promised(
                        world, rules, {*asked[1], sentence.role}, who, action, setting=action == "edit"
                    )
                    assert record_id in more or keeps_apart(rules, sentence.role)
        session.rollback()


def keeps_apart(rules, role) -> bool:
    said = rules[role] if isinstance(rules[role], list) else [rules[role]]
    return any(rule.get("others_only") for rule in said)


@SLOW
@given(world=made.worlds(), before=made.accesses(), after=made.accesses())
def test_effects_are_the_records_that_open_and_close_for_each_person(errands, world, before, after):
    catalog = made.with_access(errands.catalog, before)
    old = catalog["errand"]
    new = access_effects.countable(old, made.with_access(errands.catalog, after)["errand"].definition)
    assert new is not None
    with writing(), Session(errands.engine) as session:
        made.build(session, catalog, world)
        accounts = {f"p{i}": {"Trainer", "Employee"} for i in range(len(world.people))} | {"outsider": {"Trainer"}}
        actors = list(access.load_actors(session, catalog, accounts).values())
        found = {
            (e.account, e.action): (e.gained, e.lost)
            for e in access_effects.effects(session, catalog, old, new, actors)
        }
        for account, roles in accounts.items():
            who = int(account[1:]) if account != "outsider" else None
            for action in ("show", "edit"):
                was, will = (set(made.promised(world, rules, roles, who, action)) for rules in (before, after))
                assert found.get((account, action), (0, 0)) == (len(will - was), len(was - will))
        session.rollback()


class TestExplain:
    def test_names_the_hidden_field_and_the_role_that_would_show_it(self, errands):
        rules = {
            "Employee": {"rows": "own", "can": ["list", "show"], "hides": ["secret"]},
            "Trainer": {"rows": "assigned", "assigned": ["reviewer"], "can": ["show"]},
        }
        catalog = made.with_access(errands.catalog, rules)
        empty = dict.fromkeys(made.ERRAND["properties"])
        world = made.World([None], [0], [None], [None], [{**empty, "employee": 0, "reviewer": 0}])
        with writing(), Session(errands.engine) as session:
            made.build(session, catalog, world)
            actor = access.load_actor(session, catalog, "p0", {"Employee"})
            (record_id,) = world.records
            entity = catalog["errand"]
            found = why.explain(
                session, catalog, actor, entity, record_id=record_id, item=entity.definition.fields["secret"]
            )
            show = found.answers[1]
            session.rollback()
        assert (show.action, show.allowed, [s.message for s in show.reasons]) == ("show", False, [why.HIDDEN])
        assert [(s.role, s.params["fields"]) for s in show.would] == [("Trainer", "Reviewer")]

    def test_says_that_nobody_stands_behind_the_account(self, errands):
        with Session(errands.engine) as session:
            actor = access.load_actor(session, errands.catalog, "ghost", {"Employee"})
            found = why.explain(session, errands.catalog, actor, errands.catalog["employee"])
        assert [note.message for note in found.notes] == [why.NO_PERSON]

    def test_a_missing_record_is_not_explained(self, errands):
        with Session(errands.engine) as session, pytest.raises(NotFound):
            why.explain(session, errands.catalog, HANA, errands.catalog["errand"], record_id=999_999)

    def test_tells_that_a_record_is_in_the_bin(self, errands):
        number = errands.create("errand", note="x").id
        with writing(), Session(errands.engine) as session, session.begin():
            records.remove(session, errands.catalog, "errand", HANA, number, now=NOW)
        with Session(errands.engine) as session:
            found = why.explain(session, errands.catalog, HANA, errands.catalog["errand"], record_id=number)
        assert why.IN_BIN in [note.message for note in found.notes]


class TestCountable:
    def test_rules_about_fields_that_are_not_stored_yet_are_not_counted(self, errands):
        rule = {"rows": "all", "where": {"required": ["later"]}, "can": ["show"]}
        more = {**made.ERRAND, "properties": {**made.ERRAND["properties"], "later": {"type": "boolean"}}}
        after = made.parser.parse({**more, "x-access": {"Trainer": rule}})
        assert access_effects.countable(errands.catalog["errand"], after) is None

    def test_counts_end_at_the_cap(self, errands, monkeypatch):
        monkeypatch.setattr(access_effects, "CAP", 2)
        for _i in range(4):
            errands.create("errand", note="x")
        old = errands.catalog["errand"]
        new = Entity(
            made.with_access(errands.catalog, {"Trainer": {"rows": "all", "can": ["show"]}})["errand"].definition
        )
        with Session(errands.engine) as session:
            trainer = access.Actor("t", frozenset({"Trainer"}))
            found = access_effects.effects(session, errands.catalog, old, new, [trainer])
        assert [(e.action, e.gained, e.lost) for e in found] == [("show", 3, 0)]
