"""A made-up organisation with errands, random access rules over them, and what those rules promise, said by hand.

Used by the property tests of access; `promised` reads the rules without any of the engine's own code for them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import delete, text

from metadata import parser
from metadata.catalog import compile_catalog
from tests.metadata.conftest import NOW

ROLES = ("Trainer", "Employee", "Nobody")
ACTIONS = ("list", "show", "edit", "export")
WORDS = ("red", "green", "blue")

ERRAND: dict[str, Any] = {
    "$id": "errand",
    "title": "Errand",
    "type": "object",
    "properties": {
        "employee": {"$ref": "employee", "title": "For"},
        "department": {"$ref": "department", "title": "Department"},
        "reviewer": {"$ref": "employee", "title": "Reviewer"},
        "status": {"type": "string", "enum": ["open", "done"], "title": "Status"},
        "amount": {"type": "number", "multipleOf": 0.01, "title": "Amount"},
        "score": {"type": "integer", "title": "Score"},
        "urgent": {"type": "boolean", "title": "Urgent"},
        "due": {"type": "string", "format": "date", "title": "Due"},
        "note": {"type": "string", "maxLength": 50, "title": "Note"},
        "secret": {"type": "string", "maxLength": 50, "title": "Secret"},
    },
    "x-label": ["note"],
    "x-owner": {"person": "employee", "unit": "department"},
    "x-access": {"HR admin": {"rows": "all", "can": ["list", "show", "add", "edit", "remove", "export"]}},
}


@dataclass
class World:
    """Who is where, and the errands by id: plain values as the rules see them."""

    parents: list[int | None]
    homes: list[int]
    heads: list[int | None]
    managers: list[int | None]
    errands: list[dict[str, Any]]
    units: list[int] = field(default_factory=list)
    people: list[int] = field(default_factory=list)
    records: dict[int, dict[str, Any]] = field(default_factory=dict)


conditions = st.recursive(
    st.one_of(
        st.builds(
            lambda c: {"properties": {"status": c}},
            st.sampled_from(
                [{"const": "open"}, {"enum": ["open", "done"]}, {"not": {"const": "done"}}, {"enum": ["done"]}]
            ),
        ),
        st.builds(
            lambda word, limit: {"properties": {"score": {word: limit}}},
            st.sampled_from(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]),
            st.sampled_from([-1, 0, 1, 0.5, 2]),
        ),
        st.builds(
            lambda word, limit: {"properties": {"amount": {word: limit}}},
            st.sampled_from(["minimum", "exclusiveMaximum", "const"]),
            st.sampled_from([0.1, 0.3, 1]),
        ),
        st.builds(lambda value: {"properties": {"urgent": {"const": value}}}, st.booleans()),
        st.just({"properties": {"due": {"const": "2026-01-02"}}}),
        st.builds(
            lambda word, size: {"properties": {"note": {word: size}}},
            st.sampled_from(["minLength", "maxLength"]),
            st.integers(0, 5),
        ),
        st.builds(lambda name: {"required": [name]}, st.sampled_from(["status", "score", "note", "due"])),
        st.just({"dependentRequired": {"status": ["score"]}}),
    ),
    lambda inner: st.one_of(
        st.builds(lambda one: {"not": one}, inner),
        st.builds(lambda many: {"allOf": many}, st.lists(inner, min_size=1, max_size=2)),
        st.builds(lambda many: {"anyOf": many}, st.lists(inner, min_size=1, max_size=2)),
        st.builds(lambda one, two: {"if": one, "then": two}, inner, inner),
        st.builds(lambda one, two: {"if": one, "else": two}, inner, inner),
        st.builds(lambda one, two: {**one, **two}, inner, inner),
    ),
    max_leaves=3,
)


@st.composite
def rules(draw):
    """One rule of a role."""
    rule: dict[str, Any] = {
        "rows": draw(st.sampled_from(["all", "department", "reports", "assigned", "own", "own", "reports", "none"])),
        "can": draw(st.sampled_from([list(ACTIONS), list(ACTIONS), ["list", "show"], ["edit", "show"]])),
    }
    if rule["rows"] == "assigned":
        rule["assigned"] = draw(st.sampled_from([["reviewer"], ["reviewer", "employee"]]))
    for word in ("hides", "locks"):
        rule[word] = draw(st.sampled_from([[], ["secret"], ["note", "secret"], ["score"]]))
    if draw(st.integers(0, 3)) == 0:
        rule["where"] = draw(conditions)
    if draw(st.integers(0, 5)) == 0:
        rule["others_only"] = True
    return rule


def accesses():
    """The rules of some roles: one rule, or a list of them."""
    return st.fixed_dictionaries(
        {"Trainer": rules() | st.lists(rules(), min_size=2, max_size=3)}, optional={"Employee": rules()}
    )


@st.composite
def worlds(draw):
    """Units, people with managers, heads, and errands with gaps."""
    units = draw(st.integers(1, 3))
    parents = [draw(st.none() | st.integers(0, i - 1)) if i else None for i in range(units)]
    homes = draw(st.lists(st.integers(0, units - 1), min_size=1, max_size=3))
    person = st.integers(0, len(homes) - 1)
    someone = st.none() | person | person | person
    errand = st.fixed_dictionaries(
        {
            "employee": someone,
            "department": st.none() | st.integers(0, units - 1),
            "reviewer": someone,
            "status": st.sampled_from([None, "open", "done"]),
            "amount": st.sampled_from([None, Decimal("0.10"), Decimal("0.30"), Decimal("1.00")]),
            "score": st.none() | st.integers(-1, 2),
            "urgent": st.none() | st.booleans(),
            "due": st.sampled_from([None, "2026-01-01", "2026-01-02"]),
            "note": st.none() | st.sampled_from(WORDS),
            "secret": st.sampled_from(WORDS),
        }
    )
    return World(
        parents,
        homes,
        [draw(someone) for _ in range(units)],
        [draw(someone) for _ in homes],
        draw(st.lists(errand, min_size=3, max_size=6)),
    )


def build(session, catalog, world: World) -> None:
    """Put the world into the tables, past the door: its rules are what is tested."""
    errand, person, unit = (catalog[name].table for name in ("errand", "employee", "department"))
    for name in ("review", "cycle", "scorecard", "production_output"):
        session.execute(delete(catalog[name].table))
    session.execute(delete(errand))
    session.execute(text("UPDATE rec_department SET head = NULL, parent = NULL"))
    session.execute(text("UPDATE rec_employee SET manager = NULL"))
    session.execute(delete(person))
    session.execute(delete(unit))
    stamp = {
        "_version": 1, "_created_at": NOW, "_created_by": "maker", "_changed_at": NOW, "_changed_by": "maker"
    }  # fmt: skip

    def put(table, values) -> int:
        return session.execute(table.insert().values({**stamp, **values}).returning(table.c.id)).scalar_one()

    for i, parent in enumerate(world.parents):
        above = None if parent is None else world.units[parent]
        world.units.append(put(unit, {"code": f"D{i}", "name": f"D{i}", "name_zh": f"部{i}", "parent": above}))
    for i, home in enumerate(world.homes):
        values = {"number": f"E{i}", "name": f"P{i}", "account": f"p{i}", "department": world.units[home]}
        world.people.append(put(person, {**values, "hired_on": NOW.date(), "status": "active", "language": "en"}))
    for i, manager in enumerate(world.managers):
        if manager is not None:
            chosen = person.c.id == world.people[i]
            session.execute(person.update().where(chosen).values(manager=world.people[manager]))
    for i, head in enumerate(world.heads):
        if head is not None:
            session.execute(unit.update().where(unit.c.id == world.units[i]).values(head=world.people[head]))
    definition = catalog["errand"].definition
    for values in world.errands:
        given = {
            **values,
            "employee": None if values["employee"] is None else world.people[values["employee"]],
            "reviewer": None if values["reviewer"] is None else world.people[values["reviewer"]],
            "department": None if values["department"] is None else world.units[values["department"]],
        }
        typed = {n: parser_value(definition.fields[n], v) for n, v in given.items()}
        world.records[put(errand, typed)] = typed


def parser_value(item, value):
    """A date from its text; everything else as it is."""
    return type(NOW.date()).fromisoformat(value) if item.type == "date" and value else value


def with_access(catalog, access):
    """The catalog in which the errands have these rules."""
    definition = parser.parse({**parser.thawed(catalog["errand"].definition.document), "x-access": access})
    return compile_catalog(catalog.version, {**dict(catalog.entities), "errand": definition})


def led(world: World, who: int) -> set[int]:
    """The units that somebody heads, and all below."""
    found = set()
    for i in range(len(world.units)):
        step: int | None = i
        while step is not None:
            if world.heads[step] == who:
                found.add(world.units[i])
            step = world.parents[step]
    return found


def meets(block, record) -> bool:
    """JSON Schema by hand, over the few words that the worlds use."""
    parts = []
    for name, asked in block.get("properties", {}).items():
        parts.append(record[name] is None or _fits(asked, record[name]))
    parts += [record[name] is not None for name in block.get("required", ())]
    for name, others in block.get("dependentRequired", {}).items():
        parts.append(record[name] is None or all(record[other] is not None for other in others))
    if "not" in block:
        parts.append(not meets(block["not"], record))
    if "allOf" in block:
        parts.append(all(meets(one, record) for one in block["allOf"]))
    if "anyOf" in block:
        parts.append(any(meets(one, record) for one in block["anyOf"]))
    if "if" in block and meets(block["if"], record):
        parts.append(meets(block.get("then", {}), record))
    elif "if" in block:
        parts.append(meets(block.get("else", {}), record))
    return all(parts)


def _fits(asked, value) -> bool:
    if hasattr(value, "isoformat"):
        value = value.isoformat()
    if isinstance(value, Decimal):
        asked = {word: Decimal(str(limit)) for word, limit in asked.items()}
    checks = {
        "const": lambda limit: value == limit,
        "enum": lambda limit: value in limit,
        "minimum": lambda limit: value >= limit,
        "maximum": lambda limit: value <= limit,
        "exclusiveMinimum": lambda limit: value > limit,
        "exclusiveMaximum": lambda limit: value < limit,
        "minLength": lambda limit: len(value) >= limit,
        "maxLength": lambda limit: len(value) <= limit,
        "not": lambda limit: not _fits(limit, value),
    }
    return all(checks[word](limit) for word, limit in asked.items())


def promised(world: World, access, roles, who: int | None, action: str, *, setting: bool = False):
    """By record the fields that the rules grant somebody for `action`; a record that none grants is not there."""
    found: dict[int, set[str]] = {}
    person = None if who is None else world.people[who]
    asked = [rule for role in roles if role in access for rule in _listed(access[role]) if action in rule["can"]]
    asked = [rule for rule in asked if rule["rows"] != "none"]
    apart = any(rule.get("others_only") for rule in asked)
    for record_id, record in world.records.items():
        own = person is not None and record["employee"] == person
        if apart and own:
            continue
        for rule in asked:
            if _granted(world, rule, record, who, own=own) and meets(rule.get("where", {}), record):
                withheld = {*rule["hides"], *(rule["locks"] if setting else ())}
                found.setdefault(record_id, set()).update(set(record) - withheld)
    return found


def _listed(said):
    return said if isinstance(said, list) else [said]


def _granted(world: World, rule, record, who: int | None, *, own: bool) -> bool:
    if rule["rows"] == "all":
        return True
    if who is None:
        return False
    if rule["rows"] == "own":
        return own
    if rule["rows"] == "assigned":
        return any(record[name] == world.people[who] for name in rule["assigned"])
    if rule["rows"] == "department":
        return record["department"] in led(world, who)
    managed = {world.people[i] for i, manager in enumerate(world.managers) if manager == who}
    return record["employee"] in managed
