"""Access rules against the same rules by hand, over random worlds: every way to read or write keeps to rows and fields."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from metadata import access, audit, conditions, dialect, records
from metadata.audit import Happening
from metadata.engine import writing
from metadata.errors import Invalid, NotAllowed, NotFound
from metadata.records import Filter, Query
from metadata.validation import as_json
from tests.metadata import access_world as made
from tests.metadata.conftest import NOW

SYSTEM = access.system("test")
FIELDS = set(made.ERRAND["properties"])
SLOW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def errands(door):
    door.publish(made.ERRAND)
    return door


def acting(session, catalog, roles, who, real=None):
    """The actor: a person of the world, or an account without one."""
    return access.load_actor(session, catalog, "outsider" if who is None else f"p{who}", roles)


def lookers():
    """Somebody of the world or nobody in it, with some roles."""
    person, roles = st.integers(0, 2), st.sets(st.sampled_from(made.ROLES), max_size=2)
    return st.tuples(person | person | person | st.none(), roles.map(lambda some: some | {"Trainer"}) | roles)


def told(session, catalog, world, errands_of):
    """Every errand has a history that names all its fields."""
    definition = catalog["errand"].definition
    happenings = [
        Happening("create", i, 1, None, dict.fromkeys(FIELDS, "") | as_json(definition, errands_of[i])) for i in world
    ]
    audit.write(session, "errand", catalog, SYSTEM, NOW, happenings)


@SLOW
@given(world=made.worlds(), rules=made.accesses(), looker=lookers())
def test_list_show_export_history_picks_and_counts_give_the_rows_and_fields_that_the_rules_grant(
    errands, world, rules, looker
):
    who, roles = looker[0], looker[1]
    assert dialect.check([{**made.ERRAND, "x-access": rules}], errands.catalog) == []
    catalog = made.with_access(errands.catalog, rules)
    with writing(), Session(errands.engine) as session:
        made.build(session, catalog, world)
        who = None if who is None else who % len(world.people)
        told(session, catalog, world.records, world.records)
        actor = acting(session, catalog, roles, who)
        listed, shown, out = (made.promised(world, rules, roles, who, a) for a in ("list", "show", "export"))
        assert seen_in_lists(session, catalog, actor) == listed
        assert {i: set(r.values) for i, r in found_one_by_one(session, catalog, actor).items()} == shown
        assert history_of_each(session, catalog, actor, world.records) == shown
        with contextlib.suppress(NotAllowed):
            streamed = {r.id: set(r.values) for r in records.stream(session, catalog, "errand", actor, Query())}
            assert streamed == out
        assert {i for i, _label in records.pick(session, catalog, "errand", actor, limit=100)} == set(listed)
        assert_questions_tell_nothing(session, catalog, actor, world, listed)
        session.rollback()


def seen_in_lists(session, catalog, actor):
    try:
        page = records.select(session, catalog, "errand", actor, Query(page_size=1000))
    except NotAllowed:
        return {}
    assert page.count == len(page.rows)
    for row in page.rows:
        assert set(row.labels) <= set(row.values)
        assert set(row.values) <= {f.name for f in page.fields}
    return {row.id: set(row.values) for row in page.rows}


def found_one_by_one(session, catalog, actor):
    found = {}
    for record_id in session.execute(select(catalog["errand"].table.c.id)).scalars():
        with contextlib.suppress(NotFound):
            found[record_id] = records.find(session, catalog, "errand", actor, record_id)
    return found


def history_of_each(session, catalog, actor, every):
    found = {}
    for record_id in every:
        with contextlib.suppress(NotFound):
            (entry,) = records.history(session, catalog, "errand", actor, record_id)
            found[record_id] = set(entry.after)
    return found


def assert_questions_tell_nothing(session, catalog, actor, world, listed):
    """Filter, search, order and count on a field answer for the rows in which it may be seen, as if it were empty elsewhere."""
    if not listed:
        return
    known = {i: world.records[i]["secret"] if "secret" in names else None for i, names in listed.items()}
    if any("secret" in names for names in listed.values()):
        for word in made.WORDS:
            asked = Query(filters=(Filter("secret", "eq", word),), page_size=100)
            answer = {r.id for r in records.select(session, catalog, "errand", actor, asked).rows}
            assert answer == {i for i, value in known.items() if value == word}
            assert records.count(session, catalog, "errand", actor, asked) == len(answer)
        ordered = records.select(session, catalog, "errand", actor, Query(order=(("secret", False),), page_size=100))
        assert [r.id for r in ordered.rows] == sorted(known, key=lambda i: (known[i] is None, known[i] or "", i))
    texts = {i: {world.records[i][n] for n in ("note", "secret") if n in names} for i, names in listed.items()}
    for word in made.WORDS:
        answer = {
            r.id for r in records.select(session, catalog, "errand", actor, Query(search=word, page_size=100)).rows
        }
        assert answer == {i for i, seen in texts.items() if word in seen}


@SLOW
@given(world=made.worlds(), rules=made.accesses(), looker=lookers())
def test_a_field_is_set_only_in_rows_whose_rules_grant_it(errands, world, rules, looker):
    who, roles = looker[0], looker[1]
    catalog = made.with_access(errands.catalog, rules)
    with writing(), Session(errands.engine) as session:
        made.build(session, catalog, world)
        who = None if who is None else who % len(world.people)
        actor = acting(session, catalog, roles, who)
        free = made.promised(world, rules, roles, who, "edit", setting=True)
        for record_id in world.records:
            assert changed(session, catalog, actor, record_id, "secret") == ("secret" in free.get(record_id, ()))
            if record_id in free:
                may = {f.name for f in records.settable(session, catalog, "errand", actor, record_id)}
                assert may == free[record_id]
        many = [records.Change(i, {"secret": "in bulk"}) for i in world.records]
        with contextlib.suppress(NotAllowed):
            outcome = records.change_many(session, catalog, "errand", actor, many, now=NOW, partial=True)
            assert set(outcome.changed) == {i for i, names in free.items() if "secret" in names}
        session.rollback()


def changed(session, catalog, actor, record_id, name) -> bool:
    try:
        with session.begin_nested():
            records.change(session, catalog, "errand", actor, record_id, {name: "new"}, now=NOW)
    except (NotFound, NotAllowed, Invalid):
        return False
    return True


@SLOW
@given(world=made.worlds(), rules=made.accesses(), looker=lookers(), real=lookers())
def test_who_looks_as_another_sees_what_both_may_see_and_nothing_else(errands, world, rules, looker, real):
    catalog = made.with_access(errands.catalog, rules)
    with writing(), Session(errands.engine) as session:
        made.build(session, catalog, world)
        one, two = (None if who is None else who % len(world.people) for who, _roles in (looker, real))
        theirs, mine = acting(session, catalog, looker[1], one), acting(session, catalog, real[1], two)
        actor = access.Actor(
            theirs.username, theirs.roles, theirs.person_id, theirs.unit_id, theirs.unit_ids, within=mine
        )
        for action, read in (("list", seen_in_lists), ("show", found_one_by_one)):
            as_them = made.promised(world, rules, looker[1], one, action)
            as_me = made.promised(world, rules, real[1], two, action)
            both = {i: as_them[i] & as_me[i] for i in as_them.keys() & as_me.keys()}
            found = read(session, catalog, actor)
            assert {i: set(getattr(r, "values", r)) for i, r in found.items()} == both
        session.rollback()


@SLOW
@given(world=made.worlds(), block=made.conditions)
def test_a_condition_means_the_same_in_sql_in_python_and_by_hand(errands, world, block):
    catalog = errands.catalog
    entity = catalog["errand"]
    with writing(), Session(errands.engine) as session:
        made.build(session, catalog, world)
        by_hand = {i for i, record in world.records.items() if made.meets(block, record)}
        clause = conditions.clause(entity.definition, entity.table, block)
        assert set(session.execute(select(entity.table.c.id).where(clause)).scalars()) == by_hand
        assert {i for i, r in world.records.items() if conditions.holds(entity.definition, block, r)} == by_hand
        session.rollback()


class TestCreate:
    def test_refuses_a_field_that_no_rule_for_the_new_record_grants(self, errands):
        rules = {
            "Employee": [
                {"rows": "own", "can": ["add", "show"]},
                {"rows": "all", "can": ["add", "show"], "locks": ["secret"]},
            ]
        }
        catalog = made.with_access(errands.catalog, rules)
        world = made.World([None], [0, 0], [None], [None, None], [])
        with writing(), Session(errands.engine) as session:
            made.build(session, catalog, world)
            emma = access.load_actor(session, catalog, "p0", {"Employee", "Trainer"})
            mine = {"employee": world.people[0], "secret": "mine"}
            created = records.create(session, catalog, "errand", emma, mine, now=NOW)
            assert created["secret"] == "mine"
            theirs = {"employee": world.people[1], "secret": "theirs"}
            with pytest.raises(Invalid) as refused:
                records.create(session, catalog, "errand", emma, theirs, now=NOW)
            assert [p.pointer for p in refused.value.problems] == ["/secret"]
            outcome = records.create_many(session, catalog, "errand", emma, [mine, theirs], now=NOW, partial=True)
            assert (len(outcome.created), list(outcome.problems)) == (1, [1])
            session.rollback()


class TestSight:
    """What the property tests find at random, said once in plain sight."""

    def secrets(self, errands, rules, world):
        catalog = made.with_access(errands.catalog, rules)
        with writing(), Session(errands.engine) as session:
            made.build(session, catalog, world)
            actor = access.load_actor(session, catalog, "p0", {"Trainer"})
            rows = records.select(session, catalog, "errand", actor, Query()).rows
            session.rollback()
        return [row.values.get("secret", "hidden") for row in sorted(rows, key=lambda row: row.id)]

    @pytest.fixture
    def world(self):
        empty = dict.fromkeys(FIELDS)
        errands = [
            {**empty, "employee": 0, "department": 0, "secret": "own"},
            {**empty, "employee": 1, "department": 1, "secret": "led"},
            {**empty, "employee": 2, "department": 0, "reviewer": 0, "secret": "reviewed"},
        ]
        return made.World([None, None], [0, 1, 0], [None, 0], [None, None, None], errands)

    def test_a_narrow_rule_opens_a_field_in_its_own_rows_alone(self, errands, world):
        wide = {"rows": "all", "can": ["list"], "hides": ["secret"], "locks": []}
        narrow = {"rows": "own", "can": ["list"]}
        assert self.secrets(errands, {"Trainer": [wide, narrow]}, world) == ["own", "hidden", "hidden"]

    def test_of_two_scopes_of_which_neither_holds_the_other_each_opens_its_own(self, errands, world):
        led = {"rows": "department", "can": ["list"], "hides": ["secret"]}
        reviewed = {"rows": "assigned", "assigned": ["reviewer"], "can": ["list"]}
        assert self.secrets(errands, {"Trainer": [led, reviewed]}, world) == ["hidden", "reviewed"]

    def test_a_condition_never_covers_the_rows_that_fail_it(self, errands, world):
        closed = {"rows": "all", "can": ["list"], "hides": ["secret"]}
        where = {"properties": {"secret": {"const": "led"}}, "required": ["secret"]}
        assert self.secrets(
            errands, {"Trainer": [closed, {"rows": "all", "where": where, "can": ["list"]}]}, world
        ) == [
            "hidden",
            "led",
            "hidden",
        ]

    def test_a_list_of_people_assigns_the_record_to_each_of_them(self, door):
        team = {"type": "array", "items": {"$ref": "employee"}, "title": "Team"}
        rule = {"rows": "assigned", "assigned": ["team"], "can": ["list", "show"]}
        everything = {"rows": "all", "can": ["list", "show", "add"]}
        properties = {"note": {"type": "string", "maxLength": 20, "title": "Note"}, "team": team}
        door.publish(
            {
                "$id": "trip",
                "title": "Trip",
                "type": "object",
                "properties": properties,
                "x-access": {"HR admin": everything, "Employee": rule},
            }
        )
        unit = door.create("department", code="D", name="D", name_zh="部").id
        people = [
            door.create(
                "employee", number=f"E{i}", name=f"P{i}", account=f"p{i}", department=unit, hired_on="2020-01-01"
            ).id
            for i in range(3)
        ]
        mine = door.create("trip", note="both", team=people[:2]).id
        door.create("trip", note="third", team=people[2:])
        door.create("trip", note="nobody")
        with Session(door.engine) as session:
            for i, expected in enumerate(([mine], [mine])):
                actor = access.load_actor(session, door.catalog, f"p{i}", {"Employee"})
                assert door.ids("trip", actor) == expected
