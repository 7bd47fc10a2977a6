"""Everything that a person may be told went wrong, as data.

The lowest module: every floor raises these, only `portal/errors.py` gives them a status and a
wording in the reader's language. A message is an English sentence with `%(name)s` places; it is
the translation key, `params` fill it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where (`pointer`, a JSON pointer such as `/properties/day`), and what.

    `message` has `%(name)s` places filled from `params`; `hint` says how to mend it; `source` names
    the definition or the line of a file where there are several. A message that comes from a definition brings its own
    translations as `said`, by language.
    """

    pointer: str
    message: str
    params: Mapping[str, Any] = field(default_factory=dict)
    hint: str = ""
    source: str = ""
    said: Mapping[str, str] = field(default_factory=dict)

    @property
    def field_name(self) -> str:
        """The first step of the pointer: the field of a record (empty for the whole)."""
        return self.pointer.lstrip("/").split("/", 1)[0].replace("~1", "/").replace("~0", "~")

    @property
    def text(self) -> str:
        """The English sentence."""
        return fill(self.message, self.params)


def fill(message: str, params: Mapping[str, Any]) -> str:
    """Put `params` into the places of `message`; a message without places may hold a bare percent sign."""
    return message % params if params else message


class Filled(str):
    """A sentence in English that is a part of another one; it can still be worded in the reader's language."""

    __slots__ = ("message", "params")
    message: str
    params: Mapping[str, Any]

    def __new__(cls, message: str, params: Mapping[str, Any]) -> Self:
        """The message with its places filled."""
        made = super().__new__(cls, fill(message, params))
        made.message, made.params = message, params
        return made


class ProductError(Exception):
    """Anything a person may read: what happened and what to do about it."""

    def __init__(
        self,
        message: str,
        *,
        params: Mapping[str, Any] | None = None,
        field: str = "",
        hint: str = "",
        problems: Sequence[Problem] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.params: Mapping[str, Any] = params or {}
        self.hint = hint
        if field and not problems:
            problems = (Problem(f"/{field}", message, self.params, hint),)
        self.problems: tuple[Problem, ...] = tuple(problems)

    def __str__(self) -> str:
        lines = [fill(self.message, self.params)]
        lines += [f"{p.source}{p.pointer}: {p.text}" for p in self.problems if p.message != self.message]
        return "\n".join(lines)


class Invalid(ProductError):
    """The person can correct it: each problem names its field."""


class NotAllowed(ProductError):
    """A rule forbids it; carries the reason from the deciding rule."""


class NotFound(ProductError):
    """There is nothing there, or nothing that this person may know of."""


class Conflict(ProductError):
    """It was true a moment ago and is no longer."""


class StaleVersion(Conflict):
    """Somebody changed the record since it was read; `theirs` is the record as it is now."""

    def __init__(self, message: str, *, theirs: Any = None, **more: Any) -> None:
        super().__init__(message, **more)
        self.theirs = theirs


class CatalogMoved(Exception):
    """The catalog in force is no longer the one the work began with: do the work again with the new one."""


class Busy(ProductError):
    """Others hold what is needed; trying again in a moment helps."""


class DefinitionError(Invalid):
    """One or more definitions can't be taken; every problem carries its JSON pointer."""


class TooLarge(Invalid):
    """More was sent than is taken."""
