"""Access against SQL by hand, over random organisations: every way to read gives exactly the same rows."""

from __future__ import annotations

import contextlib

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from metadata import access, records
from metadata.engine import writing
from metadata.errors import NotAllowed, NotFound
from tests.metadata.conftest import NOW

ROLES = ("HR admin", "Department head", "Trainer", "Employee", "Auditor", "Nobody")
SYSTEM = access.system("test")


@st.composite
def organisations(draw):
    """Parents of units (each an earlier one or none), units of people, heads of units, who asks, with which roles."""
    units = draw(st.integers(1, 6))
    parents = [draw(st.none() | st.integers(0, i - 1)) if i else None for i in range(units)]
    homes = draw(st.lists(st.integers(0, units - 1), min_size=1, max_size=8))
    heads = [draw(st.none() | st.integers(0, len(homes) - 1)) for _ in range(units)]
    return (
        parents,
        homes,
        heads,
        draw(st.integers(0, len(homes) - 1)),
        draw(st.sets(st.sampled_from(ROLES), max_size=3)),
    )


def build(session, catalog, parents, homes, heads):
    for name in ("review", "cycle", "scorecard", "production_output", "employee", "department"):
        if name == "employee":
            session.execute(text("UPDATE rec_department SET head = NULL, parent = NULL"))
        session.execute(delete(catalog[name].table))
    units, people = [], []
    for i, parent in enumerate(parents):
        values = {"code": f"D{i}", "name": f"D{i}", "name_zh": f"部{i}"}
        if parent is not None:
            values["parent"] = units[parent]
        units.append(records.create(session, catalog, "department", SYSTEM, values, now=NOW).id)
    for i, home in enumerate(homes):
        values = {
            "number": f"E{i}",
            "name": f"P{i}",
            "account": f"p{i}",
            "department": units[home],
            "hired_on": "2020-01-01",
        }
        people.append(records.create(session, catalog, "employee", SYSTEM, values, now=NOW).id)
    for i, head in enumerate(heads):
        if head is not None:
            records.change(session, catalog, "department", SYSTEM, units[i], {"head": people[head]}, now=NOW)
    figures = [{"day": "2026-01-01", "department": u, "planned": 1, "produced": 1} for u in units]
    records.create_many(session, catalog, "production_output", SYSTEM, figures, now=NOW)
    card = records.create(session, catalog, "scorecard", SYSTEM, {"name": "S", "name_zh": "表"}, now=NOW).id
    cycle = {
        "name": "C",
        "name_zh": "期",
        "scorecard": card,
        "department": units[0],
        "period_start": "2026-01-01",
        "period_end": "2026-06-30",
    }
    number = records.create(session, catalog, "cycle", SYSTEM, cycle, now=NOW).id
    reviews = [{"cycle": number, "employee": p, "department": units[h]} for p, h in zip(people, homes, strict=True)]
    records.create_many(session, catalog, "review", SYSTEM, reviews, now=NOW)
    return units, people


def headed(units, parents, heads, who):
    below = set()
    for i in range(len(units)):
        step = i
        while step is not None:
            if heads[step] == who:
                below.add(units[i])
            step = parents[step]
    return below


def by_hand(session, name, roles, person, units):
    """The rows that the packs' own words promise, in plain SQL."""
    everyone = {"HR admin", "Auditor"} | ({"Trainer"} if name == "employee" else set())
    column = "department"
    wanted = set()
    for record_id, unit, owner in session.execute(
        text(
            f"SELECT id, {column}, {'id' if name == 'employee' else 'employee' if name == 'review' else 'NULL'} FROM rec_{name}"
        )
    ):
        own = owner == person and bool(roles & ({"Employee", "Trainer"} if name == "review" else {"Employee"}))
        if name == "review" and owner == person and "Department head" in roles:
            continue  # a head never meets the own review among the records, whatever else they are
        if roles & everyone or ("Department head" in roles and unit in units) or (own and name != "production_output"):
            wanted.add(record_id)
    return wanted


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(organisation=organisations())
def test_list_show_search_export_pick_and_history_give_what_sql_by_hand_gives(door, organisation):
    parents, homes, heads, who, roles = organisation
    catalog = door.catalog
    with writing(), Session(door.engine) as session, session.begin():
        units, people = build(session, catalog, parents, homes, heads)
        actor = access.load_actor(session, catalog, f"p{who}", roles)
        for name in ("employee", "production_output", "review"):
            expected = by_hand(session, name, roles, people[who], headed(units, parents, heads, who))
            assert readings(session, catalog, name, actor) == dict.fromkeys(
                ("list", "show", "history", "pick"), expected
            )
            if access.may(actor, catalog[name], "export"):
                assert {r.id for r in records.stream(session, catalog, name, actor, records.Query())} == by_hand(
                    session, name, roles - {"Trainer", "Employee"}, people[who], headed(units, parents, heads, who)
                )


def readings(session, catalog, name, actor):
    """The ids that each way of reading gives."""
    every = [r[0] for r in session.execute(text(f"SELECT id FROM rec_{name}"))]
    found = {"list": set(), "show": set(), "history": set()}
    with contextlib.suppress(NotAllowed):
        found["list"] = {
            r.id for r in records.select(session, catalog, name, actor, records.Query(page_size=1000)).rows
        }
    for record_id in every:
        for way, read in (("show", records.find), ("history", records.history)):
            try:
                read(session, catalog, name, actor, record_id)
                found[way].add(record_id)
            except NotFound:
                pass
    found["pick"] = {record_id for record_id, _label in records.pick(session, catalog, name, actor, limit=1000)}
    return found
