"""Definitions that attack whoever reads them, as a table: what each is, where it is refused, and with which words.

Read by the tests of the dialect and by those of every door of the portal. What is large is made when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

ROOT: Mapping[str, Any] = {
    "$id": "shift",
    "title": "Shift",
    "type": "object",
    "properties": {"a": {"type": "integer"}, "t": {"type": "string", "maxLength": 20}},
}
Documents = Callable[[], list[dict[str, Any]]]
MIRROR = "Pay \u202edaolyap"  # what follows is read from right to left


def of(**words: Any) -> Documents:
    """One definition with other words."""
    return lambda: [{**ROOT, **words}]


def with_fields(**fields: Any) -> Documents:
    """One definition with further fields."""
    return lambda: [{**ROOT, "properties": {**ROOT["properties"], **fields}}]


def number(formula: str) -> dict[str, Any]:
    """A field that computes a number."""
    return {"type": "number", "x-formula": formula}


def chain(count: int, first: dict[str, Any], following: Callable[[str], dict[str, Any]]) -> Documents:
    """Formulas each of which uses the one before."""
    return with_fields(f0=first, **{f"f{n}": following(f"f{n - 1}") for n in range(1, count)})


def circle() -> list[dict[str, Any]]:
    """Two definitions whose formulas need each other."""
    here = {**ROOT, "properties": {"there": {"$ref": "crew"}, "x": number("there.y")}}
    return [here, {**ROOT, "$id": "crew", "properties": {"back": {"$ref": "shift"}, "y": number("back.x")}}]


def nested(levels: int) -> dict[str, Any]:
    """Conditions within each other."""
    block: dict[str, Any] = {"properties": {"a": {"const": 1}}}
    for _level in range(levels):
        block = {"not": block}
    return block


def grid(columns: int) -> dict[str, Any]:
    """A child table whose columns all point somewhere."""
    inner = {f"c{n}": {"$ref": "shift"} for n in range(columns)}
    return {"type": "array", "items": {"type": "object", "properties": inner}}


NAME = "A name has up to 40 small letters"
SEEN = "The text holds a sign that cannot be seen"
TOGETHER = "The formulas of this definition are too much"
LONG = "with the formulas that it uses this one is too long"
REFUSED: Mapping[str, tuple[Documents, str, str]] = {  # by what it is: the documents, a pointer, part of the sentence
    "formulas in a circle": (circle, "/properties/x/x-formula", "goes round in a circle: x → y → x"),
    "a formula of itself": (with_fields(x=number("x + 1")), "/properties/x/x-formula", "goes round in a circle"),
    "a formula of its list": (
        with_fields(o={"type": "array", "items": {"$ref": "shift"}}, x=number("sum(o.x)")),
        "/properties/x/x-formula",
        "goes round in a circle",
    ),
    "a power": (with_fields(x=number("9**9**9")), "/properties/x/x-formula", "has no meaning in a formula"),
    "a number of 400 digits": (with_fields(x=number("9" * 400)), "/properties/x/x-formula", "no meaning in a formula"),
    "a hundred factors": (with_fields(x=number("*".join("a" * 100))), "/properties/x/x-formula", "nested too deep"),
    "two hundred signs": (with_fields(x=number("-" * 200 + "a")), "/properties/x/x-formula", "nested too deep"),
    "a long formula": (with_fields(x=number("+".join("a" * 9_999))), "/properties/x/x-formula", "too long"),
    "formulas that double": (
        chain(150, number("a + a"), lambda f: number(f"{f} + {f}")),
        "/properties/f12/x-formula",
        LONG,
    ),
    "texts that grow": (
        chain(
            20,
            {"type": "string", "x-formula": "concat(t, t)"},
            lambda f: {"type": "string", "x-formula": f"concat({','.join([f] * 10)})"},
        ),
        "/properties/f9/x-formula",
        LONG,
    ),
    "many formulas": (
        with_fields(
            **{
                f"b{n}": {"type": "boolean", "x-formula": " or ".join(f"a == {i}" for i in range(18))}
                for n in range(190)
            }
        ),
        "/properties",
        TOGETHER,
    ),
    "many looks elsewhere": (
        with_fields(r={"$ref": "shift"}, **{f"f{n}": number("r.r.a + r.a") for n in range(190)}),
        "/properties",
        TOGETHER,
    ),
    "Python in a formula": (with_fields(x=number("a.__class__.__mro__")), "/properties/x/x-formula", "no field called"),
    "a call in a formula": (
        with_fields(x=number("__import__('os').system('x')")),
        "/properties/x/x-formula",
        "there is no function",
    ),
    "full-width letters in a formula": (
        with_fields(x=number("\uff41 + 1")),
        "/properties/x/x-formula",
        "no meaning here",
    ),
    "a space without width in a formula": (with_fields(x=number("a\u200b + 1")), "/properties/x/x-formula", SEEN),
    "a power that fills": (
        with_fields(x={"type": "integer", "x-moves": {"fill": "9**9**9"}}),
        "/properties/x/x-moves/fill",
        "has no meaning in a formula",
    ),
    "a rule without end": (
        of(**{"x-rules": [{"formula": "not " * 120 + "a == 1", "message": "m", "at": "a"}]}),
        "/x-rules/0/formula",
        "nested too deep",
    ),
    "900 rules": (
        of(**{"x-rules": [{"formula": f"a == {n}", "message": "m", "at": "a"} for n in range(900)]}),
        "/x-rules",
        "At most 50 entries",
    ),
    "900 conditions": (
        of(allOf=[{"if": nested(0), "then": {"required": ["t"]}}] * 900),
        "/allOf",
        "At most 50 entries",
    ),
    "deep conditions": (of(**{"if": nested(200)}), "", "nested deeper"),
    "a pattern that never ends": (
        with_fields(x={"type": "string", "maxLength": 99, "pattern": "^(a+)+$"}),
        "/properties/x/pattern",
        "",
    ),
    "a huge enum": (with_fields(x={"type": "string", "enum": [f"v{n}" for n in range(19_000)]}), "", "entries"),
    "40 objects of 150 fields": (
        with_fields(
            **{
                f"o{n}": {"type": "object", "properties": {f"c{i}": {"type": "integer"} for i in range(150)}}
                for n in range(40)
            }
        ),
        "/properties",
        "at most 400 fields",
    ),
    "100 grids": (with_fields(**{f"g{n}": grid(20) for n in range(100)}), "/properties", "at most 400 fields"),
    "190 lists": (
        with_fields(**{f"l{n}": {"type": "array", "items": {"$ref": "shift"}} for n in range(190)}),
        "/properties",
        "at most 40 lists",
    ),
    "a name of Cyrillic letters": (of(**{"$id": "sh\u0456ft"}), "/$id", NAME),
    "a name of full-width letters": (of(**{"$id": "\uff53hift"}), "/$id", NAME),
    "a name that turns round": (of(**{"$id": "shift\u202e"}), "/$id", SEEN),
    "a field of Cyrillic letters": (with_fields(dаy={"type": "integer"}), "/properties/d\u0430y", NAME),
    "a field without width": (with_fields(**{"day\u200b": {"type": "integer"}}), "/properties", SEEN),
    "a reserved name": (of(**{"$id": "select"}), "/$id", "already means something to SQL"),
    "a reserved field": (with_fields(_version={"type": "integer"}), "/properties/_version", NAME),
    "a title that turns round": (of(title=MIRROR), "/title", SEEN),
    "a title of two lines": (of(title="Pay\nBcc: everybody@example.com"), "/title", "one line"),
    "a title of nothing": (of(title="   "), "/title", "one line"),
    "a description that rings": (of(description="a\x07"), "/description", SEEN),
    "two choices that look alike": (
        with_fields(x={"type": "string", "enum": ["paid", "paid\u200b"]}),
        "/properties/x/enum/1",
        SEEN,
    ),
    "a choice that reads otherwise": (
        with_fields(x={"type": "string", "enum": ["no"], "x-enum-labels": {"no": MIRROR}}),
        "/properties/x/x-enum-labels/no",
        SEEN,
    ),
    "a role without width": (
        of(**{"x-access": {"HR admin\u200b": {"rows": "all", "can": ["list"]}}}),
        "/x-access",
        SEEN,
    ),
}
TAKEN: Mapping[str, Documents] = {  # large, and still to be served: what these may not do is break a page
    "190 references": with_fields(**{f"r{n}": {"$ref": "shift"} for n in range(190)}),
    "40 lists": with_fields(**{f"l{n}": {"type": "array", "items": {"$ref": "shift"}} for n in range(40)}),
    "parentheses": with_fields(x=number("(" * 190 + "a" + ")" * 190)),
    "a condition of access in depth": of(
        **{"x-access": {"HR admin": {"rows": "all", "can": ["list", "show", "add"], "where": nested(16)}}}
    ),
}
