"""Whether a regular expression stays fast on the worst text that a field of its length can hold.

Python's own engine backtracks, and a pattern typed by an admin runs on text typed by anybody. The
expression is read by Python's own parser into its tree; what can cost more than a bounded number of
steps is refused. Doubt counts as danger: some harmless patterns are refused with the way to write them.
"""

from __future__ import annotations

import re
from re import _constants as sre  # type: ignore[attr-defined]  # the parser that `re` itself uses; it has no other door
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

LONGEST = 200
LONGEST_TEXT = 500
MOST_STEPS = 500_000
FAR = 8  # so many steps ahead are looked at to tell what can follow
FEW = 10  # so many rounds of a repeat are counted out; more must be plain
# Every character that a class is likely to tell apart: ASCII, Latin, and one for each larger script.
SAMPLE = frozenset(range(0x180)) | {0x3B1, 0x414, 0x5D0, 0x663, 0x4E2D, 0x3042, 0xAC00, 0x2028, 0x3000, 0xFF10, 0x1F600}

UNREADABLE = "The pattern can't be read: %(reason)s."
LOOKS = "A pattern can't look around or back at what it has found."
FLAGS = "A pattern can't set flags such as (?i)."
NESTED = "The pattern repeats something that itself repeats or offers choices; such patterns can take for ever."
SLOW = "The pattern can take very long on some texts."
REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT)
TOO_LONG = "A pattern has at most %(limit)s characters."


def wrong_with(pattern: str, longest: int) -> tuple[str, dict[str, Any]] | None:
    """The sentence and parameters of what is wrong with `pattern` for texts up to `longest`; None if nothing."""
    if len(pattern) > LONGEST:
        return TOO_LONG, {"limit": LONGEST}
    try:
        flags = re.compile(pattern).flags & ~re.UNICODE
        tree = list(parser.parse(pattern))
    except (re.error, RecursionError, OverflowError, ValueError) as error:
        return UNREADABLE, {"reason": str(error)}
    if flags:
        return FLAGS, {}
    try:
        factor = _steps(tree, [], min(longest, LONGEST_TEXT))
    except _Refused as refused:
        return str(refused), {}
    anchored = bool(tree) and tree[0] in ((sre.AT, sre.AT_BEGINNING), (sre.AT, sre.AT_BEGINNING_STRING))
    return (SLOW, {}) if factor * (1 if anchored else longest) > MOST_STEPS else None


class _Refused(Exception):
    """The pattern has a part that is refused wherever it stands."""


def _steps(tree: list[Any], after: list[Any], longest: int) -> int:
    """An upper bound for the ways in which a sequence can be tried from one place; `after` is what follows it."""
    ways = 1
    for position, (kind, argument) in enumerate(tree):
        rest = tree[position + 1 :] + after
        if kind in (sre.ASSERT, sre.ASSERT_NOT, sre.GROUPREF, sre.GROUPREF_EXISTS):
            raise _Refused(LOOKS)
        if kind in REPEATS:
            ways = _repeated(ways, argument, rest, longest)
        elif kind is sre.SUBPATTERN:
            if argument[1] or argument[2]:
                raise _Refused(FLAGS)
            ways *= _steps(list(argument[-1]), rest, longest)
        elif kind is sre.ATOMIC_GROUP:
            ways *= _steps(list(argument), rest, longest)
        elif kind is sre.BRANCH:
            ways *= sum(_steps(list(branch), rest, longest) for branch in argument[1])
        if ways > MOST_STEPS:
            raise _Refused(SLOW)
    return ways


def _repeated(ways: int, argument: Any, rest: list[Any], longest: int) -> int:
    least, most = int(argument[0]), min(int(argument[1]), longest)
    body = list(argument[2])
    if most > FEW and least != most:
        _require_plain(body)
    inside: int = pow(_steps(body, body + rest, longest), most if most <= FEW or least == most else 1)
    varies = max(0, most - least)
    if _settled(body, rest):
        return ways * inside + varies
    return ways * inside * (varies + 1)


def _require_plain(body: list[Any]) -> None:
    """What is repeated many times must itself have one way to match at each place."""
    for kind, argument in body:
        if kind in REPEATS:
            least, most, inner = argument
            if least != most:
                raise _Refused(NESTED)
            _require_plain(list(inner))
        elif kind is sre.SUBPATTERN:
            _require_plain(list(argument[-1]))
        elif kind is sre.ATOMIC_GROUP:
            _require_plain(list(argument))
        elif kind is sre.BRANCH:
            starts = [_first(list(branch)) if branch.getwidth()[0] else None for branch in argument[1]]
            if None in starts or _overlap([start for start in starts if start is not None]):
                raise _Refused(NESTED)
            for branch in argument[1]:
                _require_plain(list(branch))


def _overlap(starts: list[frozenset[int]]) -> bool:
    return sum(len(start) for start in starts) > len(frozenset().union(*starts))


def _settled(body: list[Any], rest: list[Any]) -> bool:
    """Whether giving back some of a repeat can't help: what follows begins with none of its characters."""
    own, following = (_first(body) if len(body) == 1 else None), _first(rest)
    return own is not None and following is not None and not own & following


def _first(tree: list[Any], depth: int = FAR) -> frozenset[int] | None:
    """The characters that a sequence can begin with (none at the end of the text); None when that can't be told."""
    if not tree:
        return frozenset()
    if not depth:
        return None
    (kind, argument), rest = tree[0], tree[1:]
    if kind is sre.AT:
        return frozenset() if argument in (sre.AT_END, sre.AT_END_STRING) else None
    if kind in REPEATS:
        least, _most, inner = argument
        found = _first(list(inner) + rest, depth - 1)
        following = frozenset() if least else _first(rest, depth - 1)
        return None if found is None or following is None else found | following
    if kind is sre.SUBPATTERN:
        return _first(list(argument[-1]) + rest, depth - 1)
    if kind is sre.BRANCH:
        starts = [_first(list(branch) + rest, depth - 1) for branch in argument[1]]
        return None if None in starts else frozenset().union(*(start for start in starts if start is not None))
    return _characters(kind, argument)


def _characters(kind: Any, argument: Any) -> frozenset[int] | None:
    if kind is sre.LITERAL:
        return frozenset({argument})
    if kind is sre.NOT_LITERAL:
        return SAMPLE - {argument}
    if kind is sre.ANY:
        return SAMPLE
    if kind is sre.CATEGORY:
        return _category(argument)
    if kind is not sre.IN:
        return None
    negated = argument[0][0] is sre.NEGATE
    found: set[int] = set()
    for inner, value in argument[1:] if negated else argument:
        if inner is sre.RANGE:
            found |= {value[0], value[1], *(c for c in SAMPLE if value[0] <= c <= value[1])}
        else:
            found |= _characters(inner, value) or SAMPLE
    return SAMPLE - found if negated else frozenset(found)


def _category(argument: Any) -> frozenset[int]:
    classes = {sre.CATEGORY_DIGIT: r"\d", sre.CATEGORY_SPACE: r"\s", sre.CATEGORY_WORD: r"\w"}
    classes |= {sre.CATEGORY_NOT_DIGIT: r"\D", sre.CATEGORY_NOT_SPACE: r"\S", sre.CATEGORY_NOT_WORD: r"\W"}
    written = re.compile(classes[argument])
    return frozenset(c for c in SAMPLE if written.match(chr(c)))
