"""What a kind adds to a definition, as frozen values: grades, levels of objectives, courses, review forms, surveys.

Part of `metadata.model`, which a `Definition` carries them in; read by `metadata.parser.kinds`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from metadata.model import EnumValue, Texts

Colour = Literal["red", "amber", "green"]


@dataclass(frozen=True)
class Grades:
    """From where on a value is amber, and from where on green; below it is red."""

    amber: Decimal
    green: Decimal

    def colour(self, value: Decimal) -> Colour:
        """The colour of a value, rounded as people see it."""
        return "green" if value >= self.green else "amber" if value >= self.amber else "red"


@dataclass(frozen=True)
class Okr:
    """A level of objectives: its place, who owns, how its scores are read. `score` and `commitment` are fields.

    `rollup` says how progress and score come from key results: `mean`, `worst` or `sum`.
    """

    level: int
    grades: Grades
    expects: Mapping[str, Decimal]
    parent: str = ""
    owner: str = ""
    score: str = ""
    commitment: str = ""
    rollup: str = "mean"


@dataclass(frozen=True)
class FormSection:
    """Questions that one side of a review answers; `scale` holds the steps of its whole numbers."""

    group: Literal["self", "manager"]
    texts: Texts
    fields: tuple[str, ...]
    required: frozenset[str] = frozenset()
    scale: tuple[EnumValue, ...] = ()


@dataclass(frozen=True)
class ReviewForm:
    """The questions of a review besides comment and rating; `review` is the field that says of which review."""

    review: str
    sections: tuple[FormSection, ...]


@dataclass(frozen=True)
class Quiz:
    """The fields of a course's quiz: the rows, and in each question, choices, the right one's number."""

    field: str
    question: str
    choices: tuple[str, ...]
    right: str
    pass_mark: str = ""


@dataclass(frozen=True)
class Courses:
    """Which field of a course plays which part; empty where none does."""

    delivery: str = ""
    validity: str = ""
    prerequisites: str = ""
    quiz: Quiz | None = None


@dataclass(frozen=True)
class Survey:
    """Who is asked on which days, and what is promised: `minimum` is the fewest answers of which anything is shown.

    `split` is the field that the person's unit is put into; `roles`, `units` (with those below) and `where` (a block
    over the people) narrow the audience where they are given.
    """

    first: date | None = None
    last: date | None = None
    anonymous: bool = True
    minimum: int = 5
    split: str = ""
    roles: frozenset[str] = frozenset()
    units: tuple[int, ...] = ()
    where: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def open_on(self, day: date) -> bool:
        """Whether it can be answered on that day."""
        return self.first is not None and self.last is not None and self.first <= day <= self.last
